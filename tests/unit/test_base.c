/* SPDX-License-Identifier: MIT */
/* The small things everything stands on: buf, arena, list, error, status, clock, digest, sizes. */
#include <criterion/criterion.h>

#include <string.h>

#include "base/arena.h"
#include "base/base64.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/list.h"
#include "base/random_hex.h"
#include "base/size_text.h"

Test(buf, appends_whole_or_not_at_all)
{
    struct buf b;
    buf_init(&b, 10);
    cr_assert(buf_add_str(&b, "12345"));
    cr_assert(buf_addf(&b, "%d", 67890));
    cr_assert_str_eq(buf_str(&b), "1234567890");
    cr_assert_not(buf_add_char(&b, 'x'));
    cr_assert(b.failed);
    cr_assert_eq(b.size, 10);
    cr_assert_not(buf_add(&b, "", 0), "failure is sticky");
    buf_clear(&b);
    cr_assert(buf_add_str(&b, "again"));
    buf_consume(&b, 2);
    cr_assert_str_eq(buf_str(&b), "ain");
    buf_release(&b);
    cr_assert_str_eq(buf_str(&b), "");
}

Test(buf, detach_hands_over)
{
    struct buf b;
    buf_init(&b, 100);
    char *empty = buf_detach(&b);
    cr_assert_str_eq(empty, "");
    free(empty);
    buf_add_repeat(&b, 'z', 3);
    char *text = buf_detach(&b);
    cr_assert_str_eq(text, "zzz");
    free(text);
    cr_assert_eq(b.size, 0);
}

Test(arena, aligns_zeroes_and_keeps)
{
    struct arena *a = arena_new();
    for (size_t i = 1; i < 5000; i += 7) {
        char *p = arena_alloc(a, i);
        cr_assert_eq((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t k = 0; k < i; k++)
            cr_assert_eq(p[k], 0);
        memset(p, 0xff, i);
    }
    char *big = arena_alloc(a, 1 << 20);
    cr_assert_eq(big[(1 << 20) - 1], 0);
    cr_assert_str_eq(arena_printf(a, "%s-%d", "n", 4), "n-4");
    arena_free(a);
}

Test(list, keeps_order_and_bears_removal)
{
    struct item {
        int n;
        struct list link;
    } items[4] = { { .n = 0 }, { .n = 1 }, { .n = 2 }, { .n = 3 } };
    struct list head, other;
    list_init(&head);
    list_init(&other);
    for (int i = 0; i < 4; i++)
        list_append(i < 2 ? &head : &other, &items[i].link);
    list_splice(&head, &other);
    cr_assert(list_is_empty(&other));
    int seen = 0;
    list_for_each(it, tmp, &head)
    {
        struct item *item = list_entry(it, struct item, link);
        cr_assert_eq(item->n, seen++);
        if (item->n == 1)
            list_remove(it);
    }
    cr_assert_eq(seen, 4);
    list_remove(&items[1].link);
    cr_assert_eq(list_entry(list_pop(&head), struct item, link)->n, 0);
    cr_assert_eq(list_entry(list_pop(&head), struct item, link)->n, 2);
}

Test(list, prepend_comes_first)
{
    struct list head, a, b, c, other;
    list_init(&head);
    list_prepend(&head, &a);
    list_prepend(&head, &b);
    list_append(&head, &c);
    list_init(&other);
    list_splice(&other, &head);
    cr_assert_eq(list_pop(&other), &b);
    cr_assert_eq(list_pop(&other), &a);
    cr_assert_eq(list_pop(&other), &c);
    cr_assert(list_is_empty(&other));
    list_prepend(&other, &c);
    cr_assert_eq(other.prev, &c);
    cr_assert_eq(c.prev, &other);
}

Test(error, prefixes_moves_and_names_every_code)
{
    struct error a = ERROR_INIT, b = ERROR_INIT;
    cr_assert_not(error_set(&a, ERR_DNS, "no such host %s", "x"));
    error_prefix(&a, "web%02d", 1);
    error_move(&b, &a);
    cr_assert_not(error_is_set(&a));
    cr_assert_str_eq(error_text(&b), "web01: no such host x");
    error_release(&b);
    for (int i = 0; i < ERROR_CODE_COUNT; i++) {
        enum error_code code = (enum error_code)i;
        cr_assert_not_null(error_word(code), "code %d has no row", i);
        cr_assert_eq(error_from_word(error_word(code)), code, "word %s is not unique",
                     error_word(code));
    }
}

Test(status, words_are_unique_and_found)
{
    for (int i = 0; i < STATUS_COUNT; i++) {
        enum host_status found;
        cr_assert(status_from_word(status_word((enum host_status)i), &found));
        cr_assert_eq((int)found, i);
    }
    enum host_status none;
    cr_assert_not(status_from_word("fine", &none));
}

Test(clock, prints_rfc3339_utc)
{
    char text[CLOCK_RFC3339_SIZE];
    clock_rfc3339(INT64_C(1700000000123456), text);
    cr_assert_str_eq(text, "2023-11-14T22:13:20.123Z");
}

Test(clock, reads_rfc3339_back)
{
    int64_t us = 0;
    cr_assert(clock_from_rfc3339("2023-11-14T22:13:20.123Z", &us));
    cr_assert_eq(us, INT64_C(1700000000123000));
    cr_assert(clock_from_rfc3339("2023-11-14T22:13:20Z", &us));
    cr_assert_eq(us, INT64_C(1700000000000000));
    static const char *const bad[] = { "",
                                       "2023-11-14",
                                       "2023-11-14T22:13:20",
                                       "x",
                                       "2023-11-14T22:13:20+01:00",
                                       "2023-13-14T22:13:20Z",
                                       "2023-11-14T22:13:20.5Zz" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_not(clock_from_rfc3339(bad[i], &us), "%s", bad[i]);
}

Test(size_text, reads_well)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } rows[] = { { 0, "0B" },
                 { 999, "999B" },
                 { 1000, "1.0K" },
                 { 1024, "1.0K" },
                 { 10188, "9.9K" },
                 { 10189, "10K" },
                 { 1023487, "999K" },
                 { 1023488, "1.0M" },
                 { UINT64_C(1288490189), "1.2G" },
                 { UINT64_C(5) << 40, "5.0T" },
                 { UINT64_MAX, "16E" } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[SIZE_TEXT_SIZE];
        size_text(rows[i].bytes, text);
        cr_expect_str_eq(text, rows[i].text, "%s", text);
    }
}

