/* SPDX-License-Identifier: MIT */
/* Settings: layers, who beats whom, who set what, values out of JSON. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "model/options.h"

static struct arena *arena;

static void setup(void)
{
    setenv("HOME", "/home/me", 1);
    arena = arena_new();
}

static void teardown(void)
{
    arena_free(arena);
}

TestSuite(settings, .init = setup, .fini = teardown);
TestSuite(settings_json, .init = setup, .fini = teardown);

static const struct option_row *row(const char *name)
{
    return options_by_flag(CMD_RUN, name);
}

/* A layer with one value. */
static struct layer *layer_of(enum source_kind kind, const char *name, const char *text)
{
    struct layer *layer = arena_alloc(arena, sizeof *layer);
    struct source source = { .kind = kind, .text = arena_printf(arena, "--%s", name) };
    struct error error = ERROR_INIT;
    layer_init(layer, arena);
    cr_assert(layer_add_text(layer, row(name), text, &source, &error), "%s", error_text(&error));
    return layer;
}

Test(settings, start_with_the_defaults)
{
    struct settings s;
    settings_init(&s, arena);
    cr_assert_eq(s.port.n, 22);
    cr_assert_eq(s.fanout.n, 128);
    cr_assert_eq(s.connects.n, 64);
    cr_assert_eq(s.connect_timeout.us, 10000000);
    cr_assert_eq(s.timeout.us, 0);
    cr_assert_eq(s.max_output.n, 16u << 20);
    cr_assert_eq(s.host_key_check, HOST_KEY_CHECK_AUTO);
    cr_assert_eq(s.known_hosts.count, 4);
    cr_assert_str_eq(s.known_hosts.items[0], "/home/me/.ssh/known_hosts");
    cr_assert_null(s.json.s);
    cr_assert_not_null(s.user.s);
    struct source source = settings_source(&s, row("port"));
    cr_assert_eq(source.kind, SOURCE_DEFAULT);
    char *where = source_where(&source);
    cr_assert_str_eq(where, "default");
    free(where);
}

Test(settings, the_stronger_source_wins_in_any_order)
{
    const enum source_kind kinds[] = { SOURCE_SYSTEM_CONFIG, SOURCE_USER_CONFIG,
                                       SOURCE_SSH_CONFIG,    SOURCE_INVENTORY_DEFAULTS,
                                       SOURCE_GROUP,         SOURCE_HOST,
                                       SOURCE_ENVIRONMENT,   SOURCE_COMMAND_LINE };
    const size_t count = sizeof kinds / sizeof kinds[0];
    for (size_t a = 0; a < count; a++) {
        for (size_t b = 0; b < count; b++) {
            struct settings s;
            settings_init(&s, arena);
            settings_apply(&s, layer_of(kinds[a], "port", "1"));
            settings_apply(&s, layer_of(kinds[b], "port", "2"));
            bool second_wins = kinds[b] >= kinds[a];
            cr_expect_eq(s.port.n, second_wins ? 2 : 1, "%s then %s", source_kind_phrase(kinds[a]),
                         source_kind_phrase(kinds[b]));
            cr_expect_eq(settings_source(&s, row("port")).kind, kinds[second_wins ? b : a]);
        }
    }
}

Test(settings, copies_do_not_touch_their_original)
{
    struct settings run;
    settings_init(&run, arena);
    settings_apply(&run, layer_of(SOURCE_USER_CONFIG, "user", "deploy"));
    struct settings host = run;
    settings_apply(&host, layer_of(SOURCE_HOST, "user", "root"));
    settings_apply(&host, layer_of(SOURCE_HOST, "key", "k"));
    cr_assert_str_eq(run.user.s, "deploy");
    cr_assert_str_eq(host.user.s, "root");
    cr_assert_eq(host.key.count, 1, "a stronger list replaces the weaker one");
    cr_assert_eq(run.key.count, 3);
    cr_assert_eq(settings_source(&run, row("key")).kind, SOURCE_DEFAULT);
    cr_assert_eq(settings_source(&host, row("key")).kind, SOURCE_HOST);
}

