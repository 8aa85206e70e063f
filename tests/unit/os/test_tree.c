/* SPDX-License-Identifier: Apache-2.0 */
#include "os/tree.h"

#include <sys/stat.h>
#include <unistd.h>

#include "os/file.h"
#include "os/stream.h"
#include "os_test.h"

/* Each test has a folder of its own. */
static char root[64];

/* A path in it, in one of four rotating buffers. */
static const char *in_root(const char *name)
{
    static char paths[4][160];
    static int turn;
    char *path = paths[turn++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", root, name);
    return path;
}

static int folder_begin(void **state)
{
    (void)state;
    (void)snprintf(root, sizeof root, "/tmp/natter-test-XXXXXX");
    return mkdtemp(root) != NULL ? 0 : -1;
}

static int folder_end(void **state)
{
    (void)state;
    return os_tree_remove(root) == RESULT_OK && os_path_kind(root) == OS_KIND_NONE ? 0 : -1;
}

static void write_file(const char *name, const char *text)
{
    assert_int_equal(os_file_append(in_root(name), view_of_string(text)), RESULT_OK);
}

static void assert_holds(const char *name, const char *text)
{
    struct builder out;
    builder_init(&out, 4096);
    assert_int_equal(os_file_read(in_root(name), &out), RESULT_OK);
    assert_true(view_equal(builder_view(&out), view_of_string(text)));
    builder_done(&out);
}

struct listing {
    int files, folders, others, max;
};

static bool note(void *context, const char *name, enum os_kind kind)
{
    struct listing *listing = context;
    assert_true(strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
    listing->files += kind == OS_KIND_FILE;
    listing->folders += kind == OS_KIND_FOLDER;
    listing->others += kind == OS_KIND_OTHER;
    return --listing->max > 0;
}

static void a_folder_tells_what_is_in_it(void **state)
{
    struct listing all = {.max = 100}, two = {.max = 2};
    (void)state;
    write_file("a", "");
    write_file("b", "");
    assert_int_equal(os_folder_make(in_root("inner")), RESULT_OK);
    assert_int_equal(symlink("a", in_root("link")), 0);
    assert_int_equal(os_folder_each(root, note, &all), RESULT_OK);
    assert_int_equal(all.files, 2);
    assert_int_equal(all.folders, 1);
    assert_int_equal(all.others, 1);
    assert_int_equal(os_folder_each(root, note, &two), RESULT_OK);
    assert_int_equal(two.files + two.folders + two.others, 2);
    assert_int_equal(os_folder_each(in_root("none"), note, &all), RESULT_NOT_FOUND);
    assert_int_equal(os_path_kind(in_root("link")), OS_KIND_FILE);
    assert_int_equal(os_path_kind(in_root("none")), OS_KIND_NONE);
}

/* A link to a folder outside goes, what it leads to stays. */
static void a_tree_is_removed_and_nothing_beside_it(void **state)
{
    (void)state;
    assert_int_equal(os_folder_make(in_root("kept")), RESULT_OK);
    write_file("kept/precious", "yes");
    assert_int_equal(os_folder_make(in_root("tree/inner/most")), RESULT_OK);
    write_file("tree/inner/file", "text");
    assert_int_equal(symlink(in_root("kept"), in_root("tree/link")), 0);
    assert_int_equal(os_tree_remove(in_root("tree")), RESULT_OK);
    assert_int_equal(os_path_kind(in_root("tree")), OS_KIND_NONE);
    assert_holds("kept/precious", "yes");
    assert_int_equal(os_tree_remove(in_root("tree")), RESULT_OK);
}

static void a_file_is_read_in_parts_and_grows_at_its_end(void **state)
{
    struct builder out;
    uint64_t size = 0;
    (void)state;
    write_file("file", "hello ");
    write_file("file", "world");
    assert_int_equal(os_file_size(in_root("file"), &size), RESULT_OK);
    assert_int_equal(size, 11);
    builder_init(&out, 64);
    assert_int_equal(os_file_read_part(in_root("file"), 4, 4, &out), RESULT_OK);
    assert_true(view_equal(builder_view(&out), VIEW("o wo")));
    builder_clear(&out);
    assert_int_equal(os_file_read_part(in_root("file"), 8, 60, &out), RESULT_OK);
    assert_true(view_equal(builder_view(&out), VIEW("rld")));
    assert_int_equal(os_file_read_part(in_root("none"), 0, 4, &out), RESULT_NOT_FOUND);
    assert_int_equal(os_file_append(in_root("none/file"), VIEW("x")), RESULT_NOT_FOUND);
    assert_int_equal(os_file_check_private(in_root("file")), RESULT_OK);
    builder_done(&out);
}

static void a_copy_is_whole_private_and_replaces_nothing(void **state)
{
    (void)state;
    write_file("file", "text");
    assert_int_equal(chmod(in_root("file"), 0644), 0);
    assert_int_equal(os_file_copy(in_root("file"), in_root("copy")), RESULT_OK);
    assert_holds("copy", "text");
    assert_int_equal(os_file_check_private(in_root("copy")), RESULT_OK);
    assert_int_equal(os_file_copy(in_root("file"), in_root("copy")), RESULT_EXISTS);
    assert_int_equal(os_file_copy(in_root("none"), in_root("other")), RESULT_NOT_FOUND);
}

static void a_name_is_taken_over_only_where_that_is_wanted(void **state)
{
    (void)state;
    write_file("old", "old");
    write_file("new", "new");
    assert_int_equal(os_path_rename(in_root("new"), in_root("old"), false), RESULT_EXISTS);
    assert_holds("old", "old");
    assert_int_equal(os_path_rename(in_root("new"), in_root("old"), true), RESULT_OK);
    assert_holds("old", "new");
    assert_int_equal(os_path_rename(in_root("new"), in_root("other"), false), RESULT_NOT_FOUND);
    assert_int_equal(os_path_rename(in_root("old"), in_root("other"), false), RESULT_OK);
    assert_int_equal(os_path_sync(in_root("other")), RESULT_OK);
    assert_int_equal(os_path_sync(in_root("none")), RESULT_FAILED);
}

static void a_stream_gives_the_bytes_one_after_the_other(void **state)
{
    struct builder out;
    int descriptor = -1;
    (void)state;
    write_file("file", "hello world");
    builder_init(&out, 64);
    assert_int_equal(os_stream_open(in_root("none"), &descriptor), RESULT_NOT_FOUND);
    assert_int_equal(os_stream_open(in_root("file"), &descriptor), RESULT_OK);
    assert_int_equal(os_stream_read(descriptor, 5, &out), RESULT_OK);
    assert_true(view_equal(builder_view(&out), VIEW("hello")));
    assert_int_equal(os_stream_read(descriptor, 50, &out), RESULT_OK);
    assert_true(view_equal(builder_view(&out), VIEW("hello world")));
    assert_int_equal(os_stream_read(descriptor, 50, &out), RESULT_OK);
    assert_int_equal(out.size, 11);
    assert_int_equal(os_stream_read(descriptor, 64, &out), RESULT_NO_MEMORY);
    os_stream_close(descriptor);
    builder_done(&out);
}

int test_tree(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_folder_tells_what_is_in_it, folder_begin, folder_end),
        cmocka_unit_test_setup_teardown(a_tree_is_removed_and_nothing_beside_it, folder_begin, folder_end),
        cmocka_unit_test_setup_teardown(a_file_is_read_in_parts_and_grows_at_its_end, folder_begin, folder_end),
        cmocka_unit_test_setup_teardown(a_copy_is_whole_private_and_replaces_nothing, folder_begin, folder_end),
        cmocka_unit_test_setup_teardown(a_stream_gives_the_bytes_one_after_the_other, folder_begin, folder_end),
        cmocka_unit_test_setup_teardown(a_name_is_taken_over_only_where_that_is_wanted, folder_begin, folder_end),
    };
    return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
