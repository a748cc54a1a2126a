/* SPDX-License-Identifier: MIT */
/* Values as people write them: text to value and back. JSON is value_json.c. */
#include "model/value.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/home.h"

const struct value_type value_flag = { VALUE_FLAG, "flag", sizeof(bool), NULL };
const struct value_type value_count = { VALUE_COUNT, "count", sizeof(struct count), NULL };
const struct value_type value_duration = { VALUE_DURATION, "duration", sizeof(struct duration),
                                           NULL };
const struct value_type value_bytes = { VALUE_BYTES, "bytes", sizeof(struct bytes), NULL };
const struct value_type value_text = { VALUE_TEXT, "text", sizeof(struct text), NULL };
const struct value_type value_path = { VALUE_PATH, "path", sizeof(struct path), NULL };
const struct value_type value_text_list = { VALUE_TEXT_LIST, "text list", sizeof(struct text_list),
                                            NULL };
const struct value_type value_path_list = { VALUE_PATH_LIST, "path list", sizeof(struct path_list),
                                            NULL };

/* No duration is longer: some ten years. */
#define DURATION_MAX_US (INT64_C(3650) * 86400 * US_PER_SEC)

struct unit {
    const char *name;
    int64_t size;
};

/* Largest first, which is also the order of printing. */
static const struct unit time_units[] = {
    { "d", 86400 * US_PER_SEC }, { "h", 3600 * US_PER_SEC }, { "m", 60 * US_PER_SEC },
    { "s", US_PER_SEC },         { "ms", US_PER_MS },        { "us", 1 },
};
#define TIME_UNIT_COUNT  (sizeof time_units / sizeof time_units[0])
#define TIME_UNIT_SECOND 3

static const struct unit size_units[] = {
    { "T", INT64_C(1) << 40 }, { "G", 1 << 30 }, { "M", 1 << 20 }, { "K", 1 << 10 }, { "", 1 },
};
#define SIZE_UNIT_COUNT (sizeof size_units / sizeof size_units[0])

