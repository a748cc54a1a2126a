/* SPDX-License-Identifier: MIT */
#include "ssh/shell_files.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ssh/batch.h"

enum { PATH_MAX_SIZE = 64 * 1024, NAMES_MAX = 4 * 1024 * 1024 };

/*
 * Words in threes: what to do, a path, and one more. Each prints one line: "ok ...", "none", or
 * "no WHY". Names are printed as hexadecimal digits, as they may hold anything.
 * st MODE SIZE MTIME UID GID: the mode in hexadecimal.
 */
static const char script[] =
    "say() { printf \"%s\\n\" \"$1\"; }; say \"$1\"; shift; "
    "hex() { od -An -v -tx1 | tr -d \" \\n\"; }; "
    "st() { stat $1 -c \"%f %s %Y %u %g\" -- \"$2\" 2>/dev/null || "
    "stat $1 -f \"%Xp %z %m %u %g\" -- \"$2\" 2>/dev/null; }; "
    "try() { if m=$(\"$@\" 2>&1); then say ok; else m=${m##*: }; say \"no ${m%%[!A-Za-z ]*}\"; fi; }; "
    "is() { [ -e \"$1\" ] || [ -L \"$1\" ]; }; "
    "look() { if ! is \"$2\"; then say none; elif m=$(st \"$1\" \"$2\"); then say \"ok $m\"; "
    "else say \"no stat failed\"; fi; }; "
    "list() { if ! [ -r \"$1\" ] || ! [ -x \"$1\" ]; then say \"no Permission denied\"; return; fi; "
    "printf ok; for f in \"$1\"/* \"$1\"/.[!.]* \"$1\"/..?*; do is \"$f\" || continue; "
    "printf \" %s:%s\" \"$(printf %s \"${f##*/}\" | hex)\" \"$(st \"\" \"$f\" | tr \" \" :)\"; "
    "done; echo; }; "
    "while [ $# -gt 2 ]; do case $1 in "
    "stat) if [ -L \"$2\" ] && ! [ -e \"$2\" ]; then say none; else look -L \"$2\"; fi;; "
    "lstat) look \"\" \"$2\";; "
    "mkdir) if [ \"$3\" = 777 ]; then try mkdir -- \"$2\"; else try mkdir -m \"$3\" -- \"$2\"; fi;; "
    "chmod) try chmod \"$3\" -- \"$2\";; "
    "touch) try touch -d \"@$3\" -- \"$2\";; "
    "chown) try chown \"$3\" -- \"$2\";; "
    "remove) if [ -d \"$2\" ] && ! [ -L \"$2\" ]; then say \"no Is a directory\"; "
    "elif is \"$2\"; then try rm -f -- \"$2\"; else say none; fi;; "
    "rmdir) try rmdir -- \"$2\";; "
    "rename) if [ -d \"$3\" ]; then say \"no Is a directory\"; else try mv -f -- \"$2\" \"$3\"; fi;; "
    "symlink) try ln -s -- \"$3\" \"$2\";; "
    "readlink) if m=$(readlink -- \"$2\"); then say \"ok $(printf %s \"$m\" | hex)\"; "
    "else say \"no Invalid argument\"; fi;; "
    "realpath) if m=$(readlink -f -- \"$2\"); then say \"ok $(printf %s \"$m\" | hex)\"; "
    "else say none; fi;; "
    "list) list \"$2\";; esac; shift 3; done";

/* A request under way, or its reply. */
struct question {
    struct list link; /* on shell_files.asked, then .answered */
    struct shell_files *files;
    enum sftp_type type;
    sftp_reply_fn *fn;
    void *arg;
    char *line; /* NULL where none came */
    char *why;
};

/* A folder that is being read: its names are handed over in one piece, then it is at its end. */
struct folder {
    struct list link;
    uint32_t id;
    char *path;
    bool is_read;
};

struct shell_files {
    struct batch *batch;
    struct session *session;
    struct list asked;
    struct list answered;
    struct list folders;
    uint32_t next_id;
};

