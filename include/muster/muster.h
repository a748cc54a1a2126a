/* SPDX-License-Identifier: MIT */
/*
 * libmuster: runs one job on many hosts over SSH from one process, and says exactly what happened
 * on each. See libmuster(3).
 *
 *   inventory --> plan (which hosts, what, how) --> engine --> events
 *
 * Objects are opaque and belong to the thread that made them; several engines may run in several
 * threads, each with objects of its own. Strings are UTF-8 or bytes as the system gave them, ended
 * by NUL; what the library hands out lives as long as the object it came from unless said
 * otherwise. Functions that can fail return false and set the error, which the caller releases.
 *
 * The library prints nothing, never exits (but when memory is out), and leaves to its caller:
 * SIGPIPE, which must be ignored; the limit of open files; the umask; the terminal.
 */
#ifndef MUSTER_MUSTER_H
#define MUSTER_MUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MUSTER_API __attribute__((visibility("default")))

/* The version of the library: "0.1.0". Static storage. */
MUSTER_API const char *muster_version(void);

/* --- Errors ---------------------------------------------------------------------------------- */

struct muster_error {
    const char *code; /* for programs: "usage", "inventory", "connect_timeout"; static storage */
    char *text;       /* for people; heap */
};

#define MUSTER_ERROR_INIT                                                                          \
    {                                                                                              \
        NULL, NULL                                                                                 \
    }

MUSTER_API void muster_error_release(struct muster_error *error);

/* --- Inventory -------------------------------------------------------------------------------- */

struct muster_inventory;

/* Reads `count` files (muster-inventory(5)) in order; a later one beats an earlier one. */
MUSTER_API bool muster_inventory_load(struct muster_inventory **ret, const char *const *files,
                                      size_t count, struct muster_error *reterr);
MUSTER_API void muster_inventory_free(struct muster_inventory *inventory); /* NULL is fine */

MUSTER_API size_t muster_inventory_host_count(const struct muster_inventory *inventory);
MUSTER_API const char *muster_inventory_host_name(const struct muster_inventory *inventory,
                                                  size_t index);

/* --- Plan ------------------------------------------------------------------------------------- */

struct muster_plan;

enum muster_job {
    MUSTER_JOB_RUN,  /* `command` on each host */
    MUSTER_JOB_PUSH, /* `sources`, files and folders here, to `destination` on each host */
    MUSTER_JOB_PULL, /* `sources` on each host to the folder `destination` here */
};

struct muster_plan_args {
    const struct muster_inventory *inventory; /* NULL: hosts are used as they are named */
    const char *hosts;                        /* a host expression: "web[01-12],@db!db3" */
    enum muster_job job;
    const char *command;        /* of RUN: for the login shell of each host; else NULL */
    const char *const *sources; /* of PUSH and PULL; ended by NULL */
    const char *destination;    /* of PUSH may be a template, "/srv/{host}/" */
    /* "--connect-timeout=5s", "--key=FILE", "--recursive" ...: options of the job's command in
     * muster(1) that say how to reach a host, how the run goes and how to copy; ended by NULL; may
     * itself be NULL. */
    const char *const *options;
    /* A password for every host that has no password_file; NULL: none. Copied into memory that is
     * wiped. */
    const char *password;
};

/* Resolves every host. A push lists its sources here, and reads them where digests are wanted; the
 * current folder must then stay the same until the plan is freed. A pull opens its folder, or makes
 * it. The inventory must outlive the plan; the strings need not. */
MUSTER_API bool muster_plan_new(struct muster_plan **ret, const struct muster_plan_args *args,
                                struct muster_error *reterr);
MUSTER_API void muster_plan_free(struct muster_plan *plan); /* NULL is fine */

struct muster_host {
    uint32_t index; /* place in the plan, from 0 */
    const char *name;
    const char *address;
    uint16_t port;
    const char *user;
    const char *const *groups; /* ended by NULL */
};

MUSTER_API size_t muster_plan_host_count(const struct muster_plan *plan);
MUSTER_API struct muster_host muster_plan_host(const struct muster_plan *plan, size_t index);

/* --- Events ----------------------------------------------------------------------------------- */

enum muster_event_kind {
    MUSTER_RUN_START,  /* first of all */
    MUSTER_HOST_START, /* an attempt to reach a host begins */
    MUSTER_HOST_AUTH,  /* logged in; `text` says how */
    MUSTER_HOST_EXEC,  /* the job was handed over: it has started */
    MUSTER_HOST_FILE,  /* push, pull: `file` is through, or failed with `error_code` */
    MUSTER_OUTPUT,     /* whole lines, at most 64 KiB; a host's last may lack its newline */
    MUSTER_HOST_RETRY, /* the attempt failed with `error`; another follows */
    MUSTER_HOST_END,   /* exactly once per host: `status` and what belongs to it */
    MUSTER_NOTE,       /* `text` is worth telling a person: a file that a push leaves out */
    MUSTER_RUN_END,    /* last of all */
};

