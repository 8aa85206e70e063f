/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/command.h"

#include "wire/utf8.h"
#include "wire_test.h"

int test_command(void);

static const struct command_limits limits = {.text_bytes_max = 100};

/* What docs/protocol.md says of each command, written down a second time: its fields with a right value each, those in
 * brackets optional. */
struct field_of_command {
    const char *name;
    const char *value;
    bool is_required;
};

static const struct {
    enum command_type type;
    const char *text;
    struct field_of_command fields[6];
} commands[] = {
    {COMMAND_LOGIN, "login", {{"token", "\"t\"", true}}},
    {COMMAND_JOIN,
     "join",
     {{"room", "\"lobby\"", true}, {"after", "0", false}, {"epoch", "\"e\"", false}, {"history", "5", false}}},
    {COMMAND_LEAVE, "leave", {{"room", "\"lobby\"", true}}},
    {COMMAND_SEND,
     "send",
     {{"room", "\"lobby\"", true}, {"text", "\"hi\"", true}, {"key", "\"k\"", true}, {"reply_to", "7", false}}},
    {COMMAND_EDIT,
     "edit",
     {{"room", "\"lobby\"", true}, {"seq", "1", true}, {"text", "\"hi\"", true}, {"key", "\"k\"", true}}},
    {COMMAND_DELETE, "delete", {{"room", "\"lobby\"", true}, {"seq", "1", true}, {"key", "\"k\"", true}}},
    {COMMAND_REACT,
     "react",
     {{"room", "\"lobby\"", true},
      {"seq", "1", true},
      {"emoji", "\"\xf0\x9f\x91\x8d\"", true},
      {"on", "false", true},
      {"key", "\"k\"", true}}},
    {COMMAND_TYPING, "typing", {{"room", "\"lobby\"", true}}},
    {COMMAND_READ, "read", {{"room", "\"lobby\"", true}, {"seq", "0", true}}},
    {COMMAND_HISTORY, "history", {{"room", "\"lobby\"", true}, {"before", "9", false}, {"limit", "5", false}}},
    {COMMAND_WHO, "who", {{"room", "\"lobby\"", true}}},
    {COMMAND_DIGEST, "digest", {{"room", "\"lobby\"", true}, {"from", "1", true}, {"to", "9", true}}},
    {COMMAND_ROOMS, "rooms", {{NULL, NULL, false}}},
    {COMMAND_DIRECT, "direct", {{"users", "[\"u\"]", true}}},
    {COMMAND_MINE, "mine", {{NULL, NULL, false}}},
    {COMMAND_NAME, "name", {{"name", "\"ada\"", true}}},
    {COMMAND_PING, "ping", {{NULL, NULL, false}}},
};

static bool is_flat; /* the newest one was taken the short way too */

/* The short way takes nothing that the long one refuses, and the same where it takes it. */
static void check_flat(struct view json, const struct command *command)
{
    struct command flat;
    is_flat = utf8_is_valid(json) && command_decode_flat(json, &limits, &flat);
    if (!is_flat)
        return;
    assert_non_null(command);
    assert_null(flat.document);
    assert_int_equal(flat.type, command->type);
    assert_true(view_equal(flat.ref, command->ref) && view_equal(flat.room, command->room));
    assert_true(view_equal(flat.text, command->text) && view_equal(flat.key, command->key));
    assert_true(view_equal(flat.token, command->token) && view_equal(flat.emoji, command->emoji));
    assert_true(view_equal(flat.name, command->name) && view_equal(flat.epoch, command->epoch));
    assert_true(flat.seq == command->seq && flat.from == command->from && flat.to == command->to);
    assert_true(flat.after == command->after && flat.has_after == command->has_after);
    assert_true(flat.before == command->before && flat.has_before == command->has_before);
    assert_true(flat.limit == command->limit && flat.has_limit == command->has_limit);
    assert_true(flat.history == command->history && flat.has_history == command->has_history);
    assert_true(flat.reply_to == command->reply_to && flat.has_reply_to == command->has_reply_to);
    assert_true(flat.is_on == command->is_on && flat.has_epoch == command->has_epoch);
}

