/* SPDX-License-Identifier: MIT */
/* known_hosts against the programs that define it: ssh-keygen -F and -H, and ssh itself. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "files.h"
#include "fleet.h"
#include "model/known_hosts.h"
#include "proc.h"
#include "skip.h"
#include "test_key.h"

/* Skips the test where there is no ssh-keygen. */
static void need_ssh_keygen(void)
{
    const char *argv[] = { "sh", "-c", "command -v ssh-keygen", NULL };
    struct proc_result r = proc_run(&(struct proc_args){ .argv = argv });
    if (r.exit_code != 0)
        test_skip("needs ssh-keygen");
}

/* A generator whose numbers are the same in every run. */
static unsigned next_number(unsigned *state, unsigned below)
{
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % below;
}

/* What a random file is made of. Short alphabets, so that names and patterns often meet. */
static const char *const name_words[] = {
    "a",
    "ab",
    "web1",
    "web2",
    "web10",
    "db.example.com",
    "www.example.com",
    "example.com",
    "10.0.0.1",
    "::1",
    "[web1]:2222",
    "[web2]:22",
    "[::1]:2222",
    "WEB1",
    "Db.Example.com",
};
static const char *const pattern_words[] = {
    "*",
    "web?",
    "w*",
    "*.example.com",
    "!web1",
    "!web?",
    "!*.example.com",
    "[*]:2222",
    "10.0.0.*",
    "?",
    "*1",
    "w*b*1*",
    "!a",
    "",
    "!",
    "[web?]:22*",
    "*,",
    "web1*",
};
static const char *const queries[] = {
    "a",
    "ab",
    "abc",
    "web1",
    "web2",
    "web10",
    "web3",
    "db.example.com",
    "www.example.com",
    "example.com",
    "x.db.example.com",
    "10.0.0.1",
    "10.0.0.2",
    "::1",
    "[web1]:2222",
    "[web2]:2222",
    "[::1]:2222",
    "[db.example.com]:2222",
    "z",
};
#define COUNT(words) (sizeof(words) / sizeof *(words))

/* One random list of names. */
static char *random_names(unsigned *state)
{
    char *names = "";
    unsigned count = 1 + next_number(state, 4);
    for (unsigned i = 0; i < count; i++) {
        const char *word = next_number(state, 2)
                               ? name_words[next_number(state, COUNT(name_words))]
                               : pattern_words[next_number(state, COUNT(pattern_words))];
        names = text_of("%s%s%s", names, i ? "," : "", word);
    }
    return *names ? names : "x";
}

/* One random line, often broken. */
static char *random_line(unsigned *state)
{
    static const char *const ends[] = { "\n", "\r\n", " comment\n", "\tme@here\r\n" };
    static const char *const starts[] = { "", "", "", "", " ", "\t", "#", "@bad ", "@revoked " };
    struct test_key key = test_key_ed25519(next_number(state, 3));
    const char *start = starts[next_number(state, COUNT(starts))];
    char *names = random_names(state);
    switch (next_number(state, 12)) {
    case 0:
        return text_of("%s%s%s", start, names, ends[next_number(state, COUNT(ends))]);
    case 1:
        return text_of("%s%s %s\n", start, names, key.type);
    case 2:
        return "\n";
    case 3:
        return text_of("%s%s ssh-rsa %s\n", start, names, key.base64);
    case 4:
        return text_of("%s%s %s %.*s\n", start, names, key.type,
                       (int)next_number(state, (unsigned)strlen(key.base64)), key.base64);
    default:
        return text_of("%s%s%s%s%s%s", start, names, next_number(state, 4) ? " " : "\t \t",
                       key.type, text_of(" %s", key.base64), ends[next_number(state, COUNT(ends))]);
    }
}

/* "[host]:port" or "host" taken apart. */
static struct known_hosts_name parse_query(const char *query)
{
    struct known_hosts_name name = { .host = query, .port = 0 };
    const char *bracket = *query == '[' ? strchr(query, ']') : NULL;
    if (bracket) {
        name.host = text_of("%.*s", (int)(bracket - query - 1), query + 1);
        name.port = (uint16_t)atoi(bracket + 2);
    }
    return name;
}

