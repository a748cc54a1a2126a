/* SPDX-License-Identifier: MIT */
/*
 * Keeps the servers of tests and demo, and leaves nothing behind.
 *
 *   keeper run DIR PID SECONDS   runs each line of DIR/servers with sh, in the background
 *   keeper stop DIR              ends what `run` started there, and waits for it
 *   keeper free-port LOW HIGH    prints a TCP port that nothing on this machine uses
 *   keeper wait ADDRESS PORT     returns once something listens there; 10 s at most
 *
 * `run` becomes the subreaper of all it starts, so that commands left over by a login stay its
 * descendants. It ends when asked to, when process PID (0: none) is gone, after SECONDS, or when a
 * server cannot live; then it kills every descendant and removes DIR. A test run that is killed
 * therefore takes its servers with it. Needs nothing but libc: `cc keeper.c` builds it.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_SIZE = 4096, WAIT_SECONDS = 10 };

/* Prints what failed and why, and ends. */
static void die(const char *what)
{
    fprintf(stderr, "keeper: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void sleep_ms(long ms)
{
    struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
    nanosleep(&t, NULL);
}

static time_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

/* Parent of a process; -1 where it is gone, 0 where it is dead but not waited for. */
static pid_t parent_of(pid_t pid)
{
    char path[64], line[512];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t n = read(fd, line, sizeof line - 1);
    close(fd);
    if (n <= 0)
        return -1;
    line[n] = '\0';
    const char *after_name = strrchr(line, ')'); /* a name may hold spaces and parentheses */
    if (after_name == NULL || strlen(after_name) < 5)
        return -1;
    return after_name[2] == 'Z' ? 0 : (pid_t)strtol(after_name + 4, NULL, 10);
}

static bool descends_from(pid_t pid, pid_t ancestor)
{
    for (int depth = 0; depth < 64 && pid > 1; depth++) {
        pid = parent_of(pid);
        if (pid == ancestor)
            return true;
    }
    return false;
}

/* Signals every living descendant; returns how many there were. */
static int signal_descendants(int number)
{
    int count = 0;
    DIR *proc = opendir("/proc");
    if (proc == NULL)
        die("/proc");
    for (struct dirent *entry; (entry = readdir(proc)) != NULL;) {
        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (pid == getpid() || !descends_from(pid, getpid()))
            continue;
        count += kill(pid, number) == 0;
    }
    closedir(proc);
    return count;
}

static void reap(void)
{
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
}

/* TERM, a second's grace, then KILL until none is left. */
static void end_descendants(void)
{
    for (int round = 0; round < 100; round++) {
        if (signal_descendants(round == 0 ? SIGTERM : round < 20 ? 0 : SIGKILL) == 0)
            return;
        sleep_ms(50);
        reap();
    }
}

static void remove_tree(const char *dir)
{
    pid_t pid = fork();
    if (pid == 0) {
        execlp("rm", "rm", "-rf", "--", dir, (char *)NULL);
        _exit(127);
    }
    if (pid > 0)
        waitpid(pid, NULL, 0);
}

/* Starts one line of DIR/servers in a process group of its own. */
static void start_server(const char *dir, const char *line)
{
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid > 0)
        return;
    setpgid(0, 0);
    signal(SIGHUP, SIG_DFL);
    if (chdir(dir) != 0)
        die(dir);
    execl("/bin/sh", "sh", "-c", line, (char *)NULL);
    die("/bin/sh");
}

static void start_servers(const char *dir)
{
    char path[LINE_MAX_SIZE], line[LINE_MAX_SIZE];
    snprintf(path, sizeof path, "%s/servers", dir);
    FILE *list = fopen(path, "re");
    if (list == NULL)
        die(path);
    while (fgets(line, sizeof line, list) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] != '\0')
            start_server(dir, line);
    }
    fclose(list);
}

static void write_pid(const char *dir)
{
    char path[LINE_MAX_SIZE];
    snprintf(path, sizeof path, "%s/keeper.pid", dir);
    FILE *f = fopen(path, "we");
    if (f == NULL || fprintf(f, "%d\n", (int)getpid()) < 0 || fclose(f) != 0)
        die(path);
}

