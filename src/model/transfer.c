/* SPDX-License-Identifier: MIT */
#include "model/transfer.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/landing.h"
#include "base/source_tree.h"
#include "model/settings.h"
#include "model/template.h"
#include "model/transfer_path.h"

enum { PATH_MAX_SIZE = 64 * 1024 };

/* --- Options ---------------------------------------------------------------------------------- */

/* What the options say, as far as they need no reading. */
static struct transfer_spec spec_of(const struct settings *s)
{
    return (struct transfer_spec){
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

/* Is all there that every transfer needs? */
static bool check_operands(const struct transfer_spec *spec, enum job_kind kind,
                           struct error *reterr)
{
    bool has_sources = spec->sources && spec->sources[0];
    if (!has_sources || !spec->destination)
        return error_set(reterr, ERR_USAGE, "%s",
                         !has_sources && !spec->destination
                             ? "nothing to copy is named"
                             : "what to copy and where to are both needed");
    if (spec->deletes && !spec->is_recursive)
        return error_set(reterr, ERR_USAGE, "--delete is for folders: it needs -r");
    if (!*spec->destination)
        return error_set(reterr, ERR_USAGE, "%s is empty", kind == JOB_PUSH ? "DEST" : "DIR");
    return true;
}

/* --- Sources of a push ------------------------------------------------------------------------ */

/* Lists what is to be sent. */
static bool list_sources(struct transfer_spec *spec, struct error *reterr)
{
    struct source_args args = {
        .sources = spec->sources,
        .is_recursive = spec->is_recursive,
        .wants_digests = spec->verifies || spec->resumes || spec->skips_same,
    };
    while (spec->sources[args.count])
        args.count++;
    return template_check("DEST", spec->destination, reterr) &&
           source_tree_new(&spec->tree, &args, reterr);
}

/* --- Sources of a pull ------------------------------------------------------------------------ */

void transfer_pull_name(struct buf *out, const char *source)
{
    struct error error = ERROR_INIT;
    struct buf path;
    size_t before = out->size;
    buf_init(&path, PATH_MAX_SIZE);
    if (transfer_path_from_user(source, &path, &error))
        transfer_path_base(out, buf_str(&path));
    error_release(&error);
    buf_release(&path);
    if (landing_name_problem(buf_str(out) + before, out->size - before))
        buf_truncate(out, before);
}

/* The name of a source, in `out`. */
static void name_of(const char *source, struct buf *out)
{
    buf_init(out, PATH_MAX_SIZE);
    transfer_pull_name(out, source);
}

/* Would two sources be written to the same place? */
static bool check_names(const char *const *sources, struct error *reterr)
{
    bool is_good = true;
    for (size_t i = 0; sources[i] && is_good; i++) {
        struct buf a;
        name_of(sources[i], &a);
        for (size_t k = 0; k < i && is_good; k++) {
            struct buf b;
            name_of(sources[k], &b);
            if (strcmp(buf_str(&a), buf_str(&b)) == 0)
                is_good = error_set(reterr, ERR_USAGE, "%s and %s would both be written as %s",
                                    sources[k], sources[i],
                                    a.size ? buf_str(&a) : "the folder of the host");
            buf_release(&b);
        }
        buf_release(&a);
    }
    return is_good;
}

/* Can each source be used as it was typed? */
static bool check_sources(const char *const *sources, struct error *reterr)
{
    for (size_t i = 0; sources[i]; i++) {
        struct buf path;
        buf_init(&path, PATH_MAX_SIZE);
        bool is_good = transfer_path_from_user(sources[i], &path, reterr);
        if (is_good && path.failed)
            is_good = error_set(reterr, ERR_USAGE, "SRC is too long");
        buf_release(&path);
        if (!is_good)
            return false;
    }
    return check_names(sources, reterr);
}

/* --- Hosts ------------------------------------------------------------------------------------ */

/* The path of DEST on one host, as it will be used. */
static bool check_destination(const char *destination, const struct plan *plan,
                              const struct target *target, struct error *reterr)
{
    struct buf typed, path;
    buf_init(&typed, PATH_MAX_SIZE);
    buf_init(&path, PATH_MAX_SIZE);
    bool is_good = template_expand(destination, true, plan, target, &typed, reterr) &&
                   transfer_path_from_user(buf_str(&typed), &path, reterr);
    if (is_good && (typed.failed || path.failed))
        is_good = error_set(reterr, ERR_USAGE, "DEST is too long");
    buf_release(&typed);
    buf_release(&path);
    return is_good;
}

/* The same for every host. */
static bool check_destinations(const char *destination, const struct plan *plan,
                               struct error *reterr)
{
    for (size_t i = 0; i < plan->target_count; i++) {
        if (!check_destination(destination, plan, plan->targets[i], reterr))
            return false;
    }
    return true;
}

/* --- A spec's life ---------------------------------------------------------------------------- */

bool transfer_spec_init(struct transfer_spec *spec, const struct transfer_request *request,
                        struct error *reterr)
{
    *spec = spec_of(request->settings);
    spec->sources = request->sources;
    spec->destination = request->destination;
    if (!check_operands(spec, request->kind, reterr) ||
        !read_mode(spec, request->settings->mode.s, reterr))
        return false;
    return request->kind == JOB_PUSH ? list_sources(spec, reterr)
                                     : check_sources(spec->sources, reterr);
}

bool transfer_spec_fit(struct transfer_spec *spec, const struct plan *plan, struct error *reterr)
{
    if (plan->job.kind == JOB_PUSH)
        return check_destinations(spec->destination, plan, reterr);
    return spec->is_dry_run ? landing_new_to_look(&spec->landing, spec->destination, reterr)
                            : landing_new(&spec->landing, spec->destination, reterr);
}

void transfer_spec_release(struct transfer_spec *spec)
{
    source_tree_free(spec->tree);
    landing_free(spec->landing);
    *spec = (struct transfer_spec){ .tree = NULL };
}
