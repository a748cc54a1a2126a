/* SPDX-License-Identifier: MIT */
/* muster on a real terminal: progress, colour, width, Ctrl-C, questions. */
#include <criterion/criterion.h>

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "files.h"
#include "fleet.h"
#include "transfer.h"

enum { OUTPUT_MAX = 1 << 20, ROWS = 200, COLUMNS_MAX = 400, DEADLINE_MS = 60000 };

/* A program on a terminal of its own. */
struct terminal {
    pid_t pid;
    int fd;
    int exit_code;    /* after terminal_finish() */
    size_t size;      /* of what was written to the terminal */
    char *text;       /* heap */
    int64_t until_us; /* killed then, so that no test hangs */
};

/* In the child: the words with a clean environment. */
_Noreturn static void become(const char *const *argv, const char *const *env)
{
    static const char *const steering[] = { "NO_COLOR", "CLICOLOR",       "CLICOLOR_FORCE",
                                            "CI",       "FORCE_COLOR",    "GITHUB_ACTIONS",
                                            "COLUMNS",  "SSH_AUTH_SOCK",  "MUSTER_INVENTORY",
                                            "LANG",     "MUSTER_PROGRESS" };
    for (size_t i = 0; i < sizeof steering / sizeof *steering; i++)
        unsetenv(steering[i]);
    signal(SIGINT, SIG_DFL); /* what is ignored at the start stays ignored */
    setenv("HOME", tmp_dir(), 1);
    setenv("TERM", "xterm-256color", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    for (; env && *env; env++)
        putenv((char *)*env);
    execvp(argv[0], (char *const *)argv);
    _exit(127);
}

static struct terminal terminal_start(const char *const *argv, const char *const *env, int columns)
{
    struct terminal t = { .until_us = clock_monotonic_us() + (int64_t)DEADLINE_MS * US_PER_MS };
    const struct winsize size = { .ws_row = 24, .ws_col = (unsigned short)columns };
    t.text = xcalloc(OUTPUT_MAX, 1);
    tmp_dir(); /* ours, so that we remove it */
    t.pid = forkpty(&t.fd, NULL, NULL, &size);
    cr_assert_geq(t.pid, 0);
    if (t.pid == 0)
        become(argv, env);
    return t;
}

/* Reads once; false at the end of the output. */
static bool read_some(struct terminal *t)
{
    struct pollfd poll_fd = { .fd = t->fd, .events = POLLIN };
    if (clock_monotonic_us() > t->until_us) {
        kill(t->pid, SIGKILL);
        cr_assert_fail("took too long; so far:\n%s", t->text);
    }
    if (poll(&poll_fd, 1, 100) <= 0)
        return true;
    cr_assert_lt(t->size, (size_t)OUTPUT_MAX - 1);
    ssize_t got = read(t->fd, t->text + t->size, OUTPUT_MAX - 1 - t->size);
    if (got > 0)
        t->size += (size_t)got;
    return got > 0 || (got < 0 && errno == EINTR);
}

/* Waits until the program has written `text` after the first `from` bytes. */
static void terminal_wait(struct terminal *t, size_t from, const char *text)
{
    while (!strstr(t->text + from, text))
        cr_assert(read_some(t), "ended without %s:\n%s", text, t->text);
}

static void terminal_type(const struct terminal *t, const char *keys)
{
    cr_assert_eq(write(t->fd, keys, strlen(keys)), (ssize_t)strlen(keys));
}

static void terminal_finish(struct terminal *t)
{
    int status;
    while (read_some(t))
        ;
    cr_assert_eq(waitpid(t->pid, &status, 0), t->pid);
    t->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    close(t->fd);
}

/* What stands on the screen at the end: carriage returns, "erase to the end of the line" and
 * colours are obeyed. A long line wraps. */
struct page {
    char cells[ROWS][COLUMNS_MAX];
    size_t row, column, columns;
};

/* Takes an escape sequence; returns what follows it. */
static const char *take_escape(struct page *p, const char *c)
{
    size_t size = strspn(c + 2, "0123456789;?");
    char final = c[2 + size];
    if (final == 'K')
        memset(p->cells[p->row] + p->column, ' ', COLUMNS_MAX - p->column);
    else
        cr_assert_eq(final, 'm', "what is ESC[%.*s%c?", (int)size, c + 2, final);
    return c + 3 + size;
}

/* Puts one byte; of a character of several only the first counts. */
static void put(struct page *p, char c)
{
    if (((unsigned char)c & 0xc0) == 0x80)
        return;
    if (p->column == p->columns) {
        p->column = 0;
        p->row++;
    }
    cr_assert_lt(p->row, (size_t)ROWS);
    p->cells[p->row][p->column++] = c;
}

/* The screen's lines without blanks at their ends; heap. */
static char *screen_of(const struct terminal *t, int columns)
{
    static struct page p;
    memset(p.cells, ' ', sizeof p.cells);
    p.row = p.column = 0;
    p.columns = (size_t)columns;
    for (const char *c = t->text; *c;) {
        if (c[0] == '\x1b' && c[1] == '[') {
            c = take_escape(&p, c);
            continue;
        }
        if (*c == '\r')
            p.column = 0;
        else if (*c == '\n')
            p.row++;
        else
            put(&p, *c);
        c++;
    }
    char *out = xcalloc(sizeof p.cells + ROWS, 1), *to = out;
    for (size_t row = 0; row <= p.row; row++) {
        size_t size = COLUMNS_MAX;
        while (size > 0 && p.cells[row][size - 1] == ' ')
            size--;
        memcpy(to, p.cells[row], size);
        to += size;
        *to++ = '\n';
    }
    return out;
}

#define RUN_ON(...)                                                                                \
    (const char *const[])                                                                          \
    {                                                                                              \
        MUSTER_BINARY, "run", "-i", fleet_text("inventory"), __VA_ARGS__, NULL                     \
    }

Test(terminal, progress_comes_and_goes)
{
    struct terminal t =
        terminal_start(RUN_ON("-w", "web[001-002]", "sleep 1.5; echo hi"), NULL, 80);
    terminal_wait(&t, 0, "0/2");
    terminal_finish(&t);
    cr_expect_eq(t.exit_code, 0);
    char *screen = screen_of(&t, 80);
    cr_expect_null(strstr(screen, "/2 "), "progress is still there:\n%s", screen);
    cr_expect_not_null(strstr(screen, "web001: hi\n"), "%s", screen);
    cr_expect_not_null(strstr(screen, "  2 ok "), "%s", screen);
    cr_expect_eq(count_lines(screen, "web00"), 2, "%s", screen);
}

Test(terminal, progress_fits_every_width)
{
    static const int widths[] = { 20, 40, 200 };
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        struct terminal t = terminal_start(
            RUN_ON("-a", "-f", "3", "-q", "-x", "*!web00*", "sleep 0.3; echo hi"), NULL, widths[i]);
        terminal_finish(&t);
        cr_expect_eq(t.exit_code, 0);
        t = terminal_start(RUN_ON("-w", "web[001-009]", "-f", "3", "sleep 0.5"), NULL, widths[i]);
        terminal_wait(&t, 0, "/9");
        terminal_finish(&t);
        char *screen = screen_of(&t, widths[i]);
        cr_expect_null(strstr(screen, "/9"), "width %d: progress wrapped:\n%s", widths[i], screen);
    }
}

