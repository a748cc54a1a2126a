/* SPDX-License-Identifier: MIT */
/* Files that land: whole or not at all, and nothing left behind. */
#include <criterion/criterion.h>

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/landing_file.h"
#include "files.h"
#include "landing_scene.h"
#include "skip.h"

static const struct landing_attributes three = { .size = 3, .mode = 0644 };

Test(landing_file, is_written_in_any_order_and_read_back)
{
    struct landing *l = landing_scene();
    struct error err = ERROR_INIT;
    struct stat st;
    umask(077);
    must_make_folder(l, "a");
    struct landing_file *f = must_create(l, "a/file", "");
    cr_assert(landing_write(f, "456", 3, 3, &err));
    cr_assert(landing_write(f, "123", 3, 0, &err));
    char got[10] = "";
    cr_assert_eq(landing_read(f, got, sizeof got, 0), 6);
    cr_assert_str_eq(got, "123456");
    cr_assert_eq(landing_read(f, got, sizeof got, 6), 0);
    cr_assert_eq(landing_read(f, got, sizeof got, UINT64_MAX), 0);
    cr_assert_eq(strncmp(landing_temporary(f), "a/.file.muster-", 15), 0, "%s",
                 landing_temporary(f));
    cr_assert_eq(strlen(landing_temporary(f)), 23);
    cr_assert_eq(stat(landed(landing_temporary(f)), &st), 0);
    cr_assert_eq(st.st_mode & 07777, 0600);
    cr_assert_not(file_exists(landed("a/file")), "not before its time");
    struct landing_attributes a = { 6, 07754, true, 1000000000 };
    cr_assert(landing_commit(f, &a, &err), "%s", error_text(&err));
    cr_assert_eq(stat(landed("a/file"), &st), 0);
    cr_assert_eq(st.st_mode & 07777, 0754, "no special bits, no umask: %o", st.st_mode);
    cr_assert_eq(st.st_mtim.tv_sec, 1000000000);
    cr_assert_str_eq(file_read(landed("a/file"), NULL), "123456");
    cr_assert_str_eq(names_landed(), "a a/file");
    landing_free(l);
}

Test(landing_file, must_have_the_size_that_was_said)
{
    struct landing *l = landing_scene();
    struct error err = ERROR_INIT;
    must_land(l, "file", "old");
    struct landing_file *f = must_create(l, "file", "four");
    cr_assert_not(landing_commit(f, &three, &err));
    expect_error(&err, ERR_TRANSFER, "file: has 4 bytes instead of 3");
    f = must_create(l, "file", "2");
    cr_assert_not(landing_commit(f, &three, &err));
    expect_error(&err, ERR_TRANSFER, "file: has 1 bytes instead of 3");
    cr_assert_str_eq(names_landed(), "file");
    cr_assert_str_eq(file_read(landed("file"), NULL), "old");
    landing_free(l);
}

Test(landing_file, has_times_of_all_ages)
{
    const int64_t times[] = { 0, -1, INT64_MAX, INT64_MIN, 1LL << 33 };
    struct landing *l = landing_scene();
    struct error err = ERROR_INIT;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        struct landing_file *f = must_create(l, "file", "123");
        struct landing_attributes a = { 3, 0, true, times[i] };
        cr_assert(landing_commit(f, &a, &err), "%s", error_text(&err));
    }
    landing_free(l);
}

Test(landing_file, abandoned_leaves_nothing)
{
    struct landing *l = landing_scene();
    must_land(l, "file", "old");
    struct landing_file *f = must_create(l, "file", "new");
    cr_assert_str_neq(names_landed(), "file");
    landing_abandon(f);
    landing_abandon(NULL);
    landing_keep(NULL);
    cr_assert_str_eq(names_landed(), "file");
    cr_assert_str_eq(file_read(landed("file"), NULL), "old");
    landing_free(l);
}

Test(landing_file, offsets_beyond_all_files_are_errors)
{
    struct landing *l = landing_scene();
    struct error err = ERROR_INIT;
    struct landing_file *f = must_create(l, "file", "");
    const uint64_t offsets[] = { UINT64_MAX, UINT64_MAX - 1, INT64_MAX, (uint64_t)INT64_MAX + 1 };
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
        cr_assert_not(landing_write(f, "123", 3, offsets[i], &err));
        expect_error(&err, ERR_TRANSFER, "file: File too large");
    }
    landing_abandon(f);
    cr_assert_str_eq(names_landed(), "");
    landing_free(l);
}

