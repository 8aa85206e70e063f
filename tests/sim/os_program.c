/* SPDX-License-Identifier: Apache-2.0 */
/* os/channel.h and os/program.h: in the simulated world there is one program, which nothing replaces. */
#include "os/channel.h"
#include "os/program.h"

#include "base/check.h"

enum { PID = 2 };

enum result os_channel_open(int out_ends[2])
{
    (void)out_ends;
    return RESULT_FAILED;
}

enum result os_channel_send(int end, struct view bytes, const int *descriptors, size_t count, uint64_t deadline_ms)
{
    (void)end;
    (void)bytes;
    (void)descriptors;
    (void)count;
    (void)deadline_ms;
    return RESULT_CLOSED;
}

enum result os_channel_receive(int end, struct channel_packet *out_packet, uint64_t deadline_ms)
{
    (void)end;
    (void)out_packet;
    (void)deadline_ms;
    return RESULT_CLOSED;
}

void os_channel_close(int end)
{
    (void)end;
}

enum result os_program_start(const char *name, int channel, struct os_program *out_program)
{
    (void)name;
    (void)channel;
    (void)out_program;
    return RESULT_NOT_FOUND;
}

int os_program_channel(const char *name)
{
    (void)name;
    return -1;
}

void os_program_kill(struct os_program *program)
{
    (void)program;
}

bool os_program_has_ended(struct os_program *program, int *out_status)
{
    (void)program;
    (void)out_status;
    return false;
}

bool os_program_is_first(void)
{
    return false;
}

void os_program_leave(int status)
{
    (void)status;
    check(!"left the world");
    __builtin_unreachable();
}
