/* SPDX-License-Identifier: MIT */
/* json_read, json_scan, json_write: what is taken, what is refused and where, what is written. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_copy.h"
#include "base/json_read.h"
#include "base/json_scan.h"
#include "base/json_write.h"
#include "base/memory.h"

static struct json_document *read_text(const char *text)
{
    struct json_document *doc = NULL;
    struct error err = ERROR_INIT;
    cr_assert(json_read(&doc, "t", text, strlen(text), ERR_INVENTORY, &err), "%s: %s", text,
              error_text(&err));
    return doc;
}

static void expect_error_bytes(const char *text, size_t size, const char *wanted)
{
    struct json_document *doc = NULL;
    struct error err = ERROR_INIT;
    cr_assert_not(json_read(&doc, "t", text, size, ERR_INVENTORY, &err), "passed: %s", text);
    cr_assert_eq(err.code, ERR_INVENTORY);
    cr_assert_null(doc);
    cr_assert_str_eq(error_text(&err), wanted, "%s\n got: %s\nwant: %s", text, error_text(&err),
                     wanted);
    error_release(&err);
}

static void expect_error(const char *text, const char *wanted)
{
    expect_error_bytes(text, strlen(text), wanted);
}

Test(json_read, gives_values_in_document_order)
{
    struct json_document *doc =
        read_text("\xef\xbb\xbf{\"b\": [1, -2.5e3, true, null], // comment \"]\n"
                  " \"a\": \"x\\u00e4\\ud83d\\ude00\\n\", /* { */ \"B\": {},}");
    const struct json_value *root = json_root(doc), *v = json_first(root);
    cr_assert_eq(json_type(root), JSON_OBJECT);
    cr_assert_null(json_key(root));
    cr_assert_str_eq(json_key(v), "b");
    const struct json_value *item = json_first(v);
    cr_assert_float_eq(json_number(item), 1, 0);
    cr_assert_null(json_key(item));
    cr_assert_float_eq(json_number(json_next(item)), -2500, 0);
    item = json_next(json_next(item));
    cr_assert(json_bool(item));
    cr_assert_eq(json_type(item), JSON_BOOL);
    cr_assert_eq(json_type(json_next(item)), JSON_NULL);
    cr_assert_null(json_next(json_next(item)));
    v = json_next(v);
    cr_assert_str_eq(json_string(v), "x\xc3\xa4\xf0\x9f\x98\x80\n");
    v = json_next(v);
    cr_assert_eq(json_type(v), JSON_OBJECT);
    cr_assert_null(json_first(v));
    cr_assert_null(json_next(v));
    cr_assert_eq(json_member(root, "B"), v, "keys differ in case");
    cr_assert_null(json_member(root, "A"));
    json_document_free(doc);
    json_document_free(NULL);
}

