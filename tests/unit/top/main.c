/* SPDX-License-Identifier: Apache-2.0 */
#include "top_test.h"

int main(void)
{
    int failures = test_keys() + test_screen() + test_text() + test_data();

    return failures + test_state() + test_view() + test_fetch() > 0;
}
