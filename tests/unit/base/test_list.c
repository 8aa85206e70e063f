/* SPDX-License-Identifier: Apache-2.0 */
#include "base/list.h"

#include "base_test.h"

struct item {
    int number;
    struct list_link link;
};

static int sum_in_order(struct list_link *head)
{
    int digits = 0;
    list_each(head, link, following)
        digits = digits * 10 + list_entry(link, struct item, link)->number;
    return digits;
}

static void elements_stand_in_the_order_of_their_adding(void **state)
{
    (void)state;
    struct list_link head;
    struct item items[] = {{.number = 1}, {.number = 2}, {.number = 3}};
    list_init(&head);
    assert_true(list_is_empty(&head));
    assert_int_equal(sum_in_order(&head), 0);
    list_add_last(&head, &items[0].link);
    list_add_last(&head, &items[1].link);
    list_add_first(&head, &items[2].link);
    assert_false(list_is_empty(&head));
    assert_int_equal(sum_in_order(&head), 312);
}

static void removal_is_safe_anywhere_and_twice(void **state)
{
    (void)state;
    struct list_link head;
    struct item items[] = {{.number = 1}, {.number = 2}, {.number = 3}};
    list_init(&head);
    for (size_t index = 0; index < COUNT(items); index++)
        list_add_last(&head, &items[index].link);
    list_remove(&items[1].link);
    list_remove(&items[1].link);
    assert_int_equal(sum_in_order(&head), 13);
    assert_true(list_is_empty(&items[1].link));
    list_each(&head, link, following)
        list_remove(link);
    assert_true(list_is_empty(&head));
}

int test_list(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_stand_in_the_order_of_their_adding),
        cmocka_unit_test(removal_is_safe_anywhere_and_twice),
    };
    return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}
