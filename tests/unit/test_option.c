/* SPDX-License-Identifier: MIT */
/* Values, the option table, and word suggestions. */
#include <criterion/criterion.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/nearest.h"
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

TestSuite(value, .init = setup, .fini = teardown);
TestSuite(table, .init = setup, .fini = teardown);

/* What a text reads as, printed again; "error: ..." where it is refused. Lives in the arena. */
static const char *reprint(const struct value_reader *reader, const char *text)
{
    union value value = { .texts = { NULL, 0 } };
    struct error error = ERROR_INIT;
    struct buf out;
    buf_init(&out, 10000);
    if (value_parse(reader, text, &value, &error))
        value_print(reader->type, &value, &out);
    else
        buf_addf(&out, "error: %s", error_text(&error));
    const char *result = arena_strdup(arena, buf_str(&out));
    buf_release(&out);
    error_release(&error);
    return result;
}

struct sample {
    const char *text;
    const char *printed;
};

/* Each text prints as the sample says, and what is printed prints as itself. */
static void check(const struct value_type *type, const struct sample *samples, size_t count)
{
    struct value_reader reader = { .type = type, .arena = arena, .min = 1, .max = 65535 };
    for (size_t i = 0; i < count; i++) {
        const char *printed = reprint(&reader, samples[i].text);
        cr_expect_str_eq(printed, samples[i].printed, "%s of %s", samples[i].text, type->name);
        cr_expect_str_eq(reprint(&reader, printed), printed);
    }
}

