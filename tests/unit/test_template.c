/* SPDX-License-Identifier: MIT */
/* template: names and braces, what hosts make of them, and values that would lead elsewhere. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "inventories.h"
#include "model/plan.h"
#include "model/template.h"

struct scene {
    struct arena *arena;
    struct settings settings;
    struct inventory *inv;
    struct name_set names;
    struct plan *plan;
};

/* A plan of web1, web2 and 10.0.0.9, which no inventory knows. */
static void scene_open(struct scene *s)
{
    struct error err = ERROR_INIT;
    *s = (struct scene){ .arena = arena_new() };
    s->inv = inventory_good(
        "{\"defaults\": {\"user\": \"deploy\"}, \"vars\": {\"site\": \"fra\", \"n\": 3, \"big\": "
        "1e21, \"half\": 0.5, \"yes\": true, \"none\": null, \"list\": [1], \"object\": {},"
        " \"empty\": \"\", \"dot\": \".\", \"dots\": \"..\", \"up\": \"../x\", \"root\": \"/etc\","
        " \"line\": \"a\\nb\", \"home\": \"~\", \"braces\": \"{host}\", \"odd name\": \"o\"},"
        " \"hosts\": {\"web1\": {\"address\": \"192.0.2.7\", \"port\": 2222},"
        " \"web2\": {\"vars\": {\"site\": \"ber\", \"own\": \"w2\"}}}}");
    settings_init(&s->settings, s->arena);
    name_set_init(&s->names);
    name_set_add(&s->names, "web1", NULL);
    name_set_add(&s->names, "web2", NULL);
    name_set_add(&s->names, "u@10.0.0.9", NULL);
    struct plan_request request = { .names = &s->names,
                                    .inventory = s->inv,
                                    .settings = &s->settings };
    cr_assert(plan_build(&s->plan, &request, &err), "%s", error_text(&err));
}

static void scene_close(struct scene *s)
{
    plan_free(s->plan);
    name_set_release(&s->names);
    inventory_free(s->inv);
    arena_free(s->arena);
}

/* What a host makes of the text, or the error. */
static char *expand(const struct scene *s, size_t host, bool is_path, const char *text)
{
    struct buf out;
    struct error err = ERROR_INIT;
    buf_init(&out, 1000);
    if (template_expand(text, is_path, s->plan, s->plan->targets[host], &out, &err))
        return buf_detach(&out);
    cr_assert_eq(err.code, ERR_USAGE);
    buf_release(&out);
    return err.text;
}

struct row {
    size_t host;
    bool is_path;
    const char *text;
    const char *wanted;
};

static void expect_rows(const struct row *rows, size_t count)
{
    struct scene s;
    scene_open(&s);
    for (size_t i = 0; i < count; i++) {
        char *got = expand(&s, rows[i].host, rows[i].is_path, rows[i].text);
        cr_expect_str_eq(got, rows[i].wanted, "%s: %s", rows[i].text, got);
        free(got);
    }
    scene_close(&s);
}

Test(template, expands_what_is_known_of_a_host)
{
    static const struct row rows[] = {
        { 0, false, "", "" },
        { 0, false, "plain / text", "plain / text" },
        { 0, false, "{host} {index}/{count}", "web1 0/3" },
        { 1, false, "{host} {index}/{count}", "web2 1/3" },
        { 0, false, "{user}@{address}:{port}", "deploy@192.0.2.7:2222" },
        { 2, false, "{host} {user} {address}", "u@10.0.0.9 u 10.0.0.9" },
        { 0, false, "{var.site}{var.n}", "fra3" },
        { 1, false, "{var.site}-{var.own}", "ber-w2" },
        { 0, false, "{var.big} {var.half} {var.yes}", "1e+21 0.5 true" },
        { 0, false, "{var.odd name}", "o" },
        { 0, false, "{{host}} {{{host}}} }}{{", "{host} {web1} }{" },
        { 0, false, "{var.braces}", "{host}" },
        { 0, false, "{var.up} {var.empty}{var.line}", "../x a\nb" },
    };
    expect_rows(rows, sizeof rows / sizeof *rows);
}

