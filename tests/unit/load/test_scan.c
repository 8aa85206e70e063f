/* SPDX-License-Identifier: Apache-2.0 */
#include "load/scan.h"

#include "load_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void fields_are_found_wherever_they_stand(void **state)
{
    static const struct {
        const char *name, *object, *type, *seq;
    } rows[] = {
        {"in order", "{\"type\":\"message\",\"seq\":12}", "message", "12"},
        {"the other way round", "{\"seq\":12,\"type\":\"message\"}", "message", "12"},
        {"with blanks", " {\n\t\"seq\" :\r 12 , \"type\" : \"message\" } ", "message", "12"},
        {"behind nested ones", "{\"user\":{\"seq\":3,\"type\":[1,{\"a\":\"}\"}]},\"seq\":12}", NULL, "12"},
        {"behind lists", "{\"events\":[{\"seq\":3},[],\"]\"],\"seq\":12,\"type\":\"joined\"}", "joined", "12"},
        {"not inside strings", "{\"text\":\"\\\"seq\\\":5,\\\\\",\"seq\":12}", NULL, "12"},
        {"the first of two", "{\"seq\":1,\"seq\":2}", NULL, "1"},
        {"empty ones", "{\"type\":\"\",\"seq\":0}", "", "0"},
        {"in no object", "[{\"seq\":1}]", NULL, NULL},
        {"in nothing", "", NULL, NULL},
        {"in an empty object", "{}", NULL, NULL},
        {"before a bad end", "{\"seq\":1,\"type\"", NULL, "1"},
        {"before no colon", "{\"seq\":1,\"type\" \"x\"}", NULL, "1"},
    };
    (void)state;
    for (size_t index = 0; index < sizeof(rows) / sizeof(rows[0]); index++) {
        struct scan_field fields[] = {{.name = "type"}, {.name = "seq"}};
        const char *expected[] = {rows[index].type, rows[index].seq};
        print_message("# %s\n", rows[index].name);
        scan_object(view_of_string(rows[index].object), fields, 2);
        for (int field = 0; field < 2; field++) {
            if (expected[field] == NULL)
                assert_null(fields[field].value.at);
            else
                assert_true(view_equal(fields[field].value, view_of_string(expected[field])));
        }
    }
}

/* Each beginning stands in memory of its exact size, where a sanitizer sees a read behind it. */
static void no_byte_outside_is_read_however_the_text_is_cut(void **state)
{
    static const char whole[] = "{\"a\":{\"b\":[1,\"\\\"x\"]},\"text\":\"\\\\\\n\", \"seq\":123 }";
    (void)state;
    for (size_t size = 0; size < sizeof(whole); size++) {
        char *cut = malloc(size + 1);
        struct scan_field fields[] = {{.name = "text"}, {.name = "seq"}, {.name = "nothing"}};
        assert_non_null(cut);
        memcpy(cut, whole, size);
        char *exact = realloc(cut, size > 0 ? size : 1);
        scan_object(view_of(exact, size), fields, 3);
        assert_null(fields[2].value.at);
        free(exact);
    }
}

static void an_array_is_walked_value_by_value(void **state)
{
    static const struct {
        const char *text;
        const char *values[4];
    } rows[] = {
        {"[]", {NULL}},
        {"[ ]", {NULL}},
        {"", {NULL}},
        {"[", {NULL}},
        {"5", {NULL}},
        {"[1]", {"1"}},
        {" [ {\"a\":[1,2]} , \"x,]\",3 ]", {"{\"a\":[1,2]}", "\"x,]\"", "3 "}},
        {"[{\"a\":1},{\"b", {"{\"a\":1}", "{\"b"}},
    };
    (void)state;
    for (size_t index = 0; index < sizeof(rows) / sizeof(rows[0]); index++) {
        struct view array = view_of_string(rows[index].text);
        struct view value;
        size_t count = 0;
        for (; scan_next(&array, &value); count++) {
            assert_non_null(rows[index].values[count]);
            assert_true(view_equal(value, view_of_string(rows[index].values[count])));
        }
        assert_null(rows[index].values[count]);
    }
}

int test_scan(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_array_is_walked_value_by_value),
        cmocka_unit_test(fields_are_found_wherever_they_stand),
        cmocka_unit_test(no_byte_outside_is_read_however_the_text_is_cut),
    };
    return cmocka_run_group_tests_name("scan", tests, NULL, NULL);
}
