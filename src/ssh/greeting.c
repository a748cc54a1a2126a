/* SPDX-License-Identifier: MIT */
#include "ssh/greeting.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/memory.h"
#include "base/wire.h"

enum {
    MAX_LINES = 1024,          /* before "SSH-" */
    MAX_BANNER = 8 * 1024,     /* bytes before "SSH-", and of the version string */
    MAX_KEXINIT = 35000,       /* RFC 4253, 6.1 */
    KEXINIT_TYPE = 20,         /* SSH_MSG_KEXINIT */
    KEXINIT_HEAD = 4 + 1 + 17, /* length, padding length; type and cookie */
};

enum phase { PHASE_LINES, PHASE_KEXINIT, PHASE_DONE };

struct greeting {
    enum phase phase;
    struct buf in;     /* fed and not taken */
    struct buf line;   /* the line under way */
    char *first_line;  /* of those before the version string */
    struct buf packet; /* the KEXINIT packet under way */
    unsigned lines;
    size_t before_version;
    char *version;
    char *lists[ALGORITHM_LIST_COUNT];
};

static const char *const list_phrases[ALGORITHM_LIST_COUNT] = {
    [ALGORITHM_KEX] = "key exchange",
    [ALGORITHM_HOST_KEY] = "host key type",
    [ALGORITHM_CIPHER_CLIENT] = "cipher (to the server)",
    [ALGORITHM_CIPHER_SERVER] = "cipher (from the server)",
    [ALGORITHM_MAC_CLIENT] = "MAC (to the server)",
    [ALGORITHM_MAC_SERVER] = "MAC (from the server)",
    [ALGORITHM_COMPRESSION_CLIENT] = "compression (to the server)",
    [ALGORITHM_COMPRESSION_SERVER] = "compression (from the server)",
};

struct greeting *greeting_new(void)
{
    struct greeting *g = xcalloc(1, sizeof *g);
    buf_init(&g->in, 256 * 1024);
    buf_init(&g->line, MAX_BANNER);
    buf_init(&g->packet, MAX_KEXINIT);
    return g;
}

void greeting_free(struct greeting *g)
{
    if (!g)
        return;
    buf_release(&g->in);
    buf_release(&g->line);
    buf_release(&g->packet);
    free(g->version);
    free(g->first_line);
    for (size_t i = 0; i < ALGORITHM_LIST_COUNT; i++)
        free(g->lists[i]);
    free(g);
}

/* Copies a line with every unprintable byte as '?'. */
static char *printable(const char *text, size_t size)
{
    char *copy = xstrndup(text, size);
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)copy[i] < 0x20 || (unsigned char)copy[i] > 0x7e)
            copy[i] = '?';
    }
    return copy;
}

/* Says what was heard instead of SSH, at most its first 60 bytes. */
static bool not_ssh(const struct greeting *g, struct error *reterr)
{
    char *text = printable(buf_str(&g->line), g->line.size);
    error_set(reterr, ERR_NOT_SSH, "this is no SSH server: it said \"%.60s\"",
              g->first_line ? g->first_line : text);
    free(text);
    return false;
}

/* The version string has come, `size` bytes without CR: libssh2 gets to see it, and what follows.
 */
static bool accept_version(struct greeting *g, size_t size, struct error *reterr)
{
    const char *line = buf_str(&g->line);
    g->version = printable(line, size);
    g->phase = PHASE_KEXINIT;
    if (strncmp(line, "SSH-2.0-", 8) != 0 && strncmp(line, "SSH-1.99-", 9) != 0)
        return error_set(reterr, ERR_NOT_SSH, "the server speaks %s, not SSH 2", g->version);
    buf_add(&g->in, line, g->line.size);
    buf_add_char(&g->in, '\n');
    return true;
}

/* A whole line has come: the version string, or one of the lines that may precede it. */
static bool accept_line(struct greeting *g, struct error *reterr)
{
    const char *line = buf_str(&g->line);
    size_t size = g->line.size;
    if (size > 0 && line[size - 1] == '\r')
        size--;
    if (strncmp(line, "SSH-", 4) == 0)
        return accept_version(g, size, reterr);
    if (strncmp(line, "HTTP/", 5) == 0)
        return not_ssh(g, reterr);
    if (++g->lines > MAX_LINES)
        return error_set(reterr, ERR_NOT_SSH, "no SSH version in the first %d lines", MAX_LINES);
    if (memchr(line, '\0', size))
        return not_ssh(g, reterr);
    if (!g->first_line)
        g->first_line = printable(line, size);
    buf_clear(&g->line);
    return true;
}

/* Looks at one byte before the version string is complete. */
static bool feed_line(struct greeting *g, char c, struct error *reterr)
{
    if (++g->before_version > MAX_BANNER)
        return not_ssh(g, reterr);
    if (c == '\n')
        return accept_line(g, reterr);
    buf_add_char(&g->line, c);
    return true;
}

/* Takes the name-lists out of a whole KEXINIT packet; what is cut off stays unknown. */
static void parse_kexinit(struct greeting *g)
{
    const char *data = buf_str(&g->packet);
    size_t at = KEXINIT_HEAD;
    if (g->packet.size < at || data[5] != KEXINIT_TYPE)
        return;
    for (size_t i = 0; i < ALGORITHM_LIST_COUNT; i++) {
        if (g->packet.size - at < 4)
            return;
        uint32_t size = wire_u32_at(data + at);
        at += 4;
        if (size > g->packet.size - at)
            return;
        g->lists[i] = printable(data + at, size);
        at += size;
    }
}

/* Collects the first packet. */
static void feed_kexinit(struct greeting *g, char c)
{
    if (!buf_add_char(&g->packet, c)) {
        g->phase = PHASE_DONE;
        return;
    }
    if (g->packet.size < 4 || g->packet.size < 4 + (size_t)wire_u32_at(buf_str(&g->packet)))
        return;
    parse_kexinit(g);
    buf_release(&g->packet);
    g->phase = PHASE_DONE;
}

bool greeting_feed(struct greeting *g, const char *data, size_t size, struct error *reterr)
{
    size_t at = 0;
    while (at < size && g->phase == PHASE_LINES) {
        if (!feed_line(g, data[at++], reterr))
            return false;
    }
    if (!buf_add(&g->in, data + at, size - at))
        return error_set(reterr, ERR_NOT_SSH, "the server sends too much before the key exchange");
    while (at < size && g->phase == PHASE_KEXINIT)
        feed_kexinit(g, data[at++]);
    return true;
}

bool greeting_end(const struct greeting *g, struct error *reterr)
{
    return g->version || g->before_version == 0 || not_ssh(g, reterr);
}

size_t greeting_take(struct greeting *g, char *data, size_t size)
{
    size_t n = g->in.size < size ? g->in.size : size;
    if (n > 0) {
        memcpy(data, g->in.data, n);
        buf_consume(&g->in, n);
    }
    return n;
}

const char *greeting_version(const struct greeting *g)
{
    return g->version;
}

const char *greeting_list(const struct greeting *g, enum algorithm_list which)
{
    return g->lists[which];
}

const char *algorithm_list_phrase(enum algorithm_list which)
{
    return list_phrases[which];
}
