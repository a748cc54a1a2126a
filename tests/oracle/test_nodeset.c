/* SPDX-License-Identifier: MIT */
/*
 * Host expressions against ClusterShell's: random ranges, steps, padding, several brackets and all
 * operators stand for the same hosts, and each program reads what the other folds.
 */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "files.h"
#include "model/fold.h"
#include "model/pattern.h"
#include "proc.h"
#include "skip.h"

enum { EXPRESSIONS = 3000 };

/* Reads lines "EXPRESSION<TAB>FOLDED"; prints whether both are the same set, else what it sees. */
static const char script[] = "import sys\n"
                             "from ClusterShell.NodeSet import NodeSet\n"
                             "for line in sys.stdin:\n"
                             "    text, ours = line.rstrip('\\n').split('\\t')\n"
                             "    a, b = NodeSet(text), NodeSet(ours) if ours else NodeSet()\n"
                             "    if a == b: print('same\\t%s' % a)\n"
                             "    else: print('%s: %s, not %s' % (text, a, b))\n";

/* Appends one name, with up to two brackets. */
static void add_operand(struct buf *b)
{
    static const char *const words[] = { "web", "n", "db", "x-" };
    buf_add_str(b, words[rand() % 4]);
    for (int brackets = 1 + rand() % 2; brackets > 0; brackets--) {
        int low = rand() % 12, high = low + rand() % 9, width = 1 + rand() % 2;
        if (width == 2)
            buf_addf(b, "[%02d-%02d", low, high);
        else
            buf_addf(b, "[%d-%d", low, high);
        if (rand() % 4 == 0)
            buf_addf(b, "/%d", 1 + rand() % 3);
        if (rand() % 3 == 0)
            buf_addf(b, ",%0*d", width, 10 + rand() % 30);
        buf_add_str(b, brackets > 1 ? "]i" : "]");
    }
}

static void add_expression(struct buf *b)
{
    add_operand(b);
    for (int more = rand() % 4; more > 0; more--) {
        buf_add_char(b, ",!&^"[rand() % 4]);
        add_operand(b);
    }
}

/* Appends what the expression stands for, folded. */
static void add_folded(const char *text, struct buf *b)
{
    static const struct pattern_source source = { .arg = NULL };
    struct arena *arena = arena_new();
    struct name_set names;
    struct error err = ERROR_INIT;
    name_set_init(&names);
    cr_assert(pattern_eval(text, &source, arena, &names, &err), "%s: %s", text, error_text(&err));
    fold_names(names.items, names.count, b);
    name_set_release(&names);
    arena_free(arena);
}

/* Is what ClusterShell has folded the same set as what we have? */
static void expect_same(const char *ours, const char *theirs)
{
    static const struct pattern_source source = { .arg = NULL };
    struct arena *arena = arena_new();
    struct name_set a, b;
    struct error err = ERROR_INIT;
    name_set_init(&a);
    name_set_init(&b);
    bool is_empty = *ours == '\0' && *theirs == '\0';
    cr_assert(is_empty || (pattern_eval(ours, &source, arena, &a, &err) &&
                           pattern_eval(theirs, &source, arena, &b, &err)),
              "%s or %s: %s", ours, theirs, error_text(&err));
    name_set_differ(&a, &b);
    cr_assert_eq(a.count, 0, "%s is not %s", ours, theirs);
    name_set_release(&a);
    name_set_release(&b);
    arena_free(arena);
}

Test(nodeset, stands_for_the_same_hosts)
{
    const char *const probe[] = { "/usr/bin/python3", "-c", "import ClusterShell", NULL };
    struct proc_result r = proc_run(&(struct proc_args){ .argv = probe });
    if (r.exit_code != 0)
        test_skip("needs python3-clustershell");
    proc_result_release(&r);
    struct buf input;
    buf_init(&input, 64 << 20);
    srand(5);
    for (int i = 0; i < EXPRESSIONS; i++) {
        struct buf text;
        buf_init(&text, 10000);
        add_expression(&text);
        buf_addf(&input, "%s\t", buf_str(&text));
        add_folded(buf_str(&text), &input);
        buf_add_char(&input, '\n');
        buf_release(&text);
    }
    const char *const argv[] = { "/usr/bin/python3", "-c", script, NULL };
    r = proc_run(&(struct proc_args){ .argv = argv, .stdin_text = buf_str(&input) });
    proc_expect_exit(&r, 0);
    cr_assert_eq(count_lines(r.out, "same\t"), EXPRESSIONS, "%s", r.out);
    cr_assert_eq(count_lines(r.out, ""), EXPRESSIONS);
    char *line = r.out;
    const char *ours = buf_str(&input);
    for (int i = 0; i < EXPRESSIONS; i++) {
        char *end = strchr(line, '\n');
        *end = '\0';
        ours = strchr(ours, '\t') + 1;
        expect_same(text_of("%.*s", (int)strcspn(ours, "\n"), ours), line + strlen("same\t"));
        line = end + 1;
    }
    buf_release(&input);
    proc_result_release(&r);
}
