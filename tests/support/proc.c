/* SPDX-License-Identifier: MIT */
#include "proc.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "files.h"

enum { READ_SIZE = 1 << 16, DEFAULT_DEADLINE_MS = 60000, ENV_ROOM = 512 };

/* One of the child's three streams, our end. */
struct pipe_end {
    int fd; /* -1 once closed */
    char *data;
    size_t size;
    size_t room;
    bool discard;
};

struct proc {
    pid_t pid;
    struct pipe_end out;
    struct pipe_end err;
    int stdin_fd;
    const char *stdin_text;
    size_t stdin_left;
    int64_t started_us;
    int64_t deadline_us;
    bool timed_out;
};

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Would the variable change what the program under test does? */
static bool is_steering(const char *variable)
{
    static const char *const steering[] = {
        "MUSTER_", "SSH_",     "XDG_",     "LC_",         "LANG=",  "HOME=", "TERM=",    "CI=",
        "GITHUB_", "NO_COLOR", "CLICOLOR", "FORCE_COLOR", "WCOLL=", "USER=", "COLUMNS=",
    };
    for (size_t i = 0; i < sizeof steering / sizeof *steering; i++)
        if (starts_with(variable, steering[i]))
            return true;
    return false;
}

/* Adds or replaces one variable. */
static void put_variable(const char **env, size_t *count, const char *variable)
{
    size_t name = strcspn(variable, "=") + 1;
    for (size_t i = 0; i < *count; i++)
        if (strncmp(env[i], variable, name) == 0) {
            env[i] = variable;
            return;
        }
    cr_assert_lt(*count, (size_t)ENV_ROOM - 1, "environment too large");
    env[(*count)++] = variable;
}

static const char **make_environment(const char *const *extra)
{
    const char **env = xcalloc(ENV_ROOM, sizeof *env);
    size_t count = 0;
    for (char **e = environ; *e != NULL; e++)
        if (!is_steering(*e))
            put_variable(env, &count, *e);
    put_variable(env, &count, text_of("HOME=%s", tmp_dir()));
    put_variable(env, &count, "LC_ALL=C.UTF-8");
    put_variable(env, &count, "ASAN_OPTIONS=detect_leaks=1");
    put_variable(env, &count,
                 "LSAN_OPTIONS=print_suppressions=0:suppressions=" TEST_SOURCE_DIR
                 "/support/lsan.supp");
    for (; extra != NULL && *extra != NULL; extra++)
        put_variable(env, &count, *extra);
    return env;
}

static int open_or_die(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0644);
    cr_assert_geq(fd, 0, "open %s: %s", path, strerror(errno));
    return fd;
}

struct child_ends {
    int in, out, err;
};

/* In the child: takes its place as a program of its own process group. */
_Noreturn static void become(const struct proc_args *args, const struct child_ends *ends,
                             const char **env)
{
    setpgid(0, 0);
    dup2(ends->in, 0);
    dup2(ends->out, 1);
    dup2(ends->err, 2);
    signal(SIGPIPE, SIG_DFL);
    if (args->cwd != NULL && chdir(args->cwd) != 0)
        _exit(126);
    execvpe(args->argv[0], (char *const *)args->argv, (char *const *)env);
    _exit(127);
}

/* A pipe whose ends both are close-on-exec; ours does not block. */
static void make_pipe(int *ret_ours, int *ret_theirs, bool we_read)
{
    int ends[2];
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    *ret_ours = ends[we_read ? 0 : 1];
    *ret_theirs = ends[we_read ? 1 : 0];
    fcntl(*ret_ours, F_SETFL, O_NONBLOCK);
}

