/* SPDX-License-Identifier: MIT */
#include "base/status.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *word;
    const char *phrase;
} statuses[STATUS_COUNT] = {
    [STATUS_OK] = { "ok", "ok" },
    [STATUS_FAILED] = { "failed", "failed" },
    [STATUS_TIMEOUT] = { "timeout", "timeout" },
    [STATUS_UNREACHABLE] = { "unreachable", "unreachable" },
    [STATUS_HOST_KEY] = { "host_key", "host key" },
    [STATUS_AUTH] = { "auth", "auth" },
    [STATUS_TRANSFER] = { "transfer", "transfer" },
    [STATUS_LOST] = { "lost", "lost" },
    [STATUS_CANCELLED] = { "cancelled", "cancelled" },
    [STATUS_NOT_RUN] = { "not_run", "not run" },
    [STATUS_INTERNAL] = { "internal", "internal error" },
};

const char *status_word(enum host_status status)
{
    return statuses[status].word;
}

const char *status_phrase(enum host_status status)
{
    return statuses[status].phrase;
}

bool status_from_word(const char *word, enum host_status *ret)
{
    for (size_t i = 0; i < STATUS_COUNT; i++) {
        if (strcmp(statuses[i].word, word) == 0) {
            *ret = (enum host_status)i;
            return true;
        }
    }
    return false;
}