Test(landing_file, names_of_all_lengths_have_temporaries)
{
    struct landing *l = landing_scene();
    struct error err = ERROR_INIT;
    for (size_t size = 1; size <= 255; size++) {
        char name[256] = "";
        for (size_t i = 0; i < size; i++)
            name[i] = "\xc3\xa9"[i % 2];
        struct landing_file *f = must_create(l, name, "123");
        cr_assert_leq(strlen(landing_temporary(f)), 255);
        const char *cut = strstr(landing_temporary(f), ".muster-");
        cr_assert(size < 255 || cut[-1] == '\xa9', "no character is cut");
        cr_assert(landing_commit(f, &three, &err), "%s", error_text(&err));
        uint64_t offset;
        char tag[65] = "";
        memset(tag, 'f', 64);
        cr_assert(landing_create_resumable(l, name, tag, &f, &offset, &err), "%s",
                  error_text(&err));
        cr_assert_leq(strlen(landing_temporary(f)), 255);
        landing_abandon(f);
    }
    landing_free(l);
}

/* A socket at a path. */
static void make_socket(const char *path)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_lt(strlen(path), sizeof a.sun_path);
    memcpy(a.sun_path, path, strlen(path));
    cr_assert_eq(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    close(fd);
}

Test(landing_file, replaces_only_files_and_links, .timeout = 20)
{
    struct landing *l = landing_scene();
    struct error err = ERROR_INIT;
    struct landing_file *f;
    uint64_t offset;
    must_make_folder(l, "folder");
    cr_assert_eq(mkfifo(landed("fifo"), 0600), 0);
    make_socket(landed("socket"));
    const char *const bad[] = { "folder", "fifo", "socket" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *text = text_of("%s: is there already and is %s", bad[i],
                                   i == 0 ? "a folder" : "no regular file");
        cr_assert_not(landing_create(l, bad[i], &f, &err));
        expect_error(&err, ERR_TRANSFER, text);
        cr_assert_not(landing_create_resumable(l, bad[i], "0", &f, &offset, &err));
        expect_error(&err, ERR_TRANSFER, text);
    }
    must_link(l, "link", "../outside/secret");
    must_land(l, "link", "new");
    must_link(l, "dangling", "../outside/none");
    must_land(l, "dangling", "new");
    struct stat st;
    cr_assert(lstat(landed("link"), &st) == 0 && S_ISREG(st.st_mode));
    cr_assert_str_eq(file_read(tmp_path("outside/secret"), NULL), "secret\n");
    cr_assert_not(file_exists(tmp_path("outside/none")));
    cr_assert_str_eq(names_landed(), "dangling fifo folder link socket");
    landing_free(l);
}

Test(landing_file, what_comes_to_its_place_meanwhile_stays, .timeout = 20)
{
    struct landing *l = landing_scene();
    struct error err = ERROR_INIT;
    struct landing_file *folder = must_create(l, "folder", "123");
    struct landing_file *fifo = must_create(l, "fifo", "123");
    struct landing_file *link = must_create(l, "link", "123");
    must_make_folder(l, "folder");
    must_link(l, "link", "../outside/secret");
    cr_assert_eq(mkfifo(landed("fifo"), 0600), 0);
    cr_assert_not(landing_commit(folder, &three, &err));
    expect_error(&err, ERR_TRANSFER, "folder: is there already and is a folder");
    cr_assert_not(landing_commit(fifo, &three, &err));
    expect_error(&err, ERR_TRANSFER, "fifo: is there already and is no regular file");
    cr_assert(landing_commit(link, &three, &err), "%s", error_text(&err));
    cr_assert_str_eq(names_landed(), "fifo folder link");
    cr_assert_str_eq(file_read(landed("link"), NULL), "123");
    cr_assert_str_eq(file_read(tmp_path("outside/secret"), NULL), "secret\n");
    landing_free(l);
}