static struct child_ends open_streams(struct proc *p, const struct proc_args *args)
{
    struct child_ends ends = { -1, -1, -1 };
    p->stdin_fd = -1;
    if (args->stdin_text == NULL) {
        ends.in = open_or_die(args->stdin_path != NULL ? args->stdin_path : "/dev/null", O_RDONLY);
    } else {
        make_pipe(&p->stdin_fd, &ends.in, false);
        p->stdin_text = args->stdin_text;
        p->stdin_left = args->stdin_size > 0 ? args->stdin_size : strlen(args->stdin_text);
    }
    p->out.fd = -1;
    if (args->stdout_path != NULL)
        ends.out = open_or_die(args->stdout_path, O_WRONLY | O_CREAT);
    else
        make_pipe(&p->out.fd, &ends.out, true);
    make_pipe(&p->err.fd, &ends.err, true);
    return ends;
}

struct proc *proc_start(const struct proc_args *args)
{
    struct proc *p = xcalloc(1, sizeof *p);
    struct child_ends ends = open_streams(p, args);
    const char **env = make_environment(args->env);
    int ms = args->deadline_ms > 0 ? args->deadline_ms : DEFAULT_DEADLINE_MS;
    p->out.discard = args->discard_stdout;
    p->started_us = clock_monotonic_us();
    p->deadline_us = p->started_us + ms * US_PER_MS;
    signal(SIGPIPE, SIG_IGN);
    p->pid = fork();
    cr_assert_geq(p->pid, 0, "fork");
    if (p->pid == 0)
        become(args, &ends, env);
    close(ends.in);
    close(ends.out);
    close(ends.err);
    free(env);
    return p;
}

pid_t proc_pid(const struct proc *p)
{
    return p->pid;
}

