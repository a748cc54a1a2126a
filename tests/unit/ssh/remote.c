/* SPDX-License-Identifier: MIT */
#include "remote.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"

enum { MOST_BYTES = 64 << 20, HANDLES = 4096, RULES = 16, NAMES_AT_ONCE = 100 };

struct node {
    struct list link;
    char *path;
    uint32_t mode;
    uint32_t mtime_s;
    struct buf content;
};

struct handle {
    char *path; /* NULL: free */
    unsigned listed;
};

struct rule {
    enum sftp_type type;
    const char *part;
    uint32_t status;
    const char *words;
};

/* A request that is not answered yet, with texts of its own. */
struct kept {
    struct list link;
    struct peer_request request;
};

static struct {
    struct fake_poll poll;
    bool is_running;
    struct list nodes;
    struct handle handles[HANDLES];
    struct rule rules[RULES];
    size_t rule_count;
    struct list kept;
    enum sftp_type held;
    unsigned silent_after;
    bool hides_sizes;
    bool lists_nothing;
    unsigned requests, by_type[256];
} remote;

/* --- Files ------------------------------------------------------------------------------------ */

static void init(void)
{
    if (remote.nodes.next)
        return;
    list_init(&remote.nodes);
    list_init(&remote.kept);
    remote.silent_after = UINT32_MAX;
}

/* "./a/" is "a". Static storage, for two at a time. */
static const char *plain(const char *path)
{
    static struct {
        char text[64 * 1024];
    } places[2];
    static unsigned turn;
    char *text = places[turn++ % 2].text;
    size_t skip = strncmp(path, "./", 2) == 0 ? 2 : 0;
    snprintf(text, sizeof places[0].text, "%s", path + skip);
    for (size_t n = strlen(text); n > 1 && text[n - 1] == '/'; n--)
        text[n - 1] = '\0';
    return text;
}

static struct node *find(const char *path)
{
    path = plain(path);
    list_for_each(it, tmp, &remote.nodes)
    {
        struct node *node = list_entry(it, struct node, link);
        if (strcmp(node->path, path) == 0)
            return node;
    }
    return NULL;
}

static void remove_node(struct node *node)
{
    list_remove(&node->link);
    buf_release(&node->content);
    free(node->path);
    free(node);
}

void remote_add_bytes(const char *path, uint32_t mode, const void *data, size_t size)
{
    init();
    struct node *node = xcalloc(1, sizeof *node);
    node->path = xstrdup(plain(path));
    node->mode = mode;
    node->mtime_s = 1000000000;
    buf_init(&node->content, MOST_BYTES);
    buf_add(&node->content, data, size);
    list_append(&remote.nodes, &node->link);
}

void remote_add(const char *path, uint32_t mode, const char *content)
{
    remote_add_bytes(path, mode, content, strlen(content));
}

const char *remote_content(const char *path)
{
    const struct node *node = find(path);
    return node ? buf_str(&node->content) : NULL;
}

uint32_t remote_mode(const char *path)
{
    const struct node *node = find(path);
    return node ? node->mode : 0;
}

const char *remote_path(const char *part)
{
    list_for_each(it, tmp, &remote.nodes)
    {
        const struct node *node = list_entry(it, struct node, link);
        if (strstr(node->path, part))
            return node->path;
    }
    return NULL;
}

size_t remote_size(const char *path)
{
    const struct node *node = find(path);
    return node ? node->content.size : 0;
}

size_t remote_count(const char *part)
{
    size_t count = 0;
    list_for_each(it, tmp, &remote.nodes) count +=
        strstr(list_entry(it, struct node, link)->path, part) != NULL;
    return count;
}

/* Does `path` lie in the folder, directly? Then its name. */
static const char *name_in(const char *folder, const char *path)
{
    folder = plain(folder);
    size_t size = strcmp(folder, ".") == 0 ? 0 : strlen(folder) + 1;
    if (size > 0 && (strncmp(path, folder, size - 1) != 0 || path[size - 1] != '/'))
        return NULL;
    return strchr(path + size, '/') ? NULL : path + size;
}

static bool is_empty(const char *folder)
{
    list_for_each(it, tmp, &remote.nodes)
    {
        if (name_in(folder, list_entry(it, struct node, link)->path))
            return false;
    }
    return true;
}

