/* SPDX-License-Identifier: MIT */
#include "ssh/identity_file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/memory.h"
#include "base/secret.h"
#include "base/trace.h"
#include "model/public_key.h"
#include "ssh/key_blob.h"
#include "ssh/openssh_key.h"

enum {
    FILE_CAP = 128 * 1024,
    RSA_MIN_BITS = 1024,
    RSA_NOTED_BITS = 2048,
    RSA_MAX_BITS = 16384,
    TOO_OPEN = 077,
};

/* Reads the whole of an open file; false with errno set. */
static bool read_all(int fd, struct buf *ret)
{
    for (;;) {
        size_t room = FILE_CAP - ret->size;
        if (room == 0) {
            errno = EFBIG;
            return false;
        }
        ssize_t got = read(fd, ret->data + ret->size, room);
        if (got > 0)
            buf_commit(ret, (size_t)got);
        else if (got == 0 || errno != EINTR)
            return got == 0;
    }
}

/* Reads `path` into `ret`, which has all its room from the start, and says what stat(2) says. */
static bool read_file(const char *path, struct buf *ret, struct stat *ret_stat)
{
    if (!buf_reserve(ret, FILE_CAP))
        base_out_of_memory();
    buf_commit(ret, 0);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return false;
    bool done = fstat(fd, ret_stat) == 0 && read_all(fd, ret);
    int reason = errno;
    close(fd);
    errno = reason;
    return done;
}

/* Reads "TYPE BASE64 ..." as in a .pub file. */
static bool parse_public(const char *text, size_t size, struct buf *ret)
{
    const char *end = memchr(text, '\n', size);
    const char *line_end = end ? end : text + size;
    const char *blank = memchr(text, ' ', (size_t)(line_end - text));
    enum public_key_type named;
    enum public_key_type type;
    if (!blank || !public_key_type_from_name(text, (size_t)(blank - text), &named))
        return false;
    const char *digits = blank + 1;
    size_t count = 0;
    while (digits + count < line_end && !isspace((unsigned char)digits[count]))
        count++;
    return base64_decode(ret, digits, count) && public_key_parse(ret->data, ret->size, &type) &&
           type == named;
}

/* Looks for the public key beside an encrypted one. */
static void read_public_beside(const char *path, struct buf *ret)
{
    struct buf text;
    struct stat st;
    char *beside = xprintf("%s.pub", path);
    buf_init(&text, FILE_CAP);
    if (read_file(beside, &text, &st) && !parse_public(buf_str(&text), text.size, ret)) {
        trace_note("%s: holds no public key", beside);
        buf_clear(ret);
    }
    buf_release(&text);
    free(beside);
}

/* OpenSSL asks for a passphrase: there is none, but now it is known that one is needed. */
static int note_encrypted(char *to, int size, int writing, void *arg)
{
    (void)to;
    (void)size;
    (void)writing;
    *(bool *)arg = true;
    return -1;
}

/* PKCS#1, PKCS#8, SEC1; returns what is wrong, or NULL. */
static const char *parse_pem(const struct buf *text, struct identity_file *ret)
{
    BIO *bio = BIO_new_mem_buf(text->data, (int)text->size);
    if (!bio)
        base_out_of_memory();
    ret->key = PEM_read_bio_PrivateKey(bio, NULL, note_encrypted, &ret->is_encrypted);
    BIO_free(bio);
    ERR_clear_error();
    return ret->key || ret->is_encrypted ? NULL : "holds no private key that can be read";
}

/* OpenSSH's own format; returns what is wrong, or NULL. */
static const char *parse_openssh(const struct buf *text, struct identity_file *ret)
{
    struct buf container;
    struct openssh_key parsed;
    enum public_key_type type;
    const char *why = "is damaged";
    buf_init(&container, text->size);
    if (openssh_key_decode(buf_str(text), text->size, &container) &&
        openssh_key_parse(container.data, container.size, &parsed, &why)) {
        ret->key = parsed.key;
        ret->is_encrypted = parsed.is_encrypted;
        why = NULL;
        if (public_key_parse(parsed.blob.data, parsed.blob.size, &type))
            buf_add(&ret->blob, parsed.blob.data, parsed.blob.size);
    }
    secret_release_buf(&container);
    ERR_clear_error();
    return why;
}

