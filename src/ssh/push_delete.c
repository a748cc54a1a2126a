/* SPDX-License-Identifier: MIT */
/*
 * --delete: what is in the folders of the destination and not in the source.
 *
 * Only folders that were there before and that the source has too are looked into; links are
 * removed, never followed. A folder is emptied first: what is found in it comes on top of the
 * stack, and when the last of it is gone, so is the folder.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/transfer_path.h"
#include "ssh/push_private.h"

enum {
    PATH_MAX_SIZE = 16 * 1024, /* bounds the depth, too */
    ACTIVE_MAX = 32,
    /* Of one folder, not gone: above the first its listing pauses, below the second it goes on. */
    CHILDREN_HIGH = 4096,
    CHILDREN_LOW = 1024,
};

/* Names that other pushes may be writing under at this moment. */
#define TEMPORARY_PREFIX ".muster-"

/* Something to be deleted, or a folder to be looked into. */
struct doomed {
    struct list link; /* on push.doomed before its turn, then on push.dooming */
    struct push *push;
    struct doomed *parent; /* which waits for this one; NULL: nobody does */
    char *path;
    bool is_folder;
    bool is_unknown; /* its folder's listing did not say what it is */
    size_t kept;     /* the entry of a folder that stays; SOURCE_NONE: it goes */
    struct transfer_handle handle;
    size_t children; /* that are not gone yet */
    bool is_listed;
    bool is_paused; /* its listing */
    struct error error;
};

static void settle(struct doomed *d);

static struct doomed *doomed_new(struct push *push, struct doomed *parent, char *path)
{
    struct doomed *d = xcalloc(1, sizeof *d);
    list_init(&d->link);
    d->push = push;
    d->parent = parent;
    d->path = path;
    d->kept = SOURCE_NONE;
    push->t.item_count++;
    list_prepend(&push->doomed, &d->link);
    return d;
}

static void ask(struct doomed *d, const struct sftp_request *request, sftp_reply_fn *fn)
{
    d->push->deleting++;
    sftp_send(d->push->t.sftp, request, fn, d);
}

/* Tells what became of it, unless it stays. */
static void tell(struct doomed *d)
{
    struct file_record record = { .kind = d->is_folder ? FILE_KIND_FOLDER : FILE_KIND_FILE,
                                  .action = FILE_DELETE,
                                  .dst = d->path };
    bool has_failed = error_is_set(&d->error);
    if (d->kept == SOURCE_NONE || has_failed)
        transfer_tell(&d->push->t, &record, has_failed ? &d->error : NULL);
}

static void free_doomed(struct doomed *d)
{
    list_remove(&d->link);
    error_release(&d->error);
    free(d->path);
    free(d);
}

static void list_more(struct doomed *d);

/* One less is in the folder. */
static void child_ended(struct doomed *folder)
{
    folder->children--;
    if (folder->is_paused && folder->children < CHILDREN_LOW)
        list_more(folder);
    else if (folder->is_listed && folder->children == 0)
        settle(folder);
}

static void end(struct doomed *d)
{
    struct push *push = d->push;
    struct doomed *parent = d->parent;
    bool has_failed = error_is_set(&d->error);
    if (push->t.phase == TRANSFER_WORKING)
        tell(d);
    if (parent && has_failed && !error_is_set(&parent->error) && parent->kept == SOURCE_NONE)
        error_set(&parent->error, ERR_TRANSFER, "%s: is not empty", parent->path);
    push->t.item_count--;
    free_doomed(d);
    if (parent)
        child_ended(parent);
    session_wake(push->t.job.session);
}

static void on_gone(void *arg, const struct sftp_reply *reply)
{
    struct doomed *d = arg;
    d->push->deleting--;
    transfer_reply_failed(reply, SFTP_STATUS, &d->error, d->path);
    end(d);
}

