/* SPDX-License-Identifier: MIT */
/*
 * Which inventory is read where none was named: the first that exists of
 *
 *      ./muster.json                     owned by this user or root, in a folder of theirs, and no
 *                                        one else can write to either: it can name programs
 *      USER_FOLDER/inventory.json
 *      /etc/muster/inventory.json
 */
#ifndef MUSTER_MODEL_INVENTORY_SEARCH_H
#define MUSTER_MODEL_INVENTORY_SEARCH_H

struct arena;

struct inventory_search {
    const char *user_folder;   /* "/home/me/.config/muster", or NULL */
    const char *system_folder; /* "/etc/muster" */
};

/* The file, or NULL. Sets `ret_why` to what is to be said where no inventory is found: that
 * ./muster.json is there, and why it is not trusted; else to NULL. Texts are in `arena`. */
const char *inventory_find_file(const struct inventory_search *search, struct arena *arena,
                                const char **ret_why);

#endif
