/* SPDX-License-Identifier: Apache-2.0 */
#include "os/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os_test.h"

/* Each test has a folder of its own, removed with what is in it. */
static char root[64];
static char path[128];

static const char *in_root(const char *name)
{
    (void)snprintf(path, sizeof(path), "%s/%s", root, name);
    return path;
}

static int folder_begin(void **state)
{
    (void)state;
    (void)snprintf(root, sizeof(root), "/tmp/natter-test-XXXXXX");
    return mkdtemp(root) != NULL ? 0 : -1;
}

static void remove_all(const char *folder)
{
    DIR *entries = opendir(folder);
    if (entries == NULL)
        return;
    (void)chmod(folder, 0700);
    for (const struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        char inner[512];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        (void)snprintf(inner, sizeof(inner), "%s/%s", folder, entry->d_name);
        if (unlink(inner) != 0)
            remove_all(inner);
    }
    (void)closedir(entries);
    (void)rmdir(folder);
}

static int folder_end(void **state)
{
    (void)state;
    remove_all(root);
    return 0;
}

static unsigned mode_of(const char *name)
{
    struct stat status;
    assert_int_equal(stat(name, &status), 0);
    return status.st_mode & 0777;
}

static void a_folder_is_made_with_its_parents(void **state)
{
    (void)state;
    assert_int_equal(os_folder_make(in_root("a/b//c/")), RESULT_OK);
    assert_int_equal(os_folder_make(in_root("a/b/c")), RESULT_OK);
    assert_int_equal(mode_of(in_root("a")), 0700);
    assert_int_equal(mode_of(in_root("a/b/c")), 0700);
    assert_int_equal(os_folder_make("/"), RESULT_OK);
    assert_int_equal(os_folder_make(""), RESULT_FAILED);
    assert_int_equal(os_file_write_new(in_root("file"), VIEW("x")), RESULT_OK);
    assert_int_equal(os_folder_make(in_root("file")), RESULT_FAILED);
    assert_int_equal(os_folder_make(in_root("file/below")), RESULT_FAILED);
    assert_int_not_equal(os_folder_make("/proc/natter"), RESULT_OK);
}

static void a_new_file_is_private_and_read_back_whole(void **state)
{
    (void)state;
    struct builder content;
    builder_init(&content, 100000);
    for (int index = 0; index < 100000; index++)
        builder_add_byte(&content, (uint8_t)(index * 7));
    assert_false(os_file_exists(in_root("file")));
    assert_int_equal(os_file_write_new(in_root("file"), builder_view(&content)), RESULT_OK);
    assert_true(os_file_exists(in_root("file")));
    assert_false(os_file_exists(in_root("file.new")));
    assert_int_equal(mode_of(in_root("file")), 0600);
    assert_int_equal(os_file_check_private(in_root("file")), RESULT_OK);

    struct builder read;
    builder_init(&read, 100000);
    assert_int_equal(os_file_read(in_root("file"), &read), RESULT_OK);
    assert_true(view_equal(builder_view(&read), builder_view(&content)));
    builder_done(&read);
    builder_init(&read, 99999);
    assert_int_equal(os_file_read(in_root("file"), &read), RESULT_FULL);
    builder_done(&read);
    builder_done(&content);
}

static void a_file_that_is_there_is_never_replaced(void **state)
{
    (void)state;
    struct builder read;
    builder_init(&read, 100);
    assert_int_equal(os_file_write_new(in_root("file"), VIEW("old")), RESULT_OK);
    assert_int_equal(os_file_write_new(in_root("file"), VIEW("new")), RESULT_EXISTS);
    assert_int_equal(os_file_read(in_root("file"), &read), RESULT_OK);
    assert_true(view_equal(builder_view(&read), VIEW("old")));
    builder_done(&read);
    assert_int_equal(os_file_write_new(in_root("empty"), view_of(NULL, 0)), RESULT_OK);
    assert_true(os_file_exists(in_root("empty")));
}

static void what_a_crash_left_is_written_anew(void **state)
{
    (void)state;
    int descriptor = open(in_root("file.new"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, "half", 4), 4);
    (void)close(descriptor);
    assert_int_equal(os_file_write_new(in_root("file"), VIEW("whole")), RESULT_OK);
    assert_int_equal(mode_of(in_root("file")), 0600);
    assert_false(os_file_exists(in_root("file.new")));
}

static void what_cannot_be_read_or_written_is_told(void **state)
{
    (void)state;
    struct builder read;
    builder_init(&read, 100);
    assert_int_equal(os_file_read(in_root("missing"), &read), RESULT_NOT_FOUND);
    assert_int_equal(os_file_read(in_root(""), &read), RESULT_FAILED); /* a folder */
    assert_int_equal(os_file_write_new(in_root("missing/file"), VIEW("x")), RESULT_NOT_FOUND);
    assert_int_equal(os_file_check_private(in_root("missing")), RESULT_NOT_FOUND);
    assert_int_equal(os_file_write_new(in_root("file"), VIEW("x")), RESULT_OK);
    assert_int_equal(chmod(in_root("file"), 0640), 0);
    assert_int_equal(os_file_check_private(in_root("file")), RESULT_REFUSED);
    assert_int_equal(chmod(in_root("file"), 0), 0);
    if (geteuid() != 0)
        assert_int_equal(os_file_read(in_root("file"), &read), RESULT_REFUSED);
    builder_done(&read);
}

