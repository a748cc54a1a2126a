/* SPDX-License-Identifier: MIT */
/* muster pull: files and folders from every selected host. */
#include <string.h>

#include "base/buf.h"
#include "base/landing.h"
#include "cli/cli.h"
#include "cli/copy.h"
#include "cli/execution.h"
#include "cli/select.h"
#include "model/option.h"
#include "model/plan.h"
#include "model/transfer_path.h"

static const struct example examples[] = {
    { "muster pull -a /var/log/app.log logs/", "Get a file of every host, as logs/HOST/app.log." },
    { "muster pull -g web -r /etc/nginx nginx/", "Get a folder, as nginx/HOST/nginx/..." },
    { "muster pull -a --flat /etc/hostname names/",
      "Get all into one folder: names/hostname.HOST." },
    { "muster pull -a -r --preserve --verify /srv/data backup/",
      "Keep times, and check every file." },
    { "muster pull -a -r --skip-same --preserve /var/log logs/", "Get what has changed since." },
    { NULL, NULL },
};

enum { PATH_MAX_SIZE = 64 * 1024 };

/* The last component of a source, in `out`. */
static void name_of(const char *source, struct buf *out)
{
    buf_init(out, PATH_MAX_SIZE);
    transfer_path_base(out, source);
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
                                    sources[k], sources[i], buf_str(&a));
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

/* Opens DIR. */
static bool open_landing(struct transfer_spec *spec, struct error *reterr)
{
    return spec->is_dry_run ? landing_new_to_look(&spec->landing, spec->destination, reterr)
                            : landing_new(&spec->landing, spec->destination, reterr);
}

/* Selects the hosts and carries the pull out. DIR is opened, or made, only when all else is right.
 */
static int pull(struct invocation *inv, struct transfer_spec *spec)
{
    struct error error = ERROR_INIT;
    struct cli_selection selection;
    const struct job_spec job = { .kind = JOB_PULL, .transfer = spec };
    int status;
    if (!cli_select(&selection, inv, &job, &error) || !open_landing(spec, &error))
        status = cli_fail(inv->command, &error);
    else
        status = execution_run(inv, selection.plan);
    cli_selection_release(&selection);
    return status;
}

static int run(struct invocation *inv)
{
    struct error error = ERROR_INIT;
    struct transfer_spec spec;
    bool is_good = copy_spec_init(&spec, inv, "DIR", &error) && check_sources(spec.sources, &error);
    int status = is_good ? pull(inv, &spec) : cli_fail(inv->command, &error);
    landing_free(spec.landing);
    return status;
}

const struct command cmd_pull = {
    .name = "pull",
    .id = CMD_PULL,
    .operands = "SRC... DIR",
    .summary = "Get files and folders from many hosts, each whole or not at all",
    .examples = examples,
    .is_mixed = true,
    .run = run,
};
