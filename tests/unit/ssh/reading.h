/* SPDX-License-Identifier: MIT */
/* A reader (ssh/reader.h), whoever takes its bytes, and the server that it reads a file from. */
#ifndef MUSTER_TESTS_READING_H
#define MUSTER_TESTS_READING_H

#include "sftp_client.h"
#include "ssh/reader.h"

enum { MOST = 512 };

#define UNKNOWN UINT64_MAX

/* A reader, and the server that it reads from. */
struct reading {
    struct rig rig;
    struct client c;
    struct reader *reader; /* NULL once it ended */

    /* The server. */
    uint64_t real;      /* what is in the file */
    uint64_t announced; /* by FSTAT; UNKNOWN: attributes without a size */
    bool refuses_fstat;
    size_t most; /* bytes of an answer; 0: as many as were asked for */
    struct peer_request waiting[MOST];
    size_t count;

    /* The receiver. */
    struct buf got;
    uint64_t wants;    /* on_data() says no more from here on; 0: all */
    uint64_t stops_at; /* calls reader_stop() from on_data(); 0: never */
    int ends;
    struct error error;
    struct sftp_attributes attributes;
};

/* A file of `real` bytes, of which FSTAT announces all; a client that may read. */
void reading_prepare(struct reading *rd, uint64_t real);

/* Begins to read from `offset`; `known`: the size that the folder told, or UNKNOWN. */
void reading_read_from(struct reading *rd, uint64_t offset, uint64_t known);

/* Both: the file is open; FSTAT and what READs there may be are asked for. */
void reading_open_file(struct reading *rd, uint64_t real, uint64_t known);

/* reader_stop(), because it was "stopped". */
void reading_stop(struct reading *rd);

/* Settles, and takes what was asked for to what waits. */
void reading_hear(struct reading *rd);

/* Answers one; the one at `i` of those that wait. */
void reading_answer(struct reading *rd, const struct peer_request *request);
void reading_answer_at(struct reading *rd, size_t i);

/* Takes the request of this type off those that wait. */
struct peer_request reading_take(struct reading *rd, enum sftp_type type);

/* Answers until nothing more is asked: the first, the last, or any of those that wait (a seed). */
enum { FIRST = -1, LAST = -2 };
void reading_serve(struct reading *rd, int order);

/* Settles; then it has ended once, with this error, after so many bytes. */
void reading_expect_end(struct reading *rd, const char *error, uint64_t size);

void reading_finish(struct reading *rd);

#endif
