/* SPDX-License-Identifier: MIT */
/*
 * Every setting muster knows, typed. Which flag, key or variable sets a member, its default and
 * its help text are rows of the option table (options.c), never code.
 *
 * Settings are plain bytes over an arena: copying one is assignment, and copies share what they
 * point to. They are filled by layers (struct layer), each from one source. A weaker source never
 * overrides a stronger one, whatever the order they are applied in; among equals the later wins. So
 * the settings of the run (defaults, config, environment, command line) are made once, and each
 * host's are a copy of them to which the inventory's layers were applied. Each value remembers who
 * set it (settings_source()).
 */
#ifndef MUSTER_MODEL_SETTINGS_H
#define MUSTER_MODEL_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "model/value.h"

struct arena;
struct json_document;
struct json_value;
struct option_row;
struct provenance;

enum host_key_check {
    HOST_KEY_CHECK_AUTO, /* ask where somebody can be asked, else strict */
    HOST_KEY_CHECK_STRICT,
    HOST_KEY_CHECK_ASK,
    HOST_KEY_CHECK_ACCEPT_NEW,
    HOST_KEY_CHECK_OFF,
};

enum progress_mode { PROGRESS_AUTO, PROGRESS_LINE, PROGRESS_NONE };
enum color_when { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct settings {
    /* Which hosts; from the command line only. */
    struct path_list inventory;
    struct text_list hosts;
    struct text_list group;
    struct text_list exclude;
    bool all;

    /* How to reach one host; each may stand in an inventory. */
    struct text address; /* NULL: the host's name */
    struct count port;
    struct text user; /* the local user's name where nobody says; NULL where that is unknown */
    struct path_list key;
    struct path_list known_hosts; /* in order; the first one receives new keys */
    enum host_key_check host_key_check;
    struct path password_file;
    bool ask_pass;
    struct duration connect_timeout; /* look-up .. authentication */
    struct duration timeout;         /* of the command; 0 none */
    struct duration idle_timeout;    /* without a byte from the host; 0 none */
    bool no_remote_kill;

    /* How the run goes. */
    struct count fanout;
    struct count connects;
    struct duration deadline; /* of the whole run; 0 none */
    struct path standard_input;
    struct bytes max_stdin;
    bool dry_run;

    /* push and pull. */
    bool recursive;
    bool mkdir;
    struct text mode; /* octal */
    bool preserve;
    bool verify;
    bool skip_same;
    bool resume;
    bool remove_extra; /* --delete */
    bool flat;
    struct text sudo;        /* the user; NULL: without sudo */
    struct bytes limit_rate; /* a second; 0 none */
    struct count max_files;
    struct bytes max_size;

    /* What is printed and written. */
    bool no_label;
    bool quiet;
    struct count verbose;
    bool raw;
    enum progress_mode progress;
    enum color_when color;
    struct bytes max_output;
    struct path json;
    struct path jsonl;
    struct text label;
    bool maxrc;
    bool exit_zero;

    /* `muster list`. */
    bool list_names;
    bool list_fold;
    bool list_tree;
    bool list_check;
    bool list_schema;
    bool list_json;
    struct text list_explain;

    bool help;
    bool version;

    /* settings.c's own: who set what. */
    const struct provenance *provenance;
};

/* Who may set something, weakest first. */
enum source_kind {
    SOURCE_DEFAULT,
    SOURCE_SYSTEM_CONFIG, /* /etc/muster/config.json */
    SOURCE_USER_CONFIG,
    SOURCE_SSH_CONFIG,
    SOURCE_INVENTORY_DEFAULTS,
    SOURCE_GROUP, /* layers of outer groups are applied before those of inner ones */
    SOURCE_HOST,
    SOURCE_ENVIRONMENT,
    SOURCE_COMMAND_LINE,
};

struct source {
    enum source_kind kind;
    const char *text;                /* "--port", "MUSTER_PORT"; NULL where it is in a document */
    const struct json_document *doc; /* NULL, or where it stands ... */
    const struct json_value *json;   /* ... and as which value */
};

/* What one source sets: some values, each for one row. Made once, applied to many settings, which
 * it (and its arena and documents) must outlive. */
struct assignment {
    const struct option_row *row;
    union value value;
    struct source source;
};

struct layer {
    struct arena *arena;
    struct assignment *items;
    size_t count;
    size_t room;
};

/* A JSON file that layers are read from. */
struct layer_file {
    const struct json_document *doc;
    const char *folder; /* of the file, to which its paths are relative; NULL: the current one */
    enum source_kind kind;
    enum error_code code; /* of errors in it: ERR_CONFIG, ERR_INVENTORY */
};

/* An empty layer. */
void layer_init(struct layer *layer, struct arena *arena);

/* Adds what `text` says for the row; NULL for a flag's or counter's mere presence. Repeats add to
 * lists and counters and replace other values. The error text starts with source->text. */
bool layer_add_text(struct layer *layer, const struct option_row *row, const char *text,
                    const struct source *source, struct error *reterr);

/* Adds the JSON value `json`, a part of file->doc; an earlier value for the row is replaced. The
 * error text starts with file:line:column and pointer. */
bool layer_add_json(struct layer *layer, const struct option_row *row,
                    const struct layer_file *file, const struct json_value *json,
                    struct error *reterr);

/* The defaults of the table, and the local user's name. `arena` must outlive the settings. */
void settings_init(struct settings *s, struct arena *arena);

/* Sets what the layer says, except where a stronger source has set it before. */
void settings_apply(struct settings *s, const struct layer *layer);

/* Who set the row's value; kind SOURCE_DEFAULT and no text where nobody did. */
struct source settings_source(const struct settings *s, const struct option_row *row);

/* "default", "user config", "inventory defaults", "command line". Static storage. */
const char *source_kind_phrase(enum source_kind kind);

/* "--port", "MUSTER_PORT", "hosts.json:14:9: /hosts/db1/port", "default"; heap, the caller frees.
 */
char *source_where(const struct source *source);

#endif
