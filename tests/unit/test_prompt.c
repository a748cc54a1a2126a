/* SPDX-License-Identifier: MIT */
/* Questions on a terminal of the test's own: passwords, password files, unknown host keys. */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/secret.h"
#include "cli/ask_terminal.h"
#include "cli/passwords.h"
#include "cli/prompt.h"
#include "files.h"
#include "model/options.h"
#include "net/loop.h"

/* A child with a terminal, and the other end of it. */
struct terminal {
    pid_t child;
    int fd;
    char seen[10000]; /* what the child has written, from the last wait on */
};

/* Starts `fn` in a child whose controlling terminal is new; its result is the exit status. */
static void start(struct terminal *t, int (*fn)(void))
{
    memset(t, 0, sizeof *t);
    t->child = forkpty(&t->fd, NULL, NULL, NULL);
    cr_assert_geq(t->child, 0);
    if (t->child == 0)
        _exit(fn());
}

/* Reads until `text` has come; fails after ten seconds. */
static void wait_for(struct terminal *t, const char *text)
{
    size_t size = 0;
    while (!strstr(t->seen, text)) {
        struct pollfd p = { .fd = t->fd, .events = POLLIN };
        cr_assert_eq(poll(&p, 1, 10000), 1, "'%s' did not come, only '%s'", text, t->seen);
        ssize_t got = read(t->fd, t->seen + size, sizeof t->seen - 1 - size);
        cr_assert_gt(got, 0, "'%s' did not come, only '%s'", text, t->seen);
        size += (size_t)got;
        t->seen[size] = '\0';
    }
}

static void type(struct terminal *t, const char *text)
{
    memset(t->seen, 0, sizeof t->seen);
    cr_assert_eq(write(t->fd, text, strlen(text)), (ssize_t)strlen(text));
}

static bool echoes(const struct terminal *t)
{
    struct termios mode;
    cr_assert_eq(tcgetattr(t->fd, &mode), 0);
    return mode.c_lflag & ECHO;
}

/* The child's wait status. */
static int finish(struct terminal *t)
{
    int status = 0;
    cr_assert_eq(waitpid(t->child, &status, 0), t->child);
    close(t->fd);
    return status;
}

/* Asks for a password and expects "geheim". */
static int ask_password(void)
{
    struct secret *secret = NULL;
    struct error error = ERROR_INIT;
    if (!prompt_secret("Secret word: ", &secret, &error)) {
        fprintf(stderr, "<%s>", error_text(&error));
        return 2;
    }
    bool is_it = secret_size(secret) == 6 && strcmp(secret_data(secret), "geheim") == 0;
    secret_free(secret);
    return is_it ? 0 : 1;
}

Test(prompt, hides_what_is_typed)
{
    struct terminal t;
    start(&t, ask_password);
    wait_for(&t, "Secret word: ");
    cr_expect_not(echoes(&t));
    type(&t, "geheim\n");
    int status = finish(&t);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%x", (unsigned)status);
    cr_expect_null(strstr(t.seen, "geheim"));
}

Test(prompt, refuses_nothing)
{
    struct terminal t;
    start(&t, ask_password);
    wait_for(&t, "Secret word: ");
    type(&t, "\n");
    wait_for(&t, "<no password was given>");
    cr_expect_eq(WEXITSTATUS(finish(&t)), 2);
    start(&t, ask_password);
    wait_for(&t, "Secret word: ");
    type(&t, "\x04");
    wait_for(&t, "<no password was given>");
    cr_expect_eq(WEXITSTATUS(finish(&t)), 2);
}

Test(prompt, signals_give_the_echo_back)
{
    struct terminal t;
    start(&t, ask_password);
    wait_for(&t, "Secret word: ");
    type(&t, "geh\x03");
    int slave_keeps_terminal = open(ptsname(t.fd), O_RDWR | O_NOCTTY);
    int status = 0;
    cr_assert_eq(waitpid(t.child, &status, 0), t.child);
    cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT, "%x", (unsigned)status);
    cr_expect(echoes(&t));
    close(slave_keeps_terminal);
}

