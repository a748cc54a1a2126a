/* SPDX-License-Identifier: MIT */
#include "copying.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/landing.h"
#include "files.h"
#include "ssh/transfer_private.h"

enum { MOST_BYTES = 16 << 20 };

static void on_started(void *arg)
{
    struct copying *c = arg;
    cr_assert_eq(c->ends, 0, "it starts after its end");
    cr_assert_eq(c->starts++, 0);
}

static void on_file(void *arg, const struct file_record *file, const struct error *error)
{
    struct copying *c = arg;
    cr_assert_eq(c->ends, 0, "%s is told after the end", file->dst);
    if (error)
        buf_addf(&c->told, "fail %s; ", error_text(error));
    else
        buf_addf(&c->told, "%s %s; ", file_action_word(file->action), file->dst);
}

static void on_moved(void *arg, uint64_t bytes)
{
    struct copying *c = arg;
    cr_assert_eq(c->ends, 0);
    c->moved += bytes;
}

static void on_note(void *arg, enum severity severity, const char *text)
{
    struct copying *c = arg;
    (void)severity;
    (void)text;
    cr_assert_eq(c->ends, 0);
    c->notes++;
}

static void on_end(void *arg, struct transfer_result *result)
{
    struct copying *c = arg;
    const struct transfer *t = transfer_of(c->job);
    cr_assert_eq(c->ends++, 0, "it ended twice");
    c->has_items_left = t->item_count > 0 || t->pieces > 0 || !list_is_empty(&t->items);
    c->job = NULL;
    c->result = *result;
    result->error = (struct error)ERROR_INIT;
    session_finish(c->rig.session);
}

void copying_init(struct copying *c)
{
    *c = (struct copying){ .can_replace = true };
    cr_assert_eq(chdir(tmp_dir()), 0);
    cr_assert_eq(mkdir("src", 0755) + mkdir("out", 0755), 0);
    rig_init(&c->rig);
    buf_init(&c->told, MOST_BYTES);
    c->spec.sources = c->sources;
    c->spec.max_entries = 100000;
    c->spec.max_bytes = UINT64_MAX;
    c->spec.destination = "out";
    c->args.destination = ".";
    c->args.host = "web1";
    c->args.listener =
        (struct transfer_listener){ on_started, on_file, on_moved, on_note, on_end, c };
}

void copying_file(const char *path, const char *content)
{
    FILE *f = fopen(path, "we");
    cr_assert(f, "%s", path);
    cr_assert_eq(fwrite(content, 1, strlen(content), f), strlen(content));
    fclose(f);
}

void copying_bytes(const char *path, size_t size)
{
    FILE *f = fopen(path, "we");
    cr_assert(f, "%s", path);
    for (size_t i = 0; i < size; i++)
        fputc((int)(i % 251), f);
    fclose(f);
}

char *copying_read(const char *path)
{
    return file_exists(path) ? file_read(path, NULL) : NULL;
}

int copying_count(const char *path)
{
    int count = 0;
    DIR *folder = opendir(path);
    cr_assert(folder, "%s", path);
    for (const struct dirent *entry; (entry = readdir(folder));)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(folder);
    return count;
}

static void list_sources(struct copying *c)
{
    struct source_args args = { .sources = c->sources,
                                .is_recursive = true,
                                .wants_digests =
                                    c->spec.verifies || c->spec.resumes || c->spec.skips_same };
    struct error err = ERROR_INIT;
    while (c->sources[args.count])
        args.count++;
    cr_assert(source_tree_new(&c->spec.tree, &args, &err), "%s", error_text(&err));
}

void copying_begin(struct copying *c)
{
    struct error err = ERROR_INIT;
    if (c->is_pull)
        cr_assert(landing_new(&c->spec.landing, "out", &err), "%s", error_text(&err));
    else
        list_sources(c);
    server_greets(c->version);
    rig_open(&c->rig);
    rig_expect_state(&c->rig, SESSION_READY);
    c->args.spec = &c->spec;
    c->job = c->is_pull ? job_pull_new(&c->args) : job_push_new(&c->args);
    session_add_job(c->rig.session, c->job);
    fake_settle(c->rig.loop);
}

void copying_accept(struct copying *c)
{
    remote_start(&c->rig, 0, c->can_replace);
}

void copying_run(struct copying *c)
{
    copying_begin(c);
    copying_accept(c);
}

void copying_end(struct copying *c)
{
    struct error why = ERROR_INIT;
    error_set(&why, ERR_CANCELLED_BY_USER, "enough");
    job_transfer_end(c->job, &why);
    error_release(&why);
    fake_settle(c->rig.loop);
}

void copying_expect_end(struct copying *c, enum error_code code, const char *text)
{
    fake_settle(c->rig.loop);
    cr_assert_eq(c->ends, 1, "it ended %d times; told: %s", c->ends, buf_str(&c->told));
    cr_assert_str_eq(error_word(c->result.error.code), error_word(code), "%s: %s",
                     error_word(c->result.error.code), error_text(&c->result.error));
    cr_assert_str_eq(error_text(&c->result.error), text);
    cr_assert_eq(c->result.has_started, c->starts > 0);
}

void copying_expect_told(const struct copying *c, const char *told)
{
    cr_assert_str_eq(buf_str(&c->told), told);
}

void copying_helper_says(struct copying *c, int channel, const char *lines)
{
    fake_settle(c->rig.loop);
    server_opens(channel);
    server_starts(channel);
    fake_settle(c->rig.loop);
    const char *line = client_last('X'), *at = line ? strstr(line, "' muster ") : NULL;
    char token[33] = "";
    cr_assert(at, "no helper was started");
    cr_assert_eq(sscanf(at, "' muster %32s", token), 1);
    server_says('o', channel, "Welcome!\n");
    server_says('o', channel, token);
    server_says('o', channel, "\n");
    server_says('o', channel, lines);
    server_exits(channel, 0);
    fake_settle(c->rig.loop);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
    (void)st;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void remove_tree(const char *path)
{
    cr_assert_eq(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0, "%s", path);
}

void copying_finish(struct copying *c)
{
    while (c->rig.gate.held)
        gate_release(&c->rig.gate);
    buf_release(&c->told);
    remote_release();
    rig_release(&c->rig);
    error_release(&c->result.error);
    source_tree_free(c->spec.tree);
    landing_free(c->spec.landing);
    remove_tree("src");
    remove_tree("out");
}
