/* SPDX-License-Identifier: MIT */
#include "inventories.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text_source.h"
#include "files.h"

bool inventory_from(struct inventory **ret, struct error *reterr, const char *text, ...)
{
    char *names[8];
    size_t count = 0;
    va_list ap;
    va_start(ap, text);
    for (const char *t = text; t; t = va_arg(ap, const char *)) {
        cr_assert_lt(count, 8);
        names[count] = text_of("%c.json", (char)('a' + count));
        tmp_file(names[count], t);
        count++;
    }
    va_end(ap);
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
    cr_assert(inventory_from(&inv, &err, text, NULL), "%s", error_text(&err));
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
