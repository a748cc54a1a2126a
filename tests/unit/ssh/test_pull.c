/* SPDX-License-Identifier: MIT */
/* A pull, ended, cut off or left alone after any of its requests, in each way of pulling. */
#include <criterion/criterion.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/digest.h"
#include "copying.h"
#include "files.h"
#include "ssh/transfer_private.h"

#define S US_PER_SEC

/* --- All ways of pulling ---------------------------------------------------------------------- */

enum way { PLAIN, PRESERVE, VERIFY, SKIP_SAME, SKIP_SAME_VERIFY, RESUME, FLAT, SIZELESS, WAYS };

/* Files of three pieces, one and none, a folder, a link; some of it is here already. */
static void set_scene(struct copying *c, enum way way)
{
    static char big[70000];
    copying_init(c);
    c->is_pull = true;
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)(i % 251);
    remote_add("tree", S_IFDIR | 0755, "");
    remote_add_bytes("tree/big", S_IFREG | 0600, big, sizeof big);
    remote_add("tree/empty", S_IFREG | 0644, "");
    remote_add("tree/same", S_IFREG | 0644, "same");
    remote_add("tree/sub", S_IFDIR | 0755, "");
    remote_add("tree/sub/new", S_IFREG | 0640, "new");
    remote_add("tree/link", S_IFLNK | 0777, "same");
    remote_add("tree/fifo", S_IFIFO | 0600, "");
    remote_add("one", S_IFREG | 0600, "one");
    cr_assert_eq(mkdir("out/web1", 0755) + mkdir("out/web1/tree", 0755), 0);
    copying_file("out/web1/tree/same", "same");
    copying_file("out/web1/tree/big", "old");
    c->sources[0] = "tree";
    c->sources[1] = "one";
    c->spec.is_recursive = true;
    c->spec.preserves = way == PRESERVE;
    c->spec.verifies = way == VERIFY || way == SKIP_SAME_VERIFY;
    c->spec.skips_same = way == SKIP_SAME || way == SKIP_SAME_VERIFY;
    c->spec.resumes = way == RESUME;
    c->spec.is_flat = way == FLAT;
    if (way == SIZELESS)
        remote_hide_sizes();
    c->rig.settings.no_remote_kill = true; /* no helpers */
}

/* The scene, as far as the server answers: so many requests. True where all was done by then. */
static bool run_until(struct copying *c, enum way way, unsigned requests)
{
    set_scene(c, way);
    remote_be_silent(requests);
    copying_run(c);
    return c->ends > 0;
}

static void expect_file(const char *path, const char *content, size_t size)
{
    size_t found;
    cr_assert(file_exists(path), "%s", path);
    char *text = file_read(path, &found);
    cr_assert_eq(found, size, "%s: %zu bytes", path, found);
    cr_assert_arr_eq(text, content, size);
    free(text);
}

static void expect_all_here(struct copying *c, enum way way)
{
    const char *top = way == FLAT ? "out/tree.web1" : "out/web1/tree";
    char path[100], target[100] = "";
    copying_expect_end(c, ERR_NONE, "");
    cr_assert_not(c->has_items_left);
    cr_assert_eq(c->notes, 1, "the FIFO");
    snprintf(path, sizeof path, "%s/big", top);
    expect_file(path, remote_content("tree/big"), 70000);
    snprintf(path, sizeof path, "%s/sub/new", top);
    expect_file(path, "new", 3);
    snprintf(path, sizeof path, "%s/empty", top);
    expect_file(path, "", 0);
    snprintf(path, sizeof path, "%s/same", top);
    expect_file(path, "same", 4);
    snprintf(path, sizeof path, "%s/link", top);
    cr_assert_eq(readlink(path, target, sizeof target), 4);
    expect_file(way == FLAT ? "out/one.web1" : "out/web1/one", "one", 3);
    cr_assert_eq(copying_count(top), 5);
}

static int find_temporary(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
    (void)st;
    (void)kind;
    (void)walk;
    return strstr(path, "muster") != NULL;
}

/* No temporary is here, and a file is the old one or the new one. */
static void expect_whole(enum way way)
{
    size_t size;
    char *big = file_read("out/web1/tree/big", &size);
    cr_assert(size == 70000 || strcmp(big, "old") == 0);
    free(big);
    cr_assert(way == RESUME || nftw("out", find_temporary, 16, FTW_PHYS) == 0, "a temporary");
}

Test(pull, does_it_in_each_way)
{
    for (int way = 0; way < WAYS; way++) {
        struct copying c;
        cr_assert(run_until(&c, (enum way)way, UINT32_MAX - 1), "%d: %s", way, buf_str(&c.told));
        expect_all_here(&c, (enum way)way);
        copying_finish(&c);
    }
}

