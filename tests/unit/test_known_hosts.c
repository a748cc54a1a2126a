/* SPDX-License-Identifier: MIT */
/* known_hosts: the verdicts, the lines that are read and skipped, and what is appended. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "files.h"
#include "model/known_hosts.h"
#include "test_key.h"

/* A reader that has read `text`. */
static struct known_hosts *load(const char *text)
{
    struct error err = ERROR_INIT;
    struct known_hosts *kh = known_hosts_new();
    cr_assert(known_hosts_load(kh, tmp_file("known_hosts", text), true, &err), "%s",
              error_text(&err));
    return kh;
}

/* The verdict on a key, all of it. */
static struct known_hosts_result check(struct known_hosts *kh, const char *host, uint16_t port,
                                       const struct test_key *key)
{
    struct known_hosts_result result;
    const struct known_hosts_name name = { host, port };
    known_hosts_check(kh, &name, key->blob, key->size, &result);
    cr_assert_eq(result.verdict == KNOWN_HOSTS_UNKNOWN, result.file == NULL);
    cr_assert_eq(result.verdict == KNOWN_HOSTS_UNKNOWN, result.recorded[0] == '\0');
    return result;
}

/* The verdict of a file that holds `text`. */
static enum known_hosts_verdict verdict(const char *text, const char *host, uint16_t port,
                                        const struct test_key *key)
{
    struct known_hosts *kh = load(text);
    struct known_hosts_result result = check(kh, host, port, key);
    known_hosts_free(kh);
    return result.verdict;
}

Test(known_hosts, tells_match_changed_and_unknown)
{
    struct test_key one = test_key_ed25519(1), two = test_key_ed25519(2);
    struct known_hosts *kh =
        load(text_of("# a comment\n\n%s", test_key_line("web1,10.0.0.1", &one)));
    struct known_hosts_result r = check(kh, "web1", 22, &one);
    cr_assert_eq(r.verdict, KNOWN_HOSTS_MATCH);
    cr_assert_eq(r.line, 3);
    cr_assert_str_eq(r.file, tmp_path("known_hosts"));
    cr_assert_str_eq(r.recorded, r.offered);
    r = check(kh, "10.0.0.1", 0, &two);
    cr_assert_eq(r.verdict, KNOWN_HOSTS_CHANGED);
    cr_assert_eq(r.line, 3);
    cr_assert_str_neq(r.recorded, r.offered);
    cr_assert_eq(r.types, 1u << PUBLIC_KEY_ED25519);
    cr_assert_not(r.is_other_type_only);
    cr_assert_eq(check(kh, "web2", 22, &one).verdict, KNOWN_HOSTS_UNKNOWN);
    cr_assert_eq(check(kh, "web", 22, &one).verdict, KNOWN_HOSTS_UNKNOWN);
    known_hosts_free(kh);
}

Test(known_hosts, another_type_is_changed_as_ssh_has_it)
{
    struct test_key rsa = test_key_rsa(1, 2048), ed = test_key_ed25519(1);
    struct known_hosts *kh = load(test_key_line("web1", &rsa));
    struct known_hosts_result r = check(kh, "web1", 22, &ed);
    cr_assert_eq(r.verdict, KNOWN_HOSTS_CHANGED);
    cr_assert(r.is_other_type_only);
    cr_assert_eq(r.recorded_type, PUBLIC_KEY_RSA);
    known_hosts_free(kh);
}

Test(known_hosts, changed_shows_the_key_of_the_same_type)
{
    struct test_key rsa = test_key_rsa(1, 2048), ed = test_key_ed25519(1);
    struct test_key offered = test_key_ed25519(2);
    struct known_hosts *kh =
        load(text_of("%s%s", test_key_line("web1", &rsa), test_key_line("web1", &ed)));
    struct known_hosts_result r = check(kh, "web1", 22, &offered);
    cr_assert_eq(r.line, 2);
    cr_assert_eq(r.recorded_type, PUBLIC_KEY_ED25519);
    cr_assert_eq(r.types, 1u << PUBLIC_KEY_ED25519 | 1u << PUBLIC_KEY_RSA);
    cr_assert_not(r.is_other_type_only);
    known_hosts_free(kh);
}