/* Is the folder that a new thing is to be in there? */
static bool has_parent(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return true;
    char *parent = xstrndup(path, (size_t)(slash - path));
    const struct node *node = find(parent);
    free(parent);
    return node && S_ISDIR(node->mode);
}

/* --- Answers ---------------------------------------------------------------------------------- */

static struct sftp_attributes attributes_of(const struct node *node)
{
    return (struct sftp_attributes){ .has_size = true,
                                     .size = remote.hides_sizes ? 0 : node->content.size,
                                     .has_mode = true,
                                     .mode = node->mode,
                                     .has_times = true,
                                     .mtime_s = node->mtime_s };
}

static void set_attributes(struct node *node, const struct sftp_attributes *a)
{
    if (a->has_mode)
        node->mode = (node->mode & S_IFMT) | (a->mode & 07777);
    if (a->has_times)
        node->mtime_s = a->mtime_s;
    if (a->has_size)
        buf_truncate(&node->content, a->size);
}

static void say(const struct peer_request *r, enum sftp_status status)
{
    peer_status(r->id, status, "words");
}

static void open_handle(const struct peer_request *r, const char *path)
{
    char name[16];
    for (size_t i = 0; i < HANDLES; i++) {
        if (remote.handles[i].path)
            continue;
        remote.handles[i] = (struct handle){ .path = xstrdup(path) };
        snprintf(name, sizeof name, "%zu", i);
        peer_handle(r->id, name);
        return;
    }
    cr_assert_fail("too many handles");
}

static struct handle *handle_of(const struct peer_request *r)
{
    size_t i = (size_t)atoi(r->handle);
    cr_assert_lt(i, (size_t)HANDLES);
    cr_assert_not_null(remote.handles[i].path, "type %d on a handle that is closed", (int)r->type);
    return &remote.handles[i];
}

static void answer_open(const struct peer_request *r)
{
    struct node *node = find(r->path);
    bool is_new = !node && (r->flags & SFTP_CREATE);
    if (node && (r->flags & SFTP_EXCLUSIVE)) {
        say(r, SFTP_FAILURE);
    } else if ((!node && !is_new) || !has_parent(r->path)) {
        say(r, SFTP_NO_SUCH_FILE);
    } else {
        if (is_new)
            remote_add(r->path, S_IFREG | (r->attributes.mode & 07777), "");
        open_handle(r, r->path);
    }
}

static void answer_content(const struct peer_request *r)
{
    struct node *node = find(handle_of(r)->path);
    if (!node) {
        say(r, SFTP_FAILURE);
    } else if (r->type == SFTP_READ) {
        size_t size = node->content.size;
        size_t left = r->offset < size ? size - r->offset : 0;
        if (left == 0)
            say(r, SFTP_EOF);
        else
            peer_data(r->id, node->content.data + r->offset, left < r->size ? left : r->size);
    } else {
        cr_assert_leq(r->offset, node->content.size, "a hole");
        buf_truncate(&node->content, r->offset);
        buf_add(&node->content, r->data, r->size);
        say(r, SFTP_OK);
    }
}

/* Lists a hundred at a time. */
static void answer_readdir(const struct peer_request *r)
{
    struct handle *handle = handle_of(r);
    struct buf out;
    unsigned seen = 0, count = 0;
    buf_init(&out, MOST_BYTES);
    size_t start = peer_begin_names(&out, r->id, 0);
    list_for_each(it, tmp, &remote.nodes)
    {
        const struct node *node = list_entry(it, struct node, link);
        const char *name = name_in(handle->path, node->path);
        if (remote.lists_nothing || !name || seen++ < handle->listed || count == NAMES_AT_ONCE)
            continue;
        const struct sftp_attributes a = attributes_of(node);
        peer_add_name(&out, name, &a);
        count++;
    }
    handle->listed += count;
    peer_end_names(&out, start);
    out.data[start + 12] = (char)count;
    if (count > 0 || remote.lists_nothing)
        peer_sends(out.data, out.size);
    else
        say(r, SFTP_EOF);
    buf_release(&out);
}

