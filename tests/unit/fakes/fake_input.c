/* SPDX-License-Identifier: MIT */
#include "fake_input.h"

#include <errno.h>

struct fake_input fake_input;

struct input {
    char nothing;
};

struct input *fake_input_get(void)
{
    static struct input input;
    return &input;
}

char fake_input_byte(uint64_t offset)
{
    return (char)('a' + offset % 23);
}

void fake_input_ring(void)
{
    if (fake_input.notify)
        fake_input.notify(fake_input.notify_arg);
}

void input_on_more(struct input *in, void (*notify)(void *arg), void *arg)
{
    (void)in;
    fake_input.notify = notify;
    fake_input.notify_arg = arg;
}

ssize_t input_read(struct input *in, void *data, size_t size, uint64_t offset)
{
    (void)in;
    fake_input.reads++;
    if (offset >= fake_input.size) {
        if (fake_input.error)
            return -fake_input.error;
        return fake_input.is_over ? 0 : -EAGAIN;
    }
    if (fake_input.most && size > fake_input.most)
        size = fake_input.most;
    if (size > fake_input.size - offset)
        size = (size_t)(fake_input.size - offset);
    for (size_t i = 0; i < size; i++)
        ((char *)data)[i] = fake_input_byte(offset + i);
    return (ssize_t)size;
}
