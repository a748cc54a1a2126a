/* SPDX-License-Identifier: MIT */
#include "fleet.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "report.h"
#include "skip.h"

static cJSON *state;

static const cJSON *fleet_state(void)
{
    const char *path = getenv("MUSTER_FLEET");
    cr_assert_not_null(path, "MUSTER_FLEET is not set: run through ctest");
    if (state == NULL)
        state = json_load(path);
    return state;
}

/* Skips where "NAME_skip" is there, NAME being the key up to its last underscore. */
static void skip_if_said(const char *key)
{
    const char *end = strrchr(key, '_');
    size_t size = end != NULL ? (size_t)(end - key) : strlen(key);
    char *name = text_of("%.*s_skip", (int)size, key);
    if (json_has(fleet_state(), name))
        test_skip(json_text_at(fleet_state(), name));
    free(name);
}

const char *fleet_text(const char *key)
{
    skip_if_said(key);
    return json_text_at(fleet_state(), key);
}

int fleet_number(const char *key)
{
    return (int)json_number_at(fleet_state(), key);
}

const char *fleet_port(void)
{
    static char word[16];
    snprintf(word, sizeof word, "%d", fleet_number("port"));
    return word;
}

const char *fleet_address(int n)
{
    cr_assert_lt(n, fleet_number("hosts"));
    return text_of("127.1.%d.%d", n / 16 + 1, n % 16 + 1);
}

/* Reads /proc/PID/cmdline with its NULs as blanks; false where the process is gone. */
static bool command_line(const char *pid, char *line, size_t room)
{
    char path[300];
    snprintf(path, sizeof path, "/proc/%s/cmdline", pid);
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return false;
    size_t size = fread(line, 1, room - 1, f);
    fclose(f);
    for (size_t i = 0; i < size; i++)
        if (line[i] == '\0')
            line[i] = ' ';
    line[size] = '\0';
    return true;
}

int processes_with(const char *text)
{
    char line[4096];
    int count = 0;
    DIR *proc = opendir("/proc");
    cr_assert_not_null(proc);
    for (struct dirent *e; (e = readdir(proc)) != NULL;) {
        if (isdigit((unsigned char)e->d_name[0]) && command_line(e->d_name, line, sizeof line) &&
            strstr(line, text) != NULL)
            count++;
    }
    closedir(proc);
    return count;
}

int processes_left(const char *text, int ms)
{
    int count = processes_with(text);
    for (; count > 0 && ms > 0; ms -= 50) {
        usleep(50000);
        count = processes_with(text);
    }
    return count;
}
