/* SPDX-License-Identifier: MIT */
#include "model/public_key.h"

#include <string.h>

#include "base/base64.h"
#include "base/digest.h"
#include "base/memory.h"
#include "base/wire.h"

/* The shortest RSA modulus OpenSSH accepts. */
enum { RSA_MIN_BITS = 1024 };

/* What follows the name in a blob, one letter a field:
 * n a number > 0, c the curve's name, p a point on it, e an Ed25519 key, s any string. */
struct shape {
    const char *name;
    const char *fields;
    const char *curve;
    size_t point_size;
};

static const struct shape shapes[PUBLIC_KEY_TYPE_COUNT] = {
    [PUBLIC_KEY_RSA] = { "ssh-rsa", "nn", NULL, 0 },
    [PUBLIC_KEY_DSA] = { "ssh-dss", "nnnn", NULL, 0 },
    [PUBLIC_KEY_ECDSA_256] = { "ecdsa-sha2-nistp256", "cp", "nistp256", 65 },
    [PUBLIC_KEY_ECDSA_384] = { "ecdsa-sha2-nistp384", "cp", "nistp384", 97 },
    [PUBLIC_KEY_ECDSA_521] = { "ecdsa-sha2-nistp521", "cp", "nistp521", 133 },
    [PUBLIC_KEY_ED25519] = { "ssh-ed25519", "e", NULL, 0 },
    [PUBLIC_KEY_SK_ECDSA_256] = { "sk-ecdsa-sha2-nistp256@openssh.com", "cps", "nistp256", 65 },
    [PUBLIC_KEY_SK_ED25519] = { "sk-ssh-ed25519@openssh.com", "es", NULL, 0 },
};

const char *public_key_type_name(enum public_key_type type)
{
    return shapes[type].name;
}

bool public_key_type_from_name(const char *name, size_t size, enum public_key_type *ret)
{
    struct wire_string s = { .data = (const unsigned char *)name, .size = size };
    /* OpenSSH reads a key under the name of its signature algorithm too. */
    if (wire_string_is(s, "rsa-sha2-256") || wire_string_is(s, "rsa-sha2-512")) {
        *ret = PUBLIC_KEY_RSA;
        return true;
    }
    for (enum public_key_type type = 0; type < PUBLIC_KEY_TYPE_COUNT; type++) {
        if (wire_string_is(s, shapes[type].name)) {
            *ret = type;
            return true;
        }
    }
    return false;
}

/* An mpint that is neither zero nor negative. */
static bool is_number(struct wire_string s)
{
    return s.size > 0 && !(s.data[0] & 0x80) && (s.size > 1 || s.data[0] != 0);
}

/* The length of a number in bits. */
static size_t count_bits(struct wire_string s)
{
    size_t at = 0;
    while (at < s.size && s.data[at] == 0)
        at++;
    if (at == s.size)
        return 0;
    size_t bits = (s.size - at) * 8;
    for (unsigned char top = s.data[at]; !(top & 0x80); top = (unsigned char)(top << 1))
        bits--;
    return bits;
}

/* Is `s` what the letter `field` of a shape stands for? */
static bool is_field(const struct shape *shape, char field, struct wire_string s)
{
    switch (field) {
    case 'n':
        return is_number(s);
    case 'c':
        return wire_string_is(s, shape->curve);
    case 'p':
        return s.size == shape->point_size && s.data[0] == 4;
    case 'e':
        return s.size == 32;
    default:
        return true;
    }
}

bool public_key_parse(const void *blob, size_t size, enum public_key_type *ret)
{
    struct wire w = wire_reader(blob, size);
    struct wire_string name = wire_string(&w);
    enum public_key_type type;
    if (!public_key_type_from_name((const char *)name.data, name.size, &type) ||
        !wire_string_is(name, shapes[type].name))
        return false;
    struct wire_string last = { .data = w.at, .size = 0 };
    for (const char *field = shapes[type].fields; *field; field++) {
        last = wire_string(&w);
        if (w.failed || !is_field(&shapes[type], *field, last))
            return false;
    }
    if (!wire_is_done(&w) || (type == PUBLIC_KEY_RSA && count_bits(last) < RSA_MIN_BITS))
        return false;
    *ret = type;
    return true;
}

void public_key_fingerprint(const void *blob, size_t size,
                            char ret[static PUBLIC_KEY_FINGERPRINT_SIZE])
{
    unsigned char digest[SHA256_SIZE];
    struct buf text;
    buf_init(&text, PUBLIC_KEY_FINGERPRINT_SIZE);
    digest_sha256(blob, size, digest);
    if (!buf_add_str(&text, "SHA256:") || !base64_encode(&text, digest, sizeof digest))
        base_out_of_memory();
    memcpy(ret, text.data, PUBLIC_KEY_FINGERPRINT_SIZE - 1);
    ret[PUBLIC_KEY_FINGERPRINT_SIZE - 1] = '\0'; /* where the padding stood */
    buf_release(&text);
}