struct shell_files *shell_files_new(struct session *session, const char *as_user)
{
    struct shell_files *f = xcalloc(1, sizeof *f);
    f->session = session;
    f->batch = batch_new(session, as_user, script);
    list_init(&f->asked);
    list_init(&f->answered);
    list_init(&f->folders);
    return f;
}

static void free_question(struct question *q)
{
    list_remove(&q->link);
    free(q->line);
    free(q->why);
    free(q);
}

static void free_folder(struct folder *folder)
{
    list_remove(&folder->link);
    free(folder->path);
    free(folder);
}

static void drop_questions(struct shell_files *f)
{
    list_splice(&f->asked, &f->answered);
    list_for_each(it, tmp, &f->asked) free_question(list_entry(it, struct question, link));
}

void shell_files_close(struct shell_files *f)
{
    if (f->batch)
        batch_stop(f->batch);
    drop_questions(f);
}

void shell_files_free(struct shell_files *f)
{
    if (!f)
        return;
    batch_free(f->batch);
    drop_questions(f);
    list_for_each(it, tmp, &f->folders) free_folder(list_entry(it, struct folder, link));
    free(f);
}
/* --- Asking ----------------------------------------------------------------------------------- */

/* The reply is known. */
static void answered(struct question *q, const char *line, const char *why)
{
    q->line = line ? xstrdup(line) : NULL;
    q->why = why ? xstrdup(why) : NULL;
    list_remove(&q->link);
    list_append(&q->files->answered, &q->link);
    session_wake(q->files->session);
}

static void on_line(void *arg, const char *line, const char *why)
{
    answered(arg, line, why);
}

/* The words of the script for a request about attributes. */
static void attribute_words(const struct sftp_request *r, const char **ret_verb, char extra[32])
{
    const struct sftp_attributes *a = &r->attributes;
    *ret_verb = a->has_owner ? "chown" : "chmod";
    if (a->has_owner)
        snprintf(extra, 32, "%u:%u", (unsigned)a->uid, (unsigned)a->gid);
    else
        snprintf(extra, 32, "%o", (unsigned)(a->mode & 07777));
}

/* The word of the script for a type of request; NULL where it has none. */
static const char *verb_of(enum sftp_type type)
{
    switch ((int)type) {
    case SFTP_STAT:
        return "stat";
    case SFTP_LSTAT:
        return "lstat";
    case SFTP_MKDIR:
        return "mkdir";
    case SFTP_REMOVE:
        return "remove";
    case SFTP_RMDIR:
        return "rmdir";
    case SFTP_RENAME:
    case SFTP_POSIX_RENAME:
        return "rename";
    case SFTP_SYMLINK:
        return "symlink";
    case SFTP_READLINK:
        return "readlink";
    case SFTP_REALPATH:
        return "realpath";
    default:
        return NULL;
    }
}

/* Puts a question to the script. */
static void ask_script(struct question *q, const char *verb, const char *path, const char *extra)
{
    const char *const words[] = { verb, path, extra && *extra ? extra : "-" };
    batch_add(q->files->batch, words, 3, on_line, q);
}

/* MKDIR and SETSTAT; times are set by a question of their own, whose answer is nobody's. */
static void ask_attributes(struct question *q, const struct sftp_request *r)
{
    const char *verb = "mkdir";
    char extra[32];
    attribute_words(r, &verb, extra);
    if (r->attributes.has_times) {
        char time[32];
        struct question *also = xcalloc(1, sizeof *also);
        also->files = q->files;
        also->type = SFTP_SETSTAT;
        list_append(&q->files->asked, &also->link);
        snprintf(time, sizeof time, "%u", (unsigned)r->attributes.mtime_s);
        ask_script(also, "touch", r->path, time);
    }
    ask_script(q, r->type == SFTP_MKDIR ? "mkdir" : verb, r->path, extra);
}