/* Decodes from memory of exactly its size; the command's views must not point into it. */
static bool decode(struct view json, struct command *command, struct command_fault *fault)
{
    struct view copy = exact_copy(json);

    memset(fault, 'x', sizeof *fault);
    bool is_right = command_decode(copy, &limits, command, fault);
    check_flat(copy, is_right ? command : NULL);
    free_copy(copy);
    return is_right;
}

static bool decode_string(const char *json, struct command *command, struct command_fault *fault)
{
    return decode(view_of_string(json), command, fault);
}

/* One sentence that fits and that any screen can show. */
static void check_fault_text(const struct command_fault *fault)
{
    const char *end = memchr(fault->text, 0, sizeof fault->text);

    assert_non_null(end);
    assert_true(end - fault->text > 20 && end - fault->text < 254);
    assert_int_equal(end[-1], '.');
    assert_null(strstr(fault->text, ". "));
    for (const char *at = fault->text; at < end; at++)
        assert_true(*at >= 0x20 && *at < 0x7f);
}

static void expect_fault(const char *name, struct view json, enum error_code code, const char *words)
{
    struct command_fault fault;
    struct command command;

    if (decode(json, &command, &fault)) {
        command_done(&command);
        fail_msg("%s: taken: %.*s", name, (int)json.size, (const char *)json.at);
    }
    assert_null(command.document);
    check_fault_text(&fault);
    if (fault.code != code || !strstr(fault.text, words))
        fail_msg("%s: %s: %s", name, error_code_text(fault.code), fault.text);
}

/* The command's JSON, with `changed` given another value, or left out where `value` is NULL. */
static void write_command(struct builder *out, size_t index, const char *changed, const char *value)
{
    builder_clear(out);
    builder_format(out, "{\"type\":\"%s\"", commands[index].text);
    for (const struct field_of_command *field = commands[index].fields; field->name; field++) {
        bool is_changed = changed && strcmp(field->name, changed) == 0;
        if (!is_changed)
            builder_format(out, ",\"%s\":%s", field->name, field->value);
        else if (value)
            builder_format(out, ",\"%s\":%s", field->name, value);
    }
    builder_add_byte(out, '}');
    assert_true(builder_ok(out));
}

static void every_command_is_taken_with_all_its_fields(void **state)
{
    struct command_fault fault;
    struct command command;
    struct builder json;

    (void)state;
    assert_int_equal(COUNT(commands), COMMAND_TYPE_COUNT);
    builder_init(&json, 4096);
    for (size_t i = 0; i < COUNT(commands); i++) {
        write_command(&json, i, NULL, NULL);
        if (!decode(builder_view(&json), &command, &fault))
            fail_msg("%s: %s", commands[i].text, fault.text);
        assert_int_equal(command.type, commands[i].type);
        assert_string_equal(command_type_text(command.type), commands[i].text);
        assert_int_equal(command.ref.size, 0);
        command_done(&command);
        assert_null(command.document);
        command_done(&command); /* twice is fine */
    }
    builder_done(&json);
}

static void a_missing_field_is_named_and_an_optional_one_may_be_missing(void **state)
{
    struct command_fault fault;
    struct command command;
    struct builder json;
    char words[64];

    (void)state;
    builder_init(&json, 4096);
    for (size_t i = 0; i < COUNT(commands); i++) {
        for (const struct field_of_command *field = commands[i].fields; field->name; field++) {
            write_command(&json, i, field->name, NULL);
            bool is_needed = field->is_required || strcmp(field->name, "before") == 0;
            (void)snprintf(words, sizeof words, "\"%s\"", field->name);
            if (is_needed) {
                expect_fault(commands[i].text, builder_view(&json), ERROR_BAD_REQUEST, words);
                continue;
            }
            assert_true(decode(builder_view(&json), &command, &fault));
            command_done(&command);
        }
    }
    builder_done(&json);
}