/* Whenever it is ended, it ends at once, and nothing is left. */
Test(pull, ended_after_each_request)
{
    for (int way = 0; way < WAYS; way++) {
        for (unsigned n = 0;; n++) {
            struct copying c;
            if (run_until(&c, (enum way)way, n)) {
                copying_finish(&c);
                break;
            }
            int64_t before = fake_elapsed_us();
            copying_end(&c);
            remote_answer_all();
            fake_settle(c.rig.loop);
            cr_assert_eq(c.ends, 1, "way %d, request %u: %zu items left", way, n,
                         list_entry(c.job, struct transfer, job)->item_count);
            copying_expect_end(&c, ERR_CANCELLED_BY_USER, "enough");
            cr_assert_not(c.has_items_left);
            cr_assert_eq(fake_elapsed_us(), before);
            cr_assert_null(strstr(buf_str(&c.told), "fail"), "%s", buf_str(&c.told));
            expect_whole((enum way)way);
            copying_finish(&c);
        }
    }
}

/* The server does not answer any more. */
Test(pull, ended_after_each_request_in_vain)
{
    for (int way = 0; way < WAYS; way++) {
        for (unsigned n = 0;; n++) {
            struct copying c;
            if (run_until(&c, (enum way)way, n)) {
                copying_finish(&c);
                break;
            }
            copying_end(&c);
            int64_t begun = fake_elapsed_us();
            while (c.ends == 0 && fake_elapsed_us() - begun < 3 * S)
                cr_assert(fake_advance_to_timer(c.rig.loop));
            copying_expect_end(&c, ERR_CANCELLED_BY_USER, "enough");
            expect_whole((enum way)way);
            copying_finish(&c);
        }
    }
}

/* The connection breaks, or the server of files alone goes away: never "lost". */
Test(pull, cut_off_after_each_request)
{
    for (int way = 0; way < WAYS; way++) {
        for (unsigned n = 0;; n++) {
            for (int is_server = 0; is_server < 2; is_server++) {
                struct copying c;
                if (run_until(&c, (enum way)way, n)) {
                    copying_finish(&c);
                    goto next_way;
                }
                if (is_server)
                    server_exits(0, 1);
                else
                    wire.recv_errno = ECONNRESET;
                fake_settle(c.rig.loop);
                cr_assert_eq(c.ends, 1, "way %d, request %u", way, n);
                cr_assert_eq(c.result.error.code,
                             c.starts || is_server ? ERR_TRANSFER : ERR_CLOSED_BEFORE_START);
                copying_finish(&c);
            }
        }
    next_way:;
    }
}

Test(pull, out_of_time_after_each_request)
{
    for (unsigned n = 0;; n++) {
        for (int is_idle = 0; is_idle < 2; is_idle++) {
            struct copying c;
            set_scene(&c, VERIFY);
            *(is_idle ? &c.args.idle_us : &c.args.timeout_us) = 10 * S;
            remote_be_silent(n);
            copying_run(&c);
            if (c.ends > 0) {
                copying_finish(&c);
                return;
            }
            fake_advance(c.rig.loop, 10 * S - 1);
            cr_assert_eq(c.ends, 0);
            fake_advance(c.rig.loop, 1);
            remote_answer_all();
            copying_expect_end(&c, is_idle ? ERR_IDLE_TIMEOUT : ERR_RUN_TIMEOUT,
                               is_idle ? "no answer for 10s" : "still at work after 10s");
            cr_assert_not(c.has_items_left);
            copying_finish(&c);
        }
    }
}

/* Each request fails in turn: the others go on, it ends, and nothing is left. */
Test(pull, whatever_fails)
{
    static const enum sftp_type types[] = { SFTP_OPEN,    SFTP_CLOSE,   SFTP_READ, SFTP_FSTAT,
                                            SFTP_OPENDIR, SFTP_READDIR, SFTP_STAT, SFTP_READLINK };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct copying c;
        set_scene(&c, PLAIN);
        remote_fail(types[i], "", SFTP_FAILURE, "no such luck");
        copying_run(&c);
        cr_assert_eq(c.ends, 1, "%d: %s", (int)types[i], buf_str(&c.told));
        cr_assert_not(c.has_items_left);
        bool is_tried_only = types[i] == SFTP_CLOSE || types[i] == SFTP_FSTAT;
        cr_assert_eq(c.result.error.code, is_tried_only ? ERR_NONE : ERR_TRANSFER, "%d: %s",
                     (int)types[i], error_text(&c.result.error));
        expect_whole(PLAIN);
        copying_finish(&c);
    }
}

