/* SPDX-License-Identifier: MIT */
#include "model/inventory_search.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/trace.h"

#define LOCAL_FILE "muster.json"

/* Is `gid` the group that exists for this user alone, as many systems have it (umask 002)? */
static bool is_private_group(gid_t gid)
{
    const struct passwd *user = getpwuid(geteuid());
    if (!user || user->pw_gid != gid)
        return false;
    const char *name = user->pw_name;
    const struct group *group = getgrgid(gid);
    if (!group || strcmp(group->gr_name, name) != 0)
        return false;
    for (char *const *member = group->gr_mem; *member; member++) {
        if (strcmp(*member, name) != 0)
            return false;
    }
    return true;
}

/* Why somebody else could have written what `st` describes; NULL where nobody could. */
static const char *distrust(const struct stat *st)
{
    if (st->st_uid != geteuid() && st->st_uid != 0)
        return "belongs to somebody else";
    if (st->st_mode & S_IWOTH)
        return "can be written by everybody";
    if ((st->st_mode & S_IWGRP) && st->st_gid != 0 && !is_private_group(st->st_gid))
        return "can be written by its group";
    return NULL;
}

/* Is there a file in the current folder that may be used? */
static bool has_local_file(struct arena *arena, const char **ret_why)
{
    struct stat file, folder;
    if (stat(LOCAL_FILE, &file) != 0 || !S_ISREG(file.st_mode) || stat(".", &folder) != 0)
        return false;
    const char *of_file = distrust(&file), *of_folder = distrust(&folder);
    if (!of_file && !of_folder)
        return true;
    *ret_why = arena_printf(arena, "./%s is not used because %s %s", LOCAL_FILE,
                            of_file ? "it" : "its folder", of_file ? of_file : of_folder);
    trace_note("%s", *ret_why);
    return false;
}

const char *inventory_find_file(const struct inventory_search *search, struct arena *arena,
                                const char **ret_why)
{
    *ret_why = NULL;
    if (has_local_file(arena, ret_why))
        return LOCAL_FILE;
    const char *const folders[] = { search->user_folder, search->system_folder };
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        if (!folders[i])
            continue;
        const char *file = arena_printf(arena, "%s/inventory.json", folders[i]);
        if (access(file, F_OK) == 0 || errno == EACCES)
            return file;
    }
    return NULL;
}
