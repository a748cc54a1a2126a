/* SPDX-License-Identifier: MIT */
#include "model/option.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char *const host_key_check_words[] = {
    [HOST_KEY_CHECK_AUTO] = "auto", [HOST_KEY_CHECK_STRICT] = "strict",
    [HOST_KEY_CHECK_ASK] = "ask",   [HOST_KEY_CHECK_ACCEPT_NEW] = "accept-new",
    [HOST_KEY_CHECK_OFF] = "off",   NULL
};

static const char *const progress_words[] = {
    [PROGRESS_AUTO] = "auto", [PROGRESS_LINE] = "line", [PROGRESS_NONE] = "none", NULL
};

static const char *const color_words[] = {
    [COLOR_AUTO] = "auto", [COLOR_ALWAYS] = "always", [COLOR_NEVER] = "never", NULL
};

const struct value_type value_host_key_check = { VALUE_CHOICE, "choice",
                                                 sizeof(enum host_key_check),
                                                 host_key_check_words };
const struct value_type value_progress_mode = { VALUE_CHOICE, "choice", sizeof(enum progress_mode),
                                                progress_words };
const struct value_type value_color_when = { VALUE_CHOICE, "choice", sizeof(enum color_when),
                                             color_words };

_Static_assert(sizeof(enum host_key_check) == sizeof(int) &&
                   sizeof(enum progress_mode) == sizeof(int) &&
                   sizeof(enum color_when) == sizeof(int),
               "union value keeps a choice as an int");

bool option_takes_value(const struct option_row *row)
{
    return row->arg && !row->implied;
}

void option_key(const struct option_row *row, char ret[static OPTION_NAME_SIZE])
{
    snprintf(ret, OPTION_NAME_SIZE, "%s", row->name);
    for (char *p = ret; *p; p++)
        *p = *p == '-' ? '_' : *p;
}

void option_variable(const struct option_row *row, char ret[static OPTION_NAME_SIZE])
{
    snprintf(ret, OPTION_NAME_SIZE, "MUSTER_%s", row->name);
    for (char *p = ret; *p; p++)
        *p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
}

void option_label(const struct option_row *row, char ret[static OPTION_NAME_SIZE])
{
    if (!(row->at & AT_FLAG))
        option_key(row, ret);
    else if (row->letter)
        snprintf(ret, OPTION_NAME_SIZE, "-%c/--%s", row->letter, row->name);
    else
        snprintf(ret, OPTION_NAME_SIZE, "--%s", row->name);
}

struct value_reader option_reader(const struct option_row *row, struct arena *arena,
                                  const char *folder)
{
    return (struct value_reader){
        .type = row->type,
        .arena = arena,
        .min = row->min,
        .max = row->max,
        .folder = folder,
    };
}

const void *option_value(const struct option_row *row, const struct settings *s)
{
    return (const char *)s + row->offset;
}
