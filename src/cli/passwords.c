/* SPDX-License-Identifier: MIT */
#include "cli/passwords.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uthash.h>

#include "base/memory.h"
#include "base/secret.h"
#include "base/trace.h"
#include "cli/prompt.h"
#include "model/options.h"

#define PASSWORD_SIZE_MAX 4096

/* What came of a password file. */
struct password_file {
    char *path;
    struct secret *secret; /* NULL where `error` is set */
    struct error error;
    UT_hash_handle hh;
};

struct passwords {
    struct secret *asked; /* NULL until it was asked for */
    struct password_file *files;
    const struct option_row *ask_row;
    const struct option_row *file_row;
};

struct passwords *passwords_new(void)
{
    struct passwords *p = xcalloc(1, sizeof *p);
    p->ask_row = options_by_key(AT_CONFIG, "ask_pass");
    p->file_row = options_by_key(AT_CONFIG, "password_file");
    return p;
}

void passwords_free(struct passwords *p)
{
    if (!p)
        return;
    struct password_file *file, *next;
    HASH_ITER(hh, p->files, file, next)
    {
        HASH_DEL(p->files, file);
        secret_free(file->secret);
        error_release(&file->error);
        free(file->path);
        free(file);
    }
    secret_free(p->asked);
    free(p);
}

/* Refuses a file that others may read. What is no file, such as a pipe, has no others. */
static bool check_mode(int fd, struct error *reterr)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return error_set(reterr, ERR_FILE, "%s", strerror(errno));
    if (S_ISREG(st.st_mode) && (st.st_mode & (S_IRWXG | S_IRWXO)))
        return error_set(reterr, ERR_FILE,
                         "others may read it (mode %04o); chmod 600 makes it yours alone",
                         (unsigned)(st.st_mode & 07777));
    return true;
}

/* Reads to the end of the first line and no byte further: the rest of standard input may be meant
 * for the commands. */
static bool read_first_line(int fd, struct secret **ret, struct error *reterr)
{
    char line[PASSWORD_SIZE_MAX];
    size_t size = 0;
    ssize_t got;
    do {
        got = read(fd, line + size, 1);
        size += got > 0;
    } while ((got > 0 && line[size - 1] != '\n' && size < sizeof line) ||
             (got < 0 && errno == EINTR));
    int problem = got < 0 ? errno : 0;
    bool is_too_long = size == sizeof line && line[size - 1] != '\n';
    while (size > 0 && (line[size - 1] == '\n' || line[size - 1] == '\r'))
        size--;
    bool is_fine = !problem && !is_too_long && size > 0;
    if (is_fine)
        *ret = secret_new(line, size);
    secret_wipe(line, sizeof line);
    if (problem)
        return error_set(reterr, ERR_FILE, "%s", strerror(problem));
    if (!is_fine)
        return error_set(reterr, ERR_FILE, "its first line is %s",
                         is_too_long ? "too long" : "empty");
    return true;
}

/* Reads the password out of a file; "-" is standard input. */
static bool read_file(const char *path, struct secret **ret, struct error *reterr)
{
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return error_set(reterr, ERR_FILE, "%s", strerror(errno));
    bool is_fine = (is_stdin || check_mode(fd, reterr)) && read_first_line(fd, ret, reterr);
    if (!is_stdin)
        close(fd);
    return is_fine;
}

/* The file's entry, read now where it is new. */
static const struct password_file *find_file(struct passwords *p, const char *path)
{
    struct password_file *file;
    HASH_FIND_STR(p->files, path, file);
    if (file)
        return file;
    file = xcalloc(1, sizeof *file);
    file->path = xstrdup(path);
    if (!read_file(path, &file->secret, &file->error)) {
        error_prefix(&file->error, "password file %s", path);
        trace_note("%s", error_text(&file->error));
    }
    HASH_ADD_KEYPTR(hh, p->files, file->path, strlen(file->path), file);
    return file;
}

/* Gives the target what its password file holds. */
static bool give_from_file(struct passwords *p, struct target *t, enum source_kind kind,
                           struct error *reterr)
{
    const char *path = t->settings->password_file.s;
    if (kind < SOURCE_ENVIRONMENT && strcmp(path, "-") == 0)
        return error_set(reterr, ERR_USAGE,
                         "host %s: password_file is \"-\", which only the command line may say",
                         t->info.name);
    const struct password_file *file = find_file(p, path);
    if (!file->secret && kind >= SOURCE_ENVIRONMENT) {
        error_copy(reterr, &file->error);
        return false;
    }
    t->password = file->secret;
    return true;
}

/* Gives the target what somebody answers, or has answered before. */
static bool give_asked(struct passwords *p, struct target *t, struct error *reterr)
{
    if (!p->asked && !prompt_secret("Password: ", &p->asked, reterr))
        return error_prefix(reterr, "-k");
    t->password = p->asked;
    return true;
}

/* Gives one target its password, where it has one. */
static bool give(struct passwords *p, struct target *t, struct error *reterr)
{
    bool asks = t->settings->ask_pass;
    bool has_file = t->settings->password_file.s != NULL;
    enum source_kind ask_kind = settings_source(t->settings, p->ask_row).kind;
    enum source_kind file_kind = settings_source(t->settings, p->file_row).kind;
    if (asks && has_file && ask_kind == SOURCE_COMMAND_LINE && file_kind == SOURCE_COMMAND_LINE)
        return error_set(reterr, ERR_USAGE, "-k and --password-file exclude each other");
    if (asks && (!has_file || ask_kind >= file_kind))
        return give_asked(p, t, reterr);
    return !has_file || give_from_file(p, t, file_kind, reterr);
}

bool passwords_give(struct passwords *p, struct target *const *targets, size_t count,
                    struct error *reterr)
{
    for (size_t i = 0; i < count; i++) {
        if (!give(p, targets[i], reterr))
            return false;
    }
    return true;
}