Test(settings, repeats_on_the_command_line_accumulate_in_lists_and_counters)
{
    struct layer layer;
    struct error error = ERROR_INIT;
    struct source cli = { .kind = SOURCE_COMMAND_LINE, .text = "-w" };
    layer_init(&layer, arena);
    cr_assert(layer_add_text(&layer, row("hosts"), "a b", &cli, &error));
    cr_assert(layer_add_text(&layer, row("verbose"), NULL, &cli, &error));
    cr_assert(layer_add_text(&layer, row("hosts"), "c", &cli, &error));
    cr_assert(layer_add_text(&layer, row("verbose"), NULL, &cli, &error));
    cr_assert(layer_add_text(&layer, row("port"), "1", &cli, &error));
    cr_assert(layer_add_text(&layer, row("port"), "2", &cli, &error));
    cr_assert(layer_add_text(&layer, row("raw"), NULL, &cli, &error));
    struct settings s;
    settings_init(&s, arena);
    settings_apply(&s, &layer);
    cr_assert_eq(s.hosts.count, 2);
    cr_assert_str_eq(s.hosts.items[0], "a b");
    cr_assert_str_eq(s.hosts.items[1], "c");
    cr_assert_eq(s.verbose.n, 2);
    cr_assert_eq(s.port.n, 2);
    cr_assert(s.raw);
    cr_assert_eq(layer.count, 4);
}

Test(settings, a_variable_holds_a_whole_list)
{
    struct settings s;
    settings_init(&s, arena);
    settings_apply(&s, layer_of(SOURCE_ENVIRONMENT, "known-hosts", "/a:~/b"));
    cr_assert_eq(s.known_hosts.count, 2);
    cr_assert_str_eq(s.known_hosts.items[1], "/home/me/b");
}

Test(settings, errors_name_the_source)
{
    struct layer layer;
    struct error error = ERROR_INIT;
    struct source source = { .kind = SOURCE_ENVIRONMENT, .text = "MUSTER_PORT" };
    layer_init(&layer, arena);
    cr_assert_not(layer_add_text(&layer, row("port"), "70000", &source, &error));
    cr_assert_str_eq(error_text(&error), "MUSTER_PORT: 70000 is not in 1..65535");
    cr_assert_eq(error.code, ERR_USAGE);
    cr_assert_eq(layer.count, 0);
    error_release(&error);
}

/* Reads `text`, an object, as a layer of a host; the error's text in the arena, NULL for none. */
static const char *read_json(struct json_document **doc, struct layer *layer, const char *text)
{
    struct error error = ERROR_INIT;
    cr_assert(json_read(doc, "f.json", text, strlen(text), ERR_INVENTORY, &error), "%s",
              error_text(&error));
    struct layer_file file = {
        .doc = *doc, .folder = "/inv", .kind = SOURCE_HOST, .code = ERR_INVENTORY
    };
    layer_init(layer, arena);
    const char *text_of_error = NULL;
    for (const struct json_value *v = json_first(json_root(*doc)); v; v = json_next(v)) {
        const struct option_row *found = options_by_key(AT_HOST | AT_CONFIG, json_key(v));
        cr_assert_not_null(found, "%s", json_key(v));
        if (!layer_add_json(layer, found, &file, v, &error)) {
            cr_assert_eq(error.code, ERR_INVENTORY);
            text_of_error = arena_strdup(arena, error_text(&error));
            error_release(&error);
        }
    }
    return text_of_error;
}

Test(settings_json, reads_every_type_and_knows_the_place)
{
    static const char text[] = "{ \"port\": 2222, \"user\": \"root\",\n"
                               "  \"connect_timeout\": 2.5, \"timeout\": \"1m\", \"key\": \"k\",\n"
                               "  \"known_hosts\": [\"/a\", \"b\"], \"no_remote_kill\": true,\n"
                               "  \"host_key_check\": \"off\", \"max_output\": 4096 }";
    struct json_document *doc;
    struct layer layer;
    cr_assert_null(read_json(&doc, &layer, text));
    struct settings s;
    settings_init(&s, arena);
    settings_apply(&s, &layer);
    cr_assert_eq(s.port.n, 2222);
    cr_assert_str_eq(s.user.s, "root");
    cr_assert_eq(s.connect_timeout.us, 2500000);
    cr_assert_eq(s.timeout.us, 60000000);
    cr_assert_str_eq(s.key.items[0], "/inv/k");
    cr_assert_str_eq(s.known_hosts.items[0], "/a");
    cr_assert_str_eq(s.known_hosts.items[1], "/inv/b");
    cr_assert(s.no_remote_kill);
    cr_assert_eq(s.host_key_check, HOST_KEY_CHECK_OFF);
    cr_assert_eq(s.max_output.n, 4096);
    struct source source = settings_source(&s, row("timeout"));
    char *where = source_where(&source);
    cr_assert_str_eq(where, "f.json:2:38: /timeout");
    free(where);
    json_document_free(doc);
}

