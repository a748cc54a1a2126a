/* SPDX-License-Identifier: MIT */
/* What libmuster looks like: uptime INVENTORY HOSTS, one line a host. */
#include <muster/muster.h>
#include <signal.h>
#include <stdio.h>

static void on_event(void *arg, const struct muster_event *event)
{
    if (event->kind == MUSTER_OUTPUT)
        printf("%s: %.*s", event->host->name, (int)event->size, event->data);
    if (event->kind == MUSTER_HOST_END && event->status != MUSTER_OK) {
        printf("%s: %s %s\n", event->host->name, muster_status_word(event->status),
               event->error_text ? event->error_text : "");
        *(bool *)arg = false;
    }
}

int main(int argc, char **argv)
{
    struct muster_error error = MUSTER_ERROR_INIT;
    struct muster_inventory *inventory = NULL;
    struct muster_plan *plan = NULL;
    struct muster_engine *engine = NULL;
    bool is_ok = true;
    signal(SIGPIPE, SIG_IGN); /* the library leaves that to us */
    struct muster_plan_args what = { .hosts = argv[argc - 1], .command = "uptime" };
    struct muster_engine_args how = { .on_event = on_event, .arg = &is_ok };
    if (argc == 3 && muster_inventory_load(&inventory, (const char **)&argv[1], 1, &error)) {
        what.inventory = inventory;
        if (muster_plan_new(&plan, &what, &error)) {
            how.plan = plan;
            if (muster_engine_new(&engine, &how, &error))
                muster_engine_run(engine);
        }
    }
    if (!engine)
        fprintf(stderr, "uptime: %s\n", error.text ? error.text : "INVENTORY HOSTS");
    int status = !engine ? 2 : !is_ok;
    muster_engine_free(engine);
    muster_plan_free(plan);
    muster_inventory_free(inventory);
    muster_error_release(&error);
    return status;
}
