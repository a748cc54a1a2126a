/* SPDX-License-Identifier: MIT */
#include "model/event.h"

#include <string.h>

#include "base/clock.h"

static const char *const kind_words[EVENT_KIND_COUNT] = {
    [EVENT_RUN_START] = "run_start",   [EVENT_HOST_START] = "host_start",
    [EVENT_HOST_STAGE] = "host_stage", [EVENT_HOST_AUTH] = "host_auth",
    [EVENT_HOST_EXEC] = "host_exec",   [EVENT_FILE] = "host_file",
    [EVENT_MOVED] = "host_moved",      [EVENT_OUTPUT] = "output",
    [EVENT_HOST_RETRY] = "host_retry", [EVENT_HOST_END] = "host_end",
    [EVENT_PROGRESS] = "progress",     [EVENT_NOTE] = "note",
    [EVENT_RUN_END] = "run_end",
};

static const char *const stage_words[STAGE_COUNT] = {
    [STAGE_QUEUED] = "queued",       [STAGE_DNS] = "dns",   [STAGE_CONNECT] = "connect",
    [STAGE_HANDSHAKE] = "handshake", [STAGE_AUTH] = "auth", [STAGE_EXEC] = "exec",
    [STAGE_DONE] = "done",
};

static const char *const action_words[FILE_ACTION_COUNT] = {
    [FILE_CREATE] = "create",
    [FILE_REPLACE] = "replace",
    [FILE_KEEP] = "keep",
    [FILE_DELETE] = "delete",
};

static const char *const file_words[FILE_KIND_COUNT] = {
    [FILE_KIND_FILE] = "file",
    [FILE_KIND_FOLDER] = "folder",
    [FILE_KIND_LINK] = "link",
};

bool run_is_transfer(const struct run_info *run)
{
    return run->mode && (strcmp(run->mode, "push") == 0 || strcmp(run->mode, "pull") == 0);
}

bool file_is_changed(const struct file_record *file, const struct error *error)
{
    return file->action != FILE_KEEP && !(error && error_is_set(error));
}

void emitter_init(struct emitter *e)
{
    list_init(&e->listeners);
    e->seq = 0;
}

void emitter_add(struct emitter *e, struct listener *l)
{
    list_append(&e->listeners, &l->link);
}

void event_emit(struct emitter *e, struct event *event)
{
    event->seq = ++e->seq;
    event->time_us = clock_unix_us();
    list_for_each(it, tmp, &e->listeners)
    {
        struct listener *l = list_entry(it, struct listener, link);
        l->on_event(l, event);
    }
}

const char *event_kind_word(enum event_kind kind)
{
    return kind_words[kind];
}

const char *stage_word(enum stage stage)
{
    return stage_words[stage];
}

const char *stream_word(enum stream stream)
{
    return stream == STREAM_STDOUT ? "stdout" : "stderr";
}

const char *kill_word(enum kill_result kill)
{
    switch (kill) {
    case KILL_NOT_NEEDED:
        break;
    case KILL_SIGNAL:
        return "signal";
    case KILL_EXEC:
        return "exec";
    case KILL_UNCONFIRMED:
        return "unconfirmed";
    }
    return NULL;
}

const char *file_action_word(enum file_action action)
{
    return action_words[action];
}

const char *file_kind_word(enum file_kind kind)
{
    return file_words[kind];
}

/* The place of `word` in a table; `count` where it is not there. */
static int find_word(const char *const *words, int count, const char *word)
{
    int i = 0;
    while (i < count && strcmp(words[i], word) != 0)
        i++;
    return i;
}

bool event_kind_from_word(const char *word, enum event_kind *ret)
{
    int found = find_word(kind_words, EVENT_KIND_COUNT, word);
    *ret = (enum event_kind)found;
    return found < EVENT_KIND_COUNT;
}

bool stage_from_word(const char *word, enum stage *ret)
{
    int found = find_word(stage_words, STAGE_COUNT, word);
    *ret = (enum stage)found;
    return found < STAGE_COUNT;
}

bool stream_from_word(const char *word, enum stream *ret)
{
    *ret = strcmp(word, "stdout") == 0 ? STREAM_STDOUT : STREAM_STDERR;
    return strcmp(word, stream_word(*ret)) == 0;
}

bool kill_from_word(const char *word, enum kill_result *ret)
{
    for (int i = KILL_SIGNAL; i <= KILL_UNCONFIRMED; i++) {
        *ret = (enum kill_result)i;
        if (strcmp(word, kill_word(*ret)) == 0)
            return true;
    }
    return false;
}

bool file_action_from_word(const char *word, enum file_action *ret)
{
    int found = find_word(action_words, FILE_ACTION_COUNT, word);
    *ret = (enum file_action)found;
    return found < FILE_ACTION_COUNT;
}

bool file_kind_from_word(const char *word, enum file_kind *ret)
{
    int found = find_word(file_words, FILE_KIND_COUNT, word);
    *ret = (enum file_kind)found;
    return found < FILE_KIND_COUNT;
}

void gate_hold(struct gate *gate)
{
    if (gate->held++ == 0)
        gate->held_since_us = clock_monotonic_us();
}

void gate_release(struct gate *gate)
{
    if (--gate->held > 0)
        return;
    gate->held_total_us += clock_monotonic_us() - gate->held_since_us;
    if (gate->on_open)
        gate->on_open(gate);
}

void gate_hold_starts(struct gate *gate)
{
    gate->starts_held++;
}

void gate_release_starts(struct gate *gate)
{
    if (--gate->starts_held == 0 && gate->on_open)
        gate->on_open(gate);
}

int64_t gate_held_us(const struct gate *gate, int64_t now_us)
{
    return gate->held_total_us + (gate->held ? now_us - gate->held_since_us : 0);
}
