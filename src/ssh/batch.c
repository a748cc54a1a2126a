/* SPDX-License-Identifier: MIT */
#include "ssh/batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/random_hex.h"
#include "model/transfer_path.h"
#include "ssh/job_exec.h"
#include "ssh/shell_command.h"

enum {
    OUTPUT_MAX = 1 << 20,
    NOISE_MAX = 4096,
    TOKEN_SIZE = 16,
};

/* A line may take as long as hashing a large file does. */
#define SCRIPT_US (4 * 3600 * US_PER_SEC)
#define OPEN_US   (30 * US_PER_SEC)

struct item {
    struct list link;
    char *words; /* quoted, with a blank in front */
    batch_fn *fn;
    void *arg;
};

struct batch {
    struct session *session;
    const char *as_user;
    const char *script;
    struct list waiting;
    struct list asked; /* what the running script works on */
    struct job *helper;
    struct run *run; /* of the helper: outlives the batch where that is freed first */
    char token[2 * TOKEN_SIZE + 1];
};

/* One run of the script. */
struct run {
    struct batch *batch; /* NULL: nobody listens any more */
    struct buf output;
    struct buf noise; /* what went to stderr */
};

struct batch *batch_new(struct session *session, const char *as_user, const char *script)
{
    struct batch *b = xcalloc(1, sizeof *b);
    b->session = session;
    b->as_user = as_user;
    b->script = script;
    list_init(&b->waiting);
    list_init(&b->asked);
    return b;
}

static void free_item(struct item *item)
{
    list_remove(&item->link);
    free(item->words);
    free(item);
}

static void free_items(struct list *list)
{
    list_for_each(it, tmp, list) free_item(list_entry(it, struct item, link));
}

/* Lets go of the script that runs. */
static void drop_helper(struct batch *b, const char *why)
{
    if (!b->helper)
        return;
    struct error cancelled = ERROR_INIT;
    error_set(&cancelled, ERR_CANCELLED_BY_USER, "%s", why);
    b->run->batch = NULL;
    job_exec_end(b->helper, &cancelled);
    b->helper = NULL;
    b->run = NULL;
    error_release(&cancelled);
}

void batch_free(struct batch *b)
{
    if (!b)
        return;
    drop_helper(b, "nobody waits for it");
    free_items(&b->waiting);
    free_items(&b->asked);
    free(b);
}

bool batch_is_possible(const struct batch *b)
{
    return session_may_exec_helper(b->session);
}

bool batch_is_busy(const struct batch *b)
{
    return !list_is_empty(&b->asked) || !list_is_empty(&b->waiting);
}

void batch_add(struct batch *b, const char *const *words, size_t count, batch_fn *fn, void *arg)
{
    struct item *item = xcalloc(1, sizeof *item);
    struct buf quoted;
    buf_init(&quoted, SHELL_COMMAND_MAX);
    for (size_t i = 0; i < count; i++) {
        buf_add_char(&quoted, ' ');
        transfer_path_quote(&quoted, words[i]);
    }
    item->words = quoted.failed ? NULL : buf_detach(&quoted);
    buf_release(&quoted);
    item->fn = fn;
    item->arg = arg;
    list_append(&b->waiting, &item->link);
    session_wake(b->session);
}

/* Tells an item and forgets it. */
static void answer(struct item *item, const char *line, const char *why)
{
    struct item done = *item;
    free_item(item);
    done.fn(done.arg, line, why);
}

/* Tells every item of a list that nothing came. */
static void answer_all(struct list *list, const char *why)
{
    struct list items;
    list_init(&items);
    list_splice(&items, list);
    while (!list_is_empty(&items))
        answer(list_entry(items.next, struct item, link), NULL, why);
}

static void on_output(void *arg, enum stream stream, const char *data, size_t size)
{
    struct run *run = arg;
    buf_add(stream == STREAM_STDOUT ? &run->output : &run->noise, data, size);
}

