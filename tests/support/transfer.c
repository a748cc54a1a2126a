/* SPDX-License-Identifier: MIT */
#include "transfer.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/memory.h"
#include "files.h"
#include "fleet.h"
#include "report.h"
#include "skip.h"

static char folder[512];

char *host_inventory(const char *address)
{
    return run_inventory("", text_of("\"h\": { \"address\": \"%s\" }", address));
}

char *one_host(void)
{
    return host_inventory(fleet_address(0));
}

/* --- Files of hosts -------------------------------------------------------------------------- */

/* Folders may have been made unwritable. */
static void remove_target(void)
{
    const char *argv[] = { "sh", "-c",   "chmod -R u+rwx \"$1\" 2>/dev/null; rm -rf \"$1\"",
                           "sh", folder, NULL };
    proc_run(&(struct proc_args){ .argv = argv });
}

const char *target_dir(void)
{
    if (folder[0] == '\0') {
        snprintf(folder, sizeof folder, "%s/target.XXXXXX", fleet_text("home"));
        cr_assert_not_null(mkdtemp(folder), "%s: %s", folder, strerror(errno));
        chmod(folder, 0755);
        give_to_servers(folder);
        atexit(remove_target);
    }
    return folder;
}

char *target_path(const char *name)
{
    return text_of("%s/%s", target_dir(), name);
}

char *target_file(const char *name, const char *text)
{
    char *path = target_path(name);
    FILE *f = fopen(path, "we");
    cr_assert_not_null(f, "%s", path);
    bool is_written = fputs(text, f) >= 0;
    is_written = fclose(f) == 0 && is_written;
    cr_assert(is_written);
    give_to_servers(path);
    return path;
}

char *target_folder(const char *name)
{
    char *path = target_path(name);
    cr_assert_eq(mkdir(path, 0755), 0, "%s: %s", path, strerror(errno));
    give_to_servers(path);
    return path;
}

void give_to_servers(const char *path)
{
    if (geteuid() == 0)
        shell("chown -Rh \"$2:$2\" \"$1\"", path, text_of("%d", fleet_number("uid")), NULL);
}

/* --- Files of either side -------------------------------------------------------------------- */

char *bytes_of(const char *name, size_t size)
{
    char *data = xrealloc_array(NULL, size + 1, 1);
    uint32_t seed = 2166136261U;
    for (; *name != '\0'; name++)
        seed = (seed ^ (unsigned char)*name) * 16777619U;
    for (size_t i = 0; i < size; i++) {
        seed = seed * 1103515245U + 12345U;
        data[i] = (char)(seed >> 16);
    }
    data[size] = '\0';
    return data;
}

char *source_file(const char *name, size_t size)
{
    char *data = bytes_of(name, size);
    char *path = tmp_file_bytes(name, data, size);
    free(data);
    return path;
}

void make_sparse(const char *path)
{
    shell("truncate -s 5G \"$1\" && for at in 0 2147483644 4294967292 5368709116; do "
          "printf '%.8s' $at-------- | dd of=\"$1\" bs=1 seek=$at conv=notrunc 2>/dev/null; done",
          path, NULL, NULL);
}

void need_disk(const char *dir)
{
    struct statvfs disk;
    if (statvfs(dir, &disk) != 0 || disk.f_bavail * disk.f_frsize < 8ULL << 30)
        test_skip("needs 8 GiB of disk");
}

char *shell(const char *script, const char *first, const char *second, const char *third)
{
    const char *argv[] = { "sh", "-c", script, "sh", first, second, third, NULL };
    struct proc_result r = proc_run(&(struct proc_args){ .argv = argv });
    if (r.exit_code != 0)
        cr_assert_fail("%s: %s", script, proc_describe(&r));
    return r.out;
}

void expect_text(const char *path, const char *text)
{
    size_t size = 0;
    char *data = file_read(path, &size);
    cr_assert(size == strlen(text) && memcmp(data, text, size) == 0, "%s holds %zu bytes: %.100s",
              path, size, data);
}

void expect_same_file(const char *a, const char *b)
{
    size_t size_a = 0, size_b = 0;
    char *data_a = file_read(a, &size_a), *data_b = file_read(b, &size_b);
    cr_assert_eq(size_a, size_b, "%s has %zu bytes, %s %zu", a, size_a, b, size_b);
    for (size_t i = 0; i < size_a; i++)
        cr_assert(data_a[i] == data_b[i], "%s and %s differ at byte %zu", a, b, i);
    free(data_a);
    free(data_b);
}

void expect_same_tree(const char *a, const char *b)
{
    shell("diff -r --no-dereference \"$1\" \"$2\"", a, b, NULL);
}

unsigned mode_of(const char *path)
{
    struct stat st;
    cr_assert_eq(lstat(path, &st), 0, "%s: %s", path, strerror(errno));
    return st.st_mode & 07777;
}

/* --- Temporaries ----------------------------------------------------------------------------- */

char *temporaries_in(const char *dir)
{
    return shell("find \"$1\" -name '.muster-*' -o -name '.*.muster-*'", dir, NULL, NULL);
}

void expect_no_temporary(const char *dir)
{
    char *left = temporaries_in(dir);
    cr_assert_str_empty(left, "left behind: %s", left);
}

void expect_no_secret_temporary(const struct run *r, const char *host, const char *dir)
{
    char *left = temporaries_in(dir);
    const char *record = cJSON_PrintUnformatted(run_host(r, host));
    for (char *line = strtok(left, "\n"); line != NULL; line = strtok(NULL, "\n"))
        cr_assert(strstr(record, strrchr(line, '/') + 1), "%s: %s is left, and not named: %s", host,
                  line, record);
}

bool wait_for_temporary(const char *dir, int ms)
{
    const char script[] = "find \"$1\" \\( -name '.muster-*' -o -name '.*.muster-*' \\) "
                          "-type f -size +0 2>/dev/null || true";
    for (; ms > 0; ms -= 50) {
        if (*shell(script, dir, NULL, NULL) != '\0')
            return true;
        usleep(50000);
    }
    return false;
}

/* --- What muster says ------------------------------------------------------------------------ */

void expect_status(const struct run *r, const char *host, const char *statuses)
{
    const char *status = run_status(r, host);
    if (strstr(statuses, text_of(" %s ", status)) == NULL)
        cr_assert_fail("%s is %s/%s (%s), expected%s: %s", host, status, run_error(r, host),
                       run_message(r, host), statuses, proc_describe(&r->p));
}

const cJSON *only_file(const struct run *r, const char *host)
{
    const cJSON *files = json_at(run_host(r, host), "files");
    cr_assert_eq(cJSON_GetArraySize(files), 1, "not one file: %s", cJSON_PrintUnformatted(files));
    return cJSON_GetArrayItem(files, 0);
}

double transfer_sum(const struct run *r, const char *host, const char *key)
{
    return json_number_at(run_host(r, host), text_of("transfer.%s", key));
}
