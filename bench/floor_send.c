/* SPDX-License-Identifier: Apache-2.0 */
/* The floor of servers that write each message when it comes: one send per subscriber and message. */
#include "floor.h"

int main(int count, char **arguments)
{
    return floor_main(count, arguments, FLOOR_SENDS_EACH);
}