Test(terminal, progress_survives_a_resize)
{
    const struct winsize small = { .ws_row = 24, .ws_col = 30 };
    struct terminal t = terminal_start(RUN_ON("-w", "web[001-004]", "sleep 2.5"), NULL, 120);
    terminal_wait(&t, 0, "0/4");
    cr_assert_eq(ioctl(t.fd, TIOCSWINSZ, &small), 0);
    size_t before = t.size;
    terminal_wait(&t, before, "0/4"); /* the next paint */
    terminal_finish(&t);
    cr_expect_eq(t.exit_code, 0);
    const char *paint = strstr(t.text + before, "0/4");
    paint = strstr(paint + 3, "0/4"); /* the first one may have been under way */
    cr_assert_not_null(paint, "%s", t.text + before);
    cr_expect_lt(strcspn(paint, "\r\n\x1b"), 30, "%.80s", paint);
}

Test(terminal, progress_can_be_forbidden)
{
    static const char *const ci[] = { "CI=true", NULL };
    static const char *const dumb[] = { "TERM=dumb", NULL };
    const char *const none[] = { "MUSTER_PROGRESS=none", NULL };
    const char *const *const ways[] = { ci, dumb, none };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct terminal t = terminal_start(RUN_ON("-w", "web001", "sleep 1"), ways[i], 80);
        terminal_finish(&t);
        cr_expect_eq(t.exit_code, 0);
        cr_expect_null(strstr(t.text, "0/1"), "way %zu:\n%s", i, t.text);
    }
}

