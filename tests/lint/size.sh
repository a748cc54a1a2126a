#!/bin/sh
# SPDX-License-Identifier: MIT
# Functions stay small: in src half under 12 lines, 90 % under 40, none over 70, at most 5
# parameters beside the error; no file over 600 lines. Callbacks whose parameters libssh2 dictates
# (they end in its `abstract`), and tests' fakes of its functions, may have as many as it wants.
set -eu
cd "$(dirname "$0")/../.."
command -v ctags >/dev/null || {
    echo 'SKIP: needs universal-ctags'
    exit 77
}
status=0
for file in $(find src tests include -name '*.[ch]' 2>/dev/null | sort); do
    lines=$(wc -l <"$file")
    [ "$lines" -le 600 ] || {
        echo "$file: $lines lines, more than 600"
        status=1
    }
done

# "FILE LINES PARAMETERS NAME" of each function.
functions() {
    find "$1" -name '*.c' -print0 | xargs -0 ctags -f - --languages=C --kinds-C=f --fields=+neS \
        --excmd=number | awk -F '\t' '{
        start = 0; end = 0; signature = ""
        for (i = 4; i <= NF; i++) {
            if ($i ~ /^line:/) start = substr($i, 6)
            if ($i ~ /^end:/) end = substr($i, 5)
            if ($i ~ /^signature:/) signature = substr($i, 11)
        }
        sub(/^\(/, "", signature); sub(/\)$/, "", signature)
        while (gsub(/\([^()]*\)/, "", signature)) {}
        n = split(signature, parameter, ",")
        count = 0
        for (i = 1; i <= n; i++)
            count += parameter[i] !~ /struct error \*|^\.\.\.$/
        if (signature ~ /abstract$/ || $1 ~ /^libssh2_/) count = 0
        print $2, end - start + 1, count, $1
    }'
}

check() {
    functions "$1" | awk -v where="$1" -v strict="$2" '
    $2 > 70 { print $1 ": " $4 "() has " $2 " lines, more than 70"; bad = 1 }
    $3 > 5 { print $1 ": " $4 "() has " $3 " parameters, more than 5"; bad = 1 }
    { count[$2]++; n++ }
    END {
        for (size = 1; size <= 1000; size++) {
            seen += count[size]
            if (!median && seen >= n / 2) median = size
            if (!p90 && seen >= n * 0.9) p90 = size
        }
        printf "%s: %d functions, median %d lines, 90 %% within %d\n", where, n, median, p90
        if (strict && (median >= 12 || p90 >= 40)) { print where ": functions too long"; bad = 1 }
        exit bad
    }'
}

check src 1 || status=1
check tests 0 || status=1
exit $status
