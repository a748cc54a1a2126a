/* SPDX-License-Identifier: MIT */
#include "base/random_hex.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

void random_hex(char *ret, size_t bytes)
{
    unsigned char random[RANDOM_HEX_MAX];
    if (getentropy(random, bytes) != 0)
        abort(); /* only where the kernel cannot (ENOSYS), or more is asked for than fits */
    for (size_t i = 0; i < bytes; i++)
        snprintf(ret + 2 * i, 3, "%02x", random[i]);
}
