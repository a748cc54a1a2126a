/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random_hex.h"
#include "model/transfer_path.h"
#include "ssh/push_private.h"

enum {
    PATH_MAX_SIZE = 64 * 1024,
    BACKLOG_MAX = 2 * 1024 * 1024,      /* bytes to be sent, above which no further file is begun */
    ITEMS_MAX = 4 * TRANSFER_ITEMS_MAX, /* those that only wait to be put in place, too */
};

static struct push *push_of(struct transfer *t)
{
    return list_entry(t, struct push, t);
}

/* How many folders an entry lies in. */
static size_t depth_of(const struct source_entry *entry)
{
    size_t depth = 0;
    for (const char *c = entry->name; *c; c++)
        depth += *c == '/';
    return depth;
}

/* The entry's name without its first component, which DEST stands for; "" at the top. */
static const char *below_top(const struct source_entry *entry)
{
    const char *slash = strchr(entry->name, '/');
    return slash ? slash + 1 : "";
}

char *push_path(const struct push *push, const struct source_entry *entry)
{
    struct buf path;
    buf_init(&path, PATH_MAX_SIZE);
    transfer_path_join(&path, push->dest, push->is_into ? entry->name : below_top(entry));
    char *text = path.failed ? NULL : buf_detach(&path);
    buf_release(&path);
    return text ? text : xstrdup("");
}

bool push_is_new_place(const struct push *push, const struct source_entry *entry)
{
    return entry->parent == SOURCE_NONE ? push->root_is_new
                                        : push->folders[entry->parent] == FOLDER_MADE;
}

struct file_record push_record(const struct source_entry *entry, const char *path,
                               enum file_action action)
{
    static const enum file_kind kinds[] = {
        [SOURCE_FILE] = FILE_KIND_FILE,
        [SOURCE_FOLDER] = FILE_KIND_FOLDER,
        [SOURCE_LINK] = FILE_KIND_LINK,
    };
    return (struct file_record){
        .kind = kinds[entry->kind],
        .action = action,
        .src = entry->path,
        .dst = path,
        .bytes = entry->kind == SOURCE_FILE ? entry->size : 0,
    };
}

/* --- DEST: where it all goes ------------------------------------------------------------------ */

/* The entries at the top; their number. */
static size_t top_count(const struct push *push, const struct source_entry **ret_first)
{
    size_t count = 0;
    *ret_first = NULL;
    for (size_t i = 0; i < source_tree_count(push->t.spec->tree); i++) {
        const struct source_entry *entry = source_tree_entry(push->t.spec->tree, i);
        if (entry->parent != SOURCE_NONE)
            continue;
        count++;
        if (!*ret_first)
            *ret_first = entry;
    }
    return count;
}

static void begin_folders(struct push *push)
{
    push->stage = PUSH_FOLDERS;
    push->next = push->level = 0;
    session_wake(push->t.job.session);
}

static void make_next_parent(struct push *push);

/* The last of the parents was made, or was there: it must be a folder now. */
static void on_parents_looked(void *arg, const struct sftp_reply *reply)
{
    struct push *push = arg;
    struct error error = ERROR_INIT;
    push->t.item_count--;
    bool is_missing = reply->type == SFTP_STATUS && reply->status == SFTP_NO_SUCH_FILE;
    if (is_missing && error_is_set(&push->parents_error))
        transfer_fail(&push->t, "%s", error_text(&push->parents_error));
    else if (transfer_reply_failed(reply, SFTP_ATTRS, &error, push->parents))
        transfer_fail(&push->t, "%s", error_text(&error));
    else if (sftp_kind(&reply->attributes) != SFTP_KIND_FOLDER)
        transfer_fail(&push->t, "%s: is not a folder", push->parents);
    else
        begin_folders(push);
    error_release(&error);
}

/* A parent was made, or was there, or neither: then the first that failed after one that did not
 * tells why. */
