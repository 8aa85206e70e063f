/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/export_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int test_export_line(void);

static void a_line_reads_as_it_was_written(void **state)
{
    static const char *const lines[] = {
        "{\"type\":\"export\",\"format\":1}",
        "{\"type\":\"user\",\"id\":\"u1\",\"name\":\"Ada \\\"A\\\"\",\"joined\":12}",
        "{\"type\":\"room\",\"room\":\"lobby\",\"first\":7,\"made\":12}",
        "{\"type\":\"room\",\"room\":\"lobby\",\"first\":1,\"made\":12,\"age\":5,\"events\":0,\"size\":9}",
        "{\"type\":\"message\",\"room\":\"a\",\"seq\":3,\"at\":5,\"user\":{\"id\":\"u\",\"name\":\"N\"},\"text\":"
        "\"h\\n\","
        "\"key\":\"k\",\"reply_to\":2,\"mentions\":[\"abcdefghijklmnopqrstuvwxyz\"]}",
        "{\"type\":\"message\",\"room\":\"a\",\"seq\":3,\"at\":5,\"user\":{\"id\":\"u\",\"name\":\"N\"},\"text\":\"\","
        "\"key\":\"k\",\"deleted\":true}",
        "{\"type\":\"edited\",\"room\":\"a\",\"seq\":3,\"at\":5,\"user\":{\"id\":\"u\",\"name\":\"N\"},\"target\":1,"
        "\"text\":\"x\",\"key\":\"k\"}",
        "{\"type\":\"deleted\",\"room\":\"a\",\"seq\":3,\"at\":5,\"user\":{\"id\":\"u\",\"name\":\"N\"},\"target\":1,"
        "\"key\":\"k\"}",
        "{\"type\":\"reaction\",\"room\":\"a\",\"seq\":3,\"at\":5,\"user\":{\"id\":\"u\",\"name\":\"N\"},\"target\":1,"
        "\"emoji\":\"+1\",\"on\":false,\"key\":\"k\"}",
        "{\"type\":\"read\",\"room\":\"a\",\"user\":\"u\",\"seq\":3}",
        "{\"type\":\"joined\",\"room\":\"a\",\"user\":\"u\",\"since\":3}",
        "{\"type\":\"room\",\"room\":\"@a\",\"first\":1,\"made\":12,\"members\":[\"abcdefghijklmnopqrstuvwxyz\","
        "\"zbcdefghijklmnopqrstuvwxya\"]}",
        "{\"type\":\"end\",\"users\":1,\"rooms\":2,\"events\":3,\"reads\":4,\"joined\":5}",
    };
    (void)state;
    for (size_t index = 0; index < COUNT(lines); index++) {
        struct export_line line;
        char fault[EXPORT_FAULT_BYTES];
        struct builder out;
        builder_init(&out, 4096);
        if (!export_line_decode(view_of_string(lines[index]), &line, fault))
            fail_msg("%s: %s", lines[index], fault);
        export_line_encode(&out, &line);
        builder_add_byte(&out, 0);
        assert_string_equal((const char *)out.at, lines[index]);
        export_line_done(&line);
        builder_done(&out);
    }
}

static void what_is_wrong_with_a_line_is_named(void **state)
{
#define EVENT(rest) "\"room\":\"a\",\"seq\":3,\"at\":5,\"user\":{\"id\":\"u\",\"name\":\"N\"},\"key\":\"k\"" rest "}"
    static const struct {
        const char *line, *says;
    } cases[] = {
        {"", "JSON"},
        {"{\"type\":\"message\"", "JSON"},
        {"[]", "object"},
        {"{}", "type"},
        {"{\"type\":\"topic\"}", "type"},
        {"{\"type\":\"export\"}", "format"},
        {"{\"type\":\"user\",\"id\":\"\",\"name\":\"x\",\"joined\":1}", "\"id\""},
        {"{\"type\":\"user\",\"id\":\"x\",\"name\":7,\"joined\":1}", "\"name\""},
        {"{\"type\":\"user\",\"id\":\"x\",\"name\":\"x\",\"joined\":-1}", "\"joined\""},
        {"{\"type\":\"room\",\"room\":\"a\",\"first\":0,\"made\":1}", "\"first\""},
        {"{\"type\":\"room\",\"room\":\"a\",\"first\":1,\"made\":1,\"age\":1}", "\"events\""},
        {"{\"type\":\"message\"," EVENT(""), "\"text\""},
        {"{\"type\":\"message\"," EVENT(",\"text\":\"\""), "\"text\""},
        {"{\"type\":\"message\"," EVENT(",\"text\":\"x\",\"deleted\":true"), "\"text\""},
        {"{\"type\":\"message\"," EVENT(",\"text\":\"x\",\"deleted\":1"), "\"deleted\""},
        {"{\"type\":\"message\"," EVENT(",\"text\":\"x\",\"reply_to\":3"), "come before"},
        {"{\"type\":\"message\"," EVENT(",\"text\":\"x\",\"mentions\":[\"short\"]"), "\"mentions\""},
        {"{\"type\":\"message\"," EVENT(",\"text\":\"x\",\"mentions\":\"x\""), "\"mentions\""},
        {"{\"type\":\"edited\"," EVENT(",\"text\":\"x\""), "\"target\""},
        {"{\"type\":\"edited\"," EVENT(",\"text\":\"x\",\"target\":0"), "\"target\""},
        {"{\"type\":\"deleted\"," EVENT(",\"target\":4"), "come before"},
        {"{\"type\":\"reaction\"," EVENT(",\"target\":1,\"on\":true"), "\"emoji\""},
        {"{\"type\":\"read\",\"room\":\"a\",\"seq\":1}", "\"user\""},
        {"{\"type\":\"end\",\"users\":1,\"rooms\":2,\"events\":3}", "\"reads\""},
    };
    (void)state;
    for (size_t index = 0; index < COUNT(cases); index++) {
        struct export_line line;
        char fault[EXPORT_FAULT_BYTES];
        assert_false(export_line_decode(view_of_string(cases[index].line), &line, fault));
        if (strstr(fault, cases[index].says) == NULL)
            fail_msg("%s: %s", cases[index].line, fault);
    }
}

int test_export_line(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_reads_as_it_was_written),
        cmocka_unit_test(what_is_wrong_with_a_line_is_named),
    };
    return cmocka_run_group_tests_name("export_line", tests, NULL, NULL);
}
