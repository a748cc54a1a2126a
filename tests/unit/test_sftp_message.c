/* SPDX-License-Identifier: MIT */
/* SFTP's messages, byte for byte as draft-ietf-secsh-filexfer-02 has them. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ssh/sftp_message.h"

#define BYTES(text) (text), sizeof(text) - 1
#define ID          0x01020304
#define ID_BYTES    "\1\2\3\4"

/* --- Requests --------------------------------------------------------------------------------- */

/* The request is exactly these bytes, and leaves alone what is in the buffer already. */
static void expect_bytes(const struct sftp_request *request, const void *bytes, size_t size)
{
    struct buf out;
    buf_init(&out, 1000);
    buf_add_str(&out, "before");
    sftp_add_request(&out, ID, request);
    cr_assert_eq(out.size, 6 + size, "%zu bytes instead of %zu", out.size - 6, size);
    cr_assert_arr_eq(out.data + 6, bytes, size);
    cr_assert_arr_eq(out.data, "before", 6);
    buf_release(&out);
}

static struct wire_string handle(void)
{
    return (struct wire_string){ (const unsigned char *)"h\0e", 3 };
}

Test(sftp_request, greeting)
{
    struct buf out;
    buf_init(&out, 100);
    sftp_add_init(&out);
    cr_assert_eq(out.size, 9);
    cr_assert_arr_eq(out.data, "\0\0\0\5\1\0\0\0\3", 9);
    buf_release(&out);
}

Test(sftp_request, open)
{
    struct sftp_request r = { .type = SFTP_OPEN, .path = "a", .flags = SFTP_FOR_READING };
    expect_bytes(&r, BYTES("\0\0\0\x12\3" ID_BYTES "\0\0\0\1a\0\0\0\1\0\0\0\0"));
    r.flags = SFTP_FOR_WRITING | SFTP_CREATE | SFTP_EXCLUSIVE | SFTP_TRUNCATE;
    r.attributes = (struct sftp_attributes){ .has_mode = true, .mode = 0600 };
    expect_bytes(&r, BYTES("\0\0\0\x16\3" ID_BYTES "\0\0\0\1a\0\0\0\x3a\0\0\0\4\0\0\1\x80"));
}

Test(sftp_request, by_path_alone)
{
    static const enum sftp_type types[] = { SFTP_LSTAT, SFTP_STAT,     SFTP_OPENDIR, SFTP_REMOVE,
                                            SFTP_RMDIR, SFTP_REALPATH, SFTP_READLINK };
    static const char numbers[] = { 7, 17, 11, 13, 15, 16, 19 };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char bytes[] = "\0\0\0\x0c?" ID_BYTES "\0\0\0\3a/b";
        bytes[4] = numbers[i];
        expect_bytes(&(struct sftp_request){ .type = types[i], .path = "a/b" }, BYTES(bytes));
    }
}

Test(sftp_request, by_handle_alone)
{
    static const enum sftp_type types[] = { SFTP_CLOSE, SFTP_FSTAT, SFTP_READDIR };
    static const char numbers[] = { 4, 8, 12 };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char bytes[] = "\0\0\0\x0c?" ID_BYTES "\0\0\0\3h\0e";
        bytes[4] = numbers[i];
        expect_bytes(&(struct sftp_request){ .type = types[i], .handle = handle() }, BYTES(bytes));
    }
}

Test(sftp_request, read_and_write)
{
    struct sftp_request r = {
        .type = SFTP_READ, .handle = handle(), .offset = UINT64_C(0x0102030405060708), .size = 32000
    };
    expect_bytes(&r, BYTES("\0\0\0\x18\5" ID_BYTES "\0\0\0\3h\0e"
                           "\1\2\3\4\5\6\7\x08\0\0\x7d\0"));
    r = (struct sftp_request){
        .type = SFTP_WRITE, .handle = handle(), .offset = 0xffffffff, .data = "x\0z", .size = 3
    };
    expect_bytes(&r, BYTES("\0\0\0\x1b\6" ID_BYTES "\0\0\0\3h\0e"
                           "\0\0\0\0\xff\xff\xff\xff\0\0\0\3x\0z"));
}

