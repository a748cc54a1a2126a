/* SPDX-License-Identifier: MIT */
/* Any bytes as a name that a server sends: accepted exactly where they can be one component. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/landing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool is_good = size >= 1 && size <= 255;
    size_t dots = 0;
    for (size_t i = 0; i < size; i++) {
        is_good = is_good && data[i] >= 0x20 && data[i] != 0x7f && data[i] != '/';
        dots += data[i] == '.';
    }
    is_good = is_good && !(dots == size && size <= 2);
    if ((landing_name_problem((const char *)data, size) == NULL) != is_good)
        abort();
    return 0;
}
