/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/transfer_path.h"
#include "ssh/pull_private.h"

enum {
    PATH_MAX_SIZE = 1024 * 1024,
    /* Of one folder, not through: above the first its listing pauses, below the second it goes on.
     */
    CHILDREN_HIGH = 4096,
    CHILDREN_LOW = 1024,
};

static void ask(struct get *g, const struct sftp_request *request, sftp_reply_fn *fn)
{
    g->waiting++;
    sftp_send(g->pull->t.sftp, request, fn, g);
}

/* Does it take the place of something that could be begun? */
static void set_idle(struct get *g, bool is_idle)
{
    if (g->is_idle == is_idle)
        return;
    g->is_idle = is_idle;
    if (is_idle)
        g->pull->t.idle_count++;
    else
        g->pull->t.idle_count--;
}

/* All in it is through: its mode and time are set, and it is told. */
static void finish(struct get *g)
{
    struct transfer *t = &g->pull->t;
    bool is_ours = g->action == FILE_CREATE && !t->spec->is_dry_run;
    struct error error = ERROR_INIT;
    if (is_ours && !error_is_set(&g->error) &&
        !landing_finish_folder(
            t->spec->landing, g->local, g->attributes.has_mode ? g->attributes.mode & 0777 : 0755,
            t->spec->preserves && g->attributes.has_times, g->attributes.mtime_s, &error)) {
        pull_landed(g->pull, false, &error);
        error_move(&g->error, &error);
    }
    set_idle(g, false);
    get_end(g);
}

static void end_if_through(struct get *g)
{
    if (g->is_listed && g->children == 0 && g->waiting == 0)
        finish(g);
}

static void list_more(struct get *g);

void pull_folder_child_ended(struct get *folder)
{
    folder->children--;
    if (folder->is_paused && folder->children < CHILDREN_LOW)
        list_more(folder);
    else
        end_if_through(folder);
}

void pull_folder_cancel(struct get *folder)
{
    folder->is_listed = folder->is_listed || folder->is_paused;
    folder->is_paused = false;
    end_if_through(folder);
}

/* The name as it can be shown: what would act on a terminal is a question mark. */
static char *printable(const struct sftp_name *name)
{
    char *shown = xcalloc(name->name.size + 1, 1);
    for (size_t i = 0; i < name->name.size; i++) {
        unsigned char c = name->name.data[i];
        shown[i] = c < 0x20 || c == 0x7f ? '?' : (char)c;
    }
    return shown;
}

/* Reports a name that is refused. */
static void refuse(struct get *folder, const struct sftp_name *name, const char *problem)
{
    char *shown = printable(name);
    struct buf path;
    buf_init(&path, PATH_MAX_SIZE);
    buf_addf(&path, "%s/%s", folder->remote, shown);
    struct file_record record = {
        .kind = FILE_KIND_FILE, .action = FILE_CREATE, .src = buf_str(&path), .dst = ""
    };
    struct error error = ERROR_INIT;
    error_set(&error, ERR_TRANSFER, "%s: the server sent a name that %s: refused", buf_str(&path),
              problem);
    transfer_tell(&folder->pull->t, &record, &error);
    error_release(&error);
    buf_release(&path);
    free(shown);
}

/* Queues what the folder holds under a name. */
static void add_child(struct get *folder, const struct sftp_name *name)
{
    struct buf remote, local;
    buf_init(&remote, PATH_MAX_SIZE);
    buf_init(&local, PATH_MAX_SIZE);
    char *text = xstrndup((const char *)name->name.data, name->name.size);
    transfer_path_join(&remote, folder->remote, text);
    transfer_path_join(&local, folder->local, text);
    if (remote.failed || local.failed) {
        refuse(folder, name, "makes the path too long");
    } else {
        struct get *g = pull_add(folder->pull, folder, buf_str(&remote), buf_str(&local));
        g->attributes = name->attributes;
    }
    free(text);
    buf_release(&remote);
    buf_release(&local);
}

static bool is_dot(const struct sftp_name *name)
{
    return wire_string_is(name->name, ".") || wire_string_is(name->name, "..");
}

