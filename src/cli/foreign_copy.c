/* SPDX-License-Identifier: MIT */
#include "cli/foreign_copy.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "model/options.h"

enum { BOTH = CMD_PUSH | CMD_PULL };

struct foreign {
    unsigned cmds; /* whose option it is not */
    const char *word;
    const char *advice;
};

#define COMPRESSION "muster does not compress; leave it out"
#define DIGESTS     "digests are compared with --verify, and with --skip-same to see what is the same"
#define LINKS       "links in a folder stay links and are never followed; a SRC that is one is followed"
#define PATTERNS    "files cannot be chosen by pattern; name them, or let the shell do it"
#define MODES       "modes are always kept; --preserve keeps times and, with push, owners too"
#define WHOLE       "files are always replaced whole, or not at all; leave it out"
#define DELETE      "it is called --delete, and deletes when all was copied"
#define NO_PROGRAM  "no program of its own is needed on the hosts; leave it out"
#define LIST_FILES  "-v lists every file; --json writes a report"

/* Words that mean something else in a copy than in general, or only there. A word leaves this table
 * when a row of the option table takes it. */
static const struct foreign table[] = {
    { BOTH, "--archive", "say -r --preserve; links are kept in any case" },
    { BOTH, "-z", COMPRESSION },
    { BOTH, "-C", COMPRESSION },
    { BOTH, "--compress", COMPRESSION },
    { BOTH, "-c", DIGESTS },
    { BOTH, "--checksum", DIGESTS },
    { BOTH, "--validate-checksum", DIGESTS },
    { BOTH, "--size-only", "with --skip-same, files of the same size and time are the same" },
    { BOTH, "--update", "--skip-same leaves files alone that are the same" },
    { BOTH, "--ignore-existing", "--skip-same leaves files alone that are the same" },
    { BOTH, "--existing", PATTERNS },
    { BOTH, "--ignore-times", "all files are sent unless --skip-same is given; leave it out" },
    { BOTH, "--bwlimit", "it is called --limit-rate, in bytes a second" },
    { BOTH, "--partial", "it is called --resume" },
    { BOTH, "--partial-dir", "it is called --resume; what there is lies beside the file" },
    { BOTH, "--append", "it is called --resume" },
    { BOTH, "--append-verify", "it is called --resume" },
    { BOTH, "--inplace", WHOLE },
    { BOTH, "--force", WHOLE },
    { BOTH, "-W", "files are always sent whole; leave it out" },
    { BOTH, "--whole-file", "files are always sent whole; leave it out" },
    { BOTH, "--temp-dir", "temporary files always lie beside the file they will be" },
    { BOTH, "--fsync", "nothing is forced to the disk" },
    { CMD_PUSH, "-m", "the mode of files is given with --mode; there are no modules" },
    { CMD_PUSH, "--chmod", "the mode of files is given with --mode, in octal" },
    { CMD_PULL, "--chmod", MODES },
    { CMD_PULL, "--mode", MODES },
    { BOTH, "--directory-mode", "new folders get the mode that they have in the source" },
    { BOTH, "--perms", MODES },
    { BOTH, "--times", "it is called --preserve" },
    { BOTH, "--executability", MODES },
    { BOTH, "--owner", "--preserve keeps the owner where that is permitted, with push" },
    { BOTH, "--chown", "--preserve keeps the owner where that is permitted, with push" },
    { BOTH, "--numeric-ids", "owners are always given by number; leave it out" },
    { BOTH, "-A", "ACLs are not copied; muster does not forward the agent; pssh's -A is -k" },
    { BOTH, "--acls", "ACLs are not copied" },
    { BOTH, "-X", "extended attributes are not copied; pdsh's -X, to leave a group out, is -x @G" },
    { BOTH, "--xattrs", "extended attributes are not copied" },
    { BOTH, "-S", "holes in files are written out" },
    { BOTH, "--sparse", "holes in files are written out" },
    { BOTH, "--hard-links", "each name of a file becomes a file" },
    { BOTH, "--links", LINKS "; leave it out" },
    { CMD_PUSH, "-L", LINKS },
    { CMD_PULL, "-L", "the folder here is the last word: muster pull SRC... DIR; " LINKS },
    { BOTH, "--copy-links", LINKS },
    { BOTH, "--copy-unsafe-links", LINKS },
    { BOTH, "--safe-links", LINKS },
    { BOTH, "--dereference", LINKS },
    { BOTH, "--keep-dirlinks", "a link to a folder is followed only where DEST names it" },
    { CMD_PUSH, "--del", DELETE },
    { CMD_PUSH, "--delete-after", DELETE },
    { CMD_PUSH, "--delete-before", DELETE },
    { CMD_PUSH, "--delete-during", DELETE },
    { CMD_PUSH, "--delete-delay", DELETE },
    { CMD_PUSH, "--delete-excluded", DELETE },
    { CMD_PULL, "--delete", "only muster push deletes" },
    { BOTH, "--remove-source-files", "SRC is never removed" },
    { BOTH, "-b", "no copy of the old file is kept" },
    { BOTH, "--backup", "no copy of the old file is kept" },
    { BOTH, "--backup-dir", "no copy of the old file is kept" },
    { BOTH, "--suffix", "no copy of the old file is kept" },
    { BOTH, "--include", PATTERNS },
    { BOTH, "--exclude-from", PATTERNS },
    { BOTH, "--include-from", PATTERNS },
    { BOTH, "--filter", PATTERNS },
    { BOTH, "--files-from", PATTERNS },
    { BOTH, "--min-size", PATTERNS },
    { CMD_PUSH, "--max-size", PATTERNS },
    { CMD_PUSH, "--max-files", "it is of muster pull; SRC is not expected to be hostile" },
    { BOTH, "-R", "a SRC keeps the last part of its path, as with cp -r" },
    { BOTH, "--relative", "a SRC keeps the last part of its path, as with cp -r" },
    { CMD_PUSH, "--flat", "it is of muster pull; {host} in DEST becomes the name of the host" },
    { CMD_PUSH, "-D", "it is called --mkdir" },
    { CMD_PUSH, "--mkpath", "it is called --mkdir" },
    { CMD_PUSH, "--parents", "it is called --mkdir" },
    { CMD_PULL, "--mkdir", "it is of muster push; pull makes DIR, but not the folder DIR is in" },
    { BOTH, "-e", "muster speaks SSH itself; see --port, --user and --key" },
    { BOTH, "--rsh", "muster speaks SSH itself; see --port, --user and --key" },
    { BOTH, "--rsync-path", NO_PROGRAM },
    { BOTH, "-O", "muster always speaks SFTP; leave it out" },
    { BOTH, "-s", "muster always speaks SFTP; leave it out" },
    { BOTH, "-3", "muster copies between this machine and the hosts only" },
    { BOTH, "--contimeout", "it is called -t or --connect-timeout" },
    { BOTH, "--itemize-changes", LIST_FILES },
    { BOTH, "--info", LIST_FILES },
    { BOTH, "--out-format", LIST_FILES },
    { BOTH, "--stats", "the last line has the sums; --json writes a report" },
    { CMD_PUSH, "--copy", "that is what muster push does; leave it out" },
    { CMD_PULL, "--rcopy", "that is what muster pull does; leave it out" },
    { CMD_PUSH, "--src", "what to copy is named before DEST: muster push SRC... DEST" },
    { CMD_PULL, "--src", "what to get is named before DIR: muster pull SRC... DIR" },
    { CMD_PULL, "--dest", "the folder here is the last word: muster pull SRC... DIR" },
    { CMD_PULL, "--localdir", "the folder here is the last word: muster pull SRC... DIR" },
    { CMD_PUSH, "-T", "DEST is a folder where one is there, or with a slash at its end" },
    { CMD_PUSH, "-K", "sudo must not ask for a password: see --sudo" },
    { CMD_PUSH, "--become", "it is called --sudo" },
    { CMD_PUSH, "--become-user", "it is called --sudo=USER" },
    { CMD_PUSH, "--ask-become-pass", "sudo must not ask for a password: see --sudo" },
    { CMD_PULL, "--sudo", "only muster push has it" },
    { CMD_PULL, "--become", "only muster push can use sudo" },
};