Test(sftp_request, attributes_in_the_drafts_order)
{
    struct sftp_request r = { .type = SFTP_SETSTAT, .path = "a" };
    r.attributes = (struct sftp_attributes){ .has_size = true,
                                             .has_owner = true,
                                             .has_mode = true,
                                             .has_times = true,
                                             .size = UINT64_C(0x100000002),
                                             .uid = 3,
                                             .gid = 4,
                                             .mode = 0100644,
                                             .atime_s = 6,
                                             .mtime_s = 7 };
    expect_bytes(&r, BYTES("\0\0\0\x2a\x09" ID_BYTES "\0\0\0\1a\0\0\0\x0f\0\0\0\1\0\0\0\2"
                           "\0\0\0\3\0\0\0\4\0\0\x81\xa4\0\0\0\6\0\0\0\7"));
    r = (struct sftp_request){ .type = SFTP_FSETSTAT, .handle = handle() };
    r.attributes.has_size = true;
    expect_bytes(&r, BYTES("\0\0\0\x18\x0a" ID_BYTES "\0\0\0\3h\0e"
                           "\0\0\0\1\0\0\0\0\0\0\0\0"));
    r = (struct sftp_request){ .type = SFTP_MKDIR, .path = "a" };
    r.attributes = (struct sftp_attributes){ .has_mode = true, .mode = 0700 };
    expect_bytes(&r, BYTES("\0\0\0\x12\x0e" ID_BYTES "\0\0\0\1a\0\0\0\4\0\0\1\xc0"));
}

Test(sftp_request, renames_and_links)
{
    struct sftp_request r = { .type = SFTP_RENAME, .path = "old", .target = "new!" };
    expect_bytes(&r, BYTES("\0\0\0\x14\x12" ID_BYTES "\0\0\0\3old\0\0\0\4new!"));
    r.type = SFTP_POSIX_RENAME;
    expect_bytes(&r, BYTES("\0\0\0\x30\xc8" ID_BYTES "\0\0\0\x18posix-rename@openssh.com"
                           "\0\0\0\3old\0\0\0\4new!"));
    /* OpenSSH's PROTOCOL, section 4.1: the target comes first. */
    r = (struct sftp_request){ .type = SFTP_SYMLINK, .path = "link", .target = "../to" };
    expect_bytes(&r, BYTES("\0\0\0\x16\x14" ID_BYTES "\0\0\0\5../to\0\0\0\4link"));
}

Test(sftp_request, fails_whole_where_the_buffer_is_full)
{
    struct sftp_request r = { .type = SFTP_STAT, .path = "a path" };
    for (size_t cap = 0; cap < 4 + 1 + 4 + 4 + 6; cap++) {
        struct buf out;
        buf_init(&out, cap);
        sftp_add_request(&out, ID, &r);
        cr_assert(out.failed, "%zu", cap);
        buf_release(&out);
    }
}

/* --- Replies ---------------------------------------------------------------------------------- */

/* Parses a copy that ends where its memory does, so that a sanitizer sees a read past it. */
static bool parse(struct sftp_reply *ret, const void *bytes, size_t size, void **ret_copy)
{
    struct error err = ERROR_INIT;
    *ret_copy = malloc(size ? size : 1);
    memcpy(*ret_copy, bytes, size);
    bool good = sftp_parse(ret, *ret_copy, size, &err);
    cr_assert_eq(good, !error_is_set(&err));
    if (!good)
        cr_assert_eq(err.code, ERR_TRANSFER);
    error_release(&err);
    return good;
}

/* Bytes that no shorter message can be made of, but for those lengths. */
static void expect_whole_only(const void *bytes, size_t size, size_t also)
{
    for (size_t n = 0; n < size; n++) {
        struct sftp_reply reply;
        void *copy;
        bool good = parse(&reply, bytes, n, &copy);
        cr_assert_eq(good, n == also, "%zu bytes", n);
        free(copy);
    }
}

Test(sftp_reply, status)
{
    static const char bytes[] = "\x65" ID_BYTES "\0\0\0\3\0\0\0\2no\0\0\0\2en";
    struct sftp_reply r;
    void *copy;
    cr_assert(parse(&r, BYTES(bytes), &copy));
    cr_assert_eq(r.type, SFTP_STATUS);
    cr_assert_eq(r.id, ID);
    cr_assert_eq(r.status, SFTP_PERMISSION_DENIED);
    cr_assert(wire_string_is(r.text, "no"));
    free(copy);
    /* The code may stand alone, and nobody reads the language. */
    for (size_t n = 0; n < sizeof bytes - 1; n++) {
        bool good = parse(&r, bytes, n, &copy);
        cr_assert_eq(good, n == 9 || n >= 15, "%zu bytes", n);
        if (good)
            cr_assert_eq(r.text.size, n == 9 ? 0 : 2);
        free(copy);
    }
}

