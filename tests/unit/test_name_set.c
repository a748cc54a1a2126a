/* SPDX-License-Identifier: MIT */
/* name_set: order, uniqueness, the four operations, against a naive model. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/name_set.h"

Test(name_set, keeps_order_and_each_name_once)
{
    struct name_set s;
    name_set_init(&s);
    cr_assert_not(name_set_find(&s, "x", NULL));
    struct arena *a = arena_new();
    for (int i = 0; i < 5000; i++) {
        size_t index = 99999;
        cr_assert(name_set_add(&s, arena_printf(a, "n%d", i * 7 % 5000), &index));
        cr_assert_eq(index, (size_t)i);
    }
    for (int i = 0; i < 5000; i++) {
        size_t index = 99999, again = 99999;
        char *name = arena_printf(a, "n%d", i * 7 % 5000);
        cr_assert(name_set_find(&s, name, &index));
        cr_assert_not(name_set_add(&s, name, &again));
        cr_assert_eq(index, (size_t)i);
        cr_assert_eq(again, (size_t)i);
        cr_assert_str_eq(s.items[i], name);
    }
    cr_assert_eq(s.count, 5000);
    cr_assert_not(name_set_find(&s, "n5000", NULL));
    name_set_release(&s);
    cr_assert_eq(s.count, 0);
    arena_free(a);
}

/* What the operation `op` should leave of bit sets, as "left part, then right part". */
static void model(unsigned left, unsigned right, char op, char *ret)
{
    size_t n = 0;
    for (int i = 0; i < 8; i++) {
        bool in_left = left >> i & 1, in_right = right >> i & 1;
        if (in_left && (op == 'u' || (op == 'i' ? in_right : !in_right)))
            ret[n++] = (char)('a' + i);
    }
    for (int i = 0; i < 8; i++) {
        bool only_right = (right >> i & 1) && !(left >> i & 1);
        if (only_right && (op == 'u' || op == 'x'))
            ret[n++] = (char)('a' + i);
    }
    ret[n] = '\0';
}

static void fill(struct name_set *s, unsigned bits)
{
    static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "h" };
    name_set_init(s);
    for (int i = 0; i < 8; i++) {
        if (bits >> i & 1)
            name_set_add(s, names[i], NULL);
    }
}

Test(name_set, operations_agree_with_a_model)
{
    for (unsigned both = 0; both < 65536; both += 3) {
        for (const char *op = "uimx"; *op; op++) {
            struct name_set l, r;
            fill(&l, both & 255);
            fill(&r, both >> 8);
            if (*op == 'u')
                name_set_unite(&l, &r);
            else if (*op == 'x')
                name_set_differ(&l, &r);
            else
                name_set_filter(&l, &r, *op == 'i');
            char wanted[20], got[20];
            model(both & 255, both >> 8, *op, wanted);
            for (size_t i = 0; i < l.count; i++) {
                size_t index;
                if (!name_set_find(&l, l.items[i], &index) || index != i)
                    cr_assert_fail("%x %c: %s is lost", both, *op, l.items[i]);
                got[i] = l.items[i][0];
            }
            got[l.count] = '\0';
            if (strcmp(got, wanted) != 0)
                cr_assert_fail("%x %c: %s, not %s", both, *op, got, wanted);
            name_set_release(&l);
            name_set_release(&r);
        }
    }
}
