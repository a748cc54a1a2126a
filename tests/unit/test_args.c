/* SPDX-License-Identifier: MIT */
/* Words of a command line to settings, and what is said about wrong ones. */
#include <criterion/criterion.h>

#include <string.h>

#include "base/arena.h"
#include "cli/args.h"
#include "cli/foreign.h"
#include "files.h"
#include "model/options.h"

#define WORDS_MAX 20

/* A command line that was read: settings, operands, or an error's text. */
struct parsed {
    struct arena *arena;
    struct args args;
    struct settings s;
    const char *error; /* NULL: it was fine; in the arena */
};

static struct parsed parse_words(unsigned cmds, const char *const *words)
{
    struct parsed p = { .arena = arena_new() };
    struct error error = ERROR_INIT;
    char **copy = arena_calloc(p.arena, WORDS_MAX, sizeof *copy);
    p.args = (struct args){ .cmds = cmds, .arena = p.arena, .words = copy };
    for (; words[p.args.word_count]; p.args.word_count++)
        copy[p.args.word_count] = arena_strdup(p.arena, words[p.args.word_count]);
    settings_init(&p.s, p.arena);
    if (args_parse(&p.args, &error)) {
        settings_apply(&p.s, &p.args.layer);
        return p;
    }
    cr_assert_eq(error.code, ERR_USAGE);
    p.error = arena_strdup(p.arena, error_text(&error));
    error_release(&error);
    return p;
}

#define RUN(...)  parse_words(CMD_RUN, (const char *const[]){ __VA_ARGS__, NULL })
#define PUSH(...) parse_words(CMD_PUSH, (const char *const[]){ __VA_ARGS__, NULL })
#define PULL(...) parse_words(CMD_PULL, (const char *const[]){ __VA_ARGS__, NULL })
#define LIST(...) parse_words(CMD_LIST, (const char *const[]){ __VA_ARGS__, NULL })

static void release(struct parsed *p)
{
    arena_free(p->arena);
}

/* The words are refused with exactly this text. */
static void expect_error(struct parsed p, const char *text)
{
    cr_expect_not_null(p.error, "should have been refused: %s", text);
    if (p.error)
        cr_expect_str_eq(p.error, text);
    release(&p);
}

/* The words are refused with a text that contains this. */
static void expect_hint(struct parsed p, const char *text)
{
    cr_expect_not_null(p.error, "should have been refused: %s", text);
    if (p.error)
        cr_expect(strstr(p.error, text), "'%s' is not in '%s'", text, p.error);
    release(&p);
}

Test(args, every_way_to_write_a_value)
{
    struct parsed p = RUN("-f64", "-p", "2222", "--connects", "5", "--user=ann", "-t=", "x");
    cr_assert_not_null(p.error, "-t= has the value '='");
    release(&p);
    p = RUN("-f64", "-p", "2222", "--connects", "5", "--user=a=b", "--forks=7", "uptime");
    cr_assert_null(p.error);
    cr_expect_eq(p.s.fanout.n, 7, "the alias is the same option, and the later wins");
    cr_expect_eq(p.s.port.n, 2222);
    cr_expect_eq(p.s.connects.n, 5);
    cr_expect_str_eq(p.s.user.s, "a=b");
    cr_expect_eq(p.args.operand_count, 1);
    release(&p);
}

Test(args, clusters)
{
    struct parsed p = RUN("-aNSvvf3", "-qv", "x");
    cr_assert_null(p.error);
    cr_expect(p.s.all && p.s.no_label && p.s.maxrc && p.s.quiet);
    cr_expect_eq(p.s.verbose.n, 3);
    cr_expect_eq(p.s.fanout.n, 3);
    release(&p);
    p = RUN("-af", "12", "x");
    cr_assert_null(p.error);
    cr_expect_eq(p.s.fanout.n, 12, "the last letter takes the next word");
    release(&p);
}

