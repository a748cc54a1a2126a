/* SPDX-License-Identifier: MIT */
#include "model/host_name.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/arena.h"
#include "base/utf8.h"

/* Sets "NAME cannot be a host name: why". Returns false. */
static bool refuse(struct error *err, const char *text, const char *why)
{
    return error_set(err, ERR_USAGE, "\"%.*s\" cannot be a host name: %s", HOST_NAME_MAX_SIZE, text,
                     why);
}

/* Is `host` a numeric IPv6 address, perhaps with "%zone"? */
static bool is_ipv6(const char *host)
{
    char address[INET6_ADDRSTRLEN];
    size_t size = strcspn(host, "%");
    if (size >= sizeof address || (host[size] == '%' && host[size + 1] == '\0'))
        return false;
    memcpy(address, host, size);
    address[size] = '\0';
    struct in6_addr ignored;
    return inet_pton(AF_INET6, address, &ignored) == 1;
}

static bool is_ipv4(const char *host)
{
    struct in_addr ignored;
    return inet_pton(AF_INET, host, &ignored) == 1;
}

/* Refuses the characters that no user and no host may have. */
static bool check_characters(const char *text, struct error *err)
{
    if (utf8_valid_prefix(text, strlen(text)) != strlen(text))
        return error_set(err, ERR_USAGE, "a host name is not valid UTF-8");
    if (utf8_has_controls(text))
        return error_set(err, ERR_USAGE, "a host name contains a control character");
    for (const char *c = text; *c; c++) {
        if (strchr(" /\\\"'`$;&|<>(){}#,!^*?~=", *c)) {
            char why[] = "it contains 'x'";
            why[sizeof why - 3] = *c;
            return refuse(err, text, why);
        }
    }
    return true;
}

bool host_name_check(const char *text, struct error *reterr)
{
    if (!*text)
        return error_set(reterr, ERR_USAGE, "a host name is empty");
    if (!check_characters(text, reterr))
        return false;
    if (strlen(text) > HOST_NAME_MAX_SIZE)
        return refuse(reterr, text, "it is too long");
    if (*text == '-')
        return refuse(reterr, text, "it begins with '-'");
    if (strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
        return refuse(reterr, text, "it is a folder");
    if (strpbrk(text, "[]"))
        return refuse(reterr, text, "a bracket is out of place");
    if (strchr(text, '@'))
        return refuse(reterr, text, "it contains '@'");
    if (strpbrk(text, ":%") && !is_ipv6(text))
        return refuse(reterr, text, "it is no IPv6 address, and contains ':' or '%'");
    return true;
}

/* Reads the digits of a port. */
static bool parse_port(const char *text, uint16_t *ret, struct error *err)
{
    unsigned long port = 0;
    size_t length = strspn(text, "0123456789");
    for (size_t i = 0; i < length && port <= UINT16_MAX; i++)
        port = port * 10 + (unsigned long)(text[i] - '0');
    if (length == 0 || text[length])
        return error_set(err, ERR_USAGE, "\"%.40s\" is not a port", text);
    if (port == 0 || port > UINT16_MAX)
        return error_set(err, ERR_USAGE, "port %.40s is not in 1..65535", text);
    *ret = (uint16_t)port;
    return true;
}

/* Splits "host", "host:port", "[v6]:port" or "v6". Sets `ret_port` to the digits, or NULL. */
static bool split_port(const char *text, struct arena *arena, const char **ret_host,
                       const char **ret_port)
{
    const char *colon = strchr(text, ':');
    *ret_port = NULL;
    if (*text == '[') {
        const char *close = strchr(text, ']');
        if (!close || (close[1] && close[1] != ':'))
            return false;
        *ret_host = arena_strndup(arena, text + 1, (size_t)(close - text - 1));
        if (close[1])
            *ret_port = close + 2;
    } else if (colon && !strchr(colon + 1, ':')) {
        *ret_host = arena_strndup(arena, text, (size_t)(colon - text));
        *ret_port = colon + 1;
    } else {
        *ret_host = arena_strdup(arena, text);
    }
    return true;
}

/* Takes "user@" off the front; a user may contain '@', a host may not. */
static bool split_user(const char **text, struct arena *arena, const char **ret_user,
                       struct error *err)
{
    const char *at = strrchr(*text, '@');
    if (!at)
        return true;
    if (at == *text)
        return refuse(err, *text, "there is no user before '@'");
    *ret_user = arena_strndup(arena, *text, (size_t)(at - *text));
    if (**ret_user == '-')
        return refuse(err, *text, "it begins with '-'");
    if (strpbrk(*ret_user, "[]:"))
        return refuse(err, *text, "a user has no brackets or colons");
    *text = at + 1;
    return true;
}

bool host_name_parse(const char *text, struct arena *arena, struct host_name *ret,
                     struct error *reterr)
{
    *ret = (struct host_name){ 0 };
    const char *rest = text, *port = NULL;
    if (!check_characters(text, reterr) || !split_user(&rest, arena, &ret->user, reterr))
        return false;
    if (!split_port(rest, arena, &ret->host, &port))
        return refuse(reterr, text, "a bracket is out of place");
    if (!host_name_check(ret->host, reterr) || (port && !parse_port(port, &ret->port, reterr)))
        return false;
    ret->is_ipv6 = is_ipv6(ret->host);
    ret->is_address = ret->is_ipv6 || is_ipv4(ret->host);
    if (*rest == '[' && !ret->is_ipv6)
        return refuse(reterr, text, "only an IPv6 address stands in brackets");
    return true;
}

const char *host_name_print(const struct host_name *name, struct arena *arena)
{
    const char *user = name->user ? name->user : "";
    const char *at = name->user ? "@" : "";
    if (!name->port)
        return arena_printf(arena, "%s%s%s", user, at, name->host);
    if (name->is_ipv6)
        return arena_printf(arena, "%s%s[%s]:%u", user, at, name->host, name->port);
    return arena_printf(arena, "%s%s%s:%u", user, at, name->host, name->port);
}