static void answer_rename(const struct peer_request *r)
{
    struct node *node = find(r->path), *old = find(r->target);
    if (!node) {
        say(r, SFTP_NO_SUCH_FILE);
    } else if (old && (r->type == SFTP_RENAME || S_ISDIR(old->mode))) {
        say(r, SFTP_FAILURE);
    } else {
        if (old)
            remove_node(old);
        free(node->path);
        node->path = xstrdup(plain(r->target));
        say(r, SFTP_OK);
    }
}

static void answer_remove(const struct peer_request *r)
{
    struct node *node = find(r->path);
    if (!node) {
        say(r, SFTP_NO_SUCH_FILE);
    } else if (S_ISDIR(node->mode) != (r->type == SFTP_RMDIR) || !is_empty(r->path)) {
        say(r, SFTP_FAILURE);
    } else {
        remove_node(node);
        say(r, SFTP_OK);
    }
}

static void answer_make(const struct peer_request *r)
{
    if (find(r->path) || strcmp(plain(r->path), ".") == 0 || !has_parent(r->path)) {
        say(r, SFTP_FAILURE);
        return;
    }
    if (r->type == SFTP_MKDIR)
        remote_add(r->path, S_IFDIR | (r->attributes.mode & 07777), "");
    else
        remote_add(r->path, S_IFLNK | 0777, r->target);
    say(r, SFTP_OK);
}

static void answer_stat(const struct peer_request *r, const char *path)
{
    const struct node *node = find(path);
    if (node && r->type == SFTP_STAT && S_ISLNK(node->mode))
        node = find(buf_str(&node->content));
    struct sftp_attributes a = { .has_mode = true, .mode = S_IFDIR | 0755 };
    if (node)
        a = attributes_of(node);
    if (node || strcmp(path, ".") == 0)
        peer_attrs(r->id, &a);
    else
        say(r, SFTP_NO_SUCH_FILE);
}

/* READLINK and REALPATH; a link leads to what its target names. */
static void answer_name(const struct peer_request *r)
{
    const struct node *node = find(r->path);
    const struct sftp_attributes none = { 0 };
    struct buf out;
    if (!node || (r->type == SFTP_READLINK && !S_ISLNK(node->mode))) {
        say(r, SFTP_FAILURE);
        return;
    }
    buf_init(&out, MOST_BYTES);
    size_t start = peer_begin_names(&out, r->id, 1);
    peer_add_name(&out, S_ISLNK(node->mode) ? buf_str(&node->content) : r->path, &none);
    peer_end_names(&out, start);
    peer_sends(out.data, out.size);
    buf_release(&out);
}

static void answer_set(const struct peer_request *r, const char *path)
{
    struct node *node = find(path);
    if (node)
        set_attributes(node, &r->attributes);
    say(r, node ? SFTP_OK : SFTP_NO_SUCH_FILE);
}

static void answer_close(const struct peer_request *r)
{
    struct handle *handle = handle_of(r);
    free(handle->path);
    handle->path = NULL;
    say(r, SFTP_OK);
}

static void answer_good(const struct peer_request *r)
{
    switch ((int)r->type) {
    case SFTP_OPEN:
        answer_open(r);
        break;
    case SFTP_OPENDIR:
        if (find(r->path) && S_ISDIR(find(r->path)->mode))
            open_handle(r, r->path);
        else
            say(r, SFTP_NO_SUCH_FILE);
        break;
    case SFTP_CLOSE:
        answer_close(r);
        break;
    case SFTP_READ:
    case SFTP_WRITE:
        answer_content(r);
        break;
    case SFTP_READDIR:
        answer_readdir(r);
        break;
    case SFTP_LSTAT:
    case SFTP_STAT:
        answer_stat(r, r->path);
        break;
    case SFTP_FSTAT:
        answer_stat(r, handle_of(r)->path);
        break;
    case SFTP_SETSTAT:
        answer_set(r, r->path);
        break;
    case SFTP_FSETSTAT:
        answer_set(r, handle_of(r)->path);
        break;
    case SFTP_REMOVE:
    case SFTP_RMDIR:
        answer_remove(r);
        break;
    case SFTP_MKDIR:
    case SFTP_SYMLINK:
        answer_make(r);
        break;
    case SFTP_RENAME:
    case SFTP_POSIX_RENAME:
        answer_rename(r);
        break;
    case SFTP_READLINK:
    case SFTP_REALPATH:
        answer_name(r);
        break;
    default:
        cr_assert_fail("a request of type %d", (int)r->type);
    }
}