Test(args, options_stop_at_the_first_operand)
{
    struct parsed p = RUN("-g", "web", "df", "-h", "--", "-a");
    cr_assert_null(p.error);
    cr_expect_eq(p.args.operand_count, 4);
    cr_expect_str_eq(p.args.operands[0], "df");
    cr_expect_str_eq(p.args.operands[1], "-h");
    cr_expect_str_eq(p.args.operands[2], "--");
    cr_expect_not(p.s.help);
    cr_expect_not(p.s.all);
    release(&p);
    p = RUN("-a", "--", "-x", "y");
    cr_assert_null(p.error);
    cr_expect_eq(p.args.operand_count, 2);
    cr_expect_str_eq(p.args.operands[0], "-x");
    release(&p);
    p = RUN("-a", "-");
    cr_assert_null(p.error);
    cr_expect_str_eq(p.args.operands[0], "-");
    release(&p);
    p = RUN("--");
    cr_assert_null(p.error);
    cr_expect_eq(p.args.operand_count, 0);
    release(&p);
}

Test(args, repeats_accumulate_and_remember_the_flag)
{
    struct parsed p = RUN("-w", "a", "--hosts=b", "-Hc", "-i", "-", "x");
    cr_assert_null(p.error);
    cr_assert_eq(p.s.hosts.count, 3);
    cr_expect_str_eq(p.s.hosts.items[2], "c");
    cr_expect_str_eq(p.s.inventory.items[0], "-");
    struct source source = settings_source(&p.s, options_by_flag(CMD_RUN, "inventory"));
    cr_expect_eq(source.kind, SOURCE_COMMAND_LINE);
    cr_expect_str_eq(source.text, "-i");
    release(&p);
}

Test(args, flags_may_be_undone)
{
    struct parsed p = RUN("--raw", "--raw=false", "--quiet=true");
    cr_assert_null(p.error);
    cr_expect_not(p.s.raw);
    cr_expect(p.s.quiet);
    release(&p);
    expect_error(RUN("--raw=maybe"), "--raw: 'maybe' is not true or false");
}

Test(args, rows_belong_to_commands)
{
    struct parsed p = LIST("--json", "--fold");
    cr_assert_null(p.error);
    cr_expect(p.s.list_json && p.s.list_fold);
    cr_expect_null(p.s.json.s);
    release(&p);
    p = RUN("--json", "f", "x");
    cr_assert_null(p.error);
    cr_expect_str_eq(p.s.json.s, "f");
    cr_expect_not(p.s.list_json);
    release(&p);
    expect_error(RUN("--fold"), "unknown option --fold");
    expect_hint(LIST("-f", "3"), "unknown option -f");
}

Test(args, wrong_words_are_named)
{
    expect_error(RUN("--fanut", "3"), "unknown option --fanut; did you mean --fanout?");
    expect_error(RUN("--fanou=3"), "unknown option --fanou; did you mean --fanout?");
    expect_error(RUN("--connect", "3"), "unknown option --connect; did you mean --connects?");
    expect_error(RUN("--zzzzz"), "unknown option --zzzzz");
    expect_error(RUN("-aZ"), "unknown option -Z");
    expect_error(RUN("-all"), "unknown option -all; did you mean --all?");
    expect_error(RUN("-p", "70000", "x"), "-p: 70000 is not in 1..65535");
    expect_error(RUN("--port=", "x"), "--port: '' is not a whole number");
    expect_error(RUN("-l", "", "x"), "-l: the value is empty");
    expect_error(RUN("-a", "-f"), "option -f needs a value: -f N");
    expect_error(RUN("-w", "-a", "x"),
                 "option -w needs a value, but -a follows it; where that is meant, write -w-a");
    expect_error(RUN("--label", "--x"), "option --label needs a value, but --x follows it; where "
                                        "that is meant, write --label=--x");
}

Test(args, words_of_other_tools_get_advice)
{
    expect_hint(RUN("-A", "x"), "-k");
    expect_hint(RUN("-m", "shell", "-a", "uptime"), "there are no modules");
    expect_hint(RUN("--private-key", "k"), "--key");
    expect_hint(RUN("--private-key=k"), "--key");
    expect_hint(RUN("--limit", "web"), "-w");
    expect_hint(RUN("--par", "3"), "--fanout");
    expect_hint(RUN("-J", "b", "x"), "this version of muster does not have it");
    expect_hint(RUN("-b", "x"), "this version of muster does not have it");
    expect_hint(RUN("-o", "Port=3", "x"), "--port");
    expect_hint(RUN("-P", "2222", "x"), "the port is -p 2222");
    expect_hint(RUN("-i", "web1,web2,", "x"), "-w");
}

