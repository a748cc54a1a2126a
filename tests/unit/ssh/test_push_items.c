/* SPDX-License-Identifier: MIT */
/* Files of a push that fail or change, and the small commands beside it: digests and mv. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/digest.h"
#include "copying.h"
#include "ssh/transfer_private.h"

/* --- Files that fail -------------------------------------------------------------------------- */

/* More files than are begun at once, of which the first cannot be sent. */
Test(push_items, one_that_fails_does_not_hold_up_the_others)
{
    struct copying c;
    char path[32];
    copying_init(&c);
    for (int i = 0; i < 2 * TRANSFER_ITEMS_MAX; i++) {
        snprintf(path, sizeof path, "src/%03d", i);
        copying_file(path, "some content");
    }
    c.sources[0] = "src/.";
    c.spec.is_recursive = true;
    remote_add("000", S_IFDIR | 0755, "");
    copying_run(&c);
    copying_expect_end(&c, ERR_TRANSFER, "./000: is a folder, which is never replaced by a file");
    cr_assert_eq(remote_count(""), 2 * TRANSFER_ITEMS_MAX);
    cr_assert_eq(c.result.totals.failed, 1);
    copying_finish(&c);
}

/* The source is no longer what was listed, found with its first piece or a later one. */
Test(push_items, one_that_changed_meanwhile)
{
    for (unsigned pieces = 0; pieces < 3; pieces++) {
        struct copying c;
        copying_init(&c);
        copying_bytes("src/a", 96000);
        c.sources[0] = "src/a";
        c.args.destination = "a";
        c.rig.rate.bytes_per_s = 32000;
        copying_begin(&c);
        if (pieces > 0)
            copying_accept(&c);
        fake_advance(c.rig.loop, (pieces > 1) * US_PER_SEC);
        cr_assert_eq(truncate("src/a", 10), 0);
        if (pieces == 0)
            copying_accept(&c);
        fake_advance(c.rig.loop, 5 * US_PER_SEC);
        copying_expect_end(&c, ERR_TRANSFER, "a: the source changed while it was being sent");
        cr_assert_eq(remote_count(""), 0);
        copying_finish(&c);
    }
}

/* Each request fails in turn: the others go on, it ends, and nothing is left. */
Test(push_items, whatever_fails)
{
    static const enum sftp_type types[] = { SFTP_OPEN,        SFTP_CLOSE,    SFTP_WRITE,
                                            SFTP_LSTAT,       SFTP_FSTAT,    SFTP_SETSTAT,
                                            SFTP_MKDIR,       SFTP_FSETSTAT, SFTP_REALPATH,
                                            SFTP_STAT,        SFTP_READLINK, SFTP_SYMLINK,
                                            SFTP_POSIX_RENAME };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct copying c;
        copying_init(&c);
        cr_assert_eq(mkdir("src/d", 0755), 0);
        copying_bytes("src/d/a", 70000);
        copying_file("src/d/b", "b");
        copying_file("src/x", "x");
        cr_assert_eq(symlink("b", "src/d/l"), 0);
        remote_add("d", S_IFDIR | 0755, "");
        remote_add("d/l", S_IFLNK | 0777, "other");
        remote_add("x", S_IFLNK | 0777, "real");
        remote_add("real", S_IFREG | 0600, "old");
        c.sources[0] = "src/d";
        c.sources[1] = "src/x";
        c.spec.is_recursive = c.spec.preserves = true;
        c.rig.settings.no_remote_kill = true;
        remote_fail(types[i], "", SFTP_FAILURE, "no such luck");
        copying_run(&c);
        cr_assert_eq(c.ends, 1, "%d: %s", (int)types[i], buf_str(&c.told));
        cr_assert_not(c.has_items_left);
        bool is_tried_only = types[i] == SFTP_READLINK || types[i] == SFTP_MKDIR;
        cr_assert_eq(c.result.error.code, is_tried_only ? ERR_NONE : ERR_TRANSFER, "%d: %s",
                     (int)types[i], error_text(&c.result.error));
        cr_assert_eq(remote_count(".muster-"), 0, "%d", (int)types[i]);
        copying_finish(&c);
    }
}

