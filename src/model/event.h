/* SPDX-License-Identifier: MIT */
/*
 * What can be observed of a run: one flat struct, sent to a list of listeners.
 *
 * Events are the only thing that engine and sinks share. An event lives on the emitter's stack:
 * everything it points to is borrowed for the call, except `run` and `host`, which stay valid and
 * unchanged until after run_end was delivered. A listener that keeps bytes copies them. A listener
 * must not block and must not call back into the engine except to mark (cancel, hold the gate).
 *
 * Order: run_start first; per host host_start, host_stage..., host_auth, host_exec, output... or
 * host_file..., host_end; exactly one host_end for each selected host, also on abort; run_end last.
 */
#ifndef MUSTER_MODEL_EVENT_H
#define MUSTER_MODEL_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/list.h"
#include "base/status.h"

enum event_kind {
    EVENT_RUN_START,
    EVENT_HOST_START, /* an attempt begins; `attempt` counts from 1 */
    EVENT_HOST_STAGE, /* `stage` was entered; for displays, never written to files */
    EVENT_HOST_AUTH,  /* authenticated; `text` says how: "publickey", "password", "none" */
    EVENT_HOST_EXEC,  /* the request was handed to the transport: the job has started */
    EVENT_FILE,       /* push, pull: `file` is through, or failed with `error` */
    EVENT_MOVED,      /* push, pull: `size` more bytes of content; for displays, never written */
    EVENT_OUTPUT,     /* whole lines, at most 64 KiB; only the last piece may lack its newline */
    EVENT_HOST_RETRY, /* the attempt ended with `error` at `stage`; the next in `delay_us` */
    EVENT_HOST_END,   /* `outcome` */
    EVENT_PROGRESS,   /* `counts`, every few seconds */
    EVENT_NOTE,       /* `text` is for people, about `host` or NULL; `severity` */
    EVENT_RUN_END,
};
#define EVENT_KIND_COUNT (EVENT_RUN_END + 1)

enum stage {
    STAGE_QUEUED,
    STAGE_DNS,
    STAGE_CONNECT,
    STAGE_HANDSHAKE, /* key exchange and host key */
    STAGE_AUTH,
    STAGE_EXEC, /* channel, request, and the job itself */
    STAGE_DONE,
};
#define STAGE_COUNT (STAGE_DONE + 1)

enum stream { STREAM_STDOUT, STREAM_STDERR };
#define STREAM_COUNT 2

enum severity { SEVERITY_INFO, SEVERITY_WARNING };

/* How the end of a remote command that muster ended was confirmed. */
enum kill_result {
    KILL_NOT_NEEDED,
    KILL_SIGNAL,      /* an SSH signal, answered by exit-signal, exit-status or close */
    KILL_EXEC,        /* a second exec on the connection confirmed it */
    KILL_UNCONFIRMED, /* the channel was closed; what became of the command is unknown */
};

/* A selected host, as it is named to the user. Lists end with NULL. */
struct host_info {
    uint32_t index; /* position in the selection, from 0 */
    const char *name;
    const char *address;
    uint16_t port;
    const char *user;
    const char *const *groups;
    const char *const *via;
};

/* What was done about one file, folder or link of a push or pull; with --dry-run, would be. */
enum file_action {
    FILE_CREATE,
    FILE_REPLACE, /* content, or only mode and times: then no byte was moved */
    FILE_KEEP,    /* it was the same already (--skip-same), or a folder that was there */
    FILE_DELETE,  /* --delete: it was not in the source */
};
#define FILE_ACTION_COUNT (FILE_DELETE + 1)

enum file_kind { FILE_KIND_FILE, FILE_KIND_FOLDER, FILE_KIND_LINK };
#define FILE_KIND_COUNT (FILE_KIND_LINK + 1)

/* One file that was dealt with. Paths are bytes as the systems have them, not always UTF-8. */
struct file_record {
    enum file_kind kind;
    enum file_action action;
    const char *src;    /* NULL where there is none: a deleted one */
    const char *dst;    /* where it is now; of a push on the host, of a pull here */
    uint64_t bytes;     /* its size; 0 of folders and links */
    uint64_t moved;     /* bytes of content that were sent or received for it */
    const char *sha256; /* 64 hexadecimal digits; NULL where nobody asked for it */
};

/* What a push or pull did on a host, or on all. */
struct transfer_totals {
    uint64_t files;   /* files, folders and links that are in place, changed or not */
    uint64_t changed; /* of these, and deleted ones */
    uint64_t failed;
    uint64_t bytes; /* of content moved */
};