/* --- Limits of what a host may send ----------------------------------------------------------- */

/* With the last bytes of a file, with those of one before, with the first. */
Test(pull_limits, bytes)
{
    static const uint64_t most[] = { 0, 1, 31999, 69999, 70000, 70006, 70007 + 2 };
    for (size_t i = 0; i < sizeof most / sizeof *most; i++) {
        for (int way = PLAIN; way <= SIZELESS; way += SIZELESS) {
            struct copying c;
            set_scene(&c, (enum way)way);
            c.spec.max_bytes = most[i];
            copying_run(&c);
            cr_assert_eq(c.ends, 1, "%zu", i);
            cr_assert_eq(c.result.error.code, ERR_TRANSFER);
            cr_assert(strstr(error_text(&c.result.error), ": there are more than "));
            cr_assert_not(c.has_items_left);
            expect_whole((enum way)way);
            copying_finish(&c);
        }
    }
}

Test(pull_limits, one_file_of_one_piece)
{
    struct copying c;
    copying_init(&c);
    c.is_pull = true;
    remote_add("one", S_IFREG | 0600, "one");
    c.sources[0] = "one";
    c.spec.max_bytes = 2;
    copying_run(&c);
    copying_expect_end(&c, ERR_TRANSFER,
                       "one: there are more than 2 bytes (--max-size allows more)");
    cr_assert_eq(copying_count("out/web1"), 0);
    copying_finish(&c);
}

Test(pull_limits, files)
{
    for (uint64_t most = 1; most < 10; most++) {
        struct copying c;
        set_scene(&c, PLAIN);
        c.spec.max_entries = most;
        copying_run(&c);
        cr_assert_eq(c.ends, 1, "%d", (int)most);
        cr_assert_not(c.has_items_left);
        if (most < 9)
            cr_assert(strstr(error_text(&c.result.error), "--max-files"), "%s",
                      error_text(&c.result.error));
        else
            copying_expect_end(&c, ERR_NONE, "");
        copying_finish(&c);
    }
}

/* --- Many files ------------------------------------------------------------------------------- */

/* More files than are begun at once, the first of them larger than anybody said. */
Test(pull_many, one_without_a_size_does_not_hold_up_the_others)
{
    static char large[3 << 20];
    struct copying c;
    char path[32];
    copying_init(&c);
    c.is_pull = true;
    remote_hide_sizes();
    remote_add("d", S_IFDIR | 0755, "");
    for (int i = 0; i < 2 * TRANSFER_ITEMS_MAX; i++) {
        snprintf(path, sizeof path, "d/%03d", i);
        remote_add_bytes(path, S_IFREG | 0644, large, i > 150 ? sizeof large : 10);
    }
    c.sources[0] = "d";
    c.spec.is_recursive = true;
    copying_run(&c);
    copying_expect_end(&c, ERR_NONE, "");
    cr_assert_eq(copying_count("out/web1/d"), 2 * TRANSFER_ITEMS_MAX);
    copying_finish(&c);
}

/* A folder of 6000: its listing pauses, goes on, and may be ended in between. */
Test(pull_many, of_which_the_listing_pauses)
{
    for (int is_ended = 0; is_ended < 2; is_ended++) {
        struct copying c;
        char path[32];
        copying_init(&c);
        c.is_pull = true;
        remote_add("d", S_IFDIR | 0755, "");
        for (int i = 0; i < 6000; i++) {
            snprintf(path, sizeof path, "d/%04d", i);
            remote_add(path, S_IFREG | 0644, "");
        }
        c.sources[0] = "d";
        c.spec.is_recursive = true;
        if (is_ended)
            remote_hold(SFTP_OPEN);
        copying_run(&c);
        if (is_ended) {
            cr_assert_lt(remote_requests_of(SFTP_READDIR), 50);
            copying_end(&c);
            remote_answer_all();
        }
        copying_expect_end(&c, is_ended ? ERR_CANCELLED_BY_USER : ERR_NONE,
                           is_ended ? "enough" : "");
        cr_assert_not(c.has_items_left);
        cr_assert_eq(copying_count("out/web1/d"), is_ended ? 0 : 6000);
        copying_finish(&c);
    }
}

/* The folder is read, and none of its files is begun. */
Test(pull_many, of_which_none_is_begun)
{
    struct copying c;
    set_scene(&c, PLAIN);
    remote_hold(SFTP_OPENDIR);
    copying_run(&c);
    gate_hold(&c.rig.gate);
    remote_answer_all();
    fake_settle(c.rig.loop);
    cr_assert_eq(remote_requests_of(SFTP_OPEN), 1, "\"one\" was begun before");
    int64_t before = fake_elapsed_us();
    copying_end(&c);
    copying_expect_end(&c, ERR_CANCELLED_BY_USER, "enough");
    cr_assert_eq(fake_elapsed_us(), before);
    cr_assert_not(c.has_items_left);
    copying_finish(&c);
}

