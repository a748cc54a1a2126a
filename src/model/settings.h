/* SPDX-License-Identifier: MIT */
/*
 * Every setting muster knows, typed. Which flag, key or variable sets a member, its default and
 * its help text are rows of the option table (options.c), never code.
 *
 * Strength, weakest first: default, /etc config, user config, ssh_config, inventory defaults,
 * group, host, environment, command line. Each value remembers who set it (settings_source()).
 */
#ifndef MUSTER_MODEL_SETTINGS_H
#define MUSTER_MODEL_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "model/value.h"

enum host_key_check {
    HOST_KEY_CHECK_AUTO, /* ask on a terminal, strict elsewhere; the cli resolves it */
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
    struct text user; /* NULL only before the cli filled in the local user */
    struct path_list key;
    struct path_list known_hosts; /* in order; the first one receives new keys */
    enum host_key_check host_key_check;
    struct path password_file;
    bool ask_pass;
    bool no_agent;
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
};

#endif
