/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/memory.h"
#include "model/transfer_path.h"
#include "ssh/pull_private.h"
#include "ssh/reader.h"

enum {
    PATH_MAX_SIZE = 1024 * 1024,
    BACKLOG_MAX = 2 * 1024 * 1024, /* bytes to come, above which no further file is begun */
};

static struct pull *pull_of(struct transfer *t)
{
    return list_entry(t, struct pull, t);
}

/* What it takes in the queue. */
static size_t queued_size(const struct get *g)
{
    return sizeof *g + strlen(g->remote) + strlen(g->local) + 2;
}

struct get *pull_add(struct pull *pull, struct get *parent, const char *remote, const char *local)
{
    struct get *g = xcalloc(1, sizeof *g);
    list_init(&g->link);
    list_init(&g->also);
    g->pull = pull;
    g->parent = parent;
    g->remote = xstrdup(remote);
    g->local = xstrdup(local);
    g->depth = parent ? parent->depth + 1 : 0;
    g->existing_fd = -1;
    if (parent)
        parent->children++;
    list_prepend(&pull->queue, &g->link);
    pull->queued_bytes += queued_size(g);
    pull->entries++;
    return g;
}

void get_free(struct get *g)
{
    list_remove(&g->link);
    list_remove(&g->also);
    reader_free(g->reader);
    if (g->pull->t.spec->resumes && !g->is_spoilt)
        landing_keep(g->file);
    else
        landing_abandon(g->file);
    if (g->existing_fd >= 0)
        close(g->existing_fd);
    sha256_free(g->local_sum);
    sha256_free(g->remote_sum);
    error_release(&g->error);
    free(g->remote);
    free(g->local);
    free(g);
}

void pull_tell(struct get *g)
{
    struct transfer *t = &g->pull->t;
    struct buf path;
    buf_init(&path, PATH_MAX_SIZE);
    transfer_path_join(&path, t->spec->destination, g->local);
    struct file_record record = {
        .kind = g->kind,
        .action = g->action,
        .src = g->remote,
        .dst = buf_str(&path),
        .bytes = g->kind == FILE_KIND_FILE ? g->resumed + g->received : 0,
        .moved = g->moved,
        .sha256 = g->local_digest[0] ? g->local_digest : NULL,
    };
    bool is_as_there = record.action == FILE_KEEP || t->spec->is_dry_run;
    if (is_as_there && g->kind == FILE_KIND_FILE)
        record.bytes = g->attributes.size;
    transfer_tell(t, &record, error_is_set(&g->error) ? &g->error : NULL);
    buf_release(&path);
}

bool pull_landed(const struct pull *pull, bool is_done, struct error *error)
{
    if (is_done)
        return true;
    struct buf text;
    buf_init(&text, PATH_MAX_SIZE);
    transfer_path_join(&text, pull->t.spec->destination, error_text(error));
    error_set(error, error->code, "%s", buf_str(&text));
    buf_release(&text);
    return false;
}

/* Appends the name that a source gets here. */
static void add_name(const struct pull *pull, const char *source, struct buf *out)
{
    transfer_pull_name(out, source);
    if (pull->t.spec->is_flat)
        buf_addf(out, "%s%s", out->size ? "." : "", pull->t.args.host);
}

/* Queues one source. */
static void add_source(struct pull *pull, const char *source)
{
    struct error error = ERROR_INIT;
    struct buf remote, name, local;
    buf_init(&remote, PATH_MAX_SIZE);
    buf_init(&name, PATH_MAX_SIZE);
    buf_init(&local, PATH_MAX_SIZE);
    /* The cli has checked it. */
    transfer_path_from_user(source, &remote, &error);
    add_name(pull, source, &name);
    transfer_path_join(&local, pull->t.spec->is_flat ? "" : pull->t.args.host, buf_str(&name));
    pull_add(pull, NULL, buf_str(&remote), buf_str(&local));
    error_release(&error);
    buf_release(&name);
    buf_release(&remote);
    buf_release(&local);
}

