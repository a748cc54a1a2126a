/* SPDX-License-Identifier: MIT */
/* A push by libmuster: deploy INVENTORY HOSTS SRC... DEST, verified; per host what changed. */
#include <muster/muster.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static void on_event(void *arg, const struct muster_event *event)
{
    const struct muster_file *file = event->file;
    const char *name = event->host ? event->host->name : "deploy";
    if (event->kind == MUSTER_NOTE)
        printf("%s: %s\n", name, event->text);
    if (event->kind == MUSTER_HOST_FILE && event->error_code)
        printf("%s: %s: %s\n", name, file->dst ? file->dst : file->src, event->error_text);
    else if (event->kind == MUSTER_HOST_FILE && strcmp(file->action, "keep") != 0)
        printf("%s: %s %s %s\n", name, file->action, file->kind, file->dst);
    if (event->kind == MUSTER_HOST_END) {
        printf("%s: %s, %llu of %llu changed, %llu bytes sent%s%s\n", name,
               muster_status_word(event->status), (unsigned long long)event->transfer.changed,
               (unsigned long long)event->transfer.files,
               (unsigned long long)event->transfer.bytes_moved, event->error_text ? ": " : "",
               event->error_text ? event->error_text : "");
        *(bool *)arg &= event->status == MUSTER_OK;
    }
}

int main(int argc, char **argv)
{
    static const char *const options[] = { "--recursive", "--mkdir", "--verify", "--skip-same",
                                           NULL };
    struct muster_error error = MUSTER_ERROR_INIT;
    struct muster_inventory *inventory = NULL;
    struct muster_plan *plan = NULL;
    struct muster_engine *engine = NULL;
    bool is_ok = true;
    signal(SIGPIPE, SIG_IGN); /* the library leaves that to us */
    if (argc > 4 && muster_inventory_load(&inventory, (const char **)&argv[1], 1, &error)) {
        struct muster_plan_args what = { .inventory = inventory,
                                         .hosts = argv[2],
                                         .job = MUSTER_JOB_PUSH,
                                         .sources = (const char **)&argv[3],
                                         .destination = argv[argc - 1],
                                         .options = options };
        argv[argc - 1] = NULL; /* the sources end here */
        if (muster_plan_new(&plan, &what, &error)) {
            struct muster_engine_args how = { .plan = plan, .on_event = on_event, .arg = &is_ok };
            if (muster_engine_new(&engine, &how, &error))
                muster_engine_run(engine);
        }
    }
    if (!engine)
        fprintf(stderr, "deploy: %s\n", error.text ? error.text : "INVENTORY HOSTS SRC... DEST");
    int status = !engine ? 2 : !is_ok;
    muster_engine_free(engine);
    muster_plan_free(plan);
    muster_inventory_free(inventory);
    muster_error_release(&error);
    return status;
}