/* Reads digits and moves past them; false where there are none or too many. */
static bool read_digits(const char **p, uint64_t *ret)
{
    const char *at = *p;
    uint64_t n = 0;
    while (*at >= '0' && *at <= '9') {
        uint64_t digit = (uint64_t)(*at++ - '0');
        if (n > (UINT64_MAX - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    bool has_digits = at != *p;
    *p = at;
    *ret = n;
    return has_digits;
}

/* Reads ".25" as 250000 millionths and moves past it; no point is 0 millionths. */
static bool read_millionths(const char **p, int64_t *ret)
{
    *ret = 0;
    if (**p != '.')
        return true;
    const char *at = *p + 1;
    for (int64_t place = 100000; *at >= '0' && *at <= '9'; place /= 10)
        *ret += (*at++ - '0') * place;
    bool has_digits = at != *p + 1;
    *p = at;
    return has_digits;
}

/* Reads a unit of time and moves past it. Only `may_lack` it where the text ends: seconds. */
static const struct unit *read_time_unit(const char **p, bool may_lack)
{
    if (may_lack && **p == '\0')
        return &time_units[TIME_UNIT_SECOND];
    const struct unit *found = NULL;
    for (size_t i = 0; i < TIME_UNIT_COUNT; i++) {
        size_t size = strlen(time_units[i].name);
        bool is_better = !found || size > strlen(found->name);
        if (is_better && strncmp(*p, time_units[i].name, size) == 0)
            found = &time_units[i];
    }
    if (found)
        *p += strlen(found->name);
    return found;
}

/* Reads one part of a duration ("30m" of "1h30m") and adds it. */
static bool read_time_part(const char **p, bool is_first, int64_t *us)
{
    uint64_t whole;
    int64_t millionths;
    if (!read_digits(p, &whole) || !read_millionths(p, &millionths))
        return false;
    const struct unit *unit = read_time_unit(p, is_first);
    if (!unit || whole > (uint64_t)(DURATION_MAX_US / unit->size))
        return false;
    *us += (int64_t)whole * unit->size + millionths * unit->size / 1000000;
    return *us <= DURATION_MAX_US;
}

/* Reads a length of time. */
static bool parse_duration(const char *text, struct duration *ret, struct error *reterr)
{
    ret->us = 0;
    if (strcmp(text, "none") == 0)
        return true;
    const char *p = text;
    do {
        if (!read_time_part(&p, p == text, &ret->us))
            return error_set(reterr, ERR_USAGE,
                             "'%s' is not a length of time such as 10s, 1500ms, 2m or 1h30m", text);
    } while (*p);
    return true;
}

/* The factor of "K", "k" or "KiB"; 0 where it is no unit. */
static uint64_t size_factor(const char *unit)
{
    for (size_t i = 0; i < SIZE_UNIT_COUNT; i++) {
        size_t size = strlen(size_units[i].name);
        bool is_it = strncasecmp(unit, size_units[i].name, size) == 0;
        bool has_end = unit[is_it ? size : 0] == '\0' || (size && strcmp(unit + 1, "iB") == 0);
        if (is_it && has_end)
            return (uint64_t)size_units[i].size;
    }
    return 0;
}

/* Reads a size. */
static bool parse_bytes(const char *text, struct bytes *ret, struct error *reterr)
{
    const char *p = text;
    uint64_t factor = 0;
    if (read_digits(&p, &ret->n))
        factor = size_factor(p);
    if (factor == 0 || ret->n > UINT64_MAX / 2 / factor)
        return error_set(reterr, ERR_USAGE, "'%s' is not a size such as 65536, 64K, 16M or 1G",
                         text);
    ret->n *= factor;
    return true;
}

/* Reads a whole number within the reader's limits. */
static bool parse_count(const struct value_reader *reader, const char *text, struct count *ret,
                        struct error *reterr)
{
    const char *p = text;
    uint64_t n = 0;
    uint32_t max = reader->max ? reader->max : UINT32_MAX;
    bool has_digits = read_digits(&p, &n);
    if (*p >= '0' && *p <= '9')
        n = UINT64_MAX; /* more digits than fit */
    else if (!has_digits || *p)
        return error_set(reterr, ERR_USAGE, "'%s' is not a whole number", text);
    if (n < reader->min || n > max)
        return error_set(reterr, ERR_USAGE, "%s is not in %" PRIu32 "..%" PRIu32, text, reader->min,
                         max);
    ret->n = (uint32_t)n;
    return true;
}

/* Reads one of the words of an enum. */
static bool parse_choice(const struct value_type *type, const char *text, int *ret,
                         struct error *reterr)
{
    struct buf list;
    buf_init(&list, 1000);
    for (int i = 0; type->words[i]; i++) {
        if (strcmp(type->words[i], text) == 0) {
            buf_release(&list);
            *ret = i;
            return true;
        }
        const char *joint = i == 0 ? "" : type->words[i + 1] ? ", " : " or ";
        buf_addf(&list, "%s%s", joint, type->words[i]);
    }
    error_set(reterr, ERR_USAGE, "'%s' is not %s", text, buf_str(&list));
    buf_release(&list);
    return false;
}

/* Reads yes or no. */
static bool parse_flag(const char *text, bool *ret, struct error *reterr)
{
    static const char *const words[] = { "true", "false", "yes", "no", "1", "0" };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i], text) == 0) {
            *ret = i % 2 == 0;
            return true;
        }
    }
    return error_set(reterr, ERR_USAGE, "'%s' is not true or false", text);
}

/* `path` with the home folder or the reader's folder put in front where that is what it means. */
static bool resolve_path(const struct value_reader *reader, const char *path, char **ret,
                         struct error *reterr)
{
    if (path[0] == '~') {
        if (path[1] && path[1] != '/')
            return error_set(reterr, ERR_USAGE,
                             "'%s': only ~/ is understood; for a file of that name write ./%s",
                             path, path);
        char *home = home_folder();
        if (!home)
            return error_set(reterr, ERR_USAGE, "'%s': there is no home folder", path);
        *ret = arena_printf(reader->arena, "%s%s", home, path + 1);
        free(home);
        return true;
    }
    bool is_whole = path[0] == '/' || strcmp(path, "-") == 0 || !reader->folder;
    *ret = is_whole ? arena_strdup(reader->arena, path)
                    : arena_printf(reader->arena, "%s/%s", reader->folder, path);
    return true;
}

/* Reads a text or a path into the arena; neither is ever empty. */
static bool parse_string(const struct value_reader *reader, const char *text, char **ret,
                         struct error *reterr)
{
    if (!*text)
        return error_set(reterr, ERR_USAGE, "the value is empty");
    enum value_kind kind = reader->type->kind;
    if (kind == VALUE_PATH || kind == VALUE_PATH_LIST)
        return resolve_path(reader, text, ret, reterr);
    *ret = arena_strdup(reader->arena, text);
    return true;
}

bool value_parse_item(const struct value_reader *reader, const char *text, union value *list,
                      struct error *reterr)
{
    char *item = NULL;
    if (!parse_string(reader, text, &item, reterr))
        return false;
    /* A path_list has the same shape, and what the old array was may be shared: never grown. */
    size_t count = list->texts.count;
    char **items = arena_calloc(reader->arena, count + 1, sizeof *items);
    if (count)
        memcpy(items, list->texts.items, count * sizeof *items);
    items[count] = item;
    list->texts = (struct text_list){ .items = items, .count = count + 1 };
    return true;
}

