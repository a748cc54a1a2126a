/* SPDX-License-Identifier: MIT */
/* pattern, range, fold: what expressions stand for, how they fail, and that folding is exact. */
#include <criterion/criterion.h>

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "model/fold.h"
#include "model/pattern.h"

static const char *const known[] = { "web01", "web02", "web03", "db1", "db2", "cache" };

static bool find_group(void *arg, const char *name, struct name_set *ret, struct error *err)
{
    (void)arg;
    if (strncmp(name, "web", 3) != 0 && strncmp(name, "db", 2) != 0)
        return error_set(err, ERR_USAGE, "unknown group \"%s\"", name);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strncmp(known[i], name, strlen(name)) == 0)
            name_set_add(ret, known[i], NULL);
    }
    return true;
}

static bool match_glob(void *arg, const char *glob, struct name_set *ret, struct error *err)
{
    (void)arg;
    size_t before = ret->count;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (fnmatch(glob, known[i], 0) == 0)
            name_set_add(ret, known[i], NULL);
    }
    return ret->count > before || error_set(err, ERR_USAGE, "no host matches \"%s\"", glob);
}

static bool read_any(void *arg, const char *file, struct buf *ret, struct error *err)
{
    (void)arg;
    if (strcmp(file, "-") == 0)
        return buf_add_str(ret, "in1\nin2");
    if (strcmp(file, "hosts") == 0)
        return buf_add_str(ret,
                           "\xef\xbb\xbf# all\nweb01 \r\n\n  x[1-2] # two\nroot@y:22\n@db!db1\n");
    if (strcmp(file, "bad") == 0)
        return buf_add_str(ret, "a\n b[1-]\n");
    if (strcmp(file, "pssh") == 0)
        return buf_add_str(ret, "a root\n");
    if (strcmp(file, "loop") == 0)
        return buf_add_str(ret, "^loop\n");
    return error_set(err, ERR_FILE, "%s: No such file or directory", file);
}

static const struct pattern_source source = { .group = find_group,
                                              .glob = match_glob,
                                              .read = read_any };

/* Evaluates `text`; the names joined by blanks, or the error. */
static void eval(const char *text, const struct pattern_source *from, struct buf *ret)
{
    struct arena *a = arena_new();
    struct name_set set;
    struct error err = ERROR_INIT;
    name_set_init(&set);
    buf_clear(ret);
    if (!pattern_eval(text, from, a, &set, &err))
        buf_addf(ret, "%s", error_text(&err));
    for (size_t i = 0; i < set.count && !error_is_set(&err); i++)
        buf_addf(ret, "%s%s", i ? " " : "", set.items[i]);
    error_release(&err);
    name_set_release(&set);
    arena_free(a);
}

static void expect_rows(const char *const rows[][2], size_t count,
                        const struct pattern_source *from)
{
    struct buf got;
    buf_init(&got, 1 << 20);
    for (size_t i = 0; i < count; i++) {
        eval(rows[i][0], from, &got);
        cr_assert_str_eq(buf_str(&got), rows[i][1], "%s\n got: %s\nwant: %s", rows[i][0],
                         buf_str(&got), rows[i][1]);
    }
    buf_release(&got);
}

Test(pattern, expands_ranges)
{
    static const char *const rows[][2] = {
        { "web[01-03,5]", "web01 web02 web03 web5" },
        { "w[08-11]", "w08 w09 w10 w11" },
        { "w[9-11]", "w9 w10 w11" },
        { "w[098-100]", "w098 w099 w100" },
        { "w[08-100/46]", "w08 w54 w100" },
        { "w[0-9/3]x", "w0x w3x w6x w9x" },
        { "a[1-2]b[0,2]c", "a1b0c a1b2c a2b0c a2b2c" },
        { "[1-3]", "1 2 3" },
        { "[1-2][3-4]", "13 14 23 24" },
        { "10.0.0.[1-2]", "10.0.0.1 10.0.0.2" },
        { "root@w[1-2]:2222", "root@w1:2222 root@w2:2222" },
        { "w[00-01]", "w00 w01" },
        { "w[0-1]", "w0 w1" },
        { "w[5]", "w5" },
        { "w[1,1-2,2]", "w1 w2" },
        { "w[999999999999999998-999999999999999999]", "w999999999999999998 w999999999999999999" },
        { "w[0-1/999999999999999999]", "w0" },
    };
    expect_rows(rows, sizeof rows / sizeof *rows, &source);
}

