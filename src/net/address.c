/* SPDX-License-Identifier: MIT */
#include "net/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

bool address_parse(const char *text, struct address *ret)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST };
    struct addrinfo *found = NULL;
    /* inet_aton's short forms ("127.1") count as names, as they would in known_hosts. */
    struct in_addr v4;
    if (!strchr(text, ':') && inet_pton(AF_INET, text, &v4) != 1)
        return false;
    if (getaddrinfo(text, NULL, &hints, &found) != 0)
        return false;
    memset(ret, 0, sizeof *ret);
    memcpy(&ret->storage, found->ai_addr, found->ai_addrlen);
    ret->size = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

void address_set_port(struct address *a, uint16_t port)
{
    if (a->storage.ss_family == AF_INET6)
        ((struct sockaddr_in6 *)&a->storage)->sin6_port = htons(port);
    else
        ((struct sockaddr_in *)&a->storage)->sin_port = htons(port);
}

void address_print(const struct address *a, char ret[static ADDRESS_TEXT_SIZE])
{
    if (getnameinfo((const struct sockaddr *)&a->storage, a->size, ret, ADDRESS_TEXT_SIZE, NULL, 0,
                    NI_NUMERICHOST) != 0)
        snprintf(ret, ADDRESS_TEXT_SIZE, "?");
}

/* Is this address on the list already? */
static bool contains(const struct address_list *list, const struct addrinfo *ai)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].size == ai->ai_addrlen &&
            memcmp(&list->items[i].storage, ai->ai_addr, ai->ai_addrlen) == 0)
            return true;
    }
    return false;
}

/* Appends one address if there is room and it is new. */
static void append(struct address_list *list, const struct addrinfo *ai)
{
    if (list->count == ADDRESS_LIST_MAX || contains(list, ai) ||
        ai->ai_addrlen > sizeof(struct sockaddr_storage))
        return;
    struct address *a = &list->items[list->count++];
    memcpy(&a->storage, ai->ai_addr, ai->ai_addrlen);
    a->size = ai->ai_addrlen;
}

/* The next entry of the family wanted (or of any other than it), or NULL. */
static const struct addrinfo *next_of(const struct addrinfo *ai, int family, bool same)
{
    while (ai && (ai->ai_family == family) != same)
        ai = ai->ai_next;
    return ai;
}

void address_list_from(struct address_list *ret, const struct addrinfo *found)
{
    memset(ret, 0, sizeof *ret);
    int first = found ? found->ai_family : AF_UNSPEC;
    const struct addrinfo *a = next_of(found, first, true);
    const struct addrinfo *b = next_of(found, first, false);
    while (a || b) {
        if (a) {
            append(ret, a);
            a = next_of(a->ai_next, first, true);
        }
        if (b) {
            append(ret, b);
            b = next_of(b->ai_next, first, false);
        }
    }
}