Test(template, names_host_and_variable_where_there_is_no_value)
{
    static const struct row rows[] = {
        { 0, false, "{var.own}", "web1: {var.own} is not set" },
        { 0, false, "{var.stie}", "web1: {var.stie} is not set; did you mean {var.site}?" },
        { 2, false, "{var.site}", "u@10.0.0.9: {var.site} is not set" },
        { 1, false, "{var.none}", "web2: {var.none} is null" },
        { 1, false, "{var.list}", "web2: {var.list} is a list, not a text or number" },
        { 1, false, "{var.object}", "web2: {var.object} is an object, not a text or number" },
        { 1, false, "{var.site", "web2: {var.site is not closed; {{ stands for a brace" },
    };
    expect_rows(rows, sizeof rows / sizeof *rows);
}

Test(template, keeps_values_within_their_place_in_a_path)
{
    static const struct row rows[] = {
        { 0, true, "/srv/{var.site}/{host}.d/../x", "/srv/fra/web1.d/../x" },
        { 0, true, "../{var.n}/.", "../3/." },
        { 0, true, "x{var.home}", "x~" },
        { 0, true, "/a/{var.up}",
          "web1: {var.up} is \"../x\", which would lead to another folder" },
        { 0, true, "{var.root}",
          "web1: {var.root} is \"/etc\", which would lead to another folder" },
        { 0, true, "a{var.dot}", "web1: {var.dot} is \".\", which would lead to another folder" },
        { 0, true, "/{var.dots}/",
          "web1: {var.dots} is \"..\", which would lead to another folder" },
        { 0, true, "{var.home}/x",
          "web1: {var.home} is \"~\", which would lead to another folder" },
        { 0, true, "a{var.empty}", "web1: {var.empty} is empty, which a path cannot do with" },
        { 0, true, "{var.line}", "web1: {var.line} holds a newline, which a path must not" },
        { 0, true, "{host}/{var.braces}", "web1/{host}" },
    };
    expect_rows(rows, sizeof rows / sizeof *rows);
}

Test(template, appends_and_says_when_there_is_no_room)
{
    struct scene s;
    struct buf out;
    struct error err = ERROR_INIT;
    scene_open(&s);
    buf_init(&out, 9);
    buf_add_str(&out, "a/");
    cr_assert(template_expand("{host}", true, s.plan, s.plan->targets[0], &out, &err));
    cr_assert_str_eq(buf_str(&out), "a/web1");
    cr_assert_not(template_expand("{host}", true, s.plan, s.plan->targets[0], &out, &err));
    cr_assert_str_eq(error_text(&err), "web1: the text is too long");
    error_release(&err);
    buf_release(&out);
    scene_close(&s);
}

/* The error, or "" where the text is good. */
static char *check(const char *text)
{
    struct error err = ERROR_INIT;
    if (template_check("DEST", text, &err))
        return strdup("");
    cr_assert_eq(err.code, ERR_USAGE);
    return err.text;
}

Test(template, is_checked_before_any_host_is_known)
{
    static const char *const rows[][2] = {
        { "/srv/{host}/{var.any thing}/{{}}", "" },
        { "/srv/{hots}/", "DEST \"/srv/{hots}/\": unknown name {hots}; did you mean {host}?" },
        { "{HOST}", "DEST \"{HOST}\": unknown name {HOST}; did you mean {host}?" },
        { "{vars.x}", "DEST \"{vars.x}\": unknown name {vars.x}; did you mean {var.x}?" },
        { "{}", "DEST \"{}\": unknown name {}" },
        { "{var.}", "DEST \"{var.}\": unknown name {var.}" },
        { "{ host }", "DEST \"{ host }\": unknown name { host }; did you mean {host}?" },
        { "{hostname}", "DEST \"{hostname}\": unknown name {hostname}" },
        { "a{", "DEST \"a{\": { is not closed; {{ stands for a brace" },
        { "{host{x}", "DEST \"{host{x}\": {host is not closed; {{ stands for a brace" },
        { "a}b", "DEST \"a}b\": a single } closes nothing; }} stands for a brace" },
        { "{host}}", "DEST \"{host}}\": a single } closes nothing; }} stands for a brace" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *got = check(rows[i][0]);
        cr_expect_str_eq(got, rows[i][1], "%s", got);
        free(got);
    }
}
