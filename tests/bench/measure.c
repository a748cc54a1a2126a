/* SPDX-License-Identifier: MIT */
/*
 *   measure HOSTS PROGRAM ARG...         what it cost for each of HOSTS hosts
 *   measure --mib N PROGRAM ARG...       what it cost to move N MiB
 *
 * Runs a program with its standard output thrown away, and prints that. CPU time is that of the
 * program and of all processes that it starts. The peak of memory is that of the largest of them;
 * of all together, it is the sum of their shares (Pss), looked at every 100 ms.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { DEPTH_MAX = 8, LOOK_EVERY_NS = 100 * 1000 * 1000 };

/* What was measured. */
struct cost {
    int status;
    double wall;
    double user;
    double kernel;
    long largest_kib; /* of one process, exactly */
    long shares_kib;  /* of all, as far as it was looked at */
};

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A process's share of memory; 0 where it has gone. */
static long share_kib(long pid)
{
    char path[64], line[128];
    long kib = 0;
    snprintf(path, sizeof path, "/proc/%ld/smaps_rollup", pid);
    FILE *file = fopen(path, "r");
    while (file && kib == 0 && fgets(line, sizeof line, file)) {
        if (strncmp(line, "Pss:", 4) == 0)
            kib = strtol(line + 4, NULL, 10);
    }
    if (file)
        fclose(file);
    return kib;
}

/* The shares of all processes below one. */
static long shares_below_kib(long pid, int depth)
{
    char path[64];
    long child, sum = 0;
    snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", pid, pid);
    FILE *file = depth < DEPTH_MAX ? fopen(path, "r") : NULL;
    while (file && fscanf(file, "%ld", &child) == 1)
        sum += share_kib(child) + shares_below_kib(child, depth + 1);
    if (file)
        fclose(file);
    return sum;
}

static void run(char **argv)
{
    int null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    dup2(null, 1);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execvp(argv[0], argv);
    _exit(127);
}

/* Waits for the program and for what it left behind. */
static bool wait_for(pid_t program, struct cost *cost)
{
    static const struct timespec every = { .tv_nsec = LOOK_EVERY_NS };
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    for (;;) {
        int status;
        pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid < 0)
            return true;
        if (pid == program)
            cost->status = status;
        if (pid > 0)
            continue;
        long kib = shares_below_kib(getpid(), 0);
        cost->shares_kib = kib > cost->shares_kib ? kib : cost->shares_kib;
        sigtimedwait(&child, NULL, &every);
    }
}

static bool measure(char **argv, struct cost *cost)
{
    struct rusage usage;
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    double start = now();
    pid_t pid = fork();
    if (pid == 0)
        run(argv);
    if (pid < 0 || !wait_for(pid, cost) || getrusage(RUSAGE_CHILDREN, &usage) != 0)
        return false;
    cost->wall = now() - start;
    cost->user = seconds(usage.ru_utime);
    cost->kernel = seconds(usage.ru_stime);
    cost->largest_kib = usage.ru_maxrss;
    return true;
}

int main(int argc, char **argv)
{
    struct cost cost = { 0 };
    bool is_mib = argc > 1 && strcmp(argv[1], "--mib") == 0;
    int first = is_mib ? 3 : 2;
    if (argc <= first) {
        fputs("usage: measure HOSTS|--mib N PROGRAM ARG...\n", stderr);
        return 2;
    }
    double count = strtod(argv[first - 1], NULL);
    if (!measure(argv + first, &cost))
        return 1;
    printf("exit %d, %.2f s",
           WIFEXITED(cost.status) ? WEXITSTATUS(cost.status) : 128 + WTERMSIG(cost.status),
           cost.wall);
    if (is_mib)
        printf(", %.1f MiB/s; CPU %.2f s (user %.2f, kernel %.2f), %.2f ms a MiB",
               count / cost.wall, cost.user + cost.kernel, cost.user, cost.kernel,
               (cost.user + cost.kernel) / count * 1e3);
    else
        printf("; CPU %.0f us a host (user %.0f, kernel %.0f)",
               (cost.user + cost.kernel) / count * 1e6, cost.user / count * 1e6,
               cost.kernel / count * 1e6);
    printf("; peak %ld KiB", cost.largest_kib);
    if (is_mib)
        printf(", shares of all %ld KiB", cost.shares_kib);
    putchar('\n');
    return 0;
}