Test(terminal, colours_unless_told_otherwise)
{
    static const char *const no_color[] = { "NO_COLOR=1", NULL };
    static const char *const dumb[] = { "TERM=dumb", NULL };
    struct terminal t = terminal_start(RUN_ON("-w", "web001", "echo hi; false"), NULL, 80);
    terminal_finish(&t);
    cr_expect_eq(t.exit_code, 1);
    cr_expect_not_null(strstr(t.text, "\x1b[31mexit 1\x1b[0m"), "%s", t.text);
    const char *const *const ways[] = { no_color, dumb };
    for (size_t i = 0; i < 2; i++) {
        t = terminal_start(RUN_ON("-w", "web001", "echo hi; false"), ways[i], 80);
        terminal_finish(&t);
        cr_expect_null(strstr(t.text, "m"
                                      "exit 1"),
                       "%s", t.text);
        cr_expect_not_null(strstr(t.text, "exit 1"), "%s", t.text);
    }
    t = terminal_start(RUN_ON("-w", "web001", "--color", "always", "false"), no_color, 80);
    terminal_finish(&t);
    cr_expect_not_null(strstr(t.text, "\x1b[31m"), "the flag is stronger: %s", t.text);
}

Test(terminal, control_bytes_of_hosts_are_shown)
{
    const char *command = "printf 'a\\033[31mred\\033[0m \\033[2Jgone \\303\\251\\n'";
    struct terminal t = terminal_start(RUN_ON("-w", "web001", command), NULL, 80);
    terminal_finish(&t);
    cr_expect_null(strstr(t.text, "\x1b[2J"));
    cr_expect_not_null(strstr(t.text, "\\x1b[2Jgone \xc3\xa9"), "%s", t.text);
    cr_expect_not_null(strstr(t.text, "\x1b[31mred\x1b[0m"), "%s", t.text);
    t = terminal_start(RUN_ON("-w", "web001", "--raw", command), NULL, 80);
    terminal_finish(&t);
    cr_expect_not_null(strstr(t.text, "\x1b[2Jgone"), "%s", t.text);
}

Test(terminal, is_ascii_where_the_locale_is)
{
    static const char *const env[] = { "LC_ALL=C", NULL };
    struct terminal t =
        terminal_start(RUN_ON("-w", "web[001-002]", "sleep 1; printf 'h\\303\\251\\n'"), env, 80);
    terminal_finish(&t);
    cr_expect_eq(t.exit_code, 0);
    for (size_t i = 0; i < t.size; i++)
        cr_assert_geq(t.text[i], 0, "byte %zu is not ASCII:\n%s", i, t.text);
    cr_expect_not_null(strstr(screen_of(&t, 80), "web001: h\\xc3\\xa9"), "%s", t.text);
}

Test(terminal, ctrl_c_interrupts_the_commands)
{
    struct terminal t = terminal_start(
        RUN_ON("-w", "web[001-003]", "-f", "2", "echo up; exec sleep 61.11"), NULL, 80);
    terminal_wait(&t, 0, "001:\x1b[0m up");
    terminal_wait(&t, 0, "002:\x1b[0m up");
    terminal_type(&t, "\x03");
    terminal_finish(&t);
    cr_expect_eq(t.exit_code, 130);
    char *screen = screen_of(&t, 80);
    cr_expect_not_null(strstr(screen, "web001  running  "), "%s", screen);
    cr_expect_not_null(strstr(screen, "2 cancelled, 1 not run"), "%s", screen);
    cr_expect_eq(processes_left("sleep 61.11", 10000), 0);
}

Test(terminal, a_second_ctrl_c_waits_for_nobody)
{
    char *report = tmp_path("report.json");
    const char *command = "trap '' INT; echo up; sleep 61.22";
    struct terminal t = terminal_start(RUN_ON("-w", "web001", "--json", report, command), NULL, 80);
    terminal_wait(&t, 0, "001:\x1b[0m up");
    terminal_type(&t, "\x03");
    terminal_wait(&t, 0, "web001  running  ");
    terminal_type(&t, "\x03");
    terminal_finish(&t);
    cr_expect_eq(t.exit_code, 130);
    cr_expect_not_null(strstr(t.text, "1 cancelled"), "%s", t.text);
    cr_expect(file_exists(report));
    /* What was under way on the host when its connection went ends nobody else's processes. */
    sleep(1);
    t = terminal_start(RUN_ON("-w", "web001", "true"), NULL, 80);
    terminal_finish(&t);
    cr_expect_eq(t.exit_code, 0, "the server is gone: %s", t.text);
}