static void on_parent_made(void *arg, const struct sftp_reply *reply)
{
    struct push *push = arg;
    push->t.item_count--;
    push->root_is_new = reply->type == SFTP_STATUS && reply->status == SFTP_OK;
    bool is_missing = reply->type == SFTP_STATUS && reply->status == SFTP_NO_SUCH_FILE;
    char *what = xprintf("%.*s: the folder cannot be made", (int)push->parents_at, push->parents);
    if (!is_missing) /* of one in a missing folder, there is nothing to learn */
        error_release(&push->parents_error);
    transfer_reply_failed(reply, SFTP_STATUS, &push->parents_error, what);
    free(what);
    if (push->t.phase == TRANSFER_WORKING)
        make_next_parent(push);
}

/* Makes the next folder on the way to the last of the parents, or looks at that one. */
static void make_next_parent(struct push *push)
{
    size_t at = push->parents_at;
    at += strspn(push->parents + at, "/");
    push->t.item_count++;
    if (push->parents[at] == '\0') {
        sftp_send(push->t.sftp, &(struct sftp_request){ .type = SFTP_STAT, .path = push->parents },
                  on_parents_looked, push);
        return;
    }
    at += strcspn(push->parents + at, "/");
    push->parents_at = at;
    char *path = xstrndup(push->parents, at);
    transfer_start(&push->t);
    sftp_send(push->t.sftp,
              &(struct sftp_request){ .type = SFTP_MKDIR,
                                      .path = path,
                                      .attributes = { .has_mode = true, .mode = 0777 } },
              on_parent_made, push);
    free(path);
}

/* --mkdir: makes `path` (heap, taken) with all that leads to it. */
static void make_parents(struct push *push, char *path)
{
    push->parents = path;
    if (push->t.spec->is_dry_run) {
        push->root_is_new = true;
        begin_folders(push);
    } else {
        make_next_parent(push);
    }
}

/* The folder that DEST itself is to be in; heap. */
static char *parent_of(const char *path)
{
    struct buf parent;
    buf_init(&parent, PATH_MAX_SIZE);
    transfer_path_parent(&parent, path);
    char *text = buf_detach(&parent);
    return text ? text : xstrdup(".");
}

/* There is no DEST: it is made, or the one entry becomes it. */
static void decide_missing(struct push *push, bool needs_folder)
{
    push->is_into = push->is_into || needs_folder;
    if (needs_folder && !push->t.spec->makes_folders)
        transfer_fail(&push->t, "%s: no such folder (--mkdir makes it)", push->dest);
    else if (needs_folder)
        make_parents(push, xstrdup(push->dest));
    else if (push->t.spec->makes_folders)
        make_parents(push, parent_of(push->dest));
    else
        begin_folders(push);
}

/* What DEST is decides where the entries go, as cp(1) has it. */
static void on_dest(void *arg, const struct sftp_reply *reply)
{
    struct push *push = arg;
    const struct source_entry *top;
    bool has_several = top_count(push, &top) > 1;
    bool needs_folder = has_several || transfer_path_means_folder(push->t.args.destination);
    struct error error = ERROR_INIT;
    push->t.item_count--;
    /* The content of a folder, "dir/.": its names have no first component to be replaced. */
    push->is_into = top && *top->name == '\0';
    if (push->t.phase != TRANSFER_WORKING)
        return;
    if (reply->type == SFTP_STATUS && reply->status == SFTP_NO_SUCH_FILE) {
        decide_missing(push, needs_folder);
    } else if (transfer_reply_failed(reply, SFTP_ATTRS, &error, push->dest)) {
        transfer_fail(&push->t, "%s", error_text(&error));
    } else if (sftp_kind(&reply->attributes) == SFTP_KIND_FOLDER) {
        push->is_into = true;
        begin_folders(push);
    } else if (needs_folder || (top && top->kind == SOURCE_FOLDER)) {
        transfer_fail(&push->t, "%s: is not a folder", push->dest);
    } else {
        begin_folders(push);
    }
    error_release(&error);
}

