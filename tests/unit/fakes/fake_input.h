/* SPDX-License-Identifier: MIT */
/* Standard input (base/input.h) that the test writes. */
#ifndef MUSTER_TESTS_FAKE_INPUT_H
#define MUSTER_TESTS_FAKE_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/input.h"

struct fake_input {
    uint64_t size;  /* that can be read by now; byte n is fake_input_byte(n) */
    bool is_over;   /* nothing comes after that */
    int error;      /* errno at that place instead of more, or 0 */
    uint64_t most;  /* bytes given at once; 0: as many as asked for */
    uint64_t reads; /* so far */
    void (*notify)(void *arg);
    void *notify_arg;
};
extern struct fake_input fake_input;

/* There is one. */
struct input *fake_input_get(void);

/* Rings whoever is registered: there is more. */
void fake_input_ring(void);

char fake_input_byte(uint64_t offset);

#endif
