/* SPDX-License-Identifier: Apache-2.0 */
/* The floor of servers that gather: one send per subscriber for all that came in one turn of the loop. */
#include "floor.h"

static uint64_t sent;

static void send_to_all(struct floor *floor)
{
    if (floor->head == sent)
        return;
    sent = floor->head;
    for (uint32_t index = 0; index < floor->count; index++)
        floor_send(floor, floor->connections[index]);
}

int main(int count, char **arguments)
{
    return floor_main(count, arguments, &(struct floor_manner){.turn = send_to_all});
}