/* --- Digests by a helper ---------------------------------------------------------------------- */

/* "one", to be verified; the helper is asked for. With `is_here` it is there already. */
static void begin_check(struct copying *c, bool is_here)
{
    copying_init(c);
    c->is_pull = true;
    remote_add("one", S_IFREG | 0600, "one");
    c->sources[0] = "one";
    c->spec.verifies = true;
    c->spec.skips_same = is_here;
    cr_assert_eq(mkdir("out/web1", 0755), 0);
    if (is_here)
        copying_file("out/web1/one", "one");
    copying_run(c);
    cr_assert_eq(c->ends, 0);
    cr_assert(strstr(client_sent(), "O1 \n"));
}

/* The helper's line about a file with this content. */
static const char *digest_line(const char *content)
{
    static char line[100];
    char text[SHA256_TEXT_SIZE];
    unsigned char digest[SHA256_SIZE];
    digest_sha256(content, strlen(content), digest);
    digest_sha256_text(digest, text);
    snprintf(line, sizeof line, "%s  one\n", text + strlen("sha256:"));
    return line;
}

Test(pull_digest, of_the_source)
{
    struct copying c;
    begin_check(&c, false);
    copying_helper_says(&c, 1, digest_line("one"));
    copying_expect_end(&c, ERR_NONE, "");
    expect_file("out/web1/one", "one", 3);
    cr_assert_eq(remote_requests_of(SFTP_OPEN), 1);
    copying_finish(&c);

    begin_check(&c, false);
    copying_helper_says(&c, 1, digest_line("two"));
    copying_expect_end(&c, ERR_TRANSFER, "one: the copy differs from the source (SHA-256)");
    cr_assert_eq(copying_count("out/web1"), 0);
    copying_finish(&c);
}

Test(pull_digest, of_a_source_that_is_here_already)
{
    struct copying c;
    begin_check(&c, true);
    copying_helper_says(&c, 1, digest_line("one"));
    copying_expect_end(&c, ERR_NONE, "");
    copying_expect_told(&c, "keep out/web1/one; ");
    cr_assert_eq(remote_requests_of(SFTP_OPEN), 0);
    copying_finish(&c);
}

/* Then it is read once more. */
Test(pull_digest, cannot_be_had)
{
    static const char *const lines[] = { "-\n", "", "0123456789abcdef\n" };
    for (size_t i = 0; i < 2 * sizeof lines / sizeof *lines; i++) {
        struct copying c;
        begin_check(&c, i % 2);
        copying_helper_says(&c, 1, lines[i / 2]);
        copying_expect_end(&c, ERR_NONE, "");
        cr_assert_eq(remote_requests_of(SFTP_OPEN), i % 2 ? 1 : 2);
        copying_finish(&c);
    }
}

enum ending { ENDED, BROKEN, ALONE, ENDINGS };

Test(pull_digest, is_waited_for_at_the_end)
{
    for (int ending = 0; ending < ENDINGS; ending++) {
        for (int is_here = 0; is_here < 2; is_here++) {
            struct copying c;
            begin_check(&c, is_here);
            server_opens(1);
            server_starts(1);
            fake_settle(c.rig.loop);
            if (ending == ENDED)
                copying_end(&c);
            else if (ending == BROKEN)
                wire.recv_errno = ECONNRESET;
            else
                server_exits(0, 1);
            fake_settle(c.rig.loop);
            cr_assert_eq(c.ends, 1, "%d", ending);
            copying_expect_told(&c, "");
            cr_assert_eq(copying_count("out/web1"), is_here);
            cr_assert_eq(remote_requests_of(SFTP_OPEN), !is_here);
            rig_expect_end(&c.rig, ending == BROKEN ? ERR_CONNECTION_LOST : ERR_NONE, STAGE_EXEC);
            copying_finish(&c);
        }
    }
}

/* --- Folders of odd servers ------------------------------------------------------------------- */

/* No names is the end, as for OpenSSH: a server could send that for ever. */
Test(pull, a_listing_without_names_is_the_end)
{
    struct copying c;
    set_scene(&c, PLAIN);
    remote_list_nothing();
    copying_run(&c);
    copying_expect_end(&c, ERR_NONE, "");
    cr_assert_eq(copying_count("out/web1/tree"), 2);
    copying_finish(&c);
}
