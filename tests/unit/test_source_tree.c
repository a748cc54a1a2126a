/* SPDX-License-Identifier: MIT */
/* source_tree: what is listed under which name, what is refused, and files that change meanwhile.
 * Each test is a process of its own, so that it may stand in its folder. */
#include <criterion/criterion.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/source_tree.h"
#include "files.h"
#include "skip.h"

enum { SOME_TIME = 1700000000, NOBODY = 65534 };

static void enter_tmp(void)
{
    cr_assert_eq(chdir(tmp_dir()), 0);
    umask(022);
}

static void make_folder(const char *path)
{
    cr_assert_eq(mkdir(path, 0755), 0, "%s", path);
}

static void make_link(const char *target, const char *path)
{
    cr_assert_eq(symlink(target, path), 0, "%s", path);
}

static void set_time(const char *path, time_t seconds)
{
    const struct timespec times[2] = { { .tv_sec = seconds }, { .tv_sec = seconds } };
    cr_assert_eq(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0, "%s", path);
}

static void make_socket(const char *path)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    close(fd);
}

/* Lists sources, at most three, with folders. */
static struct source_tree *list(const char *a, const char *b, const char *c)
{
    const char *const sources[] = { a, b, c };
    struct source_args args = { .sources = sources, .is_recursive = true };
    struct source_tree *t = NULL;
    struct error err = ERROR_INIT;
    while (args.count < 3 && sources[args.count])
        args.count++;
    cr_assert(source_tree_new(&t, &args, &err), "%s", error_text(&err));
    return t;
}

/* The error of sources that cannot be sent; heap. */
static char *refusal(const char *a, const char *b, bool is_recursive, enum error_code code)
{
    const char *const sources[] = { a, b };
    struct source_args args = { .sources = sources,
                                .count = b ? 2 : 1,
                                .is_recursive = is_recursive };
    struct source_tree *t = NULL;
    struct error err = ERROR_INIT;
    cr_assert_not(source_tree_new(&t, &args, &err), "%s", a);
    cr_assert_null(t);
    cr_assert_eq(err.code, code, "%s", error_text(&err));
    return err.text;
}

static size_t find(const struct source_tree *t, const char *name)
{
    for (size_t i = 0; i < source_tree_count(t); i++) {
        if (strcmp(source_tree_entry(t, i)->name, name) == 0)
            return i;
    }
    cr_assert_fail("there is no entry \"%s\"", name);
    return 0;
}

/* "NAME|NAME|" of all entries; heap. */
static char *all_names(const struct source_tree *t)
{
    char *text = text_of("%s", "");
    for (size_t i = 0; i < source_tree_count(t); i++) {
        char *longer = text_of("%s%s|", text, source_tree_entry(t, i)->name);
        free(text);
        text = longer;
    }
    return text;
}

Test(source_tree, lists_every_kind_in_order)
{
    enter_tmp();
    make_folder("tree");
    make_folder("tree/b");
    make_folder("tree/empty");
    tmp_file("tree/b/\xff \n", "12345");
    tmp_file("tree/b.txt", "123");
    tmp_file("tree/Z", "");
    make_link("/nowhere/at all", "tree/dangling");
    make_link("b", "tree/to-folder");
    cr_assert_eq(mkfifo("tree/fifo", 0600), 0);
    make_socket("tree/b/socket");
    cr_assert_eq(chmod("tree/b.txt", 04751), 0);
    cr_assert_eq(chmod("tree/empty", 01777), 0);
    set_time("tree/b.txt", SOME_TIME);
    set_time("tree/empty", -5);
    struct source_tree *t = list("tree", NULL, NULL);
    cr_assert_str_eq(all_names(t), "tree|tree/Z|tree/b|tree/b/\xff \n|tree/b.txt|tree/dangling|"
                                   "tree/empty|tree/to-folder|");
    cr_assert_eq(source_tree_bytes(t), 8);
    const struct source_entry *e = source_tree_entry(t, find(t, "tree/b.txt"));
    cr_assert(e->kind == SOURCE_FILE && e->mode == 04751 && e->size == 3);
    cr_assert(e->mtime_s == SOME_TIME && e->uid == geteuid() && !e->has_sha256 && !e->link_target);
    cr_assert_eq(e->parent, 0);
    e = source_tree_entry(t, find(t, "tree/b/\xff \n"));
    cr_assert_eq(e->parent, find(t, "tree/b"));
    cr_assert_str_eq(e->path, "tree/b/\xff \n");
    e = source_tree_entry(t, find(t, "tree/empty"));
    cr_assert(e->kind == SOURCE_FOLDER && e->mode == 01777 && e->size == 0 && e->mtime_s == -5);
    e = source_tree_entry(t, find(t, "tree/dangling"));
    cr_assert(e->kind == SOURCE_LINK && e->size == 0);
    cr_assert_str_eq(e->link_target, "/nowhere/at all");
    cr_assert_eq(source_tree_entry(t, find(t, "tree/to-folder"))->kind, SOURCE_LINK);
    cr_assert_eq(source_tree_entry(t, 0)->parent, SOURCE_NONE);
    cr_assert_eq(source_tree_skipped_count(t), 2);
    cr_assert_str_eq(source_tree_skipped(t, 0), "tree/b/socket");
    cr_assert_str_eq(source_tree_skipped(t, 1), "tree/fifo");
    source_tree_free(t);
}

