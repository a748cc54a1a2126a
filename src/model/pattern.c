/* SPDX-License-Identifier: MIT */
#include "model/pattern.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/memory.h"
#include "model/host_name.h"
#include "model/range.h"

enum {
    FILE_MAX_SIZE = 256 * 1024 * 1024,
    GLOBS_MAX = 1000, /* from the ranges of one operand */
};

/* One evaluation: an expression and the files it names. */
struct evaluation {
    const struct pattern_source *source;
    struct arena *arena;
    uint64_t left; /* names that may still come from ranges */
    struct error *err;
};

/* One text being read. */
struct reader {
    struct evaluation *evaluation;
    const char *text;
    const char *at;
    const char *file; /* NULL for the expression itself */
    size_t line;
};

static const char blanks[] = " \t\r\n\f\v";
static const char ends[] = ",!&^ \t\r\n\f\v";

static bool is_one_of(char c, const char *set)
{
    return c && strchr(set, c);
}

/* Puts the place of `at` in front of the error. Returns false. */
static bool fail_at(const struct reader *r, const char *at)
{
    size_t column = 1;
    for (const char *c = r->text; c < at; c++)
        column += ((unsigned char)*c & 0xc0) != 0x80;
    struct error *err = r->evaluation->err;
    if (r->file)
        return error_prefix(err, "%s:%zu:%zu", r->file, r->line, column);
    return error_prefix(err, "column %zu", column);
}

/* Sets an error that concerns the byte at `at`. Returns false. */
static bool fail(const struct reader *r, const char *at, const char *what)
{
    error_set(r->evaluation->err, ERR_USAGE, "%s", what);
    return fail_at(r, at);
}

/* Where an operand's expanded names go. */
struct visitor {
    struct evaluation *evaluation;
    struct name_set *ret;
};

/* Adds one host; `name` is copied. */
static bool add_host(void *arg, const char *name)
{
    struct visitor *v = arg;
    struct evaluation *e = v->evaluation;
    const char *copy;
    if (strpbrk(name, "@:[")) {
        struct host_name host;
        if (!host_name_parse(name, e->arena, &host, e->err))
            return false;
        copy = host_name_print(&host, e->arena);
    } else {
        if (!host_name_check(name, e->err))
            return false;
        copy = arena_strdup(e->arena, name);
    }
    if (e->source->check && !e->source->check(e->source->arg, copy, e->err))
        return false;
    name_set_add(v->ret, copy, NULL);
    return true;
}

/* Adds the hosts of one group. */
static bool add_group(void *arg, const char *name)
{
    struct visitor *v = arg;
    const struct pattern_source *source = v->evaluation->source;
    if (!source->group)
        return error_set(v->evaluation->err, ERR_USAGE,
                         "\"@%s\" is a group, and there is no inventory", name);
    return source->group(source->arg, name, v->ret, v->evaluation->err);
}

/* Adds the known hosts that match. */
static bool add_glob(void *arg, const char *glob)
{
    struct visitor *v = arg;
    const struct pattern_source *source = v->evaluation->source;
    if (!source->glob)
        return error_set(v->evaluation->err, ERR_USAGE,
                         "\"%s\" is to be matched, and there is no inventory", glob);
    return source->glob(source->arg, glob, v->ret, v->evaluation->err);
}

/* Expands the operand [from, r->at), minding the limit, and visits each name. */
static bool expand(struct reader *r, const char *from, uint64_t limit, range_visit_fn *visit,
                   struct name_set *ret)
{
    struct evaluation *e = r->evaluation;
    const char *text = arena_strndup(e->arena, from, (size_t)(r->at - from));
    struct range_name name;
    size_t at = 0;
    if (!range_parse(text, e->arena, &name, &at, e->err))
        return fail_at(r, from + at);
    uint64_t count = range_count(&name);
    if (count > limit || count > e->left) {
        error_set(e->err, ERR_USAGE, "%" PRIu64 " names are too many (%" PRIu64 " at most)", count,
                  limit);
        return fail_at(r, from);
    }
    e->left -= count;
    struct visitor v = { .evaluation = e, .ret = ret };
    return range_expand(&name, visit, &v) || fail_at(r, from);
}

