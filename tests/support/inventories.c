/* SPDX-License-Identifier: MIT */
#include "inventories.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text_source.h"
#include "files.h"

bool inventory_from(struct inventory **ret, struct error *reterr, const char *a, const char *b,
                    const char *c)
{
    static const char *const file_names[] = { "a.json", "b.json", "c.json" };
    const char *const texts[] = { a, b, c };
    char *names[3];
    size_t count = 0;
    for (; count < 3 && texts[count]; count++) {
        names[count] = (char *)file_names[count];
        tmp_file(names[count], texts[count]);
    }
    char *folder = getcwd(NULL, 0);
    struct text_source source = TEXT_SOURCE_STDIN;
    struct path_list files = { names, count };
    cr_assert_eq(chdir(tmp_dir()), 0);
    bool good = inventory_load(ret, &files, &source, reterr);
    cr_assert_eq(chdir(folder), 0);
    free(folder);
    return good;
}

struct inventory *inventory_good(const char *text)
{
    struct inventory *inv = NULL;
    struct error err = ERROR_INIT;
    cr_assert(inventory_from(&inv, &err, text, NULL, NULL), "%s", error_text(&err));
    return inv;
}

char *names_joined(const struct name_set *names)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    for (size_t i = 0; i < names->count; i++)
        buf_addf(&b, "%s%s", i ? " " : "", names->items[i]);
    return buf_detach(&b);
}