/* How a host ended; the meanings are those of muster-report(5). */
enum muster_status {
    MUSTER_OK,
    MUSTER_FAILED,
    MUSTER_TIMEOUT,
    MUSTER_UNREACHABLE,
    MUSTER_BAD_HOST_KEY,
    MUSTER_AUTH,
    MUSTER_TRANSFER,
    MUSTER_LOST,
    MUSTER_CANCELLED,
    MUSTER_NOT_RUN,
    MUSTER_INTERNAL,
};

/* The word in reports: "ok", "host_key". Static storage. */
MUSTER_API const char *muster_status_word(enum muster_status status);

/* What became of one file, folder or link of a push or pull; with --dry-run, would become. */
struct muster_file {
    const char *kind;   /* "file", "folder", "link" */
    const char *action; /* "create", "replace", "keep", "delete" */
    const char *src;    /* NULL where there is none; paths are not always UTF-8 */
    const char *dst;    /* of a push on the host, of a pull here */
    uint64_t bytes;     /* its size; 0 of folders and links */
    uint64_t moved;     /* bytes of content that were sent or received for it */
    const char *sha256; /* 64 hexadecimal digits; NULL where it was not asked for */
};

/* What a push or pull did on a host. */
struct muster_transfer {
    uint64_t files;   /* files, folders and links that are in place, changed or not */
    uint64_t changed; /* of these, and deleted ones */
    uint64_t failed;
    uint64_t bytes_moved; /* of content */
};

/* Everything it points to is borrowed for the call. Members that do not belong to the kind are
 * zero. */
struct muster_event {
    enum muster_event_kind kind;
    uint64_t seq;                   /* from 1, without gaps within the kinds above */
    int64_t time_us;                /* Unix time in microseconds */
    const struct muster_host *host; /* NULL where the event is about the run */
    unsigned attempt;               /* from 1 */
    bool is_stderr;                 /* of OUTPUT */
    const char *data;               /* of OUTPUT */
    size_t size;
    const char *text;
    const struct muster_file *file; /* of HOST_FILE */
    enum muster_status status;      /* from here on: of HOST_END */
    bool has_exit_code;
    uint32_t exit_code;
    const char *signal; /* without "SIG"; NULL where no signal ended it */
    const char *kill;   /* how its end was confirmed where muster ended it; NULL */
    uint64_t stdout_bytes;
    uint64_t stderr_bytes;
    int64_t duration_us;
    struct muster_transfer transfer; /* of a push or pull */
    const char *error_stage;         /* "connect"; NULL where there was no error */
    const char *error_code; /* "connect_timeout"; also of HOST_RETRY and HOST_FILE, as the next */
    const char *error_text;
};

typedef void muster_event_fn(void *arg, const struct muster_event *event);

/* --- Questions -------------------------------------------------------------------------------- */

/* A host key nobody has recorded. */
struct muster_host_key {
    const char *host;        /* the name in the plan */
    const char *address;     /* as known_hosts would name it */
    const char *type;        /* "ssh-ed25519" */
    const char *fingerprint; /* "SHA256:..." */
};

/* Asked once, about all unknown keys, when every other host is done: set accepted[i] for each key
 * that is to be recorded and used. Hosts wait for the answer only here. */
typedef void muster_ask_fn(void *arg, const struct muster_host_key *keys, size_t count,
                           bool *accepted);

/* --- Engine ----------------------------------------------------------------------------------- */

struct muster_engine;

struct muster_engine_args {
    const struct muster_plan *plan; /* must outlive the engine */
    muster_event_fn *on_event;
    void *arg;                   /* of on_event and on_host_keys */
    muster_ask_fn *on_host_keys; /* NULL: unknown keys are errors, as under `strict` */
    const char *agent_socket;    /* as $SSH_AUTH_SOCK; NULL: no agent */
};

/* Loads keys and known_hosts. */
MUSTER_API bool muster_engine_new(struct muster_engine **ret, const struct muster_engine_args *args,
                                  struct muster_error *reterr);
MUSTER_API void muster_engine_free(struct muster_engine *engine); /* NULL is fine */

/* Runs the plan to its end. */
MUSTER_API void muster_engine_run(struct muster_engine *engine);

/* Or, for a caller with a loop of his own: after muster_engine_start(), poll the descriptor for
 * reading, for at most the time-out (-1: without limit), and call muster_engine_step() when it is
 * ready or time is over, until the engine has finished. */
MUSTER_API void muster_engine_start(struct muster_engine *engine);
MUSTER_API int muster_engine_fd(const struct muster_engine *engine);
MUSTER_API int muster_engine_timeout_ms(const struct muster_engine *engine);
MUSTER_API void muster_engine_step(struct muster_engine *engine);
MUSTER_API bool muster_engine_is_finished(const struct muster_engine *engine);

enum muster_stop {
    MUSTER_STOP_INTERRUPT = 1, /* start no further host; INT to commands; end transfers, cleanly */
    MUSTER_STOP_END,           /* end the commands, too: TERM, grace, KILL */
    MUSTER_STOP_CLOSE,         /* close every connection at once; a push may leave a temporary */
};

/* Stops the run; it still ends with HOST_END for each host and RUN_END. May be called from
 * on_event. */
MUSTER_API void muster_engine_stop(struct muster_engine *engine, enum muster_stop how);

#ifdef __cplusplus
}
#endif

#endif