/* Runs ask_password() as a shell runs a job in the foreground; continues it once it is stopped. */
static int ask_as_job(void)
{
    int status = 0;
    pid_t shell = getpgrp();
    signal(SIGTTOU, SIG_IGN); /* a shell may take the terminal back */
    pid_t job = fork();
    if (job == 0) {
        setpgid(0, 0);
        tcsetpgrp(STDIN_FILENO, getpid());
        signal(SIGTTOU, SIG_DFL);
        _exit(ask_password());
    }
    if (waitpid(job, &status, WUNTRACED) != job || !WIFSTOPPED(status))
        return 90;
    tcsetpgrp(STDIN_FILENO, shell);
    struct termios mode;
    if (tcgetattr(STDIN_FILENO, &mode) != 0 || !(mode.c_lflag & ECHO))
        return 91;
    tcsetpgrp(STDIN_FILENO, job);
    kill(job, SIGCONT);
    waitpid(job, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 92;
}

Test(prompt, stopped_it_gives_the_echo_back_and_continued_it_asks_again)
{
    struct terminal t;
    start(&t, ask_as_job);
    wait_for(&t, "Secret word: ");
    type(&t, "geh\x1a"); /* Ctrl-Z */
    wait_for(&t, "Secret word: ");
    cr_expect_not(echoes(&t));
    type(&t, "geheim\n");
    int status = finish(&t);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%x", (unsigned)status);
}

/* Without a terminal there is nobody to ask. */
static void leave_terminal(void)
{
    setsid();
}

Test(prompt, needs_a_terminal, .init = leave_terminal)
{
    struct secret *secret = NULL;
    struct error error = ERROR_INIT;
    cr_assert_not(prompt_is_possible());
    cr_assert_not(prompt_secret("?", &secret, &error));
    cr_assert_eq(error.code, ERR_USAGE);
    cr_assert(strstr(error_text(&error), "--password-file"));
    error_release(&error);
}

/* A target whose settings say this. */
static struct target target_of(struct arena *arena, enum source_kind kind, const char *row,
                               const char *value)
{
    struct layer layer;
    struct error error = ERROR_INIT;
    struct source source = { .kind = kind, .text = "test" };
    struct settings *s = arena_alloc(arena, sizeof *s);
    settings_init(s, arena);
    layer_init(&layer, arena);
    cr_assert(layer_add_text(&layer, options_by_key(AT_CONFIG, row), value, &source, &error));
    settings_apply(s, &layer);
    return (struct target){ .info = { .name = "h" }, .settings = s };
}

/* Gives one target its password out of a file with this text and mode; the error's text, or NULL.
 */
static const char *give_file(struct arena *arena, enum source_kind kind, const char *path,
                             struct target *ret)
{
    struct error error = ERROR_INIT;
    struct passwords *p = passwords_new();
    *ret = target_of(arena, kind, "password_file", path);
    struct target *targets[] = { ret, ret };
    const char *text = NULL;
    if (!passwords_give(p, targets, 2, &error))
        text = arena_strdup(arena, error_text(&error));
    if (ret->password)
        ret->info.user = arena_strdup(arena, secret_data(ret->password));
    error_release(&error);
    passwords_free(p);
    return text;
}

static const char *private_file(const char *name, const char *text)
{
    const char *path = tmp_file(name, text);
    chmod(path, 0600);
    return path;
}

Test(passwords, are_the_first_line_of_a_private_file)
{
    struct arena *arena = arena_new();
    struct target t;
    cr_assert_null(give_file(arena, SOURCE_COMMAND_LINE, private_file("a", "pass word\nx\n"), &t));
    cr_expect_str_eq(t.info.user, "pass word");
    cr_assert_null(give_file(arena, SOURCE_HOST, private_file("b", "dos\r\n"), &t));
    cr_expect_str_eq(t.info.user, "dos");
    cr_assert_null(give_file(arena, SOURCE_HOST, private_file("c", "no newline"), &t));
    cr_expect_str_eq(t.info.user, "no newline");
    arena_free(arena);
}

Test(passwords, bad_files_are_errors_where_a_flag_names_them)
{
    struct arena *arena = arena_new();
    struct target t;
    const char *open_file = tmp_file("open", "x\n");
    chmod(open_file, 0640);
    const char *paths[] = { open_file, private_file("empty", ""), private_file("blank", "\nx\n"),
                            tmp_path("missing"), tmp_dir() };
    const char *errors[] = { "others may read it (mode 0640)", "its first line is empty",
                             "its first line is empty", "No such file", "Is a directory" };
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (i == 4)
            chmod(paths[i], 0700);
        const char *error = give_file(arena, SOURCE_COMMAND_LINE, paths[i], &t);
        cr_expect(error && strstr(error, errors[i]), "%s: %s", paths[i], error);
        cr_expect(error && strstr(error, paths[i]), "%s: %s", paths[i], error);
        cr_expect_null(give_file(arena, SOURCE_GROUP, paths[i], &t), "an inventory's is a note");
        cr_expect_null(t.password);
    }
    char *longest = calloc(1, 5001);
    memset(longest, 'x', 5000);
    const char *error = give_file(arena, SOURCE_ENVIRONMENT, private_file("long", longest), &t);
    cr_expect(error && strstr(error, "too long"));
    error = give_file(arena, SOURCE_HOST, "-", &t);
    cr_expect(error && strstr(error, "command line"));
    arena_free(arena);
}

