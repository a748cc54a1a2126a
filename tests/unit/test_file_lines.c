/* SPDX-License-Identifier: MIT */
/* What is printed of the files of a push or pull. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "sink/file_lines.h"
#include "sink_scene.h"

struct desk {
    struct scene scene;
    struct screen *screen;
    struct sink *lines;
};

/* A push whose lines go to pipes or to a terminal; started. */
static void open_desk(struct desk *d, struct file_lines_args args, bool is_terminal)
{
    scene_init(&d->scene, 2);
    d->scene.run.mode = "push";
    scene_name(&d->scene, 1, "db1");
    struct screen_args screen = scene_screen_args(&d->scene);
    for (size_t i = 0; i < STREAM_COUNT; i++)
        screen.sides[i].is_terminal = screen.sides[i].has_color = is_terminal;
    d->screen = args.screen = screen_new(&screen);
    d->lines = file_lines_new(&args);
    scene_add(&d->scene, d->lines);
}

static void close_desk(struct desk *d)
{
    sink_free(d->lines);
    screen_free(d->screen);
    scene_release(&d->scene);
}

static const struct file_record created = {
    .action = FILE_CREATE, .src = "a.txt", .dst = "/srv/a.txt", .bytes = 1258291
};
static const struct file_record folder = {
    .kind = FILE_KIND_FOLDER, .action = FILE_CREATE, .src = "conf", .dst = "/srv/conf"
};
static const struct file_record evil = {
    .kind = FILE_KIND_LINK, .action = FILE_REPLACE, .src = "x", .dst = "/srv/\x1b[2J\nx"
};
static const struct file_record kept = {
    .action = FILE_KEEP, .src = "b", .dst = "/srv/b", .bytes = 5
};
static const struct file_record deleted = { .action = FILE_DELETE, .dst = "/srv/old" };

/* One file of each kind, on two hosts. */
static void play(struct desk *d)
{
    scene_start(&d->scene);
    scene_file(&d->scene, 0, &created);
    scene_file(&d->scene, 1, &folder);
    scene_file(&d->scene, 1, &evil);
    scene_file(&d->scene, 0, &kept);
    scene_file(&d->scene, 0, &deleted);
    scene_transferred(&d->scene, 0, (struct transfer_totals){ 0 });
    scene_transferred(&d->scene, 1, (struct transfer_totals){ 0 });
    scene_end(&d->scene, 1);
}

static const char listed[] = "h000: create /srv/a.txt (1.2M)\n"
                             "db1: create /srv/conf/\n"
                             "db1: replace /srv/\x1b[2J x\n"
                             "h000: keep /srv/b\n"
                             "h000: delete /srv/old\n";

Test(file_lines, a_dry_run_lists_on_standard_output)
{
    struct desk d;
    struct file_lines_args args = { .is_dry_run = true, .is_verbose = true, .has_labels = true };
    open_desk(&d, args, false);
    play(&d);
    scene_expect(&d.scene, STREAM_STDOUT, listed);
    scene_expect(&d.scene, STREAM_STDERR, "");
    close_desk(&d);
}

Test(file_lines, notes_are_on_standard_error)
{
    struct desk d;
    open_desk(&d, (struct file_lines_args){ .is_verbose = true, .has_labels = true }, false);
    play(&d);
    scene_expect(&d.scene, STREAM_STDOUT, "");
    scene_expect(&d.scene, STREAM_STDERR, listed);
    close_desk(&d);
}

Test(file_lines, nothing_is_listed_unless_asked_for)
{
    struct desk d;
    open_desk(&d, (struct file_lines_args){ .has_labels = true }, false);
    play(&d);
    scene_expect(&d.scene, STREAM_STDOUT, "");
    scene_expect(&d.scene, STREAM_STDERR, "");
    close_desk(&d);
}

Test(file_lines, labels_are_those_of_the_stream_and_names_are_harmless)
{
    struct desk d;
    open_desk(&d, (struct file_lines_args){ .is_dry_run = true, .has_labels = true }, true);
    scene_start(&d.scene);
    scene_file(&d.scene, 0, &deleted);
    scene_file(&d.scene, 1, &evil);
    scene_expect(&d.scene, STREAM_STDOUT,
                 "\x1b[36mh000:\x1b[0m delete /srv/old\n"
                 "\x1b[32mdb1:\x1b[0m  replace /srv/\\x1b[2J x\n");
    scene_file_failed(&d.scene, 1, &evil, "/srv/\x1b[2J x: no\x07\nway");
    scene_expect(&d.scene, STREAM_STDERR, "\x1b[31mdb1:\x1b[0m  /srv/\\x1b[2J x: no\\x07 way\n");
    close_desk(&d);
}

Test(file_lines, no_label_leaves_the_list_bare)
{
    struct desk d;
    open_desk(&d, (struct file_lines_args){ .is_dry_run = true }, false);
    scene_start(&d.scene);
    scene_file(&d.scene, 0, &created);
    scene_file_failed(&d.scene, 0, &kept, "/srv/b: Permission denied");
    scene_expect(&d.scene, STREAM_STDOUT, "create /srv/a.txt (1.2M)\n");
    scene_expect(&d.scene, STREAM_STDERR, "h000: /srv/b: Permission denied\n");
    close_desk(&d);
}

Test(file_lines, ten_failures_are_told_and_the_rest_counted)
{
    struct desk d;
    open_desk(&d, (struct file_lines_args){ .has_labels = true }, false);
    scene_start(&d.scene);
    for (int i = 0; i < 11; i++)
        scene_file_failed(&d.scene, 0, &created, "/srv/a.txt: Permission denied");
    for (int i = 0; i < 10; i++)
        scene_file_failed(&d.scene, 1, &folder, "File exists");
    char *text = scene_take(&d.scene, STREAM_STDERR, NULL);
    cr_assert_eq(strncmp(text, "h000: /srv/a.txt: Permission denied\nh000: ", 42), 0, "%s", text);
    size_t lines = 0;
    for (const char *at = text; (at = strchr(at, '\n')); at++)
        lines++;
    cr_assert_eq(lines, 20);
    free(text);
    scene_transferred(&d.scene, 0, (struct transfer_totals){ .failed = 11 });
    scene_transferred(&d.scene, 1, (struct transfer_totals){ .failed = 10 });
    scene_expect(&d.scene, STREAM_STDERR, "h000: and 1 more file failed\n");
    close_desk(&d);
}

Test(file_lines, commands_have_no_files)
{
    struct desk d;
    open_desk(&d, (struct file_lines_args){ .is_dry_run = true, .has_labels = true }, false);
    d.scene.run.mode = "run";
    play(&d);
    scene_expect(&d.scene, STREAM_STDOUT, "");
    scene_expect(&d.scene, STREAM_STDERR, "");
    close_desk(&d);
}
