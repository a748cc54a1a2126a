/* SPDX-License-Identifier: MIT */
/* Looking rows of the option table up; the table itself is options.c. */
#include <string.h>

#include "base/nearest.h"
#include "model/options.h"

/* Does the row have a flag in one of the commands? */
static bool is_flag_of(const struct option_row *row, unsigned cmds)
{
    return (row->at & AT_FLAG) && (row->cmds & cmds);
}

const struct option_row *options_by_flag(unsigned cmds, const char *name)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct option_row *row = &options[i];
        if (!is_flag_of(row, cmds))
            continue;
        if (strcmp(row->name, name) == 0 || (row->alias && strcmp(row->alias, name) == 0))
            return row;
    }
    return NULL;
}

const struct option_row *options_by_letter(unsigned cmds, char letter)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct option_row *row = &options[i];
        bool is_it = letter && (row->letter == letter || row->alias_letter == letter);
        if (is_it && is_flag_of(row, cmds))
            return row;
    }
    return NULL;
}

/* Is `key` the row's name with underscores? */
static bool is_key(const struct option_row *row, const char *key)
{
    const char *name = row->name;
    while (*name && *key == (*name == '-' ? '_' : *name)) {
        name++;
        key++;
    }
    return *name == '\0' && *key == '\0';
}

const struct option_row *options_by_key(unsigned at, const char *key)
{
    for (size_t i = 0; i < option_count; i++) {
        if ((options[i].at & at) && is_key(&options[i], key))
            return &options[i];
    }
    return NULL;
}

const struct option_row *options_by_variable(const char *name)
{
    char variable[OPTION_NAME_SIZE];
    for (size_t i = 0; i < option_count; i++) {
        option_variable(&options[i], variable);
        if ((options[i].at & AT_ENV) && strcmp(variable, name) == 0)
            return &options[i];
    }
    return NULL;
}

void options_offer_keys(unsigned at, struct nearest *n)
{
    char key[OPTION_NAME_SIZE];
    for (size_t i = 0; i < option_count; i++) {
        option_key(&options[i], key);
        if (options[i].at & at)
            nearest_offer(n, key);
    }
}

void options_offer_flags(unsigned cmds, struct nearest *n)
{
    for (size_t i = 0; i < option_count; i++) {
        if (!is_flag_of(&options[i], cmds))
            continue;
        nearest_offer(n, options[i].name);
        if (options[i].alias)
            nearest_offer(n, options[i].alias);
    }
}
