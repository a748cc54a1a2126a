/* SPDX-License-Identifier: MIT */
#include "base/text_source.h"

#include <string.h>

#include "base/file.h"

const char *text_source_name(const char *file)
{
    return strcmp(file, "-") == 0 ? "standard input" : file;
}

bool text_source_read(struct text_source *s, const char *file, const char *who, struct buf *ret,
                      struct error *reterr)
{
    bool is_stdin = strcmp(file, "-") == 0;
    if (is_stdin && s->taken_by)
        return error_set(reterr, ERR_USAGE,
                         "%s and %s both read standard input, which can be read only once",
                         s->taken_by, who);
    if (is_stdin)
        s->taken_by = who;
    int problem = is_stdin ? file_read_rest(s->fd, ret) : file_read_whole(file, ret);
    if (problem)
        return error_set(reterr, ERR_FILE, "%s: %s", text_source_name(file), strerror(problem));
    return true;
}