static struct folder *find_folder(struct shell_files *f, struct wire_string handle)
{
    uint32_t id = handle.size == 4 ? wire_u32_at(handle.data) : 0;
    list_for_each(it, tmp, &f->folders)
    {
        struct folder *folder = list_entry(it, struct folder, link);
        if (folder->id == id)
            return folder;
    }
    return NULL;
}

/* OPENDIR: a handle of our own. */
static void open_folder(struct question *q, const struct sftp_request *r)
{
    struct folder *folder = xcalloc(1, sizeof *folder);
    folder->id = ++q->files->next_id;
    folder->path = xstrdup(r->path);
    list_append(&q->files->folders, &folder->link);
    char line[16];
    snprintf(line, sizeof line, "%u", (unsigned)folder->id);
    answered(q, line, NULL);
}

/* READDIR: all names at the first time. */
static void read_folder(struct question *q, const struct sftp_request *r)
{
    struct folder *folder = find_folder(q->files, r->handle);
    if (!folder || folder->is_read) {
        answered(q, "eof", NULL);
        return;
    }
    folder->is_read = true;
    ask_script(q, "list", folder->path, NULL);
}

static void close_folder(struct question *q, const struct sftp_request *r)
{
    struct folder *folder = find_folder(q->files, r->handle);
    if (folder)
        free_folder(folder);
    answered(q, "ok", NULL);
}

void shell_files_ask(struct shell_files *f, const struct sftp_request *request, sftp_reply_fn *fn,
                     void *arg)
{
    struct question *q = xcalloc(1, sizeof *q);
    q->files = f;
    q->type = request->type;
    q->fn = fn;
    q->arg = arg;
    list_append(&f->asked, &q->link);
    if (request->type == SFTP_OPENDIR)
        open_folder(q, request);
    else if (request->type == SFTP_READDIR)
        read_folder(q, request);
    else if (request->type == SFTP_CLOSE)
        close_folder(q, request);
    else if (request->type == SFTP_MKDIR || request->type == SFTP_SETSTAT)
        ask_attributes(q, request);
    else if (verb_of(request->type))
        ask_script(q, verb_of(request->type), request->path, request->target);
    else
        answered(q, "no the server cannot do that", NULL);
}

/* --- Replies ---------------------------------------------------------------------------------- */

/* "MODE SIZE MTIME UID GID" with any one character between them; false where it is not that. */
static bool read_attributes(const char *text, struct sftp_attributes *ret)
{
    unsigned long mode, uid, gid;
    unsigned long long size;
    long long mtime;
    *ret = (struct sftp_attributes){ 0 };
    if (sscanf(text, "%lx%*c%llu%*c%lld%*c%lu%*c%lu", &mode, &size, &mtime, &uid, &gid) != 5)
        return false;
    ret->has_mode = ret->has_size = ret->has_times = ret->has_owner = true;
    ret->mode = (uint32_t)mode;
    ret->size = size;
    ret->mtime_s = ret->atime_s = (uint32_t)mtime;
    ret->uid = (uint32_t)uid;
    ret->gid = (uint32_t)gid;
    return true;
}

/* The value of a hexadecimal digit; -1 where it is none. */
static int digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Appends the bytes that hexadecimal digits stand for; returns what follows them. */
static const char *read_hex(const char *text, struct buf *out)
{
    while (digit(text[0]) >= 0 && digit(text[1]) >= 0) {
        buf_add_char(out, (char)(digit(text[0]) * 16 + digit(text[1])));
        text += 2;
    }
    return text;
}

/* Appends one name as NAME replies have it; the attributes are those of the type of file only. */
static void add_name(struct buf *out, const struct buf *name, const struct sftp_attributes *a)
{
    wire_add_string(out, buf_str(name), name->size);
    wire_add_string(out, "", 0);
    sftp_add_attributes(out, a);
}

/* The names of a folder, " HEX:MODE:SIZE:MTIME:UID:GID" each. */
static uint32_t read_names(const char *text, struct buf *out)
{
    uint32_t count = 0;
    while (*text == ' ') {
        struct sftp_attributes a;
        struct buf name;
        buf_init(&name, PATH_MAX_SIZE);
        text = read_hex(text + 1, &name);
        bool is_known = *text == ':' && read_attributes(text + 1, &a);
        if (!is_known)
            a = (struct sftp_attributes){ 0 };
        add_name(out, &name, &a);
        buf_release(&name);
        text += strcspn(text, " ");
        count++;
    }
    return count;
}