static void ask_dest(struct push *push)
{
    if (push->is_asked)
        return;
    push->is_asked = true;
    push->t.item_count++;
    sftp_send(push->t.sftp, &(struct sftp_request){ .type = SFTP_STAT, .path = push->dest },
              on_dest, push);
}

/* --- What comes when -------------------------------------------------------------------------- */

/* Its folder could not be made: neither can the entry. */
static void tell_orphan(struct push *push, size_t index)
{
    const struct source_entry *entry = source_tree_entry(push->t.spec->tree, index);
    char *path = push_path(push, entry);
    struct file_record record = push_record(entry, path, FILE_CREATE);
    struct error error = ERROR_INIT;
    error_set(&error, ERR_TRANSFER, "%s: its folder could not be made", path);
    transfer_tell(&push->t, &record, &error);
    push->folders[index] = FOLDER_FAILED;
    error_release(&error);
    free(path);
}

/* Does the entry have its turn in this stage? */
static bool is_due(const struct push *push, const struct source_entry *entry, size_t index)
{
    bool is_folder = entry->kind == SOURCE_FOLDER;
    enum folder_state state = push->folders[index];
    switch (push->stage) {
    case PUSH_FOLDERS:
        return is_folder && depth_of(entry) == push->level;
    case PUSH_FILES:
        return !is_folder;
    case PUSH_DELETE:
        return is_folder && state == FOLDER_THERE;
    case PUSH_FOLDER_MODES:
        return is_folder &&
               (state == FOLDER_MADE || (state == FOLDER_THERE && push->t.spec->preserves));
    case PUSH_DEST:
        break;
    }
    return false;
}

/* Begins what this stage does to an entry. */
static void begin_entry(struct push *push, size_t index)
{
    const struct source_entry *entry = source_tree_entry(push->t.spec->tree, index);
    bool is_orphan = entry->parent != SOURCE_NONE && push->folders[entry->parent] == FOLDER_FAILED;
    if (push->stage <= PUSH_FILES && is_orphan)
        tell_orphan(push, index);
    else if (push->stage == PUSH_FOLDERS)
        push_folder_begin(push, index);
    else if (push->stage == PUSH_FILES)
        put_begin(push, index);
    else if (push->stage == PUSH_DELETE)
        push_delete_begin(push, index);
    else
        push_folder_finish(push, index);
}

/* May another entry be begun? */
static bool may_begin(const struct push *push)
{
    return transfer_may_begin(&push->t) && push->backlog <= BACKLOG_MAX &&
           push->t.item_count < ITEMS_MAX;
}

/* Begins what may be begun; true when every entry has had its turn. */
static bool begin_entries(struct push *push)
{
    size_t count = source_tree_count(push->t.spec->tree);
    while (push->next < count) {
        /* The mode of a folder may lock us out: what is in it is dealt with before. */
        size_t index = push->stage == PUSH_FOLDER_MODES ? count - 1 - push->next : push->next;
        const struct source_entry *entry = source_tree_entry(push->t.spec->tree, index);
        if (is_due(push, entry, index)) {
            if (!may_begin(push))
                return false;
            begin_entry(push, index);
        }
        push->next++;
    }
    return true;
}

/* Is there nothing to be done in the stage? */
static bool is_skipped(const struct push *push)
{
    const struct transfer_spec *spec = push->t.spec;
    if (push->stage == PUSH_DELETE)
        return !spec->deletes || push->t.result.totals.failed > 0;
    return push->stage == PUSH_FOLDER_MODES && spec->is_dry_run;
}

/* All of a stage, or of a level of folders, has ended. */
static void next_stage(struct push *push)
{
    push->next = 0;
    if (push->stage == PUSH_FOLDERS && push->level++ < push->deepest)
        return;
    if (push->stage == PUSH_FOLDER_MODES) {
        push->next = source_tree_count(push->t.spec->tree);
        push->t.is_complete = true;
        return;
    }
    push->stage++;
    if (is_skipped(push))
        next_stage(push);
}

