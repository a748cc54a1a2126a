/* SPDX-License-Identifier: MIT */
/* utf8: RFC 3629 and nothing more. */
#include <criterion/criterion.h>

#include <string.h>

#include "base/utf8.h"

static int decode(const char *data, uint32_t *c)
{
    *c = 0xdead;
    return utf8_decode(data, strlen(data), c);
}

Test(utf8, decodes_each_length_at_its_limits)
{
    static const struct {
        const char *text;
        int length;
        uint32_t c;
    } rows[] = {
        { "A", 1, 'A' },
        { "\x7f", 1, 0x7f },
        { "\xc2\x80", 2, 0x80 },
        { "\xdf\xbf", 2, 0x7ff },
        { "\xe0\xa0\x80", 3, 0x800 },
        { "\xed\x9f\xbf", 3, 0xd7ff },
        { "\xee\x80\x80", 3, 0xe000 },
        { "\xef\xbf\xbf", 3, 0xffff },
        { "\xf0\x90\x80\x80", 4, 0x10000 },
        { "\xf4\x8f\xbf\xbf", 4, 0x10ffff },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t c;
        cr_assert_eq(decode(rows[i].text, &c), rows[i].length, "row %zu", i);
        cr_assert_eq(c, rows[i].c, "row %zu: %x", i, (unsigned)c);
        cr_assert_eq(utf8_valid_prefix(rows[i].text, strlen(rows[i].text)), strlen(rows[i].text));
    }
}

Test(utf8, refuses_what_is_not_utf8)
{
    static const char *const bad[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc2\x41",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xe1\x80\x41",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xfe",
        "\xff",
        "\xc2\xff",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint32_t c;
        cr_assert_eq(decode(bad[i], &c), 0, "row %zu", i);
        cr_assert_eq(c, 0xdead, "row %zu set a character", i);
        cr_assert_eq(utf8_valid_prefix(bad[i], strlen(bad[i])), 0);
    }
}

Test(utf8, tells_a_cut_character_from_a_wrong_one)
{
    uint32_t c;
    cr_assert_eq(decode("\xe2\x82", &c), -1);
    cr_assert_eq(decode("\xf0", &c), -1);
    cr_assert_eq(decode("\xf0\x90\x80", &c), -1);
    cr_assert_eq(decode("\xe0\x80", &c), 0, "no third byte can save this one");
    cr_assert_eq(decode("\xf4\x90", &c), 0);
}

Test(utf8, agrees_with_an_encoder_on_every_character)
{
    for (uint32_t n = 0; n < 0x110000; n++) {
        unsigned char text[4];
        size_t size;
        if (n < 0x80) {
            size = 1;
            text[0] = (unsigned char)n;
        } else if (n < 0x800) {
            size = 2;
            text[0] = (unsigned char)(0xc0 | n >> 6);
        } else if (n < 0x10000) {
            size = 3;
            text[0] = (unsigned char)(0xe0 | n >> 12);
        } else {
            size = 4;
            text[0] = (unsigned char)(0xf0 | n >> 18);
        }
        for (size_t i = 1; i < size; i++)
            text[i] = (unsigned char)(0x80 | (n >> 6 * (size - 1 - i) & 0x3f));
        uint32_t c = 0;
        int length = utf8_decode((const char *)text, size, &c);
        bool surrogate = n >= 0xd800 && n <= 0xdfff;
        if (surrogate ? length != 0 : length != (int)size || c != n)
            cr_assert_fail("U+%04X: length %d, decoded %x", (unsigned)n, length, (unsigned)c);
    }
}

Test(utf8, finds_the_valid_prefix)
{
    cr_assert_eq(utf8_valid_prefix("", 0), 0);
    cr_assert_eq(utf8_valid_prefix("ab\xc3\xa4\xff"
                                   "cd",
                                   7),
                 4);
    cr_assert_eq(utf8_valid_prefix("ab\xe2\x82", 4), 2, "a cut character is not counted");
    cr_assert_eq(utf8_valid_prefix("a\0b", 3), 3);
}

Test(utf8, cuts_between_characters)
{
    cr_assert_eq(utf8_cut("", 0), 0);
    cr_assert_eq(utf8_cut("ab", 2), 2);
    cr_assert_eq(utf8_cut("a\xc3", 2), 1);
    cr_assert_eq(utf8_cut("\xc3\xa4", 2), 2);
    cr_assert_eq(utf8_cut("\xe2\x82\xac", 2), 0);
    cr_assert_eq(utf8_cut("x\xf0\x9f\x98\x80", 4), 1);
    cr_assert_eq(utf8_cut("x\xf0\x9f\x98\x80", 5), 5);
    cr_assert_eq(utf8_cut("x\x80\x80\x80\x80", 5), 5, "no character at all");
    cr_assert_eq(utf8_cut("x\xff", 2), 2);
}

Test(utf8, finds_control_characters)
{
    cr_assert_not(utf8_has_controls("a b \xc3\xa4 \xc2\xa0 \xe2\x80\xa8"));
    cr_assert(utf8_has_controls("a\n"));
    cr_assert(utf8_has_controls("\x1b"));
    cr_assert(utf8_has_controls("x\x7f"));
    cr_assert(utf8_has_controls("\xc2\x9b"));
    cr_assert_not(utf8_has_controls("\xc2"), "a cut character is none");
}
