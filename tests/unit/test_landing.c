/* SPDX-License-Identifier: MIT */
/* Folders, links and names below one folder; hostile sequences of them. */
#include <criterion/criterion.h>

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/landing.h"
#include "files.h"
#include "landing_scene.h"

Test(landing, tells_names_that_can_be_components)
{
    const struct {
        const char *name;
        size_t size;
        const char *problem;
    } cases[] = {
        { "", 0, "is empty" },
        { ".", 1, "is . or .." },
        { "..", 2, "is . or .." },
        { "...", 3, NULL },
        { ".a", 2, NULL },
        { "..a", 3, NULL },
        { "/", 1, "contains a slash" },
        { "a/b", 3, "contains a slash" },
        { "../x", 4, "contains a slash" },
        { "a\0b", 3, "contains a NUL" },
        { "\0", 1, "contains a NUL" },
        { ".\0", 2, "contains a NUL" },
        { "a\nb", 3, "contains control characters" },
        { "\x1b[2J", 4, "contains control characters" },
        { "a\x7f", 2, "contains control characters" },
        { "a ", 2, NULL },
        { "-rf", 3, NULL },
        { "\xff\xfe\x80", 3, NULL },
        { "caf\xc3\xa9", 5, NULL },
        { "a\\b", 3, NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *got = landing_name_problem(cases[i].name, cases[i].size);
        cr_expect(got == cases[i].problem ||
                      (got && cases[i].problem && !strcmp(got, cases[i].problem)),
                  "case %zu: %s", i, got ? got : "fine");
    }
    char name[257];
    memset(name, 'x', sizeof name);
    cr_assert_null(landing_name_problem(name, 255));
    cr_assert_str_eq(landing_name_problem(name, 256), "is longer than 255 bytes");
}

Test(landing, opens_or_creates_the_users_folder)
{
    struct landing *l;
    struct error err = ERROR_INIT;
    struct stat st;
    umask(027);
    cr_assert(landing_new(&l, tmp_path("new"), &err), "%s", error_text(&err));
    landing_free(l);
    cr_assert_eq(stat(tmp_path("new"), &st), 0);
    cr_assert_eq(st.st_mode & 07777, 0750);
    cr_assert(landing_new(&l, tmp_path("new"), &err), "an old one too: %s", error_text(&err));
    landing_free(l);
    cr_assert_eq(symlink("new", tmp_path("link")), 0);
    cr_assert(landing_new(&l, tmp_path("link"), &err), "%s", error_text(&err));
    must_land(l, "a", "through the user's own link\n");
    landing_free(l);
    cr_assert(file_exists(tmp_path("new/a")));
    landing_free(NULL);
}

Test(landing, only_looks_at_the_users_folder)
{
    struct landing *l;
    struct landing_state state;
    struct error err = ERROR_INIT;
    cr_assert(landing_new_to_look(&l, tmp_path("new"), &err), "%s", error_text(&err));
    cr_assert(landing_look(l, "a/b", &state, &err), "%s", error_text(&err));
    cr_assert_eq(state.kind, LANDING_NONE);
    landing_free(l);
    cr_assert_not(file_exists(tmp_path("new")));
    tmp_file("file", "x");
    cr_assert_not(landing_new_to_look(&l, tmp_path("file"), &err));
    error_release(&err);
    cr_assert(landing_new_to_look(&l, tmp_dir(), &err), "%s", error_text(&err));
    cr_assert(landing_look(l, "file", &state, &err), "%s", error_text(&err));
    cr_assert_eq(state.kind, LANDING_FILE);
    landing_free(l);
}

Test(landing, says_why_the_users_folder_cannot_be_used)
{
    struct landing *l;
    struct error err = ERROR_INIT;
    tmp_file("file", "x");
    cr_assert_eq(chdir(tmp_dir()), 0);
    cr_assert_not(landing_new(&l, "file", &err));
    expect_error(&err, ERR_FILE, "file: Not a directory");
    cr_assert_not(landing_new(&l, "file/a", &err));
    expect_error(&err, ERR_FILE, "file/a: Not a directory");
    cr_assert_not(landing_new(&l, "a/b", &err));
    expect_error(&err, ERR_FILE, "a/b: No such file or directory");
    cr_assert_not(landing_new(&l, "", &err));
    expect_error(&err, ERR_FILE, ": No such file or directory");
    cr_assert_eq(symlink("nowhere", "dangling"), 0);
    cr_assert_not(landing_new(&l, "dangling", &err));
    expect_error(&err, ERR_FILE, "dangling: No such file or directory");
    cr_assert_not(file_exists("nowhere"));
}

Test(landing, makes_folders_one_by_one)
{
    struct landing *l = landing_scene();
    struct error err = ERROR_INIT;
    struct stat st;
    bool created = false;
    cr_assert_not(landing_make_folder(l, "web01/etc", &created, &err));
    expect_error(&err, ERR_TRANSFER, "web01: No such file or directory");
    cr_assert(landing_make_folder(l, "web01", &created, &err));
    cr_assert(created);
    cr_assert(landing_make_folder(l, "web01/etc", &created, &err));
    cr_assert(created);
    cr_assert_eq(stat(landed("web01/etc"), &st), 0);
    cr_assert_eq(st.st_mode & 07777, 0700);
    cr_assert_eq(chmod(landed("web01/etc"), 0755), 0);
    cr_assert(landing_make_folder(l, "web01/etc", &created, &err));
    cr_assert_not(created);
    cr_assert_eq(stat(landed("web01/etc"), &st), 0);
    cr_assert_eq(st.st_mode & 07777, 0755, "an old one keeps its mode");
    must_land(l, "file", "x");
    must_link(l, "link", "web01");
    cr_assert_not(landing_make_folder(l, "file", &created, &err));
    expect_error(&err, ERR_TRANSFER, "file: is there already and is not a folder");
    cr_assert_not(landing_make_folder(l, "link", &created, &err));
    expect_error(&err, ERR_TRANSFER, "link: is there already and is not a folder");
    cr_assert_str_eq(names_landed(), "file link web01 web01/etc");
    landing_free(l);
}

Test(landing, finishes_folders)
{
    struct landing *l = landing_scene();
    struct error err = ERROR_INIT;
    struct stat st;
    must_make_folder(l, "a");
    must_land(l, "a/file", "x");
    umask(077);
    cr_assert(landing_finish_folder(l, "a", 07055, true, 1000000000, &err), "%s", error_text(&err));
    cr_assert_eq(stat(landed("a"), &st), 0);
    cr_assert_eq(st.st_mode & 07777, 0755, "no special bits, u+rwx, no umask: %o", st.st_mode);
    cr_assert_eq(st.st_mtim.tv_sec, 1000000000);
    cr_assert(landing_finish_folder(l, "a", 0, false, 5, &err));
    cr_assert_eq(stat(landed("a"), &st), 0);
    cr_assert_eq(st.st_mode & 07777, 0700);
    cr_assert_eq(st.st_mtim.tv_sec, 1000000000);
    cr_assert(landing_finish_folder(l, "a", 0777, true, INT64_MAX, &err), "%s", error_text(&err));
    cr_assert(landing_finish_folder(l, "a", 0777, true, INT64_MIN, &err), "%s", error_text(&err));
    must_link(l, "link", "../outside");
    cr_assert_not(landing_finish_folder(l, "link", 0777, true, 0, &err));
    expect_error(&err, ERR_TRANSFER, "link: is there already and is not a folder");
    cr_assert_not(landing_finish_folder(l, "a/file", 0777, false, 0, &err));
    expect_error(&err, ERR_TRANSFER, "a/file: is there already and is not a folder");
    cr_assert_not(landing_finish_folder(l, "none", 0777, false, 0, &err));
    expect_error(&err, ERR_TRANSFER, "none: No such file or directory");
    landing_free(l);
}

Test(landing, links_are_kept_byte_for_byte_and_replace_files_and_links)
{
    bool changed;
    struct landing *l = landing_scene();
    struct error err = ERROR_INIT;
    char got[8192];
    const char *target = "../../outside/\n\x01 \xff";
    cr_assert(landing_link(l, "link", target, strlen(target), &changed, &err), "%s",
              error_text(&err));
    cr_assert(changed);
    cr_assert(landing_link(l, "link", target, strlen(target), &changed, &err));
    cr_assert_not(changed, "it is the same already");
    ssize_t size = readlink(landed("link"), got, sizeof got);
    cr_assert(size == (ssize_t)strlen(target) && memcmp(got, target, (size_t)size) == 0);
    must_link(l, "link", "/etc/passwd");
    must_land(l, "file", "x");
    must_link(l, "file", "b");
    must_make_folder(l, "folder");
    cr_assert_not(landing_link(l, "folder", "x", 1, &changed, &err));
    expect_error(&err, ERR_TRANSFER, "folder: is there already and is a folder");
    cr_assert_eq(mkfifo(landed("fifo"), 0600), 0);
    cr_assert_not(landing_link(l, "fifo", "x", 1, &changed, &err));
    expect_error(&err, ERR_TRANSFER, "fifo: is there already and is no regular file");
    cr_assert_not(landing_link(l, "new", "", 0, &changed, &err));
    expect_error(&err, ERR_TRANSFER, "new: the link's target is empty");
    cr_assert_not(landing_link(l, "new", "a\0b", 3, &changed, &err));
    expect_error(&err, ERR_TRANSFER, "new: the link's target contains a NUL");
    memset(got, 'x', sizeof got);
    cr_assert_not(landing_link(l, "new", got, 4096, &changed, &err));
    expect_error(&err, ERR_TRANSFER, "new: the link's target is longer than 4095 bytes");
    cr_assert_str_eq(names_landed(), "fifo file folder link", "%s", names_landed());
    cr_assert(landing_link(l, "long", got, 4095, &changed, &err), "%s", error_text(&err));
    landing_free(l);
}

Test(landing, looks_without_following)
{
    struct landing *l = landing_scene();
    struct error err = ERROR_INIT;
    struct landing_state s;
    must_make_folder(l, "a");
    must_land(l, "a/file", "12345");
    must_link(l, "a/link", "file");
    cr_assert_eq(mkfifo(landed("a/fifo"), 0600), 0);
    cr_assert(landing_look(l, "a/file", &s, &err));
    cr_assert(s.kind == LANDING_FILE && s.size == 5 && s.mode == 0644 && s.mtime_s > 1000000000);
    cr_assert(landing_look(l, "a", &s, &err) && s.kind == LANDING_FOLDER && s.mode == 0700);
    cr_assert(landing_look(l, "a/link", &s, &err) && s.kind == LANDING_LINK);
    cr_assert(landing_look(l, "a/fifo", &s, &err) && s.kind == LANDING_OTHER);
    cr_assert(landing_look(l, "a/none", &s, &err) && s.kind == LANDING_NONE && s.size == 0);
    cr_assert(landing_look(l, "none/none", &s, &err) && s.kind == LANDING_NONE);
    must_link(l, "up", "../outside");
    cr_assert_not(landing_look(l, "up/secret", &s, &err));
    expect_error(&err, ERR_TRANSFER, "up: is there already and is not a folder");
    cr_assert_not(landing_look(l, "a/file/x", &s, &err));
    expect_error(&err, ERR_TRANSFER, "a/file: is there already and is not a folder");
    cr_assert_not(landing_look(l, "../outside/secret", &s, &err));
    expect_error(&err, ERR_TRANSFER, "../outside/secret: a name in this path is . or ..");
    landing_free(l);
}

Test(landing, opens_only_regular_files_and_never_waits, .timeout = 20)
{
    struct landing *l = landing_scene();
    struct error err = ERROR_INIT;
    int fd = -1;
    must_land(l, "file", "12345");
    cr_assert(landing_open_existing(l, "file", &fd, &err), "%s", error_text(&err));
    char got[10];
    cr_assert_eq(read(fd, got, sizeof got), 5);
    close(fd);
    must_link(l, "link", "../outside/secret");
    cr_assert_eq(mkfifo(landed("fifo"), 0600), 0);
    must_make_folder(l, "folder");
    const char *const bad[] = { "link", "fifo", "folder" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cr_assert_not(landing_open_existing(l, bad[i], &fd, &err));
        expect_error(&err, ERR_TRANSFER, text_of("%s: is no regular file", bad[i]));
    }
    cr_assert_not(landing_open_existing(l, "none", &fd, &err));
    expect_error(&err, ERR_TRANSFER, "none: No such file or directory");
    landing_free(l);
}

Test(landing, refuses_paths_that_are_not_below)
{
    bool changed;
    struct landing *l = landing_scene();
    char *before = tree_of(tmp_dir(), "");
    const char *const bad[] = { "",          "/",    "/etc/passwd", "..",        "../x",
                                "a/../../x", ".",    "./a",         "a/.",       "a/",
                                "a//b",      "a/..", "\n",          "a/\x1b[2J", "../out/../x" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct error err = ERROR_INIT;
        struct landing_file *f;
        struct landing_state s;
        uint64_t offset;
        bool created;
        int fd;
        cr_expect_not(landing_make_folder(l, bad[i], &created, &err), "%s", bad[i]);
        cr_expect_not(landing_finish_folder(l, bad[i], 0777, true, 0, &err), "%s", bad[i]);
        cr_expect_not(landing_create(l, bad[i], &f, &err), "%s", bad[i]);
        cr_expect_not(landing_create_resumable(l, bad[i], "0a", &f, &offset, &err), "%s", bad[i]);
        cr_expect_not(landing_link(l, bad[i], "x", 1, &changed, &err), "%s", bad[i]);
        cr_expect_not(landing_look(l, bad[i], &s, &err), "%s", bad[i]);
        cr_expect_not(landing_open_existing(l, bad[i], &fd, &err), "%s", bad[i]);
        cr_expect_eq(err.code, ERR_TRANSFER);
        error_release(&err);
    }
    cr_assert_str_eq(tree_of(tmp_dir(), ""), before);
    landing_free(l);
}

Test(landing, a_link_that_was_sent_is_never_gone_through)
{
    bool changed;
    struct landing *l = landing_scene();
    struct error err = ERROR_INIT;
    bool created;
    struct landing_file *f;
    const char *const targets[] = { "../outside", tmp_path("outside"), "..", ".", "/", "real" };
    must_make_folder(l, "real");
    char *before = tree_of(tmp_dir(), "out");
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        must_link(l, "trap", targets[i]);
        cr_assert_not(landing_make_folder(l, "trap", &created, &err));
        expect_error(&err, ERR_TRANSFER, "trap: is there already and is not a folder");
        cr_assert_not(landing_make_folder(l, "trap/etc", &created, &err));
        expect_error(&err, ERR_TRANSFER, "trap: is there already and is not a folder");
        cr_assert_not(landing_create(l, "trap/secret", &f, &err));
        expect_error(&err, ERR_TRANSFER, "trap: is there already and is not a folder");
        cr_assert_not(landing_link(l, "trap/secret", "x", 1, &changed, &err));
        expect_error(&err, ERR_TRANSFER, "trap: is there already and is not a folder");
        cr_assert_str_eq(tree_of(tmp_dir(), "out"), before);
    }
    cr_assert_str_eq(names_landed(), "real trap");
    must_land(l, "trap", "now a file\n");
    cr_assert_str_eq(tree_of(tmp_dir(), "out"), before, "the link went, not its target");
    landing_free(l);
}