Test(pattern, reads_addresses_users_and_ports)
{
    static const char *const rows[][2] = {
        { "[::1]", "::1" },
        { "[::1]:22,fe80::1", "[::1]:22 fe80::1" },
        { "root@[fe80::1%eth0]:22", "root@[fe80::1%eth0]:22" },
        { "::1,[::1]", "::1" },
        { "2001:db8::[9-10],u@[1-2]::1", "2001:db8::9 2001:db8::10 u@1::1 u@2::1" },
        { "u@h:1,u@h:2,h", "u@h:1 u@h:2 h" },
        { "[1:3]", "column 1: \"1:3\" cannot be a host name: it is no IPv6 address, and contains "
                   "':' or '%'" },
        { "h:70000", "column 1: port 70000 is not in 1..65535" },
        { "a,u@-x", "column 3: \"-x\" cannot be a host name: it begins with '-'" },
    };
    expect_rows(rows, sizeof rows / sizeof *rows, &source);
}

Test(pattern, applies_operators_from_left_to_right)
{
    static const char *const rows[][2] = {
        { "b,a,b", "b a" },
        { "b  a\n c", "b a c" },
        { "a[1-4]!a2", "a1 a3 a4" },
        { "a[1-4]!a[1-2],a1", "a3 a4 a1" },
        { "a1,a2&a2", "a2" },
        { "a[1-3]&a[2-5]", "a2 a3" },
        { "a[1-3]^a[2-5]", "a1 a4 a5" },
        { " a ! b & a , c ", "a c" },
        { "a ^ b", "a b" },
        { "a^a", "" },
        { "a!a,a", "a" },
        { "@db", "db1 db2" },
        { "@web!web[01-02]", "web03" },
        { "@db[1-2]", "db1 db2" },
        { "w*,db?", "web01 web02 web03 db1 db2" },
        { "*!@web", "db1 db2 cache" },
        { "web0[1,3]*", "web01 web03" },
    };
    expect_rows(rows, sizeof rows / sizeof *rows, &source);
}

Test(pattern, reads_files_and_standard_input)
{
    static const char *const rows[][2] = {
        { "^hosts", "web01 x1 x2 root@y:22 db2" },
        { "a,^hosts!@web", "a x1 x2 root@y:22 db2" },
        { "a ^hosts", "a web01 x1 x2 root@y:22 db2" },
        { "x1^^hosts", "web01 x2 root@y:22 db2" },
        { "-", "in1 in2" },
        { "in1,-", "in1 in2" },
        { "- ! in1", "in2" },
        { "^none", "column 1: none: No such file or directory" },
        { "a,^bad", "bad:2:6: expected a number, found ']'" },
        { "^pssh", "pssh:1:3: one host expression a line, please (a user is written user@host)" },
        { "^loop", "loop:1:1: a file of hosts cannot name a further file" },
    };
    expect_rows(rows, sizeof rows / sizeof *rows, &source);
}

Test(pattern, reads_a_file_named_by_the_caller)
{
    struct arena *a = arena_new();
    struct name_set set;
    struct error err = ERROR_INIT;
    name_set_init(&set);
    cr_assert(pattern_eval_file("hosts", &source, a, &set, &err));
    cr_assert_eq(set.count, 5);
    cr_assert_not(pattern_eval_file("bad", &source, a, &set, &err));
    cr_assert_str_eq(error_text(&err), "bad:2:6: expected a number, found ']'");
    cr_assert_not(pattern_eval_file("none", &source, a, &set, &err));
    cr_assert_str_eq(error_text(&err), "none: No such file or directory");
    error_release(&err);
    name_set_release(&set);
    arena_free(a);
}

