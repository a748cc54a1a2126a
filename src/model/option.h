/* SPDX-License-Identifier: MIT */
/*
 * What a row of the option table is. The table itself is options.c.
 *
 * From a row come the flag, the key in config.json and inventories, the environment variable, the
 * line of --help and the entry of the man page. To add an option: a member of `struct settings`, a
 * row in options.c, and the code that reads the member.
 */
#ifndef MUSTER_MODEL_OPTION_H
#define MUSTER_MODEL_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/settings.h"
#include "model/value.h"

/* Where a row may be given, a set of bits. */
enum {
    AT_FLAG = 1,   /* on the command line */
    AT_ENV = 2,    /* as MUSTER_NAME */
    AT_CONFIG = 4, /* in config.json */
    AT_HOST = 8,   /* in an inventory: for a host, a group, or in "defaults" */
};

/* The subcommands whose command line knows a row, a set of bits. */
enum {
    CMD_RUN = 1,
    CMD_LIST = 2,
    CMD_PUSH = 8,
    CMD_PULL = 16,
    CMD_NONE = 4, /* muster itself, before a subcommand */
};

/* The headings of --help and the man page, in order. */
enum option_section {
    SECTION_HOSTS,
    SECTION_REACH,
    SECTION_RUN,
    SECTION_COPY,
    SECTION_OUTPUT,
    SECTION_LIST,
    SECTION_OTHER,
};
#define SECTION_COUNT (SECTION_OTHER + 1)

struct option_row {
    const char *name;  /* "connect-timeout" */
    const char *alias; /* another long name, or NULL */
    char letter;       /* 't', or 0 */
    char alias_letter; /* another letter, or 0 */
    const struct value_type *type;
    size_t offset; /* of the member in struct settings */
    unsigned at;
    unsigned cmds;
    enum option_section section;
    uint32_t min;                /* of a count */
    uint32_t max;                /* of a count; 0: any */
    const char *dflt;            /* in the user's own syntax; NULL: unset, false or 0 */
    const char *arg;             /* "TIME"; NULL: takes no value (a count then counts how often) */
    const char *implied;         /* what the flag means without =VALUE; NULL: it needs a value */
    const char *help;            /* one sentence for --help */
    const char *detail;          /* further sentences for the man page, or NULL */
    const char *cli_only_reason; /* why config.json may not set it; NULL where it may */
};

extern const struct value_type value_host_key_check, value_progress_mode, value_color_when;

/* The value type of a member, by its C type. */
#define VALUE_TYPE_OF(x)                                                                           \
    _Generic((x), bool                                                                             \
             : &value_flag, struct count                                                           \
             : &value_count, struct duration                                                       \
             : &value_duration, struct bytes                                                       \
             : &value_bytes, struct text                                                           \
             : &value_text, struct path                                                            \
             : &value_path, struct text_list                                                       \
             : &value_text_list, struct path_list                                                  \
             : &value_path_list, enum host_key_check                                               \
             : &value_host_key_check, enum progress_mode                                           \
             : &value_progress_mode, enum color_when                                               \
             : &value_color_when)

/* Two members of a row: where its value goes, and, from that, its type. */
#define FIELD(member)                                                                              \
    .type = VALUE_TYPE_OF(((struct settings *)0)->member),                                         \
    .offset = offsetof(struct settings, member)

/* Does the flag take a value from the next word, if it has none behind an equals sign? */
bool option_takes_value(const struct option_row *row);

/* Room for a key or variable of any row, with its NUL. */
#define OPTION_NAME_SIZE 64

/* The key in JSON files: "connect_timeout". */
void option_key(const struct option_row *row, char ret[static OPTION_NAME_SIZE]);

/* The environment variable: "MUSTER_CONNECT_TIMEOUT". */
void option_variable(const struct option_row *row, char ret[static OPTION_NAME_SIZE]);

/* How messages call the row's flag: "-t/--connect-timeout"; "address" where it has no flag. */
void option_label(const struct option_row *row, char ret[static OPTION_NAME_SIZE]);

/* What its values are read with. `folder` as in struct value_reader. */
struct value_reader option_reader(const struct option_row *row, struct arena *arena,
                                  const char *folder);

/* The member of `s` that the row stands for. */
const void *option_value(const struct option_row *row, const struct settings *s);

#endif
