/* SPDX-License-Identifier: MIT */
#include "base/nearest.h"

#include <ctype.h>
#include <string.h>

/* How far words are apart: one edit is nearer than the beginning of a word to the whole, two are
 * not. */
enum { EDIT = 2, BEGINNING = 3 };

/* Letters that are taken for the same become the same. */
static char fold(char c)
{
    return c == '-' ? '_' : (char)tolower((unsigned char)c);
}

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Are the two letters before a[i] and b[j] the same but swapped? */
static int is_swap(const char *a, size_t i, const char *b, size_t j)
{
    return i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) && fold(a[i - 2]) == fold(b[j - 1]);
}

/* Insertions, deletions, replacements and swaps of neighbours that make `b` of `a`; both are at
 * most NEAREST_MAX long. Three rows of the usual table: rows[i % 3][j] is the distance of the first
 * i letters of a from the first j of b. */
static size_t edit_distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t rows[3][NEAREST_MAX + 1] = { { 0 } };
    for (size_t j = 0; j <= b_size; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t replaced = above[j - 1] + (fold(a[i - 1]) != fold(b[j - 1]));
            row[j] = min3(above[j] + 1, row[j - 1] + 1, replaced);
            if (is_swap(a, i, b, j) && two_above[j - 2] + 1 < row[j])
                row[j] = two_above[j - 2] + 1;
        }
    }
    return rows[a_size % 3][b_size];
}

/* Does `candidate` start with the word, which is long enough to mean something? */
static int is_beginning(const char *word, size_t word_size, const char *candidate)
{
    size_t i = 0;
    while (i < word_size && fold(word[i]) == fold(candidate[i]))
        i++;
    return word_size >= 3 && i == word_size;
}

void nearest_init(struct nearest *n, const char *word)
{
    n->word = word;
    n->best[0] = '\0';
    n->distance = EDIT * ((strlen(word) + 1) / 3) + 1;
}

void nearest_offer(struct nearest *n, const char *candidate)
{
    size_t word_size = strlen(n->word);
    size_t size = strlen(candidate);
    if (word_size > NEAREST_MAX || size > NEAREST_MAX || size == 0)
        return;
    size_t distance = EDIT * edit_distance(n->word, word_size, candidate, size);
    if (distance > BEGINNING && is_beginning(n->word, word_size, candidate))
        distance = BEGINNING;
    if (distance >= n->distance)
        return;
    memcpy(n->best, candidate, size + 1);
    n->distance = distance;
}

const char *nearest_name(const struct nearest *n)
{
    return n->best[0] ? n->best : NULL;
}
