/* SPDX-License-Identifier: MIT */
/* `muster list --json` and --explain: hosts, setting by setting. */
#include <stdlib.h>
#include <string.h>

#include "base/json_copy.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "cli/list.h"
#include "model/options.h"
#include "model/overlay.h"

enum { INDENT = 2, TEXT_MAX = 1 << 20 };

/* The key of a setting in --json: that of the option table, or one that says more. */
static const char *setting_key(const struct option_row *row, char room[static OPTION_NAME_SIZE])
{
    static const char *const long_names[][2] = {
        { "key", "identity_files" },
        { "known-hosts", "known_hosts_files" },
    };
    for (size_t i = 0; i < sizeof long_names / sizeof *long_names; i++) {
        if (strcmp(row->name, long_names[i][0]) == 0)
            return long_names[i][1];
    }
    option_key(row, room);
    return room;
}

/* Writes a list of texts that is ended by NULL. */
static void write_texts(struct json_writer *w, const char *key, const char *const *texts)
{
    json_add_key(w, key);
    json_begin_array(w);
    for (; *texts; texts++)
        json_add_string(w, *texts);
    json_end_array(w);
}

static void write_variables(struct json_writer *w, const struct plan *plan,
                            const struct target *target)
{
    const struct variable *variables;
    size_t count = plan_variables(plan, target, &variables);
    json_add_key(w, "vars");
    json_begin_object(w);
    for (size_t i = 0; i < count; i++) {
        json_add_key(w, variables[i].name);
        json_copy(w, variables[i].value);
    }
    json_end_object(w);
}

/* Writes every setting that may differ from host to host. */
static void write_settings(struct json_writer *w, const struct settings *settings)
{
    json_add_key(w, "settings");
    json_begin_object(w);
    for (size_t i = 0; i < option_count; i++) {
        const struct option_row *row = &options[i];
        char room[OPTION_NAME_SIZE];
        if (!(row->at & AT_HOST))
            continue;
        json_add_key(w, setting_key(row, room));
        value_write_json(row->type, option_value(row, settings), w);
    }
    json_end_object(w);
}

static void write_host(struct json_writer *w, const struct plan *plan, const struct target *target)
{
    const struct host_info *host = &target->info;
    json_begin_object(w);
    json_add_key(w, "name");
    json_add_string(w, host->name);
    json_add_key(w, "address");
    json_add_string(w, host->address);
    json_add_key(w, "port");
    json_add_uint(w, host->port);
    json_add_key(w, "user");
    json_add_string(w, host->user);
    write_texts(w, "groups", host->groups);
    write_variables(w, plan, target);
    write_texts(w, "via", host->via);
    write_settings(w, target->settings);
    json_end_object(w);
}

void list_json(const struct plan *plan, struct page *out)
{
    struct json_writer w;
    json_writer_init(&w, &out->text, INDENT);
    json_begin_object(&w);
    json_add_key(&w, "hosts");
    json_begin_array(&w);
    for (size_t i = 0; i < plan->target_count; i++) {
        write_host(&w, plan, plan->targets[i]);
        page_turn(out);
    }
    json_end_array(&w);
    json_end_object(&w);
    buf_add_char(&out->text, '\n');
}

/* One line of --explain: a name, a value, and where it comes from. */
static void explain_line(struct buf *out, const char *name, const char *value, const char *where)
{
    buf_addf(out, "  %-16s  %-24s  %s\n", name, *value ? value : "(none)", where);
}

static void explain_setting(struct buf *out, const struct target *target,
                            const struct option_row *row)
{
    struct source source = settings_source(target->settings, row);
    char *where = source_where(&source);
    char name[OPTION_NAME_SIZE];
    struct buf value;
    buf_init(&value, TEXT_MAX);
    option_key(row, name);
    value_print(row->type, option_value(row, target->settings), &value);
    explain_line(out, name, buf_str(&value), where);
    buf_release(&value);
    free(where);
}

static void explain_variable(struct buf *out, const struct variable *variable)
{
    struct json_writer w;
    struct buf value, name;
    buf_init(&value, TEXT_MAX);
    buf_init(&name, TEXT_MAX);
    json_writer_init(&w, &value, 0);
    json_copy(&w, variable->value);
    buf_addf(&name, "vars.%s", variable->name);
    char *where = json_where(variable->doc, variable->value);
    explain_line(out, buf_str(&name), buf_str(&value), where);
    free(where);
    buf_release(&name);
    buf_release(&value);
}

static void explain_host(struct buf *out, const struct plan *plan, const struct target *target)
{
    const struct host_info *host = &target->info;
    buf_addf(out, "%s\n", host->name);
    struct buf groups;
    buf_init(&groups, TEXT_MAX);
    for (const char *const *g = host->groups; *g; g++)
        buf_addf(&groups, "%s%s", g == host->groups ? "" : ",", *g);
    explain_line(out, "groups", buf_str(&groups), "inventory");
    buf_release(&groups);
    for (size_t i = 0; i < option_count; i++) {
        if (options[i].at & AT_HOST)
            explain_setting(out, target, &options[i]);
    }
    const struct variable *variables;
    size_t count = plan_variables(plan, target, &variables);
    for (size_t i = 0; i < count; i++)
        explain_variable(out, &variables[i]);
}

void list_explain(const struct plan *plan, struct page *out)
{
    for (size_t i = 0; i < plan->target_count; i++) {
        explain_host(&out->text, plan, plan->targets[i]);
        page_turn(out);
    }
}
