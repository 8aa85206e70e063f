/* SPDX-License-Identifier: Apache-2.0 */
/* The floor of servers that write each message when it comes: one send per subscriber and message. */
#include "floor.h"

static void send_to_all(struct floor *floor)
{
    for (uint32_t index = 0; index < floor->count; index++)
        floor_send(floor, floor->connections[index]);
}

int main(int count, char **arguments)
{
    return floor_main(count, arguments, &(struct floor_manner){.message = send_to_all});
}