/* A NAME reply; `names` holds its bytes. */
static void make_names(struct sftp_reply *r, const struct question *q, struct buf *names)
{
    r->type = SFTP_NAME;
    if (q->type == SFTP_READDIR) {
        r->name_count = read_names(q->line + strlen("ok"), names);
    } else {
        struct sftp_attributes none = { 0 };
        struct buf name;
        buf_init(&name, PATH_MAX_SIZE);
        read_hex(q->line + strlen("ok "), &name);
        add_name(names, &name, &none);
        buf_release(&name);
        r->name_count = 1;
    }
    r->names = wire_reader(buf_str(names), names->size);
}

/* A STATUS reply for what went wrong. */
static void make_failure(struct sftp_reply *r, const char *why)
{
    r->type = SFTP_STATUS;
    r->status = strstr(why, "No such file")        ? SFTP_NO_SUCH_FILE
                : strstr(why, "Permission denied") ? SFTP_PERMISSION_DENIED
                                                   : SFTP_FAILURE;
    r->text = (struct wire_string){ (const unsigned char *)why, strlen(why) };
}

/* What a line "ok ..." means for this type of request. */
static void make_success(struct sftp_reply *r, const struct question *q, struct buf *names)
{
    bool has_attributes = q->type == SFTP_STAT || q->type == SFTP_LSTAT;
    bool has_names =
        q->type == SFTP_READDIR || q->type == SFTP_READLINK || q->type == SFTP_REALPATH;
    if (has_attributes && read_attributes(q->line + strlen("ok "), &r->attributes))
        r->type = SFTP_ATTRS;
    else if (has_attributes)
        make_failure(r, "stat(1) gave something else");
    else if (has_names)
        make_names(r, q, names);
    else
        r->type = SFTP_STATUS;
}

/* Makes the reply out of the line. */
static void make_reply(struct sftp_reply *r, const struct question *q, struct buf *names,
                       unsigned char handle[4])
{
    *r = (struct sftp_reply){ .text = { (const unsigned char *)"", 0 } };
    if (!q->line) {
        make_failure(r, q->why);
    } else if (q->type == SFTP_OPENDIR) {
        unsigned long id = strtoul(q->line, NULL, 10);
        for (int i = 0; i < 4; i++)
            handle[i] = (unsigned char)(id >> (24 - 8 * i));
        r->type = SFTP_HANDLE;
        r->handle = (struct wire_string){ handle, 4 };
    } else if (strcmp(q->line, "eof") == 0) {
        r->type = SFTP_STATUS;
        r->status = SFTP_EOF;
    } else if (strncmp(q->line, "ok", 2) == 0) {
        make_success(r, q, names);
    } else {
        make_failure(r, strcmp(q->line, "none") == 0      ? "No such file or directory"
                        : strncmp(q->line, "no ", 3) == 0 ? q->line + 3
                                                          : "the host's answer is no answer");
    }
}

/* Hands the reply over. */
static void deliver(struct question *q)
{
    struct sftp_reply reply;
    struct buf names;
    unsigned char handle[4];
    buf_init(&names, NAMES_MAX);
    make_reply(&reply, q, &names, handle);
    list_remove(&q->link);
    if (q->fn)
        q->fn(q->arg, &reply);
    buf_release(&names);
    free_question(q);
}

size_t shell_files_run(struct shell_files *f)
{
    size_t count = 0;
    struct list replies;
    list_init(&replies);
    list_splice(&replies, &f->answered);
    while (!list_is_empty(&replies)) {
        struct question *q = list_entry(replies.next, struct question, link);
        count += q->fn != NULL;
        deliver(q);
    }
    if (f->batch)
        batch_run(f->batch);
    return count;
}