/* Moves behind an operand: to the next operator or blank that is in no bracket. */
static void skip_operand(struct reader *r)
{
    while (*r->at && !is_one_of(*r->at, ends)) {
        const char *close = *r->at == '[' ? strchr(r->at, ']') : NULL;
        r->at = close ? close + 1 : r->at + 1;
    }
}

/* Reads "@GROUP"; a group's name may have ranges. */
static bool read_group(struct reader *r, struct name_set *ret)
{
    const char *from = ++r->at;
    skip_operand(r);
    if (r->at == from)
        return fail(r, from, "a group's name is missing after '@'");
    return expand(r, from, PATTERN_NAMES_MAX, add_group, ret);
}

/* Reads the file that the operand at `at` names, and evaluates its lines. */
static bool read_file(struct reader *r, const char *name, const char *at, struct name_set *ret);

/* Reads "^FILE". */
static bool read_file_operand(struct reader *r, struct name_set *ret)
{
    const char *from = r->at++;
    r->at += strcspn(r->at, ends);
    if (r->at == from + 1)
        return fail(r, from, "a file's name is missing after '^'");
    const char *name = arena_strndup(r->evaluation->arena, from + 1, (size_t)(r->at - from - 1));
    return read_file(r, name, from, ret);
}

/* Reads a host, with or without ranges, or a glob. */
static bool read_hosts(struct reader *r, struct name_set *ret)
{
    const char *from = r->at;
    skip_operand(r);
    size_t size = (size_t)(r->at - from);
    if (memchr(from, '*', size) || memchr(from, '?', size))
        return expand(r, from, GLOBS_MAX, add_glob, ret);
    return expand(r, from, PATTERN_NAMES_MAX, add_host, ret);
}

/* Reads one operand and adds its hosts to `ret`. */
static bool read_operand(struct reader *r, struct name_set *ret)
{
    if (!*r->at)
        return fail(r, r->at, "a host is missing at the end");
    if (*r->at == '^')
        return read_file_operand(r, ret);
    if (*r->at == '@')
        return read_group(r, ret);
    if (is_one_of(*r->at, ends)) {
        char what[] = "a host is missing before 'x'";
        what[sizeof what - 3] = *r->at;
        return fail(r, r->at, what);
    }
    if (*r->at == '-' && (!r->at[1] || is_one_of(r->at[1], ends))) {
        r->at++;
        return read_file(r, "-", r->at - 1, ret);
    }
    return read_hosts(r, ret);
}

static void skip_blanks(struct reader *r)
{
    r->at += strspn(r->at, blanks);
}

/* Reads the operator before the next operand; blanks alone are a union, and in "a ^b" the second
 * operand is a file. */
static bool read_operator(struct reader *r, char *ret)
{
    const char *from = r->at;
    skip_blanks(r);
    bool is_file = *r->at == '^' && r->at > from && !is_one_of(r->at[1], blanks);
    *ret = ',';
    if (is_one_of(*r->at, ",!&^") && !is_file)
        *ret = *r->at++;
    else if (r->file)
        return fail(r, r->at, "one host expression a line, please (a user is written user@host)");
    skip_blanks(r);
    return true;
}

/* Reads an operator and its right operand, and applies it to `left`. */
static bool read_step(struct reader *r, struct name_set *left)
{
    char operator_char;
    if (!read_operator(r, &operator_char))
        return false;
    if (operator_char == ',')
        return read_operand(r, left);
    struct name_set right;
    name_set_init(&right);
    bool good = read_operand(r, &right);
    if (good && operator_char == '^')
        name_set_differ(left, &right);
    else if (good)
        name_set_filter(left, &right, operator_char == '&');
    name_set_release(&right);
    return good;
}

