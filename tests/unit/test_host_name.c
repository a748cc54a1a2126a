/* SPDX-License-Identifier: MIT */
/* host_name: what ssh users type, and what is refused. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "model/host_name.h"

Test(host_name, takes_the_forms_of_ssh_apart)
{
    static const struct {
        const char *text, *user, *host;
        uint16_t port;
        bool v6, address;
        const char *printed;
    } rows[] = {
        { "web01", NULL, "web01", 0, false, false, "web01" },
        { "root@web01.example.com:2222", "root", "web01.example.com", 2222, false, false,
          "root@web01.example.com:2222" },
        { "a@b@h", "a@b", "h", 0, false, false, "a@b@h" },
        { "10.0.0.5:22", NULL, "10.0.0.5", 22, false, true, "10.0.0.5:22" },
        { "10.0.0.555", NULL, "10.0.0.555", 0, false, false, "10.0.0.555" },
        { "::1", NULL, "::1", 0, true, true, "::1" },
        { "[::1]", NULL, "::1", 0, true, true, "::1" },
        { "u@[fe80::1%eth0]:22", "u", "fe80::1%eth0", 22, true, true, "u@[fe80::1%eth0]:22" },
        { "u@fe80::1", "u", "fe80::1", 0, true, true, "u@fe80::1" },
        { "h:65535", NULL, "h", 65535, false, false, "h:65535" },
        { "b\xc3\xbc"
          "cher.example",
          NULL,
          "b\xc3\xbc"
          "cher.example",
          0, false, false,
          "b\xc3\xbc"
          "cher.example" },
    };
    struct arena *a = arena_new();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct host_name n;
        struct error err = ERROR_INIT;
        cr_assert(host_name_parse(rows[i].text, a, &n, &err), "%s", error_text(&err));
        cr_assert_str_eq(n.host, rows[i].host);
        cr_assert_str_eq(n.user ? n.user : "-", rows[i].user ? rows[i].user : "-");
        cr_assert_eq(n.port, rows[i].port);
        cr_assert_eq(n.is_ipv6, rows[i].v6, "%s", rows[i].text);
        cr_assert_eq(n.is_address, rows[i].address, "%s", rows[i].text);
        cr_assert_str_eq(host_name_print(&n, a), rows[i].printed);
    }
    arena_free(a);
}

Test(host_name, says_why_it_refuses)
{
    static const char *const rows[][2] = {
        { "", "a host name is empty" },
        { "u@", "a host name is empty" },
        { ":22", "a host name is empty" },
        { "@h", "\"@h\" cannot be a host name: there is no user before '@'" },
        { "-oProxyCommand", "\"-oProxyCommand\" cannot be a host name: it begins with '-'" },
        { "-l@h", "\"-l@h\" cannot be a host name: it begins with '-'" },
        { "..", "\"..\" cannot be a host name: it is a folder" },
        { "a/b", "\"a/b\" cannot be a host name: it contains '/'" },
        { "a`id`", "\"a`id`\" cannot be a host name: it contains '`'" },
        { "a b", "\"a b\" cannot be a host name: it contains ' '" },
        { "a\x1b[m", "a host name contains a control character" },
        { "a\xc2\x9bm", "a host name contains a control character" },
        { "a\xff", "a host name is not valid UTF-8" },
        { "h:0", "port 0 is not in 1..65535" },
        { "h:65536", "port 65536 is not in 1..65535" },
        { "h:99999999999999999999", "port 99999999999999999999 is not in 1..65535" },
        { "h:", "\"\" is not a port" },
        { "h:22x", "\"22x\" is not a port" },
        { "1::2::3", "\"1::2::3\" cannot be a host name: it is no IPv6 address, and contains ':' "
                     "or '%'" },
        { "fe80::1%", "\"fe80::1%\" cannot be a host name: it is no IPv6 address, and contains ':' "
                      "or '%'" },
        { "[web]", "\"[web]\" cannot be a host name: only an IPv6 address stands in brackets" },
        { "[::1", "\"[::1\" cannot be a host name: a bracket is out of place" },
        { "[::1]22", "\"[::1]22\" cannot be a host name: a bracket is out of place" },
        { "a]b", "\"a]b\" cannot be a host name: a bracket is out of place" },
    };
    struct arena *a = arena_new();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct host_name n;
        struct error err = ERROR_INIT;
        cr_assert_not(host_name_parse(rows[i][0], a, &n, &err), "%s", rows[i][0]);
        cr_assert_str_eq(error_text(&err), rows[i][1], "%s", error_text(&err));
        error_release(&err);
    }
    char longest[HOST_NAME_MAX_SIZE + 2];
    memset(longest, 'x', sizeof longest);
    longest[HOST_NAME_MAX_SIZE] = '\0';
    struct error err = ERROR_INIT;
    cr_assert(host_name_check(longest, &err));
    longest[HOST_NAME_MAX_SIZE] = 'x';
    longest[HOST_NAME_MAX_SIZE + 1] = '\0';
    cr_assert_not(host_name_check(longest, &err));
    error_release(&err);
    cr_assert_not(host_name_check("u@h", &err));
    error_release(&err);
    arena_free(a);
}
