#!/bin/sh
# SPDX-License-Identifier: MIT
# What no source file may hold: functions that overflow or keep hidden state, variables that would
# make two engines in one process meet, files without a licence line.
set -eu
cd "$(dirname "$0")/../.."
status=0

# complain WHY PATTERN EXCEPT: reads file names; shows lines that match PATTERN and not EXCEPT.
complain() {
    found=$(xargs grep -nE "$2" /dev/null | grep -vE "$3") || return 0
    printf '%s:\n%s\n' "$1" "$found"
    status=1
}

list=$(mktemp)
find src include -name '*.[ch]' 2>/dev/null >"$list" || true
trap 'rm -f "$list"' EXIT
complain 'unbounded or stateful function' \
    '(^|[^a-zA-Z0-9_])(strcpy|strcat|stpcpy|sprintf|vsprintf|strtok|atoi|atol|atoll|gets|alloca|asctime|ctime|gmtime|localtime|tmpnam|mktemp|rand|srand|system|popen|signal)\(' \
    '^$' <"$list"
complain 'changeable static variable' \
    '^[ ]*static [a-z_0-9 ]+[ *]+[a-z_0-9]+(\[[^]]*\])*( =.*|;)$' \
    '^src/base/trace\.c:|static const |\*const ' <"$list"

for file in $(find src include tests -name '*.[ch]' 2>/dev/null | sort) \
    $(find config tests -name '*.sh' -o -name '*.cmake' -o -name CMakeLists.txt | sort); do
    head -2 "$file" | grep -q 'SPDX-License-Identifier: MIT' || {
        echo "$file: the first lines must hold the SPDX tag"
        status=1
    }
done
exit $status