#define PUSH_ON(...)                                                                               \
    (const char *const[])                                                                          \
    {                                                                                              \
        MUSTER_BINARY, "push", "-i", fleet_text("inventory"), __VA_ARGS__, NULL                    \
    }

Test(terminal, a_push_that_fails_names_the_file)
{
    char *source = tmp_file("app.conf", "new\n");
    char *folder = target_folder("etc");
    target_folder("etc/app.conf");
    struct terminal t = terminal_start(PUSH_ON("-w", "web001", source, folder), NULL, 200);
    terminal_finish(&t);
    cr_expect_eq(t.exit_code, 4);
    char *screen = screen_of(&t, 200);
    char *why = text_of("%s/app.conf: is a folder, which is never replaced by a file\n", folder);
    cr_expect_not_null(strstr(screen, text_of("web001: %s", why)), "%s", screen);
    cr_expect_not_null(strstr(screen, text_of("  web001  transfer  %s", why)), "%s", screen);
    cr_expect_not_null(strstr(screen, "  1 not transferred "), "%s", screen);
    cr_expect_not_null(strstr(t.text, "\x1b[31mtransfer\x1b[0m"), "%s", t.text);
}

Test(terminal, a_push_shows_how_far_it_is)
{
    char *source = source_file("app", (size_t)1 << 20);
    struct terminal t = terminal_start(PUSH_ON("-w", "web[001-002]", "--limit-rate", "1M", source,
                                               text_of("%s/{host}", target_dir())),
                                       NULL, 120);
    terminal_wait(&t, 0, "/2.0M");
    terminal_finish(&t);
    cr_expect_eq(t.exit_code, 0);
    cr_expect_not_null(strstr(t.text, "copying 2"), "%s", t.text);
    char *screen = screen_of(&t, 120);
    cr_expect_null(strstr(screen, "copying"), "progress is still there:\n%s", screen);
    cr_expect_not_null(strstr(screen, "  2 ok \xc2 2 files, 2.0M"), "%s", screen);
}

Test(terminal, ctrl_c_ends_a_push_and_leaves_nothing)
{
    char *source = source_file("app", (size_t)8 << 20);
    char *old = target_file("app", "old\n");
    struct terminal t =
        terminal_start(PUSH_ON("-w", "web001", "--limit-rate", "500K", source, old), NULL, 80);
    terminal_wait(&t, 0, "copying 1");
    terminal_type(&t, "\x03");
    terminal_finish(&t);
    cr_expect_eq(t.exit_code, 130);
    cr_expect_not_null(strstr(screen_of(&t, 80), "web001  copying  "), "%s", t.text);
    cr_expect_not_null(strstr(screen_of(&t, 80), "1 cancelled"), "%s", t.text);
    expect_text(old, "old\n");
    expect_no_temporary(target_dir());
}

Test(terminal, asks_once_about_unknown_keys)
{
    static const char *const answers[] = { "yes\n", "no\n" };
    for (size_t i = 0; i < 2; i++) {
        char *known = tmp_file(text_of("known%zu", i), "");
        struct terminal t = terminal_start(
            RUN_ON("-w", "web[001-002]", "--known-hosts", known, "echo hi"), NULL, 80);
        terminal_wait(&t, 0, "SHA256:");
        terminal_wait(&t, 0, "? ");
        terminal_type(&t, answers[i]);
        terminal_finish(&t);
        cr_expect_eq(t.exit_code, i == 0 ? 0 : 4, "%s", t.text);
        cr_expect_eq(count_lines(file_read(known, NULL), "["), i == 0 ? 2 : 0);
        cr_expect_eq(strstr(screen_of(&t, 80), "web001: hi") != NULL, i == 0, "%s", t.text);
    }
}

Test(terminal, help_fits_the_width)
{
    static const int widths[] = { 40, 80, 200 };
    const char *const argv[] = { MUSTER_BINARY, "run", "--help", NULL };
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        struct terminal t = terminal_start(argv, NULL, widths[i]);
        terminal_finish(&t);
        cr_expect_eq(t.exit_code, 0);
        size_t widest = 0;
        for (const char *line = t.text; *line; line += strcspn(line, "\n") + 1) {
            size_t size = strcspn(line, "\r\n");
            widest = size > widest && *line != '\0' ? size : widest;
        }
        cr_expect_gt(widest, 30);
        if (widths[i] >= 80)
            cr_expect_leq(widest, (size_t)widths[i], "%s", t.text);
    }
}