Test(passwords, standard_input_keeps_its_other_lines)
{
    struct arena *arena = arena_new();
    struct target t;
    int pipes[2];
    char rest[10] = "";
    cr_assert_eq(pipe(pipes), 0);
    cr_assert_eq(write(pipes[1], "word\nrest", 9), 9);
    dup2(pipes[0], STDIN_FILENO);
    cr_assert_null(give_file(arena, SOURCE_COMMAND_LINE, "-", &t));
    cr_expect_str_eq(t.info.user, "word");
    cr_expect_eq(read(STDIN_FILENO, rest, 4), 4);
    cr_expect_str_eq(rest, "rest");
    arena_free(arena);
}

/* Asks with -k for two targets; the stronger source of password decides for a third. */
static int give_asked(void)
{
    struct arena *arena = arena_new();
    struct error error = ERROR_INIT;
    struct passwords *p = passwords_new();
    struct target a = target_of(arena, SOURCE_COMMAND_LINE, "ask_pass", "true"), b = a;
    struct target *targets[] = { &a, &b };
    bool is_fine = passwords_give(p, targets, 2, &error) && a.password == b.password &&
                   strcmp(secret_data(a.password), "geheim") == 0;
    passwords_free(p);
    arena_free(arena);
    return is_fine ? 0 : 1;
}

Test(passwords, are_asked_for_once)
{
    struct terminal t;
    start(&t, give_asked);
    wait_for(&t, "Password: ");
    type(&t, "geheim\n");
    int status = finish(&t);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%x", (unsigned)status);
}

static const struct ask_host_key keys[] = {
    { "web1", "web1", "ssh-ed25519", "SHA256:one" },
    { "web2", "[10.0.0.2]:2222", "ssh-ed25519", "SHA256:two" },
    { "db1", "db1", "ssh-rsa", "SHA256:three" },
};

/* What an answer accepts, as "101"; "error: ..." where it is none. */
static const char *answer(const char *line)
{
    static char text[200];
    bool accepted[3] = { false };
    struct error error = ERROR_INIT;
    if (ask_terminal_read_answer(line, keys, 3, accepted, &error))
        snprintf(text, sizeof text, "%d%d%d", accepted[0], accepted[1], accepted[2]);
    else
        snprintf(text, sizeof text, "error: %s", error_text(&error));
    error_release(&error);
    return text;
}

