/* SPDX-License-Identifier: Apache-2.0 */
/* The floor of servers that gather: one send per subscriber for all that came in one turn of the loop. */
#include "floor.h"

int main(int count, char **arguments)
{
    return floor_main(count, arguments, FLOOR_SENDS_PER_TURN);
}
