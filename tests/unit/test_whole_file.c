/* SPDX-License-Identifier: MIT */
/* Files that are put in place whole or not at all. */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "sink/whole_file.h"
#include "skip.h"

/* Writes a text through whole_file. */
static void put_whole(const char *path, const char *text)
{
    struct whole_file *f;
    struct error err = ERROR_INIT;
    cr_assert(whole_file_open(&f, path, &err), "%s", error_text(&err));
    cr_assert(whole_file_write(f, text, strlen(text), &err));
    cr_assert(whole_file_commit(f, &err), "%s", error_text(&err));
}

Test(whole_file, keeps_mode_and_links_and_spares_devices)
{
    const char *path = tmp_file("target", "old\n");
    cr_assert_eq(chmod(path, 0640), 0);
    const char *link = tmp_path("link");
    cr_assert_eq(symlink(path, link), 0);
    put_whole(link, "new\n");
    struct stat st;
    cr_assert_eq(lstat(link, &st), 0);
    cr_assert(S_ISLNK(st.st_mode), "the link is still one");
    cr_assert_eq(stat(path, &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0640);
    cr_assert_str_eq(file_read(path, NULL), "new\n");
    put_whole("/dev/null", "gone\n");
    cr_assert_eq(stat("/dev/null", &st), 0);
    cr_assert(S_ISCHR(st.st_mode), "/dev/null is still a device");
    umask(027);
    const char *fresh = tmp_path("fresh");
    put_whole(fresh, "x");
    cr_assert_eq(stat(fresh, &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0640);
}

Test(whole_file, nothing_is_seen_of_it_before_its_time)
{
    struct whole_file *f;
    struct error err = ERROR_INIT;
    const char *path = tmp_path("r.json");
    cr_assert(whole_file_open(&f, path, &err));
    cr_assert(whole_file_write(f, "half", 4, &err));
    cr_assert_not(file_exists(path));
    int probe = open(tmp_dir(), O_TMPFILE | O_WRONLY, 0600);
    cr_assert_eq(file_count(tmp_dir()), probe < 0 ? 1 : 0, "a file without a name, if there are");
    close(probe);
    cr_assert(whole_file_commit(f, &err));
    cr_assert_eq(file_count(tmp_dir()), 1);
    cr_assert_str_eq(file_read(path, NULL), "half");
}

/* Takes /proc away from this test. */
static void hide_proc(void)
{
    if (unshare(CLONE_NEWNS | (geteuid() == 0 ? 0 : CLONE_NEWUSER)) != 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", "/proc", "tmpfs", 0, NULL) != 0)
        test_skip("no private mount namespace here");
}

Test(whole_file, has_a_temporary_name_where_it_must)
{
    struct whole_file *f;
    struct error err = ERROR_INIT;
    const char *path = tmp_file("r.json", "old\n");
    hide_proc();
    cr_assert(whole_file_open(&f, path, &err));
    cr_assert_eq(file_count(tmp_dir()), 2);
    cr_assert(whole_file_write(f, "new\n", 4, &err));
    cr_assert_str_eq(file_read(path, NULL), "old\n");
    cr_assert(whole_file_commit(f, &err));
    cr_assert_eq(file_count(tmp_dir()), 1);
    cr_assert_str_eq(file_read(path, NULL), "new\n");
    cr_assert(whole_file_open(&f, path, &err));
    whole_file_abandon(f);
    cr_assert_eq(file_count(tmp_dir()), 1, "an abandoned one is removed");
    cr_assert_str_eq(file_read(path, NULL), "new\n");
}

Test(whole_file, a_pipe_is_written_to_directly)
{
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    put_whole(text_of("/dev/fd/%d", ends[1]), "through\n");
    char got[20] = "";
    cr_assert_eq(read(ends[0], got, sizeof got - 1), 8);
    cr_assert_str_eq(got, "through\n");
}

Test(whole_file, a_file_that_may_not_be_written_is_refused)
{
    enum { NOBODY = 65534 };
    const char *path = tmp_file("r.json", "old\n");
    cr_assert_eq(chmod(path, 0444), 0);
    cr_assert_eq(chmod(tmp_dir(), 0777), 0, "it is the file that forbids");
    bool is_root = geteuid() == 0;
    if (is_root)
        cr_assert_eq(setresuid(NOBODY, NOBODY, 0), 0);
    struct whole_file *f;
    struct error err = ERROR_INIT;
    cr_assert_not(whole_file_open(&f, path, &err));
    if (is_root)
        cr_assert_eq(setresuid(0, 0, 0), 0);
    const char *text = error_text(&err);
    cr_assert_str_eq(text, text_of("%s: Permission denied", path), "%s", text);
    error_release(&err);
}
