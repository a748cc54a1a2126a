/* SPDX-License-Identifier: MIT */
/*
 * An SFTP server for `Subsystem sftp`. The first component of a path chooses a row of the table; a
 * request for which the row has no answer is answered honestly, from $HOME/sftp_fault, where each
 * row has a folder and may have a file "file". Requests are written to $HOME/sftp_fault/log.
 *
 *   sftp_fault          serves standard input
 *   sftp_fault --list   prints the names
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sftp_fault.h"

enum { MIB = 1 << 20, TOGETHER_MS = 20, LIFE_SECONDS = 600 };

static const struct behaviour behaviours[] = {
    { "honest", .seed = MIB },

    /* Files that are not as announced. */
    { "short", .seed = 1000, .announces = MIB },
    { "grow", .seed = 5000, .announces = 1000 },
    { "setuid", .seed = 1000, .seed_mode = 06755 },
    { "zero", .seed = MIB, .on = { { SFTP_READ, lie_zero } } },
    { "unordered", .seed = MIB, .on = { { SFTP_READ, lie_unordered } } },
    { "shortreads", .seed = MIB, .on = { { SFTP_READ, lie_short_read } } },

    /* Folders. */
    { "endless", .seed = 10,
      .on = { { SFTP_READDIR, lie_endless_readdir },
              { SFTP_STAT, lie_stat_seed },
              { SFTP_LSTAT, lie_stat_seed },
              { SFTP_OPEN, lie_open_seed } } },
    { "deep", .on = { { SFTP_READDIR, lie_deep_readdir },
                      { SFTP_STAT, lie_deep_stat },
                      { SFTP_LSTAT, lie_deep_stat },
                      { SFTP_OPENDIR, lie_deep_opendir } } },
    { "names", .seed = 10,
      .on = { { SFTP_READDIR, lie_names_readdir },
              { SFTP_STAT, lie_stat_seed },
              { SFTP_LSTAT, lie_stat_seed },
              { SFTP_OPEN, lie_open_seed } } },
    { "links", .seed = 10,
      .on = { { SFTP_READDIR, lie_links_readdir },
              { SFTP_STAT, lie_links_lstat },
              { SFTP_LSTAT, lie_links_lstat },
              { SFTP_OPEN, lie_open_seed },
              { SFTP_READLINK, lie_links_readlink } } },
    { "biglink", .on = { { SFTP_READDIR, lie_big_readdir },
                         { SFTP_LSTAT, lie_big_lstat },
                         { SFTP_READLINK, lie_big_readlink } } },
    { "typeless", .seed = MIB, .on = { { SFTP_READDIR, lie_bare_readdir } } },

    /* Silence, and answers that are none. */
    { "stall", .seed = MIB, .on = { { SFTP_READ, lie_silent }, { SFTP_WRITE, lie_silent } } },
    { "slow", .seed = MIB, .on = { { SFTP_READ, lie_slow }, { SFTP_WRITE, lie_slow } } },
    { "noreply", .seed = MIB, .on = { { SFTP_ANY, lie_silent } } },
    { "badid", .seed = MIB, .on = { { SFTP_ANY, lie_wrong_id } } },
    { "hugepacket", .seed = MIB, .on = { { SFTP_ANY, lie_huge_packet } } },
    { "garbage", .seed = MIB, .on = { { SFTP_ANY, lie_garbage } } },
    { "badtype", .seed = MIB, .on = { { SFTP_OPEN, lie_open_as_name } } },

    /* Writing that goes wrong. */
    { "drop", .seed = MIB, .on = { { SFTP_READ, lie_drop }, { SFTP_WRITE, lie_drop } } },
    { "full", .on = { { SFTP_WRITE, lie_full } } },
    { "quota", .on = { { SFTP_CLOSE, lie_quota } } },
    { "lie", .on = { { SFTP_WRITE, lie_forget } } },
    { "corrupt", .on = { { SFTP_WRITE, lie_corrupt } } },
    { "perm", .seed = MIB, .on = { { SFTP_OPEN, lie_not_for_writing } } },
    { "renamefails", .on = { { SFTP_POSIX_RENAME, lie_rename_fails } } },
    { "lostrename", .on = { { SFTP_POSIX_RENAME, lie_rename_lost } } },
    { "renamedlost", .on = { { SFTP_POSIX_RENAME, lie_renamed_lost } } },
};
enum { BEHAVIOURS = sizeof behaviours / sizeof *behaviours };

const struct behaviour *behaviour_of(const char *path)
{
    while (*path == '/')
        path++;
    size_t size = strcspn(path, "/");
    for (size_t i = 0; i < BEHAVIOURS; i++)
        if (strlen(behaviours[i].name) == size && strncmp(behaviours[i].name, path, size) == 0)
            return &behaviours[i];
    return &behaviours[0];
}

/* "TYPE PATH OTHER", as one write. */
static void log_request(const struct server *s, const struct request *q)
{
    if (q->type != SFTP_READ && q->type != SFTP_WRITE)
        dprintf(s->log, "%d %s %s\n", q->type, q->path, q->other);
}

static void serve(struct server *s, const struct request *q)
{
    const struct behaviour *b = q->behaviour;
    log_request(s, q);
    if (q->type != SFTP_READ)
        lies_flush(s);
    for (size_t i = 0; i < sizeof b->on / sizeof *b->on && b->on[i].answer != NULL; i++)
        if ((b->on[i].type == q->type || b->on[i].type == SFTP_ANY) && b->on[i].answer(s, q))
            return;
    files_answer(s, q);
}

/* A folder in the store, already there in all but the first server. */
static void make_folder(const struct server *s, const char *name)
{
    char path[PATH_ROOM];
    snprintf(path, sizeof path, "%s/%s", s->store, name);
    mkdir(path, 0755);
}

static void make_store(struct server *s)
{
    const char *home = getenv("HOME");
    char path[PATH_ROOM];
    snprintf(path, sizeof path, "%s/sftp_fault", home != NULL ? home : "/nonexistent");
    s->store = strdup(path);
    make_folder(s, "");
    for (size_t i = 0; i < BEHAVIOURS; i++)
        files_seed(s, &behaviours[i]);
    snprintf(path, sizeof path, "%s/log", s->store);
    s->log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    make_folder(s, "typeless/sub");
    make_folder(s, "links/a");
}

static void list(void)
{
    for (size_t i = 0; i < BEHAVIOURS; i++)
        puts(behaviours[i].name);
}

int main(int argc, char **argv)
{
    static struct server s;
    static struct request q;
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        list();
        return 0;
    }
    signal(SIGPIPE, SIG_IGN);
    alarm(LIFE_SECONDS);
    umask(022);
    make_store(&s);
    for (;;) {
        if (s.late_count > 0 && !wire_has_more(TOGETHER_MS))
            lies_flush(&s);
        if (!wire_next(&s, &q))
            return 0;
        if (q.type == SFTP_INIT)
            wire_version(&s);
        else if (q.type != 0)
            serve(&s, &q);
    }
}
