/* SPDX-License-Identifier: MIT */
/* What a hostile host can do to a terminal: nothing but colour its own lines. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "sink/safe_text.h"

static void expect_in(bool is_utf8, const char *data, size_t size, const char *wanted)
{
    struct buf b;
    buf_init(&b, SAFE_TEXT_MAX(size));
    safe_text_add(&b, data, size, is_utf8);
    cr_assert_not(b.failed, "SAFE_TEXT_MAX is too small");
    cr_assert_str_eq(buf_str(&b), wanted, "got: %s", buf_str(&b));
    buf_release(&b);
}

#define EXPECT(data, wanted) expect_in(true, data, sizeof(data) - 1, wanted)

Test(safe_text, passes_text)
{
    EXPECT("", "");
    EXPECT("load\t0.10 \\x1b ~\n", "load\t0.10 \\x1b ~\n");
    EXPECT("gr\xc3\xbc\xc3\x9f\xe2\x82\xac \xf0\x9f\x98\x80\n",
           "gr\xc3\xbc\xc3\x9f\xe2\x82\xac \xf0\x9f\x98\x80\n");
}

Test(safe_text, colour_passes_and_ends_with_its_line)
{
    EXPECT("\x1b[1;31mred\x1b[0m\n", "\x1b[1;31mred\x1b[0m\n");
    EXPECT("\x1b[38:5:196mred\nplain\n", "\x1b[38:5:196mred\x1b[0m\nplain\n");
    EXPECT("\x1b[32mgreen", "\x1b[32mgreen\x1b[0m");
    EXPECT("\x1b[32ma\x1b[mb\n", "\x1b[32ma\x1b[mb\n");
    EXPECT("\x1b[1m\x1b[10mb\n", "\x1b[1m\x1b[10mb\x1b[0m\n");
}

Test(safe_text, every_other_sequence_is_shown)
{
    EXPECT("\x1b[2J\x1b[H", "\\x1b[2J\\x1b[H");
    EXPECT("\x1b]0;title\x07", "\\x1b]0;title\\x07");
    EXPECT("\x1b]52;c;cm0gLXJmIC8=\x1b\\", "\\x1b]52;c;cm0gLXJmIC8=\\x1b\\");
    EXPECT("\x1bP$q\x1b\\", "\\x1bP$q\\x1b\\");
    EXPECT("\x1b[?1049h", "\\x1b[?1049h");
    EXPECT("\x1b[3\x1b[31mx", "\\x1b[3\x1b[31mx\x1b[0m");
    EXPECT("\x1b[", "\\x1b[");
    EXPECT("\x1b", "\\x1b");
    EXPECT("\x1b[1\0m", "\\x1b[1\\x00m");
    EXPECT("a\x08\x0b\x0c\x7f\0z", "a\\x08\\x0b\\x0c\\x7f\\x00z");
}

Test(safe_text, an_endless_parameter_list_is_no_colour)
{
    char data[200] = "\x1b[", wanted[200] = "\\x1b[";
    memset(data + 2, '1', 100);
    memset(wanted + 5, '1', 100);
    data[102] = wanted[105] = 'm';
    expect_in(true, data, 103, wanted);
}

Test(safe_text, a_return_cannot_overwrite_the_label)
{
    EXPECT("10%\r20%\rdb01: all good\n", "10%\\x0d20%\\x0ddb01: all good\n");
    EXPECT("dos\r\nlines\r\n", "dos\nlines\n");
    EXPECT("\r\r\n", "\\x0d\n");
    EXPECT("end\r", "end\\x0d");
}

Test(safe_text, c1_and_bidirectional_overrides_are_shown)
{
    EXPECT("\xc2\x9b"
           "2J",
           "\\xc2\\x9b2J");
    EXPECT("\xc2\x85\xc2\xa0", "\\xc2\\x85\xc2\xa0");
    EXPECT("\xe2\x80\xae"
           "txt.exe",
           "\\xe2\\x80\\xaetxt.exe");
    EXPECT("\xe2\x81\xa6", "\\xe2\\x81\\xa6");
    EXPECT("\xe2\x80\x8f", "\xe2\x80\x8f");
}

Test(safe_text, what_is_not_utf8_is_shown)
{
    EXPECT("\x9b"
           "2J",
           "\\x9b2J");
    EXPECT("\xff\xfe\xc3", "\\xff\\xfe\\xc3");
    EXPECT("\xc0\x9b\xed\xa0\x80", "\\xc0\\x9b\\xed\\xa0\\x80");
    EXPECT("\xe2\x82", "\\xe2\\x82");
}

Test(safe_text, elsewhere_only_ascii_passes)
{
    expect_in(false, "\xc3\x9b", 2, "\\xc3\\x9b");
    expect_in(false, "gr\xfc\xdf\n", 5, "gr\\xfc\\xdf\n");
}

Test(safe_text, a_message_stays_on_its_line)
{
    struct buf b;
    buf_init(&b, 100);
    safe_text_add_line(&b, "a\nb\r\nc", 6, true);
    cr_assert_str_eq(buf_str(&b), "a b c");
    buf_release(&b);
}

/* Random bytes: what comes out is UTF-8 text, and every ESC in it begins a colour. */
Test(safe_text, nothing_gets_through)
{
    static const char dangerous[] = "\x1b\x1b\x1b[[[m;0:9J]\r\n\x07\x9b\xc2\x80\xe2\x80\xae";
    srand(3);
    for (int round = 0; round < 50000; round++) {
        char data[24];
        size_t size = (size_t)rand() % sizeof data;
        for (size_t i = 0; i < size; i++)
            data[i] = (char)(rand() % 4 ? dangerous[(size_t)rand() % (sizeof dangerous - 1)]
                                        : rand() % 256);
        struct buf b;
        buf_init(&b, SAFE_TEXT_MAX(size));
        safe_text_add(&b, data, size, true);
        cr_assert_not(b.failed);
        const char *text = buf_str(&b);
        cr_assert_eq(utf8_valid_prefix(text, b.size), b.size);
        for (size_t i = 0; i < b.size; i++) {
            unsigned char c = (unsigned char)text[i];
            if (c == 0x1b) {
                size_t end = i + 2 + strspn(text + i + 2, "0123456789;:");
                cr_assert(text[i + 1] == '[' && text[end] == 'm', "round %d", round);
            } else {
                cr_assert(c == '\n' || c == '\t' || (c >= 0x20 && c != 0x7f), "round %d", round);
                cr_assert_not(c == 0xc2 && (unsigned char)text[i + 1] < 0xa0);
            }
        }
        buf_release(&b);
    }
}