Test(known_hosts, any_recorded_key_matches)
{
    struct test_key one = test_key_ed25519(1), two = test_key_ed25519(2);
    char *text = text_of("%s%s", test_key_line("web1", &one), test_key_line("web*", &two));
    cr_assert_eq(verdict(text, "web1", 22, &one), KNOWN_HOSTS_MATCH);
    cr_assert_eq(verdict(text, "web1", 22, &two), KNOWN_HOSTS_MATCH);
    cr_assert_eq(verdict(text, "web9", 22, &one), KNOWN_HOSTS_CHANGED);
}

Test(known_hosts, names_are_compared_as_ssh_compares_them)
{
    struct test_key key = test_key_ed25519(1);
    static const struct {
        const char *names;
        const char *host;
        uint16_t port;
        bool matches;
    } cases[] = {
        { "a", "a", 22, true },
        { "ab", "ab", 22, true },
        { "WEB1", "web1", 22, true },
        { "web1", "WEB1", 22, true },
        { "web?", "web1", 22, true },
        { "web?", "web", 22, false },
        { "*", "anything", 22, true },
        { "*", "anything", 2222, true },
        { "*.example.com", "a.b.example.com", 22, true },
        { "*.example.com", "example.com", 22, false },
        { "*.example.com,!bad.example.com", "bad.example.com", 22, false },
        { "!bad.example.com,*.example.com", "bad.example.com", 22, false },
        { "!bad.example.com,*.example.com", "good.example.com", 22, true },
        { "!bad", "good", 22, false },
        { "[web1]:2222", "web1", 2222, true },
        { "[web1]:2222", "web1", 22, false },
        { "[web1]:2222", "web1", 2223, false },
        { "[web1]:22", "web1", 22, false },
        { "[*]:2222", "web1", 2222, true },
        { "[WEB*]:2222", "web1", 2222, true },
        { "web1", "web1", 2222, true }, /* ssh: "found matching key w/out port" */
        { "::1", "::1", 22, true },
        { "[::1]:2222", "::1", 2222, true },
        { "a*b*c", "aXbYbc", 22, true },
        { "a*b*c", "aXbYb", 22, false },
        { "one,,two", "two", 22, true },
        { "web1,", "web1", 22, true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum known_hosts_verdict v =
            verdict(test_key_line(cases[i].names, &key), cases[i].host, cases[i].port, &key);
        cr_expect_eq(v == KNOWN_HOSTS_MATCH, cases[i].matches, "%s for %s:%u", cases[i].names,
                     cases[i].host, cases[i].port);
    }
}

Test(known_hosts, a_port_s_own_entry_beats_the_plain_name)
{
    struct test_key one = test_key_ed25519(1), two = test_key_ed25519(2);
    char *text = text_of("%s%s", test_key_line("[web1]:2222", &one), test_key_line("web1", &two));
    cr_assert_eq(verdict(text, "web1", 2222, &two), KNOWN_HOSTS_CHANGED);
    cr_assert_eq(verdict(test_key_line("web1", &two), "web1", 2222, &one), KNOWN_HOSTS_UNKNOWN);
    struct known_hosts *kh = load(text);
    cr_assert(check(kh, "web1", 2200, &two).by_plain_name);
    cr_assert_not(check(kh, "web1", 2222, &one).by_plain_name);
    known_hosts_free(kh);
}

Test(known_hosts, revoked_wins)
{
    struct test_key one = test_key_ed25519(1), two = test_key_ed25519(2);
    char *recorded = test_key_line("web1", &one);
    char *revoked = test_key_line("@revoked web*", &one);
    cr_assert_eq(verdict(text_of("%s%s", recorded, revoked), "web1", 22, &one),
                 KNOWN_HOSTS_REVOKED);
    cr_assert_eq(verdict(text_of("%s%s", revoked, recorded), "web1", 22, &one),
                 KNOWN_HOSTS_REVOKED);
    cr_assert_eq(verdict(revoked, "web1", 22, &one), KNOWN_HOSTS_REVOKED);
    cr_assert_eq(verdict(revoked, "web1", 22, &two), KNOWN_HOSTS_UNKNOWN);
    cr_assert_eq(verdict(revoked, "db1", 22, &one), KNOWN_HOSTS_UNKNOWN);
    cr_assert_eq(verdict(test_key_line("@revoked\t*", &one), "web1", 22, &one),
                 KNOWN_HOSTS_REVOKED);
    cr_assert_eq(verdict(test_key_line("@revoked web1", &one), "web1", 2222, &one),
                 KNOWN_HOSTS_REVOKED, "the plain name counts for a port too");
}

Test(known_hosts, certificate_authorities_match_no_plain_key)
{
    struct test_key key = test_key_ed25519(1);
    cr_assert_eq(verdict(test_key_line("@cert-authority *", &key), "web1", 22, &key),
                 KNOWN_HOSTS_UNKNOWN);
}

Test(known_hosts, garbage_is_skipped_and_the_rest_counts)
{
    struct test_key key = test_key_ed25519(1);
    struct test_key small = test_key_rsa(1, 768);
    char *cut = test_key_line("web9", &key);
    cut[strlen(cut) - 3] = '\n';
    cut[strlen(cut) - 2] = '\0';
    const char *bad[] = {
        "web1\n",
        "web1 ssh-ed25519\n",
        "web1 ssh-ed25519 \n",
        "web1 ssh-ed25519 !!!!\n",
        cut,
        text_of("web1 ssh-rsa %s\n", key.base64),
        text_of("web1 ssh-foo %s\n", key.base64),
        text_of("@unknown web1 ssh-ed25519 %s\n", key.base64),
        text_of("@revoked @revoked web1 ssh-ed25519 %s\n", key.base64),
        text_of("|1|AAAA|AAAA ssh-ed25519 %s\n", key.base64),
        text_of("|2|x ssh-ed25519 %s\n", key.base64),
        "web1 1024 35 1234567890\n",
        test_key_line("web1", &small),
        "\xff\xfe\x01 \x02 \x03\n",
    };
    size_t count = sizeof bad / sizeof *bad;
    char *text = "";
    for (size_t i = 0; i < count; i++)
        text = text_of("%s%s", text, bad[i]);
    struct known_hosts *kh = load(text_of("%s%s", text, test_key_line("web1", &key)));
    cr_assert_eq(known_hosts_skipped_count(kh), count);
    cr_assert_eq(known_hosts_entry_count(kh), 1);
    struct known_hosts_result r = check(kh, "web1", 22, &key);
    cr_assert_eq(r.verdict, KNOWN_HOSTS_MATCH);
    cr_assert_eq(r.line, count + 1);
    known_hosts_free(kh);
}

Test(known_hosts, line_ends_blanks_and_comments_are_taken_as_ssh_does)
{
    struct test_key key = test_key_ed25519(1);
    cr_assert_eq(verdict(text_of("web1 ssh-ed25519 %s\r\n", key.base64), "web1", 22, &key),
                 KNOWN_HOSTS_MATCH);
    cr_assert_eq(verdict(text_of("\r\n# x\r\nweb1 ssh-ed25519 %s me@here\r\n", key.base64), "web1",
                         22, &key),
                 KNOWN_HOSTS_MATCH);
    cr_assert_eq(verdict(text_of(" \tweb1 \t ssh-ed25519\t%s", key.base64), "web1", 22, &key),
                 KNOWN_HOSTS_MATCH, "no newline at the end");
    cr_assert_eq(verdict("", "web1", 22, &key), KNOWN_HOSTS_UNKNOWN);
    char *longest = calloc(1, 200001);
    memset(longest, 'x', 200000);
    char *text = text_of("%s %s\n#%s\n%s", longest, longest, longest, test_key_line("web1", &key));
    cr_assert_eq(verdict(text, "web1", 22, &key), KNOWN_HOSTS_MATCH);
}

Test(known_hosts, hashed_names_are_found_by_key_and_by_trying)
{
    struct test_key one = test_key_ed25519(1), two = test_key_ed25519(2);
    /* "web1" and "[web2]:2222". */
    char *text = text_of(
        "%s%s", test_key_line("|1|AAECAwQFBgcICQoLDA0ODxAREhM=|kbguOtKYPIB/ZYy8dnyA/wCUN34=", &one),
        test_key_line("|1|FBMSERAPDg0MCwoJCAcGBQQDAgE=|5JbrHQ091CCnpPz3moJA8OwNEHI=", &two));
    struct known_hosts *kh = load(text);
    cr_assert_eq(known_hosts_entry_count(kh), 2);
    const struct known_hosts_name web1 = { "web1", 22 };
    cr_assert_eq(known_hosts_types(kh, &web1, KNOWN_HOSTS_QUICK), 0);
    cr_assert_eq(check(kh, "WEB1", 22, &one).verdict, KNOWN_HOSTS_MATCH);
    cr_assert_eq(known_hosts_types(kh, &web1, KNOWN_HOSTS_QUICK), 1u << PUBLIC_KEY_ED25519,
                 "found once, it stays known");
    cr_assert_eq(check(kh, "web1", 22, &two).verdict, KNOWN_HOSTS_CHANGED);
    cr_assert_eq(check(kh, "web2", 2222, &two).verdict, KNOWN_HOSTS_MATCH);
    cr_assert_eq(check(kh, "web2", 22, &two).verdict, KNOWN_HOSTS_UNKNOWN);
    cr_assert_eq(check(kh, "web3", 22, &one).verdict, KNOWN_HOSTS_UNKNOWN);
    known_hosts_free(kh);
    kh = load(text);
    cr_assert_eq(known_hosts_types(kh, &web1, KNOWN_HOSTS_THOROUGH), 1u << PUBLIC_KEY_ED25519);
    known_hosts_free(kh);
    kh = load(text);
    cr_assert_eq(check(kh, "web1", 22, &two).verdict, KNOWN_HOSTS_CHANGED);
    known_hosts_free(kh);
}

Test(known_hosts, several_files_count_in_order)
{
    struct error err = ERROR_INIT;
    struct test_key one = test_key_ed25519(1), two = test_key_ed25519(2);
    struct known_hosts *kh = known_hosts_new();
    char *first = tmp_file("first", test_key_line("web1", &one));
    char *second = tmp_file(
        "second", text_of("%s%s", test_key_line("web1", &two), test_key_line("web2", &two)));
    cr_assert(known_hosts_load(kh, first, true, &err));
    cr_assert(known_hosts_load(kh, second, true, &err));
    cr_assert(known_hosts_load(kh, second, true, &err));
    cr_assert_eq(known_hosts_entry_count(kh), 3, "the same file again does nothing");
    struct test_key three = test_key_ed25519(3);
    struct known_hosts_result r = check(kh, "web1", 22, &three);
    cr_assert_str_eq(r.file, first, "the first that is recorded is shown");
    cr_assert_eq(check(kh, "web1", 22, &two).verdict, KNOWN_HOSTS_MATCH);
    cr_assert_eq(check(kh, "web2", 22, &one).verdict, KNOWN_HOSTS_CHANGED);
    known_hosts_free(kh);
}

Test(known_hosts, a_missing_file_is_fine_unless_it_must_exist)
{
    struct error err = ERROR_INIT;
    struct known_hosts *kh = known_hosts_new();
    char *path = tmp_path("nothing");
    cr_assert(known_hosts_load(kh, path, false, &err));
    cr_assert_not(known_hosts_load(kh, path, true, &err));
    cr_assert_eq(err.code, ERR_HOST_KEY_FILE);
    cr_assert(strstr(error_text(&err), path));
    error_release(&err);
    cr_assert_not(known_hosts_load(kh, tmp_dir(), false, &err), "a folder cannot be read");
    cr_assert(strstr(error_text(&err), tmp_dir()));
    error_release(&err);
    known_hosts_free(kh);
}

Test(known_hosts, a_malformed_key_never_matches)
{
    struct test_key key = test_key_ed25519(1);
    struct known_hosts *kh = load(test_key_line("web1", &key));
    for (size_t size = 0; size < key.size; size++) {
        struct test_key cut = key;
        cut.size = size;
        cr_assert_eq(check(kh, "web1", 22, &cut).verdict, KNOWN_HOSTS_CHANGED);
    }
    known_hosts_free(kh);
}

Test(known_hosts, names_too_long_are_unknown)
{
    struct test_key key = test_key_ed25519(1);
    char host[KNOWN_HOSTS_NAME_SIZE + 1];
    memset(host, 'a', sizeof host - 1);
    host[sizeof host - 1] = '\0';
    cr_assert_eq(verdict(test_key_line("*", &key), host, 22, &key), KNOWN_HOSTS_UNKNOWN);
}

/* Adds one key; returns what became of it. */
static enum known_hosts_verdict add(struct known_hosts *kh, const char *path, const char *host,
                                    uint16_t port, const struct test_key *key)
{
    struct error err = ERROR_INIT;
    struct known_hosts_key item = { { host, port }, key->blob, key->size, KNOWN_HOSTS_UNKNOWN };
    cr_assert(known_hosts_add(kh, path, &item, 1, KNOWN_HOSTS_HASH_AUTO, &err), "%s",
              error_text(&err));
    return item.verdict;
}

Test(known_hosts_add, makes_folder_and_file_for_the_owner_only)
{
    struct test_key key = test_key_ed25519(1);
    struct known_hosts *kh = known_hosts_new();
    char *folder = tmp_path(".ssh");
    char *path = text_of("%s/known_hosts", folder);
    cr_assert_eq(add(kh, path, "Web1", 22, &key), KNOWN_HOSTS_MATCH);
    cr_assert_eq(add(kh, path, "web2", 2222, &key), KNOWN_HOSTS_MATCH);
    cr_assert_str_eq(file_read(path, NULL), text_of("%s%s", test_key_line("web1", &key),
                                                    test_key_line("[web2]:2222", &key)));
    struct stat st;
    cr_assert_eq(stat(folder, &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0700);
    cr_assert_eq(stat(path, &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0600);
    struct known_hosts_result r = check(kh, "web2", 2222, &key);
    cr_assert_eq(r.verdict, KNOWN_HOSTS_MATCH, "what was added is known at once");
    cr_assert_eq(r.line, 2);
    known_hosts_free(kh);
}

Test(known_hosts_add, writes_a_batch_once_and_no_key_twice)
{
    struct error err = ERROR_INIT;
    struct test_key one = test_key_ed25519(1), two = test_key_ed25519(2);
    struct known_hosts *kh = load(test_key_line("web1", &one));
    struct known_hosts_key batch[] = {
        { { "web1", 22 }, one.blob, one.size, KNOWN_HOSTS_UNKNOWN },
        { { "web2", 22 }, one.blob, one.size, KNOWN_HOSTS_UNKNOWN },
        { { "WEB2", 22 }, one.blob, one.size, KNOWN_HOSTS_UNKNOWN },
        { { "web2", 22 }, two.blob, two.size, KNOWN_HOSTS_MATCH },
        { { "web1", 22 }, two.blob, two.size, KNOWN_HOSTS_MATCH },
        { { "a,b", 22 }, two.blob, two.size, KNOWN_HOSTS_MATCH },
        { { "web3", 22 }, two.blob, two.size - 1, KNOWN_HOSTS_MATCH },
    };
    enum known_hosts_verdict expected[] = { KNOWN_HOSTS_MATCH,   KNOWN_HOSTS_MATCH,
                                            KNOWN_HOSTS_MATCH,   KNOWN_HOSTS_CHANGED,
                                            KNOWN_HOSTS_CHANGED, KNOWN_HOSTS_UNKNOWN,
                                            KNOWN_HOSTS_UNKNOWN };
    char *path = tmp_path("known_hosts");
    size_t count = sizeof batch / sizeof *batch;
    cr_assert(known_hosts_add(kh, path, batch, count, KNOWN_HOSTS_HASH_AUTO, &err));
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(batch[i].verdict, expected[i], "%zu", i);
    cr_assert_str_eq(file_read(path, NULL),
                     text_of("%s%s", test_key_line("web1", &one), test_key_line("web2", &one)));
    known_hosts_free(kh);
}

Test(known_hosts_add, completes_a_last_line_without_newline)
{
    struct test_key one = test_key_ed25519(1), two = test_key_ed25519(2);
    char *line = test_key_line("web1", &one);
    line[strlen(line) - 1] = '\0';
    struct known_hosts *kh = load(line);
    char *path = tmp_path("known_hosts");
    cr_assert_eq(add(kh, path, "web2", 22, &two), KNOWN_HOSTS_MATCH);
    cr_assert_str_eq(file_read(path, NULL), text_of("%s\n%s", line, test_key_line("web2", &two)));
    cr_assert_eq(check(kh, "web2", 22, &two).line, 2);
    known_hosts_free(kh);
}

Test(known_hosts_add, hashes_where_the_file_does)
{
    struct error err = ERROR_INIT;
    struct test_key one = test_key_ed25519(1), two = test_key_ed25519(2);
    char *hashed =
        test_key_line("|1|AAECAwQFBgcICQoLDA0ODxAREhM=|kbguOtKYPIB/ZYy8dnyA/wCUN34=", &one);
    struct known_hosts *kh = load(hashed);
    char *path = tmp_path("known_hosts");
    cr_assert_eq(add(kh, path, "web5", 2222, &two), KNOWN_HOSTS_MATCH);
    char *text = file_read(path, NULL);
    cr_assert_null(strstr(text, "web5"));
    cr_assert_eq(count_lines(text, "|1|"), 2);
    known_hosts_free(kh);
    kh = known_hosts_new();
    cr_assert(known_hosts_load(kh, path, true, &err));
    cr_assert_eq(check(kh, "web5", 2222, &two).verdict, KNOWN_HOSTS_MATCH);
    cr_assert_eq(check(kh, "web5", 2222, &one).verdict, KNOWN_HOSTS_CHANGED);
    known_hosts_free(kh);
}

Test(known_hosts_add, sees_what_others_appended)
{
    struct test_key one = test_key_ed25519(1), two = test_key_ed25519(2);
    char *path = tmp_path("known_hosts");
    struct known_hosts *kh = load(test_key_line("web1", &one));
    struct known_hosts *other = load(test_key_line("web1", &one));
    cr_assert_eq(add(other, path, "web2", 22, &two), KNOWN_HOSTS_MATCH);
    cr_assert_eq(add(kh, path, "web2", 22, &one), KNOWN_HOSTS_CHANGED);
    cr_assert_eq(add(kh, path, "web2", 22, &two), KNOWN_HOSTS_MATCH);
    cr_assert_eq(add(kh, path, "web3", 22, &one), KNOWN_HOSTS_MATCH);
    cr_assert_eq(check(kh, "web3", 22, &one).line, 3);
    cr_assert_eq(known_hosts_entry_count(kh), 3);
    cr_assert_eq(count_lines(file_read(path, NULL), ""), 3);
    known_hosts_free(kh);
    known_hosts_free(other);
}

Test(known_hosts_add, sees_what_others_took_away)
{
    struct test_key one = test_key_ed25519(1), two = test_key_ed25519(2);
    char *path = tmp_path("known_hosts");
    struct known_hosts *kh =
        load(text_of("%s%s", test_key_line("web1", &one), test_key_line("web2", &one)));
    cr_assert_eq(rename(tmp_file("new", test_key_line("web2", &one)), path), 0);
    cr_assert_eq(add(kh, path, "web1", 22, &two), KNOWN_HOSTS_MATCH);
    cr_assert_eq(check(kh, "web1", 22, &one).verdict, KNOWN_HOSTS_CHANGED);
    cr_assert_eq(check(kh, "web2", 22, &one).line, 1);
    cr_assert_eq(count_lines(file_read(path, NULL), ""), 2);
    known_hosts_free(kh);
}

Test(known_hosts_add, is_safe_against_others_at_the_same_time)
{
    enum { WRITERS = 4, EACH = 50 };
    char *path = tmp_path("known_hosts");
    for (unsigned w = 0; w < WRITERS; w++) {
        if (fork() != 0)
            continue;
        struct known_hosts *kh = known_hosts_new();
        for (unsigned i = 0; i < EACH; i++) {
            struct error err = ERROR_INIT;
            struct test_key key = test_key_ed25519(w * EACH + i);
            char *host = text_of("host%u", i);
            struct known_hosts_key item = { { host, 22 }, key.blob, key.size, KNOWN_HOSTS_UNKNOWN };
            if (!known_hosts_add(kh, path, &item, 1, KNOWN_HOSTS_HASH_NO, &err))
                _exit(1);
        }
        _exit(0);
    }
    for (unsigned w = 0; w < WRITERS; w++) {
        int status = 0;
        wait(&status);
        cr_assert_eq(status, 0);
    }
    struct error err = ERROR_INIT;
    struct known_hosts *kh = known_hosts_new();
    cr_assert(known_hosts_load(kh, path, true, &err));
    cr_assert_eq(known_hosts_entry_count(kh), EACH, "each host once, whoever came first");
    cr_assert_eq(known_hosts_skipped_count(kh), 0);
    known_hosts_free(kh);
}

Test(known_hosts_add, a_failed_write_leaves_index_and_file_as_they_were)
{
    struct error err = ERROR_INIT;
    struct test_key one = test_key_ed25519(1), two = test_key_ed25519(2);
    char *line = test_key_line("web1", &one);
    struct known_hosts *kh = load(line);
    char *path = tmp_path("known_hosts");
    struct known_hosts_key item = { { "web2", 22 }, two.blob, two.size, KNOWN_HOSTS_MATCH };
    struct rlimit old, small;
    getrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, SIG_IGN);
    for (rlim_t room = 0; room < 20; room += 10) {
        small = (struct rlimit){ .rlim_cur = strlen(line) + room, .rlim_max = old.rlim_max };
        setrlimit(RLIMIT_FSIZE, &small);
        bool done = known_hosts_add(kh, path, &item, 1, KNOWN_HOSTS_HASH_NO, &err);
        setrlimit(RLIMIT_FSIZE, &old);
        cr_assert_not(done);
        cr_assert_eq(err.code, ERR_HOST_KEY_FILE);
        cr_assert(strstr(error_text(&err), path));
        cr_assert_eq(item.verdict, KNOWN_HOSTS_UNKNOWN);
        cr_assert_str_eq(file_read(path, NULL), line);
        cr_assert_eq(check(kh, "web2", 22, &two).verdict, KNOWN_HOSTS_UNKNOWN);
        cr_assert_eq(check(kh, "web1", 22, &one).verdict, KNOWN_HOSTS_MATCH);
        error_release(&err);
    }
    cr_assert_eq(add(kh, path, "web2", 22, &two), KNOWN_HOSTS_MATCH);
    cr_assert_eq(check(kh, "web2", 22, &two).line, 2);
    known_hosts_free(kh);
}

Test(known_hosts_add, a_file_that_cannot_be_made_is_an_error)
{
    struct error err = ERROR_INIT;
    struct test_key key = test_key_ed25519(1);
    struct known_hosts *kh = known_hosts_new();
    struct known_hosts_key item = { { "web1", 22 }, key.blob, key.size, KNOWN_HOSTS_MATCH };
    cr_assert_not(
        known_hosts_add(kh, tmp_path("no/such/folder/file"), &item, 1, KNOWN_HOSTS_HASH_NO, &err));
    cr_assert_eq(err.code, ERR_HOST_KEY_FILE);
    cr_assert_eq(item.verdict, KNOWN_HOSTS_UNKNOWN);
    cr_assert_eq(check(kh, "web1", 22, &key).verdict, KNOWN_HOSTS_UNKNOWN);
    error_release(&err);
    known_hosts_free(kh);
}

Test(known_hosts_add, waits_in_vain_only_once)
{
    struct test_key one = test_key_ed25519(1);
    struct known_hosts *kh = load("");
    char *path = tmp_path("known_hosts");
    struct known_hosts_key key = { .name = { .host = "web1", .port = 22 },
                                   .blob = one.blob,
                                   .size = one.size };
    struct error err = ERROR_INIT;
    int holder = open(path, O_RDWR | O_CLOEXEC);
    cr_assert_eq(flock(holder, LOCK_EX), 0);
    int64_t begun = clock_monotonic_us();
    for (int i = 0; i < 20; i++) {
        cr_assert_not(known_hosts_add(kh, path, &key, 1, KNOWN_HOSTS_HASH_NO, &err));
        cr_assert_eq(err.code, ERR_HOST_KEY_FILE);
        cr_assert_eq(key.verdict, KNOWN_HOSTS_UNKNOWN);
    }
    cr_assert_lt(clock_monotonic_us() - begun, 10 * 1000 * 1000);
    close(holder);
    cr_assert(known_hosts_add(kh, path, &key, 1, KNOWN_HOSTS_HASH_NO, &err));
    cr_assert_eq(key.verdict, KNOWN_HOSTS_MATCH);
    error_release(&err);
    known_hosts_free(kh);
}

Test(known_hosts_add, waits_for_the_lock)
{
    struct test_key one = test_key_ed25519(1), two = test_key_ed25519(2);
    struct known_hosts *kh = load(test_key_line("web1", &one));
    char *path = tmp_path("known_hosts");
    int ready[2];
    cr_assert_eq(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        int fd = open(path, O_RDWR | O_APPEND);
        char *line = test_key_line("web2", &two);
        if (flock(fd, LOCK_EX) < 0 || write(ready[1], "", 1) != 1)
            _exit(1);
        usleep(200 * 1000);
        _exit(write(fd, line, strlen(line)) < 0);
    }
    char byte;
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    cr_assert_eq(add(kh, path, "web2", 22, &one), KNOWN_HOSTS_CHANGED);
    int status = 0;
    waitpid(child, &status, 0);
    cr_assert_eq(status, 0);
    known_hosts_free(kh);
}