Test(base64, decodes_what_an_encoder_writes_and_nothing_else)
{
    static const struct {
        const char *text;
        const char *bytes;
    } good[] = { { "", "" },        { "Zg==", "f" },         { "Zm8=", "fo" },
                 { "Zm9v", "foo" }, { "Zm9vYmE=", "fooba" }, { "/+/+", "\xff\xef\xfe" } };
    static const char *const bad[] = { "Z",    "Zg",   "Zg=",   "Zm9",  "Zh==", "Zm9=",    "====",
                                       "Z===", "Zg=a", "Zm 9v", "-_-_", "=m9v", "Zg==Zg==" };
    struct buf b;
    buf_init(&b, 100);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        buf_clear(&b);
        cr_assert(base64_decode(&b, good[i].text, strlen(good[i].text)), "%s", good[i].text);
        cr_assert_str_eq(buf_str(&b), good[i].bytes);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        buf_clear(&b);
        cr_assert_not(base64_decode(&b, bad[i], strlen(bad[i])), "%s", bad[i]);
        cr_assert_eq(b.size, 0);
    }
    buf_release(&b);
}

Test(digest, is_the_same_in_pieces_as_at_once)
{
    /* FIPS 180-4's example of two blocks, and of no data at all. */
    static const char text[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    unsigned char digest[SHA256_SIZE], whole[SHA256_SIZE];
    char shown[SHA256_TEXT_SIZE];
    for (size_t step = 1; step < sizeof text; step += 11) {
        struct sha256 *s = sha256_new();
        for (size_t at = 0; at < sizeof text - 1; at += step) {
            size_t rest = sizeof text - 1 - at;
            sha256_add(s, text + at, rest < step ? rest : step);
        }
        sha256_finish(s, digest);
        sha256_free(s);
        digest_sha256_text(digest, shown);
        cr_assert_str_eq(shown,
                         "sha256:248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    }
    struct sha256 *none = sha256_new();
    sha256_finish(none, digest);
    sha256_free(none);
    digest_sha256("", 0, whole);
    cr_assert_arr_eq(digest, whole, SHA256_SIZE);
    sha256_free(NULL);
}

Test(random_hex, digits_that_differ)
{
    char one[33], other[33];
    random_hex(one, 16);
    random_hex(other, 16);
    cr_assert_eq(strlen(one), 32);
    cr_assert_eq(strspn(one, "0123456789abcdef"), 32, "%s", one);
    cr_assert_str_neq(one, other);
}