Test(args, a_private_key_is_no_inventory)
{
    const char *key = tmp_file("id_x", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbg==\n");
    expect_hint(RUN("-i", key, "x"), text_of("that is a private key: use --key %s", key));
    expect_hint(RUN("-i", tmp_file("id_rsa", "-----BEGIN RSA PRIVATE KEY-----\r\n"), "x"),
                "that is a private key");
    struct parsed p = RUN("-i", tmp_file("inv.json", "{}\n-----BEGIN RSA PRIVATE KEY-----\n"), "x");
    cr_assert_null(p.error);
    release(&p);
    p = RUN("-i", tmp_file("cert.pem", "-----BEGIN CERTIFICATE-----\n"), "x");
    cr_assert_null(p.error);
    release(&p);
}

/* Does one of the commands know the word as an option? */
static bool is_option(unsigned cmds, const char *word)
{
    return (word[1] == '-' ? options_by_flag(cmds, word + 2) : options_by_letter(cmds, word[1])) !=
           NULL;
}

Test(args, foreign_words_are_no_options)
{
    unsigned cmds;
    const char *word;
    for (unsigned i = 0; (word = foreign_word(i, &cmds)) != NULL; i++) {
        for (unsigned cmd = 1; cmd <= CMD_PULL; cmd <<= 1) {
            if (!(cmds & cmd))
                continue;
            cr_expect_not(is_option(cmd, word), "%s works: drop it from foreign.c", word);
            cr_expect_not_null(foreign_advice(cmd, word), "%s", word);
        }
    }
    cr_expect_null(foreign_advice(CMD_RUN, "--zzzzz"));
    cr_expect_null(foreign_advice(CMD_PUSH, "--zzzzz"));
    cr_expect_null(foreign_advice(CMD_RUN, "--checksum"));
}

Test(args, words_of_other_copiers)
{
    expect_hint(PUSH("-z", "a", "b"), "unknown option -z: muster does not compress");
    expect_hint(PUSH("--bwlimit=100", "a", "b"), "--limit-rate");
    expect_hint(PUSH("-c", "a", "b"), "--verify");
    expect_hint(PULL("-c", "a", "b"), "--verify");
    expect_hint(RUN("-c", "a", "b"), "muster push");
    expect_hint(PUSH("--chmod", "D755,F644", "a", "b"), "--mode");
    expect_hint(PULL("--mode", "0644", "a", "b"), "modes are always kept");
    expect_hint(PULL("--delete", "a", "b"), "only muster push deletes");
    expect_hint(PUSH("--flat", "a", "b"), "{host} in DEST");
    expect_hint(PUSH("--rsync-path", "sudo rsync", "a", "b"), "no program");
    expect_hint(PUSH("--src", "a", "--dest", "b"), "SRC... DEST");
    expect_hint(PULL("-L", "logs", "b"), "SRC... DIR");
    expect_hint(PULL("-M", "fetch"), "there are no modules");
}

Test(args, letters_of_other_copiers)
{
    expect_hint(PUSH("-p", "app.conf", "/etc/"), "--preserve");
    expect_hint(PUSH("-p", "-r", "conf", "/etc/"), "--preserve");
    expect_hint(PUSH("-pr", "conf", "/etc/"), "--preserve");
    expect_hint(PULL("-t", "conf", "/etc/"), "--preserve");
    expect_hint(PUSH("-u", "conf", "/etc/"), "--skip-same");
    expect_hint(PUSH("-f", "conf", "/etc/"), "not needed");
    expect_hint(PUSH("-l", "5000", "conf", "/etc/"), "--limit-rate");
    expect_hint(PUSH("-rP", "conf", "/etc/"), "--resume");
    expect_hint(PUSH("-P", "2222", "conf", "/etc/"), "-p 2222");
    expect_error(RUN("-p", "-S", "x"), "option -p needs a value, but -S follows it; where that is "
                                       "meant, write -p-S");
    struct parsed p = PUSH("-p", "2222", "-t", "5", "-u", "none", "-f", "3", "-l", "me", "-P",
                           "line", "--user=5000", "a", "b");
    cr_assert_null(p.error, "%s", p.error);
    cr_expect_eq(p.s.port.n, 2222);
    release(&p);
}
