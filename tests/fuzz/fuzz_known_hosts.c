/* SPDX-License-Identifier: MIT */
/* Any text as a known_hosts file: the indexed answer must be that of going through it line by line.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/wire.h"
#include "model/known_hosts_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct known_hosts_name names[] = {
    { "web1", 22 }, { "web1", 2222 }, { "db.example.com", 0 }, { "::1", 2222 }, { "a", 22 },
};

/* One line's part in the verdict on a key. */
static void judge_line(const char *text, size_t size, const char *name, const struct buf *key,
                       enum known_hosts_verdict *verdict)
{
    struct known_hosts_line line;
    const char *why = NULL;
    struct buf blob;
    unsigned char hash[SHA1_SIZE];
    buf_init(&blob, 64 * 1024);
    if (known_hosts_line_parse(text, size, &line, &blob, &why) == KNOWN_HOSTS_LINE_ENTRY) {
        bool is_found;
        if (line.is_hashed) {
            struct hmac_sha1 *h = hmac_sha1_new();
            hmac_sha1(h, line.salt, name, strlen(name), hash);
            hmac_sha1_free(h);
            is_found = memcmp(hash, line.hash, sizeof hash) == 0;
        } else {
            is_found = known_hosts_names_match(line.names, line.names_size, name);
        }
        bool is_same = blob.size == key->size && memcmp(blob.data, key->data, key->size) == 0;
        if (is_found && is_same && line.marker == KNOWN_HOSTS_REVOKE)
            *verdict = KNOWN_HOSTS_REVOKED;
        else if (is_found && line.marker == KNOWN_HOSTS_PLAIN && *verdict != KNOWN_HOSTS_REVOKED &&
                 *verdict != KNOWN_HOSTS_MATCH)
            *verdict = is_same ? KNOWN_HOSTS_MATCH : KNOWN_HOSTS_CHANGED;
    } else if (why && !*why) {
        abort();
    }
    buf_release(&blob);
}

/* The verdict by going through the lines. */
static enum known_hosts_verdict judge(const char *text, size_t size, const char *name,
                                      const struct buf *key)
{
    enum known_hosts_verdict verdict = KNOWN_HOSTS_UNKNOWN;
    for (const char *at = text, *end = text + size; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline ? newline : end;
        judge_line(at, (size_t)(stop - at), name, key, &verdict);
        at = newline ? newline + 1 : end;
    }
    return verdict;
}

/* As judge(), with the plain name counting for a port. */
static enum known_hosts_verdict judge_name(const char *text, size_t size,
                                           const struct known_hosts_name *name,
                                           const struct buf *key)
{
    char full[KNOWN_HOSTS_NAME_SIZE];
    known_hosts_name_text(name, full);
    enum known_hosts_verdict verdict = judge(text, size, full, key);
    if (verdict != KNOWN_HOSTS_UNKNOWN || strcmp(full, name->host) == 0)
        return verdict;
    verdict = judge(text, size, name->host, key);
    return verdict == KNOWN_HOSTS_CHANGED ? KNOWN_HOSTS_UNKNOWN : verdict;
}

/* Compares both for each name. */
static void compare(struct known_hosts *kh, const char *text, size_t size, const struct buf *key)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct known_hosts_result r;
        known_hosts_check(kh, &names[i], key->data, key->size, &r);
        if (r.verdict != judge_name(text, size, &names[i], key))
            abort();
        if ((r.verdict == KNOWN_HOSTS_MATCH) != (strcmp(r.recorded, r.offered) == 0) &&
            r.verdict != KNOWN_HOSTS_REVOKED)
            abort();
        unsigned types = known_hosts_types(kh, &names[i], KNOWN_HOSTS_THOROUGH);
        if (r.verdict == KNOWN_HOSTS_CHANGED && types != r.types)
            abort();
    }
}

/* The key of the file's first entry, or another well-formed one. */
static void pick_key(const struct known_hosts *kh, bool is_other, struct buf *ret)
{
    unsigned char zero[32] = { 0 };
    const struct known_key *first = kh->keys;
    if (first && !is_other) {
        buf_add(ret, first->blob, first->size);
        return;
    }
    wire_add_text(ret, "ssh-ed25519");
    wire_add_string(ret, zero, sizeof zero);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf text;
    struct known_hosts *kh = known_hosts_new();
    struct known_file *file = known_hosts_new_file(kh, "f");
    buf_init(&text, size);
    buf_add(&text, data, size);
    known_hosts_index(kh, file, &text, false);
    for (unsigned other = 0; other < 2; other++) {
        struct buf key;
        buf_init(&key, 64 * 1024);
        pick_key(kh, other, &key);
        compare(kh, buf_str(&text), text.size, &key);
        buf_release(&key);
    }
    known_hosts_free(kh);
    buf_release(&text);
    return 0;
}
