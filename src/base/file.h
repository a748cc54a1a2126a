/* SPDX-License-Identifier: MIT */
/* Reading a whole file at once. */
#ifndef MUSTER_BASE_FILE_H
#define MUSTER_BASE_FILE_H

struct buf;

/* Appends the bytes of the file to `out`. Returns 0, or the errno of what failed; EFBIG where the
 * file is larger than the buffer may grow. */
int file_read_whole(const char *path, struct buf *out);

/* As file_read_whole() for what is left of an open descriptor, which stays open. */
int file_read_rest(int fd, struct buf *out);

#endif