enum { WORD_COUNT = sizeof table / sizeof *table };

const char *foreign_copy_advice(unsigned cmds, const char *word)
{
    for (size_t i = 0; i < WORD_COUNT; i++) {
        if ((table[i].cmds & cmds) && strcmp(table[i].word, word) == 0)
            return table[i].advice;
    }
    return NULL;
}

const char *foreign_copy_word(unsigned index, unsigned *ret_cmds)
{
    if (index >= WORD_COUNT)
        return NULL;
    *ret_cmds = table[index].cmds;
    return table[index].word;
}

/* Is it neither number nor time, but perhaps the name of a file? */
static bool is_name(const char *value)
{
    return !isdigit((unsigned char)*value) && strcmp(value, "none") != 0;
}

/* Is it no way to show progress? */
static bool is_no_progress(const char *value)
{
    return strcmp(value, "auto") != 0 && strcmp(value, "line") != 0 && is_name(value);
}

static bool is_number(const char *value)
{
    return *value && value[strspn(value, "0123456789")] == '\0';
}

/* Letters that take no value elsewhere, or another one. */
static const struct {
    const char *flag;
    bool (*is_meant)(const char *value);
    const char *advice;
} values[] = {
    { "-p", is_name,
      "-p is the port; scp's -p, to keep times, is --preserve (modes are always kept)" },
    { "-t", is_name, "-t is the time to connect in; rsync's -t, to keep times, is --preserve" },
    { "-u", is_name, "-u is a time limit; --skip-same leaves files alone that are the same" },
    { "-f", is_name, "-f is how many hosts at once; cp's -f is not needed" },
    { "-l", is_number, "-l is the user; scp's -l, a limit, is --limit-rate" },
    { "-P", is_no_progress, "-P is auto, line or none; rsync's -P, to keep parts, is --resume" },
};

bool foreign_copy_check_value(const char *flag, const char *value, struct error *reterr)
{
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        if (strcmp(values[i].flag, flag) == 0 && values[i].is_meant(value))
            return error_set(reterr, ERR_USAGE, "%s %s: %s", flag, value, values[i].advice);
    }
    return true;
}
