/* SPDX-License-Identifier: MIT */
/* Hosts that fail beside hosts that do not: each says why, and none delays the others. */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/stat.h>

#include "files.h"
#include "fleet.h"
#include "report.h"
#include "run.h"

/* web[01-93] good; 3 refuse, 2 are silent, 1 has another key, 1 knows no such user. */
static char *mixed_inventory(void)
{
    char *hosts = "";
    for (int i = 1; i <= 93; i++)
        hosts = text_of("%s\"web%02d\": { \"address\": \"%s\" },", hosts, i, fleet_address(i));
    return run_inventory(
        text_of("\"known_hosts\": [\"%s\"]", fleet_text("known_hosts_changed")),
        text_of(
            "%s\"refuse[1-3]\": { \"address\": \"%s\" }, \"silent[1-2]\": { \"address\": \"%s\" },"
            "\"changed\": { \"address\": \"%s\" },"
            "\"stranger\": { \"address\": \"%s\", \"user\": \"nobody-here\" }",
            hosts, fleet_text("fault_refuse"), fleet_text("fault_silent"), fleet_address(0),
            fleet_address(100)));
}

Test(failures, mixed_among_a_hundred)
{
    struct run r = RUN(mixed_inventory(), "-a", "-t", "3", "echo fine");
    run_expect(&r, 4);
    cr_assert_eq(run_count(&r, "ok"), 93);
    cr_assert_eq(run_count(&r, "unreachable"), 5);
    cr_assert_str_eq(run_error(&r, "refuse1"), "connect");
    cr_assert_str_eq(run_error(&r, "silent2"), "handshake_timeout");
    cr_assert_str_eq(run_status(&r, "changed"), "host_key");
    cr_assert_str_eq(run_error(&r, "changed"), "host_key_changed");
    cr_assert_str_eq(run_status(&r, "stranger"), "auth");
    cr_assert_str_eq(json_text_at(run_host(&r, "silent1"), "error.stage"), "handshake");
    cr_assert_lt(r.p.elapsed_ms, 4000 + 1000, "took %lld ms", (long long)r.p.elapsed_ms);
    cr_assert_not_null(strstr(r.p.err, "refuse[1-3]"), "no folded cause in:\n%s", r.p.err);
    cr_assert_not_null(strstr(r.p.err, "changed"), "%s", r.p.err);
    cr_assert_not_null(strstr(r.p.err, "stranger"), "%s", r.p.err);
}

Test(failures, name_that_does_not_resolve)
{
    char *inventory = run_inventory("", text_of("\"good\": { \"address\": \"%s\" },"
                                                "\"lost.invalid\": {}",
                                                fleet_address(1)));
    struct run r = RUN(inventory, "-a", "-t", "5", "true");
    run_expect(&r, 4);
    cr_assert_str_eq(run_status(&r, "good"), "ok");
    cr_assert_str_eq(run_status(&r, "lost.invalid"), "unreachable");
    cr_assert_eq(strncmp(run_error(&r, "lost.invalid"), "dns", 3), 0);
}

Test(failures, a_resolver_that_never_answers)
{
    const char *env[] = { "LD_PRELOAD=" SLOW_RESOLVER,
                          "ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0", NULL };
    struct proc_args args = { .env = env };
    char *inventory = run_inventory("", text_of("\"never[1-9].slow\": {},"
                                                "\"good\": { \"address\": \"%s\" }",
                                                fleet_address(1)));
    struct run r = RUN_WITH(&args, inventory, "-a", "-t", "2", "true");
    run_expect(&r, 4);
    cr_assert_str_eq(run_status(&r, "good"), "ok");
    cr_assert_lt(json_number_at(run_host(&r, "good"), "timing_ms.total"), 1500);
    cr_assert_str_eq(run_error(&r, "never9.slow"), "dns_timeout");
    cr_assert_lt(r.p.elapsed_ms, 4000);
}

Test(failures, session_refused_by_a_real_server)
{
    char *inventory = run_inventory(
        "", text_of("\"full\": { \"address\": \"%s\" }", fleet_text("no_sessions_address")));
    struct run r = RUN(inventory, "-a", "true");
    run_expect(&r, 4);
    cr_assert_str_eq(run_status(&r, "full"), "unreachable");
    cr_assert_str_eq(run_error(&r, "full"), "channel_refused");
}