Test(push_items, a_temporary_that_stays_is_told)
{
    struct copying c;
    copying_init(&c);
    copying_file("src/a", "a");
    c.sources[0] = "src/a";
    c.args.destination = "a";
    c.rig.settings.no_remote_kill = true;
    remote_fail(SFTP_POSIX_RENAME, "", SFTP_FAILURE, "no");
    remote_fail(SFTP_REMOVE, "", SFTP_PERMISSION_DENIED, "");
    copying_run(&c);
    cr_assert_eq(c.ends, 1);
    const char *text = error_text(&c.result.error),
               *start = "a: the server cannot replace it: no; ";
    cr_assert_eq(strncmp(text, start, strlen(start)), 0, "%s", text);
    cr_assert(strstr(text, "/.muster-") == NULL && strstr(text, ".muster-"));
    cr_assert(strstr(text, " is left there"));
    copying_finish(&c);
}

/* --delete: more than are dealt with at once. */
Test(push_items, many_that_are_to_be_deleted_end_with_it)
{
    struct copying c;
    char path[32];
    copying_init(&c);
    cr_assert_eq(mkdir("src/d", 0755), 0);
    c.sources[0] = "src/d";
    c.spec.is_recursive = c.spec.deletes = true;
    remote_add("d", S_IFDIR | 0755, "");
    for (int i = 0; i < 90; i++) {
        snprintf(path, sizeof path, "d/%d", i);
        remote_add(path, S_IFREG | 0600, "");
    }
    remote_hold(SFTP_REMOVE);
    copying_run(&c);
    int64_t before = fake_elapsed_us();
    copying_end(&c);
    remote_answer_all();
    copying_expect_end(&c, ERR_CANCELLED_BY_USER, "enough");
    cr_assert_eq(fake_elapsed_us(), before);
    cr_assert_not(c.has_items_left);
    cr_assert_eq(remote_count("d/"), 90 - 32);
    copying_finish(&c);
}

Test(push_items, a_listing_without_names_is_the_end)
{
    struct copying c;
    copying_init(&c);
    cr_assert_eq(mkdir("src/d", 0755), 0);
    c.sources[0] = "src/d";
    c.spec.is_recursive = c.spec.deletes = true;
    remote_add("d", S_IFDIR | 0755, "");
    remote_add("d/a", S_IFREG | 0600, "");
    remote_list_nothing();
    copying_run(&c);
    copying_expect_end(&c, ERR_NONE, "");
    cr_assert_eq(remote_count("d/a"), 1);
    copying_finish(&c);
}

/* --- Digests by a helper ---------------------------------------------------------------------- */

/* "a" with "content", to be verified; the helper is under way. */
static void begin_check(struct copying *c)
{
    copying_init(c);
    copying_file("src/a", "content");
    c->sources[0] = "src/a";
    c->args.destination = "a";
    c->spec.verifies = true;
    copying_run(c);
    cr_assert_eq(c->ends, 0);
    cr_assert(strstr(client_sent(), "O1 \n"));
}

/* The same, but it is there already: the helper says whether it is the same. */
static void begin_compare(struct copying *c)
{
    copying_init(c);
    copying_file("src/a", "content");
    remote_add("a", S_IFREG | 0644, "content");
    c->sources[0] = "src/a";
    c->args.destination = "a";
    c->spec.verifies = c->spec.skips_same = true;
    copying_run(c);
    cr_assert_eq(c->ends, 0);
    cr_assert(strstr(client_sent(), "O1 \n"));
}

static const char *digest_line(const char *content)
{
    static char text[SHA256_TEXT_SIZE + 16];
    unsigned char digest[SHA256_SIZE];
    char shown[SHA256_TEXT_SIZE];
    digest_sha256(content, strlen(content), digest);
    digest_sha256_text(digest, shown);
    snprintf(text, sizeof text, "%s  a\n", shown + strlen("sha256:"));
    return text;
}

Test(push_digest, of_the_copy_is_right)
{
    struct copying c;
    begin_check(&c);
    copying_helper_says(&c, 1, digest_line("content"));
    cr_assert(strstr(client_last('X'), "sha256sum"));
    copying_expect_end(&c, ERR_NONE, "");
    copying_expect_told(&c, "create a; ");
    cr_assert_eq(remote_requests_of(SFTP_READ), 0);
    copying_finish(&c);
}

Test(push_digest, of_the_copy_is_wrong)
{
    struct copying c;
    begin_check(&c);
    copying_helper_says(&c, 1, digest_line("c0ntent"));
    copying_expect_end(&c, ERR_TRANSFER, "a: the copy differs from the source (SHA-256)");
    cr_assert_eq(remote_count(""), 0);
    copying_finish(&c);
}

