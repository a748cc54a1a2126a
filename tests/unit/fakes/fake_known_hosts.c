/* SPDX-License-Identifier: MIT */
#include "fake_known_hosts.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

struct fake_known_hosts fake_known_hosts;

struct known_hosts {
    char nothing;
};

struct known_hosts *known_hosts_new(void)
{
    fake_known_hosts.objects++;
    return xcalloc(1, sizeof(struct known_hosts));
}

void known_hosts_free(struct known_hosts *kh)
{
    if (kh)
        fake_known_hosts.objects--;
    free(kh);
}

bool known_hosts_load(struct known_hosts *kh, const char *path, bool must_exist,
                      struct error *reterr)
{
    (void)kh;
    (void)must_exist;
    if (fake_known_hosts.load_fails)
        return error_set(reterr, ERR_HOST_KEY_FILE, "%s: cannot be read", path);
    return true;
}

bool known_hosts_name_text(const struct known_hosts_name *name,
                           char ret[static KNOWN_HOSTS_NAME_SIZE])
{
    snprintf(ret, KNOWN_HOSTS_NAME_SIZE, "[%s]:%u", name->host, name->port);
    return true;
}

void known_hosts_check(struct known_hosts *kh, const struct known_hosts_name *name,
                       const void *blob, size_t size, struct known_hosts_result *ret)
{
    (void)kh;
    (void)name;
    (void)blob;
    (void)size;
    *ret = (struct known_hosts_result){
        .verdict = fake_known_hosts.verdict,
        .file = "known",
        .line = 7,
        .recorded = "SHA256:recorded",
        .offered = "SHA256:offered",
        .is_other_type_only = fake_known_hosts.is_other_type_only,
    };
}

unsigned known_hosts_types(struct known_hosts *kh, const struct known_hosts_name *name,
                           enum known_hosts_effort effort)
{
    (void)kh;
    (void)name;
    fake_known_hosts.effort = effort;
    return fake_known_hosts.types;
}

bool known_hosts_add(struct known_hosts *kh, const char *path, struct known_hosts_key *keys,
                     size_t count, enum known_hosts_hashing hashing, struct error *reterr)
{
    (void)kh;
    (void)hashing;
    fake_known_hosts.adds++;
    if (fake_known_hosts.add_fails)
        return error_set(reterr, ERR_HOST_KEY_FILE, "%s: cannot be written", path);
    for (size_t i = 0; i < count; i++)
        keys[i].verdict = fake_known_hosts.added_verdict;
    fake_known_hosts.added += (int)count;
    return true;
}
