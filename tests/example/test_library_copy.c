/* SPDX-License-Identifier: MIT */
/* Pushing and pulling through the public API: what arrives, what is told, what is left behind. */
#include <criterion/criterion.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

#include "files.h"
#include "fleet.h"
#include "scene.h"
#include "transfer.h"

enum { BIG = 32 << 20, HOSTS = 3 };

static const char tree_script[] =
    "mkdir \"$1\" && cd \"$1\" && umask 022 && mkdir -p 'two words/deeper' empty &&"
    "echo a >'two words/deeper/file' && echo b >'-rf' && : >nothing && echo c >script &&"
    "chmod 0755 script && ln -s script link && ln -s nowhere dangling &&"
    "head -c 3000000 /dev/urandom >random && printf d >\"$(printf '\\377\\376bytes')\"";
enum { TREE_ENTRIES = 12 };

static const char *make_tree(void)
{
    const char *tree = tmp_path("tree");
    shell(tree_script, tree, NULL, NULL);
    return tree;
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

Test(library_copy, a_tree_goes_there_and_comes_back)
{
    const char *tree = make_tree();
    struct muster_plan_args push = {
        .hosts = "web[001-003]",
        .job = MUSTER_JOB_PUSH,
        .sources = WORDS(tree),
        .destination = target_path("{host}/"),
        .options = WORDS("--recursive", "--mkdir", "--verify", "--skip-same"),
    };
    struct scene s = { 0 };
    scene_run(&s, push);
    for (int i = 0; i < HOSTS; i++) {
        cr_expect_eq(s.statuses[i], MUSTER_OK, "%s %s", s.code[i], s.failures[i]);
        cr_expect_eq(s.transfers[i].files, TREE_ENTRIES);
        cr_expect_gt(s.transfers[i].bytes_moved, 3000000);
        expect_same_tree(tree, target_path(text_of("web%03d/tree", i + 1)));
    }
    cr_expect_eq(s.kinds[MUSTER_HOST_EXEC], HOSTS);
    scene_release(&s);

    struct scene again = { 0 };
    scene_run(&again, push);
    for (int i = 0; i < HOSTS; i++) {
        cr_expect_eq(again.transfers[i].changed, 0);
        cr_expect_eq(again.transfers[i].bytes_moved, 0);
    }
    scene_release(&again);

    struct scene back = { 0 };
    scene_run(&back, (struct muster_plan_args){ .hosts = "web[001-003]",
                                                .job = MUSTER_JOB_PULL,
                                                .sources = WORDS(target_path("web002/tree")),
                                                .destination = tmp_path("back"),
                                                .options = WORDS("--recursive", "--verify") });
    for (int i = 0; i < HOSTS; i++) {
        cr_expect_eq(back.statuses[i], MUSTER_OK, "%s %s", back.code[i], back.failures[i]);
        expect_same_tree(tree, tmp_path(text_of("back/web%03d/tree", i + 1)));
    }
    expect_no_temporary(tmp_path("back"));
    expect_no_temporary(target_dir());
    scene_release(&back);
}

/* What the caller named is the plan's own by then. */
Test(library_copy, the_strings_need_not_outlive_the_plan)
{
    char *source = source_file("app", 1000), *destination = target_path("app");
    char mode[] = "--mode=0600";
    const char *options[] = { mode, NULL }, *sources[] = { source, NULL };
    struct scene s = { .copies = true };
    scene_prepare(&s, fleet_text("inventory"),
                  (struct muster_plan_args){ .hosts = "web001",
                                             .job = MUSTER_JOB_PUSH,
                                             .sources = sources,
                                             .destination = destination,
                                             .options = options },
                  false);
    memset(source, 'x', strlen(source));
    memset(destination, 'x', strlen(destination));
    memset(mode, 'x', strlen(mode));
    sources[0] = options[0] = NULL;
    muster_engine_run(s.engine);
    scene_check_end(&s);
    cr_expect_eq(s.statuses[0], MUSTER_OK, "%s", s.failures[0]);
    expect_same_file(tmp_path("app"), target_path("app"));
    cr_expect_eq(mode_of(target_path("app")), 0600);
    scene_release(&s);
}

Test(library_copy, one_that_fails_leaves_the_old_file)
{
    target_folder("web001");
    target_file("web001/app", "old\n");
    target_folder("web002");
    target_file("web002/app", "old\n");
    chmod(target_path("web002"), 0555);
    char *source = source_file("app", 1000);
    struct scene s = { 0 };
    scene_run(&s, (struct muster_plan_args){ .hosts = "web[001-002]",
                                             .job = MUSTER_JOB_PUSH,
                                             .sources = WORDS(source),
                                             .destination = target_path("{host}/") });
    cr_expect_eq(s.statuses[0], MUSTER_OK);
    expect_same_file(source, target_path("web001/app"));
    cr_expect_eq(s.statuses[1], MUSTER_TRANSFER);
    cr_expect_str_eq(s.code[1], "transfer");
    cr_expect_eq(s.failed[1], 1);
    cr_expect(strstr(s.failures[1], "web002/app: transfer: "), "%s", s.failures[1]);
    expect_text(target_path("web002/app"), "old\n");
    expect_no_temporary(target_dir());
    scene_release(&s);
}

Test(library_copy, a_pull_of_what_is_not_there)
{
    mkdir(tmp_path("back"), 0755);
    mkdir(tmp_path("back/web001"), 0755);
    tmp_file("back/web001/gone", "old\n");
    struct scene s = { 0 };
    scene_run(&s, (struct muster_plan_args){ .hosts = "web001",
                                             .job = MUSTER_JOB_PULL,
                                             .sources = WORDS(target_path("gone")),
                                             .destination = tmp_path("back") });
    cr_expect_eq(s.statuses[0], MUSTER_TRANSFER);
    cr_expect(strstr(s.failures[0], "No such file") || strstr(s.failures[0], "no such file"), "%s",
              s.failures[0]);
    expect_text(tmp_path("back/web001/gone"), "old\n");
    expect_no_temporary(tmp_path("back"));
    scene_release(&s);
}

Test(library_copy, a_dry_run_says_what_would_change)
{
    target_folder("web001");
    target_file("web001/old", "old\n");
    struct scene s = { 0 };
    scene_run(&s, (struct muster_plan_args){
                      .hosts = "web001",
                      .job = MUSTER_JOB_PUSH,
                      .sources = WORDS(tmp_file("old", "other\n"), tmp_file("new", "new\n")),
                      .destination = target_path("{host}/"),
                      .options = WORDS("--dry-run") });
    cr_expect_eq(s.statuses[0], MUSTER_OK, "%s", s.failures[0]);
    cr_expect_eq(s.changed[0], 2);
    expect_text(target_path("web001/old"), "old\n");
    cr_expect_not(file_exists(target_path("web001/new")));
    scene_release(&s);
}

Test(library_copy, what_is_left_out_is_told)
{
    const char *tree = make_tree();
    cr_assert_eq(mkfifo(tmp_path("tree/pipe"), 0600), 0);
    struct scene s = { 0 };
    scene_run(&s, (struct muster_plan_args){ .hosts = "web001",
                                             .job = MUSTER_JOB_PUSH,
                                             .sources = WORDS(tree),
                                             .destination = target_path("copy"),
                                             .options = WORDS("--recursive") });
    cr_expect_eq(s.statuses[0], MUSTER_OK, "%s", s.failures[0]);
    cr_expect(strstr(s.notes, "tree/pipe is no file, folder or link and is left out\n"), "%s",
              s.notes);
    cr_expect_eq(s.transfers[0].files, TREE_ENTRIES);
    scene_release(&s);
}

Test(library_copy, refuses_with_reasons)
{
    const char *file = tmp_file("app", "text");
    struct muster_plan_args args = { .hosts = "web001", .job = MUSTER_JOB_PUSH };
    expect_refused(args, "usage", "nothing to copy is named");
    args.destination = "/srv/";
    expect_refused(args, "usage", "what to copy and where to are both needed");
    args.sources = (const char *const[]){ NULL };
    expect_refused(args, "usage", "what to copy and where to are both needed");
    args.sources = WORDS(tmp_path("gone"));
    expect_refused(args, "file", "gone: No such file or directory");
    args.sources = WORDS(tmp_dir());
    expect_refused(args, "file", "is a folder");
    args.sources = WORDS(file);
    args.destination = NULL;
    expect_refused(args, "usage", "what to copy and where to are both needed");
    args.destination = "";
    expect_refused(args, "usage", "DEST is empty");
    args.destination = "/srv/{hots}/";
    expect_refused(args, "usage", "did you mean {host}?");
    args.destination = "/srv/{var.nowhere}/";
    expect_refused(args, "usage", "nowhere");
    args.destination = "/srv/";
    args.command = "true";
    expect_refused(args, "usage", "a push has no command");
    args.job = MUSTER_JOB_RUN;
    expect_refused(args, "usage", "a command has neither sources nor destination");
    args.job = (enum muster_job)7;
    expect_refused(args, "usage", "no such job");
}

Test(library_copy, refuses_options_with_reasons)
{
    const char *file = tmp_file("app", "text");
    struct muster_plan_args args = {
        .hosts = "web001", .job = MUSTER_JOB_PUSH, .sources = WORDS(file), .destination = "/srv/"
    };
    args.options = WORDS("--recusrive");
    expect_refused(args, "usage", "--recusrive: no such option");
    args.options = WORDS("--flat");
    expect_refused(args, "usage", "--flat: not an option of a push");
    args.options = WORDS("--json=report.json");
    expect_refused(args, "usage", "--json=report.json: not an option of the library");
    args.options = WORDS("--mode");
    expect_refused(args, "usage", "--mode: needs a value");
    args.options = WORDS("--mode=rw");
    expect_refused(args, "usage", "--mode rw: is no octal mode");
    args.options = WORDS("--delete");
    expect_refused(args, "usage", "--delete is for folders");
    args.job = MUSTER_JOB_PULL;
    args.destination = tmp_path("back");
    args.options = WORDS("--mkdir");
    expect_refused(args, "usage", "--mkdir: not an option of a pull");
    args.options = NULL;
    args.sources = WORDS("/etc/x", "/usr/x");
    expect_refused(args, "usage", "would both be written as x");
    cr_expect_not(file_exists(tmp_path("back")), "made, though the plan was refused");
    args = (struct muster_plan_args){ .hosts = "web001", .command = "true" };
    args.options = WORDS("--recursive");
    expect_refused(args, "usage", "--recursive: not an option of a run");
    args.options = WORDS("--dry-run");
    expect_refused(args, "usage", "--dry-run: not an option of the library");
}

/* --- Stopping --------------------------------------------------------------------------------- */

/* A push of two files, of which the second takes half a minute, over old ones. */
static struct muster_plan_args slow_push(const char *sources[3])
{
    static const char *const options[] = { "--limit-rate=1M", NULL };
    mkdir(tmp_path("two"), 0755);
    target_folder("two");
    target_file("two/a", "old\n");
    target_file("two/b", "old\n");
    sources[0] = source_file("two/a", 10);
    sources[1] = source_file("two/b", BIG);
    sources[2] = NULL;
    return (struct muster_plan_args){
        .hosts = "web001",
        .job = MUSTER_JOB_PUSH,
        .sources = sources,
        .destination = target_path("two/"),
        .options = options,
    };
}

Test(library_copy, stops_a_push_from_inside_an_event)
{
    static const enum muster_event_kind kinds[] = { MUSTER_HOST_EXEC, MUSTER_HOST_FILE };
    static const enum muster_stop stops[] = { MUSTER_STOP_INTERRUPT, MUSTER_STOP_END };
    const char *sources[3];
    const struct muster_plan_args args = slow_push(sources);
    for (int i = 0; i < 4; i++) {
        struct scene s = { .stop = stops[i / 2], .stop_at = kinds[i % 2] };
        scene_run(&s, args);
        cr_expect_eq(s.statuses[0], MUSTER_CANCELLED, "way %d: %s", i,
                     muster_status_word(s.statuses[0]));
        cr_expect_lt(s.transfers[0].bytes_moved, BIG);
        expect_text(target_path("two/b"), "old\n");
        expect_no_temporary(target_dir());
        scene_release(&s);
    }
}

/* Steps the engine until a temporary is in `dir`. */
static void step_until_temporary(struct scene *s, const char *dir)
{
    muster_engine_start(s->engine);
    for (int i = 0; *temporaries_in(dir) == '\0'; i++) {
        cr_assert_lt(i, 2000, "nothing arrives");
        cr_assert_not(muster_engine_is_finished(s->engine), "it is through already");
        struct pollfd poll_fd = { .fd = muster_engine_fd(s->engine), .events = POLLIN };
        int timeout = muster_engine_timeout_ms(s->engine);
        poll(&poll_fd, 1, timeout < 0 || timeout > 10 ? 10 : timeout);
        muster_engine_step(s->engine);
    }
}

/* Stops a transfer that has its temporary, and expects that it goes. */
static void expect_clean_stop(struct muster_plan_args args, enum muster_stop stop, const char *dir)
{
    struct scene s = { .copies = true };
    scene_prepare(&s, fleet_text("inventory"), args, false);
    step_until_temporary(&s, dir);
    muster_engine_stop(s.engine, stop);
    while (!muster_engine_is_finished(s.engine)) {
        struct pollfd poll_fd = { .fd = muster_engine_fd(s.engine), .events = POLLIN };
        poll(&poll_fd, 1, muster_engine_timeout_ms(s.engine));
        muster_engine_step(s.engine);
    }
    scene_check_end(&s);
    cr_expect_eq(s.statuses[0], MUSTER_CANCELLED, "%s", muster_status_word(s.statuses[0]));
    expect_no_temporary(dir);
    scene_release(&s);
}

Test(library_copy, stops_a_push_inside_the_callers_loop)
{
    const char *sources[3];
    const struct muster_plan_args args = slow_push(sources);
    expect_clean_stop(args, MUSTER_STOP_INTERRUPT, target_dir());
    expect_clean_stop(args, MUSTER_STOP_END, target_dir());
    expect_text(target_path("two/b"), "old\n");
}

/* What lies here is removed even where the connection is closed at once. */
Test(library_copy, stops_a_pull_inside_the_callers_loop)
{
    shell("head -c 33554432 /dev/urandom >\"$1\"", target_file("app", ""), NULL, NULL);
    mkdir(tmp_path("back"), 0755);
    mkdir(tmp_path("back/web001"), 0755);
    tmp_file("back/web001/app", "old\n");
    const struct muster_plan_args args = { .hosts = "web001",
                                           .job = MUSTER_JOB_PULL,
                                           .sources = WORDS(target_path("app")),
                                           .destination = tmp_path("back"),
                                           .options = WORDS("--limit-rate=1M") };
    expect_clean_stop(args, MUSTER_STOP_INTERRUPT, tmp_path("back"));
    expect_clean_stop(args, MUSTER_STOP_CLOSE, tmp_path("back"));
    expect_text(tmp_path("back/web001/app"), "old\n");
}