Test(pattern, names_the_column_of_an_error)
{
    static const char *const rows[][2] = {
        { "", "column 1: a host is missing at the end" },
        { "  ", "column 3: a host is missing at the end" },
        { "a,", "column 3: a host is missing at the end" },
        { "a,,b", "column 3: a host is missing before ','" },
        { "!a", "column 1: a host is missing before '!'" },
        { "a!&b", "column 3: a host is missing before '&'" },
        { "a,@", "column 4: a group's name is missing after '@'" },
        { "a,@,b", "column 4: a group's name is missing after '@'" },
        { "a,^", "column 3: a file's name is missing after '^'" },
        { "\xc3\xa4,@nix", "column 4: unknown group \"nix\"" },
        { "a,x*", "column 3: no host matches \"x*\"" },
        { "a[1-3", "column 2: '[' is not closed" },
        { "a1]", "column 3: ']' without '['" },
        { "a[]", "column 3: expected a number, found ']'" },
        { "a[1,]", "column 5: expected a number, found ']'" },
        { "a[1-]", "column 5: expected a number, found ']'" },
        { "a[1 2]", "column 4: expected ',' or ']', found ' '" },
        { "a[01:12]", "column 5: expected ',' or ']', found ':' (a range is written 1-9)" },
        { "a[x-z]", "column 3: expected a number, found 'x'" },
        { "a[3-1]", "column 3: the range 3-1 runs backwards" },
        { "a[001-3]", "column 3: the ends of a range are padded to different widths" },
        { "a[1-03]", "column 3: the ends of a range are padded to different widths" },
        { "a[1-3/0]", "column 7: the step of a range is at least 1" },
        { "a[1-3/]", "column 7: expected a number, found ']'" },
        { "a[1000000000000000000]", "column 3: a number of more than 18 digits" },
        { "ok,a[1-999999999999]", "column 4: 999999999999 names are too many (1000000 at most)" },
        { "a[0-999999999999999999][0-999999999999999999]",
          "column 1: 18446744073709551615 names are too many (1000000 at most)" },
        { "a[1-600000],b[1-600000]", "column 13: 600000 names are too many (1000000 at most)" },
        { "a[1-1001]*", "column 1: 1001 names are too many (1000 at most)" },
        { "[1][1][1][1][1][1][1][1][1][1][1][1][1][1][1][1][1]",
          "column 49: more than 16 brackets" },
        { "a/b", "column 1: \"a/b\" cannot be a host name: it contains '/'" },
    };
    expect_rows(rows, sizeof rows / sizeof *rows, &source);
}

Test(pattern, without_a_source_says_so)
{
    static const struct pattern_source none = { .arg = NULL };
    static const char *const rows[][2] = {
        { "a,b[1-2]", "a b1 b2" },
        { "@g", "column 2: \"@g\" is a group, and there is no inventory" },
        { "a*", "column 1: \"a*\" is to be matched, and there is no inventory" },
        { "^f", "column 1: no file can be read here" },
    };
    expect_rows(rows, sizeof rows / sizeof *rows, &none);
}

static bool only_a(void *arg, const char *name, struct error *err)
{
    (void)arg;
    return name[0] == 'a' || error_set(err, ERR_USAGE, "unknown host \"%s\"", name);
}

Test(pattern, asks_whether_a_host_is_welcome)
{
    static const struct pattern_source picky = { .check = only_a };
    static const char *const rows[][2] = {
        { "a1,a2", "a1 a2" },
        { "a1,b[1-2]", "column 4: unknown host \"b1\"" },
    };
    expect_rows(rows, sizeof rows / sizeof *rows, &picky);
}

Test(pattern, expands_the_names_of_an_inventory)
{
    static const struct {
        const char *text;
        size_t count;
        const char *error;
    } rows[] = {
        { "web[01-12].example.com", 12, NULL },
        { "fe80::1", 1, NULL },
        { "a,b", 0, "\"a,b\" cannot be a host name: it contains ','" },
        { "u@h", 0, "\"u@h\" cannot be a host name: it contains '@'" },
        { "h:22", 0,
          "\"h:22\" cannot be a host name: it is no IPv6 address, and contains ':' or "
          "'%'" },
        { "a[1-1000001]", 0, "1000001 names are too many (1000000 at most)" },
        { "a[1-", 0, "'[' is not closed" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena *a = arena_new();
        struct name_set set;
        struct error err = ERROR_INIT;
        name_set_init(&set);
        cr_assert_eq(pattern_expand(rows[i].text, a, &set, &err), rows[i].error == NULL);
        cr_assert_str_eq(error_text(&err), rows[i].error ? rows[i].error : "", "%s",
                         error_text(&err));
        if (!rows[i].error)
            cr_assert_eq(set.count, rows[i].count);
        error_release(&err);
        name_set_release(&set);
        arena_free(a);
    }
}

Test(fold, folds_as_clush_does)
{
    static const char *const rows[][2] = {
        { "web[01-12],web14,db1", "web[01-12,14],db1" },
        { "db1,web02,web01", "db1,web[01-02]" },
        { "n[1-3]-ib[0-1]", "n[1-3]-ib[0-1]" },
        { "n[1-3]m[1-2],n4m1", "n[1-3]m[1-2],n4m1" },
        { "n1,n01,n001", "n[1,01,001]" },
        { "w[9-11]", "w[9-11]" },
        { "w[08-11]", "w[08-11]" },
        { "w[98-100]", "w[98-100]" },
        { "w[08-100/1]", "w[08-99,100]" },
        { "w[1-9],w[01-09]", "w[1-9,01-09]" },
        { "a,b,c", "a,b,c" },
        { "10.0.[0-1].[1-254]", "10.0.[0-1].[1-254]" },
        { "fe80::1,fe80::2,[::1]:22,[::2]:22", "fe80::[1-2],[::1]:22,[::2]:22" },
        { "h:2201,h:2202", "h:[2201-2202]" },
        { "root@w[1-2],w[1-2]", "root@w[1-2],w[1-2]" },
        { "i1234567890123456789,i1234567890123456788",
          "i1234567890123456789,i1234567890123456788" },
        { "web[01-12].dc[1-2].x,web[13-14].dc1.x", "web[01-12].dc[1-2].x,web[13-14].dc1.x" },
        { "0,1,2", "[0-2]" },
    };
    struct buf folded;
    buf_init(&folded, 1 << 20);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena *a = arena_new();
        struct name_set set;
        struct error err = ERROR_INIT;
        name_set_init(&set);
        buf_clear(&folded);
        if (pattern_eval(rows[i][0], &source, a, &set, &err))
            fold_names(set.items, set.count, &folded);
        else
            buf_add_str(&folded, error_text(&err));
        cr_assert_str_eq(buf_str(&folded), rows[i][1], "%s: %s", rows[i][0], buf_str(&folded));
        error_release(&err);
        name_set_release(&set);
        arena_free(a);
    }
    buf_release(&folded);
}

