/* SPDX-License-Identifier: MIT */
#include "files.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"

static char folder[256];

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st, (void)kind, (void)where;
    return remove(path);
}

static void remove_folder(void)
{
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *tmp_dir(void)
{
    if (folder[0] == '\0') {
        const char *base = getenv("MUSTER_TESTS_TMP");
        snprintf(folder, sizeof folder, "%s/muster-test.XXXXXX", base != NULL ? base : "/tmp");
        cr_assert_not_null(mkdtemp(folder), "mkdtemp");
        atexit(remove_folder);
    }
    return folder;
}

char *text_of(const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    cr_assert(vasprintf(&text, fmt, ap) >= 0);
    va_end(ap);
    return text;
}

char *tmp_path(const char *name)
{
    return text_of("%s/%s", tmp_dir(), name);
}

char *tmp_file_bytes(const char *name, const void *data, size_t size)
{
    char *path = tmp_path(name);
    FILE *f = fopen(path, "we");
    cr_assert_not_null(f, "%s", path);
    size_t written = fwrite(data, 1, size, f);
    int closed = fclose(f);
    cr_assert(written == size && closed == 0, "%s", path);
    return path;
}

char *tmp_file(const char *name, const char *text)
{
    return tmp_file_bytes(name, text, strlen(text));
}

char *file_read(const char *path, size_t *ret_size)
{
    FILE *f = fopen(path, "re");
    cr_assert_not_null(f, "cannot open %s", path);
    size_t size = 0, room = 1 << 16, got = 0;
    char *data = xrealloc_array(NULL, room, 1);
    while ((got = fread(data + size, 1, room - 1 - size, f)) > 0) {
        size += got;
        if (size == room - 1) {
            room *= 2;
            data = xrealloc_array(data, room, 1);
        }
    }
    fclose(f);
    data[size] = '\0';
    if (ret_size != NULL)
        *ret_size = size;
    return data;
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

size_t count_lines(const char *text, const char *prefix)
{
    size_t count = 0;
    while (*text != '\0') {
        count += strncmp(text, prefix, strlen(prefix)) == 0;
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    return count;
}

size_t count_text(const char *text, const char *needle)
{
    size_t count = 0;
    while ((text = strstr(text, needle)) != NULL) {
        count++;
        text += strlen(needle);
    }
    return count;
}

int free_port(void)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&a, &size), 0);
    close(fd);
    return ntohs(a.sin_port);
}

int file_count(const char *path)
{
    FILE *list = popen(text_of("ls -A %s | wc -l", path), "r");
    int count = -1;
    cr_assert_eq(fscanf(list, "%d", &count), 1);
    pclose(list);
    return count;
}