Test(landing_file, stays_in_its_folder_when_that_is_swapped_for_a_link)
{
    struct landing *l = landing_scene();
    struct error err = ERROR_INIT;
    must_make_folder(l, "etc");
    char *before = tree_of(tmp_path("outside"), NULL);
    struct landing_file *one = must_create(l, "etc/passwd", "123");
    struct landing_file *two = must_create(l, "etc/shadow", "123");
    cr_assert_eq(rename(landed("etc"), landed("moved")), 0);
    cr_assert_eq(symlink("../outside/etc", landed("etc")), 0);
    cr_assert(landing_commit(one, &three, &err), "%s", error_text(&err));
    landing_abandon(two);
    cr_assert_str_eq(tree_of(tmp_path("outside"), NULL), before);
    cr_assert_str_eq(names_landed(), "etc moved moved/passwd");
    landing_free(l);
}

Test(landing_file, two_landings_to_one_path_leave_one_of_the_two_whole)
{
    enum { SIZE = 300000, PIECE = 4096 };
    struct landing *l[2] = { landing_scene(), NULL };
    struct error err = ERROR_INIT;
    cr_assert(landing_new(&l[1], tmp_path("out"), &err));
    struct landing_file *f[2] = { must_create(l[0], "file", ""), must_create(l[1], "file", "") };
    char piece[2][PIECE];
    memset(piece[0], 'a', PIECE);
    memset(piece[1], 'b', PIECE);
    for (uint64_t at = 0; at < SIZE; at += PIECE) {
        for (int i = 0; i < 2; i++)
            cr_assert(
                landing_write(f[i], piece[i], at + PIECE < SIZE ? PIECE : SIZE - at, at, &err));
    }
    struct landing_attributes a = { SIZE, 0644, false, 0 };
    cr_assert(landing_commit(f[1], &a, &err), "%s", error_text(&err));
    cr_assert(landing_commit(f[0], &a, &err), "%s", error_text(&err));
    size_t size;
    char *got = file_read(landed("file"), &size);
    cr_assert_eq(size, SIZE);
    cr_assert_eq(strspn(got, "a"), SIZE, "the last one, whole");
    cr_assert_str_eq(names_landed(), "file");
    landing_free(l[0]);
    landing_free(l[1]);
}

Test(landing_file, outlives_the_landing)
{
    struct landing *l = landing_scene();
    struct error err = ERROR_INIT;
    struct landing_file *f = must_create(l, "file", "123");
    landing_free(l);
    cr_assert(landing_commit(f, &three, &err), "%s", error_text(&err));
    cr_assert_str_eq(names_landed(), "file");
}

/* Writes until it fails; the error must be `text`. */
static void expect_full(struct landing *l, const char *path, const char *text)
{
    struct error err = ERROR_INIT;
    struct landing_file *f;
    char piece[16384];
    memset(piece, 'x', sizeof piece);
    cr_assert(landing_create(l, path, &f, &err), "%s", error_text(&err));
    bool goes_on = true;
    for (uint64_t at = 0; goes_on && at < 10000000; at += sizeof piece)
        goes_on = landing_write(f, piece, sizeof piece, at, &err);
    cr_assert_not(goes_on);
    expect_error(&err, ERR_TRANSFER, text);
    landing_abandon(f);
}

Test(landing_file, a_full_disk_costs_nothing_but_the_new_file)
{
    cr_assert_eq(mkdir(tmp_path("out"), 0700), 0);
    if (unshare(CLONE_NEWNS | (geteuid() == 0 ? 0 : CLONE_NEWUSER)) != 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", tmp_path("out"), "tmpfs", 0, "size=256k") != 0)
        test_skip("no private mount namespace here");
    struct landing *l = landing_scene();
    must_land(l, "file", "old");
    expect_full(l, "file", "file: No space left on device");
    cr_assert_str_eq(file_read(landed("file"), NULL), "old");
    cr_assert_str_eq(names_landed(), "file");
    must_land(l, "other", "there is room again");
    landing_free(l);
    cr_assert_eq(umount2(tmp_path("out"), MNT_DETACH), 0);
}

Test(landing_file, a_limit_of_the_file_size_is_an_error)
{
    struct landing *l = landing_scene();
    struct rlimit limit = { 100000, 100000 };
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, SIG_IGN);
    expect_full(l, "file", "file: File too large");
    cr_assert_str_eq(names_landed(), "");
    landing_free(l);
}