/* Every field of every command is given every kind of value that is not its own. */
static void a_field_of_the_wrong_type_is_named(void **state)
{
    static const char *const no_strings[] = {"null", "true", "7", "1.5", "[]", "{}", "[\"a\"]", "\"\""};
    static const char *const no_numbers[] = {
        "null",
        "true",
        "false",
        "\"7\"",
        "\"\"",
        "[]",
        "[7]",
        "{}",
        "-1",
        "1.0",
        "1.5",
        "1e3",
        "1E0",
        "-0.0",
        "0.0",
        "9007199254740992",
        "9223372036854775807",
        "-9223372036854775808",
    };
    static const char *const no_bools[] = {"null", "0", "1", "\"true\"", "\"\"", "[]", "{}", "[true]", "1.0"};
    struct builder json;
    char words[64];

    (void)state;
    builder_init(&json, 4096);
    for (size_t i = 0; i < COUNT(commands); i++) {
        for (const struct field_of_command *field = commands[i].fields; field->name; field++) {
            bool is_string = field->value[0] == '"', is_bool = field->value[0] == 'f';
            const char *const *values = is_string ? no_strings : is_bool ? no_bools : no_numbers;
            size_t count = is_string ? COUNT(no_strings) : is_bool ? COUNT(no_bools) : COUNT(no_numbers);
            (void)snprintf(words, sizeof words, "\"%s\" must ", field->name);
            for (size_t at = 0; at < count; at++) {
                write_command(&json, i, field->name, values[at]);
                expect_fault(commands[i].text, builder_view(&json), ERROR_BAD_REQUEST, words);
            }
        }
    }
    builder_done(&json);
}

static void a_number_that_no_parser_holds_is_refused(void **state)
{
    static const char *const values[] = {"1e999", "-1e999", "99999999999999999999", "-99999999999999999999"};
    char json[128];

    (void)state;
    for (size_t i = 0; i < COUNT(values); i++) {
        (void)snprintf(json, sizeof json, "{\"type\":\"read\",\"room\":\"a\",\"seq\":%s}", values[i]);
        expect_fault(values[i], view_of_string(json), ERROR_BAD_REQUEST, "out of range");
    }
}

static void values_arrive_where_they_belong(void **state)
{
    struct command_fault fault;
    struct command command;

    (void)state;
    assert_true(decode_string(" {\"key\":\"k-1\",\"reply_to\":9007199254740991,\"room\":\"~caf\\u00e9\",\"ref\":\"r\","
                              "\"text\":\"a \\ud83e\\udda6\",\"type\":\"send\"}",
                              &command, &fault));
    assert_int_equal(command.type, COMMAND_SEND);
    assert_views_equal(command.room, view_of_string("~caf\xc3\xa9"));
    assert_views_equal(command.text, view_of_string("a \xf0\x9f\xa6\xa6"));
    assert_views_equal(command.key, view_of_string("k-1"));
    assert_views_equal(command.ref, view_of_string("r"));
    assert_true(command.has_reply_to && command.reply_to == COMMAND_NUMBER_MAX);
    assert_false(command.has_after || command.has_before || command.has_limit || command.has_history
                 || command.has_epoch);
    command_done(&command);

    assert_true(decode_string("{\"type\":\"join\",\"room\":\"a\",\"after\":-0,\"epoch\":\"e\",\"history\":3}", &command,
                              &fault));
    assert_true(command.has_after && command.after == 0 && command.has_history && command.history == 3);
    assert_true(command.has_epoch);
    assert_views_equal(command.epoch, view_of_string("e"));
    command_done(&command);

    assert_true(decode_string("{\"type\":\"history\",\"room\":\"a\",\"after\":4,\"limit\":0}", &command, &fault));
    assert_true(command.has_after && command.after == 4 && !command.has_before && command.has_limit
                && command.limit == 0);
    command_done(&command);

    assert_true(decode_string("{\"type\":\"react\",\"room\":\"a\",\"seq\":2,\"emoji\":\"x\",\"on\":true,\"key\":\"k\"}",
                              &command, &fault));
    assert_true(command.is_on && command.seq == 2);
    assert_views_equal(command.emoji, view_of_string("x"));
    command_done(&command);

    assert_true(decode_string("{\"type\":\"digest\",\"room\":\"a\",\"from\":2,\"to\":5}", &command, &fault));
    assert_true(command.from == 2 && command.to == 5);
    command_done(&command);
}