/* A line on which ssh-keygen -l -F finds the host with a key it can read. */
struct found {
    unsigned line;
    bool is_revoked;
    char fingerprint[PUBLIC_KEY_FINGERPRINT_SIZE];
};
enum { FOUND_MAX = 64 };

/* Reads "# Host NAME found: line N [CA|REVOKED] \nNAME TYPE SHA256:... comment\n", again and again.
 */
static size_t find_with_keygen(const char *path, const char *query, struct found *ret)
{
    const char *argv[] = { "ssh-keygen", "-l", "-F", query, "-f", path, NULL };
    struct proc_result r = proc_run(&(struct proc_args){ .argv = argv });
    size_t count = 0;
    const char *at = r.out;
    while ((at = strstr(at, "found: line ")) != NULL) {
        at += strlen("found: line ");
        const char *end = strchr(at, '\n');
        char *head = text_of("%.*s", (int)(end - at), at);
        const char *fingerprint = strstr(end, " SHA256:");
        if (strstr(head, "CA") != NULL)
            continue;
        cr_assert_lt(count, FOUND_MAX);
        struct found *f = &ret[count++];
        f->line = (unsigned)strtoul(at, NULL, 10);
        f->is_revoked = strstr(head, "REVOKED") != NULL;
        snprintf(f->fingerprint, sizeof f->fingerprint, "%.50s", fingerprint + 1);
    }
    proc_result_release(&r);
    return count;
}

/* What ssh would say, from what ssh-keygen found: check_hostkeys_by_key_or_type(). */
static enum known_hosts_verdict judge(const struct found *found, size_t count, const char *offered,
                                      unsigned *ret_line)
{
    enum known_hosts_verdict verdict = KNOWN_HOSTS_UNKNOWN;
    *ret_line = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_same = strcmp(found[i].fingerprint, offered) == 0;
        if (found[i].is_revoked && is_same) {
            *ret_line = found[i].line;
            return KNOWN_HOSTS_REVOKED;
        }
        if (found[i].is_revoked || verdict == KNOWN_HOSTS_MATCH)
            continue;
        if (is_same || verdict == KNOWN_HOSTS_UNKNOWN)
            *ret_line = found[i].line;
        verdict = is_same ? KNOWN_HOSTS_MATCH : KNOWN_HOSTS_CHANGED;
    }
    return verdict;
}

/* Compares both for one query and each of the keys the files are made of. */
static void compare_query(struct known_hosts *kh, const char *path, const char *query,
                          const char *text)
{
    struct found found[FOUND_MAX], plain[FOUND_MAX];
    const struct known_hosts_name name = parse_query(query);
    size_t count = find_with_keygen(path, query, found);
    size_t plain_count = name.port ? find_with_keygen(path, name.host, plain) : 0;
    for (unsigned seed = 0; seed < 4; seed++) {
        struct test_key key = test_key_ed25519(seed);
        struct known_hosts_result ours;
        unsigned line = 0;
        known_hosts_check(kh, &name, key.blob, key.size, &ours);
        enum known_hosts_verdict theirs = judge(found, count, ours.offered, &line);
        if (theirs == KNOWN_HOSTS_UNKNOWN && plain_count > 0) {
            theirs = judge(plain, plain_count, ours.offered, &line);
            if (theirs == KNOWN_HOSTS_CHANGED) {
                theirs = KNOWN_HOSTS_UNKNOWN;
                line = 0;
            }
        }
        cr_assert_eq(ours.verdict, theirs, "%s, key %u: %d, ssh-keygen %d in\n%s", query, seed,
                     (int)ours.verdict, (int)theirs, text);
        if (theirs != KNOWN_HOSTS_REVOKED)
            cr_assert_eq(ours.line, line, "%s, key %u in\n%s", query, seed, text);
    }
}