Test(source_tree, names_as_cp_does)
{
    enter_tmp();
    make_folder("tree");
    make_folder("tree/sub");
    tmp_file("tree/sub/x", "x");
    make_link("tree", "link");
    make_link("tree/sub/x", "link-x");
    static const char *const rows[][3] = {
        /* SRC, names, path of the last */
        { "tree", "tree|tree/sub|tree/sub/x|", "tree/sub/x" },
        { "tree//", "tree|tree/sub|tree/sub/x|", "tree/sub/x" },
        { "./tree/", "tree|tree/sub|tree/sub/x|", "./tree/sub/x" },
        { "tree//sub", "sub|sub/x|", "tree//sub/x" },
        { "tree/.", "|sub|sub/x|", "tree/./sub/x" },
        { "tree/./", "|sub|sub/x|", "tree/./sub/x" },
        { "tree/sub/..", "|sub|sub/x|", "tree/sub/../sub/x" },
        { "tree/sub/../sub/x", "x|", "tree/sub/../sub/x" },
        { "link", "link|link/sub|link/sub/x|", "link/sub/x" },
        { "link/.", "|sub|sub/x|", "link/./sub/x" },
        { "link-x", "link-x|", "link-x" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct source_tree *t = list(rows[i][0], NULL, NULL);
        size_t count = source_tree_count(t);
        char *got = all_names(t);
        cr_expect_str_eq(got, rows[i][1], "%s: %s", rows[i][0], got);
        cr_expect_str_eq(source_tree_entry(t, count - 1)->path, rows[i][2]);
        cr_expect_eq(source_tree_entry(t, count - 1)->kind, SOURCE_FILE);
        source_tree_free(t);
    }
    cr_assert_eq(chdir("tree"), 0);
    struct source_tree *t = list(".", NULL, NULL);
    cr_assert_str_eq(all_names(t), "|sub|sub/x|");
    cr_assert_str_eq(source_tree_entry(t, 1)->path, "./sub");
    source_tree_free(t);
    cr_assert_eq(chdir("sub"), 0);
    t = list("..", "../../link-x", NULL);
    cr_assert_str_eq(all_names(t), "|sub|sub/x|link-x|");
    cr_assert_eq(source_tree_entry(t, 3)->parent, SOURCE_NONE);
    source_tree_free(t);
}

Test(source_tree, refuses_what_cannot_be_sent)
{
    enter_tmp();
    make_folder("tree");
    make_folder("other");
    tmp_file("tree/x", "1");
    tmp_file("other/x", "2");
    cr_assert_eq(mkfifo("fifo", 0600), 0);
    make_link("gone", "dangling");
    static const struct {
        const char *a, *b;
        bool is_recursive;
        enum error_code code;
        const char *wanted;
    } rows[] = {
        { "tree/", NULL, false, ERR_FILE, "tree/: is a folder; -r sends folders" },
        { "none", NULL, true, ERR_FILE, "none: No such file or directory" },
        { "dangling", NULL, true, ERR_FILE, "dangling: No such file or directory" },
        { "tree/x/", NULL, true, ERR_FILE, "tree/x/: Not a directory" },
        { "fifo", NULL, true, ERR_FILE, "fifo: is neither a file nor a folder" },
        { "/dev/null", NULL, true, ERR_FILE, "/dev/null: is neither a file nor a folder" },
        { "", NULL, true, ERR_USAGE, "the name of a source is empty" },
        { "tree/x", "other/x", false, ERR_USAGE,
          "tree/x and other/x would be the same at the destination" },
        { "tree/x", "tree/x", false, ERR_USAGE, "tree/x is named twice" },
        { "tree", "tree//", true, ERR_USAGE, "tree is named twice" },
        { "tree/.", "other/x", true, ERR_USAGE,
          "tree/./x and other/x would be the same at the destination" },
        { "tree/.", "other/.", true, ERR_USAGE,
          "tree/. and other/. would be the same at the destination" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *got = refusal(rows[i].a, rows[i].b, rows[i].is_recursive, rows[i].code);
        cr_expect_str_eq(got, rows[i].wanted, "%s", got);
        free(got);
    }
}

Test(source_tree, refuses_files_that_lie_about_their_size)
{
    if (!file_exists("/proc/self/status"))
        test_skip("there is no /proc");
    char *got = refusal("/proc/self/status", NULL, false, ERR_FILE);
    cr_assert_str_eq(got, "/proc/self/status: has content, but says that its size is 0");
}

/* As refusal() for a tree, by a user who has no privileges. */
static char *refusal_for_nobody(const char *source)
{
    bool is_root = geteuid() == 0;
    if (is_root && seteuid(NOBODY) != 0)
        test_skip("root cannot become another user here");
    char *text = refusal(source, NULL, true, ERR_FILE);
    cr_assert(!is_root || seteuid(0) == 0);
    return text;
}

Test(source_tree, finds_out_beforehand_what_cannot_be_read)
{
    enter_tmp();
    make_folder("tree");
    make_folder("tree/sub");
    tmp_file("tree/a", "fine");
    tmp_file("tree/sub/secret", "x");
    cr_assert_eq(chmod(".", 0755), 0);
    cr_assert_eq(chmod("tree/sub/secret", 0), 0);
    cr_assert_str_eq(refusal_for_nobody("tree"), "tree/sub/secret: Permission denied");
    cr_assert_eq(chmod("tree/sub", 0111), 0);
    cr_assert_str_eq(refusal_for_nobody("tree"), "tree/sub: Permission denied");
    cr_assert_eq(chmod("tree/sub", 0444), 0);
    if (geteuid() == 0)
        cr_assert_str_eq(refusal_for_nobody("tree"), "tree/sub/secret: Permission denied");
    cr_assert_eq(chmod("tree/sub", 0755), 0);
}

/* Makes `depth` folders called `name` inside each other, a file "f" in the last, and returns to the
 * first's. */
static void make_deep(const char *name, unsigned depth)
{
    for (unsigned i = 0; i < depth; i++) {
        make_folder(name);
        cr_assert_eq(chdir(name), 0);
    }
    int fd = open("f", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    cr_assert_eq(write(fd, "deep", 4), 4);
    close(fd);
    cr_assert_eq(chdir(tmp_dir()), 0);
}

Test(source_tree, goes_256_folders_deep)
{
    enter_tmp();
    make_deep("d", SOURCE_TREE_DEPTH_MAX + 1);
    struct source_tree *t = list("d", NULL, NULL);
    cr_assert_eq(source_tree_count(t), SOURCE_TREE_DEPTH_MAX + 2);
    source_tree_free(t);
    char *got = refusal(".", NULL, true, ERR_FILE);
    cr_assert_not_null(strstr(got, "/d/d: is more than 256 folders deep"), "%s", got);
}

Test(source_tree, reads_below_paths_that_are_too_long_for_open)
{
    enter_tmp();
    char name[201], data[8];
    memset(name, 'n', 200);
    name[200] = '\0';
    make_deep(name, 30);
    struct source_tree *t = list(name, NULL, NULL);
    cr_assert_eq(source_tree_count(t), 31);
    cr_assert_gt(strlen(source_tree_entry(t, 30)->path), 4096);
    cr_assert_eq(source_tree_read(t, 30, data, sizeof data, 0), 4);
    cr_assert(source_tree_is_unchanged(t, 30));
    source_tree_free(t);
    cr_assert_eq(system("rm -r nnn*"), 0, "the harness cannot remove it");
}

Test(source_tree, reads_at_any_offset)
{
    enter_tmp();
    char data[10] = "........";
    make_folder("tree");
    tmp_file("tree/a", "0123456789");
    make_link("a", "tree/l");
    struct source_tree *t = list("tree", NULL, NULL);
    size_t a = find(t, "tree/a");
    cr_assert_eq(source_tree_read(t, a, data, 4, 3), 4);
    cr_assert_eq(memcmp(data, "3456", 4), 0);
    cr_assert_eq(source_tree_read(t, a, data, sizeof data, 8), 2);
    cr_assert_eq(memcmp(data, "8956", 4), 0, "no more was written than there is");
    cr_assert_eq(source_tree_read(t, a, data, sizeof data, 10), 0);
    cr_assert_eq(source_tree_read(t, a, data, sizeof data, UINT64_MAX), 0);
    cr_assert_eq(source_tree_read(t, a, data, 0, 0), 0);
    cr_assert_eq(source_tree_read(t, 0, data, sizeof data, 0), -EINVAL);
    cr_assert_eq(source_tree_read(t, find(t, "tree/l"), data, sizeof data, 0), -EINVAL);
    cr_assert(source_tree_is_unchanged(t, a) && source_tree_is_unchanged(t, 0));
    source_tree_free(t);
}

/* What happens to tree/sub/a, which reads "0123456789" and is of SOME_TIME. */
static void truncate_it(void)
{
    cr_assert_eq(truncate("tree/sub/a", 5), 0);
}

static void grow_it(void)
{
    cr_assert_eq(truncate("tree/sub/a", 11), 0);
    set_time("tree/sub/a", SOME_TIME);
}

static void touch_it(void)
{
    set_time("tree/sub/a", SOME_TIME + 1);
}

static void remove_it(void)
{
    cr_assert_eq(unlink("tree/sub/a"), 0);
}

static void link_it(void)
{
    cr_assert_eq(rename("tree/sub/a", "twin"), 0);
    make_link("../../twin", "tree/sub/a");
}

static void link_its_folder(void)
{
    cr_assert_eq(rename("tree/sub", "elsewhere"), 0);
    make_link("../elsewhere", "tree/sub");
}

static void make_it_a_fifo(void)
{
    remove_it();
    cr_assert_eq(mkfifo("tree/sub/a", 0600), 0);
}

static void make_its_folder_a_file(void)
{
    cr_assert_eq(rename("tree/sub", "elsewhere"), 0);
    tmp_file("tree/sub", "");
}

/* Same size, same time: only the file is another one. */
static void replace_it(void)
{
    tmp_file("new", "abcdefghij");
    set_time("new", SOME_TIME);
    cr_assert_eq(rename("new", "tree/sub/a"), 0);
}

static struct source_tree *list_victim(void)
{
    cr_assert_eq(system("rm -rf tree elsewhere twin new"), 0);
    make_folder("tree");
    make_folder("tree/sub");
    tmp_file("tree/sub/a", "0123456789");
    set_time("tree/sub/a", SOME_TIME);
    return list("tree", NULL, NULL);
}

static void (*const changes[])(void) = {
    truncate_it, grow_it,         touch_it,       remove_it,
    link_it,     link_its_folder, make_it_a_fifo, make_its_folder_a_file,
};

enum { CHANGE_COUNT = sizeof changes / sizeof *changes };

Test(source_tree, does_not_open_what_has_changed)
{
    enter_tmp();
    for (size_t i = 0; i < CHANGE_COUNT; i++) {
        char data[20];
        struct source_tree *t = list_victim();
        changes[i]();
        cr_expect_eq(source_tree_read(t, 2, data, sizeof data, 0), -ESTALE, "change %zu", i);
        cr_expect_not(source_tree_is_unchanged(t, 2), "change %zu", i);
        source_tree_free(t);
    }
}

Test(source_tree, notices_changes_while_it_reads)
{
    enter_tmp();
    char data[20];
    for (size_t i = 0; i <= CHANGE_COUNT; i++) {
        struct source_tree *t = list_victim();
        cr_assert_eq(source_tree_read(t, 2, data, 1, 0), 1);
        cr_assert(source_tree_is_unchanged(t, 2));
        (i < CHANGE_COUNT ? changes[i] : replace_it)();
        cr_expect_not(source_tree_is_unchanged(t, 2), "change %zu", i);
        source_tree_free(t);
    }
    struct source_tree *t = list_victim();
    cr_assert_eq(source_tree_read(t, 2, data, 1, 0), 1);
    truncate_it();
    cr_assert_eq(source_tree_read(t, 2, data, sizeof data, 2), 3, "what is left");
    cr_assert_eq(source_tree_read(t, 2, data, sizeof data, 5), -ESTALE);
    source_tree_free(t);
}

/* How many descriptors this process has. */
static size_t count_open(void)
{
    size_t count = 0;
    DIR *dir = opendir("/proc/self/fd");
    if (!dir)
        test_skip("there is no /proc");
    while (readdir(dir))
        count++;
    closedir(dir);
    return count - 3; /* ".", ".." and its own */
}

/* A tree of `count` files, each of which holds its number. */
static struct source_tree *list_many(unsigned count)
{
    enter_tmp();
    make_folder("tree");
    for (unsigned i = 0; i < count; i++) {
        char *text = text_of("%03u", i);
        free(tmp_file(text_of("tree/%s", text), text));
        free(text);
    }
    return list("tree", NULL, NULL);
}

/* Reads the file with this number, one byte at a time, all files before the next byte. */
static void read_in_turns(struct source_tree *t, unsigned count)
{
    for (uint64_t offset = 0; offset < 3; offset++) {
        for (unsigned i = 0; i < count; i++) {
            char got, wanted[12];
            snprintf(wanted, sizeof wanted, "%03u", i);
            cr_assert_eq(source_tree_read(t, i + 1, &got, 1, offset), 1);
            cr_assert_eq(got, wanted[offset]);
        }
    }
}

Test(source_tree, keeps_few_files_open)
{
    struct source_tree *t = list_many(200);
    size_t before = count_open();
    read_in_turns(t, 200);
    cr_assert_eq(count_open(), before + SOURCE_TREE_OPEN_MAX);
    /* The one that is used again and again stays, however many others come. */
    char byte;
    cr_assert_eq(source_tree_read(t, 1, &byte, 1, 0), 1);
    cr_assert_eq(truncate("tree/000", 1), 0);
    for (unsigned i = 2; i < 190; i++) {
        cr_assert_eq(source_tree_read(t, i, &byte, 1, 0), 1);
        cr_assert_eq(source_tree_read(t, 1, &byte, 1, 0), 1, "it was opened again");
    }
    source_tree_free(t);
    cr_assert_eq(count_open(), before);
}

Test(source_tree, gives_up_files_where_descriptors_are_short)
{
    struct source_tree *t = list_many(50);
    size_t before = count_open();
    struct rlimit limit;
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    /* Descriptors may have gaps: fill them, so that the limit means what it says. */
    int last = fcntl(STDIN_FILENO, F_DUPFD, 0);
    for (; (size_t)last < before; before++)
        last = fcntl(STDIN_FILENO, F_DUPFD, 0);
    limit.rlim_cur = (rlim_t)last + 1 + 4;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    read_in_turns(t, 50);
    for (unsigned i = 1; i <= 50; i++)
        cr_assert(source_tree_is_unchanged(t, i));
    /* A folder and a file are the least. */
    char byte;
    int taken[2] = { -1, -1 };
    source_tree_free(t);
    t = list("tree", NULL, NULL);
    for (size_t i = 0; i < 2; i++)
        taken[i] = fcntl(STDIN_FILENO, F_DUPFD, 0);
    cr_assert_eq(source_tree_read(t, 1, &byte, 1, 0), 1);
    cr_assert(fcntl(STDIN_FILENO, F_DUPFD, 0) >= 0);
    cr_assert_eq(source_tree_read(t, 2, &byte, 1, 0), -EMFILE);
    close(taken[0]);
    cr_assert_eq(source_tree_read(t, 2, &byte, 1, 0), 1);
    source_tree_free(t);
}

Test(source_tree, reads_beyond_4_gigabytes)
{
    const uint64_t size = UINT64_C(5) << 30;
    char data[8];
    enter_tmp();
    int fd = open("big", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (ftruncate(fd, (off_t)size) != 0)
        test_skip("the file system holds no file of 5 GiB");
    cr_assert_eq(pwrite(fd, "end", 3, (off_t)size - 3), 3);
    cr_assert_eq(close(fd), 0);
    tmp_file("small", "123");
    struct source_tree *t = list("big", "small", NULL);
    cr_assert_eq(source_tree_bytes(t), size + 3);
    cr_assert_eq(source_tree_read(t, 0, data, sizeof data, size - 4), 4);
    cr_assert_eq(memcmp(data, "\0end", 4), 0);
    cr_assert_eq(source_tree_read(t, 0, data, sizeof data, size), 0);
    source_tree_free(t);
}

Test(source_tree, digests_every_file_once)
{
    enter_tmp();
    make_folder("tree");
    size_t size = 300000; /* more than one piece */
    char *data = calloc(1, size);
    memset(data, 'd', size / 2);
    tmp_file_bytes("tree/data", data, size);
    tmp_file("tree/empty", "");
    make_link("data", "tree/link");
    const char *source = "tree";
    struct source_args args = {
        .sources = &source, .count = 1, .is_recursive = true, .wants_digests = true
    };
    struct source_tree *t = NULL;
    struct error err = ERROR_INIT;
    unsigned char wanted[SHA256_SIZE];
    cr_assert(source_tree_new(&t, &args, &err), "%s", error_text(&err));
    const struct source_entry *e = source_tree_entry(t, find(t, "tree/data"));
    digest_sha256(data, size, wanted);
    cr_assert(e->has_sha256);
    cr_assert_arr_eq(e->sha256, wanted, SHA256_SIZE);
    e = source_tree_entry(t, find(t, "tree/empty"));
    digest_sha256("", 0, wanted);
    cr_assert(e->has_sha256);
    cr_assert_arr_eq(e->sha256, wanted, SHA256_SIZE);
    cr_assert_not(source_tree_entry(t, 0)->has_sha256);
    cr_assert_not(source_tree_entry(t, find(t, "tree/link"))->has_sha256);
    source_tree_free(t);
    free(data);
}

Test(source_tree, is_limited)
{
    enter_tmp();
    make_folder("tree");
    tmp_file("tree/a", "");
    tmp_file("tree/b", "");
    const char *source = "tree";
    struct source_args args = { .sources = &source, .is_recursive = true, .entries_max = 3 };
    struct source_tree *t = NULL;
    struct error err = ERROR_INIT;
    cr_assert(source_tree_new(&t, &args, &err), "none is fine");
    cr_assert(source_tree_count(t) == 0 && source_tree_bytes(t) == 0);
    source_tree_free(t);
    source_tree_free(NULL);
    args.count = 1;
    cr_assert(source_tree_new(&t, &args, &err));
    source_tree_free(t);
    args.entries_max = 2;
    cr_assert_not(source_tree_new(&t, &args, &err));
    cr_assert_str_eq(error_text(&err), "tree/b: there are more than 2 files and folders");
    /* The root has no name, and its children have one slash before theirs. */
    source = "/";
    args.entries_max = 1;
    cr_assert_not(source_tree_new(&t, &args, &err));
    cr_assert(err.text[0] == '/' && err.text[1] != '/' && err.text[1] != ':', "%s", err.text);
    error_release(&err);
}
