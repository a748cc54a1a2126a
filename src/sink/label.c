/* SPDX-License-Identifier: MIT */
#include "sink/label.h"

enum { LABEL_PAD_MAX = 24 }; /* longer names do not widen the column */

/* Characters of a name. */
static size_t count_columns(const char *name)
{
    size_t columns = 0;
    for (; *name; name++)
        columns += ((unsigned char)*name & 0xc0) != 0x80;
    return columns;
}

void label_init(struct label *label, const struct screen *screen, const struct run_info *run)
{
    *label = (struct label){ .screen = screen };
    for (size_t i = 0; i < run->host_count; i++) {
        size_t columns = count_columns(run->hosts[i]->name);
        if (columns > label->column && columns <= LABEL_PAD_MAX)
            label->column = columns;
    }
}

/* Adds the label in colour, and the blanks that align what follows. */
static void add_terminal_label(const struct label *label, enum stream side,
                               const struct host_info *host, struct buf *out)
{
    static const unsigned char colours[] = { 36, 32, 33, 35, 34, 96, 92, 93, 95, 94 };
    bool has_color = screen_side(label->screen, side)->has_color;
    unsigned colour =
        side == STREAM_STDERR ? 31 : colours[host->index % (sizeof colours / sizeof *colours)];
    if (has_color)
        buf_addf(out, "\x1b[%um", colour);
    screen_add_remote_line(label->screen, side, out, host->name);
    buf_add_str(out, has_color ? ":\x1b[0m " : ": ");
    size_t columns = count_columns(host->name);
    if (columns < label->column)
        buf_add_repeat(out, ' ', label->column - columns);
}

void label_add(const struct label *label, enum stream side, const struct host_info *host,
               struct buf *out)
{
    if (screen_side(label->screen, side)->is_terminal) {
        add_terminal_label(label, side, host, out);
        return;
    }
    buf_add_str(out, host->name);
    buf_add_str(out, ": ");
}
