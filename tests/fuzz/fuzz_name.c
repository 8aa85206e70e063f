/* SPDX-License-Identifier: Apache-2.0 */
/* Names: what is taken is bounded and stays what it is when it is taken again; folding and skeletons never fail for it.
 */
#include "chat/name.h"

#include "fuzz.h"
#include "wire/utf8.h"

enum { OUT_BYTES_MAX = 1 << 16 };

static void try_room(struct view name)
{
    struct builder fold, again;
    bool is_ephemeral = false, is_still = false;

    builder_init(&fold, OUT_BYTES_MAX);
    builder_init(&again, OUT_BYTES_MAX);
    bool has_fold = name_fold_room(name, &fold);
    if (name_check_room(name, &is_ephemeral) == NAME_FINE) {
        check(name.size <= (size_t)NAME_ROOM_BYTES_MAX + is_ephemeral);
        check(utf8_is_valid(name));
        check(has_fold && fold.size > 0);
        check(is_ephemeral == (fold.at[0] == '~') && is_ephemeral == (name.at[0] == '~'));
        check(utf8_is_valid(builder_view(&fold)));
        check(name_fold_room(builder_view(&fold), &again));
        check(view_equal(builder_view(&fold), builder_view(&again)));
        if (fold.size <= NAME_ROOM_BYTES_MAX) { /* folding may make it longer than a name can be */
            enum name_fault fault = name_check_room(builder_view(&fold), &is_still);
            check(fault == NAME_FINE || fault == NAME_ROOM_LONG);
        }
    }
    builder_done(&fold);
    builder_done(&again);
}

static void try_user(struct view name)
{
    struct builder clean, again;

    builder_init(&clean, OUT_BYTES_MAX);
    builder_init(&again, OUT_BYTES_MAX);
    enum name_fault fault = name_check_user(name, &clean);
    check(fault < NAME_FAULT_COUNT && name_fault_text(fault) != NULL);
    if (fault != NAME_FINE) {
        check(clean.size == 0);
    } else {
        check(clean.size > 0 && clean.size <= 4 * NAME_USER_CHARACTERS_MAX);
        check(utf8_is_valid(builder_view(&clean)));
        check(name_check_user(builder_view(&clean), &again) == NAME_FINE);
        check(view_equal(builder_view(&clean), builder_view(&again)));
        builder_clear(&again);
        check(name_skeleton(builder_view(&clean), &again));
        check(again.size > 0 && utf8_is_valid(builder_view(&again)));
    }
    builder_done(&clean);
    builder_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    struct view name = fuzz_copy(view_of(at, size));
    struct builder skeleton;

    try_room(name);
    try_user(name);
    builder_init(&skeleton, OUT_BYTES_MAX);
    (void)name_skeleton(name, &skeleton);
    builder_done(&skeleton);
    fuzz_free(name);
    return 0;
}
