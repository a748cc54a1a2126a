/* SPDX-License-Identifier: MIT */
/*
 * THE OPTION TABLE, nothing else. What a row says is in option.h; the order is that of --help.
 *
 * To add an option: a member of `struct settings`, a row here, and the code that reads the member.
 * A row stands here only once the option works. Help texts are one sentence; what needs more words
 * goes into .detail, which only the man page shows.
 */
#include "model/options.h"

#define COPY_CMDS   (CMD_PUSH | CMD_PULL)
#define WORK_CMDS   (CMD_RUN | COPY_CMDS)
#define EVERY_CMD   (WORK_CMDS | CMD_LIST)
#define EVERY_PLACE (AT_FLAG | AT_ENV | AT_CONFIG | AT_HOST)
#define WHOLE_RUN   (AT_FLAG | AT_ENV | AT_CONFIG)

#define WHY_HOSTS "which hosts are meant is said on the command line only"
#define WHY_FILES "files to read and write are named on the command line only"
#define WHY_ONCE  "it is for one command line"

const struct option_row options[] = {
    /* Which hosts. */
    { "inventory", FIELD(inventory), .letter = 'i', .at = AT_FLAG | AT_ENV, .cmds = EVERY_CMD,
      .section = SECTION_HOSTS, .arg = "FILE", .cli_only_reason = WHY_HOSTS,
      .help = "Read hosts and groups from FILE, - for standard input; may be repeated.",
      .detail = "A later file beats an earlier one. Without this option the first of these is "
                "read: the files in MUSTER_INVENTORY, separated by colons; ./muster.json, where "
                "nobody but you or root could have put it there; "
                "$XDG_CONFIG_HOME/muster/inventory.json; /etc/muster/inventory.json." },
    { "hosts", FIELD(hosts), .letter = 'w', .alias_letter = 'H', .at = AT_FLAG, .cmds = EVERY_CMD,
      .section = SECTION_HOSTS, .arg = "LIST", .cli_only_reason = WHY_HOSTS,
      .help = "Select hosts: names, ranges web[01-12], globs, @GROUP, ^FILE; may be repeated.",
      .detail = "The parts of LIST are taken from left to right: a comma adds, ! takes away, & "
                "keeps what is in both, ^ what is in one only. A host may be written "
                "[user@]host[:port]. Where an inventory is read, a plain name that it does not "
                "know is an error; numeric addresses and names with a user or port are taken as "
                "they are." },
    { "group", FIELD(group), .letter = 'g', .at = AT_FLAG, .cmds = EVERY_CMD,
      .section = SECTION_HOSTS, .arg = "GROUP", .cli_only_reason = WHY_HOSTS,
      .help = "Select the hosts of a group of the inventory; may be repeated." },
    { "all", FIELD(all), .letter = 'a', .at = AT_FLAG, .cmds = EVERY_CMD, .section = SECTION_HOSTS,
      .cli_only_reason = WHY_HOSTS, .help = "Select every host of the inventory." },
    { "exclude", FIELD(exclude), .letter = 'x', .at = AT_FLAG, .cmds = EVERY_CMD,
      .section = SECTION_HOSTS, .arg = "LIST", .cli_only_reason = WHY_HOSTS,
      .help = "Leave these hosts out, written as for -w; may be repeated." },

    /* How to reach a host. */
    { "address", FIELD(address), .at = AT_HOST, .section = SECTION_REACH, .arg = "ADDRESS",
      .cli_only_reason = "it belongs to a host, in an inventory",
      .help = "Connect to this name or numeric address instead of the host's own name." },
    { "user", FIELD(user), .letter = 'l', .at = EVERY_PLACE, .cmds = EVERY_CMD,
      .section = SECTION_REACH, .arg = "USER",
      .help = "Log in as USER; without it, as the local user is called." },
    { "port", FIELD(port), .letter = 'p', .at = EVERY_PLACE, .cmds = EVERY_CMD,
      .section = SECTION_REACH, .min = 1, .max = 65535, .dflt = "22", .arg = "PORT",
      .help = "Connect to PORT." },
    { "key", FIELD(key), .at = EVERY_PLACE, .cmds = EVERY_CMD, .section = SECTION_REACH,
      .arg = "FILE", .dflt = "~/.ssh/id_rsa:~/.ssh/id_ecdsa:~/.ssh/id_ed25519",
      .help = "Authenticate with the private key in FILE; may be repeated.",
      .detail = "Keys of a running ssh-agent are offered as well. In an inventory and in "
                "config.json this is a string or an array of strings." },
    { "known-hosts", FIELD(known_hosts), .at = EVERY_PLACE, .cmds = EVERY_CMD,
      .section = SECTION_REACH, .arg = "FILE",
      .dflt = "~/.ssh/known_hosts:~/.ssh/known_hosts2:/etc/ssh/ssh_known_hosts:"
              "/etc/ssh/ssh_known_hosts2",
      .help = "Look host keys up in FILE; may be repeated; the first one gets new keys." },
    { "host-key-check", FIELD(host_key_check), .at = EVERY_PLACE, .cmds = EVERY_CMD,
      .section = SECTION_REACH, .dflt = "auto", .arg = "POLICY",
      .help = "What to do about unknown host keys: strict, ask, accept-new, off, auto.",
      .detail =
          "strict refuses them; ask puts one question for all of them, after every other "
          "host is done; accept-new records them; off checks nothing at all, which lets "
          "anybody between you and the host read and change everything. The default, auto, is "
          "ask on a terminal and strict elsewhere. A changed or revoked key is an error under every "
          "policy but off." },
    { "ask-pass", FIELD(ask_pass), .letter = 'k', .at = WHOLE_RUN, .cmds = WORK_CMDS,
      .section = SECTION_REACH,
      .help = "Ask for a password, once and before connecting, and use it for every host." },
    { "password-file", FIELD(password_file), .at = EVERY_PLACE, .cmds = EVERY_CMD,
      .section = SECTION_REACH, .arg = "FILE",
      .help = "Use the first line of FILE as password, - for standard input.",
      .detail = "The file must not be readable for anybody but its owner." },
    { "connect-timeout", FIELD(connect_timeout), .letter = 't', .at = EVERY_PLACE,
      .cmds = EVERY_CMD, .section = SECTION_REACH, .dflt = "10s", .arg = "TIME",
      .help = "Give up on a host that is not logged in to after TIME.",
      .detail = "The time starts with the look-up of the name and ends with the last step of "
                "authentication; waiting for a free slot (--fanout, --connects) does not count." },
    { "timeout", FIELD(timeout), .letter = 'u', .at = EVERY_PLACE, .cmds = EVERY_CMD,
      .section = SECTION_REACH, .dflt = "none", .arg = "TIME",
      .help = "End a command or transfer that is not through after TIME, on the host too." },
    { "idle-timeout", FIELD(idle_timeout), .at = EVERY_PLACE, .cmds = EVERY_CMD,
      .section = SECTION_REACH, .dflt = "none", .arg = "TIME",
      .help = "End a command that has printed nothing, or a transfer that stalls, for TIME." },
    { "no-remote-kill", FIELD(no_remote_kill), .at = EVERY_PLACE, .cmds = WORK_CMDS,
      .section = SECTION_REACH,
      .help = "Never open a second channel to end a remote command; only close the first.",
      .detail = "To end a command, muster sends it a signal; where the server or its version of "
                "libssh2 cannot do that, it runs a small script on the same connection, unless "
                "the server announced a forced command for the key. Use this option for accounts "
                "whose command is forced by ForceCommand in sshd_config, which muster cannot see: "
                "a second request would run that command once more. It keeps push and pull from "
                "running anything on the host, too." },

    /* How the run goes. */
    { "fanout", FIELD(fanout), .alias = "forks", .letter = 'f', .at = WHOLE_RUN, .cmds = WORK_CMDS,
      .section = SECTION_RUN, .min = 1, .max = 1000000, .dflt = "128", .arg = "N",
      .help = "Work on at most N hosts at once." },
    { "connects", FIELD(connects), .at = WHOLE_RUN, .cmds = WORK_CMDS, .section = SECTION_RUN,
      .min = 1, .max = 1000000, .dflt = "64", .arg = "N",
      .help = "Let at most N hosts connect and authenticate at once." },
    { "deadline", FIELD(deadline), .at = WHOLE_RUN, .cmds = WORK_CMDS, .section = SECTION_RUN,
      .dflt = "none", .arg = "TIME", .help = "End the whole run after TIME, with exit status 5." },
    { "stdin", FIELD(standard_input), .letter = 'I', .at = AT_FLAG, .cmds = CMD_RUN,
      .section = SECTION_RUN, .arg = "FILE", .cli_only_reason = WHY_FILES,
      .help = "Give FILE to every command as its standard input, - for muster's own.",
      .detail = "Each host reads at its own pace. Without this option the commands' standard "
                "input is empty and muster's own is never read." },
    { "max-stdin", FIELD(max_stdin), .at = WHOLE_RUN, .cmds = CMD_RUN, .section = SECTION_RUN,
      .dflt = "1G", .arg = "SIZE", .help = "Keep at most SIZE of what -I reads from a pipe." },
    { "dry-run", FIELD(dry_run), .letter = 'n', .at = AT_FLAG, .cmds = WORK_CMDS,
      .section = SECTION_RUN, .cli_only_reason = WHY_ONCE,
      .help = "Print what would be done where, and do nothing.",
      .detail = "A transfer connects and looks, so that it can say what it would create, replace "
                "and delete." },

    /* push and pull. */
    { "recursive", FIELD(recursive), .letter = 'r', .at = AT_FLAG, .cmds = COPY_CMDS,
      .section = SECTION_COPY, .cli_only_reason = WHY_ONCE,
      .help = "Copy folders with all that is in them." },
    { "mkdir", FIELD(mkdir), .at = AT_FLAG, .cmds = CMD_PUSH, .section = SECTION_COPY,
      .cli_only_reason = WHY_ONCE, .help = "Make missing folders on the way to DEST." },
    { "mode", FIELD(mode), .at = AT_FLAG, .cmds = CMD_PUSH, .section = SECTION_COPY, .arg = "OCTAL",
      .cli_only_reason = WHY_ONCE,
      .help = "Give the files this mode instead of that of the source." },
    { "preserve", FIELD(preserve), .at = AT_FLAG, .cmds = COPY_CMDS, .section = SECTION_COPY,
      .cli_only_reason = WHY_ONCE,
      .help = "Keep modification times too, and with push the owner where that is permitted." },
    { "verify", FIELD(verify), .at = WHOLE_RUN, .cmds = COPY_CMDS, .section = SECTION_COPY,
      .help = "Compare SHA-256 digests before a file is put in place.",
      .detail =
          "The host is asked to run sha256sum, shasum or openssl; where that is not possible, "
          "the file is read back." },
    { "skip-same", FIELD(skip_same), .at = AT_FLAG, .cmds = COPY_CMDS, .section = SECTION_COPY,
      .cli_only_reason = WHY_ONCE, .help = "Leave files alone that are the same already.",
      .detail =
          "A file of the same size and modification time is the same, unless --verify asks "
          "for more; of one of the same size and another time, SHA-256 digests are compared." },
    { "resume", FIELD(resume), .at = AT_FLAG, .cmds = COPY_CMDS, .section = SECTION_COPY,
      .cli_only_reason = WHY_ONCE,
      .help = "Go on where a transfer with --resume was interrupted, and check the whole.",
      .detail = "What was transferred then lies in a temporary file beside the target, which is "
                "only used for the same source of the same size and time." },
    { "delete", FIELD(remove_extra), .at = AT_FLAG, .cmds = CMD_PUSH, .section = SECTION_COPY,
      .cli_only_reason = WHY_ONCE,
      .help = "With -r: delete in the copied folders what the source does not have.",
      .detail =
          "Only in folders that the source has, and only when all was copied. --dry-run lists it." },
    { "sudo", FIELD(sudo), .at = AT_FLAG, .cmds = CMD_PUSH, .section = SECTION_COPY, .arg = "USER",
      .implied = "root", .cli_only_reason = WHY_ONCE,
      .help = "Write the files as root, or USER, by sudo on the host.",
      .detail = "It must not ask for a password (sudo -n). SFTP is not used then: all goes through "
                "the shell of the host, which costs a command for each file." },
    { "flat", FIELD(flat), .at = AT_FLAG, .cmds = CMD_PULL, .section = SECTION_COPY,
      .cli_only_reason = WHY_ONCE, .help = "Write DIR/NAME.HOST instead of DIR/HOST/NAME." },
    { "limit-rate", FIELD(limit_rate), .at = WHOLE_RUN, .cmds = COPY_CMDS, .section = SECTION_COPY,
      .arg = "SIZE", .help = "Move at most SIZE bytes a second, over all hosts together." },
    { "max-files", FIELD(max_files), .at = WHOLE_RUN, .cmds = CMD_PULL, .section = SECTION_COPY,
      .min = 1, .dflt = "1000000", .arg = "N",
      .help = "Take at most N files and folders from a host." },
    { "max-size", FIELD(max_size), .at = WHOLE_RUN, .cmds = CMD_PULL, .section = SECTION_COPY,
      .dflt = "100G", .arg = "SIZE", .help = "Take at most SIZE bytes from a host." },

    /* What is printed and written. */
    { "no-label", FIELD(no_label), .letter = 'N', .at = WHOLE_RUN, .cmds = CMD_RUN,
      .section = SECTION_OUTPUT, .help = "Print lines without the name of their host." },
    { "quiet", FIELD(quiet), .letter = 'q', .at = WHOLE_RUN, .cmds = WORK_CMDS,
      .section = SECTION_OUTPUT,
      .help = "Print what the hosts say and what went wrong, nothing else." },
    { "verbose", FIELD(verbose), .letter = 'v', .at = WHOLE_RUN, .cmds = EVERY_CMD,
      .section = SECTION_OUTPUT, .help = "Tell what is read, chosen and ignored; twice: more." },
    { "progress", FIELD(progress), .letter = 'P', .at = WHOLE_RUN, .cmds = WORK_CMDS,
      .section = SECTION_OUTPUT, .dflt = "auto", .arg = "HOW",
      .help = "Show progress: auto (a line on a terminal), line, none." },
    { "color", FIELD(color), .at = WHOLE_RUN, .cmds = EVERY_CMD, .section = SECTION_OUTPUT,
      .dflt = "auto", .arg = "WHEN", .help = "Use colour: auto (on a terminal), always, never." },
    { "raw", FIELD(raw), .at = WHOLE_RUN, .cmds = CMD_RUN, .section = SECTION_OUTPUT,
      .help = "Let remote output through to the terminal unchanged.",
      .detail = "Without it control bytes other than those of colours are shown as \\x1b and the "
                "like on a terminal. Output to files and pipes is never changed." },
    { "max-output", FIELD(max_output), .at = WHOLE_RUN, .cmds = CMD_RUN, .section = SECTION_OUTPUT,
      .dflt = "16M", .arg = "SIZE",
      .help = "Keep at most SIZE of each host's stdout and stderr for --json." },
    { "json", FIELD(json), .at = AT_FLAG, .cmds = WORK_CMDS, .section = SECTION_OUTPUT,
      .arg = "FILE", .cli_only_reason = WHY_FILES,
      .help = "Write a report of the run to FILE, - for standard output." },
    { "jsonl", FIELD(jsonl), .at = AT_FLAG, .cmds = WORK_CMDS, .section = SECTION_OUTPUT,
      .arg = "FILE", .cli_only_reason = WHY_FILES,
      .help = "Write events to FILE as they happen, one JSON object a line." },
    { "label", FIELD(label), .at = WHOLE_RUN, .cmds = WORK_CMDS, .section = SECTION_OUTPUT,
      .arg = "TEXT", .help = "Name the run TEXT in reports." },
    { "maxrc", FIELD(maxrc), .letter = 'S', .at = WHOLE_RUN, .cmds = CMD_RUN,
      .section = SECTION_OUTPUT, .help = "Exit with the largest exit status of any host.",
      .detail = "Hosts that have none count as 255. This replaces exit status 1, 3 and 4." },
    { "exit-zero", FIELD(exit_zero), .at = WHOLE_RUN, .cmds = WORK_CMDS, .section = SECTION_OUTPUT,
      .help = "Exit with 0 instead of 1, 3, 4 or 5, for scripts that read the report." },

    /* muster list. */
    { "names", FIELD(list_names), .at = AT_FLAG, .cmds = CMD_LIST, .section = SECTION_LIST,
      .help = "Print names only, one a line." },
    { "fold", FIELD(list_fold), .at = AT_FLAG, .cmds = CMD_LIST, .section = SECTION_LIST,
      .help = "Print the names folded to ranges: web[01-12]." },
    { "tree", FIELD(list_tree), .at = AT_FLAG, .cmds = CMD_LIST, .section = SECTION_LIST,
      .help = "Print groups, the groups in them and their hosts." },
    { "json", FIELD(list_json), .at = AT_FLAG, .cmds = CMD_LIST, .section = SECTION_LIST,
      .help = "Print the hosts with every resolved setting as JSON." },
    { "explain", FIELD(list_explain), .at = AT_FLAG, .cmds = CMD_LIST, .section = SECTION_LIST,
      .arg = "HOST", .help = "Print every setting of HOST and who set it." },
    { "check", FIELD(list_check), .at = AT_FLAG, .cmds = CMD_LIST, .section = SECTION_LIST,
      .help = "Only check the inventory: exit status 0 or 2." },
    { "schema", FIELD(list_schema), .at = AT_FLAG, .cmds = CMD_LIST, .section = SECTION_LIST,
      .help = "Print the JSON schema of inventories." },

    { "help", FIELD(help), .letter = 'h', .at = AT_FLAG, .cmds = EVERY_CMD | CMD_NONE,
      .section = SECTION_OTHER, .cli_only_reason = WHY_ONCE, .help = "Print this help." },
    { "version", FIELD(version), .letter = 'V', .at = AT_FLAG, .cmds = EVERY_CMD | CMD_NONE,
      .section = SECTION_OTHER, .cli_only_reason = WHY_ONCE,
      .help = "Print the versions of muster and its libraries, and what they cannot do." },
};

const size_t option_count = sizeof options / sizeof options[0];
