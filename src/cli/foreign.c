/* SPDX-License-Identifier: MIT */
#include "cli/foreign.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/foreign_copy.h"
#include "model/options.h"

struct foreign {
    const char *word;
    const char *advice;
};

#define NOT_YET "this version of muster does not have it"

/* A word leaves this table when a row of the option table takes it. */
static const struct foreign table[] = {
    { "-A", "muster does not forward the agent, since whoever controls a host could use your keys; "
            "pssh's -A, to ask for a password, is -k" },
    { "-o", NOT_YET "; ssh's -o sets ssh options (see --key, --port, --connect-timeout), "
                    "pssh's -o a folder for output" },
    { "-e", NOT_YET "; pssh's -e names a folder for stderr" },
    { "-m", "there are no modules: write the command itself, after the options" },
    { "--module-name", "there are no modules: write the command itself, after the options" },
    { "--args", "write the command itself, after the options" },
    { "-M", "there are no modules: write the command itself, after the options" },
    { "-R", "muster always speaks SSH; leave it out" },
    { "-J", NOT_YET ": hosts are reached directly" },
    { "--jump", NOT_YET ": hosts are reached directly" },
    { "--via", NOT_YET ": hosts are reached directly" },
    { "-F", NOT_YET ": ssh_config is not read" },
    { "--ssh-config", NOT_YET ": ssh_config is not read" },
    { "-r", "folders are copied with muster push -r and muster pull -r" },
    { "-b", NOT_YET ": output is not gathered" },
    { "-B", NOT_YET ": output is not gathered" },
    { "--gather", NOT_YET ": output is not gathered" },
    { "--outdir", NOT_YET "; --json keeps every host's output in one file" },
    { "--errdir", NOT_YET "; --json keeps every host's output in one file" },
    { "-L", NOT_YET },
    { "-D", NOT_YET },
    { "-W", NOT_YET },
    { "-C", NOT_YET },
    { "-4", NOT_YET ": all addresses of a host are tried" },
    { "-6", NOT_YET ": all addresses of a host are tried" },
    { "-E", NOT_YET },
    { "-c", "files are copied with muster push SRC... DEST" },
    { "--copy", "files are copied with muster push SRC... DEST" },
    { "--rcopy", "files are copied with muster pull SRC... DIR" },
    { "--dest", "the destination is the last word: muster push SRC... DEST" },
    { "-T", NOT_YET ": commands get no terminal" },
    { "--tty", NOT_YET ": commands get no terminal" },
    { "-X", "muster does not forward X11; pdsh's -X, to leave a group out, is -x @GROUP" },
    { "-Y", "muster does not forward X11" },
    { "-G", "groups are selected with -g GROUP" },
    { "-d", "-v tells more" },
    { "--debug", "-v tells more" },
    { "-K", NOT_YET ": sudo cannot be given a password" },
    { "--become", NOT_YET "; where sudo asks for no password, write it before the command" },
    { "--sudo", NOT_YET "; where sudo asks for no password, write it before the command" },
    { "--become-user", NOT_YET "; where sudo asks for no password, write sudo -u USER" },
    { "--ask-become-pass", NOT_YET ": sudo cannot be given a password" },
    { "--private-key", "it is called --key" },
    { "--identity", "it is called --key" },
    { "--remote-user", "it is called -l or --user" },
    { "--login", "it is called -l or --user" },
    { "--askpass", "it is called -k or --ask-pass" },
    { "--limit", "hosts are selected with -w, -g and -x" },
    { "--host", "it is called -w or --hosts" },
    { "--nodes", "it is called -w or --hosts" },
    { "--hostfile", "hosts are read from a file with -w ^FILE" },
    { "--hostlist", "it is called -w or --hosts" },
    { "--par", "it is called -f or --fanout" },
    { "--parallel", "it is called -f or --fanout" },
    { "--command-timeout", "it is called -u or --timeout" },
    { "--command_timeout", "it is called -u or --timeout" },
    { "--connect_timeout", "it is called -t or --connect-timeout" },
    { "--inline", "output is always printed as it comes; leave it out" },
    { "--print", "output is always printed as it comes; leave it out" },
    { "--send-input", "it is called -I or --stdin" },
    { "--check", "it is called -n or --dry-run; muster list has --check" },
    { "--list-hosts", "use muster list" },
    { "--extra-vars", "there are no templates to put variables into" },
    { "--connection", "muster always speaks SSH; leave it out" },
    { "--one-line", "every line has its host in front already; leave it out" },
    { "--tree", "use --json FILE; muster list has --tree" },
    { "--script", NOT_YET "; give the script to a shell: -I FILE ... sh" },
    { "--retries", NOT_YET },
    { "--serial", NOT_YET },
    { "--fail-fast", NOT_YET },
    { "--max-fail", NOT_YET },
    { "--tolerate", NOT_YET },
    { "--from-report", NOT_YET },
    { "--shard", NOT_YET },
    { "--order", NOT_YET ": hosts start in the order of their selection" },
    { "--each", NOT_YET ": every host gets the same command" },
    { "--diff", NOT_YET ": output is not compared" },
    { "--junit", NOT_YET "; --json writes a report" },
    { "--html", NOT_YET "; --json writes a report" },
    { "--no-progress", "it is called --progress none" },
    { "--no-color", "it is called --color never" },
    { "--output", "reports are written with --json FILE and --jsonl FILE" },
};
enum { WORD_COUNT = sizeof table / sizeof *table };

