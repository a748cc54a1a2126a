/* SPDX-License-Identifier: MIT */
/* transfer: what of a push or pull is refused before it runs, and what options make of it. */
#include <criterion/criterion.h>

#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/name_set.h"
#include "base/source_tree.h"
#include "files.h"
#include "inventories.h"
#include "model/transfer.h"

struct scene {
    struct arena *arena;
    struct settings settings;
    struct inventory *inv;
    struct name_set names;
    struct plan *plan;
    struct transfer_spec spec;
    struct error error;
};

static void scene_open(struct scene *s)
{
    *s = (struct scene){ .arena = arena_new(), .error = ERROR_INIT };
    s->inv = inventory_good("{\"hosts\": {\"web1\": {\"vars\": {\"site\": \"fra\"}}, \"web2\": {}},"
                            " \"defaults\": {\"user\": \"me\"}}");
    settings_init(&s->settings, s->arena);
    name_set_init(&s->names);
}

static void scene_close(struct scene *s)
{
    plan_free(s->plan);
    transfer_spec_release(&s->spec);
    name_set_release(&s->names);
    inventory_free(s->inv);
    arena_free(s->arena);
    error_release(&s->error);
}

/* The first step. */
static bool init(struct scene *s, enum job_kind kind, const char *const *sources, const char *dest)
{
    const struct transfer_request request = {
        .kind = kind, .settings = &s->settings, .sources = sources, .destination = dest
    };
    return transfer_spec_init(&s->spec, &request, &s->error);
}
#define SOURCES(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* The second, with web1 and web2. */
static bool fit(struct scene *s, enum job_kind kind)
{
    name_set_add(&s->names, "web1", NULL);
    name_set_add(&s->names, "web2", NULL);
    const struct plan_request request = { .names = &s->names,
                                          .inventory = s->inv,
                                          .settings = &s->settings,
                                          .job = { .kind = kind, .transfer = &s->spec } };
    cr_assert(plan_build(&s->plan, &request, &s->error), "%s", error_text(&s->error));
    return transfer_spec_fit(&s->spec, s->plan, &s->error);
}

/* The first step must fail with `text`. */
static void expect_refused(struct scene *s, enum job_kind kind, const char *const *sources,
                           const char *dest, const char *text)
{
    cr_expect_not(init(s, kind, sources, dest), "not refused: %s", text);
    cr_expect(error_is_set(&s->error) && strstr(error_text(&s->error), text), "%s",
              error_text(&s->error));
    error_release(&s->error);
    transfer_spec_release(&s->spec);
}

Test(transfer, what_is_missing_is_said)
{
    struct scene s;
    scene_open(&s);
    expect_refused(&s, JOB_PUSH, NULL, NULL, "nothing to copy is named");
    expect_refused(&s, JOB_PULL, (const char *const[]){ NULL }, NULL, "nothing to copy is named");
    expect_refused(&s, JOB_PUSH, SOURCES("a"), NULL, "what to copy and where to are both needed");
    expect_refused(&s, JOB_PULL, NULL, "d", "what to copy and where to are both needed");
    expect_refused(&s, JOB_PUSH, SOURCES("a"), "", "DEST is empty");
    expect_refused(&s, JOB_PULL, SOURCES("a"), "", "DIR is empty");
    scene_close(&s);
}

Test(transfer, options_that_make_no_sense)
{
    static char modes[][8] = { "", "8", "-1", "+1", "0x1", "10000", "644 ", "u+x" };
    struct scene s;
    scene_open(&s);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        s.settings.mode.s = modes[i];
        expect_refused(&s, JOB_PUSH, SOURCES("a"), "b", "is no octal mode such as 0644");
    }
    s.settings.mode.s = NULL;
    s.settings.remove_extra = true;
    expect_refused(&s, JOB_PUSH, SOURCES("a"), "b", "--delete is for folders: it needs -r");
    scene_close(&s);
}

Test(transfer, a_push_lists_its_sources)
{
    struct scene s;
    scene_open(&s);
    const char *file = tmp_file("app", "text");
    expect_refused(&s, JOB_PUSH, SOURCES(file, tmp_path("gone")), "/srv/", "gone: No such file");
    expect_refused(&s, JOB_PUSH, SOURCES(file), "/srv/{hots}", "unknown name {hots}");
    expect_refused(&s, JOB_PUSH, SOURCES(tmp_dir()), "/srv/", "is a folder");
    s.settings.mode.s = (char[]){ "0640" };
    s.settings.verify = true;
    cr_assert(init(&s, JOB_PUSH, SOURCES(file), "/srv/"), "%s", error_text(&s.error));
    cr_expect(s.spec.has_mode);
    cr_expect_eq(s.spec.mode, 0640);
    cr_expect_eq(source_tree_count(s.spec.tree), 1);
    cr_expect(source_tree_entry(s.spec.tree, 0)->has_sha256, "--verify needs digests");
    cr_expect(fit(&s, JOB_PUSH), "%s", error_text(&s.error));
    scene_close(&s);
}

Test(transfer, every_host_must_be_able_to_have_dest)
{
    struct scene s;
    scene_open(&s);
    cr_assert(init(&s, JOB_PUSH, SOURCES(tmp_file("app", "text")), "/srv/{var.site}/"));
    cr_expect_not(fit(&s, JOB_PUSH));
    cr_expect(strstr(error_text(&s.error), "web2"), "%s", error_text(&s.error));
    scene_close(&s);
}

Test(transfer, a_pull_writes_each_name_once)
{
    struct scene s;
    scene_open(&s);
    expect_refused(&s, JOB_PULL, SOURCES("/etc/x", "a", "/usr/x/"), tmp_path("d"),
                   "/etc/x and /usr/x/ would both be written as x");
    expect_refused(&s, JOB_PULL, SOURCES("~other/x"), tmp_path("d"), "~other");
    expect_refused(&s, JOB_PULL, SOURCES("a", ""), tmp_path("d"), "empty");
    scene_close(&s);
}

Test(transfer, a_pull_makes_its_folder_last)
{
    struct scene s;
    scene_open(&s);
    const char *folder = tmp_path("d");
    cr_assert(init(&s, JOB_PULL, SOURCES("/etc/x"), folder), "%s", error_text(&s.error));
    cr_expect_not(file_exists(folder));
    cr_expect_null(s.spec.landing);
    cr_assert(fit(&s, JOB_PULL), "%s", error_text(&s.error));
    cr_expect(file_exists(folder));
    scene_close(&s);

    scene_open(&s);
    folder = tmp_path("e");
    s.settings.dry_run = true;
    cr_assert(init(&s, JOB_PULL, SOURCES("/etc/x"), folder));
    cr_assert(fit(&s, JOB_PULL), "%s", error_text(&s.error));
    cr_expect_not(file_exists(folder), "made in a dry run");
    scene_close(&s);

    scene_open(&s);
    cr_assert(init(&s, JOB_PULL, SOURCES("/etc/x"), tmp_file("f", "")));
    cr_expect_not(fit(&s, JOB_PULL));
    cr_expect_eq(s.error.code, ERR_FILE);
    scene_close(&s);
}