Test(ask, answers)
{
    cr_expect_str_eq(answer("yes"), "111");
    cr_expect_str_eq(answer("YES"), "111");
    cr_expect_str_eq(answer("no"), "000");
    cr_expect_str_eq(answer("web1"), "100");
    cr_expect_str_eq(answer("web1,db1"), "101");
    cr_expect_str_eq(answer("web1 db1"), "101");
    cr_expect_str_eq(answer("web[1-2]"), "110");
    cr_expect_str_eq(answer("*!db1"), "110");
    cr_expect_str_eq(answer("web*"), "110");
    cr_expect(strstr(answer("web3"), "web3 is none of these hosts"));
    cr_expect(strstr(answer("x*"), "x* matches none of these hosts"));
    cr_expect(strstr(answer(""), "please answer"));
    cr_expect(strstr(answer("  "), "please answer"));
    cr_expect(strncmp(answer("y"), "error", 5) == 0, "trust is not given by one letter");
    cr_expect(strncmp(answer("@all"), "error", 5) == 0);
    cr_expect(strncmp(answer("^/etc/passwd"), "error", 5) == 0);
}

struct answered {
    struct loop *loop;
    int accepted; /* as decimal digits; -1 before the answer */
};

static void note_answer(void *arg, const bool *accepted, size_t count)
{
    struct answered *a = arg;
    a->accepted = 0;
    for (size_t i = 0; i < count; i++)
        a->accepted = a->accepted * 10 + accepted[i];
    loop_stop(a->loop);
}

/* Asks, runs the loop until the answer, and exits with it. */
static int ask_on_loop(void)
{
    struct error error = ERROR_INIT;
    struct ask_terminal *a = ask_terminal_new();
    struct ask *ask = ask_terminal_ask(a);
    struct answered answered = { .accepted = -1 };
    if (!loop_new(&answered.loop, &error))
        return 99;
    ask_terminal_attach(a, answered.loop);
    ask->host_keys(ask, keys, 3, note_answer, &answered);
    if (answered.accepted < 0)
        loop_run(answered.loop);
    ask_terminal_free(a);
    loop_free(answered.loop);
    return answered.accepted;
}

/* Expects the exit status of ask_on_loop(). */
static void expect_answer(struct terminal *t, int code)
{
    int status = finish(t);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == code, "%x", (unsigned)status);
}

Test(ask, lists_every_key_in_one_question)
{
    struct terminal t;
    start(&t, ask_on_loop);
    wait_for(&t, "as web[01-12]: ");
    cr_expect(strstr(t.seen, "The host keys of 3 hosts are not known yet:"));
    cr_expect(strstr(t.seen, "  web1  ssh-ed25519 SHA256:one\r\n"), "%s", t.seen);
    cr_expect(strstr(t.seen, "  web2  ssh-ed25519 SHA256:two  [10.0.0.2]:2222\r\n"));
    cr_expect(strstr(t.seen, "  db1   ssh-rsa SHA256:three\r\n"));
    type(&t, "web1,db1\n");
    expect_answer(&t, 101);
}

Test(ask, asks_again_but_not_for_ever)
{
    struct terminal t;
    start(&t, ask_on_loop);
    wait_for(&t, "as web[01-12]: ");
    type(&t, "web9\n");
    wait_for(&t, "yes, no, or hosts: ");
    cr_expect(strstr(t.seen, "web9 is none of these hosts"));
    type(&t, "yes\n");
    expect_answer(&t, 111);
    start(&t, ask_on_loop);
    wait_for(&t, "as web[01-12]: ");
    type(&t, "a\n");
    wait_for(&t, "or hosts: ");
    type(&t, "b\n");
    wait_for(&t, "or hosts: ");
    type(&t, "c\n");
    expect_answer(&t, 0);
}

Test(ask, end_of_input_is_no)
{
    struct terminal t;
    start(&t, ask_on_loop);
    wait_for(&t, "as web[01-12]: ");
    type(&t, "\x04");
    expect_answer(&t, 0);
}

Test(ask, no_terminal_is_no, .init = leave_terminal)
{
    cr_expect_eq(ask_on_loop(), 0);
}
