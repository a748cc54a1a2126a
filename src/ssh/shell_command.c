/* SPDX-License-Identifier: MIT */
#include "ssh/shell_command.h"

#include <string.h>

#include "model/transfer_path.h"

void shell_command_begin(struct buf *out, const char *as_user)
{
    buf_add_str(out, "exec ");
    if (!as_user)
        return;
    buf_add_str(out, "sudo -n -u ");
    transfer_path_quote(out, as_user);
    buf_add_str(out, " -- ");
}

void shell_command_script(struct buf *out, const char *as_user, const char *script)
{
    shell_command_begin(out, as_user);
    buf_addf(out, "/bin/sh -c '%s' muster", script);
}

const char *shell_command_first_line(struct buf *output)
{
    /* What sudo says where /etc/hosts lacks the machine's own name, and goes on. */
    static const char warning[] = "sudo: unable to resolve host";
    while (strncmp(buf_str(output), warning, strlen(warning)) == 0) {
        size_t size = strcspn(buf_str(output), "\n");
        buf_consume(output, size < output->size ? size + 1 : size);
    }
    buf_truncate(output, strcspn(buf_str(output), "\n"));
    return buf_str(output);
}

const char *shell_command_last_line(struct buf *output)
{
    while (output->size > 0 && output->data[output->size - 1] == '\n')
        buf_truncate(output, output->size - 1);
    const char *at = strrchr(buf_str(output), '\n');
    return at ? at + 1 : buf_str(output);
}