/* Takes the names of one answer to READDIR. */
static void take_names(struct get *folder, const struct sftp_reply *reply)
{
    struct pull *pull = folder->pull;
    struct sftp_reply names = *reply;
    struct sftp_name name;
    while (pull->t.phase == TRANSFER_WORKING && sftp_next_name(&names, &name)) {
        if (is_dot(&name))
            continue; /* every server sends these */
        const char *problem = landing_name_problem((const char *)name.name.data, name.name.size);
        if (problem)
            refuse(folder, &name, problem);
        else
            add_child(folder, &name);
        if (pull->entries + pull->t.result.totals.failed > pull->t.spec->max_entries)
            transfer_fail(&pull->t, "%s: there are more than %llu files (--max-files allows more)",
                          folder->remote, (unsigned long long)pull->t.spec->max_entries);
        else if (pull->queued_bytes > PULL_QUEUE_MAX)
            transfer_fail(&pull->t, "%s: there are too many large folders in each other",
                          folder->remote);
    }
}

/* The answer to CLOSE is nobody's. */
static void on_closed(void *arg, const struct sftp_reply *reply)
{
    (void)arg;
    (void)reply;
}

static void end_listing(struct get *g)
{
    if (g->handle.size)
        sftp_send(
            g->pull->t.sftp,
            &(struct sftp_request){ .type = SFTP_CLOSE, .handle = transfer_handle(&g->handle) },
            on_closed, NULL);
    g->is_listed = true;
    set_idle(g, true);
    end_if_through(g);
}

static void on_names(void *arg, const struct sftp_reply *reply)
{
    struct get *g = arg;
    struct pull *pull = g->pull;
    g->waiting--;
    bool is_end = transfer_is_end_of_names(reply);
    if (is_end || pull->t.phase != TRANSFER_WORKING ||
        transfer_reply_failed(reply, SFTP_NAME, &g->error, g->remote)) {
        end_listing(g);
        return;
    }
    take_names(g, reply);
    if (pull->t.phase != TRANSFER_WORKING)
        end_listing(g);
    else if (g->children > CHILDREN_HIGH)
        set_idle(g, g->is_paused = true);
    else
        list_more(g);
}

/* Asks for more names. */
static void list_more(struct get *g)
{
    g->is_paused = false;
    set_idle(g, false);
    ask(g, &(struct sftp_request){ .type = SFTP_READDIR, .handle = transfer_handle(&g->handle) },
        on_names);
}

static void on_opened(void *arg, const struct sftp_reply *reply)
{
    struct get *g = arg;
    g->waiting--;
    bool has_failed = transfer_reply_failed(reply, SFTP_HANDLE, &g->error, g->remote);
    if (!has_failed && !transfer_keep_handle(&g->handle, reply))
        get_fail(g, "%s: the server's handle is bad", g->remote);
    if (error_is_set(&g->error) || g->is_cancelled)
        end_listing(g);
    else
        list_more(g);
}

/* Makes the folder here; false where that fails. */
static bool make_here(struct get *g)
{
    struct transfer *t = &g->pull->t;
    bool created = true;
    struct landing_state state;
    if (t->spec->is_dry_run) {
        if (!pull_landed(g->pull, landing_look(t->spec->landing, g->local, &state, &g->error),
                         &g->error))
            return false;
        created = state.kind == LANDING_NONE;
    } else {
        transfer_start(t);
        if (!pull_landed(g->pull,
                         landing_make_folder(t->spec->landing, g->local, &created, &g->error),
                         &g->error))
            return false;
    }
    g->action = created ? FILE_CREATE : FILE_KEEP;
    return true;
}

void pull_folder_begin(struct get *g)
{
    g->state = GET_FOLDER;
    g->kind = FILE_KIND_FOLDER;
    if (g->depth > PULL_DEPTH_MAX)
        get_fail(g, "%s: lies in more than %d folders", g->remote, PULL_DEPTH_MAX);
    if (error_is_set(&g->error) || !make_here(g)) {
        get_end(g);
        return;
    }
    ask(g, &(struct sftp_request){ .type = SFTP_OPENDIR, .path = g->remote }, on_opened);
}
