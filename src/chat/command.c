/* SPDX-License-Identifier: Apache-2.0 */
/* One row per command: its rate class and who handles it. */
#include "chat/chat_inside.h"

static const struct command_row rows[COMMAND_TYPE_COUNT] = {
    [COMMAND_LOGIN] = {RATE_JOIN, session_login},   [COMMAND_JOIN] = {RATE_JOIN, room_join_command},
    [COMMAND_LEAVE] = {RATE_JOIN, room_leave},      [COMMAND_SEND] = {RATE_SEND, room_send},
    [COMMAND_EDIT] = {RATE_SEND, room_edit},        [COMMAND_DELETE] = {RATE_SEND, room_delete},
    [COMMAND_REACT] = {RATE_SEND, room_react},      [COMMAND_TYPING] = {RATE_SIGNAL, room_typing},
    [COMMAND_READ] = {RATE_READ, room_read},        [COMMAND_HISTORY] = {RATE_READ, room_history},
    [COMMAND_WHO] = {RATE_READ, room_who},          [COMMAND_DIGEST] = {RATE_READ, room_digest},
    [COMMAND_ROOMS] = {RATE_READ, room_list},       [COMMAND_NAME] = {RATE_JOIN, session_name},
    [COMMAND_DIRECT] = {RATE_JOIN, direct_command}, [COMMAND_MINE] = {RATE_READ, belong_list},
    [COMMAND_PING] = {RATE_SIGNAL, session_ping},
};

const struct command_row *command_row(enum command_type type)
{
    return &rows[type];
}