Test(settings_json, refuses_what_does_not_fit)
{
    static const struct {
        const char *json;
        const char *error;
    } samples[] = {
        { "{\"port\": 70000}", "f.json:1:10: /port: 70000 is not in 1..65535" },
        { "{\"port\": \"22\"}", "f.json:1:10: /port: must be a number, not a string" },
        { "{\"port\": 22.5}", "f.json:1:10: /port: 22.5 is not a whole number" },
        { "{\"port\": -1}", "f.json:1:10: /port: -1 is negative" },
        { "{\"port\": 1e300}", "f.json:1:10: /port: 1e+300 is too large" },
        { "{\"user\": 5}", "f.json:1:10: /user: must be a string, not a number" },
        { "{\"user\": \"\"}", "f.json:1:10: /user: the value is empty" },
        { "{\"user\": null}", "f.json:1:10: /user: must be a string, not null" },
        { "{\"no_remote_kill\": 1}", NULL },
        { "{\"timeout\": true}", NULL },
        { "{\"timeout\": \"soon\"}", NULL },
        { "{\"key\": {}}", NULL },
        { "{\"key\": [1]}", NULL },
        { "{\"key\": [\"\"]}", NULL },
        { "{\"host_key_check\": \"maybe\"}", NULL },
        { "{\"max_output\": 1.5}", NULL },
    };
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct json_document *doc;
        struct layer layer;
        const char *error = read_json(&doc, &layer, samples[i].json);
        cr_expect_not_null(error, "%s", samples[i].json);
        if (error && samples[i].error)
            cr_expect_str_eq(error, samples[i].error);
        cr_expect_eq(layer.count, 0);
        json_document_free(doc);
    }
}

Test(settings_json, what_is_written_reads_back_the_same)
{
    struct settings s;
    settings_init(&s, arena);
    settings_apply(&s, layer_of(SOURCE_HOST, "connect-timeout", "1500ms"));
    for (size_t i = 0; i < option_count; i++) {
        const struct option_row *r = &options[i];
        struct buf json, once, twice;
        struct json_writer w;
        buf_init(&json, 10000);
        buf_init(&once, 10000);
        buf_init(&twice, 10000);
        json_writer_init(&w, &json, 0);
        value_write_json(r->type, option_value(r, &s), &w);
        value_print(r->type, option_value(r, &s), &once);
        struct json_document *doc;
        struct error error = ERROR_INIT;
        cr_assert(json_read(&doc, "j", buf_str(&json), json.size, ERR_CONFIG, &error));
        if (json_type(json_root(doc)) != JSON_NULL && r->arg) {
            struct value_reader reader = option_reader(r, arena, NULL);
            union value back;
            cr_expect(value_parse_json(&reader, json_root(doc), &back, &error), "%s: %s", r->name,
                      error_text(&error));
            value_print(r->type, &back, &twice);
            cr_expect_str_eq(buf_str(&twice), buf_str(&once), "%s", r->name);
        }
        json_document_free(doc);
        buf_release(&json);
        buf_release(&once);
        buf_release(&twice);
    }
}

Test(settings_json, a_hundred_thousand_hosts_are_cheap)
{
    struct settings run;
    settings_init(&run, arena);
    struct source source = { .kind = SOURCE_HOST, .text = "host" };
    struct error error = ERROR_INIT;
    const size_t count = 100000;
    struct settings *hosts = arena_calloc(arena, count, sizeof *hosts);
    for (size_t i = 0; i < count; i++) {
        struct layer layer;
        layer_init(&layer, arena);
        cr_assert(layer_add_text(&layer, options_by_key(AT_HOST, "address"), "10.0.0.1", &source,
                                 &error));
        hosts[i] = run;
        settings_apply(&hosts[i], &layer);
    }
    cr_assert_str_eq(hosts[count - 1].address.s, "10.0.0.1");
    cr_assert_lt(sizeof(struct settings), 1024);
}
