/* SPDX-License-Identifier: MIT */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/buf.h"

int file_read_rest(int fd, struct buf *out)
{
    char piece[16 * 1024];
    for (;;) {
        ssize_t size = read(fd, piece, sizeof piece);
        if (size == 0)
            return 0;
        if (size < 0 && errno != EINTR)
            return errno;
        if (size > 0 && !buf_add(out, piece, (size_t)size))
            return EFBIG;
    }
}

int file_read_whole(const char *path, struct buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return errno;
    int problem = file_read_rest(fd, out);
    close(fd);
    return problem;
}