static void fields_of_other_commands_and_unknown_ones_are_ignored(void **state)
{
    struct command_fault fault;
    struct command command;

    (void)state;
    assert_true(decode_string(
        "{\"type\":\"ping\",\"room\":7,\"key\":[],\"x\":{\"type\":\"send\"},\"\":null,\"TYPE\":1}", &command, &fault));
    assert_int_equal(command.room.size, 0);
    command_done(&command);
}

static void history_takes_before_or_after_and_not_both(void **state)
{
    (void)state;
    expect_fault("neither", VIEW("{\"type\":\"history\",\"room\":\"a\"}"), ERROR_BAD_REQUEST,
                 "\"before\" or \"after\"");
    expect_fault("both", VIEW("{\"type\":\"history\",\"room\":\"a\",\"before\":1,\"after\":1}"), ERROR_BAD_REQUEST,
                 "\"before\" or \"after\"");
}

/* `filler` bytes in the field: up to `max` they are taken, one more is not. */
static void expect_bound(const char *format, size_t max, enum error_code code, const char *words)
{
    struct command_fault fault;
    struct command command;
    char filler[2048], json[4096];

    for (size_t size = max - 1; size <= max + 1; size++) {
        memset(filler, 'x', size);
        filler[size] = 0;
        (void)snprintf(json, sizeof json, format, filler);
        if (size > max) {
            expect_fault(words, view_of_string(json), code, words);
            continue;
        }
        assert_true(decode_string(json, &command, &fault));
        command_done(&command);
    }
}

static void what_is_too_long_is_refused_at_its_bound(void **state)
{
    (void)state;
    expect_bound("{\"type\":\"send\",\"room\":\"a\",\"key\":\"k\",\"text\":\"%s\"}", limits.text_bytes_max,
                 ERROR_TOO_LARGE, "\"text\" has 101 bytes, and at most 100 are taken");
    expect_bound("{\"type\":\"edit\",\"room\":\"a\",\"seq\":1,\"key\":\"k\",\"text\":\"%s\"}", limits.text_bytes_max,
                 ERROR_TOO_LARGE, "\"text\" has 101 bytes");
    expect_bound("{\"type\":\"send\",\"room\":\"a\",\"key\":\"%s\",\"text\":\"x\"}", 64, ERROR_BAD_REQUEST, "\"key\"");
    expect_bound("{\"type\":\"react\",\"room\":\"a\",\"seq\":1,\"on\":true,\"key\":\"k\",\"emoji\":\"%s\"}", 64,
                 ERROR_BAD_REQUEST, "\"emoji\"");
    expect_bound("{\"type\":\"join\",\"room\":\"a\",\"epoch\":\"%s\"}", 64, ERROR_BAD_REQUEST, "\"epoch\"");
    expect_bound("{\"type\":\"login\",\"token\":\"%s\"}", 512, ERROR_BAD_REQUEST, "\"token\"");
    expect_bound("{\"type\":\"join\",\"room\":\"%s\"}", 1024, ERROR_BAD_REQUEST, "\"room\"");
    expect_bound("{\"type\":\"name\",\"name\":\"%s\"}", 1024, ERROR_BAD_REQUEST, "\"name\"");
    expect_bound("{\"type\":\"ping\",\"ref\":\"%s\"}", 64, ERROR_BAD_REQUEST, "\"ref\"");
}

