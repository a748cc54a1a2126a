/* SPDX-License-Identifier: MIT */
#include "base/size_text.h"

#include <stdio.h>

void size_text(uint64_t bytes, char ret[static SIZE_TEXT_SIZE])
{
    static const char units[] = "BKMGTPE";
    const char *unit = units;
    double n = (double)bytes;
    for (; n >= 999.5 && unit[1]; unit++)
        n /= 1024;
    snprintf(ret, SIZE_TEXT_SIZE, unit == units || n >= 9.95 ? "%.0f%c" : "%.1f%c", n, *unit);
}
