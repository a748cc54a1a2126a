/* SPDX-License-Identifier: MIT */
/* A socket address and its text. */
#ifndef MUSTER_NET_ADDRESS_H
#define MUSTER_NET_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct address {
    struct sockaddr_storage storage;
    socklen_t size;
};

/* Most addresses of one name that are kept and tried. */
#define ADDRESS_LIST_MAX 16

struct address_list {
    size_t count;
    struct address items[ADDRESS_LIST_MAX];
};

/* Reads a numeric IPv4 or IPv6 address, with a zone where IPv6 has one ("fe80::1%eth0"), without
 * asking a resolver. */
bool address_parse(const char *text, struct address *ret);

void address_set_port(struct address *a, uint16_t port);

/* Room for any numeric address with its zone. */
#define ADDRESS_TEXT_SIZE 80

/* The numeric form, without brackets or port. */
void address_print(const struct address *a, char ret[static ADDRESS_TEXT_SIZE]);

struct addrinfo;

/* Takes over what getaddrinfo(3) found, without doubles, families alternating from the first one's
 * (RFC 8305, section 4), so that a dead family costs one step and not all of them. */
void address_list_from(struct address_list *ret, const struct addrinfo *found);

#endif
