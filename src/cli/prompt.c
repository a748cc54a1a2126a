/* SPDX-License-Identifier: MIT */
#include "cli/prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/secret.h"

/* A password is shorter; terminals give no longer line. */
#define SECRET_SIZE_MAX 4096

/* How often signals are looked for while nobody types. */
#define LOOK_MS 100

int prompt_open(void)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return -1;
    if (tcgetpgrp(fd) == getpgrp())
        return fd;
    close(fd);
    return -1;
}

bool prompt_is_possible(void)
{
    int fd = prompt_open();
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

void prompt_write(int fd, const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        ssize_t size = write(fd, text, left);
        if (size < 0 && errno == EAGAIN) {
            struct pollfd waiting = { .fd = fd, .events = POLLOUT };
            poll(&waiting, 1, LOOK_MS);
        } else if (size < 0 && errno != EINTR) {
            return;
        }
        if (size > 0) {
            text += size;
            left -= (size_t)size;
        }
    }
}

/* The signals whose default action would leave the terminal without echo. */
static void collect_signals(sigset_t *set)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
    sigemptyset(set);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        sigaddset(set, numbers[i]);
}

/* Has one of the blocked signals come? */
static bool is_signal_waiting(const sigset_t *blocked)
{
    sigset_t pending;
    sigpending(&pending);
    for (int number = 1; number < NSIG; number++) {
        if (sigismember(blocked, number) == 1 && sigismember(&pending, number) == 1)
            return true;
    }
    return false;
}

/* How reading a line ended. */
enum reading { READING_LINE, READING_SIGNAL, READING_END };

/* Reads a line into `line`, which has room for SECRET_SIZE_MAX bytes; `ret_size` counts it without
 * its newline. */
static enum reading read_line(int fd, const sigset_t *blocked, char *line, size_t *ret_size)
{
    *ret_size = 0;
    while (!is_signal_waiting(blocked)) {
        struct pollfd waiting = { .fd = fd, .events = POLLIN };
        if (poll(&waiting, 1, LOOK_MS) <= 0)
            continue;
        ssize_t size = read(fd, line + *ret_size, SECRET_SIZE_MAX - *ret_size);
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            return READING_END;
        *ret_size += (size_t)size;
        if (line[*ret_size - 1] == '\n') {
            (*ret_size)--;
            return READING_LINE;
        }
    }
    return READING_SIGNAL;
}

/* Asks once, with echo off and signals blocked; both are as before when it returns. A signal that
 * came has its effect then: where that was to stop, this returns after the continuation. */
static enum reading ask_once(int fd, const char *question, char *line, size_t *ret_size)
{
    struct termios before, quiet;
    sigset_t blocked, unblocked;
    collect_signals(&blocked);
    if (tcgetattr(fd, &before) != 0)
        return READING_END;
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    quiet.c_lflag |= ICANON | ISIG;
    pthread_sigmask(SIG_BLOCK, &blocked, &unblocked);
    tcsetattr(fd, TCSAFLUSH, &quiet);
    prompt_write(fd, question);
    enum reading result = read_line(fd, &blocked, line, ret_size);
    prompt_write(fd, "\n");
    tcsetattr(fd, TCSAFLUSH, &before);
    pthread_sigmask(SIG_SETMASK, &unblocked, NULL);
    return result;
}

/* Asks until there is an answer; a signal that did not end muster makes it ask again. */
static bool ask(int fd, const char *question, char *line, size_t *ret_size)
{
    for (;;) {
        switch (ask_once(fd, question, line, ret_size)) {
        case READING_LINE:
            return true;
        case READING_SIGNAL:
            continue;
        case READING_END:
            return false;
        }
    }
}

bool prompt_secret(const char *question, struct secret **ret, struct error *reterr)
{
    char line[SECRET_SIZE_MAX];
    size_t size = 0;
    int fd = prompt_open();
    if (fd < 0)
        return error_set(reterr, ERR_USAGE,
                         "no terminal to ask for a password on; use "
                         "--password-file");
    bool is_answered = ask(fd, question, line, &size);
    close(fd);
    if (is_answered && size > 0)
        *ret = secret_new(line, size);
    secret_wipe(line, sizeof line);
    if (!is_answered || size == 0)
        return error_set(reterr, ERR_USAGE, "no password was given");
    return true;
}
