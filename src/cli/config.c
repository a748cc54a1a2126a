/* SPDX-License-Identifier: MIT */
#include "cli/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/home.h"
#include "base/json_read.h"
#include "base/memory.h"
#include "base/nearest.h"
#include "base/trace.h"
#include "model/options.h"

/* Nobody writes a larger config file. */
#define CONFIG_SIZE_MAX (1 << 20)

const char *config_user_folder(struct arena *arena)
{
    const char *base = getenv("XDG_CONFIG_HOME");
    if (base && base[0] == '/') /* the XDG specification has relative ones ignored */
        return arena_printf(arena, "%s/muster", base);
    char *home = home_folder();
    const char *folder = home ? arena_printf(arena, "%s/.config/muster", home) : NULL;
    free(home);
    return folder;
}

/* Refuses a key that no config file may have. */
static bool refuse_key(const struct layer_file *file, const struct json_value *json,
                       struct error *reterr)
{
    const char *key = json_key(json);
    const struct option_row *row = options_by_key(AT_FLAG | AT_HOST | AT_ENV, key);
    if (row && row->cli_only_reason)
        return json_error(file->doc, json, file->code, reterr, "%s cannot be set in a file: %s",
                          key, row->cli_only_reason);
    struct nearest nearest;
    nearest_init(&nearest, key);
    options_offer_keys(AT_CONFIG, &nearest);
    if (nearest_name(&nearest))
        return json_error(file->doc, json, file->code, reterr,
                          "unknown setting \"%s\"; did you mean \"%s\"?", key,
                          nearest_name(&nearest));
    return json_error(file->doc, json, file->code, reterr, "unknown setting \"%s\"", key);
}

/* Adds one member of the file's object to the layer. */
static bool read_member(struct layer *layer, const struct layer_file *file,
                        const struct json_value *json, struct error *reterr)
{
    if (strcmp(json_key(json), "$schema") == 0)
        return true;
    const struct option_row *row = options_by_key(AT_CONFIG, json_key(json));
    return row ? layer_add_json(layer, row, file, json, reterr) : refuse_key(file, json, reterr);
}

/* Adds all members; collects what is wrong with any, one a line. */
static bool read_members(struct layer *layer, const struct layer_file *file, struct error *reterr)
{
    const struct json_value *root = json_root(file->doc);
    if (json_type(root) != JSON_OBJECT)
        return json_error(file->doc, root, file->code, reterr, "must be an object, not %s",
                          json_type_phrase(json_type(root)));
    struct error one = ERROR_INIT;
    for (const struct json_value *v = json_first(root); v; v = json_next(v)) {
        if (read_member(layer, file, v, &one))
            continue;
        if (error_is_set(reterr)) {
            char *all = xprintf("%s\n%s", error_text(reterr), error_text(&one));
            error_set(reterr, file->code, "%s", all);
            free(all);
            error_release(&one);
        } else {
            error_move(reterr, &one);
        }
    }
    return !error_is_set(reterr);
}

/* Parses the file; true and no document where there is none. */
static bool parse_file(const char *path, struct json_document **ret, struct error *reterr)
{
    struct buf text;
    buf_init(&text, CONFIG_SIZE_MAX);
    int problem = file_read_whole(path, &text);
    bool is_missing = problem == ENOENT || problem == ENOTDIR;
    bool is_fine = is_missing || problem == 0;
    *ret = NULL;
    if (!is_fine) {
        error_set(reterr, ERR_CONFIG, "%s: %s", path, strerror(problem));
    } else if (!is_missing) {
        trace_note("reading %s", path);
        is_fine = json_read(ret, path, buf_str(&text), text.size, ERR_CONFIG, reterr);
    }
    buf_release(&text);
    return is_fine;
}

bool config_read(struct layer *layer, const char *folder, enum source_kind kind,
                 struct json_document **ret_doc, struct error *reterr)
{
    const char *path = arena_printf(layer->arena, "%s/config.json", folder);
    struct layer_file file = { .folder = folder, .kind = kind, .code = ERR_CONFIG };
    struct json_document *doc = NULL;
    *ret_doc = NULL;
    if (!parse_file(path, &doc, reterr))
        return false;
    file.doc = doc;
    if (doc && !read_members(layer, &file, reterr)) {
        json_document_free(doc);
        return false;
    }
    *ret_doc = doc;
    return true;
}

static const char variable_prefix[] = "MUSTER_";
#define PREFIX_SIZE (sizeof variable_prefix - 1)

/* Says that a variable is not known, for those who mistyped one. */
static void note_unknown(const char *name)
{
    struct nearest nearest;
    nearest_init(&nearest, name + PREFIX_SIZE);
    options_offer_keys(AT_ENV, &nearest);
    const char *key = nearest_name(&nearest);
    if (!key) {
        trace_note("unknown variable %s is ignored", name);
        return;
    }
    char variable[OPTION_NAME_SIZE];
    option_variable(options_by_key(AT_ENV, key), variable);
    trace_note("unknown variable %s is ignored; did you mean %s?", name, variable);
}

bool config_read_environment(struct layer *layer, char *const *environment, struct error *reterr)
{
    for (; *environment; environment++) {
        const char *entry = *environment;
        const char *equals = strchr(entry, '=');
        if (strncmp(entry, variable_prefix, PREFIX_SIZE) != 0 || !equals || !equals[1])
            continue;
        char *name = arena_strndup(layer->arena, entry, (size_t)(equals - entry));
        const struct option_row *row = options_by_variable(name);
        struct source source = { .kind = SOURCE_ENVIRONMENT, .text = name };
        if (!row)
            note_unknown(name);
        else if (!layer_add_text(layer, row, equals + 1, &source, reterr))
            return false;
    }
    return true;
}
