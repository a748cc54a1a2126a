/* SPDX-License-Identifier: MIT */
/*
 * Programs under test: started with exact arguments and a clean environment, watched with a
 * deadline so that no test ever hangs, and measured.
 *
 *      proc_run = proc_start + proc_finish; between the two a test may send signals,
 *                 wait for output, or close a stream as `| head` would
 *
 * The environment is the test's own without anything that steers muster, ssh or colours (MUSTER_*,
 * SSH_*, XDG_*, LC_*, HOME, TERM, CI ...), with HOME in tmp_dir() and LC_ALL=C.UTF-8.
 */
#ifndef MUSTER_TESTS_PROC_H
#define MUSTER_TESTS_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

struct proc_args {
    const char *const *argv; /* NULL-ended; argv[0] is looked up in PATH */
    const char *const *env;  /* NULL-ended "K=V" to add or replace; may be NULL */
    const char *stdin_text;  /* standard input; NULL is /dev/null */
    size_t stdin_size;       /* of stdin_text; 0 means strlen */
    const char *stdin_path;  /* a file instead */
    const char *stdout_path; /* a file instead of the pipe (/dev/full, /dev/null) */
    const char *cwd;         /* NULL: the test's */
    int deadline_ms;         /* killed then; 0 is 60 s */
    bool discard_stdout;     /* read and counted, not kept */
};

struct proc_result {
    char *out; /* NUL-terminated, heap */
    size_t out_size;
    char *err;
    size_t err_size;
    int exit_code;  /* -1 where a signal ended it */
    int signal;     /* 0 where it exited */
    bool timed_out; /* the deadline killed it */
    int64_t elapsed_ms;
    struct rusage usage; /* of the program alone: ru_maxrss in KiB, CPU times */
};

struct proc;

struct proc *proc_start(const struct proc_args *args);
pid_t proc_pid(const struct proc *p);
void proc_signal(struct proc *p, int number);

/* Reads until stdout (or stderr) holds `text`; false at `ms` or when the program ended first. */
bool proc_wait_stdout(struct proc *p, const char *text, int ms);
bool proc_wait_stderr(struct proc *p, const char *text, int ms);

/* Closes our end of its standard output, or input, at once. */
void proc_close_stdout(struct proc *p);
void proc_close_stdin(struct proc *p);

/* Reads on without touching stdout for `ms`: a slow reader. */
void proc_pause(struct proc *p, int ms);

/* Waits for the end, at most the deadline; frees `p`. */
struct proc_result proc_finish(struct proc *p);

struct proc_result proc_run(const struct proc_args *args);
void proc_result_release(struct proc_result *r);

/* Fails the test where the program's memory went over `kib`; says nothing about a build with
 * sanitizers, which keep freed memory. */
void proc_expect_memory(const struct proc_result *r, long kib);

/* User + system CPU time. */
int64_t proc_cpu_ms(const struct proc_result *r);

/* The muster binary under test with the given words: MUSTER("run", "-a", "true"). */
#define MUSTER(...) muster_run((const char *const[]){ MUSTER_BINARY, __VA_ARGS__, NULL })
struct proc_result muster_run(const char *const *argv);

/* Both for messages of failed asserts: "exit 4, 120 ms\n--- stdout\n...". Heap. */
char *proc_describe(const struct proc_result *r);

/* Fails the test, showing everything, unless the program exited with `code`. */
void proc_expect_exit(const struct proc_result *r, int code);

#endif
