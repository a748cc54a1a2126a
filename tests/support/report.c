/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "files.h"
#include "proc.h"

cJSON *json_parse(const char *text)
{
    size_t size = strlen(text);
    cr_assert_eq(utf8_valid_prefix(text, size), size, "JSON is not valid UTF-8");
    cJSON *root = cJSON_ParseWithOpts(text, NULL, true);
    cr_assert_not_null(root, "not JSON: %.300s", text);
    return root;
}

cJSON *json_load(const char *path)
{
    char *text = file_read(path, NULL);
    cJSON *root = json_parse(text);
    free(text);
    return root;
}

cJSON *json_parse_lines(const char *text)
{
    cJSON *list = cJSON_CreateArray();
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        cr_assert_eq(text[size], '\n', "the last line is cut: %.300s", text);
        char *line = strndup(text, size);
        cJSON_AddItemToArray(list, json_parse(line));
        free(line);
        text += size + 1;
    }
    return list;
}

cJSON *json_load_lines(const char *path)
{
    char *text = file_read(path, NULL);
    cJSON *list = json_parse_lines(text);
    free(text);
    return list;
}

/* One step of a path: a member, or a place in an array. */
static const cJSON *child(const cJSON *parent, const char *name)
{
    if (cJSON_IsArray(parent))
        return cJSON_GetArrayItem(parent, (int)strtol(name, NULL, 10));
    return cJSON_GetObjectItemCaseSensitive(parent, name);
}

static const cJSON *look_up(const cJSON *root, const char *path)
{
    char name[256];
    while (root != NULL && *path != '\0') {
        size_t size = strcspn(path, ".");
        cr_assert_lt(size, sizeof name);
        memcpy(name, path, size);
        name[size] = '\0';
        root = child(root, name);
        path += size + (path[size] == '.');
    }
    return root;
}

const cJSON *json_at(const cJSON *root, const char *path)
{
    const cJSON *found = look_up(root, path);
    if (found == NULL)
        cr_assert_fail("no %s in %.1000s", path, cJSON_Print(root));
    return found;
}

bool json_has(const cJSON *root, const char *path)
{
    const cJSON *found = look_up(root, path);
    return found != NULL && !cJSON_IsNull(found);
}

const char *json_text_at(const cJSON *root, const char *path)
{
    const cJSON *found = json_at(root, path);
    if (!cJSON_IsString(found))
        cr_assert_fail("%s is no string in %.1000s", path, cJSON_Print(root));
    return found->valuestring;
}

double json_number_at(const cJSON *root, const char *path)
{
    const cJSON *found = json_at(root, path);
    if (!cJSON_IsNumber(found))
        cr_assert_fail("%s is no number in %.1000s", path, cJSON_Print(root));
    return found->valuedouble;
}

bool json_is_true(const cJSON *root, const char *path)
{
    const cJSON *found = json_at(root, path);
    cr_assert(cJSON_IsBool(found), "%s is no boolean", path);
    return cJSON_IsTrue(found);
}

static bool has_text(const cJSON *object, const char *key, const char *value)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsString(member) && strcmp(member->valuestring, value) == 0;
}

const cJSON *json_find(const cJSON *list, const char *key, const char *value)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        if (has_text(item, key, value))
            return item;
    }
    return NULL;
}

size_t json_count(const cJSON *list, const char *key, const char *value)
{
    size_t count = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        count += has_text(item, key, value);
    }
    return count;
}

const cJSON *report_host(const cJSON *report, const char *name)
{
    const cJSON *host = json_find(json_at(report, "hosts"), "name", name);
    cr_assert_not_null(host, "the report has no host %s", name);
    return host;
}

void schema_check(const char *schema, const char *path)
{
    /* Debian's Python, which has the module, whatever comes first in PATH. */
    const char *argv[] = {
        "/usr/bin/python3", "-W", "ignore", "-m", "jsonschema", "-i", path, schema, NULL
    };
    struct proc_result r = proc_run(&(struct proc_args){ .argv = argv });
    if (r.exit_code != 0)
        cr_assert_fail("%s against %s: %s", path, schema, proc_describe(&r));
    proc_result_release(&r);
}

cJSON *report_load(const char *path)
{
    schema_check(TEST_SOURCE_DIR "/../config/report.schema.json", path);
    return json_load(path);
}