static void a_pipe_in_a_files_place_holds_nobody(void **state)
{
    (void)state;
    struct builder read;
    builder_init(&read, 100);
    assert_int_equal(mkfifo(in_root("pipe"), 0600), 0);
    assert_int_equal(os_file_read(in_root("pipe"), &read), RESULT_OK);
    assert_int_equal(read.size, 0);
    builder_done(&read);
}

static void a_folder_is_locked_by_one_at_a_time(void **state)
{
    (void)state;
    int first;
    int second = -2;
    int pid = 0;
    assert_int_equal(os_lock_take(root, &first, &pid), RESULT_OK);
    assert_int_equal(os_lock_take(root, &second, &pid), RESULT_EXISTS);
    assert_int_equal(pid, getpid());
    assert_int_equal(second, -2);
    os_lock_release(first);
    assert_int_equal(os_lock_take(root, &first, &pid), RESULT_OK);
    os_lock_release(first);
    assert_int_equal(os_lock_take(in_root("missing"), &first, &pid), RESULT_FAILED);
}

static void a_lock_ends_with_its_process(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int descriptor;
        int pid;
        _exit(os_lock_take(root, &descriptor, &pid) == RESULT_OK ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    int descriptor;
    int pid;
    assert_int_equal(os_lock_take(root, &descriptor, &pid), RESULT_OK);
    os_lock_release(descriptor);
}

static void a_lock_with_an_unreadable_pid_says_unknown(void **state)
{
    (void)state;
    int first;
    int second;
    int pid = 99;
    assert_int_equal(os_lock_take(root, &first, &pid), RESULT_OK);
    assert_int_equal(pwrite(first, "abc", 3, 0), 3);
    assert_int_equal(os_lock_take(root, &second, &pid), RESULT_EXISTS);
    assert_int_equal(pid, 0);
    os_lock_release(first);
}

/* A child prints more than a pipe holds, through a non-blocking end. */
static void printing_goes_on_until_all_is_out(void **state)
{
    (void)state;
    enum { SIZE = 300000 };
    int ends[2];
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        static char bytes[SIZE];
        (void)close(ends[0]);
        os_print(ends[1], view_of(bytes, sizeof(bytes)));
        _exit(0);
    }
    (void)close(ends[1]);
    size_t size = 0;
    for (ssize_t got = 1; got > 0; size += (size_t)got) {
        char bytes[5000];
        wait_readable(ends[0]);
        got = read(ends[0], bytes, sizeof(bytes));
        assert_true(got >= 0);
    }
    assert_int_equal(size, SIZE);
    (void)close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    os_print(-1, VIEW("to nobody"));
}

static void free_space_is_known_where_there_is_a_disk(void **state)
{
    (void)state;
    assert_true(os_disk_free_bytes(root) > 0);
    assert_int_equal(os_disk_free_bytes(in_root("missing")), 0);
}

static void the_disk_says_how_long_it_takes_and_keeps_nothing(void **state)
{
    uint64_t taken_ns = 0;

    (void)state;
    assert_int_equal(os_file_sync_time(root, &taken_ns), RESULT_OK);
    assert_true(taken_ns > 0);
    assert_int_equal(os_file_sync_time(in_root("missing"), &taken_ns), RESULT_NOT_FOUND);
    assert_int_equal(rmdir(root), 0); /* nothing was left in it */
    assert_int_equal(mkdir(root, 0700), 0);
}

int test_file(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_folder_is_made_with_its_parents, folder_begin, folder_end),
        cmocka_unit_test_setup_teardown(a_new_file_is_private_and_read_back_whole, folder_begin, folder_end),
        cmocka_unit_test_setup_teardown(a_file_that_is_there_is_never_replaced, folder_begin, folder_end),
        cmocka_unit_test_setup_teardown(what_a_crash_left_is_written_anew, folder_begin, folder_end),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_or_written_is_told, folder_begin, folder_end),
        cmocka_unit_test_setup_teardown(a_pipe_in_a_files_place_holds_nobody, folder_begin, folder_end),
        cmocka_unit_test_setup_teardown(a_folder_is_locked_by_one_at_a_time, folder_begin, folder_end),
        cmocka_unit_test_setup_teardown(a_lock_ends_with_its_process, folder_begin, folder_end),
        cmocka_unit_test_setup_teardown(a_lock_with_an_unreadable_pid_says_unknown, folder_begin, folder_end),
        cmocka_unit_test_setup_teardown(printing_goes_on_until_all_is_out, folder_begin, folder_end),
        cmocka_unit_test_setup_teardown(the_disk_says_how_long_it_takes_and_keeps_nothing, folder_begin, folder_end),
        cmocka_unit_test_setup_teardown(free_space_is_known_where_there_is_a_disk, folder_begin, folder_end),
    };
    return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
