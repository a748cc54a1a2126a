/* SPDX-License-Identifier: MIT */
/* How a put takes its place: a link is made (LINK), and the temporary replaces what is there
 * (REPLACE), by SFTP or by mv(1). */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ssh/push_private.h"

/* mv has answered. */
static void on_moved(void *arg, const char *line, const char *why)
{
    struct put *p = arg;
    p->is_replacing = false;
    p->has_temporary = !line || strcmp(line, "done") != 0;
    if (p->has_temporary && !error_is_set(&p->error))
        error_set(&p->error, ERR_TRANSFER, "%s: %s; mv: %s", p->path, p->why_not,
                  !line                         ? why
                  : strcmp(line, "folder") == 0 ? "it is a folder by now"
                                                : "failed");
    put_answered(p);
}

/* Replaces by mv(1) on the host, where SFTP has no way to. */
static void move(struct put *p, const char *why_not)
{
    if (!batch_is_possible(p->push->t.moves)) {
        put_fail(p, why_not);
        return;
    }
    free(p->why_not);
    p->why_not = xstrdup(why_not);
    p->is_replacing = true;
    p->waiting++;
    const char *const words[] = { p->temporary, p->path };
    batch_add(p->push->t.moves, words, 2, on_moved, p);
}

static void on_renamed(void *arg, const struct sftp_reply *reply)
{
    struct put *p = arg;
    struct error error = ERROR_INIT;
    p->is_replacing = false;
    if (!transfer_reply_failed(reply, SFTP_STATUS, &error, "the server cannot replace it")) {
        p->has_temporary = false;
    } else if (p->is_cancelled) {
        put_fail(p, error_text(&error));
    } else {
        move(p, error_text(&error));
    }
    error_release(&error);
    put_answered(p);
}

/* REPLACE: never by removing the old file first. */
void put_replace(struct put *p)
{
    bool can_replace = sftp_can_replace(p->push->t.sftp);
    if (!can_replace && p->has_old) {
        move(p, "it exists, and the server cannot rename over it");
        if (p->waiting == 0)
            put_go_on(p);
        return;
    }
    p->is_replacing = true;
    put_ask(p,
            &(struct sftp_request){ .type = can_replace ? SFTP_POSIX_RENAME : SFTP_RENAME,
                                    .path = p->temporary,
                                    .target = p->path },
            on_renamed);
}

/* LINK: made under a temporary name, then put in place like a file. */
void put_link(struct put *p)
{
    transfer_start(&p->push->t);
    p->has_temporary = true;
    put_ask(p,
            &(struct sftp_request){
                .type = SFTP_SYMLINK, .path = p->temporary, .target = p->entry->link_target },
            put_on_done);
}

/* What the link that is there points to. */
static void on_link_read(void *arg, const struct sftp_reply *reply)
{
    struct put *p = arg;
    struct sftp_reply names = *reply;
    struct sftp_name name;
    if (reply->type == SFTP_NAME && sftp_next_name(&names, &name) &&
        wire_string_is(name.name, p->entry->link_target))
        p->action = FILE_KEEP;
    put_answered(p);
}

void put_readlink(struct put *p)
{
    put_ask(p, &(struct sftp_request){ .type = SFTP_READLINK, .path = p->path }, on_link_read);
}
