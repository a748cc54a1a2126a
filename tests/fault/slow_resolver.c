/* SPDX-License-Identifier: MIT */
/* Preloaded into muster: a resolver that never answers for names that end in ".slow". */
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

typedef int resolver_fn(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static int ends_in_slow(const char *name)
{
    size_t size = name != NULL ? strlen(name) : 0;
    return size > 5 && strcmp(name + size - 5, ".slow") == 0;
}

__attribute__((visibility("default"))) int getaddrinfo(const char *name, const char *service,
                                                       const struct addrinfo *hints,
                                                       struct addrinfo **ret)
{
    resolver_fn *real;
    while (ends_in_slow(name))
        sleep(1000);
    void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
    memcpy(&real, &symbol, sizeof real); /* ISO C has no cast from object to function */
    return real(name, service, hints, ret);
}
