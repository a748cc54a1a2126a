/* SPDX-License-Identifier: MIT */
/* Any bytes as a private key file, and as the container inside one: read or refused with a reason;
 * what was read has a public key in SSH's form. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdlib.h>

#include "model/public_key.h"
#include "ssh/key_blob.h"
#include "ssh/openssh_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads a container. */
static void parse(const void *data, size_t size)
{
    struct openssh_key parsed;
    const char *why = NULL;
    if (!openssh_key_parse(data, size, &parsed, &why)) {
        if (!why || !*why || parsed.key)
            abort();
    } else if (parsed.is_encrypted == (parsed.key != NULL)) {
        abort();
    } else if (parsed.key) {
        struct buf blob;
        enum public_key_type type;
        buf_init(&blob, 1 << 20);
        if (key_blob_make(parsed.key, &blob))
            public_key_parse(blob.data, blob.size, &type);
        buf_release(&blob);
    }
    EVP_PKEY_free(parsed.key);
    ERR_clear_error();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct buf container;
    buf_init(&container, size);
    parse(data, size);
    if (openssh_key_is_here(text, size) && openssh_key_decode(text, size, &container))
        parse(container.data, container.size);
    buf_release(&container);
    return 0;
}
