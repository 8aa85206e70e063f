/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

#include <string.h>

#include "base_test.h"

/* RFC 4648 section 10, and the digits in which the alphabets differ. */
static const struct {
    const char *bytes, *padded, *url;
} vectors[] = {
    {"", "", ""},
    {"f", "Zg==", "Zg"},
    {"fo", "Zm8=", "Zm8"},
    {"foo", "Zm9v", "Zm9v"},
    {"foob", "Zm9vYg==", "Zm9vYg"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
    {"\xfb\xff\xbf", "+/+/", "-_-_"},
};

static void known_texts_are_written_and_read(void **state)
{
    (void)state;
    for (size_t index = 0; index < COUNT(vectors); index++) {
        struct view bytes = view_of_string(vectors[index].bytes);
        char text[16];
        uint8_t read[16];
        base64_encode(BASE64_PADDED, bytes, text);
        assert_string_equal(text, vectors[index].padded);
        assert_int_equal(strlen(text), base64_size(BASE64_PADDED, bytes.size));
        assert_true(base64_decode(BASE64_PADDED, view_of_string(text), read, bytes.size));
        assert_memory_equal(read, bytes.at, bytes.size);
        base64_encode(BASE64_URL, bytes, text);
        assert_string_equal(text, vectors[index].url);
        assert_int_equal(strlen(text), base64_size(BASE64_URL, bytes.size));
        assert_true(base64_decode(BASE64_URL, view_of_string(text), read, bytes.size));
        assert_memory_equal(read, bytes.at, bytes.size);
    }
}

static void other_texts_of_a_value_are_refused(void **state)
{
    static const struct {
        enum base64_variant variant;
        const char *text;
        size_t size;
    } cases[] = {
        {BASE64_PADDED, "Zh==", 1},                            /* bits behind the byte */
        {BASE64_PADDED, "Zm9=", 2},  {BASE64_PADDED, "Zg", 1}, /* no padding */
        {BASE64_PADDED, "Zg=", 1},   {BASE64_PADDED, "Zg=A", 1}, {BASE64_PADDED, "====", 1},
        {BASE64_PADDED, "Zm9v", 2}, /* another size */
        {BASE64_PADDED, "-_-_", 3}, /* the other alphabet */
        {BASE64_PADDED, "Zm9\n", 3}, {BASE64_PADDED, "Z m9", 3}, {BASE64_PADDED, "Zm\xaf\xaf", 3}, /* not ASCII */
        {BASE64_URL, "Zg==", 1},     {BASE64_URL, "Zh", 1},      {BASE64_URL, "+/+/", 3},
        {BASE64_URL, "", 1},
    };
    (void)state;
    for (size_t index = 0; index < COUNT(cases); index++) {
        uint8_t read[16];
        assert_false(base64_decode(cases[index].variant, view_of_string(cases[index].text), read, cases[index].size));
    }
}

/* Of all texts of four characters with one of them changed, only that of the value is read as it. */
static void each_value_has_one_text(void **state)
{
    (void)state;
    for (int place = 0; place < 4; place++) {
        int accepted = 0;
        for (int character = 0; character < 256; character++) {
            uint8_t text[4] = {'Z', 'g', '=', '='}, read;
            text[place] = (uint8_t)character;
            accepted += base64_decode(BASE64_PADDED, view_of(text, sizeof text), &read, 1) && read == 'f';
        }
        assert_int_equal(accepted, 1);
    }
}

int test_base64(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_texts_are_written_and_read),
        cmocka_unit_test(other_texts_of_a_value_are_refused),
        cmocka_unit_test(each_value_has_one_text),
    };
    return cmocka_run_group_tests_name("base/base64", tests, NULL, NULL);
}
