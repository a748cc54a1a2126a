/* SPDX-License-Identifier: MIT */
/* config.json and MUSTER_* variables. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/json_read.h"
#include "base/trace.h"
#include "cli/config.h"
#include "files.h"
#include "model/options.h"

static struct arena *arena;
static struct json_document *document;
static struct settings settings;
static char notes[1000];

/* Keeps the notes of a test. */
static void keep_note(void *arg, const char *line)
{
    (void)arg;
    strncat(notes, line, sizeof notes - strlen(notes) - 2);
    strcat(notes, "\n");
}

static void setup(void)
{
    arena = arena_new();
    settings_init(&settings, arena);
    trace_set(1, keep_note, NULL);
}

static void teardown(void)
{
    trace_set(0, NULL, NULL);
    json_document_free(document);
    arena_free(arena);
}

TestSuite(config, .init = setup, .fini = teardown);
TestSuite(environment, .init = setup, .fini = teardown);

/* Reads `text` as the user's config.json into the settings; the error's text, or NULL. */
static const char *read_config(const char *text)
{
    struct layer layer;
    struct error error = ERROR_INIT;
    if (text)
        tmp_file("config.json", text);
    layer_init(&layer, arena);
    if (config_read(&layer, tmp_dir(), SOURCE_USER_CONFIG, &document, &error)) {
        settings_apply(&settings, &layer);
        return NULL;
    }
    cr_assert_eq(error.code, ERR_CONFIG);
    cr_assert_null(document);
    const char *copy = arena_strdup(arena, error_text(&error));
    error_release(&error);
    return copy;
}

Test(config, no_file_is_fine)
{
    cr_assert_null(read_config(NULL));
    cr_assert_null(document);
}

Test(config, sets_values_and_remembers_where)
{
    cr_assert_null(read_config("{ \"$schema\": \"x\", // why\n  \"fanout\": 7,\n"
                               "  \"key\": [\"id\", \"~/k\"], \"color\": \"never\", }"));
    cr_assert_eq(settings.fanout.n, 7);
    cr_assert_eq(settings.color, COLOR_NEVER);
    cr_assert_str_eq(settings.key.items[0], text_of("%s/id", tmp_dir()));
    struct source source = settings_source(&settings, options_by_key(AT_CONFIG, "fanout"));
    cr_assert_eq(source.kind, SOURCE_USER_CONFIG);
    char *where = source_where(&source);
    cr_assert_str_eq(where, text_of("%s/config.json:2:13: /fanout", tmp_dir()));
    free(where);
}

Test(config, refuses_what_only_the_command_line_may_say)
{
    static const char *const keys[] = { "hosts",     "group", "all",     "exclude",
                                        "inventory", "stdin", "json",    "jsonl",
                                        "dry_run",   "help",  "version", "address" };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char *error = read_config(text_of("{\"%s\": true}", keys[i]));
        cr_expect_not_null(error, "%s", keys[i]);
        if (error)
            cr_expect(strstr(error, text_of("%s cannot be set in a file: ", keys[i])), "%s", error);
    }
}

Test(config, tells_all_errors_with_their_places)
{
    const char *file = text_of("%s/config.json", tmp_dir());
    const char *error = read_config("{ \"fanuot\": 3,\n  \"port\": 0,\n  \"zzz\": 1 }");
    cr_assert_not_null(error);
    cr_assert_str_eq(error, text_of("%s:1:13: /fanuot: unknown setting \"fanuot\"; did you mean "
                                    "\"fanout\"?\n"
                                    "%s:2:11: /port: 0 is not in 1..65535\n"
                                    "%s:3:10: /zzz: unknown setting \"zzz\"",
                                    file, file, file));
}

Test(config, refuses_what_is_no_object)
{
    const char *error = read_config("[1]");
    cr_assert(error && strstr(error, "must be an object, not an array"), "%s", error);
    error = read_config("{\"port\": 1");
    cr_assert_not_null(error);
    cr_assert(strstr(error, "config.json:1:"), "%s", error);
}

Test(config, refuses_what_cannot_be_read)
{
    mkdir(tmp_path("config.json"), 0700);
    const char *error = read_config(NULL);
    cr_assert(error && strstr(error, "Is a directory"), "%s", error);
}

Test(config, follows_xdg)
{
    setenv("HOME", "/home/me", 1);
    setenv("XDG_CONFIG_HOME", "/xdg", 1);
    cr_assert_str_eq(config_user_folder(arena), "/xdg/muster");
    setenv("XDG_CONFIG_HOME", "relative", 1);
    cr_assert_str_eq(config_user_folder(arena), "/home/me/.config/muster");
    unsetenv("XDG_CONFIG_HOME");
    cr_assert_str_eq(config_user_folder(arena), "/home/me/.config/muster");
}

/* Reads variables into the settings; the error's text, or NULL. */
static const char *read_environment(const char *const *variables)
{
    char *copy[10] = { NULL };
    struct layer layer;
    struct error error = ERROR_INIT;
    for (size_t i = 0; variables[i]; i++)
        copy[i] = arena_strdup(arena, variables[i]);
    layer_init(&layer, arena);
    if (config_read_environment(&layer, copy, &error)) {
        settings_apply(&settings, &layer);
        return NULL;
    }
    const char *text = arena_strdup(arena, error_text(&error));
    error_release(&error);
    return text;
}

#define ENV(...) read_environment((const char *const[]){ __VA_ARGS__, NULL })

Test(environment, sets_values)
{
    cr_assert_null(ENV("PATH=/bin", "MUSTER_PORT=2200", "MUSTER_RAW=1", "MUSTER_INVENTORY=a:b",
                       "MUSTER_CONNECT_TIMEOUT=3", "MUSTER_VERBOSE=2", "MUSTER_USER=", "MUSTER_"));
    cr_assert_eq(settings.port.n, 2200);
    cr_assert(settings.raw);
    cr_assert_eq(settings.inventory.count, 2);
    cr_assert_eq(settings.connect_timeout.us, 3000000);
    cr_assert_eq(settings.verbose.n, 2);
    struct source source = settings_source(&settings, options_by_key(AT_CONFIG, "port"));
    char *where = source_where(&source);
    cr_assert_str_eq(where, "MUSTER_PORT");
    free(where);
    cr_assert_str_eq(notes, "");
}

Test(environment, names_a_bad_value)
{
    cr_assert_str_eq(ENV("MUSTER_PORT=0"), "MUSTER_PORT: 0 is not in 1..65535");
    cr_assert_str_eq(ENV("MUSTER_HOST_KEY_CHECK=maybe"),
                     "MUSTER_HOST_KEY_CHECK: 'maybe' is not auto, strict, ask, accept-new or off");
}

Test(environment, notes_what_is_unknown)
{
    cr_assert_null(ENV("MUSTER_FANUOT=3", "MUSTER_HOSTS=x", "MUSTERED=1"));
    cr_assert_str_eq(notes, "unknown variable MUSTER_FANUOT is ignored; did you mean "
                            "MUSTER_FANOUT?\n"
                            "unknown variable MUSTER_HOSTS is ignored\n");
    cr_assert_eq(settings.hosts.count, 0);
}

Test(config, the_example_is_right)
{
    char *text = file_read(TEST_SOURCE_DIR "/../config/config.example.json", NULL);
    const char *error = read_config(text);
    cr_assert_null(error, "%s", error);
    cr_assert_str_eq(settings.user.s, "deploy");
    cr_assert_eq(settings.timeout.us, INT64_C(600000000));
    free(text);
}