Test(sftp_reply, status_of_a_later_version_is_a_failure)
{
    struct sftp_reply r;
    void *copy;
    cr_assert(parse(&r, BYTES("\x65" ID_BYTES "\0\0\0\x08"), &copy));
    cr_assert_eq(r.status, SFTP_OP_UNSUPPORTED);
    free(copy);
    cr_assert(parse(&r, BYTES("\x65" ID_BYTES "\0\0\0\x09"), &copy));
    cr_assert_eq(r.status, SFTP_FAILURE);
    free(copy);
    cr_assert(parse(&r, BYTES("\x65" ID_BYTES "\xff\xff\xff\xff"), &copy));
    cr_assert_eq(r.status, SFTP_FAILURE);
    free(copy);
}

Test(sftp_reply, handle_and_data)
{
    static const char bytes[] = "\x66" ID_BYTES "\0\0\0\3h\0e";
    struct sftp_reply r;
    void *copy;
    cr_assert(parse(&r, BYTES(bytes), &copy));
    cr_assert_eq(r.type, SFTP_HANDLE);
    cr_assert_eq(r.handle.size, 3);
    cr_assert_arr_eq(r.handle.data, "h\0e", 3);
    free(copy);
    expect_whole_only(BYTES(bytes), SIZE_MAX);
    cr_assert(parse(&r, BYTES("\x67" ID_BYTES "\0\0\0\2x\0"), &copy));
    cr_assert_eq(r.type, SFTP_DATA);
    cr_assert_eq(r.data.size, 2);
    free(copy);
    cr_assert_not(parse(&r, BYTES("\x67" ID_BYTES "\xff\xff\xff\xffx"), &copy));
    free(copy);
}

Test(sftp_reply, unknown_types_are_refused)
{
    for (int type = 0; type < 256; type++) {
        struct sftp_reply r;
        void *copy;
        /* Zeros are, to each type that is known, something whole. */
        char bytes[1 + 4 + 16] = { (char)type };
        bool is_known = type == 2 || (type >= 101 && type <= 105) || type == 201;
        cr_assert_eq(parse(&r, bytes, sizeof bytes, &copy), is_known, "%d", type);
        free(copy);
    }
}

/* Attributes with these flags (of the draft), each value of its own. */
static void add_attributes(struct buf *out, uint32_t flags, uint32_t extended)
{
    wire_add_u32(out, flags);
    if (flags & 1)
        buf_add(out, "\1\2\3\4\5\6\7\x08", 8);
    if (flags & 2)
        buf_add(out, "\0\0\0\x0a\0\0\0\x0b", 8);
    if (flags & 4)
        wire_add_u32(out, 0100640);
    if (flags & 8)
        buf_add(out, "\0\0\0\x0c\0\0\0\x0d", 8);
    if (flags & 0x80000000)
        wire_add_u32(out, extended);
    for (uint32_t i = 0; flags & 0x80000000 && i < extended; i++) {
        wire_add_text(out, "acl@example.com");
        wire_add_text(out, "");
    }
}

static void expect_attributes(const struct sftp_attributes *a, uint32_t flags)
{
    cr_assert_eq(a->has_size, (flags & 1) != 0);
    cr_assert_eq(a->has_owner, (flags & 2) != 0);
    cr_assert_eq(a->has_mode, (flags & 4) != 0);
    cr_assert_eq(a->has_times, (flags & 8) != 0);
    cr_assert_eq(a->size, flags & 1 ? UINT64_C(0x0102030405060708) : 0);
    cr_assert_eq(a->uid, flags & 2 ? 10 : 0);
    cr_assert_eq(a->gid, flags & 2 ? 11 : 0);
    cr_assert_eq(a->mode, flags & 4 ? 0100640 : 0);
    cr_assert_eq(a->atime_s, flags & 8 ? 12 : 0);
    cr_assert_eq(a->mtime_s, flags & 8 ? 13 : 0);
}

Test(sftp_reply, attributes_in_every_combination)
{
    for (uint32_t i = 0; i < 32; i++) {
        uint32_t flags = (i & 15) | (i & 16 ? 0x80000000 : 0);
        struct buf out;
        struct sftp_reply r;
        void *copy;
        buf_init(&out, 1000);
        buf_add(&out, BYTES("\x69" ID_BYTES));
        add_attributes(&out, flags, 2);
        cr_assert(parse(&r, out.data, out.size, &copy));
        expect_attributes(&r.attributes, flags);
        free(copy);
        expect_whole_only(out.data, out.size, SIZE_MAX);
        buf_release(&out);
    }
}

