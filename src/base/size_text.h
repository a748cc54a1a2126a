/* SPDX-License-Identifier: MIT */
/* Sizes for people: 0B, 812B, 1.2K, 85M, 4.0G; powers of 1024, at most three digits. */
#ifndef MUSTER_BASE_SIZE_TEXT_H
#define MUSTER_BASE_SIZE_TEXT_H

#include <stdint.h>

#define SIZE_TEXT_SIZE 8

/* Writes `bytes` into `ret`. */
void size_text(uint64_t bytes, char ret[static SIZE_TEXT_SIZE]);

#endif
