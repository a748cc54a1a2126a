/* SPDX-License-Identifier: MIT */
/* What people read of push and pull: help, refusals, lists and failures, against snapshots. */
#include <criterion/criterion.h>

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "fleet.h"
#include "golden.h"
#include "mask.h"
#include "proc.h"
#include "run.h"
#include "transfer.h"

enum { MOST_WORDS = 24 };

/* Runs muster in the test's own folder, masks what varies, compares. */
static void check(const char *name, const char *const *words)
{
    const char *argv[MOST_WORDS] = { MUSTER_BINARY };
    for (size_t i = 0; words[i]; i++)
        argv[i + 1] = words[i];
    struct proc_result r = proc_run(&(struct proc_args){ .argv = argv, .cwd = tmp_dir() });
    mask_result(&r);
    golden_compare(text_of("%s/golden/expected/%s", TEST_SOURCE_DIR, name), &r);
    proc_result_release(&r);
}

#define CHECK(name, ...) check(name, (const char *const[]){ __VA_ARGS__, NULL })

/* One after the other, so that their order is known. */
#define CHECK_ON_HOSTS(name, command, ...)                                                         \
    CHECK(name, command, "-i", inventory(), "-f", "1", __VA_ARGS__)

/* Three hosts, which are one machine, and one that refuses. */
static const char *inventory(void)
{
    static const char *path;
    if (!path)
        path = run_inventory("", text_of("\"web[1-3]\": { \"groups\": [\"web\"] },"
                                         "\"web1\": { \"address\": \"%s\" },"
                                         "\"web2\": { \"address\": \"%s\" },"
                                         "\"web3\": { \"address\": \"%s\" },"
                                         "\"refuse1\": { \"address\": \"%s\" }",
                                         fleet_address(0), fleet_address(1), fleet_address(2),
                                         fleet_text("fault_refuse")));
    return path;
}

/* A path in the test's folder on the hosts, below their home. */
static char *remote(const char *name)
{
    return text_of("%s/%s", strrchr(target_dir(), '/') + 1, name);
}

/* A folder "site" of two files, a folder and a link. */
static void make_site(void)
{
    mkdir(tmp_path("site"), 0755);
    mkdir(tmp_path("site/css"), 0755);
    tmp_file("site/index.html", "<h1>Hello</h1>\n");
    tmp_file_bytes("site/css/a.css", bytes_of("css", 20000), 20000);
    cr_assert_eq(symlink("index.html", tmp_path("site/home.html")), 0);
}

Test(help, is_what_it_was)
{
    CHECK("help-push", "push", "--help");
    CHECK("help-pull", "help", "pull");
}

Test(refusal, of_wrong_words)
{
    tmp_file("app.conf", "new\n");
    CHECK("push-no-operands", "push", "-w", "a");
    CHECK("push-no-dest", "push", "-w", "a", "app.conf");
    CHECK("push-empty-dest", "push", "-w", "a", "app.conf", "");
    CHECK("push-bad-mode", "push", "-w", "a", "--mode", "rw", "app.conf", "/etc/");
    CHECK("push-delete-without-r", "push", "-w", "a", "--delete", "app.conf", "/etc/");
    CHECK("push-no-selection", "push", "app.conf", "/etc/");
    CHECK("push-home-of-others", "push", "-w", "a", "app.conf", "~bob/");
    CHECK("push-port", "push", "-w", "a", "-p", "app.conf", "/etc/");
    CHECK("push-compress", "push", "-w", "a", "-z", "app.conf", "/etc/");
    CHECK("pull-no-operands", "pull", "-w", "a");
    CHECK("pull-no-dir", "pull", "-w", "a", "/etc/hostname");
    CHECK("pull-same-names", "pull", "-w", "a", "/etc/issue", "/usr/lib/issue", "out/");
    CHECK("pull-nowhere", "pull", "-w", "a", "/etc/issue", "none/out/");
}

Test(refusal, of_sources)
{
    make_site();
    mkdir(tmp_path("other"), 0755);
    tmp_file("other/index.html", "");
    mkfifo(tmp_path("fifo"), 0644);
    CHECK("push-missing", "push", "-w", "a", "none", "/srv/");
    CHECK("push-folder-without-r", "push", "-w", "a", "site", "/srv/");
    CHECK("push-fifo", "push", "-w", "a", "fifo", "/srv/");
    CHECK("push-same-names", "push", "-w", "a", "site/index.html", "other/index.html", "/srv/");
}

Test(refusal, of_templates_and_selections)
{
    tmp_file("app.conf", "new\n");
    CHECK("push-unknown-name", "push", "-w", "a", "app.conf", "/srv/{hots}/");
    CHECK("push-open-brace", "push", "-w", "a", "app.conf", "/srv/{host");
    CHECK_ON_HOSTS("push-no-variable", "push", "-g", "web", "app.conf", "/srv/{var.site}/");
    CHECK_ON_HOSTS("push-exclude-files", "push", "-g", "web", "-x", "*.o", "app.conf", "/srv/");
}

/* With times kept, so that it is not a matter of luck which files are told apart by digests. */
Test(fleet, pushes)
{
    make_site();
    CHECK_ON_HOSTS("push-mixed", "push", "-a", "-r", "--preserve", "--verify", "site",
                   remote("{host}"));
    CHECK_ON_HOSTS("push-same", "push", "-g", "web", "-r", "--preserve", "--skip-same", "site/.",
                   remote("{host}"));
    tmp_file("site/index.html", "<h1>Hello, again</h1>\n");
    CHECK_ON_HOSTS("push-verbose", "push", "-w", "web1", "-r", "--preserve", "-v", "--skip-same",
                   "site/.", remote("{host}"));
    CHECK_ON_HOSTS("push-one", "push", "-w", "web1", "-q", "site/index.html", remote("one"));
}

Test(fleet, dry_runs)
{
    make_site();
    target_folder("web1");
    target_file("web1/index.html", "old\n");
    target_file("web1/extra", "old\n");
    CHECK_ON_HOSTS("push-dry", "push", "-w", "web[1-2]", "-n", "-r", "--delete", "site/.",
                   remote("{host}"));
    CHECK_ON_HOSTS("pull-dry", "pull", "-w", "web[1-2]", "-n", remote("web1/index.html"), "out");
    cr_expect_not(file_exists(tmp_path("out")));
    expect_text(target_path("web1/index.html"), "old\n");
}

Test(fleet, copies_that_fail)
{
    make_site();
    target_folder("www");
    target_folder("www/index.html");
    CHECK_ON_HOSTS("push-onto-folder", "push", "-w", "web1", "site/index.html", remote("www"));
    CHECK_ON_HOSTS("push-no-folder", "push", "-g", "web", "site/index.html", remote("none/"));
    CHECK_ON_HOSTS("pull-failing", "pull", "-w", "web[1-2]", remote("none"), remote("www"), "out");
}

Test(fleet, pulls)
{
    target_file("app.log", "line\n");
    CHECK_ON_HOSTS("pull-ok", "pull", "-g", "web", remote("app.log"), "out");
    CHECK_ON_HOSTS("pull-verbose", "pull", "-w", "web1", "-v", "--flat", remote("app.log"), "flat");
    expect_text(tmp_path("out/web3/app.log"), "line\n");
    expect_text(tmp_path("flat/app.log.web1"), "line\n");
}