const char *foreign_advice(unsigned cmds, const char *word)
{
    const char *advice = foreign_copy_advice(cmds, word);
    for (size_t i = 0; i < WORD_COUNT && !advice; i++) {
        if (strcmp(table[i].word, word) == 0)
            advice = table[i].advice;
    }
    return advice;
}

const char *foreign_word(unsigned index, unsigned *ret_cmds)
{
    *ret_cmds = CMD_RUN;
    return index < WORD_COUNT ? table[index].word : foreign_copy_word(index - WORD_COUNT, ret_cmds);
}

/* Does the file begin as a private key does, in any of its formats? Only files are looked into:
 * what is read from a pipe would be missing later. */
static bool is_private_key(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return false;
    char head[64] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t size = read(fd, head, sizeof head - 1);
    close(fd);
    if (size <= 0)
        return false;
    head[strcspn(head, "\r\n")] = '\0';
    bool is_pem = strncmp(head, "-----BEGIN ", 11) == 0 && strstr(head, "PRIVATE KEY-----");
    return is_pem || strncmp(head, "PuTTY-User-Key-File", 19) == 0;
}

/* Refuses inventories that are keys (ssh's -i) or lists of hosts (Ansible's -i). */
static bool check_inventory(const char *flag, const char *value, struct error *reterr)
{
    if (strcmp(value, "-") == 0)
        return true;
    if (is_private_key(value))
        return error_set(reterr, ERR_USAGE,
                         "%s %s: that is a private key: use --key %s; %s names the inventory", flag,
                         value, value, flag);
    if (strchr(value, ',') && access(value, F_OK) != 0 && errno == ENOENT)
        return error_set(reterr, ERR_USAGE,
                         "%s %s: there is no such file; a list of hosts is given with -w", flag,
                         value);
    return true;
}

/* Refuses port numbers (scp's -P) where a word is expected. */
static bool check_progress(const char *flag, const char *value, struct error *reterr)
{
    bool is_number = *value && value[strspn(value, "0123456789")] == '\0';
    if (is_number)
        return error_set(reterr, ERR_USAGE, "%s %s: %s is for progress; the port is -p %s", flag,
                         value, flag, value);
    return true;
}

bool foreign_check_value(unsigned cmds, const struct option_row *row, const char *flag,
                         const char *value, struct error *reterr)
{
    if ((cmds & (CMD_PUSH | CMD_PULL)) && !foreign_copy_check_value(flag, value, reterr))
        return false;
    if (row->offset == offsetof(struct settings, inventory))
        return check_inventory(flag, value, reterr);
    if (row->offset == offsetof(struct settings, progress))
        return check_progress(flag, value, reterr);
    return true;
}