/* What can be said of a file that is of no format known here. */
static const char *explain_unknown(const struct buf *text)
{
    static const struct {
        const char *mark;
        const char *why;
    } others[] = {
        { "PuTTY-User-Key-File", "is a PuTTY key: export it in OpenSSH's format" },
        { "---- BEGIN SSH2 ", "is a key in SSH2 format: convert it with ssh-keygen -i" },
        { "-cert-v01@openssh.com ", "is a certificate, which is not supported" },
        { "sk-", "is a security key of an unknown kind" },
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (strstr(buf_str(text), others[i].mark))
            return others[i].why;
    }
    return "holds no key";
}

/* The digest a key is tried with; NULL for Ed25519. */
static const char *trial_digest(EVP_PKEY *key)
{
    return EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? NULL : "SHA256";
}

/* Is it a key that SSH has, of a fair size, and whole? Sets the blob. */
static const char *check_key(struct identity_file *f, const char *path)
{
    struct buf blob;
    int bits = EVP_PKEY_get_bits(f->key);
    bool is_rsa = EVP_PKEY_get_base_id(f->key) == EVP_PKEY_RSA;
    if (is_rsa && bits < RSA_MIN_BITS)
        return "is an RSA key of less than 1024 bits";
    if (is_rsa && bits > RSA_MAX_BITS)
        return "is an RSA key of more than 16384 bits";
    if (is_rsa && bits < RSA_NOTED_BITS)
        trace_note("%s: an RSA key of only %d bits", path, bits);
    buf_init(&blob, IDENTITY_BLOB_CAP);
    const char *why = NULL;
    if (!key_blob_make(f->key, &blob))
        why = "is a key of a kind that SSH does not have";
    else if (f->blob.size > 0 &&
             (f->blob.size != blob.size || memcmp(f->blob.data, blob.data, blob.size) != 0))
        why = "is damaged: its public and private part do not belong together";
    else if (!key_blob_is_whole(f->key, trial_digest(f->key)))
        why = "is damaged: it signs wrongly";
    buf_clear(&f->blob);
    buf_add(&f->blob, blob.data, blob.size);
    buf_release(&blob);
    ERR_clear_error();
    return why;
}

/* As ssh has it: only the owner's own files are looked at. */
static bool is_too_open(const struct stat *st)
{
    return S_ISREG(st->st_mode) && st->st_uid == getuid() && (st->st_mode & TOO_OPEN) != 0;
}

/* Recognises and parses; returns what is wrong, or NULL. */
static const char *parse_text(struct identity_file *f, const char *path, const struct buf *text)
{
    const char *why = NULL;
    if (openssh_key_is_here(buf_str(text), text->size))
        why = parse_openssh(text, f);
    else if (strstr(buf_str(text), "-----BEGIN "))
        why = parse_pem(text, f);
    else if (!parse_public(buf_str(text), text->size, &f->blob))
        return explain_unknown(text);
    if (!why && f->key)
        why = check_key(f, path);
    if (!why && f->is_encrypted && f->blob.size == 0)
        read_public_beside(path, &f->blob);
    return why;
}

bool identity_file_read(struct identity_file *ret, const char *path, struct error *reterr)
{
    struct buf text;
    struct stat st;
    *ret = (struct identity_file){ .key = NULL };
    buf_init(&ret->blob, IDENTITY_BLOB_CAP);
    buf_init(&text, FILE_CAP);
    bool done = false;
    if (!read_file(path, &text, &st)) {
        error_set(reterr, ERR_FILE, "%s: cannot read: %s", path, strerror(errno));
    } else {
        const char *why = parse_text(ret, path, &text);
        bool is_private = strstr(buf_str(&text), "-----BEGIN ") != NULL;
        done = !why && !(is_private && is_too_open(&st));
        if (why)
            error_set(reterr, ERR_FILE, "%s: %s", path, why);
        else if (!done)
            error_set(reterr, ERR_FILE, "%s: others can read it (mode %04o): chmod 600 it", path,
                      st.st_mode & 07777u);
    }
    secret_release_buf(&text);
    if (!done)
        identity_file_release(ret);
    return done;
}

void identity_file_release(struct identity_file *f)
{
    EVP_PKEY_free(f->key);
    f->key = NULL;
    buf_release(&f->blob);
}
