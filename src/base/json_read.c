/* SPDX-License-Identifier: MIT */
#include "base/json_read.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/buf.h"
#include "base/json_scan.h"
#include "base/memory.h"
#include "base/utf8.h"

enum {
    SMALL_OBJECT = 8, /* members up to which every pair is compared */
    POINTER_MAX = 4096,
};

/*
 * cJSON's nodes know no place. Their `valueint`, which nothing else reads here, holds the offset of
 * the value in `text`: the scanner notes the offsets in document order, and walking the tree in the
 * same order hands them out.
 */
struct json_document {
    char *name;
    char *text; /* comments blanked */
    size_t size;
    cJSON *root;
};

/* A key of a large object, while duplicates are looked for. */
struct seen_key {
    const cJSON *node;
    UT_hash_handle hh;
};

static const cJSON *node_of(const struct json_value *v)
{
    return (const cJSON *)(const void *)v;
}

static const struct json_value *value_of(const cJSON *node)
{
    return (const struct json_value *)(const void *)node;
}

/* Gives the nodes below and including `node` their offsets; `next` walks the scanner's list. */
static void store_offsets(cJSON *node, const uint32_t **next)
{
    node->valueint = (int)*(*next)++;
    for (cJSON *child = node->child; child; child = child->next)
        store_offsets(child, next);
}

/* The second of two members with one key among the few of `object`, or NULL. */
static const cJSON *find_duplicate_small(const cJSON *object)
{
    for (const cJSON *a = object->child; a; a = a->next) {
        for (const cJSON *b = object->child; b != a; b = b->next) {
            if (strcmp(a->string, b->string) == 0)
                return a;
        }
    }
    return NULL;
}

/* As find_duplicate_small() for `count` members. */
static const cJSON *find_duplicate_large(const cJSON *object, size_t count)
{
    struct seen_key *keys = xcalloc(count, sizeof *keys);
    struct seen_key *table = NULL, *free_key = keys, *found = NULL;
    for (const cJSON *a = object->child; a && !found; a = a->next) {
        HASH_FIND_STR(table, a->string, found);
        if (found) {
            found->node = a;
        } else {
            free_key->node = a;
            HASH_ADD_KEYPTR(hh, table, a->string, strlen(a->string), free_key);
            free_key++;
        }
    }
    const cJSON *duplicate = found ? found->node : NULL;
    HASH_CLEAR(hh, table);
    free(keys);
    return duplicate;
}

/* The second of two members of `object` that have one key, or NULL. */
static const cJSON *find_duplicate(const cJSON *object)
{
    size_t count = 0;
    for (const cJSON *child = object->child; child; child = child->next)
        count++;
    return count <= SMALL_OBJECT ? find_duplicate_small(object)
                                 : find_duplicate_large(object, count);
}

/* Checks what the grammar does not say: keys are unique, numbers finite. */
static bool check_tree(const struct json_document *doc, const cJSON *node, enum error_code code,
                       struct error *err)
{
    if (cJSON_IsNumber(node) && !isfinite(node->valuedouble))
        return json_error(doc, value_of(node), code, err, "the number is too large");
    const cJSON *duplicate = cJSON_IsObject(node) ? find_duplicate(node) : NULL;
    if (duplicate) {
        char *where = json_where_key(doc, value_of(duplicate));
        error_set(err, code, "%s: the key is there twice", where);
        free(where);
        return false;
    }
    for (const cJSON *child = node->child; child; child = child->next) {
        if (!check_tree(doc, child, code, err))
            return false;
    }
    return true;
}

/* Builds the tree of a scanned text. */
static bool parse(struct json_document *doc, const struct json_offsets *offsets,
                  enum error_code code, struct error *err)
{
    doc->root = cJSON_ParseWithOpts(doc->text + json_bom_size(doc->text, doc->size), NULL, 1);
    if (!doc->root)
        return error_set(err, code, "%s: out of memory while reading", doc->name);
    const uint32_t *next = offsets->items;
    store_offsets(doc->root, &next);
    return check_tree(doc, doc->root, code, err);
}

bool json_read(struct json_document **ret, const char *name, const char *text, size_t size,
               enum error_code code, struct error *reterr)
{
    struct json_document *doc = xcalloc(1, sizeof *doc);
    doc->name = xstrdup(name);
    doc->text = xstrndup(text, size);
    doc->size = size;
    struct json_text scanned = { doc->text, size, name, code };
    struct json_offsets offsets = { 0 };
    bool good = json_scan(&scanned, &offsets, reterr) && parse(doc, &offsets, code, reterr);
    free(offsets.items);
    if (good)
        *ret = doc;
    else
        json_document_free(doc);
    return good;
}

void json_document_free(struct json_document *doc)
{
    if (!doc)
        return;
    cJSON_Delete(doc->root);
    free(doc->text);
    free(doc->name);
    free(doc);
}

const struct json_value *json_root(const struct json_document *doc)
{
    return value_of(doc->root);
}