/* --- Host keys ------------------------------------------------------------------------------- */

/* One good host whose known_hosts is `file`. */
static char *host_with_known(const char *file)
{
    return run_inventory(text_of("\"known_hosts\": [\"%s\"]", file),
                         text_of("\"h\": { \"address\": \"%s\" }", fleet_address(0)));
}

Test(host_keys, unknown_is_refused_and_the_flag_named)
{
    struct run r = RUN(host_with_known(tmp_file("empty", "")), "-a", "true");
    run_expect(&r, 4);
    cr_assert_str_eq(run_status(&r, "h"), "host_key");
    cr_assert_str_eq(run_error(&r, "h"), "host_key_unknown");
    cr_assert_not_null(strstr(json_text_at(run_host(&r, "h"), "error.hint"), "accept-new"));
}

Test(host_keys, accept_new_records_once_and_ssh_agrees)
{
    char *known = tmp_path("new_known_hosts");
    char *inventory = run_inventory(text_of("\"known_hosts\": [\"%s\"]", known),
                                    text_of("\"a\": { \"address\": \"%s\" },"
                                            "\"b\": { \"address\": \"%s\" }",
                                            fleet_address(0), fleet_address(17)));
    struct run r = RUN(inventory, "-a", "--host-key-check", "accept-new", "true");
    run_expect(&r, 0);
    cr_assert_eq(count_lines(file_read(known, NULL), ""), 2, "%s", file_read(known, NULL));
    r = RUN(inventory, "-a", "--host-key-check", "strict", "true");
    run_expect(&r, 0);
    cr_assert_eq(count_lines(file_read(known, NULL), ""), 2);
    const char *argv[] = { "ssh",
                           "-F",
                           "none",
                           "-o",
                           text_of("UserKnownHostsFile=%s", known),
                           "-o",
                           "StrictHostKeyChecking=yes",
                           "-o",
                           "BatchMode=yes",
                           "-i",
                           fleet_text("key"),
                           "-p",
                           fleet_port(),
                           text_of("fleet@%s", fleet_address(0)),
                           "true",
                           NULL };
    struct proc_result ssh = proc_run(&(struct proc_args){ .argv = argv });
    proc_expect_exit(&ssh, 0);
}

Test(host_keys, changed_is_refused_under_accept_new_too)
{
    struct run r = RUN(host_with_known(fleet_text("known_hosts_changed")), "-a", "--host-key-check",
                       "accept-new", "true");
    run_expect(&r, 4);
    cr_assert_str_eq(run_error(&r, "h"), "host_key_changed");
}

Test(host_keys, off_goes_on_and_says_so)
{
    struct run r = RUN(host_with_known(fleet_text("known_hosts_changed")), "-a", "--host-key-check",
                       "off", "true");
    run_expect(&r, 0);
    cr_assert_gt(strlen(r.p.err), 0, "not a word about host keys that are not checked");
}

Test(host_keys, hashed_names_are_found)
{
    struct run r = RUN(host_with_known(fleet_text("known_hosts_hashed")), "-a", "true");
    run_expect(&r, 0);
}

Test(host_keys, revoked_is_refused)
{
    char *all = file_read(fleet_text("known_hosts"), NULL);
    char *line = strndup(all, strcspn(all, "\n"));
    char *file = tmp_file("revoked", text_of("%s\n@revoked %s\n", line, line));
    struct run r = RUN(host_with_known(file), "-a", "--host-key-check", "accept-new", "true");
    run_expect(&r, 4);
    cr_assert_str_eq(run_error(&r, "h"), "host_key_revoked");
}

/* --- Credentials ----------------------------------------------------------------------------- */

static void expect_login(const char *address, const char *key)
{
    char *inventory = run_inventory(text_of("\"key\": [\"%s\"]", fleet_text(key)),
                                    text_of("\"h\": { \"address\": \"%s\" }", address));
    struct run r = RUN(inventory, "-a", "true");
    run_expect(&r, 0);
}

Test(auth, every_kind_of_key_on_openssh)
{
    expect_login(fleet_address(0), "key");
    expect_login(fleet_address(0), "key_ecdsa");
    expect_login(fleet_address(0), "key_rsa");
    expect_login(fleet_address(0), "key_rsa_pem");
    expect_login(fleet_address(0), "key_ecdsa_pkcs8");
}