/* Each text is refused with a message that names it. */
static void check_refused(const struct value_type *type, const char *const *texts)
{
    struct value_reader reader = { .type = type, .arena = arena, .min = 1, .max = 65535 };
    for (; *texts; texts++) {
        const char *printed = reprint(&reader, *texts);
        cr_expect(strncmp(printed, "error: ", 7) == 0, "%s: %s", *texts, printed);
        cr_expect(strstr(printed, *texts), "%s: %s", *texts, printed);
    }
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

Test(value, durations)
{
    static const struct sample samples[] = {
        { "10", "10s" },
        { "0", "none" },
        { "none", "none" },
        { "0s", "none" },
        { "90s", "1m30s" },
        { "1h30m", "1h30m" },
        { "1500ms", "1500ms" },
        { "0.5", "500ms" },
        { "1.5h", "1h30m" },
        { "2m", "2m" },
        { "1d", "1d" },
        { "250us", "250us" },
        { "1s250us", "1000250us" },
        { "1m0.5s", "60500ms" },
        { "3650d", "3650d" },
    };
    check(&value_duration, samples, COUNT(samples));
    static const char *const bad[] = { "x",   "10x", "-1",  "10s5",  "1 s",
                                       ".5",  "5.",  "1hm", "3651d", "99999999999999999999",
                                       "1e3", "",    NULL };
    check_refused(&value_duration, bad);
}

Test(value, sizes)
{
    static const struct sample samples[] = {
        { "0", "0" },       { "65536", "64K" },   { "64K", "64K" },
        { "64k", "64K" },   { "16MiB", "16M" },   { "1G", "1G" },
        { "1023", "1023" }, { "1025K", "1025K" }, { "3T", "3T" },
    };
    check(&value_bytes, samples, COUNT(samples));
    static const char *const bad[] = { "x", "-1", "1.5G", "1Q", "1GB", "9999999T", "K", "", NULL };
    check_refused(&value_bytes, bad);
}

Test(value, counts_know_their_limits)
{
    static const struct sample samples[] = { { "1", "1" }, { "65535", "65535" }, { "0022", "22" } };
    check(&value_count, samples, COUNT(samples));
    static const char *const bad[] = { "0",    "65536", "70000", "99999999999999999999999",
                                       "-1",   "22x",   "",      " 22",
                                       "0x16", NULL };
    check_refused(&value_count, bad);
    struct value_reader port = { .type = &value_count, .arena = arena, .min = 1, .max = 65535 };
    cr_assert_str_eq(reprint(&port, "70000"), "error: 70000 is not in 1..65535");
    cr_assert_str_eq(reprint(&port, "abc"), "error: 'abc' is not a whole number");
    struct value_reader any = { .type = &value_count, .arena = arena };
    cr_assert_str_eq(reprint(&any, "4294967295"), "4294967295");
    cr_assert_str_eq(reprint(&any, "4294967296"), "error: 4294967296 is not in 0..4294967295");
}

Test(value, flags_and_choices)
{
    static const struct sample flags[] = { { "true", "true" }, { "false", "false" },
                                           { "1", "true" },    { "0", "false" },
                                           { "yes", "true" },  { "no", "false" } };
    check(&value_flag, flags, COUNT(flags));
    static const struct sample words[] = { { "strict", "strict" }, { "accept-new", "accept-new" } };
    check(&value_host_key_check, words, COUNT(words));
    struct value_reader reader = { .type = &value_progress_mode, .arena = arena };
    cr_assert_str_eq(reprint(&reader, "fast"), "error: 'fast' is not auto, line or none");
}

Test(value, paths_find_home_and_folder)
{
    struct value_reader here = { .type = &value_path, .arena = arena };
    struct value_reader there = { .type = &value_path, .arena = arena, .folder = "/etc/muster" };
    cr_expect_str_eq(reprint(&here, "~/x"), "/home/me/x");
    cr_expect_str_eq(reprint(&here, "~"), "/home/me");
    cr_expect_str_eq(reprint(&here, "keys/x"), "keys/x");
    cr_expect_str_eq(reprint(&here, "-"), "-");
    cr_expect_str_eq(reprint(&there, "~/x"), "/home/me/x");
    cr_expect_str_eq(reprint(&there, "keys/x"), "/etc/muster/keys/x");
    cr_expect_str_eq(reprint(&there, "/keys/x"), "/keys/x");
    cr_expect_str_eq(reprint(&there, "-"), "-");
    cr_expect(strstr(reprint(&here, "~root/x"), "./~root/x"));
    cr_expect_str_eq(reprint(&here, ""), "error: the value is empty");
}

Test(value, lists_split_and_grow_without_touching_copies)
{
    static const struct sample paths[] = { { "/a:~/b::c", "/a:/home/me/b:c" }, { "/a b", "/a b" } };
    check(&value_path_list, paths, COUNT(paths));
    static const struct sample texts[] = { { "a,b  c:d", "a,b c:d" } };
    check(&value_text_list, texts, COUNT(texts));
    struct value_reader reader = { .type = &value_text_list, .arena = arena };
    cr_assert_str_eq(reprint(&reader, "  "), "error: the value is empty");

    struct error error = ERROR_INIT;
    union value list = { .texts = { NULL, 0 } };
    cr_assert(value_parse_item(&reader, "one two", &list, &error));
    union value copy = list;
    cr_assert(value_parse_item(&reader, "three", &list, &error));
    cr_assert_eq(copy.texts.count, 1);
    cr_assert_eq(list.texts.count, 2);
    cr_assert_str_eq(list.texts.items[0], "one two");
    cr_assert_str_eq(list.texts.items[1], "three");
    cr_assert_not(value_parse_item(&reader, "", &list, &error));
    error_release(&error);
}

Test(table, every_default_parses_and_prints_back)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct option_row *row = &options[i];
        if (!row->dflt)
            continue;
        struct value_reader reader = option_reader(row, arena, NULL);
        const char *printed = reprint(&reader, row->dflt);
        cr_expect(strncmp(printed, "error: ", 7) != 0, "%s: %s", row->name, printed);
        cr_expect_str_eq(reprint(&reader, printed), printed, "%s", row->name);
        if (!strchr(row->dflt, '~'))
            cr_expect_str_eq(printed, row->dflt, "%s: defaults are in the printed form", row->name);
    }
}

/* Do two rows stand in the way of each other on some command line? */
static void expect_apart(const struct option_row *a, const struct option_row *b)
{
    if (!(a->cmds & b->cmds))
        return;
    const char *names[] = { a->name, a->alias, b->name, b->alias };
    const char letters[] = { a->letter, a->alias_letter, b->letter, b->alias_letter };
    for (int i = 0; i < 2; i++) {
        for (int j = 2; j < 4; j++) {
            if (names[i] && names[j])
                cr_expect_str_neq(names[i], names[j]);
            if (letters[i])
                cr_expect_neq(letters[i], letters[j], "-%c twice", letters[i]);
        }
    }
}

Test(table, names_letters_and_variables_are_unique)
{
    for (size_t i = 0; i < option_count; i++) {
        for (size_t j = i + 1; j < option_count; j++) {
            const struct option_row *a = &options[i], *b = &options[j];
            char one[OPTION_NAME_SIZE], other[OPTION_NAME_SIZE];
            expect_apart(a, b);
            option_key(a, one);
            option_key(b, other);
            if (a->at & b->at & (AT_ENV | AT_CONFIG | AT_HOST))
                cr_expect_str_neq(one, other);
        }
    }
}

