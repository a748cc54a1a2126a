/* SPDX-License-Identifier: MIT */
/*
 *   measure HOSTS PROGRAM ARG...
 *
 * Runs a program with its output thrown away and prints what it cost for each of HOSTS hosts.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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

int main(int argc, char **argv)
{
    struct rusage usage;
    int status;
    if (argc < 3) {
        fputs("usage: measure HOSTS PROGRAM ARG...\n", stderr);
        return 2;
    }
    double hosts = strtod(argv[1], NULL), start = now();
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(null, 1);
        dup2(null, 2);
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    if (pid < 0 || wait4(pid, &status, 0, &usage) != pid)
        return 1;
    double user = seconds(usage.ru_utime), kernel = seconds(usage.ru_stime), wall = now() - start;
    printf("exit %d, %.2f s; CPU %.0f us a host (user %.0f, kernel %.0f); peak %ld KiB\n",
           WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), wall,
           (user + kernel) / hosts * 1e6, user / hosts * 1e6, kernel / hosts * 1e6,
           usage.ru_maxrss);
    return 0;
}