/* Compares both for every query. */
static void compare_file(const char *path)
{
    struct error err = ERROR_INIT;
    struct known_hosts *kh = known_hosts_new();
    cr_assert(known_hosts_load(kh, path, true, &err), "%s", error_text(&err));
    char *text = file_read(path, NULL);
    for (size_t i = 0; i < COUNT(queries); i++)
        compare_query(kh, path, queries[i], text);
    known_hosts_free(kh);
}

Test(known_hosts_oracle, agrees_with_ssh_keygen_on_random_files)
{
    enum { FILES = 40, LINES = 8 };
    need_ssh_keygen();
    unsigned state = 1;
    for (unsigned f = 0; f < FILES; f++) {
        char *text = "";
        for (unsigned i = 0; i < LINES; i++)
            text = text_of("%s%s", text, random_line(&state));
        compare_file(tmp_file("known_hosts", text));
    }
}

Test(known_hosts_oracle, agrees_with_ssh_keygen_on_hashed_files)
{
    enum { FILES = 10, LINES = 6 };
    need_ssh_keygen();
    unsigned state = 2;
    for (unsigned f = 0; f < FILES; f++) {
        char *text = "";
        for (unsigned i = 0; i < LINES; i++) {
            struct test_key key = test_key_ed25519(next_number(&state, 3));
            text = text_of("%s%s", text, test_key_line(random_names(&state), &key));
        }
        char *path = tmp_file("known_hosts", text);
        const char *argv[] = { "ssh-keygen", "-H", "-f", path, NULL };
        struct proc_result r = proc_run(&(struct proc_args){ .argv = argv });
        proc_expect_exit(&r, 0);
        compare_file(path);
    }
}

Test(known_hosts_oracle, ssh_keygen_finds_what_was_added)
{
    need_ssh_keygen();
    struct error err = ERROR_INIT;
    struct test_key one = test_key_ed25519(1), two = test_key_rsa(2, 2048);
    for (enum known_hosts_hashing h = KNOWN_HOSTS_HASH_NO; h <= KNOWN_HOSTS_HASH_YES; h++) {
        struct known_hosts *kh = known_hosts_new();
        char *path = tmp_path(h == KNOWN_HOSTS_HASH_NO ? "plain" : "hashed");
        struct known_hosts_key keys[] = {
            { { "web1", 22 }, one.blob, one.size, KNOWN_HOSTS_UNKNOWN },
            { { "Web2", 2222 }, two.blob, two.size, KNOWN_HOSTS_UNKNOWN },
            { { "fe80::1%eth0", 2222 }, two.blob, two.size, KNOWN_HOSTS_UNKNOWN },
        };
        cr_assert(known_hosts_add(kh, path, keys, COUNT(keys), h, &err));
        struct found found[FOUND_MAX];
        cr_assert_eq(find_with_keygen(path, "web1", found), 1);
        cr_assert_eq(find_with_keygen(path, "[web2]:2222", found), 1);
        cr_assert_eq(find_with_keygen(path, "web2", found), 0);
        cr_assert_eq(find_with_keygen(path, "[fe80::1%eth0]:2222", found), 1);
        char fingerprint[PUBLIC_KEY_FINGERPRINT_SIZE];
        public_key_fingerprint(two.blob, two.size, fingerprint);
        cr_assert_str_eq(found[0].fingerprint, fingerprint);
        known_hosts_free(kh);
    }
}

/* Asks a real ssh for its verdict about the first host of the fleet. */
static enum known_hosts_verdict ask_ssh(const char *path)
{
    const char *argv[] = { "ssh",
                           "-F",
                           "none",
                           "-o",
                           "StrictHostKeyChecking=yes",
                           "-o",
                           text_of("UserKnownHostsFile=%s", path),
                           "-o",
                           "GlobalKnownHostsFile=none",
                           "-o",
                           "PreferredAuthentications=none",
                           "-o",
                           "UpdateHostKeys=no",
                           "-p",
                           fleet_port(),
                           "-l",
                           "fleet",
                           fleet_address(0),
                           "true",
                           NULL };
    struct proc_result r = proc_run(&(struct proc_args){ .argv = argv, .deadline_ms = 20000 });
    if (strstr(r.err, "REVOKED HOST KEY"))
        return KNOWN_HOSTS_REVOKED;
    if (strstr(r.err, "HOST IDENTIFICATION HAS CHANGED"))
        return KNOWN_HOSTS_CHANGED;
    if (strstr(r.err, "host key is known for"))
        return KNOWN_HOSTS_UNKNOWN;
    cr_assert(strstr(r.err, "Permission denied"), "%s", proc_describe(&r));
    return KNOWN_HOSTS_MATCH;
}