/* Leaves the caller's session and its descriptors; the log goes to DIR/keeper.log. */
static void go_to_background(const char *dir)
{
    char path[LINE_MAX_SIZE];
    snprintf(path, sizeof path, "%s/keeper.log", dir);
    int null = open("/dev/null", O_RDONLY);
    int log = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (null < 0 || log < 0 || setsid() < 0)
        die(path);
    dup2(null, 0);
    dup2(log, 1);
    dup2(log, 2);
    for (int fd = 3; fd < 1024; fd++)
        close(fd);
}

static volatile sig_atomic_t asked_to_end;

static void on_signal(int number)
{
    (void)number;
    asked_to_end = 1;
}

static void keep(const char *dir, pid_t with, long seconds)
{
    struct sigaction action = { .sa_handler = on_signal };
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGHUP, SIG_IGN);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
        die("prctl");
    start_servers(dir);
    write_pid(dir);
    time_t end = now() + seconds;
    while (!asked_to_end && now() < end && (with == 0 || kill(with, 0) == 0 || errno == EPERM)) {
        sleep_ms(100);
        reap();
    }
    end_descendants();
    remove_tree(dir);
}

static int run(const char *dir, pid_t with, long seconds)
{
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid == 0) {
        go_to_background(dir);
        keep(dir, with, seconds);
        exit(0);
    }
    char path[LINE_MAX_SIZE];
    snprintf(path, sizeof path, "%s/keeper.pid", dir);
    for (int i = 0; i < WAIT_SECONDS * 100; i++) {
        if (access(path, F_OK) == 0)
            return 0;
        sleep_ms(10);
    }
    fprintf(stderr, "keeper: did not start; see %s/keeper.log\n", dir);
    return 1;
}

/* The folder goes last, so its absence says that all is done. */
static int stop(const char *dir)
{
    char path[LINE_MAX_SIZE], text[32] = "";
    snprintf(path, sizeof path, "%s/keeper.pid", dir);
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return errno == ENOENT ? 0 : 1;
    if (fgets(text, sizeof text, f) == NULL)
        text[0] = '\0';
    fclose(f);
    pid_t pid = (pid_t)strtol(text, NULL, 10);
    if (pid <= 1 || (kill(pid, SIGTERM) != 0 && errno != ESRCH))
        die(path);
    for (int i = 0; i < WAIT_SECONDS * 100 && access(dir, F_OK) == 0; i++)
        sleep_ms(10);
    return access(dir, F_OK) == 0;
}

/* Nobody listens on the port at any IPv4 address, nor is it in use as a client's. */
static bool is_free(int port)
{
    struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons((in_port_t)port) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        die("socket");
    bool yes = bind(fd, (struct sockaddr *)&any, sizeof any) == 0;
    close(fd);
    return yes;
}

static int free_port(int low, int high)
{
    srand((unsigned)getpid() ^ (unsigned)time(NULL));
    for (int i = 0; i < 1000 && low < high; i++) {
        int port = low + rand() % (high - low);
        if (is_free(port)) {
            printf("%d\n", port);
            return 0;
        }
    }
    fprintf(stderr, "keeper: no free port in %d..%d\n", low, high);
    return 1;
}

static bool listens(const char *address, int port)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((in_port_t)port) };
    if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
        die(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        die("socket");
    bool yes = connect(fd, (struct sockaddr *)&to, sizeof to) == 0;
    close(fd);
    return yes;
}

static int wait_for(const char *address, int port)
{
    for (int i = 0; i < WAIT_SECONDS * 50; i++) {
        if (listens(address, port))
            return 0;
        sleep_ms(20);
    }
    fprintf(stderr, "keeper: nothing listens on %s:%d\n", address, port);
    return 1;
}

int main(int argc, char **argv)
{
    const char *verb = argc > 2 ? argv[1] : "";
    if (strcmp(verb, "run") == 0 && argc == 5)
        return run(argv[2], (pid_t)strtol(argv[3], NULL, 10), strtol(argv[4], NULL, 10));
    if (strcmp(verb, "stop") == 0 && argc == 3)
        return stop(argv[2]);
    if (strcmp(verb, "free-port") == 0 && argc == 4)
        return free_port((int)strtol(argv[2], NULL, 10), (int)strtol(argv[3], NULL, 10));
    if (strcmp(verb, "wait") == 0 && argc == 4)
        return wait_for(argv[2], (int)strtol(argv[3], NULL, 10));
    fputs("usage: keeper run DIR PID SECONDS | stop DIR | free-port LOW HIGH | wait ADDRESS PORT\n",
          stderr);
    return 2;
}
