/* SPDX-License-Identifier: Apache-2.0 */
/* A client's frame: what is taken is within the bounds that wire/command.h promises, and survives being written into
 * frames of ours; what is refused is explained in one sentence that any screen can show. */
#include "wire/command.h"

#include "fuzz.h"
#include "wire/json.h"
#include "wire/utf8.h"

enum { TEXT_BYTES_MAX = 200 };

static void check_string(struct view string, size_t bytes_max)
{
    check(string.size <= bytes_max);
    check(utf8_is_valid(string));
    check(string.size == 0 || memchr(string.at, 0, string.size) == NULL);
}

static void check_bounds(const struct command *command)
{
    const uint64_t numbers[] = {command->seq, command->after, command->before,  command->from,
                                command->to,  command->limit, command->history, command->reply_to};

    check(command->type < COMMAND_TYPE_COUNT);
    check_string(command->ref, COMMAND_REF_BYTES_MAX);
    check_string(command->room, COMMAND_NAME_BYTES_MAX);
    check_string(command->text, TEXT_BYTES_MAX);
    check_string(command->key, COMMAND_KEY_BYTES_MAX);
    check_string(command->token, COMMAND_TOKEN_BYTES_MAX);
    check_string(command->emoji, COMMAND_EMOJI_BYTES_MAX);
    check_string(command->name, COMMAND_NAME_BYTES_MAX);
    check_string(command->epoch, COMMAND_EPOCH_BYTES_MAX);
    for (size_t index = 0; index < sizeof numbers / sizeof *numbers; index++)
        check(numbers[index] <= COMMAND_NUMBER_MAX);
    if (command->type == COMMAND_SEND)
        check(command->room.size > 0 && command->text.size > 0 && command->key.size > 0);
    if (command->type == COMMAND_HISTORY)
        check(command->has_before != command->has_after);
}

static void check_member(const json_t *frame, const char *name, struct view expected)
{
    const json_t *value = json_object_get(frame, name);

    check(json_is_string(value));
    check(view_equal(view_of(json_string_value(value), json_string_length(value)), expected));
}

/* As a message and as an error, in which text of users goes to others and back. */
static void check_frames(const struct command *command)
{
    struct event event = {.kind = EVENT_MESSAGE, .seq = 1, .key = command->key, .text = command->text};
    char fault[JSON_FAULT_BYTES];
    struct builder out;

    event.user = (struct user_view){command->emoji, command->name};
    builder_init(&out, 1 << 16);
    event_encode(&out, command->room, &event);
    check(builder_ok(&out));
    json_t *frame = json_read_object(builder_view(&out), fault);
    check(frame != NULL);
    check_member(frame, "room", command->room);
    check_member(frame, "text", command->text);
    check_member(frame, "key", command->key);
    check_member(json_object_get(frame, "user"), "name", command->name);
    json_decref(frame);
    builder_done(&out);
}

static void check_fault(const struct command_fault *fault)
{
    const char *end = memchr(fault->text, 0, sizeof fault->text);

    check(end != NULL);
    check(end - fault->text > 20 && end - fault->text < 190);
    check(end[-1] == '.');
    for (const char *at = fault->text; at < end; at++)
        check(*at >= 0x20 && *at < 0x7f);
    check(fault->code == ERROR_BAD_REQUEST || fault->code == ERROR_TOO_LARGE);
    check_string(fault->ref, COMMAND_REF_BYTES_MAX);
    check(fault->ref.size == 0 || fault->ref.at == (const uint8_t *)fault->ref_bytes);
}

static void check_same(const struct command *one, const struct command *other)
{
    const struct view strings[][2] = {
        {one->ref, other->ref},     {one->room, other->room},   {one->text, other->text}, {one->key, other->key},
        {one->token, other->token}, {one->emoji, other->emoji}, {one->name, other->name}, {one->epoch, other->epoch},
    };

    for (size_t index = 0; index < sizeof strings / sizeof *strings; index++)
        check(view_equal(strings[index][0], strings[index][1]));
    check(one->type == other->type && one->is_on == other->is_on);
    check(one->seq == other->seq && one->after == other->after && one->before == other->before);
    check(one->from == other->from && one->to == other->to && one->limit == other->limit);
    check(one->history == other->history && one->reply_to == other->reply_to);
    check(one->has_after == other->has_after && one->has_before == other->has_before);
    check(one->has_limit == other->has_limit && one->has_history == other->has_history);
    check(one->has_reply_to == other->has_reply_to && one->has_epoch == other->has_epoch);
}

/* What the short way takes, the long one takes as well, and as the same. */
static void check_flat(struct view json, const struct command_limits *limits)
{
    struct command_fault fault;
    struct command flat, command;

    if (!utf8_is_valid(json) || !command_decode_flat(json, limits, &flat))
        return;
    check(command_decode(json, limits, &command, &fault));
    check_same(&flat, &command);
    command_done(&command);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    static const struct command_limits limits = {.text_bytes_max = TEXT_BYTES_MAX};
    struct view json = fuzz_copy(view_of(at, size));
    struct command_fault fault;
    struct command command;

    check_flat(json, &limits);
    bool is_right = command_decode(json, &limits, &command, &fault);
    fuzz_free(json); /* nothing may point into it */
    if (!is_right) {
        check(command.document == NULL);
        check_fault(&fault);
        return 0;
    }
    check_bounds(&command);
    check_frames(&command);
    command_done(&command);
    return 0;
}