Test(sftp_reply, extended_attributes_may_lie_about_their_number)
{
    struct sftp_reply r;
    void *copy;
    cr_assert_not(
        parse(&r, BYTES("\x69" ID_BYTES "\x80\0\0\0\xff\xff\xff\xff\0\0\0\0\0\0\0\0"), &copy));
    free(copy);
    cr_assert(parse(&r, BYTES("\x69" ID_BYTES "\x80\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0"), &copy));
    free(copy);
}

/* --- NAME ------------------------------------------------------------------------------------- */

static void add_name(struct buf *out, const char *name, uint32_t flags)
{
    wire_add_text(out, name);
    wire_add_text(out, "-rw-r--r-- 1 root");
    add_attributes(out, flags, 1);
}

/* A NAME that says that it has `count` names, and has "a" and "b". */
static void make_names(struct buf *out, uint32_t count)
{
    buf_init(out, 1000);
    buf_add(out, BYTES("\x68" ID_BYTES));
    wire_add_u32(out, count);
    add_name(out, "a", 15);
    add_name(out, "b", 0x80000000);
}

Test(sftp_names, one_after_the_other)
{
    struct buf out;
    struct sftp_reply r;
    struct sftp_name name;
    void *copy;
    make_names(&out, 2);
    cr_assert(parse(&r, out.data, out.size, &copy));
    cr_assert(sftp_next_name(&r, &name));
    cr_assert(wire_string_is(name.name, "a"));
    expect_attributes(&name.attributes, 15);
    cr_assert(sftp_next_name(&r, &name));
    cr_assert(wire_string_is(name.name, "b"));
    expect_attributes(&name.attributes, 0);
    cr_assert_not(sftp_next_name(&r, &name));
    cr_assert_not(sftp_next_name(&r, &name), "the end stays the end");
    free(copy);
    buf_release(&out);
}

Test(sftp_names, fewer_than_there_are)
{
    struct buf out;
    struct sftp_reply r;
    struct sftp_name name;
    void *copy;
    make_names(&out, 1);
    cr_assert(parse(&r, out.data, out.size, &copy));
    cr_assert(sftp_next_name(&r, &name));
    cr_assert_not(sftp_next_name(&r, &name));
    free(copy);
    buf_release(&out);
}

/* A folder's listing that lacks names must not look like a shorter folder. */
Test(sftp_names, more_than_there_are)
{
    static const uint32_t counts[] = { 3, 4, 0xffffffff };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct buf out;
        struct sftp_reply r;
        void *copy;
        make_names(&out, counts[i]);
        cr_assert_not(parse(&r, out.data, out.size, &copy), "%u", counts[i]);
        free(copy);
        buf_release(&out);
    }
}

Test(sftp_names, cut_off_anywhere)
{
    struct buf out;
    make_names(&out, 2);
    expect_whole_only(out.data, out.size, SIZE_MAX);
    buf_release(&out);
}

Test(sftp_names, none)
{
    struct sftp_reply r;
    struct sftp_name name;
    void *copy;
    cr_assert(parse(&r, BYTES("\x68" ID_BYTES "\0\0\0\0"), &copy));
    cr_assert_not(sftp_next_name(&r, &name));
    free(copy);
}

/* --- VERSION ---------------------------------------------------------------------------------- */

Test(sftp_version, extensions)
{
    static const char bytes[] = "\2\0\0\0\3"
                                "\0\0\0\3one\0\0\0\0"
                                "\0\0\0\3two\0\0\0\0011"
                                "\0\0\0\5three\0\0\0\0012";
    struct sftp_reply r;
    void *copy;
    cr_assert(parse(&r, BYTES(bytes), &copy));
    cr_assert_eq(r.type, SFTP_VERSION);
    cr_assert_eq(r.id, 3);
    cr_assert(sftp_has_extension(&r, "one", ""));
    cr_assert(sftp_has_extension(&r, "two", "1"));
    cr_assert(sftp_has_extension(&r, "three", "2"));
    cr_assert_not(sftp_has_extension(&r, "two", "2"));
    cr_assert_not(sftp_has_extension(&r, "1", ""));
    cr_assert_not(sftp_has_extension(&r, "", ""));
    free(copy);
}

Test(sftp_version, extensions_cut_off_anywhere)
{
    static const char bytes[] = "\2\0\0\0\3\0\0\0\3one\0\0\0\0011";
    for (size_t n = 0; n < sizeof bytes - 1; n++) {
        struct sftp_reply r;
        void *copy;
        bool good = parse(&r, bytes, n, &copy);
        cr_assert_eq(good, n >= 5, "%zu", n);
        if (good)
            cr_assert_not(sftp_has_extension(&r, "one", "1"));
        free(copy);
    }
}

