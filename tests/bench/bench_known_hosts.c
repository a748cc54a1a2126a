/* SPDX-License-Identifier: MIT */
/* What a known_hosts check costs in files of 10,000 lines, plain and hashed. Prints, asserts not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "model/known_hosts.h"
#include "test_key.h"

enum { LINES = 10000, CHECKS = 200 };

/* Ends the program over a file. */
static void fail(const struct error *err)
{
    fprintf(stderr, "bench_known_hosts: %s\n", error_text(err));
    exit(1);
}

/* A file of LINES hosts, each with a key of its own. */
static void write_file(const char *path, enum known_hosts_hashing hashing)
{
    struct error err = ERROR_INIT;
    struct known_hosts *kh = known_hosts_new();
    struct known_hosts_key *keys = xcalloc(LINES, sizeof *keys);
    struct test_key *blobs = xcalloc(LINES, sizeof *blobs);
    for (unsigned i = 0; i < LINES; i++) {
        blobs[i] = test_key_ed25519(i);
        keys[i] = (struct known_hosts_key){ .name = { xprintf("host%u.example.com", i), 22 },
                                            .blob = blobs[i].blob,
                                            .size = blobs[i].size };
    }
    if (!known_hosts_add(kh, path, keys, 1, hashing, &err))
        fail(&err);
    for (unsigned i = 1; i < LINES; i += 500) {
        size_t count = LINES - i < 500 ? LINES - i : 500;
        if (!known_hosts_add(kh, path, keys + i, count, hashing, &err))
            fail(&err);
    }
    for (unsigned i = 0; i < LINES; i++)
        free((char *)keys[i].name.host);
    free(keys);
    free(blobs);
    known_hosts_free(kh);
}

/* The mean time of a check of `host` + number with key `seed` + number. */
static double time_checks(struct known_hosts *kh, const char *host, unsigned seed)
{
    struct known_hosts_result result;
    int64_t begin = clock_monotonic_us();
    for (unsigned i = 0; i < CHECKS; i++) {
        struct test_key key = test_key_ed25519(seed + i);
        char *name = xprintf("%s%u.example.com", host, i);
        const struct known_hosts_name asked = { name, 22 };
        known_hosts_check(kh, &asked, key.blob, key.size, &result);
        free(name);
    }
    return (double)(clock_monotonic_us() - begin) / CHECKS;
}

/* Measures one file, read afresh for each kind of check. */
static void measure(const char *path, const char *word)
{
    static const struct {
        const char *what;
        const char *host;
        unsigned seed;
    } kinds[] = {
        { "match", "host", 0 },
        { "changed", "host", LINES },
        { "unknown", "other", LINES },
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct error err = ERROR_INIT;
        struct known_hosts *kh = known_hosts_new();
        int64_t begin = clock_monotonic_us();
        if (!known_hosts_load(kh, path, true, &err))
            fail(&err);
        double load = (double)(clock_monotonic_us() - begin) / 1000;
        printf("known_hosts, %d %s lines: read %6.1f ms, %-8s %8.1f us a check\n", LINES, word,
               load, kinds[i].what, time_checks(kh, kinds[i].host, kinds[i].seed));
        known_hosts_free(kh);
    }
}

int main(void)
{
    char folder[] = "/tmp/muster-bench.XXXXXX";
    if (!mkdtemp(folder))
        return 1;
    char *plain = xprintf("%s/plain", folder);
    char *hashed = xprintf("%s/hashed", folder);
    write_file(plain, KNOWN_HOSTS_HASH_NO);
    measure(plain, "plain");
    write_file(hashed, KNOWN_HOSTS_HASH_YES);
    measure(hashed, "hashed");
    unlink(plain);
    unlink(hashed);
    rmdir(folder);
    free(plain);
    free(hashed);
    return 0;
}