/* Then it is read back. */
Test(push_digest, cannot_be_had)
{
    static const char *const lines[] = { "-\n", "", "abc\n" };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct copying c;
        begin_check(&c);
        copying_helper_says(&c, 1, lines[i]);
        copying_expect_end(&c, ERR_NONE, "");
        cr_assert_gt(remote_requests_of(SFTP_READ), 0);
        copying_finish(&c);
    }
}

Test(push_digest, is_nobodys_to_ask_for)
{
    static const char *const versions[] = { NULL, "SSH-2.0-Cisco-1.25\r\n" };
    for (size_t i = 0; i < 2; i++) {
        struct copying c;
        copying_init(&c);
        copying_file("src/a", "content");
        c.sources[0] = "src/a";
        c.args.destination = "a";
        c.spec.verifies = true;
        c.version = versions[i];
        c.rig.settings.no_remote_kill = versions[i] == NULL;
        copying_run(&c);
        copying_expect_end(&c, ERR_NONE, "");
        cr_assert_null(client_last('X'));
        cr_assert_gt(remote_requests_of(SFTP_READ), 0);
        copying_finish(&c);
    }
}

Test(push_digest, of_what_is_there)
{
    for (int is_same = 0; is_same < 2; is_same++) {
        struct copying c;
        begin_compare(&c);
        copying_helper_says(&c, 1, digest_line(is_same ? "content" : "c0ntent"));
        if (!is_same)
            copying_helper_says(&c, 2, digest_line("content"));
        copying_expect_end(&c, ERR_NONE, "");
        copying_expect_told(&c, is_same ? "keep a; " : "replace a; ");
        copying_finish(&c);
    }
}

/* A name that no command line has room for is read back, without anybody to wake the session. */
Test(push_digest, of_a_name_that_is_too_long)
{
    static char name[31001];
    struct copying c;
    copying_init(&c);
    memset(name, 'n', sizeof name - 1);
    copying_file("src/a", "content");
    c.sources[0] = "src/a";
    c.args.destination = name;
    c.spec.verifies = c.spec.skips_same = true;
    remote_add(name, S_IFREG | 0644, "content");
    copying_run(&c);
    copying_expect_end(&c, ERR_NONE, "");
    cr_assert_gt(remote_requests_of(SFTP_READ), 0);
    copying_finish(&c);
}

/* --- The end while a helper runs -------------------------------------------------------------- */

/* The transfer is over at once and has told nothing but its end. */
static void expect_quiet_end(struct copying *c, enum error_code code, const char *text)
{
    copying_expect_end(c, code, text);
    copying_expect_told(c, "");
    cr_assert_eq(remote_count(".muster-"), 0);
}

Test(push_digest, is_waited_for_when_it_is_ended)
{
    for (int is_started = 0; is_started < 2; is_started++) {
        struct copying c;
        begin_check(&c);
        if (is_started) {
            server_opens(1);
            server_starts(1);
            fake_settle(c.rig.loop);
        }
        copying_end(&c);
        expect_quiet_end(&c, ERR_CANCELLED_BY_USER, "enough");
        cr_assert_not(c.has_items_left);
        if (is_started)
            rig_expect_end(&c.rig, ERR_NONE, STAGE_QUEUED);
        copying_finish(&c);
    }
}

/* Nothing was written yet, and nothing is. */
Test(push_digest, of_what_is_there_is_waited_for_when_it_is_ended)
{
    struct copying c;
    begin_compare(&c);
    server_opens(1);
    server_starts(1);
    fake_settle(c.rig.loop);
    copying_end(&c);
    expect_quiet_end(&c, ERR_CANCELLED_BY_USER, "enough");
    cr_assert_eq(c.starts, 0);
    cr_assert_eq(remote_requests_of(SFTP_OPEN), 0);
    copying_finish(&c);
}

Test(push_digest, is_waited_for_when_the_connection_breaks)
{
    for (int is_compare = 0; is_compare < 2; is_compare++) {
        struct copying c;
        (is_compare ? begin_compare : begin_check)(&c);
        server_opens(1);
        server_starts(1);
        fake_settle(c.rig.loop);
        wire.recv_errno = ECONNRESET;
        fake_settle(c.rig.loop);
        cr_assert_eq(c.ends, 1);
        cr_assert_eq(c.result.error.code, is_compare ? ERR_CLOSED_BEFORE_START : ERR_TRANSFER);
        copying_expect_told(&c, "");
        copying_finish(&c);
    }
}

