/* SPDX-License-Identifier: MIT */
/* What the terminal can show: colour, width, encoding, notes. */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/trace.h"
#include "cli/terminal.h"

static const char *const variables[] = { "NO_COLOR", "CLICOLOR_FORCE", "FORCE_COLOR",
                                         "TERM",     "CLICOLOR",       "COLUMNS" };

static int tty = -1, pty = -1, plain = -1;

static void setup(void)
{
    struct winsize size = { .ws_row = 24, .ws_col = 133 };
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        unsetenv(variables[i]);
    setenv("TERM", "xterm", 1);
    cr_assert_eq(openpty(&pty, &tty, NULL, NULL, &size), 0);
    plain = open("/dev/null", O_WRONLY);
}

TestSuite(terminal, .init = setup);

/* Is colour used with `when` on the terminal (T) and off it (P)? "T", "P", "TP" or "". */
static const char *colored(enum color_when when)
{
    bool on_tty = terminal_use_color(when, tty);
    bool on_plain = terminal_use_color(when, plain);
    return on_tty ? on_plain ? "TP" : "T" : on_plain ? "P" : "";
}

Test(terminal, color_by_default_is_for_terminals)
{
    cr_expect_str_eq(colored(COLOR_AUTO), "T");
    cr_expect_str_eq(colored(COLOR_ALWAYS), "TP");
    cr_expect_str_eq(colored(COLOR_NEVER), "");
}

Test(terminal, color_variables_in_their_order)
{
    setenv("CLICOLOR", "0", 1);
    cr_expect_str_eq(colored(COLOR_AUTO), "");
    setenv("CLICOLOR", "1", 1);
    cr_expect_str_eq(colored(COLOR_AUTO), "T");
    setenv("TERM", "dumb", 1);
    cr_expect_str_eq(colored(COLOR_AUTO), "");
    setenv("FORCE_COLOR", "0", 1);
    cr_expect_str_eq(colored(COLOR_AUTO), "");
    setenv("FORCE_COLOR", "1", 1);
    cr_expect_str_eq(colored(COLOR_AUTO), "TP");
    unsetenv("FORCE_COLOR");
    setenv("CLICOLOR_FORCE", "1", 1);
    cr_expect_str_eq(colored(COLOR_AUTO), "TP");
    setenv("NO_COLOR", "", 1);
    cr_expect_str_eq(colored(COLOR_AUTO), "TP", "an empty NO_COLOR is none");
    setenv("NO_COLOR", "1", 1);
    cr_expect_str_eq(colored(COLOR_AUTO), "");
    cr_expect_str_eq(colored(COLOR_ALWAYS), "TP");
}

Test(terminal, width)
{
    cr_expect_eq(terminal_width(tty), 133);
    cr_expect_eq(terminal_width(plain), 80);
    setenv("COLUMNS", "99", 1);
    cr_expect_eq(terminal_width(plain), 99);
    cr_expect_eq(terminal_width(tty), 133);
    setenv("COLUMNS", "-5", 1);
    cr_expect_eq(terminal_width(plain), 80);
    setenv("COLUMNS", "wide", 1);
    cr_expect_eq(terminal_width(plain), 80);
}

Test(terminal, encoding)
{
    setenv("LC_ALL", "C", 1);
    terminal_init();
    cr_expect_not(terminal_is_utf8());
    setenv("LC_ALL", "C.UTF-8", 1);
    terminal_init();
    cr_expect(terminal_is_utf8());
}

Test(terminal, notes_go_to_stderr_by_level)
{
    int pipes[2];
    char text[100] = "";
    cr_assert_eq(pipe(pipes), 0);
    int before = dup(STDERR_FILENO);
    dup2(pipes[1], STDERR_FILENO);
    terminal_trace(0);
    trace_note("none");
    terminal_trace(1);
    trace_note("one %d", 1);
    trace_debug("two");
    terminal_trace(7);
    trace_debug("two");
    terminal_trace(0);
    dup2(before, STDERR_FILENO);
    cr_assert_gt(read(pipes[0], text, sizeof text - 1), 0);
    cr_expect_str_eq(text, "muster: one 1\nmuster: two\n");
}
