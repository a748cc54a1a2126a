/* SPDX-License-Identifier: MIT */
#include "cli/ask_terminal.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/list.h"
#include "base/memory.h"
#include "base/name_set.h"
#include "cli/prompt.h"
#include "model/pattern.h"
#include "net/loop.h"

/* Longer answers are no answers, and so many wrong ones are a no. */
#define ANSWER_SIZE_MAX 4096
#define ATTEMPTS_MAX    3

struct ask_terminal {
    struct ask ask; /* first: the engine's view of this */
    struct loop *loop;
    struct watch *tty; /* NULL while no question is open */
    struct buf line;   /* what was typed so far */
    unsigned attempts;
    const struct ask_host_key *keys;
    size_t count;
    ask_host_keys_fn *answer;
    void *arg;
};

/* The names that may be answered with, for pattern_eval(). */
struct choice {
    const struct ask_host_key *keys;
    size_t count;
    struct name_set names;
};

/* Adds the asked names that match; a pattern_source's glob. */
static bool match_names(void *arg, const char *glob, struct name_set *ret, struct error *reterr)
{
    const struct choice *c = arg;
    size_t before = ret->count;
    for (size_t i = 0; i < c->names.count; i++) {
        if (fnmatch(glob, c->names.items[i], 0) == 0)
            name_set_add(ret, c->names.items[i], NULL);
    }
    if (ret->count == before)
        return error_set(reterr, ERR_USAGE, "%s matches none of these hosts", glob);
    return true;
}

/* Refuses names that were not asked about; a pattern_source's check. */
static bool check_name(void *arg, const char *name, struct error *reterr)
{
    const struct choice *c = arg;
    if (name_set_find(&c->names, name, NULL))
        return true;
    return error_set(reterr, ERR_USAGE, "%s is none of these hosts", name);
}

/* Reads a host expression. */
static bool read_expression(const char *line, struct choice *c, bool *ret_accepted,
                            struct error *reterr)
{
    struct name_set chosen;
    struct arena *arena = arena_new();
    struct pattern_source source = { .arg = c, .glob = match_names, .check = check_name };
    name_set_init(&chosen);
    bool is_fine = pattern_eval(line, &source, arena, &chosen, reterr);
    for (size_t i = 0; i < c->count; i++)
        ret_accepted[i] = is_fine && name_set_find(&chosen, c->keys[i].name, NULL);
    name_set_release(&chosen);
    arena_free(arena);
    return is_fine;
}

bool ask_terminal_read_answer(const char *line, const struct ask_host_key *keys, size_t count,
                              bool *ret_accepted, struct error *reterr)
{
    bool is_yes = strcasecmp(line, "yes") == 0;
    bool is_no = strcasecmp(line, "no") == 0;
    if (is_yes || is_no) {
        for (size_t i = 0; i < count; i++)
            ret_accepted[i] = is_yes;
        return true;
    }
    if (!line[strspn(line, " \t")])
        return error_set(reterr, ERR_USAGE, "please answer yes, no, or with names");
    struct choice c = { .keys = keys, .count = count };
    name_set_init(&c.names);
    for (size_t i = 0; i < count; i++)
        name_set_add(&c.names, keys[i].name, NULL);
    bool is_fine = read_expression(line, &c, ret_accepted, reterr);
    name_set_release(&c.names);
    return is_fine;
}

/* Closes the question and passes the answer on. */
static void finish(struct ask_terminal *a, const bool *accepted)
{
    watch_close(a->tty);
    a->tty = NULL;
    a->answer(a->arg, accepted, a->count);
}

/* Accepts no key. */
static void refuse_all(struct ask_terminal *a)
{
    bool *accepted = xcalloc(a->count, sizeof *accepted);
    finish(a, accepted);
    free(accepted);
}

/* Takes a whole line for an answer; after wrong ones it asks again, but not for ever. */
static void take_line(struct ask_terminal *a, const char *line)
{
    struct error error = ERROR_INIT;
    bool *accepted = xcalloc(a->count, sizeof *accepted);
    if (ask_terminal_read_answer(line, a->keys, a->count, accepted, &error)) {
        finish(a, accepted);
    } else if (++a->attempts == ATTEMPTS_MAX) {
        refuse_all(a);
    } else {
        char *text = xprintf("%s\nyes, no, or hosts: ", error_text(&error));
        prompt_write(watch_fd(a->tty), text);
        free(text);
    }
    error_release(&error);
    free(accepted);
}

/* Reads what was typed; the end of input is a no. */
static void tty_ready(void *arg, unsigned ready)
{
    (void)ready;
    struct ask_terminal *a = arg;
    char piece[ANSWER_SIZE_MAX];
    ssize_t size = read(watch_fd(a->tty), piece, sizeof piece);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size <= 0 || !buf_add(&a->line, piece, (size_t)size)) {
        refuse_all(a);
        return;
    }
    char *end = memchr(a->line.data, '\n', a->line.size);
    if (!end)
        return;
    char *line = xstrndup(a->line.data, (size_t)(end - a->line.data));
    buf_clear(&a->line);
    take_line(a, line);
    free(line);
}

/* The question, as it is shown; heap. */
static char *question_text(const struct ask_host_key *keys, size_t count)
{
    size_t width = 0;
    struct buf text;
    buf_init(&text, SIZE_MAX / 2);
    for (size_t i = 0; i < count; i++)
        width = strlen(keys[i].name) > width ? strlen(keys[i].name) : width;
    buf_addf(&text, "\nThe host key%s of %zu host%s %s not known yet:\n", count == 1 ? "" : "s",
             count, count == 1 ? "" : "s", count == 1 ? "is" : "are");
    for (size_t i = 0; i < count; i++) {
        const struct ask_host_key *k = &keys[i];
        buf_addf(&text, "  %-*s  %s %s", (int)width, k->name, k->key_type, k->fingerprint);
        if (strcmp(k->name, k->address) != 0)
            buf_addf(&text, "  %s", k->address);
        buf_add_char(&text, '\n');
    }
    buf_add_str(&text, "Trust and record them? yes, no, or the hosts to trust, as web[01-12]: ");
    return buf_detach(&text);
}

/* struct ask's host_keys(). */
static void ask_host_keys(struct ask *self, const struct ask_host_key *keys, size_t count,
                          ask_host_keys_fn *answer, void *arg)
{
    struct ask_terminal *a = list_entry(self, struct ask_terminal, ask);
    a->keys = keys;
    a->count = count;
    a->answer = answer;
    a->arg = arg;
    a->attempts = 0;
    buf_clear(&a->line);
    int fd = prompt_open();
    if (fd >= 0) {
        char *text = question_text(keys, count);
        prompt_write(fd, text);
        free(text);
        a->tty = watch_new(a->loop, fd, tty_ready, a);
    }
    if (a->tty) {
        watch_want(a->tty, WATCH_READABLE);
        return;
    }
    if (fd >= 0)
        close(fd);
    refuse_all(a);
}

struct ask_terminal *ask_terminal_new(void)
{
    struct ask_terminal *a = xcalloc(1, sizeof *a);
    a->ask.host_keys = ask_host_keys;
    buf_init(&a->line, ANSWER_SIZE_MAX);
    return a;
}

struct ask *ask_terminal_ask(struct ask_terminal *a)
{
    return &a->ask;
}

void ask_terminal_attach(struct ask_terminal *a, struct loop *loop)
{
    a->loop = loop;
}

void ask_terminal_free(struct ask_terminal *a)
{
    if (!a)
        return;
    watch_close(a->tty);
    buf_release(&a->line);
    free(a);
}