/* The session does not wait for a helper that may hash for hours. */
Test(push_digest, is_waited_for_when_the_server_goes_away)
{
    for (int is_compare = 0; is_compare < 2; is_compare++) {
        struct copying c;
        (is_compare ? begin_compare : begin_check)(&c);
        server_opens(1);
        server_starts(1);
        fake_settle(c.rig.loop);
        server_exits(0, 1);
        fake_settle(c.rig.loop);
        cr_assert_eq(c.ends, 1);
        copying_expect_told(&c, "");
        rig_expect_end(&c.rig, ERR_NONE, STAGE_QUEUED);
        copying_finish(&c);
    }
}

/* --- mv --------------------------------------------------------------------------------------- */

/* "a" is there, and the server cannot rename over it. */
static void begin_move(struct copying *c, bool may_exec)
{
    copying_init(c);
    copying_file("src/a", "new");
    remote_add("a", S_IFREG | 0600, "old");
    c->sources[0] = "src/a";
    c->args.destination = "a";
    c->can_replace = false;
    c->rig.settings.no_remote_kill = !may_exec;
    copying_run(c);
}

Test(push_move, is_done)
{
    struct copying c;
    begin_move(&c, true);
    copying_helper_says(&c, 1, "done\n");
    cr_assert(strstr(client_last('X'), "mv -f"));
    copying_expect_end(&c, ERR_NONE, "");
    copying_expect_told(&c, "replace a; ");
    cr_assert_eq(remote_requests_of(SFTP_REMOVE), 0);
    cr_assert_eq(remote_requests_of(SFTP_RENAME), 0);
    copying_finish(&c);
}

Test(push_move, fails)
{
    static const char *const answers[][2] = {
        { "failed\n", "a: it exists, and the server cannot rename over it; mv: failed" },
        { "folder\n",
          "a: it exists, and the server cannot rename over it; mv: it is a folder by now" },
        { "",
          "a: it exists, and the server cannot rename over it; mv: the host's answer is incomplete" },
    };
    for (size_t i = 0; i < 3; i++) {
        struct copying c;
        begin_move(&c, true);
        copying_helper_says(&c, 1, answers[i][0]);
        copying_expect_end(&c, ERR_TRANSFER, answers[i][1]);
        cr_assert_str_eq(remote_content("a"), "old");
        cr_assert_eq(remote_count(".muster-"), 0);
        copying_finish(&c);
    }
}

Test(push_move, may_not_be_tried)
{
    struct copying c;
    begin_move(&c, false);
    copying_expect_end(&c, ERR_TRANSFER, "a: it exists, and the server cannot rename over it");
    cr_assert_str_eq(remote_content("a"), "old");
    cr_assert_eq(remote_count(".muster-"), 0);
    copying_finish(&c);
}

Test(push_move, is_lost_with_the_connection)
{
    struct copying c;
    begin_move(&c, true);
    server_opens(1);
    server_starts(1);
    fake_settle(c.rig.loop);
    wire.recv_errno = ECONNRESET;
    fake_settle(c.rig.loop);
    cr_assert_eq(c.ends, 1);
    cr_assert_eq(c.result.error.code, ERR_CONNECTION_LOST);
    cr_assert(strstr(error_text(&c.result.error), ", while a file was being replaced"));
    copying_expect_told(&c, "");
    copying_finish(&c);
}

/* What is being replaced is replaced: the answer is waited for, as long as there is time. */
Test(push_move, is_waited_for)
{
    struct copying c;
    begin_move(&c, true);
    server_opens(1);
    server_starts(1);
    fake_settle(c.rig.loop);
    copying_end(&c);
    cr_assert_eq(c.ends, 0);
    const char *at = strstr(client_last('X'), "' muster ");
    char line[64];
    snprintf(line, sizeof line, "%.32s\ndone\n", at + strlen("' muster "));
    server_says('o', 1, line);
    server_exits(1, 0);
    copying_expect_end(&c, ERR_NONE, ""); /* it was the last thing to be done */
    copying_expect_told(&c, "replace a; ");
    copying_finish(&c);

    begin_move(&c, true);
    server_opens(1);
    server_starts(1);
    fake_settle(c.rig.loop);
    copying_end(&c);
    fake_advance(c.rig.loop, 3 * US_PER_SEC);
    cr_assert_eq(c.ends, 1);
    cr_assert(
        strstr(error_text(&c.result.error), "enough, while a file was being replaced; .muster-"));
    rig_expect_end(&c.rig, ERR_NONE, STAGE_QUEUED);
    copying_finish(&c);
}
