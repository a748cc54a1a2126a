/* SPDX-License-Identifier: MIT */
/* The ground of push's and pull's tests: servers of files as OpenSSH's own client sees them. */
#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "fleet.h"
#include "proc.h"

enum { MIB = 1 << 20 };

/* sftp with nothing but the fleet's own files; `batch` are its commands. */
static struct proc_result sftp_to(const char *address_key, const char *batch)
{
    const char *argv[] = { "sftp",
                           "-q",
                           "-F",
                           "none",
                           "-o",
                           text_of("UserKnownHostsFile=%s", fleet_text("known_hosts")),
                           "-o",
                           "IdentitiesOnly=yes",
                           "-i",
                           fleet_text("key"),
                           "-P",
                           fleet_port(),
                           "-b",
                           "-",
                           text_of("fleet@%s", fleet_text(address_key)),
                           NULL };
    return proc_run(&(struct proc_args){
        .argv = argv, .cwd = tmp_dir(), .stdin_text = batch, .deadline_ms = 20000 });
}

static void expect_same(const char *a, const char *b)
{
    size_t size_a = 0, size_b = 0;
    char *data_a = file_read(a, &size_a), *data_b = file_read(b, &size_b);
    cr_assert_eq(size_a, size_b, "%s has %zu bytes, %s %zu", a, size_a, b, size_b);
    cr_assert_arr_eq(data_a, data_b, size_a);
}

/* Puts a file, and renames it over another with posix-rename. */
static struct proc_result put_twice(const char *address_key)
{
    tmp_file("one", "one\n");
    tmp_file("two", "two, the new one\n");
    struct proc_result r = sftp_to(address_key, "-rm fixture_two\n"
                                                "put one fixture_one\n"
                                                "put two fixture_two\n"
                                                "rename fixture_two fixture_one\n"
                                                "get fixture_one got\n"
                                                "rm fixture_one\n");
    return r;
}

static void expect_honest(const char *address_key)
{
    struct proc_result r = put_twice(address_key);
    proc_expect_exit(&r, 0);
    expect_same(tmp_path("two"), tmp_path("got"));
}

Test(sftp_servers, external_program_serves_files)
{
    expect_honest("sftp_server_address");
}

Test(sftp_servers, dropbear_serves_files)
{
    expect_honest("dropbear_sftp_address");
}

Test(sftp_servers, none_where_there_is_no_subsystem)
{
    struct proc_result r = put_twice("no_sftp_address");
    proc_expect_exit(&r, 255);
}

Test(sftp_servers, replacement_is_denied)
{
    struct proc_result r = put_twice("no_rename_address");
    proc_expect_exit(&r, 1);
    cr_assert(strstr(r.err, "remote rename"), "%s", proc_describe(&r));
}

Test(sftp_servers, fault_server_is_honest_where_asked)
{
    char data[300000];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (char)(i * 7 + i / 1000);
    tmp_file_bytes("data", data, sizeof data);
    struct proc_result r = sftp_to("sftp_fault_address", "put data /honest/fixture\n"
                                                         "get /honest/fixture back\n"
                                                         "rm /honest/fixture\n"
                                                         "get /honest/file whole\n"
                                                         "get /unordered/file unordered\n");
    proc_expect_exit(&r, 0);
    expect_same(tmp_path("data"), tmp_path("back"));
    expect_same(text_of("%s/honest/file", fleet_text("sftp_fault_store")), tmp_path("whole"));
    expect_same(tmp_path("whole"), tmp_path("unordered"));
}

Test(sftp_servers, fault_server_announces_more_than_it_has)
{
    struct proc_result r = sftp_to("sftp_fault_address", "get /short/file short\n");
    proc_expect_exit(&r, 0); /* which is why muster compares */
    size_t size = 0;
    file_read(tmp_path("short"), &size);
    cr_assert_eq(size, 1000);
}

Test(sftp_servers, fault_server_fails_in_the_middle)
{
    static char data[MIB];
    tmp_file_bytes("data", data, sizeof data);
    struct proc_result r = sftp_to("sftp_fault_address", "put data /full/fixture\n");
    proc_expect_exit(&r, 1);
    r = sftp_to("sftp_fault_address", "put data /drop/fixture\n");
    proc_expect_exit(&r, 255);
    r = sftp_to("sftp_fault_address", "ls /names\n");
    cr_assert(strstr(r.err, "suspect path \"../x\""), "%s", proc_describe(&r));
}