static void a_frame_without_a_known_type_is_told_what_there_is(void **state)
{
    struct command_fault fault;
    struct command command;

    (void)state;
    expect_fault("no type", VIEW("{}"), ERROR_BAD_REQUEST, "needs \"type\"");
    expect_fault("a number", VIEW("{\"type\":7}"), ERROR_BAD_REQUEST, "needs \"type\"");
    expect_fault("null", VIEW("{\"type\":null}"), ERROR_BAD_REQUEST, "needs \"type\"");
    expect_fault("empty", VIEW("{\"type\":\"\"}"), ERROR_BAD_REQUEST, "no type \"\"");
    expect_fault("upper case", VIEW("{\"type\":\"PING\"}"), ERROR_BAD_REQUEST, "no type \"PING\"");
    expect_fault("a server's", VIEW("{\"type\":\"welcome\"}"), ERROR_BAD_REQUEST, "no type \"welcome\"");
    expect_fault("a longer one", VIEW("{\"type\":\"pings\"}"), ERROR_BAD_REQUEST, "no type \"pings\"");
    assert_false(decode_string("{\"type\":\"nonsense\"}", &command, &fault));
    for (size_t i = 0; i < COUNT(commands); i++)
        assert_non_null(strstr(fault.text, commands[i].text));
}

static void what_a_user_wrote_is_cut_and_made_harmless_in_a_fault(void **state)
{
    struct command_fault fault;
    struct command command;
    char json[4096], filler[3000];

    (void)state;
    expect_fault("quotes", VIEW("{\"type\":\"a\\\"\\\\\\n\\u001b[2J\"}"), ERROR_BAD_REQUEST, "no type \"a????[2J\"");
    expect_fault("right-to-left", VIEW("{\"type\":\"a\xe2\x80\xaez\"}"), ERROR_BAD_REQUEST, "no type \"a???z\"");
    memset(filler, 'y', sizeof filler - 1);
    filler[sizeof filler - 1] = 0;
    (void)snprintf(json, sizeof json, "{\"type\":\"%s\"}", filler);
    assert_false(decode_string(json, &command, &fault));
    check_fault_text(&fault);
    assert_non_null(strstr(fault.text, "yyy...\"; use one of"));
    assert_non_null(strstr(fault.text, "ping."));
    (void)snprintf(json, sizeof json, "{\"type\":%s}", filler);
    expect_fault("a long word", view_of_string(json), ERROR_BAD_REQUEST, "not JSON");
    expect_fault("odd bytes", VIEW("{\"a\": \xe2\x80\xae}"), ERROR_BAD_REQUEST, "not JSON");
}

static void a_ref_is_carried_back_also_where_the_rest_is_wrong(void **state)
{
    struct command_fault fault;
    struct command command;

    (void)state;
    assert_false(decode_string("{\"type\":\"nonsense\",\"ref\":\"r1\"}", &command, &fault));
    assert_views_equal(fault.ref, view_of_string("r1"));
    assert_false(decode_string("{\"ref\":\"caf\xc3\xa9\",\"type\":\"send\"}", &command, &fault));
    assert_views_equal(fault.ref, view_of_string("caf\xc3\xa9"));
    assert_true(fault.ref.at == (const uint8_t *)fault.ref_bytes);
    assert_false(decode_string("{\"type\":\"nonsense\"}", &command, &fault));
    assert_int_equal(fault.ref.size, 0);
    assert_false(decode_string("no JSON", &command, &fault));
    assert_int_equal(fault.ref.size, 0);
    assert_false(decode_string("{\"type\":\"ping\",\"ref\":7}", &command, &fault));
    assert_int_equal(fault.ref.size, 0);
    assert_true(decode_string("{\"type\":\"ping\",\"ref\":\"\"}", &command, &fault));
    assert_int_equal(command.ref.size, 0);
    command_done(&command);
}

