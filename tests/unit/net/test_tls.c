/* SPDX-License-Identifier: Apache-2.0 */
#include "net/tls.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tls_client.h"

int test_tls(void);

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0600), 0);
}

static void assert_refused(struct tls_pair_files pair, const char *part)
{
    struct tls_options options = {.pairs = {pair}, .pair_count = 1};
    struct builder fault;
    struct tls *tls;

    builder_init(&fault, 1024);
    assert_int_equal(tls_new(&options, &tls, &fault), RESULT_INVALID);
    builder_add_byte(&fault, 0);
    if (!strstr((const char *)fault.at, part))
        fail_msg("\"%s\" does not say \"%s\"", fault.at, part);
    builder_done(&fault);
}

static void what_is_wrong_with_files_is_said(void **state)
{
    struct tls_folder folder;

    (void)state;
    tls_folder_init(&folder);
    tls_folder_make(&folder, "a.example");
    tls_folder_make(&folder, "b.example");
    struct tls_pair_files a = tls_folder_pair(&folder, "a.example"), b = tls_folder_pair(&folder, "b.example");
    struct tls_pair_files none = tls_folder_pair(&folder, "none");
    assert_refused((struct tls_pair_files){none.certificate, a.key}, "is not there");
    assert_refused((struct tls_pair_files){a.certificate, none.key}, "is not there");
    assert_refused((struct tls_pair_files){a.certificate, b.key}, "is not the key of the certificate");
    assert_refused((struct tls_pair_files){a.key, a.key}, "holds no certificate");
    assert_refused((struct tls_pair_files){a.certificate, a.certificate}, "others than its owner");
    write_file(none.key, "nonsense");
    assert_refused((struct tls_pair_files){a.certificate, none.key}, "holds no private key");
    assert_refused((struct tls_pair_files){none.key, a.key}, "holds no certificate");
    assert_int_equal(chmod(a.key, 0640), 0);
    assert_refused(a, "chmod 600");
    tls_folder_done(&folder);
}

static void each_name_has_its_certificate_and_any_other_the_first(void **state)
{
    static const char *const names[] = {"a.example", "*.b.example"};
    struct tls_folder folder;

    (void)state;
    tls_folder_init(&folder);
    tls_folder_make(&folder, names[0]);
    tls_folder_make(&folder, names[1]);
    struct tls *tls = tls_folder_load(&folder, names, 2);
    SSL_CTX *first = tls_context(tls);
    assert_ptr_equal(tls_context_for(tls, "a.example"), first);
    assert_ptr_equal(tls_context_for(tls, "A.EXAMPLE"), first);
    assert_ptr_not_equal(tls_context_for(tls, "x.b.example"), first);
    assert_ptr_equal(tls_context_for(tls, "x.y.b.example"), first);
    assert_ptr_equal(tls_context_for(tls, "c.example"), first);
    struct builder text;
    builder_init(&text, 1024);
    tls_describe(tls, &text);
    builder_add_byte(&text, 0);
    assert_non_null(strstr((const char *)text.at, "a.example until 20"));
    builder_done(&text);
    assert_ptr_equal(tls_ref(tls), tls);
    tls_unref(tls);
    tls_unref(tls);
    tls_folder_done(&folder);
}

static void a_key_for_tickets_is_forgotten_in_time(void **state)
{
    struct tls_tickets tickets = {0};
    struct tls_ticket_key first;

    (void)state;
    tls_tickets_rotate(&tickets);
    first = tickets.keys[0];
    for (int i = 1; i < TLS_TICKET_KEYS; i++) {
        tls_tickets_rotate(&tickets);
        assert_memory_equal(&tickets.keys[i], &first, sizeof first);
        assert_memory_not_equal(&tickets.keys[0], &first, sizeof first);
    }
    tls_tickets_rotate(&tickets);
    for (int i = 0; i < TLS_TICKET_KEYS; i++)
        assert_memory_not_equal(&tickets.keys[i], &first, sizeof first);
}

int test_tls(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong_with_files_is_said),
        cmocka_unit_test(each_name_has_its_certificate_and_any_other_the_first),
        cmocka_unit_test(a_key_for_tickets_is_forgotten_in_time),
    };

    return cmocka_run_group_tests_name("tls", tests, NULL, NULL);
}