static void advance(struct transfer *t)
{
    struct push *push = push_of(t);
    if (push->stage == PUSH_DEST) {
        ask_dest(push);
        return;
    }
    push_delete_run(push);
    while (t->phase == TRANSFER_WORKING && !t->is_complete && begin_entries(push) &&
           t->item_count == 0)
        next_stage(push);
    push_delete_run(push);
}

/* Sends a piece of the first file that has one. */
static bool fill(struct transfer *t)
{
    if (t->pieces >= TRANSFER_PIECES_MAX)
        return false;
    list_for_each(it, tmp, &t->items)
    {
        if (put_fill(list_entry(it, struct put, link)))
            return true;
    }
    return false;
}

/* Is the last thing to be done under way, in a push without folders? */
static bool is_at_the_end(const struct push *push)
{
    size_t count = source_tree_count(push->t.spec->tree);
    for (size_t i = 0; i < count; i++) {
        if (source_tree_entry(push->t.spec->tree, i)->kind == SOURCE_FOLDER)
            return false;
    }
    return push->stage == PUSH_FILES && push->next == count;
}

static void undo(struct transfer *t)
{
    t->is_cut = !is_at_the_end(push_of(t));
    list_for_each(it, tmp, &t->items) put_cancel(list_entry(it, struct put, link));
    push_delete_undo(push_of(t));
}

static bool was_replacing(const struct transfer *t)
{
    for (const struct list *it = t->items.next; it != &t->items; it = it->next) {
        if (list_entry(it, const struct put, link)->is_replacing)
            return true;
    }
    return false;
}

static size_t leftovers(const struct transfer *t, const char **ret_first)
{
    size_t count = 0;
    *ret_first = NULL;
    for (const struct list *it = t->items.next; it != &t->items; it = it->next) {
        const struct put *p = list_entry(it, const struct put, link);
        if (p->has_temporary && count++ == 0)
            *ret_first = p->temporary;
    }
    return count;
}

static void release(struct transfer *t)
{
    struct push *push = push_of(t);
    list_for_each(it, tmp, &t->items) put_free(list_entry(it, struct put, link));
    push_folder_release(push);
    push_delete_release(push);
    free(push->dest);
    free(push->parents);
    error_release(&push->parents_error);
    free(push->folders);
}

struct job *job_push_new(const struct transfer_args *args)
{
    static const struct transfer_ops ops = {
        .name = "push",
        .advance = advance,
        .fill = fill,
        .undo = undo,
        .was_replacing = was_replacing,
        .leftovers = leftovers,
        .release = release,
    };
    struct push *push = xcalloc(1, sizeof *push);
    struct error error = ERROR_INIT;
    struct buf dest;
    transfer_init(&push->t, &ops, args);
    buf_init(&dest, PATH_MAX_SIZE);
    /* The cli has checked it for every host. */
    transfer_path_from_user(args->destination, &dest, &error);
    error_release(&error);
    /* With a slash at its end, servers would say of a file that nothing is there. */
    while (dest.size > 1 && dest.data[dest.size - 1] == '/')
        dest.size--;
    push->dest = dest.size ? xstrndup(dest.data, dest.size) : xstrdup(".");
    buf_release(&dest);
    list_init(&push->making);
    list_init(&push->doomed);
    list_init(&push->dooming);
    size_t count = source_tree_count(args->spec->tree);
    push->folders = xcalloc(count, 1);
    for (size_t i = 0; i < count; i++) {
        size_t depth = depth_of(source_tree_entry(args->spec->tree, i));
        push->deepest = depth > push->deepest ? depth : push->deepest;
    }
    random_hex(push->temporary_id, sizeof push->temporary_id / 2);
    return &push->t.job;
}
