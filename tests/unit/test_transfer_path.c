/* SPDX-License-Identifier: MIT */
/* transfer_path: joining, splitting, what users type, and words that a shell gives back. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "model/transfer_path.h"

enum { PATH_CAP = 1 << 20 };

static char *join(const char *base, const char *name)
{
    struct buf b;
    buf_init(&b, PATH_CAP);
    transfer_path_join(&b, base, name);
    return buf_detach(&b);
}

/* What one of the appending functions makes of `path`. */
static char *with(void (*append)(struct buf *, const char *), const char *path)
{
    struct buf b;
    buf_init(&b, PATH_CAP);
    append(&b, path);
    return buf_detach(&b);
}

/* The path that was meant, or the error's text. */
static char *from_user(const char *path)
{
    struct buf b;
    struct error err = ERROR_INIT;
    buf_init(&b, PATH_CAP);
    if (transfer_path_from_user(path, &b, &err))
        return buf_detach(&b);
    cr_assert_eq(err.code, ERR_USAGE);
    cr_assert_eq(b.size, 0);
    return err.text;
}

Test(transfer_path, joins_with_one_slash)
{
    cr_assert_str_eq(join("a", "b"), "a/b");
    cr_assert_str_eq(join("a/", "b"), "a/b");
    cr_assert_str_eq(join("", "b"), "b");
    cr_assert_str_eq(join("a", ""), "a");
    cr_assert_str_eq(join("/", "name"), "/name");
    cr_assert_str_eq(join(".", "x/y"), "./x/y");
    cr_assert_str_eq(join("", ""), "");
}

Test(transfer_path, splits_as_basename_and_dirname)
{
    static const char *const rows[][3] = {
        { "a", ".", "a" },     { "/a", "/", "a" },  { "a/b/", "a", "b" }, { "a//b//", "a", "b" },
        { "/", "/", "/" },     { "//", "/", "/" },  { "", ".", "." },     { "//a", "/", "a" },
        { "/a/b", "/a", "b" }, { "a/.", "a", "." }, { "..", ".", ".." },  { "a/", ".", "a" },
        { " /\n", " ", "\n" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *parent = with(transfer_path_parent, rows[i][0]);
        char *base = with(transfer_path_base, rows[i][0]);
        cr_expect_str_eq(parent, rows[i][1], "parent of \"%s\": \"%s\"", rows[i][0], parent);
        cr_expect_str_eq(base, rows[i][2], "base of \"%s\": \"%s\"", rows[i][0], base);
    }
}

Test(transfer_path, takes_what_users_type)
{
    static const char *const rows[][2] = {
        { "~", "." },
        { "~/", "." },
        { "~/x", "x" },
        { "~//x", "x" },
        { "~/~x", "~x" },
        { "/a//b/", "/a//b/" },
        { "a b\n", "a b\n" },
        { "x~", "x~" },
        { "./~a", "./~a" },
        { "\xff", "\xff" },
        { "~bob/x", "~bob/x: ~bob is not supported; write the path out" },
        { "~bob", "~bob: ~bob is not supported; write the path out" },
        { "", "a remote path is empty" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *got = from_user(rows[i][0]);
        cr_expect_str_eq(got, rows[i][1], "\"%s\": \"%s\"", rows[i][0], got);
    }
}

Test(transfer_path, refuses_what_the_buffer_cannot_hold)
{
    struct buf b;
    struct error err = ERROR_INIT;
    buf_init(&b, 3);
    cr_assert_not(transfer_path_from_user("/abc", &b, &err));
    cr_assert_str_eq(error_text(&err), "a remote path is too long");
    error_release(&err);
    buf_release(&b);
}

Test(transfer_path, knows_what_means_a_folder)
{
    static const char *const folders[] = { "a/", "/", ".", "..", "a/.", "a/..", "~", "~/", "/." };
    static const char *const others[] = { "a", "a.", "...", "a/b", ".x", "~/x", "x~", "a~", "" };
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        cr_expect(transfer_path_means_folder(folders[i]), "\"%s\"", folders[i]);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_expect_not(transfer_path_means_folder(others[i]), "\"%s\"", others[i]);
}

Test(transfer_path, quotes_for_a_shell)
{
    cr_assert_str_eq(with(transfer_path_quote, "a b"), "'a b'");
    cr_assert_str_eq(with(transfer_path_quote, "it's"), "'it'\\''s'");
    cr_assert_str_eq(with(transfer_path_quote, "'"), "''\\'''");
    cr_assert_str_eq(with(transfer_path_quote, "-rf"), "'./-rf'");
    cr_assert_str_eq(with(transfer_path_quote, "a-"), "'a-'");
    cr_assert_str_eq(with(transfer_path_quote, ""), "''");
}

/* Asserts that /bin/sh hands the quoted path to a command unchanged, as one word. */
static void expect_round_trip(const char *path)
{
    char back[1000];
    char *command = text_of("printf '%%s|' %s", with(transfer_path_quote, path));
    FILE *f = popen(command, "r");
    cr_assert_not_null(f);
    size_t size = fread(back, 1, sizeof back - 1, f);
    cr_assert_eq(pclose(f), 0);
    back[size] = '\0';
    char *wanted = text_of("%s%s|", *path == '-' ? "./" : "", path);
    cr_assert_str_eq(back, wanted, "%s", command);
    free(command);
    free(wanted);
}

Test(transfer_path, comes_back_from_a_real_shell)
{
    char path[257];
    unsigned seed = 20240229;
    for (int i = 0; i < 255; i++)
        path[i] = (char)(i + 1);
    path[255] = '\0';
    expect_round_trip(path);
    for (int round = 0; round < 200; round++) {
        static const char nasty[] = "'\\\"$`-~ \n*!";
        size_t size = 1 + (size_t)rand_r(&seed) % 40;
        for (size_t i = 0; i < size; i++)
            path[i] = rand_r(&seed) % 2 ? nasty[(size_t)rand_r(&seed) % (sizeof nasty - 1)]
                                        : (char)(1 + rand_r(&seed) % 255);
        path[size] = '\0';
        expect_round_trip(path);
    }
}