/* Appends a random host name with up to three numbers. */
static char *random_name(struct arena *a)
{
    static const char *const words[] = { "n", "web", "-ib", ".dc", "x", "", ".example.com" };
    struct buf b;
    buf_init(&b, 1000);
    int parts = 1 + rand() % 3;
    for (int i = 0; i < parts; i++) {
        buf_addf(&b, "%s%0*d", i ? words[rand() % 7] : words[rand() % 2], rand() % 3,
                 rand() % (rand() % 5 ? 12 : 120));
    }
    if (rand() % 20 == 0)
        buf_add_str(&b, ":22");
    if (rand() % 20 == 0)
        buf_add_str(&b, "::1");
    char *name = arena_strdup(a, buf_str(&b));
    buf_release(&b);
    return name;
}

/* Is every item of `a` in `b`? */
static bool is_within(const struct name_set *a, const struct name_set *b)
{
    for (size_t i = 0; i < a->count; i++) {
        if (!name_set_find(b, a->items[i], NULL))
            return false;
    }
    return true;
}

Test(fold, expanding_what_was_folded_gives_the_same_set)
{
    srand(11);
    for (int round = 0; round < 3000; round++) {
        struct arena *a = arena_new();
        struct name_set in, out;
        struct buf folded;
        struct error err = ERROR_INIT, ignored = ERROR_INIT;
        name_set_init(&in);
        name_set_init(&out);
        buf_init(&folded, 1 << 20);
        for (int n = 1 + rand() % 60; n > 0; n--) {
            struct name_set one;
            name_set_init(&one);
            if (pattern_eval(random_name(a), &source, a, &one, &ignored))
                name_set_unite(&in, &one);
            name_set_release(&one);
        }
        fold_names(in.items, in.count, &folded);
        if (in.count && !pattern_eval(buf_str(&folded), &source, a, &out, &err))
            cr_assert_fail("%s: %s", buf_str(&folded), error_text(&err));
        if (in.count != out.count || !is_within(&in, &out))
            cr_assert_fail("%zu names became %zu: %s", in.count, out.count, buf_str(&folded));
        error_release(&ignored);
        buf_release(&folded);
        name_set_release(&in);
        name_set_release(&out);
        arena_free(a);
    }
}

static double cpu_seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

/* Time grows about as the number of names does: no square is hidden anywhere. */
Test(fold, time_grows_as_the_number_of_names)
{
    static const char *const texts[][2] = {
        { "web[1-10000]", "web[1-80000]" },
        { "n[1-70000/7]x", "n[1-560000/7]x" },
        { "r[1-1000]n[0-9]", "r[1-8000]n[0-9]" },
        { "r[1-100]n[0-100]!r[1-100]n[7]", "r[1-800]n[0-100]!r[1-800]n[7]" },
    };
    for (size_t s = 0; s < sizeof texts / sizeof *texts; s++) {
        double seconds[2];
        for (int size = 0; size < 2; size++) {
            struct arena *a = arena_new();
            struct name_set set;
            struct error err = ERROR_INIT;
            struct buf folded;
            name_set_init(&set);
            buf_init(&folded, 64 << 20);
            double start = cpu_seconds();
            cr_assert(pattern_eval(texts[s][size], &source, a, &set, &err));
            fold_names(set.items, set.count, &folded);
            seconds[size] = cpu_seconds() - start;
            buf_release(&folded);
            name_set_release(&set);
            arena_free(a);
        }
        cr_assert_lt(seconds[1], 8 * seconds[0] * 5 + 0.05, "%s: %.3f s, then %.3f s", texts[s][1],
                     seconds[0], seconds[1]);
    }
}
