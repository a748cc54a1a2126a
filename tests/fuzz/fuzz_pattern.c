/* SPDX-License-Identifier: MIT */
/* Any text as a host expression; what it stands for is folded, and must stand for it still. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/memory.h"
#include "model/fold.h"
#include "model/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NAMES_MAX = 3000 };

/* Three hosts in every group and for every glob. */
static bool find_any(void *arg, const char *name, struct name_set *ret, struct error *err)
{
    (void)arg;
    (void)name;
    (void)err;
    name_set_add(ret, "web1", NULL);
    name_set_add(ret, "web2", NULL);
    name_set_add(ret, "db", NULL);
    return true;
}

static bool read_any(void *arg, const char *file, struct buf *ret, struct error *err)
{
    if (file[0] == 'n')
        return error_set(err, ERR_FILE, "%s: no such file", file);
    return buf_add_str(ret, arg);
}

/* Folds the names and evaluates the result. */
static void check_fold(const struct name_set *names, const struct pattern_source *source,
                       struct arena *arena)
{
    struct buf folded;
    struct name_set again;
    struct error err = ERROR_INIT;
    buf_init(&folded, 16 << 20);
    name_set_init(&again);
    fold_names(names->items, names->count, &folded);
    if (!pattern_eval(buf_str(&folded), source, arena, &again, &err))
        abort();
    name_set_differ(&again, names);
    if (again.count != 0)
        abort();
    name_set_release(&again);
    buf_release(&folded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = xstrndup((const char *)data, size);
    /* What follows a form feed is the content of every file. */
    char *file = strchr(text, '\f');
    if (file)
        *file++ = '\0';
    struct pattern_source source = {
        .arg = file ? file : text, .group = find_any, .glob = find_any, .read = read_any
    };
    struct arena *arena = arena_new();
    struct name_set names;
    struct error err = ERROR_INIT;
    name_set_init(&names);
    bool good = pattern_eval(text, &source, arena, &names, &err);
    if (good == error_is_set(&err))
        abort();
    if (good && names.count > 0 && names.count <= NAMES_MAX)
        check_fold(&names, &source, arena);
    error_release(&err);
    name_set_release(&names);
    arena_free(arena);
    free(text);
    return 0;
}