/* The line after `line`, which is ended there; NULL where there is none that is whole. */
static char *cut_line(char *line)
{
    char *end = line ? strchr(line, '\n') : NULL;
    if (!end)
        return NULL;
    *end = '\0';
    return end + 1;
}

/* The first line behind the token; NULL where it is not there. */
static char *find_answers(struct batch *b, char *output)
{
    char *line = output;
    for (char *next; (next = cut_line(line)); line = next) {
        if (strcmp(line, b->token) == 0)
            return next;
    }
    return NULL;
}

/* Hands its line to each item; those without one learn why. */
static void hand_out(struct batch *b, struct buf *output)
{
    struct list items;
    list_init(&items);
    list_splice(&items, &b->asked);
    char *text = output->failed ? NULL : buf_detach(output);
    char *line = text ? find_answers(b, text) : NULL;
    while (!list_is_empty(&items)) {
        char *next = cut_line(line);
        answer(list_entry(items.next, struct item, link), next ? line : NULL,
               "the host's answer is incomplete");
        line = next;
    }
    free(text);
}

/* Why the script has no answers, in its own words where it has some. */
static const char *why_failed(struct run *run, const struct exec_result *result)
{
    const char *words = shell_command_first_line(&run->noise);
    if (error_is_set(&result->error))
        return error_text(&result->error);
    return *words ? words : "a command on the host failed";
}

static void on_end(void *arg, struct exec_result *result)
{
    struct run *run = arg;
    struct batch *b = run->batch;
    if (b) {
        b->helper = NULL;
        b->run = NULL;
        if (result->has_exit_code && result->exit_code == 0)
            hand_out(b, &run->output);
        else
            answer_all(&b->asked, why_failed(run, result));
        session_wake(b->session);
    }
    buf_release(&run->output);
    buf_release(&run->noise);
    free(run);
}

/* Moves items into the command while they fit. */
static void add_items(struct batch *b, struct buf *command)
{
    while (!list_is_empty(&b->waiting)) {
        struct item *item = list_entry(b->waiting.next, struct item, link);
        size_t size = item->words ? strlen(item->words) : SHELL_COMMAND_MAX;
        if (command->size + size > SHELL_COMMAND_MAX)
            return;
        buf_add_str(command, item->words);
        list_remove(&item->link);
        list_append(&b->asked, &item->link);
    }
}

/* Runs the command. */
static void start(struct batch *b, const char *command)
{
    struct run *run = xcalloc(1, sizeof *run);
    run->batch = b;
    buf_init(&run->output, OUTPUT_MAX);
    buf_init(&run->noise, NOISE_MAX);
    b->run = run;
    b->helper = job_exec_new(&(struct exec_args){
        .command = command,
        .timeout_us = SCRIPT_US,
        .open_us = OPEN_US,
        .is_helper = true,
        .listener = { .on_output = on_output, .on_end = on_end, .arg = run },
    });
    session_add_job(b->session, b->helper);
}

void batch_run(struct batch *b)
{
    if (b->helper || list_is_empty(&b->waiting))
        return;
    struct buf command;
    buf_init(&command, 2 * SHELL_COMMAND_MAX);
    random_hex(b->token, TOKEN_SIZE);
    shell_command_script(&command, b->as_user, b->script);
    buf_addf(&command, " %s", b->token);
    add_items(b, &command);
    if (list_is_empty(&b->asked)) {
        struct item *item = list_entry(b->waiting.next, struct item, link);
        answer(item, NULL, "the name is too long for a command line");
    } else {
        start(b, buf_str(&command));
    }
    buf_release(&command);
}

void batch_stop(struct batch *b)
{
    drop_helper(b, "not needed any more");
}

void batch_cancel(struct batch *b, const char *why)
{
    drop_helper(b, why);
    answer_all(&b->asked, why);
    answer_all(&b->waiting, why);
}

void batch_cancel_unsent(struct batch *b, const char *why)
{
    if (b->helper && !job_exec_has_started(b->helper))
        drop_helper(b, why);
    if (!b->helper)
        answer_all(&b->asked, why);
    answer_all(&b->waiting, why);
}