/* How a host ended. Times are microseconds, -1 where the stage was not reached. */
struct outcome {
    enum host_status status;
    bool has_exit_code;
    uint32_t exit_code;
    char signal[24]; /* "KILL", "SEGV" ...; empty where none */
    enum kill_result kill;
    unsigned attempts;
    int64_t started_at_us;         /* Unix time of the first attempt; 0 where there was none */
    int64_t stage_us[STAGE_COUNT]; /* time spent in each stage; [STAGE_DONE] is the total */
    uint64_t bytes[STREAM_COUNT];
    struct transfer_totals transfer; /* push, pull */
    enum stage error_stage;          /* meaningful where error is set */
    struct error error;
};

struct run_counts {
    size_t selected;
    size_t running;
    size_t stages[STAGE_COUNT]; /* hosts in each stage now */
    size_t by_status[STATUS_COUNT];
};

struct run_info {
    char id[40];                  /* random, unique */
    const char *mode;             /* "run", "push", "pull" */
    const char *command;          /* NULL where the mode has none */
    const char *const *sources;   /* push, pull: as they were named, NULL-ended; else NULL */
    const char *destination;      /* likewise */
    uint64_t transfer_bytes;      /* content for all hosts together; 0 where that is unknown */
    const char *command_digest;   /* "sha256:..." of it, or NULL */
    const char *label;            /* NULL */
    const char *controller;       /* host name of this machine */
    const char *user;             /* local user */
    const char *inventory_digest; /* "sha256:..." or NULL */
    const char *const *options; /* "--fanout=64" ... what was set by flag or variable; NULL-ended */
    int64_t started_at_us;      /* Unix time */
    size_t host_count;
    const struct host_info *const *hosts; /* in selection order */
    /* Valid at run_end. */
    int64_t finished_at_us;
    const char *interrupted; /* NULL, "signal", "deadline", "limit", "output" */
    int signal;              /* the signal that ended the run, or 0 */
};

/* Does the run move files: is its mode "push" or "pull"? */
bool run_is_transfer(const struct run_info *run);

/* Is the file, or with --dry-run would it be, another one than before? `error` may be NULL. */
bool file_is_changed(const struct file_record *file, const struct error *error);

struct event {
    enum event_kind kind;
    uint64_t seq;    /* set by event_emit(), from 1 */
    int64_t time_us; /* Unix time; set by event_emit() */
    const struct run_info *run;
    const struct host_info *host;
    unsigned attempt;
    enum stage stage;
    enum stream stream;
    const char *data;
    size_t size;
    const struct file_record *file;
    const struct outcome *outcome;
    const struct error *error; /* of EVENT_FILE: NULL where the file is through */
    const char *text;
    enum severity severity;
    int64_t delay_us;
    const struct run_counts *counts;
};

struct listener {
    void (*on_event)(struct listener *self, const struct event *event);
    struct list link; /* on an emitter's list */
};

struct emitter {
    struct list listeners;
    uint64_t seq;
};

void emitter_init(struct emitter *e);
void emitter_add(struct emitter *e, struct listener *l);

/* Numbers and dates the event and hands it to each listener in order of registration. */
void event_emit(struct emitter *e, struct event *event);

/* The words used in --jsonl: "run_start", "handshake", "stdout", "signal". Static storage. */
const char *event_kind_word(enum event_kind kind);
const char *stage_word(enum stage stage);
const char *stream_word(enum stream stream);
const char *kill_word(enum kill_result kill);
const char *file_action_word(enum file_action action); /* "create", "delete" */
const char *file_kind_word(enum file_kind kind);       /* "file", "folder", "link" */

/* Finds the value whose word is `word`; false where there is none. */
bool event_kind_from_word(const char *word, enum event_kind *ret);
bool stage_from_word(const char *word, enum stage *ret);
bool stream_from_word(const char *word, enum stream *ret);
bool kill_from_word(const char *word, enum kill_result *ret);
bool file_action_from_word(const char *word, enum file_action *ret);
bool file_kind_from_word(const char *word, enum file_kind *ret);

/*
 * Back-pressure, one gate a run. A sink that has too much queued holds the gate; sessions then stop
 * reading from their hosts, and are woken through `on_open` when the last holder releases it. Time
 * held counts against no host's own limits. `starts_held` likewise, but only keeps further hosts
 * from being started: a sink holds it until what it promised to keep is written.
 */
struct gate {
    unsigned held;
    unsigned starts_held;
    int64_t held_since_us; /* monotonic; meaningful while held */
    int64_t held_total_us; /* of all finished holds */
    void (*on_open)(struct gate *gate);
    void *owner; /* of on_open */
};

void gate_hold(struct gate *gate);
void gate_release(struct gate *gate);
void gate_hold_starts(struct gate *gate);
void gate_release_starts(struct gate *gate);

/* How long the gate has been held until now, in all. */
int64_t gate_held_us(const struct gate *gate, int64_t now_us);

#endif