/* Evaluates a whole text. Unless `ret` is empty its names stay out of the operators' reach. */
static bool read_text(struct reader *r, struct name_set *ret)
{
    struct name_set own;
    name_set_init(&own);
    struct name_set *left = ret->count ? &own : ret;
    skip_blanks(r);
    bool good = read_operand(r, left);
    while (good && r->at[strspn(r->at, blanks)])
        good = read_step(r, left);
    if (good && left == &own)
        name_set_unite(ret, &own);
    name_set_release(&own);
    return good;
}

/* Evaluates the lines of a file. `bytes` are changed: each line gets its NUL. */
static bool read_lines(struct evaluation *e, const char *file, char *bytes, struct name_set *ret)
{
    size_t number = 0;
    for (char *line = bytes, *next; line; line = next) {
        number++;
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        line[strcspn(line, "#")] = '\0';
        struct reader r = {
            .evaluation = e, .text = line, .at = line, .file = file, .line = number
        };
        if (line[strspn(line, blanks)] && !read_text(&r, ret))
            return false;
    }
    return true;
}

/* Evaluates the bytes of a file, which are copied. */
static bool read_bytes(struct evaluation *e, const char *file, const struct buf *bytes,
                       struct name_set *ret)
{
    const char *name = strcmp(file, "-") == 0 ? "standard input" : file;
    if (bytes->size && memchr(bytes->data, '\0', bytes->size))
        return error_set(e->err, ERR_USAGE, "%s: a NUL byte: this is no list of hosts", name);
    size_t bom = bytes->size >= 3 && memcmp(bytes->data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    char *copy = xstrdup(buf_str(bytes) + bom);
    bool good = read_lines(e, name, copy, ret);
    free(copy);
    return good;
}

static bool read_file(struct reader *r, const char *name, const char *at, struct name_set *ret)
{
    struct evaluation *e = r->evaluation;
    if (r->file)
        return fail(r, at, "a file of hosts cannot name a further file");
    if (!e->source->read)
        return fail(r, at, "no file can be read here");
    struct buf bytes;
    buf_init(&bytes, FILE_MAX_SIZE);
    bool was_read = e->source->read(e->source->arg, name, &bytes, e->err);
    bool good = was_read ? read_bytes(e, name, &bytes, ret) : fail_at(r, at);
    buf_release(&bytes);
    return good;
}

bool pattern_eval(const char *text, const struct pattern_source *source, struct arena *arena,
                  struct name_set *ret, struct error *reterr)
{
    struct evaluation e = {
        .source = source, .arena = arena, .left = PATTERN_NAMES_MAX, .err = reterr
    };
    struct reader r = { .evaluation = &e, .text = text, .at = text };
    return read_text(&r, ret);
}

bool pattern_eval_file(const char *file, const struct pattern_source *source, struct arena *arena,
                       struct name_set *ret, struct error *reterr)
{
    struct evaluation e = {
        .source = source, .arena = arena, .left = PATTERN_NAMES_MAX, .err = reterr
    };
    struct buf bytes;
    buf_init(&bytes, FILE_MAX_SIZE);
    bool good =
        source->read(source->arg, file, &bytes, reterr) && read_bytes(&e, file, &bytes, ret);
    buf_release(&bytes);
    return good;
}

/* Adds one bare host name; `name` is copied. */
static bool add_bare(void *arg, const char *name)
{
    struct visitor *v = arg;
    if (!host_name_check(name, v->evaluation->err))
        return false;
    name_set_add(v->ret, arena_strdup(v->evaluation->arena, name), NULL);
    return true;
}

bool pattern_expand(const char *text, struct arena *arena, struct name_set *ret,
                    struct error *reterr)
{
    struct range_name name;
    size_t at = 0;
    if (!range_parse(text, arena, &name, &at, reterr))
        return false;
    uint64_t count = range_count(&name);
    if (count > PATTERN_NAMES_MAX)
        return error_set(reterr, ERR_USAGE, "%" PRIu64 " names are too many (%d at most)", count,
                         PATTERN_NAMES_MAX);
    struct evaluation e = { .arena = arena, .err = reterr };
    struct visitor v = { .evaluation = &e, .ret = ret };
    return range_expand(&name, add_bare, &v);
}