_Static_assert(sizeof(struct text_list) == sizeof(struct path_list) &&
                   offsetof(struct text_list, items) == offsetof(struct path_list, items) &&
                   offsetof(struct text_list, count) == offsetof(struct path_list, count),
               "lists of texts and of paths have one shape");

/* What separates the items where a list is one text. */
static char separator(const struct value_type *type)
{
    return type->kind == VALUE_PATH_LIST ? ':' : ' ';
}

/* Reads all items of one text. Empty ones, as two separators in a row make, are nothing. */
static bool parse_list(const struct value_reader *reader, const char *text, union value *ret,
                       struct error *reterr)
{
    const char stops[] = { separator(reader->type), '\0' };
    *ret = (union value){ .texts = { NULL, 0 } };
    for (const char *p = text; *p; p += strspn(p, stops)) {
        size_t size = strcspn(p, stops);
        if (size && !value_parse_item(reader, arena_strndup(reader->arena, p, size), ret, reterr))
            return false;
        p += size;
    }
    if (ret->texts.count == 0)
        return error_set(reterr, ERR_USAGE, "the value is empty");
    return true;
}

bool value_is_list(const struct value_type *type)
{
    return type->kind == VALUE_TEXT_LIST || type->kind == VALUE_PATH_LIST;
}

bool value_parse(const struct value_reader *reader, const char *text, union value *ret,
                 struct error *reterr)
{
    switch (reader->type->kind) {
    case VALUE_FLAG:
        return parse_flag(text, &ret->flag, reterr);
    case VALUE_COUNT:
        return parse_count(reader, text, &ret->count, reterr);
    case VALUE_DURATION:
        return parse_duration(text, &ret->duration, reterr);
    case VALUE_BYTES:
        return parse_bytes(text, &ret->bytes, reterr);
    case VALUE_TEXT:
        return parse_string(reader, text, &ret->text.s, reterr);
    case VALUE_PATH:
        return parse_string(reader, text, &ret->path.s, reterr);
    case VALUE_CHOICE:
        return parse_choice(reader->type, text, &ret->choice, reterr);
    case VALUE_TEXT_LIST:
    case VALUE_PATH_LIST:
        return parse_list(reader, text, ret, reterr);
    }
    return error_set(reterr, ERR_INTERNAL, "unknown type of value");
}

/* Prints "1h30m"; a broken number of seconds in the largest unit that makes it whole: "1500ms". */
static void print_duration(int64_t us, struct buf *out)
{
    if (us == 0) {
        buf_add_str(out, "none");
        return;
    }
    for (size_t i = us % US_PER_SEC ? TIME_UNIT_SECOND + 1 : 0; i < TIME_UNIT_COUNT; i++) {
        int64_t size = time_units[i].size;
        bool is_fine = i > TIME_UNIT_SECOND && us % size != 0;
        if (us < size || is_fine)
            continue;
        buf_addf(out, "%" PRId64 "%s", us / size, time_units[i].name);
        us %= size;
    }
}

/* Prints "16M": the largest unit that divides it. */
static void print_bytes(uint64_t n, struct buf *out)
{
    for (size_t i = 0; i < SIZE_UNIT_COUNT; i++) {
        uint64_t size = (uint64_t)size_units[i].size;
        if (n % size != 0 || (n == 0 && size > 1))
            continue;
        buf_addf(out, "%" PRIu64 "%s", n / size, size_units[i].name);
        return;
    }
}

/* Prints the items, separated as parse_list() reads them. */
static void print_list(const struct value_type *type, const struct text_list *list, struct buf *out)
{
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0)
            buf_add_char(out, separator(type));
        buf_add_str(out, list->items[i]);
    }
}

void value_print(const struct value_type *type, const void *value, struct buf *out)
{
    union value v = { .texts = { NULL, 0 } };
    memcpy(&v, value, type->size);
    switch (type->kind) {
    case VALUE_FLAG:
        buf_add_str(out, v.flag ? "true" : "false");
        break;
    case VALUE_COUNT:
        buf_addf(out, "%" PRIu32, v.count.n);
        break;
    case VALUE_DURATION:
        print_duration(v.duration.us, out);
        break;
    case VALUE_BYTES:
        print_bytes(v.bytes.n, out);
        break;
    case VALUE_TEXT:
    case VALUE_PATH:
        buf_add_str(out, v.text.s ? v.text.s : "");
        break;
    case VALUE_CHOICE:
        buf_add_str(out, type->words[v.choice]);
        break;
    case VALUE_TEXT_LIST:
    case VALUE_PATH_LIST:
        print_list(type, &v.texts, out);
        break;
    }
}