Test(landing_file, permissions_are_the_users)
{
    bool changed;
    enum { NOBODY = 65534 };
    struct landing *l = landing_scene();
    struct error err = ERROR_INIT;
    struct landing_file *f;
    bool created;
    must_make_folder(l, "a");
    cr_assert_eq(chmod(landed("a"), 0555), 0);
    bool is_root = geteuid() == 0;
    if (is_root && (chmod(tmp_dir(), 0711) != 0 || setresuid(NOBODY, NOBODY, 0) != 0))
        test_skip("root cannot become somebody else here");
    cr_expect_not(landing_create(l, "a/file", &f, &err));
    expect_error(&err, ERR_TRANSFER, "a/file: Permission denied");
    cr_expect_not(landing_make_folder(l, "a/b", &created, &err));
    expect_error(&err, ERR_TRANSFER, "a/b: Permission denied");
    cr_expect_not(landing_link(l, "a/link", "x", 1, &changed, &err));
    expect_error(&err, ERR_TRANSFER, "a/link: Permission denied");
    if (is_root)
        cr_assert_eq(setresuid(0, 0, 0), 0);
    cr_assert_eq(chmod(landed("a"), 0755), 0);
    cr_assert_str_eq(names_landed(), "a");
    landing_free(l);
}

Test(landing_file, what_may_not_be_replaced_stays_and_nothing_else_is_left)
{
    bool changed;
    enum { NOBODY = 65534 };
    struct landing *l = landing_scene();
    struct error err = ERROR_INIT;
    must_make_folder(l, "a");
    must_land(l, "a/file", "old");
    cr_assert_eq(chmod(landed("a"), 01777), 0, "whose files are somebody else's");
    if (geteuid() != 0 || chmod(tmp_dir(), 0711) != 0 || setresuid(NOBODY, NOBODY, 0) != 0)
        test_skip("only root has files of two users");
    cr_expect_not(land(l, "a/file", "new", &err));
    expect_error(&err, ERR_TRANSFER, "a/file: Operation not permitted");
    cr_expect_not(landing_link(l, "a/file", "x", 1, &changed, &err));
    expect_error(&err, ERR_TRANSFER, "a/file: Operation not permitted");
    cr_assert_eq(setresuid(0, 0, 0), 0);
    cr_assert_str_eq(names_landed(), "a a/file", "%s", names_landed());
    cr_assert_str_eq(file_read(landed("a/file"), NULL), "old");
    landing_free(l);
}

/* Opens a temporary that is gone on with from `offset`. */
static struct landing_file *must_resume(struct landing *l, const char *path, const char *tag,
                                        uint64_t offset)
{
    struct landing_file *f;
    struct error err = ERROR_INIT;
    uint64_t got = 99;
    cr_assert(landing_create_resumable(l, path, tag, &f, &got, &err), "%s", error_text(&err));
    cr_assert_eq(got, offset);
    return f;
}

Test(landing_file, is_resumed_where_it_was_left)
{
    struct landing *l = landing_scene();
    struct error err = ERROR_INIT;
    must_land(l, "file", "old");
    struct landing_file *f = must_resume(l, "file", "0badcafe", 0);
    cr_assert_str_eq(landing_temporary(f), ".file.muster-0badcafe");
    cr_assert(landing_write(f, "12", 2, 0, &err));
    landing_keep(f);
    cr_assert_str_eq(names_landed(), ".file.muster-0badcafe file");
    landing_free(l);
    cr_assert(landing_new(&l, tmp_path("out"), &err));
    f = must_resume(l, "file", "1badcafe", 0);
    landing_abandon(f);
    f = must_resume(l, "file", "0badcafe", 2);
    cr_assert(landing_write(f, "3", 1, 2, &err));
    cr_assert(landing_commit(f, &three, &err), "%s", error_text(&err));
    cr_assert_str_eq(file_read(landed("file"), NULL), "123");
    cr_assert_str_eq(names_landed(), "file");
    f = must_resume(l, "file", "0badcafe", 0);
    cr_assert(landing_write(f, "1234", 4, 0, &err));
    cr_assert_not(landing_commit(f, &three, &err));
    expect_error(&err, ERR_TRANSFER, "file: has 4 bytes instead of 3");
    cr_assert_str_eq(names_landed(), "file");
    landing_free(l);
}