/* Everything in the folder has been dealt with. */
static void settle(struct doomed *d)
{
    bool goes =
        d->kept == SOURCE_NONE && !error_is_set(&d->error) && d->push->t.phase == TRANSFER_WORKING;
    if (goes && !d->push->t.spec->is_dry_run)
        ask(d, &(struct sftp_request){ .type = SFTP_RMDIR, .path = d->path }, on_gone);
    else
        end(d);
}

static int compare_names(const void *key, const void *element)
{
    const char *const *name = element;
    return strcmp(key, *name);
}

/* Names in a folder. */
struct names {
    const char **items; /* heap */
    size_t count;
    size_t room;
};

static void add_name(struct names *names, const struct source_entry *entry)
{
    if (names->count == names->room) {
        names->room = names->room ? 2 * names->room : 16;
        names->items = xrealloc_array(names->items, names->room, sizeof *names->items);
    }
    const char *slash = strrchr(entry->name, '/');
    names->items[names->count++] = slash ? slash + 1 : entry->name;
}

/* For qsort(3). */
static int compare_items(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names that the source has in a folder; sorted. What is below a folder follows it. Where the
 * content of a folder goes straight to DEST, so do the other SRC. */
static struct names names_of(const struct push *push, size_t folder)
{
    const struct source_tree *tree = push->t.spec->tree;
    bool is_dest = *source_tree_entry(tree, folder)->name == '\0';
    struct names names = { 0 };
    for (size_t i = is_dest ? 0 : folder + 1; i < source_tree_count(tree); i++) {
        const struct source_entry *entry = source_tree_entry(tree, i);
        bool is_below = entry->parent != SOURCE_NONE && entry->parent >= folder;
        if (!is_dest && !is_below)
            break;
        if (entry->parent == folder || (is_dest && entry->parent == SOURCE_NONE))
            add_name(&names, entry);
    }
    if (names.count > 0)
        qsort(names.items, names.count, sizeof *names.items, compare_items);
    return names;
}

/* Is this a name that cannot be deleted, or must not? */
static bool is_spared(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strchr(name, '/') || !*name ||
           strncmp(name, TEMPORARY_PREFIX, strlen(TEMPORARY_PREFIX)) == 0;
}

/* Something was found in the folder that is not in the source. */
static void doom(struct doomed *folder, const char *name, const struct sftp_attributes *attributes)
{
    struct buf path;
    buf_init(&path, PATH_MAX_SIZE);
    transfer_path_join(&path, folder->path, name);
    char *text = path.failed ? NULL : buf_detach(&path);
    buf_release(&path);
    if (!text) {
        error_release(&folder->error);
        error_set(&folder->error, ERR_TRANSFER, "%s: a path in it is too long", folder->path);
        return;
    }
    struct doomed *d = doomed_new(folder->push, folder, text);
    d->is_folder = sftp_kind(attributes) == SFTP_KIND_FOLDER;
    d->is_unknown = sftp_kind(attributes) == SFTP_KIND_UNKNOWN;
    folder->children++;
}

/* Takes the names of one answer to READDIR. */
static void take_names(struct doomed *folder, const struct sftp_reply *reply)
{
    struct sftp_reply names = *reply;
    struct sftp_name name;
    bool stays = folder->kept != SOURCE_NONE;
    struct names own = stays ? names_of(folder->push, folder->kept) : (struct names){ 0 };
    while (sftp_next_name(&names, &name)) {
        char *text = xstrndup((const char *)name.name.data, name.name.size);
        bool is_own =
            own.count > 0 && bsearch(text, own.items, own.count, sizeof *own.items, compare_names);
        if (!is_own && strlen(text) == name.name.size && !is_spared(text))
            doom(folder, text, &name.attributes);
        free(text);
    }
    free(own.items);
}

/* The answer to CLOSE is of no account. */
static void on_closed(void *arg, const struct sftp_reply *reply)
{
    (void)reply;
    ((struct push *)arg)->deleting--;
}

/* The folder was read to its end, or as far as that goes. */
static void end_listing(struct doomed *d)
{
    d->push->deleting++;
    sftp_send(d->push->t.sftp,
              &(struct sftp_request){ .type = SFTP_CLOSE, .handle = transfer_handle(&d->handle) },
              on_closed, d->push);
    d->is_listed = true;
    if (d->children == 0)
        settle(d);
}

static void on_names(void *arg, const struct sftp_reply *reply)
{
    struct doomed *d = arg;
    d->push->deleting--;
    bool is_end = transfer_is_end_of_names(reply);
    if (is_end || d->push->t.phase != TRANSFER_WORKING ||
        transfer_reply_failed(reply, SFTP_NAME, &d->error, d->path)) {
        end_listing(d);
        return;
    }
    take_names(d, reply);
    d->is_paused = d->children > CHILDREN_HIGH;
    if (!d->is_paused)
        list_more(d);
}

/* Asks for more names. */
static void list_more(struct doomed *d)
{
    d->is_paused = false;
    ask(d, &(struct sftp_request){ .type = SFTP_READDIR, .handle = transfer_handle(&d->handle) },
        on_names);
}

static void on_opened(void *arg, const struct sftp_reply *reply)
{
    struct doomed *d = arg;
    d->push->deleting--;
    bool has_failed = transfer_reply_failed(reply, SFTP_HANDLE, &d->error, d->path);
    if (!has_failed && !transfer_keep_handle(&d->handle, reply))
        has_failed = !error_set(&d->error, ERR_TRANSFER, "%s: the server's handle is bad", d->path);
    if (has_failed)
        end(d);
    else
        list_more(d);
}

static void begin(struct doomed *d);

static void on_looked(void *arg, const struct sftp_reply *reply)
{
    struct doomed *d = arg;
    d->push->deleting--;
    d->is_unknown = false;
    d->is_folder = reply->type == SFTP_ATTRS && sftp_kind(&reply->attributes) == SFTP_KIND_FOLDER;
    if (transfer_reply_failed(reply, SFTP_ATTRS, &d->error, d->path))
        end(d);
    else
        begin(d);
}

/* Looks into a folder, or removes what is none. */
static void begin(struct doomed *d)
{
    if (d->push->t.phase != TRANSFER_WORKING)
        end(d);
    else if (d->is_unknown)
        ask(d, &(struct sftp_request){ .type = SFTP_LSTAT, .path = d->path }, on_looked);
    else if (d->is_folder)
        ask(d, &(struct sftp_request){ .type = SFTP_OPENDIR, .path = d->path }, on_opened);
    else if (d->push->t.spec->is_dry_run)
        end(d);
    else
        ask(d, &(struct sftp_request){ .type = SFTP_REMOVE, .path = d->path }, on_gone);
}

/* Its turn has come. */
static void start(struct doomed *d)
{
    list_remove(&d->link);
    list_append(&d->push->dooming, &d->link);
    begin(d);
}

void push_delete_run(struct push *push)
{
    bool is_over = push->t.phase != TRANSFER_WORKING; /* then each ends without a request */
    while ((push->deleting < ACTIVE_MAX || is_over) && !list_is_empty(&push->doomed))
        start(list_entry(push->doomed.next, struct doomed, link));
}

void push_delete_undo(struct push *push)
{
    while (!list_is_empty(&push->doomed))
        start(list_entry(push->doomed.next, struct doomed, link));
}

void push_delete_begin(struct push *push, size_t index)
{
    const struct source_entry *entry = source_tree_entry(push->t.spec->tree, index);
    struct doomed *d = doomed_new(push, NULL, push_path(push, entry));
    d->is_folder = true;
    d->kept = index;
}

void push_delete_release(struct push *push)
{
    list_splice(&push->doomed, &push->dooming);
    list_for_each(it, tmp, &push->doomed) free_doomed(list_entry(it, struct doomed, link));
}