/* Makes the host's own folder and queues the sources; the last on top is the first. */
static void begin(struct pull *pull)
{
    const struct transfer_spec *spec = pull->t.spec;
    struct error error = ERROR_INIT;
    bool created;
    pull->is_begun = true;
    if (!spec->is_flat && !spec->is_dry_run) {
        transfer_start(&pull->t);
        if (!pull_landed(pull,
                         landing_make_folder(spec->landing, pull->t.args.host, &created, &error),
                         &error)) {
            transfer_fail(&pull->t, "%s", error_text(&error));
            error_release(&error);
            return;
        }
        if (created)
            landing_finish_folder(spec->landing, pull->t.args.host, 0755, false, 0, &error);
        error_release(&error);
    }
    size_t count = 0;
    while (spec->sources[count])
        count++;
    while (count > 0)
        add_source(pull, spec->sources[--count]);
}

/* Begins what is on top of the queue. */
static void begin_next(struct pull *pull)
{
    struct get *g = list_entry(pull->queue.next, struct get, link);
    list_remove(&g->link);
    pull->queued_bytes -= queued_size(g);
    list_append(&pull->t.items, &g->link);
    pull->t.item_count++;
    get_begin(g);
}

/* Hashes a slice of each file that waits for that. */
static void hash_more(struct pull *pull)
{
    list_for_each(it, tmp, &pull->hashing) get_hash_more(list_entry(it, struct get, also));
    if (!list_is_empty(&pull->hashing))
        session_wake(pull->t.job.session);
}

static void advance(struct transfer *t)
{
    struct pull *pull = pull_of(t);
    if (!pull->is_begun)
        begin(pull);
    hash_more(pull);
    while (!list_is_empty(&pull->queue) && transfer_may_begin(t) && pull->backlog <= BACKLOG_MAX)
        begin_next(pull);
    t->is_complete = list_is_empty(&pull->queue) && t->item_count == 0;
}

static bool fill(struct transfer *t)
{
    if (t->pieces >= TRANSFER_PIECES_MAX)
        return false;
    list_for_each(it, tmp, &t->items)
    {
        if (get_fill(list_entry(it, struct get, link)))
            return true;
    }
    return false;
}

/* Frees what was not begun. */
static void drop_queue(struct pull *pull)
{
    list_for_each(it, tmp, &pull->queue)
    {
        struct get *g = list_entry(it, struct get, link);
        if (g->parent)
            g->parent->children--;
        get_free(g);
    }
    pull->queued_bytes = 0;
}

static void undo(struct transfer *t)
{
    struct pull *pull = pull_of(t);
    t->is_cut = true;
    drop_queue(pull);
    /* One may end its folder, too: from the beginning again after each. */
    bool goes_on = true;
    while (goes_on) {
        goes_on = false;
        list_for_each(it, tmp, &t->items)
        {
            struct get *g = list_entry(it, struct get, link);
            if (g->is_cancelled)
                continue;
            g->is_cancelled = goes_on = true;
            get_cancel(g);
            break;
        }
    }
}

static bool was_replacing(const struct transfer *t)
{
    (void)t;
    return false; /* files are put in place here, at once */
}

static size_t leftovers(const struct transfer *t, const char **ret_first)
{
    (void)t;
    *ret_first = NULL;
    return 0;
}

static void release(struct transfer *t)
{
    struct pull *pull = pull_of(t);
    drop_queue(pull);
    list_for_each(it, tmp, &t->items) get_free(list_entry(it, struct get, link));
}

struct job *job_pull_new(const struct transfer_args *args)
{
    static const struct transfer_ops ops = {
        .name = "pull",
        .advance = advance,
        .fill = fill,
        .undo = undo,
        .was_replacing = was_replacing,
        .leftovers = leftovers,
        .release = release,
    };
    struct pull *pull = xcalloc(1, sizeof *pull);
    transfer_init(&pull->t, &ops, args);
    list_init(&pull->queue);
    list_init(&pull->hashing);
    return &pull->t.job;
}