Test(landing_file, only_tags_of_digits_make_names)
{
    struct landing *l = landing_scene();
    struct error err = ERROR_INIT;
    struct landing_file *f;
    uint64_t offset;
    const char *const bad[] = {
        "", "/../x", "0 ", "g", "00000000000000000000000000000000000000000000000000000000000000000"
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cr_assert_not(landing_create_resumable(l, "file", bad[i], &f, &offset, &err));
        cr_assert_eq(err.code, ERR_INTERNAL);
        error_release(&err);
    }
    cr_assert_str_eq(names_landed(), "");
    landing_free(l);
}

/* What a server may have put in the place of a temporary. */
static void expect_no_resume(struct landing *l, const char *text)
{
    struct error err = ERROR_INIT;
    struct landing_file *f;
    uint64_t offset;
    char *before = tree_of(tmp_dir(), "");
    cr_assert_not(landing_create_resumable(l, "f", "0a", &f, &offset, &err));
    expect_error(&err, ERR_TRANSFER, text);
    cr_assert_str_eq(tree_of(tmp_dir(), ""), before);
}

Test(landing_file, is_not_resumed_in_what_is_not_ours, .timeout = 20)
{
    struct landing *l = landing_scene();
    const char *const not_ours = ".f.muster-0a: is there already and cannot be gone on with";
    const char *path = landed(".f.muster-0a");
    must_link(l, ".f.muster-0a", "../outside/secret");
    expect_no_resume(l, not_ours);
    must_link(l, ".f.muster-0a", "../outside/none");
    expect_no_resume(l, not_ours);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(link(tmp_path("outside/secret"), path), 0);
    expect_no_resume(l, not_ours);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(mkfifo(path, 0600), 0);
    expect_no_resume(l, not_ours);
    cr_assert_eq(unlink(path), 0);
    must_make_folder(l, ".f.muster-0a");
    expect_no_resume(l, ".f.muster-0a: Is a directory");
    cr_assert_eq(rmdir(path), 0);
    if (geteuid() != 0)
        test_skip("only root can give a file to somebody else");
    must_land(l, ".f.muster-0a", "x");
    cr_assert_eq(chown(path, 65534, 65534), 0);
    expect_no_resume(l, not_ours);
    landing_free(l);
}

Test(landing_file, is_resumed_by_one_at_a_time)
{
    struct landing *l = landing_scene();
    struct error err = ERROR_INIT;
    struct landing_file *f = must_resume(l, "f", "0a", 0);
    expect_no_resume(l, ".f.muster-0a: is being written by somebody else");
    cr_assert(landing_write(f, "123", 3, 0, &err));
    cr_assert(landing_commit(f, &three, &err));
    landing_abandon(must_resume(l, "f", "0a", 0));
    cr_assert_str_eq(names_landed(), "f");
    landing_free(l);
}

Test(landing_file, is_not_mistaken_for_what_was_sent_under_its_temporary_name)
{
    struct landing *l = landing_scene();
    struct error err = ERROR_INIT;
    const char *text = ".f.muster-0a: was removed or replaced while it was written";
    struct landing_file *f = must_resume(l, "f", "0a", 0);
    cr_assert(landing_write(f, "123", 3, 0, &err));
    must_link(l, ".f.muster-0a", "../outside/secret");
    cr_assert_not(landing_commit(f, &three, &err));
    expect_error(&err, ERR_TRANSFER, text);
    cr_assert_str_eq(names_landed(), ".f.muster-0a", "what the server sent under that name");
    cr_assert_eq(unlink(landed(".f.muster-0a")), 0);
    f = must_resume(l, "f", "0a", 0);
    cr_assert(landing_write(f, "123", 3, 0, &err));
    must_land(l, ".f.muster-0a", "bad");
    cr_assert_not(landing_commit(f, &three, &err));
    expect_error(&err, ERR_TRANSFER, text);
    cr_assert_str_eq(file_read(landed(".f.muster-0a"), NULL), "bad");
    f = must_create(l, "g", "123");
    cr_assert_eq(unlink(landed(landing_temporary(f))), 0);
    cr_assert_not(landing_commit(f, &three, &err));
    cr_assert_eq(err.code, ERR_TRANSFER);
    error_release(&err);
    cr_assert_str_eq(names_landed(), ".f.muster-0a");
    landing_free(l);
}
