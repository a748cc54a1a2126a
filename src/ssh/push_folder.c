/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/memory.h"
#include "ssh/push_private.h"

/* What a folder is made with until all is in it: we can write there, and others can do what they
 * will be allowed to. So one that an interrupted push leaves is of use to the next. */
enum { MODE_MEANWHILE = 0700 };

/* One folder under way. */
struct folder {
    struct list link; /* on push.making */
    struct push *push;
    size_t index;
    char *path;
    struct error error; /* why it was not made */
};

static const struct source_entry *entry_of(const struct folder *f)
{
    return source_tree_entry(f->push->t.spec->tree, f->index);
}

static struct folder *folder_new(struct push *push, size_t index)
{
    struct folder *f = xcalloc(1, sizeof *f);
    f->push = push;
    f->index = index;
    f->path = push_path(push, entry_of(f));
    list_append(&push->making, &f->link);
    push->t.item_count++;
    return f;
}

static void folder_free(struct folder *f)
{
    list_remove(&f->link);
    error_release(&f->error);
    free(f->path);
    free(f);
}

void push_folder_release(struct push *push)
{
    list_for_each(it, tmp, &push->making) folder_free(list_entry(it, struct folder, link));
}

/* Tells how it went, and forgets it. */
static void end(struct folder *f, enum folder_state state)
{
    struct push *push = f->push;
    enum file_action action = state == FOLDER_THERE ? FILE_KEEP : FILE_CREATE;
    struct file_record record = push_record(entry_of(f), f->path, action);
    push->folders[f->index] = (unsigned char)state;
    transfer_tell(&push->t, &record, state == FOLDER_FAILED ? &f->error : NULL);
    push->t.item_count--;
    folder_free(f);
}

/* What is there instead of a new folder. */
static void on_looked(void *arg, const struct sftp_reply *reply)
{
    struct folder *f = arg;
    bool is_missing = reply->type != SFTP_ATTRS;
    if (!is_missing && sftp_kind(&reply->attributes) == SFTP_KIND_FOLDER) {
        end(f, FOLDER_THERE);
    } else if (is_missing && f->push->t.spec->is_dry_run) {
        end(f, FOLDER_MADE);
    } else {
        if (!is_missing)
            error_set(&f->error, ERR_TRANSFER, "%s: is there and is not a folder", f->path);
        end(f, FOLDER_FAILED);
    }
}

/* Looks what is there. Only where the user named the place may a link lead to the folder. */
static void look(struct folder *f)
{
    bool is_named = entry_of(f)->parent == SOURCE_NONE;
    sftp_send(f->push->t.sftp,
              &(struct sftp_request){ .type = is_named ? SFTP_STAT : SFTP_LSTAT, .path = f->path },
              on_looked, f);
}

static void on_made(void *arg, const struct sftp_reply *reply)
{
    struct folder *f = arg;
    if (transfer_reply_failed(reply, SFTP_STATUS, &f->error, f->path))
        look(f);
    else
        end(f, FOLDER_MADE);
}

void push_folder_begin(struct push *push, size_t index)
{
    struct folder *f = folder_new(push, index);
    if (push->t.spec->is_dry_run) {
        if (push_is_new_place(push, entry_of(f)))
            end(f, FOLDER_MADE);
        else
            look(f);
        return;
    }
    transfer_start(&push->t);
    sftp_send(push->t.sftp,
              &(struct sftp_request){
                  .type = SFTP_MKDIR,
                  .path = f->path,
                  .attributes = { .has_mode = true,
                                  .mode = (entry_of(f)->mode & 0777) | MODE_MEANWHILE } },
              on_made, f);
}

static void on_finished(void *arg, const struct sftp_reply *reply)
{
    struct folder *f = arg;
    struct push *push = f->push;
    if (transfer_reply_failed(reply, SFTP_STATUS, &f->error, f->path)) {
        struct file_record record = push_record(entry_of(f), f->path, FILE_REPLACE);
        transfer_tell(&push->t, &record, &f->error);
    }
    push->t.item_count--;
    folder_free(f);
}

/* Where the owner may not be given, it is not. */
static void on_tried(void *arg, const struct sftp_reply *reply)
{
    (void)arg;
    (void)reply;
}

void push_folder_finish(struct push *push, size_t index)
{
    struct folder *f = folder_new(push, index);
    const struct source_entry *entry = entry_of(f);
    struct sftp_request request = { .type = SFTP_SETSTAT, .path = f->path };
    if (push->t.spec->preserves) {
        request.attributes =
            (struct sftp_attributes){ .has_owner = true, .uid = entry->uid, .gid = entry->gid };
        sftp_send(push->t.sftp, &request, on_tried, NULL);
        request.attributes = (struct sftp_attributes){ 0 };
    }
    request.attributes.has_mode = true;
    request.attributes.mode = entry->mode & 0777;
    request.attributes.has_times = push->t.spec->preserves;
    request.attributes.atime_s = request.attributes.mtime_s = (uint32_t)entry->mtime_s;
    sftp_send(push->t.sftp, &request, on_finished, f);
}
