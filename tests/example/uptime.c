/* SPDX-License-Identifier: MIT */
/* What libmuster looks like: a command on many hosts, a line for each.
 *   uptime INVENTORY HOSTS COMMAND */
#include <muster/muster.h>
#include <signal.h>
#include <stdio.h>

static void on_event(void *arg, const struct muster_event *event)
{
    int *not_ok = arg;
    if (event->kind == MUSTER_OUTPUT)
        printf("%s: %.*s", event->host->name, (int)event->size, event->data);
    if (event->kind != MUSTER_HOST_END || event->status == MUSTER_OK)
        return;
    (*not_ok)++;
    printf("%s: %s %s\n", event->host->name, muster_status_word(event->status),
           event->error_text ? event->error_text : "");
}

int main(int argc, char **argv)
{
    struct muster_error error = MUSTER_ERROR_INIT;
    struct muster_inventory *inventory = NULL;
    struct muster_plan *plan = NULL;
    struct muster_engine *engine = NULL;
    int not_ok = 0;
    signal(SIGPIPE, SIG_IGN);
    if (argc == 4 && muster_inventory_load(&inventory, (const char *const *)&argv[1], 1, &error) &&
        muster_plan_new(&plan,
                        &(struct muster_plan_args){
                            .inventory = inventory, .hosts = argv[2], .command = argv[3] },
                        &error) &&
        muster_engine_new(
            &engine,
            &(struct muster_engine_args){ .plan = plan, .on_event = on_event, .arg = &not_ok },
            &error))
        muster_engine_run(engine);
    else
        fprintf(stderr, "uptime: %s\n", error.text ? error.text : "INVENTORY HOSTS COMMAND");
    int status = engine ? not_ok > 0 : 2;
    muster_engine_free(engine);
    muster_plan_free(plan);
    muster_inventory_free(inventory);
    muster_error_release(&error);
    return status;
}
