/* SPDX-License-Identifier: MIT */
/* Digests of a put: is what is there the same (COMPARE), is what arrived right (CHECK)? */
#include <string.h>

#include "base/digest.h"
#include "ssh/push_private.h"
#include "ssh/reader.h"

/* Is this the digest of what the source holds? In front of it stands a backslash where the name
 * holds a newline; behind it a blank and the name. */
static bool is_own_digest(const struct put *p, const char *line)
{
    char own[SHA256_TEXT_SIZE];
    digest_sha256_text(p->entry->sha256, own);
    const char *digits = own + strlen("sha256:");
    line += *line == '\\';
    return strncmp(line, digits, strlen(digits)) == 0;
}

/* What became of a digest that was asked for; `line` NULL: it could not be had. */
static void digest_came(struct put *p, const char *line, const char *why)
{
    if (p->is_cancelled || error_is_set(&p->error))
        return;
    bool is_own = line && is_own_digest(p, line);
    if (p->state == PUT_COMPARE && is_own)
        p->action = FILE_KEEP;
    if (p->state != PUT_CHECK || is_own)
        return;
    p->is_spoilt = line != NULL;
    put_fail(p, line ? "the copy differs from the source (SHA-256)" : why);
}

static bool on_read_back(void *arg, const void *data, size_t size, uint64_t offset)
{
    struct put *p = arg;
    (void)offset;
    sha256_add(p->digest, data, size);
    return true;
}

static void on_read_back_end(void *arg, const struct error *error,
                             const struct sftp_attributes *attributes)
{
    struct put *p = arg;
    unsigned char digest[SHA256_SIZE];
    char text[SHA256_TEXT_SIZE];
    (void)attributes;
    sha256_finish(p->digest, digest);
    sha256_free(p->digest);
    p->digest = NULL;
    p->reader = NULL;
    digest_sha256_text(digest, text);
    digest_came(p, error ? NULL : text + strlen("sha256:"), error ? error_text(error) : NULL);
    put_answered(p);
}

/* Reads the file back, where no program on the host can be asked. */
static void read_back(struct put *p, const char *path)
{
    p->waiting++;
    p->digest = sha256_new();
    p->reader = reader_new(&(struct reader_args){ .transfer = &p->push->t,
                                                  .path = path,
                                                  .on_data = on_read_back,
                                                  .on_end = on_read_back_end,
                                                  .arg = p });
}

/* The path whose digest the state is about. */
static const char *digest_path(const struct put *p)
{
    return p->state == PUT_COMPARE ? p->path : p->temporary;
}

static void on_digest(void *arg, const char *line, const char *why)
{
    struct put *p = arg;
    bool is_usable = line && strlen(line) >= 2 * (size_t)SHA256_SIZE;
    bool is_over = p->is_cancelled || p->push->t.phase != TRANSFER_WORKING;
    if (is_usable || is_over)
        digest_came(p, line, why);
    else
        read_back(p, digest_path(p));
    put_answered(p);
}

/* COMPARE and CHECK: asks for the digest of a file over there. */
void put_ask_digest(struct put *p)
{
    if (!batch_is_possible(p->push->t.digests)) {
        read_back(p, digest_path(p));
        return;
    }
    p->waiting++;
    const char *path = digest_path(p);
    batch_add(p->push->t.digests, &path, 1, on_digest, p);
}