Test(landing, a_folder_never_becomes_a_link)
{
    bool changed;
    struct landing *l = landing_scene();
    struct error err = ERROR_INIT;
    char *before = tree_of(tmp_dir(), "out");
    must_make_folder(l, "a");
    must_land(l, "a/one", "1");
    cr_assert_not(landing_link(l, "a", "../outside", 10, &changed, &err));
    expect_error(&err, ERR_TRANSFER, "a: is there already and is a folder");
    cr_assert_not(land(l, "a", "x", &err));
    expect_error(&err, ERR_TRANSFER, "a: is there already and is a folder");
    must_land(l, "a/two", "2");
    must_make_folder(l, "aa");
    must_land(l, "aa/three", "a longer name with the same start is another folder");
    must_make_folder(l, "a/a");
    must_land(l, "a/a/four", "4");
    must_land(l, "a/five", "5");
    cr_assert_str_eq(names_landed(), "a a/a a/a/four a/five a/one a/two aa aa/three", "%s",
                     names_landed());
    cr_assert_str_eq(tree_of(tmp_dir(), "out"), before);
    landing_free(l);
}

Test(landing, many_files_in_a_folder_keep_few_descriptors_open)
{
    struct landing *l = landing_scene();
    int first = dup(0);
    close(first);
    must_make_folder(l, "a");
    must_make_folder(l, "a/b");
    must_make_folder(l, "a/b/c");
    for (int i = 0; i < 300; i++) {
        must_land(l, text_of("a/b/c/%d", i), "x");
        must_land(l, text_of("a/%d", i), "x");
        must_link(l, text_of("a/b/%d", i), "x");
    }
    int last = dup(0);
    close(last);
    cr_assert_leq(last, first + 1, "from %d to %d", first, last);
    landing_free(l);
}