const char *json_name(const struct json_document *doc)
{
    return doc->name;
}

enum json_type json_type(const struct json_value *v)
{
    const cJSON *node = node_of(v);
    if (cJSON_IsBool(node))
        return JSON_BOOL;
    if (cJSON_IsNumber(node))
        return JSON_NUMBER;
    if (cJSON_IsString(node))
        return JSON_STRING;
    if (cJSON_IsArray(node))
        return JSON_ARRAY;
    return cJSON_IsObject(node) ? JSON_OBJECT : JSON_NULL;
}

const char *json_type_phrase(enum json_type type)
{
    static const char *const phrases[] = {
        [JSON_NULL] = "null",       [JSON_BOOL] = "true or false", [JSON_NUMBER] = "a number",
        [JSON_STRING] = "a string", [JSON_ARRAY] = "an array",     [JSON_OBJECT] = "an object",
    };
    return phrases[type];
}

bool json_bool(const struct json_value *v)
{
    return cJSON_IsTrue(node_of(v));
}

double json_number(const struct json_value *v)
{
    return node_of(v)->valuedouble;
}

const char *json_string(const struct json_value *v)
{
    return node_of(v)->valuestring;
}

const struct json_value *json_first(const struct json_value *parent)
{
    return value_of(node_of(parent)->child);
}

const struct json_value *json_next(const struct json_value *v)
{
    return value_of(node_of(v)->next);
}

const char *json_key(const struct json_value *v)
{
    return node_of(v)->string;
}

const struct json_value *json_member(const struct json_value *object, const char *key)
{
    for (const cJSON *child = node_of(object)->child; child; child = child->next) {
        if (strcmp(child->string, key) == 0)
            return value_of(child);
    }
    return NULL;
}

/* Offset of the key of the member whose value begins at `offset`. A quote inside a string follows
 * an odd number of backslashes, the one that opens it never does. */
static size_t find_key(const char *text, size_t offset)
{
    size_t at = offset;
    while (text[--at] != '"')
        ;
    for (;;) {
        while (text[--at] != '"')
            ;
        size_t slashes = 0;
        while (slashes < at && text[at - 1 - slashes] == '\\')
            slashes++;
        if (slashes % 2 == 0)
            return at;
    }
}

/* Adds one step of a JSON pointer (RFC 6901), with control characters made visible. */
static void add_step(struct buf *b, const char *key)
{
    buf_add_char(b, '/');
    for (const char *c = key; *c; c++) {
        if (*c == '~' || *c == '/')
            buf_add_str(b, *c == '~' ? "~0" : "~1");
        else if ((unsigned char)*c < 0x20 || *c == 0x7f)
            buf_addf(b, "\\u%04x", (unsigned)*c);
        else if ((unsigned char)*c == 0xc2 && (unsigned char)c[1] < 0xa0)
            buf_addf(b, "\\u%04x", (unsigned)(unsigned char)*++c);
        else
            buf_add_char(b, *c);
    }
}

/* Adds the JSON pointer of `target`: in each level its ancestor is the last value that begins no
 * later than it does. */
static void add_pointer(struct buf *b, const cJSON *root, const cJSON *target)
{
    for (const cJSON *node = root; node != target;) {
        const cJSON *child = node->child;
        size_t index = 0;
        while (child->next && child->next->valueint <= target->valueint) {
            child = child->next;
            index++;
        }
        if (child->string)
            add_step(b, child->string);
        else
            buf_addf(b, "/%zu", index);
        node = child;
    }
}

/* "NAME:LINE:COLUMN: POINTER" of `v`, the place being that of `offset`; the pointer of the whole
 * document is empty and left out. */
static char *describe(const struct json_document *doc, const struct json_value *v, size_t offset)
{
    struct json_position p = json_position(doc->text, offset);
    struct buf pointer;
    buf_init(&pointer, POINTER_MAX);
    add_pointer(&pointer, doc->root, node_of(v));
    char *text = xprintf("%s:%zu:%zu%s%s", doc->name, p.line, p.column, pointer.size ? ": " : "",
                         buf_str(&pointer));
    buf_release(&pointer);
    return text;
}

char *json_where(const struct json_document *doc, const struct json_value *v)
{
    return describe(doc, v, (size_t)node_of(v)->valueint);
}

char *json_where_key(const struct json_document *doc, const struct json_value *v)
{
    size_t offset = (size_t)node_of(v)->valueint;
    return describe(doc, v, json_key(v) ? find_key(doc->text, offset) : offset);
}

size_t json_offset(const struct json_value *v)
{
    return (size_t)node_of(v)->valueint;
}

bool json_error(const struct json_document *doc, const struct json_value *v, enum error_code code,
                struct error *err, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    error_vset(err, code, fmt, ap);
    va_end(ap);
    char *where = json_where(doc, v);
    error_prefix(err, "%s", where);
    free(where);
    return false;
}