void proc_signal(struct proc *p, int number)
{
    cr_assert_eq(kill(p->pid, number), 0, "kill %d", number);
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void keep_bytes(struct pipe_end *end, const char *bytes, size_t size)
{
    if (!end->discard) {
        if (end->size + size + 1 > end->room) {
            end->room = (end->size + size + 1) * 2;
            end->data = xrealloc_array(end->data, end->room, 1);
        }
        memcpy(end->data + end->size, bytes, size);
        end->data[end->size + size] = '\0';
    }
    end->size += size;
}

/* Takes what is there; closes our end at the end of the stream. */
static void read_some(struct pipe_end *end)
{
    char bytes[READ_SIZE];
    ssize_t n = read(end->fd, bytes, sizeof bytes);
    if (n > 0)
        keep_bytes(end, bytes, (size_t)n);
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        close_fd(&end->fd);
}

static void write_some(struct proc *p)
{
    ssize_t n = write(p->stdin_fd, p->stdin_text, p->stdin_left);
    if (n > 0) {
        p->stdin_text += n;
        p->stdin_left -= (size_t)n;
    }
    if (p->stdin_left == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        close_fd(&p->stdin_fd);
}

/* One turn of I/O, at most until `until_us`; false when both output streams are closed. */
static bool turn(struct proc *p, int64_t until_us)
{
    struct pollfd fds[3] = {
        { .fd = p->out.fd, .events = POLLIN },
        { .fd = p->err.fd, .events = POLLIN },
        { .fd = p->stdin_fd, .events = POLLOUT },
    };
    if (p->out.fd < 0 && p->err.fd < 0)
        return false;
    int64_t left_ms = (until_us - clock_monotonic_us()) / US_PER_MS + 1;
    if (poll(fds, 3, left_ms > 0 ? (int)left_ms : 0) <= 0)
        return true;
    if (fds[0].revents != 0)
        read_some(&p->out);
    if (fds[1].revents != 0)
        read_some(&p->err);
    if (fds[2].revents != 0)
        write_some(p);
    return true;
}

static bool wait_text(struct proc *p, struct pipe_end *end, const char *text, int ms)
{
    int64_t until = clock_monotonic_us() + ms * US_PER_MS;
    for (;;) {
        if (end->data != NULL && strstr(end->data, text) != NULL)
            return true;
        if (end->fd < 0 || clock_monotonic_us() >= until)
            return false;
        turn(p, until);
    }
}

bool proc_wait_stdout(struct proc *p, const char *text, int ms)
{
    return wait_text(p, &p->out, text, ms);
}

bool proc_wait_stderr(struct proc *p, const char *text, int ms)
{
    return wait_text(p, &p->err, text, ms);
}

void proc_close_stdout(struct proc *p)
{
    close_fd(&p->out.fd);
}

void proc_close_stdin(struct proc *p)
{
    close_fd(&p->stdin_fd);
}

void proc_pause(struct proc *p, int ms)
{
    int64_t until = clock_monotonic_us() + ms * US_PER_MS;
    int out = p->out.fd;
    p->out.fd = -1;
    while (clock_monotonic_us() < until)
        if (!turn(p, until))
            usleep(10000);
    p->out.fd = out;
}

/* Waits for the process without blocking past the deadline; kills its group then. */
static int reap(struct proc *p, struct rusage *usage)
{
    int status = 0;
    for (;;) {
        pid_t got = wait4(p->pid, &status, WNOHANG, usage);
        cr_assert(got >= 0, "wait4: %s", strerror(errno));
        if (got == p->pid)
            return status;
        if (!p->timed_out && clock_monotonic_us() >= p->deadline_us) {
            p->timed_out = true;
            kill(-p->pid, SIGKILL);
        }
        usleep(1000);
    }
}

static char *text_or_empty(struct pipe_end *end)
{
    return end->data != NULL ? end->data : strdup("");
}

struct proc_result proc_finish(struct proc *p)
{
    struct proc_result r = { .exit_code = -1 };
    while (clock_monotonic_us() < p->deadline_us && turn(p, p->deadline_us))
        ;
    close_fd(&p->stdin_fd);
    int status = reap(p, &r.usage);
    r.elapsed_ms = (clock_monotonic_us() - p->started_us) / US_PER_MS;
    if (WIFEXITED(status))
        r.exit_code = WEXITSTATUS(status);
    else
        r.signal = WTERMSIG(status);
    r.timed_out = p->timed_out;
    r.out = text_or_empty(&p->out);
    r.out_size = p->out.size;
    r.err = text_or_empty(&p->err);
    r.err_size = p->err.size;
    close_fd(&p->out.fd);
    close_fd(&p->err.fd);
    free(p);
    return r;
}

struct proc_result proc_run(const struct proc_args *args)
{
    return proc_finish(proc_start(args));
}

void proc_result_release(struct proc_result *r)
{
    free(r->out);
    free(r->err);
    *r = (struct proc_result){ .exit_code = -1 };
}

void proc_expect_memory(const struct proc_result *r, long kib)
{
    if (strcmp(TEST_SANITIZE, "") == 0)
        cr_assert_lt(r->usage.ru_maxrss, kib, "%ld KiB", r->usage.ru_maxrss);
}

int64_t proc_cpu_ms(const struct proc_result *r)
{
    return (r->usage.ru_utime.tv_sec + r->usage.ru_stime.tv_sec) * 1000 +
           (r->usage.ru_utime.tv_usec + r->usage.ru_stime.tv_usec) / 1000;
}

struct proc_result muster_run(const char *const *argv)
{
    return proc_run(&(struct proc_args){ .argv = argv });
}

char *proc_describe(const struct proc_result *r)
{
    return text_of("exit %d, signal %d%s, %lld ms\n--- stdout (%zu)\n%.2000s\n--- stderr (%zu)\n"
                   "%.6000s",
                   r->exit_code, r->signal, r->timed_out ? " (deadline)" : "",
                   (long long)r->elapsed_ms, r->out_size, r->out, r->err_size, r->err);
}

void proc_expect_exit(const struct proc_result *r, int code)
{
    if (r->timed_out || r->exit_code != code)
        cr_assert_fail("expected exit %d, got %s", code, proc_describe(r));
}
