/* SPDX-License-Identifier: MIT */
/* The JSON schema of inventories: what inventory_own.c reads, with the rows of the option table. */
#include "base/json_write.h"
#include "cli/list.h"
#include "model/options.h"

enum { INDENT = 2 };

/* Where settings stand, and which keys beside them, each with the definition it follows. */
struct scope_form {
    const char *name;
    bool may_be_null;
    const char *keys[4][2];
};

static const struct scope_form scope_forms[] = {
    { "defaults", false, { { "vars", "vars" } } },
    { "host", true, { { "groups", "names" }, { "vars", "vars" } } },
    { "group", true, { { "children", "children" }, { "hosts", "members" }, { "vars", "vars" } } },
};

static void add_text(struct json_writer *w, const char *key, const char *text)
{
    json_add_key(w, key);
    json_add_string(w, text);
}

/* Writes "key": {"$ref": "#/$defs/DEFINITION"}. */
static void add_reference(struct json_writer *w, const char *key, const char *definition)
{
    struct buf pointer;
    buf_init(&pointer, 1000);
    buf_addf(&pointer, "#/$defs/%s", definition);
    if (key)
        json_add_key(w, key);
    json_begin_object(w);
    add_text(w, "$ref", buf_str(&pointer));
    json_end_object(w);
    buf_release(&pointer);
}

/* Writes "type": of one or two names. */
static void add_type(struct json_writer *w, const char *first, const char *second)
{
    json_add_key(w, "type");
    if (second)
        json_begin_array(w);
    json_add_string(w, first);
    if (!second)
        return;
    json_add_string(w, second);
    json_end_array(w);
}

static void add_number(struct json_writer *w, const char *key, uint64_t n)
{
    json_add_key(w, key);
    json_add_uint(w, n);
}

/* Begins a definition: "NAME": { "description": ... */
static void begin(struct json_writer *w, const char *name, const char *description)
{
    json_add_key(w, name);
    json_begin_object(w);
    add_text(w, "description", description);
}

/* Writes what a value of the row may be. */
static void add_form(struct json_writer *w, const struct option_row *row)
{
    switch (row->type->kind) {
    case VALUE_FLAG:
        add_type(w, "boolean", NULL);
        break;
    case VALUE_COUNT:
        add_type(w, "integer", NULL);
        add_number(w, "minimum", row->min);
        add_number(w, "maximum", row->max ? row->max : UINT32_MAX);
        break;
    case VALUE_DURATION:
        add_type(w, "number", "string");
        add_number(w, "minimum", 0);
        add_text(w, "pattern", "^(none|[0-9.]+([0-9.]|d|h|m|s|ms|us)*)$");
        break;
    case VALUE_BYTES:
        add_type(w, "integer", "string");
        add_number(w, "minimum", 0);
        add_text(w, "pattern", "^[0-9]+([KMGTkmgt](iB)?)?$");
        break;
    case VALUE_TEXT:
    case VALUE_PATH:
        add_type(w, "string", NULL);
        add_number(w, "minLength", 1);
        break;
    case VALUE_CHOICE:
        json_add_key(w, "enum");
        json_begin_array(w);
        for (const char *const *word = row->type->words; *word; word++)
            json_add_string(w, *word);
        json_end_array(w);
        break;
    case VALUE_TEXT_LIST:
    case VALUE_PATH_LIST:
        add_type(w, "string", "array");
        add_number(w, "minLength", 1);
        add_number(w, "minItems", 1);
        json_add_key(w, "items");
        json_begin_object(w);
        add_type(w, "string", NULL);
        add_number(w, "minLength", 1);
        json_end_object(w);
        break;
    }
}

/* Defines every option of the table that may stand in an inventory. */
static void define_options(struct json_writer *w)
{
    for (size_t i = 0; i < option_count; i++) {
        char key[OPTION_NAME_SIZE];
        if (!(options[i].at & AT_HOST))
            continue;
        option_key(&options[i], key);
        begin(w, key, options[i].help);
        add_form(w, &options[i]);
        json_end_object(w);
    }
}

