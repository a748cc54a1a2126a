/* SPDX-License-Identifier: MIT */
#include "sink/sink.h"

#include <stddef.h>

bool sink_finish(struct sink *s, struct error *reterr)
{
    return !s->ops->finish || s->ops->finish(s, reterr);
}

void sink_free(struct sink *s)
{
    if (s)
        s->ops->free(s);
}