/* --- What a reply says ------------------------------------------------------------------------ */

static void expect_text(enum sftp_status status, const char *words, const char *text)
{
    struct sftp_reply r = { .type = SFTP_STATUS, .status = status };
    char shown[200];
    r.text = (struct wire_string){ (const unsigned char *)words, strlen(words) };
    sftp_status_text(&r, shown, sizeof shown);
    cr_assert_str_eq(shown, text);
}

Test(sftp_status_text, codes_speak_for_themselves)
{
    expect_text(SFTP_NO_SUCH_FILE, "No such file", "No such file or directory");
    expect_text(SFTP_PERMISSION_DENIED, "whatever", "Permission denied");
    expect_text(SFTP_OP_UNSUPPORTED, "Operation unsupported", "the server cannot do that");
    expect_text(SFTP_EOF, "", "end of file");
    for (int status = SFTP_OK; status <= SFTP_OP_UNSUPPORTED; status++) {
        struct sftp_reply r = { .type = SFTP_STATUS, .status = (enum sftp_status)status };
        char shown[200] = "";
        r.text.data = (const unsigned char *)"";
        sftp_status_text(&r, shown, sizeof shown);
        cr_assert_gt(strlen(shown), 5);
    }
}

Test(sftp_status_text, a_failure_has_the_servers_words)
{
    expect_text(SFTP_FAILURE, "Disk quota exceeded", "Disk quota exceeded");
    expect_text(SFTP_FAILURE, "Failure", "the server says: failure"); /* OpenSSH's */
    expect_text(SFTP_FAILURE, "", "the server says: failure");
    expect_text(SFTP_FAILURE, "a\033[2Jb\nc\x7f\xc3\xa4", "a [2Jb c   ");
}

Test(sftp_status_text, is_cut_to_its_room)
{
    char words[1001], shown[20];
    memset(words, 'x', sizeof words - 1);
    words[sizeof words - 1] = '\0';
    struct sftp_reply r = { .type = SFTP_STATUS, .status = SFTP_FAILURE };
    r.text = (struct wire_string){ (const unsigned char *)words, sizeof words - 1 };
    sftp_status_text(&r, shown, sizeof shown);
    cr_assert_str_eq(shown, "xxxxxxxxxxxxxxxxxxx");
    r.text.size = 19;
    sftp_status_text(&r, shown, sizeof shown);
    cr_assert_str_eq(shown, "xxxxxxxxxxxxxxxxxxx");
    r.status = SFTP_NO_SUCH_FILE;
    sftp_status_text(&r, shown, sizeof shown);
    cr_assert_str_eq(shown, "No such file or dir");
}

Test(sftp_status_text, reads_no_further_than_the_words)
{
    char *words = malloc(3);
    memcpy(words, "abc", 3);
    struct sftp_reply r = { .type = SFTP_STATUS, .status = SFTP_FAILURE };
    char shown[200];
    r.text = (struct wire_string){ (unsigned char *)words, 3 };
    sftp_status_text(&r, shown, sizeof shown);
    cr_assert_str_eq(shown, "abc");
    free(words);
}

Test(sftp_status_text, other_answers_do_not_fit)
{
    struct sftp_reply r = { .type = SFTP_DATA };
    char shown[200];
    sftp_status_text(&r, shown, sizeof shown);
    cr_assert_str_eq(shown, "the SFTP server gave an answer that does not fit");
}

/* --- Kinds ------------------------------------------------------------------------------------ */

Test(sftp_kind, by_mode)
{
    static const struct {
        uint32_t mode;
        enum sftp_kind kind;
    } rows[] = { { S_IFREG | 0644, SFTP_KIND_FILE },   { S_IFDIR | 0755, SFTP_KIND_FOLDER },
                 { S_IFLNK | 0777, SFTP_KIND_LINK },   { S_IFIFO | 0600, SFTP_KIND_OTHER },
                 { S_IFSOCK | 0600, SFTP_KIND_OTHER }, { S_IFCHR, SFTP_KIND_OTHER },
                 { S_IFBLK, SFTP_KIND_OTHER },         { 0644, SFTP_KIND_UNKNOWN } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sftp_attributes a = { .has_mode = true, .mode = rows[i].mode };
        cr_assert_eq(sftp_kind(&a), rows[i].kind, "%o", rows[i].mode);
        a.has_mode = false;
        cr_assert_eq(sftp_kind(&a), SFTP_KIND_UNKNOWN);
    }
}