/* Defines an object with settings and nothing that is unknown. */
static void define_scope(struct json_writer *w, const struct scope_form *form)
{
    json_add_key(w, form->name);
    json_begin_object(w);
    add_type(w, "object", form->may_be_null ? "null" : NULL);
    json_add_key(w, "additionalProperties");
    json_add_bool(w, false);
    json_add_key(w, "properties");
    json_begin_object(w);
    for (size_t i = 0; i < 4 && form->keys[i][0]; i++)
        add_reference(w, form->keys[i][0], form->keys[i][1]);
    for (size_t i = 0; i < option_count; i++) {
        char key[OPTION_NAME_SIZE];
        if (!(options[i].at & AT_HOST))
            continue;
        option_key(&options[i], key);
        add_reference(w, key, key);
    }
    json_end_object(w);
    json_end_object(w);
}

/* Defines an object whose members, under any name, follow `member`, or strings as `strings` says:
 * an array of them, or also a single one, or none (NULL). */
static void define_members(struct json_writer *w, const char *name, const char *description,
                           const char *member, const char *strings)
{
    begin(w, name, description);
    json_add_key(w, "anyOf");
    json_begin_array(w);
    json_begin_object(w);
    add_type(w, "object", NULL);
    if (member)
        add_reference(w, "additionalProperties", member);
    json_end_object(w);
    if (strings)
        add_reference(w, NULL, strings);
    json_end_array(w);
    json_end_object(w);
}

/* Defines a string, or an array of strings. */
static void define_strings(struct json_writer *w, const char *name, const char *description,
                           bool may_be_one)
{
    begin(w, name, description);
    add_type(w, "array", may_be_one ? "string" : NULL);
    json_add_key(w, "items");
    json_begin_object(w);
    add_type(w, "string", NULL);
    json_end_object(w);
    json_end_object(w);
}

static void define_all(struct json_writer *w)
{
    define_strings(w, "names", "Names, or one of them.", true);
    define_strings(w, "list", "Host names, with ranges.", false);
    define_members(w, "vars", "Variables, with any values.", NULL, NULL);
    define_members(w, "hosts", "Hosts by name or range: web[01-12].", "host", "list");
    define_members(w, "members", "Host expressions, or hosts to define.", "host", "names");
    define_members(w, "groups", "Groups by name.", "group", NULL);
    define_members(w, "children", "Names of groups, or groups to define.", "group", "names");
    for (size_t i = 0; i < sizeof scope_forms / sizeof *scope_forms; i++)
        define_scope(w, &scope_forms[i]);
    define_options(w);
}

/* Writes what stands at the top of an inventory. */
static void add_top(struct json_writer *w)
{
    static const char *const sections[] = { "defaults", "vars", "hosts", "groups" };
    add_type(w, "object", NULL);
    json_add_key(w, "additionalProperties");
    json_add_bool(w, false);
    json_add_key(w, "properties");
    json_begin_object(w);
    json_add_key(w, "$schema");
    json_begin_object(w);
    add_type(w, "string", NULL);
    json_end_object(w);
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        add_reference(w, sections[i], sections[i]);
    json_end_object(w);
}

void list_schema(struct page *out)
{
    struct json_writer w;
    json_writer_init(&w, &out->text, INDENT);
    json_begin_object(&w);
    add_text(&w, "$schema", "https://json-schema.org/draft/2020-12/schema");
    add_text(&w, "$id", "urn:muster:inventory:1");
    add_text(&w, "title", "muster inventory");
    add_text(&w, "description",
             "Hosts, groups and their settings; see muster-inventory(5). muster also takes // and "
             "/* */ comments and one trailing comma.");
    add_top(&w);
    json_add_key(&w, "$defs");
    json_begin_object(&w);
    define_all(&w);
    json_end_object(&w);
    json_end_object(&w);
    buf_add_char(&out->text, '\n');
}
