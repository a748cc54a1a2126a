/* SPDX-License-Identifier: MIT */
/* Any bytes as an SFTP server's message. Whatever comes out lies inside the message, names end when
 * their number does, and what people are shown is printable. */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ssh/sftp_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *first, *last;

static void check_inside(struct wire_string s)
{
    if (s.size > 0 && (s.data < first || s.data + s.size > last))
        abort();
}

/* Each name takes at least 12 bytes, so they are fewer than the message has. */
static void walk_names(struct sftp_reply names, size_t size)
{
    struct sftp_name name;
    uint32_t announced = names.name_count, count = 0;
    while (sftp_next_name(&names, &name)) {
        check_inside(name.name);
        if (sftp_kind(&name.attributes) > SFTP_KIND_OTHER || ++count > size / 12)
            abort();
    }
    if (count != announced)
        abort(); /* a listing that lacks names must not look whole */
}

static void check_text(const struct sftp_reply *reply, size_t room)
{
    char text[300];
    memset(text, '\n', sizeof text);
    sftp_status_text(reply, text, room);
    if (!memchr(text, '\0', room))
        abort();
    for (const char *c = text; *c; c++) {
        if (!isprint((unsigned char)*c))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sftp_reply reply;
    struct error err = ERROR_INIT;
    first = data;
    last = data + size;
    bool good = sftp_parse(&reply, data, size, &err);
    if (good == error_is_set(&err))
        abort();
    error_release(&err);
    if (!good)
        return 0;
    check_inside(reply.text);
    check_inside(reply.handle);
    check_inside(reply.data);
    if (reply.type == SFTP_NAME)
        walk_names(reply, size);
    if (reply.type == SFTP_VERSION)
        sftp_has_extension(&reply, "posix-rename@openssh.com", "1");
    for (size_t room = 1; room <= 300; room += 23)
        check_text(&reply, room);
    return 0;
}
