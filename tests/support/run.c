/* SPDX-License-Identifier: MIT */
#include "run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "fleet.h"
#include "report.h"

enum { MOST_WORDS = 64 };

struct proc *run_start_command(const char *command, const struct proc_args *args,
                               const char *inventory, const char *const *words)
{
    const char *argv[MOST_WORDS] = { MUSTER_BINARY, command,
                                     "-i",          inventory,
                                     "--json",      tmp_path("report.json"),
                                     "--jsonl",     tmp_path("events.jsonl") };
    size_t count = 8;
    for (; *words != NULL; words++) {
        cr_assert_lt(count, (size_t)MOST_WORDS - 1);
        argv[count++] = *words;
    }
    struct proc_args own = args != NULL ? *args : (struct proc_args){ 0 };
    own.argv = argv;
    remove(tmp_path("report.json"));
    remove(tmp_path("events.jsonl"));
    return proc_start(&own);
}

struct proc *run_start(const struct proc_args *args, const char *inventory,
                       const char *const *words)
{
    return run_start_command("run", args, inventory, words);
}

/* Numbered without gaps, and after a host's end nothing more of it. */
static void check_sequence(const cJSON *events)
{
    double seq = 0;
    const cJSON *event;
    cJSON_ArrayForEach(event, events)
    {
        cr_assert_eq(json_number_at(event, "v"), 1);
        double next = json_number_at(event, "seq");
        cr_assert_gt(next, seq, "seq %g after %g", next, seq);
        seq = next;
    }
    int last = cJSON_GetArraySize(events) - 1;
    cr_assert_str_eq(json_text_at(cJSON_GetArrayItem(events, last), "event"), "run_end");
    cr_assert_str_eq(json_text_at(cJSON_GetArrayItem(events, 0), "event"), "run_start");
}

/* Report and events tell of the same hosts, each once. */
static void check_hosts(const struct run *r)
{
    const cJSON *hosts = json_at(r->report, "hosts");
    size_t count = (size_t)cJSON_GetArraySize(hosts);
    cr_assert_eq(json_count(r->events, "event", "host_end"), count,
                 "not one host_end for each of %zu hosts", count);
    cr_assert_eq(json_count(r->events, "event", "run_end"), 1);
    cr_assert_eq(json_number_at(r->report, "summary.hosts"), (double)count);
    if (json_number_at(r->report, "summary.exit_code") != r->p.exit_code)
        cr_assert_fail("the report says exit %g: %s",
                       json_number_at(r->report, "summary.exit_code"), proc_describe(&r->p));
}

struct run run_finish(struct proc *p)
{
    struct run r = { .report_path = tmp_path("report.json"),
                     .events_path = tmp_path("events.jsonl") };
    r.p = proc_finish(p);
    if (r.p.timed_out || r.p.signal != 0)
        cr_assert_fail("muster did not end by itself: %s", proc_describe(&r.p));
    if (r.p.exit_code == 2)
        return r;
    if (!file_exists(r.report_path) || !file_exists(r.events_path))
        cr_assert_fail("no report or no events: %s", proc_describe(&r.p));
    r.report = report_load(r.report_path);
    r.events = json_load_lines(r.events_path);
    check_sequence(r.events);
    check_hosts(&r);
    return r;
}

struct run run_muster(const struct proc_args *args, const char *inventory, const char *const *words)
{
    return run_finish(run_start(args, inventory, words));
}

void run_expect(const struct run *r, int exit_code)
{
    proc_expect_exit(&r->p, exit_code);
}

const cJSON *run_host(const struct run *r, const char *name)
{
    if (r->report == NULL)
        cr_assert_fail("nothing was run: %s", proc_describe(&r->p));
    return report_host(r->report, name);
}

const char *run_status(const struct run *r, const char *name)
{
    return json_text_at(run_host(r, name), "status");
}

const char *run_error(const struct run *r, const char *name)
{
    const cJSON *host = run_host(r, name);
    return json_has(host, "error") ? json_text_at(host, "error.code") : "";
}

const char *run_message(const struct run *r, const char *name)
{
    const cJSON *host = run_host(r, name);
    return json_has(host, "error") ? json_text_at(host, "error.message") : "";
}

const char *run_stdout(const struct run *r, const char *name)
{
    return json_text_at(run_host(r, name), "stdout");
}

bool run_was_killed(const struct run *r, const char *name)
{
    const char *kill = json_text_at(run_host(r, name), "kill");
    return strcmp(kill, "signal") == 0 || strcmp(kill, "exec") == 0;
}

size_t run_count(const struct run *r, const char *status)
{
    return json_count(json_at(r->report, "hosts"), "status", status);
}

char *run_inventory(const char *defaults, const char *hosts)
{
    static int number;
    char *name = text_of("inventory%d.json", number++);
    char *key = strstr(defaults, "\"key\"") ? "" : text_of("\"key\": [\"%s\"],", fleet_text("key"));
    char *known = strstr(defaults, "\"known_hosts\"")
                      ? ""
                      : text_of("\"known_hosts\": [\"%s\"],", fleet_text("known_hosts"));
    char *user = strstr(defaults, "\"user\"") ? "" : "\"user\": \"fleet\",";
    return tmp_file(name, text_of("{ \"defaults\": { %s %s %s \"port\": %s%s%s },\n"
                                  "  \"hosts\": { %s } }\n",
                                  user, key, known, fleet_port(), *defaults ? ", " : "", defaults,
                                  hosts));
}