/* Is the help text one sentence that fits? */
static void expect_good_text(const struct option_row *row)
{
    size_t size = strlen(row->help);
    cr_expect(isupper((unsigned char)row->help[0]) && row->help[size - 1] == '.', "%s", row->name);
    cr_expect_leq(size, 80, "%s", row->name);
    for (const char *p = row->name; *p; p++)
        cr_expect(islower((unsigned char)*p) || *p == '-', "%s", row->name);
    cr_expect_lt(strlen(row->name) + strlen("MUSTER_"), OPTION_NAME_SIZE);
}

Test(table, rows_make_sense)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct option_row *row = &options[i];
        expect_good_text(row);
        cr_expect(row->at, "%s can be given nowhere", row->name);
        cr_expect_eq(!(row->at & AT_FLAG), !row->cmds, "%s", row->name);
        cr_expect_leq(row->offset + row->type->size, sizeof(struct settings));
        bool needs_none =
            row->type->kind == VALUE_FLAG || (row->type->kind == VALUE_COUNT && !row->dflt);
        cr_expect_eq(option_takes_value(row), !needs_none && !row->implied, "%s", row->name);
        bool is_in_config = row->at & AT_CONFIG;
        bool is_of_list = row->section == SECTION_LIST;
        cr_expect_eq(is_in_config || is_of_list, !row->cli_only_reason, "%s", row->name);
    }
}

Test(table, rows_are_found_by_command_and_name)
{
    const struct option_row *run = options_by_flag(CMD_RUN, "json");
    const struct option_row *list = options_by_flag(CMD_LIST, "json");
    cr_assert(run && list && run != list);
    cr_assert(option_takes_value(run));
    cr_assert_not(option_takes_value(list));
    cr_assert_eq(options_by_flag(CMD_RUN, "forks"), options_by_flag(CMD_RUN, "fanout"));
    cr_assert_eq(options_by_letter(CMD_LIST, 'H'), options_by_flag(CMD_LIST, "hosts"));
    cr_assert_null(options_by_letter(CMD_LIST, 'f'));
    cr_assert_null(options_by_letter(CMD_RUN, '\0'));
    cr_assert_null(options_by_flag(CMD_RUN, "fan"), "beginnings are not enough");
    cr_assert_null(options_by_flag(CMD_RUN, "address"), "has no flag");
    cr_assert_eq(options_by_key(AT_HOST, "connect_timeout"), options_by_letter(CMD_RUN, 't'));
    cr_assert_null(options_by_key(AT_HOST, "connect-timeout"));
    cr_assert_null(options_by_key(AT_HOST, "connect"));
    cr_assert_null(options_by_key(AT_HOST, "fanout"));
    cr_assert_not_null(options_by_key(AT_HOST, "address"));
    cr_assert_null(options_by_key(AT_CONFIG, "hosts"));
    cr_assert_eq(options_by_variable("MUSTER_CONNECT_TIMEOUT"), options_by_letter(CMD_RUN, 't'));
    cr_assert_null(options_by_variable("MUSTER_HOSTS"));
}

Test(table, labels)
{
    char label[OPTION_NAME_SIZE];
    option_label(options_by_letter(CMD_RUN, 't'), label);
    cr_assert_str_eq(label, "-t/--connect-timeout");
    option_label(options_by_flag(CMD_RUN, "key"), label);
    cr_assert_str_eq(label, "--key");
    option_label(options_by_key(AT_HOST, "address"), label);
    cr_assert_str_eq(label, "address");
}

/* What is suggested for a word among the keys of a host and the flags of run. */
static const char *suggest(struct nearest *n, const char *word)
{
    nearest_init(n, word);
    options_offer_keys(AT_HOST, n);
    options_offer_flags(CMD_RUN, n);
    return nearest_name(n);
}

Test(nearest, suggests_what_is_near_and_nothing_else)
{
    struct nearest n;
    cr_expect_str_eq(suggest(&n, "prot"), "port");
    cr_expect_str_eq(suggest(&n, "CONNECT-TIMEOUT"), "connect_timeout");
    cr_expect_str_eq(suggest(&n, "conect-timeuotx"), "connect_timeout");
    cr_expect_str_eq(suggest(&n, "Fork"), "forks");
    cr_expect_str_eq(suggest(&n, "known"), "known_hosts", "a beginning");
    cr_expect_str_eq(suggest(&n, "usr"), "user");
    cr_expect_null(suggest(&n, "banana"));
    cr_expect_null(suggest(&n, ""));
    cr_expect_null(suggest(&n, "z"));
    cr_expect_str_eq(suggest(&n, "connect"), "connects", "one edit is nearer than a beginning");
    char longer[200];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    cr_expect_null(suggest(&n, longer));
    nearest_init(&n, "port");
    nearest_offer(&n, longer);
    cr_expect_null(nearest_name(&n));
}