Test(json_read, takes_every_kind_of_root)
{
    static const char *const good[] = {
        "0",
        "-0.5E+1",
        "true",
        "false",
        "null",
        "\"\"",
        "[]",
        "{}",
        " [ ] ",
        "[1,]",
        "{\"a\":1 , }",
        "//x\n[]//y",
        "/**/[/***/]/* */",
        "[\n1,// one\n2, /* two */ ]\r\n",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        json_document_free(read_text(good[i]));
}

Test(json_read, names_the_place_of_a_syntax_error)
{
    static const char *const rows[][2] = {
        { "", "t:1:1: the file is empty" },
        { " \n // only this", "t:2:14: the file is empty" },
        { "{", "t:1:2: the file ends before the '{' of 1:1 is closed" },
        { "[1, [2, 3]", "t:1:11: the file ends before the '[' of 1:1 is closed" },
        { "[1,", "t:1:4: the file ends before the '[' of 1:1 is closed" },
        { "{\"a\"", "t:1:5: expected ':' after the key, found the end of the file" },
        { "{\"a\":", "t:1:6: the file ends before the '{' of 1:1 is closed" },
        { "[1 2]", "t:1:4: expected ',' or ']', found '2'" },
        { "{\"a\":1 \"b\"}", "t:1:8: expected ',' or '}', found '\"'" },
        { "{\"a\":1]", "t:1:7: expected ',' or '}', found ']'" },
        { "{a:1}", "t:1:2: expected a key in double quotes, found 'a'" },
        { "{,}", "t:1:2: expected a key in double quotes, found ','" },
        { "[,]", "t:1:2: expected a value, found ','" },
        { "[1,,]", "t:1:4: expected a value, found ','" },
        { "{\"a\" 1}", "t:1:6: expected ':' after the key, found '1'" },
        { "[]x", "t:1:3: expected the end of the file, found 'x'" },
        { "{}\n{}", "t:2:1: expected the end of the file, found '{'" },
        { "[True]", "t:1:2: unknown word 'True' (a string needs double quotes)" },
        { "[nullx]", "t:1:2: unknown word 'nullx' (a string needs double quotes)" },
        { "['a']", "t:1:2: expected a value, found '''" },
        { "[\"a]\n", "t:1:2: the string is not closed on its line" },
        { "[\"a", "t:1:2: the string is not closed on its line" },
        { "[\"\xc3\xa4\tb\"]", "t:1:4: a control character in a string is written \\u0009" },
        { "[\"\\x\"]", "t:1:3: unknown escape in a string (a backslash is written \\\\)" },
        { "[\"\\", "t:1:3: unknown escape in a string (a backslash is written \\\\)" },
        { "[\"\\u12g4\"]", "t:1:3: \\u needs four hexadecimal digits" },
        { "[\"\\u0000\"]", "t:1:3: \\u0000 (NUL) is not allowed" },
        { "[\"\\ud800\"]", "t:1:3: \\ud800 is half of a surrogate pair" },
        { "[\"\\ud800\\u0041\"]", "t:1:3: \\ud800 is half of a surrogate pair" },
        { "[\"\\udc00\\ud800\"]", "t:1:3: \\udc00 is half of a surrogate pair" },
        { "[01]", "t:1:2: a number does not begin with 0 (quote it to make it a string)" },
        { "[-01]", "t:1:2: a number does not begin with 0 (quote it to make it a string)" },
        { "[-]", "t:1:3: expected a digit, found ']'" },
        { "[+1]", "t:1:2: expected a value, found '+'" },
        { "[1.]", "t:1:4: expected a digit after the decimal point, found ']'" },
        { "[.5]", "t:1:2: expected a value, found '.'" },
        { "[1e+]", "t:1:5: expected a digit in the exponent, found ']'" },
        { "[1e999]", "t:1:2: /0: the number is too large" },
        { "[1234567890123456789012345678901234567890123456789012345678901]",
          "t:1:2: a number of more than 60 characters" },
        { "[1 / 2]", "t:1:4: unexpected '/' (a comment begins with // or /*)" },
        { "[1] /* never", "t:1:5: the comment is not closed" },
        { "[1, \x01]", "t:1:5: expected a value, found the control character U+0001" },
        { "[\"\xff\"]", "t:1:3: byte 0xff is not valid UTF-8" },
        { "// \xc3\xa4\n[\"\xc3\xa4\xed\xa0\x80\"]", "t:2:4: byte 0xed is not valid UTF-8" },
        { "/* \xc3\xa4\xe2\x82\xac */ x",
          "t:1:10: unknown word 'x' (a string needs double quotes)" },
        { "\xef\xbb\xbf x", "t:1:2: unknown word 'x' (a string needs double quotes)" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect_error(rows[i][0], rows[i][1]);
    expect_error_bytes("[\"a\0b\"]", 7, "t:1:4: a NUL byte: this is not a JSON text");
    expect_error_bytes("[]\0", 3, "t:1:3: a NUL byte: this is not a JSON text");
}

Test(json_read, refuses_duplicate_keys_in_small_and_large_objects)
{
    expect_error("{\"a\":1,\n \"\\u0061\":2}", "t:2:2: /a: the key is there twice");
    expect_error("[{}, {\"x\": {\"k/~\": 1, \"\": 2, \"\": 3}}]",
                 "t:1:30: /1/x/: the key is there twice");
    struct buf b;
    buf_init(&b, 1 << 20);
    for (int i = 0; i < 1000; i++)
        buf_addf(&b, "%c\"key%d\":%d", i ? ',' : '{', i, i);
    buf_addf(&b, ",\n\"key500\" /* \"again\" */ : 1}");
    expect_error(buf_str(&b), "t:2:1: /key500: the key is there twice");
    buf_release(&b);
}

Test(json_read, limits_depth)
{
    char text[2 * JSON_DEPTH_MAX + 3];
    memset(text, '[', JSON_DEPTH_MAX);
    memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    text[2 * JSON_DEPTH_MAX] = '\0';
    json_document_free(read_text(text));
    memset(text, '[', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    expect_error(text, "t:1:65: nested more than 64 deep");
}

static void expect_where(const struct json_document *doc, const struct json_value *v,
                         const char *wanted, const char *wanted_key)
{
    char *where = json_where(doc, v), *key = json_where_key(doc, v);
    cr_assert_str_eq(where, wanted, "%s", where);
    cr_assert_str_eq(key, wanted_key, "%s", key);
    free(where);
    free(key);
}

Test(json_read, maps_values_to_places_and_pointers)
{
    struct json_document *doc =
        read_text("\xef\xbb\xbf{ \"h/o~st\\\"s\" /* \"x\" */ : {\n"
                  "  \"\xc3\xa4\" : [ {}, [], 7 ],  /* \xc3\xa4 */ \"p\": 1,\n"
                  "  \"\\u001b\\u0085\": \"v\" } }");
    const struct json_value *root = json_root(doc), *hosts = json_first(root);
    const struct json_value *list = json_first(hosts),
                            *seven = json_next(json_next(json_first(list)));
    expect_where(doc, root, "t:1:1", "t:1:1");
    expect_where(doc, hosts, "t:1:27: /h~1o~0st\"s", "t:1:3: /h~1o~0st\"s");
    expect_where(doc, list, "t:2:9: /h~1o~0st\"s/\xc3\xa4", "t:2:3: /h~1o~0st\"s/\xc3\xa4");
    expect_where(doc, seven, "t:2:19: /h~1o~0st\"s/\xc3\xa4/2", "t:2:19: /h~1o~0st\"s/\xc3\xa4/2");
    expect_where(doc, json_next(list), "t:2:38: /h~1o~0st\"s/p", "t:2:33: /h~1o~0st\"s/p");
    expect_where(doc, json_next(json_next(list)), "t:3:19: /h~1o~0st\"s/\\u001b\\u0085",
                 "t:3:3: /h~1o~0st\"s/\\u001b\\u0085");
    cr_assert_lt(json_offset(list), json_offset(seven));
    cr_assert_lt(json_offset(seven), json_offset(json_next(list)));
    cr_assert_str_eq(json_name(doc), "t");
    struct error err = ERROR_INIT;
    cr_assert_not(json_error(doc, seven, ERR_CONFIG, &err, "%d is %s", 7,
                             json_type_phrase(json_type(seven))));
    cr_assert_str_eq(error_text(&err), "t:2:19: /h~1o~0st\"s/\xc3\xa4/2: 7 is a number");
    cr_assert_eq(err.code, ERR_CONFIG);
    error_release(&err);
    json_document_free(doc);
}

Test(json_write, puts_commas_and_lines)
{
    struct buf b;
    struct json_writer w;
    static const char *const wanted[] = {
        "{\"a\":[1,-2,{}],\"b\":{\"c\":null,\"d\":[]},\"e\":true}",
        "{\n  \"a\": [\n    1,\n    -2,\n    {}\n  ],\n  \"b\": {\n    \"c\": null,\n    \"d\": []\n"
        "  },\n  \"e\": true\n}",
    };
    for (unsigned i = 0; i < 2; i++) {
        buf_init(&b, 1000);
        json_writer_init(&w, &b, i * 2);
        json_begin_object(&w);
        json_add_key(&w, "a");
        json_begin_array(&w);
        json_add_uint(&w, 1);
        json_add_int(&w, -2);
        json_begin_object(&w);
        json_end_object(&w);
        json_end_array(&w);
        json_add_key(&w, "b");
        json_begin_object(&w);
        json_add_key(&w, "c");
        json_add_string(&w, NULL);
        json_add_key(&w, "d");
        json_begin_array(&w);
        json_end_array(&w);
        json_end_object(&w);
        json_add_key(&w, "e");
        json_add_bool(&w, true);
        json_end_object(&w);
        cr_assert_str_eq(buf_str(&b), wanted[i], "%s", buf_str(&b));
        json_document_free(read_text(buf_str(&b)));
        buf_release(&b);
    }
}

/* Writes one string value and compares. */
static void expect_string(const char *data, size_t size, const char *wanted, bool whole)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, 1000);
    json_writer_init(&w, &b, 0);
    cr_assert_eq(json_add_bytes(&w, data, size), whole, "%s", wanted);
    cr_assert_str_eq(buf_str(&b), wanted, "%s", buf_str(&b));
    buf_release(&b);
}

Test(json_write, escapes_controls_and_replaces_bad_bytes)
{
    expect_string("", 0, "\"\"", true);
    expect_string("a\"\\/\b\f\n\r\t\x01\x1b\x7f", 12,
                  "\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001b\\u007f\"", true);
    expect_string("a\0b", 3, "\"a\xef\xbf\xbd\x62\"", false);
    expect_string("\xc3\xa4\xc2\x85\xe2\x80\xa8\xf0\x9f\x98\x80", 11,
                  "\"\xc3\xa4\\u0085\\u2028\xf0\x9f\x98\x80\"", true);
    expect_string("x\xff\xe2\x82", 4, "\"x\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", false);
    expect_string("\xed\xa0\x80y", 4, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdy\"", false);
}

Test(json_write, numbers_and_base64)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, 1000);
    json_writer_init(&w, &b, 0);
    json_begin_array(&w);
    json_add_ms(&w, 1234);
    json_add_ms(&w, 7);
    json_add_ms(&w, -1);
    json_add_int(&w, INT64_MIN);
    json_add_uint(&w, UINT64_MAX);
    json_add_double(&w, 0.1);
    json_add_double(&w, -3);
    json_add_double(&w, 1e300 * 1e300);
    json_add_double(&w, 1.0 / 3);
    json_add_base64(&w, "", 0);
    json_add_base64(&w, "f", 1);
    json_add_base64(&w, "fo", 2);
    json_add_base64(&w, "foobar\xff\xfe", 8);
    json_end_array(&w);
    cr_assert_str_eq(buf_str(&b), "[1.234,0.007,null,-9223372036854775808,18446744073709551615,"
                                  "0.1,-3,null,0.3333333333333333,"
                                  "\"\",\"Zg==\",\"Zm8=\",\"Zm9vYmFy//4=\"]");
    buf_release(&b);
}