/* The size of a frame is net's business; what is left is that a big one costs no more than reading it. */
static void a_huge_frame_of_unknown_fields_is_read_or_refused(void **state)
{
    struct command_fault fault;
    struct command command;
    struct builder json;

    (void)state;
    builder_init(&json, 1 << 20);
    builder_add_string(&json, "{\"type\":\"ping\"");
    for (int i = 0; i < 20000; i++)
        builder_format(&json, ",\"f%d\":[%d]", i, i);
    builder_add_byte(&json, '}');
    assert_true(builder_ok(&json));
    assert_true(decode(builder_view(&json), &command, &fault));
    command_done(&command);
    builder_done(&json);
}

static void only_the_common_form_goes_the_short_way(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        bool is_flat;
    } forms[] = {
        {"{\"type\":\"send\",\"room\":\"lobby\",\"text\":\"gr\xc3\xb6\xc3\x9f"
         "er\",\"key\":\"k\",\"ref\":\"\"}",
         true},
        {" {\t\"type\" :\n\"react\",\"room\":\"r\","
         "\"seq\":9007199254740991,\"emoji\":\"+\",\"on\":true,\"key\":\"k\"}\r ",
         true},
        {"{\"type\":\"history\",\"room\":\"r\",\"before\":0,\"limit\":50}", true},
        {"{\"type\":\"ping\",\"seq\":\"of another command\"}", true},
        {"{\"type\":\"ping\",\"more\":1}", false},
        {"{\"type\":\"send\",\"room\":\"lobby\",\"text\":\"a\\nb\",\"key\":\"k\"}", false},
        {"{\"type\":\"who\",\"room\":\"lobb\\u0079\"}", false},
        {"{\"type\":\"read\",\"room\":\"r\",\"seq\":9007199254740992}", false},
        {"{\"type\":\"read\",\"room\":\"r\",\"seq\":01}", false},
        {"{\"type\":\"read\",\"room\":\"r\",\"seq\":1.0}", false},
        {"{\"type\":\"read\",\"room\":\"r\",\"seq\":-0}", false},
        {"{\"type\":\"read\",\"room\":\"r\",\"seq\":}", false},
        {"{\"type\":\"ping\",\"type\":\"ping\"}", false},
        {"{\"type\":\"ping\",}", false},
        {"{\"type\":\"ping\"} x", false},
        {"{\"type\":\"ping\"", false},
        {"{\"type\":\"ping", false},
        {"{\"type\":tru", false},
        {"{}", false},
        {"", false},
    };
    struct command command;
    struct command_fault fault;
    for (size_t index = 0; index < sizeof forms / sizeof forms[0]; index++) {
        if (decode(view_of_string(forms[index].json), &command, &fault))
            command_done(&command);
        if (is_flat != forms[index].is_flat)
            fail_msg("%s: flat is %d", forms[index].json, is_flat);
    }
}

int test_command(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_common_form_goes_the_short_way),
        cmocka_unit_test(every_command_is_taken_with_all_its_fields),
        cmocka_unit_test(a_missing_field_is_named_and_an_optional_one_may_be_missing),
        cmocka_unit_test(a_field_of_the_wrong_type_is_named),
        cmocka_unit_test(a_number_that_no_parser_holds_is_refused),
        cmocka_unit_test(values_arrive_where_they_belong),
        cmocka_unit_test(fields_of_other_commands_and_unknown_ones_are_ignored),
        cmocka_unit_test(history_takes_before_or_after_and_not_both),
        cmocka_unit_test(what_is_too_long_is_refused_at_its_bound),
        cmocka_unit_test(a_frame_without_a_known_type_is_told_what_there_is),
        cmocka_unit_test(what_a_user_wrote_is_cut_and_made_harmless_in_a_fault),
        cmocka_unit_test(a_ref_is_carried_back_also_where_the_rest_is_wrong),
        cmocka_unit_test(a_huge_frame_of_unknown_fields_is_read_or_refused),
    };

    return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
