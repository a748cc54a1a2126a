/* SPDX-License-Identifier: MIT */
/* Runs a fuzz target over the files of one folder, as libFuzzer would, without libFuzzer. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_BYTES = 16 << 20 };

/* One input in a block of exactly its size, so that a sanitizer sees a read past its end. */
static int replay(const char *path)
{
    static uint8_t bytes[MOST_BYTES];
    FILE *f = fopen(path, "re");
    if (f == NULL) {
        perror(path);
        return 1;
    }
    size_t size = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    uint8_t *exact = malloc(size > 0 ? size : 1);
    if (exact == NULL)
        return 1;
    for (size_t i = 0; i < size; i++)
        exact[i] = bytes[i];
    fprintf(stderr, "%s\n", path); /* the last line names what a crash is about */
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return 0;
}

int main(int argc, char **argv)
{
    int count = 0;
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (folder == NULL) {
        fputs("usage: fuzz_NAME FOLDER\n", stderr);
        return 2;
    }
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char path[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        if (replay(path) != 0)
            return 1;
        count++;
    }
    closedir(folder);
    printf("%d inputs\n", count);
    return count > 0 ? 0 : 1;
}