Test(json_write, strings_in_parts_need_no_large_buffer)
{
    struct buf b, whole;
    struct json_writer w;
    buf_init(&b, 16);
    buf_init(&whole, 1000);
    json_writer_init(&w, &b, 0);
    json_begin_array(&w);
    json_begin_string(&w);
    for (int i = 0; i < 10; i++) {
        cr_assert(json_add_part(&w, "a\n\xc3\xa4", 4));
        buf_add(&whole, b.data, b.size);
        buf_clear(&b);
    }
    json_end_string(&w);
    json_begin_string(&w);
    json_add_base64_part(&w, "foo", 3);
    json_add_base64_part(&w, "b", 1);
    json_end_string(&w);
    json_end_array(&w);
    buf_add(&whole, b.data, b.size);
    cr_assert_not(b.failed);
    cr_assert_eq(strncmp(buf_str(&whole), "[\"a\\n\xc3\xa4", 6), 0);
    cr_assert_eq(whole.size, strlen("[\"\",\"Zm9vYg==\"]") + 10 * 5);
    cr_assert_str_eq(buf_str(&whole) + 2 + 10 * 5, "\",\"Zm9vYg==\"]");
    buf_release(&whole);
    buf_release(&b);
}

Test(json_copy, writes_what_was_read)
{
    static const char text[] = "{\"a\":[1,2.5,\"x\\n\",true,false,null,{}],\"b\":{\"c\":[]}}";
    struct json_document *doc = read_text(text);
    struct buf b;
    struct json_writer w;
    buf_init(&b, 1000);
    json_writer_init(&w, &b, 0);
    json_copy(&w, json_root(doc));
    cr_assert_str_eq(buf_str(&b), text, "%s", buf_str(&b));
    buf_release(&b);
    json_document_free(doc);
}

/* Random bytes, written and read back, are what utf8 says they are. */
Test(json_write, whatever_is_written_can_be_read)
{
    srand(7);
    for (int round = 0; round < 20000; round++) {
        char data[12];
        size_t size = (size_t)rand() % sizeof data;
        for (size_t i = 0; i < size; i++)
            data[i] = (char)(rand() % 3 ? rand() % 256 : 0xc0 | rand() % 64);
        struct buf b;
        struct json_writer w;
        buf_init(&b, 1000);
        json_writer_init(&w, &b, 0);
        bool whole = json_add_bytes(&w, data, size);
        cr_assert_eq(whole, json_are_bytes_whole(data, size));
        struct json_document *doc = read_text(buf_str(&b));
        const char *back = json_string(json_root(doc));
        cr_assert_eq(whole, strlen(back) == size && memcmp(back, data, size) == 0);
        json_document_free(doc);
        buf_release(&b);
    }
}
