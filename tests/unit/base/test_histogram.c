/* SPDX-License-Identifier: Apache-2.0 */
#include "base/histogram.h"

#include "base_test.h"

enum { VALUES = 20000 };

static const double quantiles[] = {0.0, 0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0};

static struct histogram *histogram_for_test(void)
{
    struct histogram *histogram = malloc(sizeof(*histogram));
    assert_non_null(histogram);
    histogram_init(histogram);
    return histogram;
}

static void an_empty_one_says_nothing(void **state)
{
    (void)state;
    struct histogram *histogram = histogram_for_test();
    assert_int_equal(histogram_quantile(histogram, 0.5), 0);
    assert_int_equal(histogram_count_up_to(histogram, UINT64_MAX), 0);
    free(histogram);
}

static void small_values_are_exact(void **state)
{
    (void)state;
    struct histogram *histogram = histogram_for_test();
    for (uint64_t value = 1; value <= 100; value++)
        histogram_add(histogram, value);
    assert_int_equal(histogram_quantile(histogram, 0.0), 1);
    assert_int_equal(histogram_quantile(histogram, 0.5), 50);
    assert_int_equal(histogram_quantile(histogram, 1.0), 100);
    assert_int_equal(histogram_count_up_to(histogram, 0), 0);
    assert_int_equal(histogram_count_up_to(histogram, 63), 63);
    assert_int_equal(counter_get(&histogram->count), 100);
    assert_int_equal(counter_get(&histogram->sum), 5050);
    free(histogram);
}

/* One value alone comes back within the promised error, at every edge of a bucket's row. */
static void one_value_is_found_within_a_sixty_fourth(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < HISTOGRAM_BITS_MAX; bit++) {
        for (int64_t off = -1; off <= 1; off++) {
            uint64_t value = ((uint64_t)1 << bit) + (uint64_t)off;
            struct histogram *histogram = histogram_for_test();
            histogram_add(histogram, value);
            histogram_add(histogram, ((uint64_t)1 << HISTOGRAM_BITS_MAX) - 1); /* so that the maximum hides nothing */
            uint64_t found = histogram_quantile(histogram, 0.25);
            assert_true(found >= value);
            assert_true(found == value || (found - value) * 64 < value);
            free(histogram);
        }
    }
}

static void values_beyond_the_end_count_as_the_last(void **state)
{
    (void)state;
    struct histogram *histogram = histogram_for_test();
    histogram_add(histogram, UINT64_MAX);
    assert_true(histogram_quantile(histogram, 0.5) == ((uint64_t)1 << HISTOGRAM_BITS_MAX) - 1);
    assert_int_equal(histogram_count_up_to(histogram, ((uint64_t)1 << 41) - 1), 0);
    assert_int_equal(histogram_count_up_to(histogram, UINT64_MAX), 1);
    free(histogram);
}

static void quantiles_outside_0_and_1_are_the_ends(void **state)
{
    (void)state;
    struct histogram *histogram = histogram_for_test();
    histogram_add_many(histogram, 3, 10);
    histogram_add_many(histogram, 9, 0);
    histogram_add_many(histogram, 7, 10);
    assert_int_equal(histogram_quantile(histogram, -1.0), 3);
    assert_int_equal(histogram_quantile(histogram, 2.0), 7);
    assert_int_equal(histogram_quantile(histogram, __builtin_nan("")), 3);
    assert_int_equal(counter_get(&histogram->max), 7);
    free(histogram);
}

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

static void check_against_sorted(const struct histogram *histogram, const uint64_t *sorted, size_t count)
{
    for (size_t index = 0; index < COUNT(quantiles); index++) {
        size_t rank = (size_t)(quantiles[index] * (double)count);
        rank += (double)rank < quantiles[index] * (double)count;
        uint64_t exact = sorted[rank > 0 ? rank - 1 : 0];
        uint64_t found = histogram_quantile(histogram, quantiles[index]);
        assert_true(found >= exact);
        assert_true(found == exact || (found - exact) * 64 < exact);
    }
    uint64_t previous = 0;
    for (unsigned bit = 0; bit < HISTOGRAM_BITS_MAX; bit++) {
        uint64_t bound = ((uint64_t)1 << bit) - 1; /* always an upper edge */
        uint64_t up_to = histogram_count_up_to(histogram, bound);
        size_t exact = 0;
        while (exact < count && sorted[exact] <= bound)
            exact++;
        assert_int_equal(up_to, exact);
        assert_true(up_to >= previous);
        previous = up_to;
    }
}

/* Two histograms merged, against all their values sorted. */
static void quantiles_match_sorted_values(void **state)
{
    (void)state;
    uint64_t random = seed_of("quantiles_match_sorted_values");
    struct histogram *halves[] = {histogram_for_test(), histogram_for_test()};
    uint64_t *values = calloc(VALUES, sizeof(*values));
    assert_non_null(values);
    for (size_t index = 0; index < VALUES; index++) {
        values[index] = next_random(&random) >> (22 + next_random(&random) % 42);
        histogram_add(halves[index % 2], values[index]);
    }
    histogram_merge(halves[0], halves[1]);
    qsort(values, VALUES, sizeof(*values), compare);
    assert_int_equal(counter_get(&halves[0]->count), VALUES);
    assert_int_equal(counter_get(&halves[0]->max), values[VALUES - 1]);
    check_against_sorted(halves[0], values, VALUES);
    free(values);
    free(halves[0]);
    free(halves[1]);
}

int test_histogram(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_one_says_nothing),
        cmocka_unit_test(small_values_are_exact),
        cmocka_unit_test(one_value_is_found_within_a_sixty_fourth),
        cmocka_unit_test(values_beyond_the_end_count_as_the_last),
        cmocka_unit_test(quantiles_outside_0_and_1_are_the_ends),
        cmocka_unit_test(quantiles_match_sorted_values),
    };
    return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}
