/* SPDX-License-Identifier: MIT */
#include "mask.h"

#include <criterion/criterion.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "files.h"

enum { TEXT_MAX = 1 << 24 };

/* One mask over the text; heap. */
static char *apply(const char *text, const struct mask *mask)
{
    regex_t regex;
    regmatch_t match;
    struct buf out;
    int flags = 0;
    buf_init(&out, TEXT_MAX);
    cr_assert_eq(regcomp(&regex, mask->pattern, REG_EXTENDED | REG_NEWLINE), 0, "%s",
                 mask->pattern);
    while (regexec(&regex, text, 1, &match, flags) == 0 && match.rm_eo > 0) {
        buf_add(&out, text, (size_t)match.rm_so);
        buf_add_str(&out, mask->with);
        text += match.rm_eo;
        flags = REG_NOTBOL;
    }
    buf_add_str(&out, text);
    regfree(&regex);
    cr_assert(!out.failed);
    return buf_detach(&out);
}

char *mask_text(const char *text, const struct mask *masks)
{
    char *masked = strdup(text);
    for (; masks->pattern; masks++) {
        char *next = apply(masked, masks);
        free(masked);
        masked = next;
    }
    return masked;
}

/* Masks one stream in place. */
static void mask_stream(char **text, size_t *size, const struct mask *masks)
{
    char *masked = mask_text(*text, masks);
    free(*text);
    *text = masked;
    *size = strlen(masked);
}

void mask_result(struct proc_result *r)
{
    static const struct mask masks[] = {
        { "/tmp/muster-fleet\\.[A-Za-z0-9]+", "FLEET" },
        { "/tmp/(muster-tests\\.[A-Za-z0-9]+/)?muster-test\\.[A-Za-z0-9]+", "TMP" },
        { "target\\.[A-Za-z0-9]{6}", "TARGET" },
        { "SHA256:[A-Za-z0-9+/]{43}", "SHA256:KEY" },
        { ":[23][0-9]{4}", ":PORT" },
        { "[0-9]+\\.[0-9]+s", "#s" },
        { "[0-9]+ ms", "# ms" },
        { "\\[[23][0-9]{4}\\]", "[PORT]" },
        { " [0-9]+\\.[0-9]+\\.[0-9]+$", " #.#.#" },
        { NULL, NULL },
    };
    mask_stream(&r->out, &r->out_size, masks);
    mask_stream(&r->err, &r->err_size, masks);
}
