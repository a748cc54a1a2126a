/* SPDX-License-Identifier: MIT */
/*
 * What the files inventory*.c and overlay.c share.
 *
 *      scope     what one place in one file says: its layer and its variables
 *      defaults  a list of scopes, one a file
 *      group     a list of scopes, one a file that mentions it; children; hosts of its own
 *      host      a list of scopes: every range and exact key that names it, in order
 */
#ifndef MUSTER_MODEL_INVENTORY_PRIVATE_H
#define MUSTER_MODEL_INVENTORY_PRIVATE_H

#include <stdint.h>

#include "base/digest.h"
#include "base/json_read.h"
#include "model/inventory.h"
#include "model/settings.h"

/* Groups may nest this deep. */
#define GROUP_DEPTH_MAX 100

struct scope {
    struct layer layer;
    const struct json_value *vars; /* an object, or NULL */
    uint32_t file;                 /* index of the file */
    bool is_exact;                 /* of a host: its own name, not a range */
    const struct group *group;     /* whose scope it is, or NULL */
};

struct scope_link {
    const struct scope *scope;
    struct scope_link *next;
};

struct scope_list {
    struct scope_link *first;
    struct scope_link *last;
};

struct group_link {
    struct group *group;
    struct group_link *next;
};

struct host {
    const char *name;
    size_t index;
    struct scope_list scopes;
    struct group_link *groups; /* that it is in itself, newest first */
};

/* A place in a file. */
struct place {
    uint32_t file;
    const struct json_value *json;
};

/* A child that a group names, and where. */
struct child_mention {
    const char *name;
    struct place place;
    struct child_mention *next;
};

/* A host expression of a group. */
struct group_expression {
    struct place place;
    struct group_expression *next;
};

enum group_state { GROUP_NEW, GROUP_BUSY, GROUP_DONE };

struct group {
    const char *name;
    size_t order; /* of definition; SIZE_MAX where it is only named by a host */
    struct scope_list scopes;
    struct child_mention *mentions; /* of children */
    struct child_mention **mentions_end;
    struct group_expression *expressions;
    struct group_expression **expressions_end;
    struct host **hosts; /* its own; heap */
    size_t host_count;
    size_t host_room;
    /* Made by inventory_link(). */
    struct group **children; /* in order, each once; arena */
    size_t child_count;
    struct group_link *parents;
    size_t rank;            /* parents before children, else in order of definition */
    size_t depth;           /* of what is below it */
    enum group_state state; /* of a walk */
};

struct inventory_file {
    const char *name;
    struct json_document *doc; /* NULL where it could not be parsed */
    const char *folder;        /* to which its paths are relative; NULL: the current one */
    unsigned char digest[SHA256_SIZE];
};

/* Something wrong, to be told with everything else. */
struct problem {
    size_t file;
    size_t offset;
    char *text; /* heap */
};

struct inventory {
    struct arena *arena;
    struct inventory_file *files; /* heap */
    size_t file_count;
    char digest[SHA256_TEXT_SIZE];
    struct name_set host_names; /* same indexes as hosts */
    struct host **hosts;        /* heap, of arena objects */
    size_t host_room;
    struct name_set group_names;
    struct group **groups; /* heap, of arena objects */
    size_t group_room;
    struct group **by_order; /* of definition, the others after them; arena */
    struct group **by_rank;  /* arena */
    size_t defined_count;
    struct scope_list defaults;
    struct problem *problems; /* heap */
    size_t problem_count;
    bool lacks_hosts; /* some could not be read, so that not finding one means nothing */
};

/* Are there so many problems that no more are to be looked for? */
bool inventory_is_hopeless(const struct inventory *inv);

/* Notes a problem at `place`: of its value, or of its key. */
void inventory_problem(struct inventory *inv, const struct place *place, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void inventory_problem_at_key(struct inventory *inv, const struct place *place, const char *fmt,
                              ...) __attribute__((format(printf, 3, 4)));

/* Notes an error whose text already begins with the place; it is empty afterwards. */
void inventory_problem_error(struct inventory *inv, const struct place *place, struct error *error);

/* Finds or makes. The names must live as long as the inventory. */
struct host *inventory_make_host(struct inventory *inv, const char *name);
struct group *inventory_make_group(struct inventory *inv, const char *name);

/* Puts a host into a group, once. */
void group_add_host(struct inventory *inv, struct group *group, struct host *host);

void scope_list_add(struct inventory *inv, struct scope_list *list, const struct scope *scope);

/* Reads muster's own form out of the file with this index. Notes problems. */
void inventory_read_own(struct inventory *inv, uint32_t file);

/* When all files were read: finds children, refuses cycles, evaluates the groups' expressions and
 * ranks the groups. Notes problems. */
void inventory_link(struct inventory *inv);

/* Adds the hosts of the group and below, in the inventory's order. */
void inventory_add_below(const struct inventory *inv, const struct group *group,
                         struct name_set *ret);

#endif