/* The key of the fleet's first host. */
static struct test_key fleet_key(void)
{
    struct test_key key = { .type = "ssh-ed25519" };
    char *text = file_read(fleet_text("known_hosts"), NULL);
    char *line = strstr(text, text_of("[%s]:%s ssh-ed25519 ", fleet_address(0), fleet_port()));
    cr_assert_not_null(line);
    struct buf blob;
    buf_init(&blob, sizeof key.blob);
    char *digits = strchr(strchr(line, ' ') + 1, ' ') + 1;
    snprintf(key.base64, sizeof key.base64, "%.*s", (int)strcspn(digits, " \n"), digits);
    cr_assert(base64_decode(&blob, key.base64, strlen(key.base64)));
    memcpy(key.blob, blob.data, blob.size);
    key.size = blob.size;
    return key;
}

Test(known_hosts_oracle, agrees_with_ssh_on_a_real_server)
{
    need_ssh_keygen();
    struct test_key true_key = fleet_key(), other = test_key_ed25519(1);
    struct test_key rsa = test_key_rsa(1, 2048);
    const char *host = fleet_address(0);
    char *with_port = text_of("[%s]:%s", host, fleet_port());
    char *good = test_key_line(with_port, &true_key);
    char *bad = test_key_line(with_port, &other);
    char *good_plain = test_key_line(host, &true_key);
    char *files[] = {
        good,
        bad,
        "",
        good_plain,
        test_key_line(host, &other),
        text_of("%s%s", bad, good_plain),
        text_of("%s%s", bad, good),
        text_of("%s%s", good, bad),
        test_key_line(with_port, &rsa),
        text_of("%s%s", test_key_line(with_port, &rsa), good),
        text_of("%s%s", good, test_key_line(text_of("@revoked %s", with_port), &true_key)),
        test_key_line("@revoked *", &true_key),
        text_of("%s%s", good, test_key_line("@revoked *", &other)),
        test_key_line("@cert-authority *", &true_key),
        text_of("%s%s", bad, test_key_line("@cert-authority *", &true_key)),
        test_key_line("*", &true_key),
        test_key_line("[127.1.*]:*", &true_key),
        test_key_line(text_of("*,!%s", with_port), &true_key),
        text_of("\xff garbage\n%s ssh-ed25519\n%s", with_port, good),
        text_of("%s ssh-ed25519 %.20s\n", with_port, true_key.base64),
        text_of("%s ssh-rsa %s\n", with_port, true_key.base64),
        text_of("%s ssh-ed25519 %s\r\n", with_port, true_key.base64),
        file_read(fleet_text("known_hosts_hashed"), NULL),
        file_read(fleet_text("known_hosts_changed"), NULL),
    };
    for (size_t i = 0; i < COUNT(files); i++) {
        struct error err = ERROR_INIT;
        struct known_hosts *kh = known_hosts_new();
        char *path = tmp_file("known_hosts", files[i]);
        struct known_hosts_result ours;
        const struct known_hosts_name name = { host, (uint16_t)fleet_number("port") };
        cr_assert(known_hosts_load(kh, path, true, &err));
        known_hosts_check(kh, &name, true_key.blob, true_key.size, &ours);
        enum known_hosts_verdict theirs = ask_ssh(path);
        cr_expect_eq(ours.verdict, theirs, "case %zu: %d, ssh %d in\n%s", i, (int)ours.verdict,
                     (int)theirs, files[i]);
        known_hosts_free(kh);
    }
}
