/* SPDX-License-Identifier: MIT */
/* A property: whatever names, kinds and targets come in whatever order, nothing outside changes. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/landing_file.h"
#include "files.h"
#include "landing_scene.h"

enum { CALLS = 6000, PATH_ROOM = 2048, NAME_ROOM = 300 };

/* A server that sends anything; the numbers are the same in each run (xorshift). */
struct server {
    struct landing *landing;
    uint64_t seed;
};

static unsigned pick(struct server *s, unsigned count)
{
    s->seed ^= s->seed << 13;
    s->seed ^= s->seed >> 7;
    s->seed ^= s->seed << 17;
    return (unsigned)(s->seed >> 33) % count;
}

/* A name: most are good and few, so that they meet; others are what breaks naive programs. */
static void add_name(struct server *s, char *path)
{
    const char *const good[] = {
        "a", "b", "etc", "passwd", "secret", "caf\xc3\xa9", "\xff", "..."
    };
    const char *const bad[] = { "..",   ".", "",      "../outside", "a\n", "\x1b[2J",
                                "\x7f", "/", "../..", "../out",     "/tmp" };
    char name[NAME_ROOM] = "";
    unsigned kind = pick(s, 20);
    if (kind < 16) {
        strcat(path, good[pick(s, sizeof good / sizeof *good)]);
        return;
    }
    if (kind == 16) {
        strcat(path, bad[pick(s, sizeof bad / sizeof *bad)]);
        return;
    }
    if (kind == 17) {
        memset(name, 'x', 254 + pick(s, 3));
    } else {
        for (unsigned i = 0, size = 1 + pick(s, 3); i < size; i++)
            name[i] = (char)(1 + pick(s, 255));
    }
    strcat(path, name);
}

/* One to four names, joined by slashes. */
static void make_path(struct server *s, char *path)
{
    path[0] = '\0';
    for (unsigned i = 0, count = 1 + pick(s, 4); i < count; i++) {
        if (i > 0)
            strcat(path, "/");
        add_name(s, path);
    }
}

/* Sends a file, which is put in place, given up or has a wrong size. */
static bool send_file(struct server *s, const char *path, struct error *err)
{
    bool changed;
    struct landing_file *f;
    uint64_t offset;
    bool is_open = pick(s, 2) ? landing_create(s->landing, path, &f, err)
                              : landing_create_resumable(s->landing, path, "0a", &f, &offset, err);
    if (!is_open)
        return false;
    bool is_kept = pick(s, 4) != 0;
    char other[PATH_ROOM];
    struct error ignored = ERROR_INIT;
    make_path(s, other);
    landing_link(s->landing, other, "../outside", 10, &changed, &ignored);
    error_release(&ignored);
    if (!landing_write(f, "evil", 4, 0, err) || !is_kept) {
        landing_abandon(f);
        return is_kept;
    }
    struct landing_attributes a = { pick(s, 8) ? 4 : 5, (mode_t)pick(s, 010000), true, pick(s, 9) };
    return landing_commit(f, &a, err);
}

/* Sends a link to a place outside, inside or nowhere. */
static bool send_link(struct server *s, const char *path, struct error *err)
{
    bool changed;
    const char *const targets[] = {
        "../outside",        "../../outside",  "..",        ".", "/", "a", "b/etc",
        "../outside/secret", "../outside/new", "../../../x"
    };
    const char *target = targets[pick(s, sizeof targets / sizeof *targets)];
    if (pick(s, 4) == 0)
        target = pick(s, 2) ? tmp_path("outside/etc") : tmp_path("outside/etc/passwd");
    return landing_link(s->landing, path, target, strlen(target), &changed, err);
}

/* One call with that path; did it go well? */
static bool send_one(struct server *s, const char *path, struct error *err)
{
    struct landing_state state;
    bool created;
    int fd;
    switch (pick(s, 8)) {
    case 0:
    case 1:
        return landing_make_folder(s->landing, path, &created, err);
    case 2:
        return landing_finish_folder(s->landing, path, (mode_t)pick(s, 010000), true, 7, err);
    case 3:
    case 4:
        return send_link(s, path, err);
    case 5:
        if (!landing_open_existing(s->landing, path, &fd, err))
            return false;
        close(fd);
        return true;
    case 6:
        return landing_look(s->landing, path, &state, err) && state.kind != LANDING_NONE;
    default:
        return send_file(s, path, err);
    }
}

/* Is the parent of what was made really below? */
static void expect_inside(const char *path)
{
    char *out = realpath(tmp_path("out"), NULL);
    char *copy = landed(path);
    *strrchr(copy, '/') = '\0';
    char *parent = realpath(copy, NULL);
    cr_assert_not_null(parent, "%s", path);
    size_t size = strlen(out);
    cr_assert(strncmp(parent, out, size) == 0 && (parent[size] == '\0' || parent[size] == '/'),
              "%s is in %s", path, parent);
    free(parent);
    free(copy);
    free(out);
}

/* The number of the next descriptor. */
static int next_descriptor(void)
{
    int fd = dup(0);
    close(fd);
    return fd;
}

Test(landing_hostile, nothing_that_a_server_sends_leaves_the_folder, .timeout = 120)
{
    struct server s = { landing_scene(), 0x9e3779b97f4a7c15 };
    char *before = tree_of(tmp_dir(), "out");
    int descriptor = next_descriptor();
    int done = 0;
    for (int i = 0; i < CALLS; i++) {
        char path[PATH_ROOM];
        struct error err = ERROR_INIT;
        make_path(&s, path);
        if (send_one(&s, path, &err)) {
            expect_inside(path);
            done++;
        }
        error_release(&err);
        char *now = tree_of(tmp_dir(), "out");
        cr_assert_str_eq(now, before, "after call %d, \"%s\"", i, path);
        free(now);
    }
    cr_assert_gt(done, CALLS / 10, "%d calls went well", done);
    cr_assert_leq(next_descriptor(), descriptor + 1);
    cr_assert_eq(count_text(names_landed(), ".muster-"), 0, "%s", names_landed());
    landing_free(s.landing);
}
