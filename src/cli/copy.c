/* SPDX-License-Identifier: MIT */
#include "cli/copy.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/source_tree.h"

/* The operands but the last, ended by NULL. */
static const char *const *sources_of(const struct invocation *inv)
{
    size_t count = inv->operand_count - 1;
    const char **sources = arena_calloc(inv->arena, count + 1, sizeof *sources);
    for (size_t i = 0; i < count; i++)
        sources[i] = inv->operands[i];
    return sources;
}

/* --mode. */
static bool read_mode(struct transfer_spec *spec, const char *text, struct error *reterr)
{
    if (!text)
        return true;
    char *end = NULL;
    unsigned long mode = strtoul(text, &end, 8);
    if (*text < '0' || *text > '7' || *end || mode > 07777)
        return error_set(reterr, ERR_USAGE, "--mode %s: is no octal mode such as 0644", text);
    spec->has_mode = true;
    spec->mode = (mode_t)mode;
    return true;
}

bool copy_spec_init(struct transfer_spec *spec, struct invocation *inv, const char *target,
                    struct error *reterr)
{
    const struct settings *s = &inv->settings;
    *spec = (struct transfer_spec){
        .is_recursive = s->recursive,
        .makes_folders = s->mkdir,
        .preserves = s->preserve,
        .verifies = s->verify,
        .skips_same = s->skip_same,
        .resumes = s->resume,
        .deletes = s->remove_extra,
        .is_flat = s->flat,
        .as_user = s->sudo.s,
        .is_dry_run = s->dry_run,
        .max_entries = s->max_files.n,
        .max_bytes = s->max_size.n,
    };
    if (inv->operand_count < 2)
        return error_set(reterr, ERR_USAGE, "%s",
                         inv->operand_count == 0 ? "nothing to copy is named"
                                                 : "what to copy and where to are both needed");
    if (spec->deletes && !spec->is_recursive)
        return error_set(reterr, ERR_USAGE, "--delete is for folders: it needs -r");
    spec->sources = sources_of(inv);
    spec->destination = inv->operands[inv->operand_count - 1];
    if (!*spec->destination)
        return error_set(reterr, ERR_USAGE, "%s is empty", target);
    return read_mode(spec, s->mode.s, reterr);
}

void copy_note_skipped(const struct source_tree *tree)
{
    enum { SHOWN_MAX = 5 };
    size_t count = source_tree_skipped_count(tree);
    for (size_t i = 0; i < count && i < SHOWN_MAX; i++)
        fprintf(stderr, "muster: warning: %s is no file, folder or link and is left out\n",
                source_tree_skipped(tree, i));
    if (count > SHOWN_MAX)
        fprintf(stderr, "muster: warning: and %zu more\n", count - SHOWN_MAX);
}