Test(auth, keys_on_dropbear)
{
    expect_login(fleet_text("dropbear_address"), "key");
    expect_login(fleet_text("dropbear_address"), "key_ecdsa");
    expect_login(fleet_text("dropbear_address"), "key_rsa");
}

Test(auth, a_wrong_key_says_what_was_offered)
{
    char *inventory = run_inventory(text_of("\"key\": [\"%s\"]", fleet_text("key_stranger")),
                                    text_of("\"h\": { \"address\": \"%s\" }", fleet_address(0)));
    struct run r = RUN(inventory, "-a", "true");
    run_expect(&r, 4);
    cr_assert_str_eq(run_status(&r, "h"), "auth");
    const char *message = json_text_at(run_host(&r, "h"), "error.message");
    cr_assert_not_null(strstr(message, "publickey"), "%s", message);
}

Test(auth, the_agent_is_asked)
{
    const char *env[] = { text_of("SSH_AUTH_SOCK=%s", fleet_text("agent")), NULL };
    struct proc_args args = { .env = env };
    char *inventory = run_inventory(text_of("\"key\": [\"%s\"]", fleet_text("key_stranger")),
                                    text_of("\"h\": { \"address\": \"%s\" },"
                                            "\"dropbear\": { \"address\": \"%s\" }",
                                            fleet_address(0), fleet_text("dropbear_address")));
    struct run r = RUN_WITH(&args, inventory, "-a", "true");
    run_expect(&r, 0);
}

/* Two servers that take passwords, one of them nothing else. */
static char *password_inventory(void)
{
    return run_inventory("\"user\": \"pw\"",
                         text_of("\"sshd\": { \"address\": \"%s\" },"
                                 "\"dropbear\": { \"address\": \"%s\" }",
                                 fleet_text("password_address"), fleet_text("dropbear_address")));
}

Test(auth, password_from_a_file)
{
    char *file = tmp_file("password", text_of("%s\n", fleet_text("password")));
    chmod(file, 0600);
    struct run r = RUN(password_inventory(), "-a", "--password-file", file, "id -u");
    run_expect(&r, 0);
    cr_assert_str_eq(run_stdout(&r, "dropbear"), text_of("%d\n", fleet_number("uid")));
}

Test(auth, a_wrong_password_is_tried_once_and_never_shown)
{
    char *file = tmp_file("password", "hunter2-is-wrong\n");
    chmod(file, 0600);
    struct run r = RUN(password_inventory(), "-a", "-v", "-v", "--password-file", file, "true");
    run_expect(&r, 4);
    cr_assert_eq(run_count(&r, "auth"), 2);
    cr_assert_null(strstr(r.p.err, "hunter2"));
    cr_assert_null(strstr(file_read(r.report_path, NULL), "hunter2"));
    cr_assert_null(strstr(file_read(r.events_path, NULL), "hunter2"));
}

Test(auth, rsa_only_host_key_is_named_where_libssh2_cannot)
{
    char *inventory = run_inventory(
        "", text_of("\"h\": { \"address\": \"%s\" }", fleet_text("rsa_only_address")));
    struct run r = RUN(inventory, "-a", "true");
    if (strcmp(run_status(&r, "h"), "ok") == 0)
        return; /* libssh2 1.11 can */
    run_expect(&r, 4);
    cr_assert_str_eq(run_error(&r, "h"), "no_common_algorithm");
    const char *message = json_text_at(run_host(&r, "h"), "error.message");
    cr_assert_not_null(strstr(message, "rsa-sha2"), "%s", message);
}

Test(auth, modern_ciphers_are_named_where_libssh2_cannot)
{
    char *inventory =
        run_inventory("", text_of("\"h\": { \"address\": \"%s\" }", fleet_text("modern_address")));
    struct run r = RUN(inventory, "-a", "true");
    if (strcmp(run_status(&r, "h"), "ok") == 0)
        return; /* a libssh2 after 1.11.1 can */
    run_expect(&r, 4);
    cr_assert_str_eq(run_error(&r, "h"), "no_common_algorithm");
    const char *message = json_text_at(run_host(&r, "h"), "error.message");
    cr_assert_not_null(strstr(message, "chacha20-poly1305"), "%s", message);
}