static void answer(const struct peer_request *r)
{
    for (size_t i = 0; i < remote.rule_count; i++) {
        const struct rule *rule = &remote.rules[i];
        const char *about = *r->handle ? handle_of(r)->path : r->path;
        if (rule->type == r->type && strstr(about, rule->part)) {
            peer_status(r->id, rule->status, rule->words);
            return;
        }
    }
    answer_good(r);
}

/* --- Holding back ----------------------------------------------------------------------------- */

static void keep(const struct peer_request *r)
{
    struct kept *k = xcalloc(1, sizeof *k);
    char *data = xcalloc(1, r->size + 1);
    if (r->type == SFTP_WRITE)
        memcpy(data, r->data, r->size);
    k->request = *r;
    k->request.path = xstrdup(r->path);
    k->request.target = xstrdup(r->target);
    k->request.handle = xstrdup(r->handle);
    k->request.data = data;
    list_append(&remote.kept, &k->link);
}

static void free_kept(struct kept *k)
{
    list_remove(&k->link);
    free((char *)k->request.path);
    free((char *)k->request.target);
    free((char *)k->request.handle);
    free((char *)k->request.data);
    free(k);
}

void remote_hold(enum sftp_type type)
{
    init();
    remote.held = type;
}

void remote_be_silent(unsigned after)
{
    init();
    remote.silent_after = after;
}

void remote_answer_all(void)
{
    remote.held = (enum sftp_type)0;
    remote.silent_after = UINT32_MAX;
    list_for_each(it, tmp, &remote.kept)
    {
        struct kept *k = list_entry(it, struct kept, link);
        answer(&k->request);
        free_kept(k);
    }
}

bool remote_holds(enum sftp_type type)
{
    list_for_each(it, tmp, &remote.kept)
    {
        if (list_entry(it, struct kept, link)->request.type == type)
            return true;
    }
    return false;
}

void remote_fail(enum sftp_type type, const char *part, uint32_t status, const char *words)
{
    cr_assert_lt(remote.rule_count, (size_t)RULES);
    remote.rules[remote.rule_count++] = (struct rule){ type, part, status, words };
}

void remote_list_nothing(void)
{
    remote.lists_nothing = true;
}

void remote_hide_sizes(void)
{
    remote.hides_sizes = true;
}

unsigned remote_requests(void)
{
    return remote.requests;
}

unsigned remote_requests_of(enum sftp_type type)
{
    return remote.by_type[type % 256];
}

/* --- Running ---------------------------------------------------------------------------------- */

/* Answers what has come. */
static bool serve(void)
{
    struct peer_request r;
    bool any = false;
    while (peer_next(&r)) {
        any = true;
        remote.requests++;
        remote.by_type[r.type % 256]++;
        if (r.type == remote.held || remote.silent_after == 0) {
            keep(&r);
            continue;
        }
        if (remote.silent_after != UINT32_MAX)
            remote.silent_after--;
        answer(&r);
    }
    return any;
}

/* The loop is asked each turn whether there is something to be done: it is done right there. */
static bool is_ready(void *arg)
{
    (void)arg;
    return wire.is_open && serve();
}

static void fire(void *arg)
{
    (void)arg;
}

void remote_start(struct rig *r, int channel, bool can_replace)
{
    init();
    peer_accept(r, channel, can_replace);
    remote.poll = (struct fake_poll){ is_ready, fire, NULL, { NULL, NULL } };
    fake_loop_add(r->loop, &remote.poll);
    remote.is_running = true;
    fake_settle(r->loop);
}

void remote_release(void)
{
    init();
    if (remote.is_running)
        fake_loop_remove(&remote.poll);
    list_for_each(it, tmp, &remote.kept) free_kept(list_entry(it, struct kept, link));
    list_for_each(it2, tmp2, &remote.nodes) remove_node(list_entry(it2, struct node, link));
    for (size_t i = 0; i < HANDLES; i++)
        free(remote.handles[i].path);
    memset(&remote, 0, sizeof remote);
    peer_release();
}
