#!/bin/sh
# SPDX-License-Identifier: MIT
# bench_inventory.sh BUILD [HOSTS]: CPU time and memory to load, select and fold large inventories.
# Prints figures, judges nothing. The aim: 100,000 hosts in under 2 s and 400 MB.
set -eu
build=$(cd "${1:?which build folder?}" && pwd)
hosts=${2:-100000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# each FORM: an inventory in which every host has an entry of its own, or is in one range.
each() {
    awk -v n="$hosts" -v form="$1" 'BEGIN {
        if (form == "range") {
            printf "{\"hosts\": {\"web[1-%d].example.com\": {\"groups\": [\"web\"]}},", n
        } else {
            printf "{\"hosts\": {\n"
            for (i = 1; i <= n; i++)
                printf "\"web%06d.dc%d.example.com\": {\"address\": \"10.%d.%d.%d\", " \
                       "\"port\": %d, \"groups\": [\"web\", \"rack%d\"], " \
                       "\"vars\": {\"rack\": \"r%d\", \"serial\": %d}}%s\n",
                    i, i % 4, i / 65536 % 256, i / 256 % 256, i % 256, 2000 + i % 50, i % 200,
                    i % 200, i, i < n ? "," : ""
            printf "},"
        }
        printf "\"defaults\": {\"user\": \"deploy\"},"
        printf "\"groups\": {\"web\": {\"timeout\": \"5m\"}, \"all\": {\"children\": [\"web\"]},"
        printf "\"some\": {\"hosts\": [\"web*1*\", \"@web!web*9*\"]}}}\n"
    }'
}

# list WHAT WORD...: one line of figures for `muster list WORD...`.
list() {
    printf '%-32s ' "$1"
    shift
    "$build/tests/measure" "$hosts" "$build/muster" list "$@"
}

echo "$hosts hosts"
for form in entries range; do
    each "$form" >"$work/$form.json"
    list "$form: --check" -i "$work/$form.json" --check
    list "$form: -a --fold" -i "$work/$form.json" -a --fold
    list "$form: -g some -x --fold" -i "$work/$form.json" -g some -x 'web*7*' --fold
    list "$form: -a" -i "$work/$form.json" -a
    list "$form: -a --json" -i "$work/$form.json" -a --json
done
list "no inventory: -w RANGE --fold" -l me -w "web[1-$hosts]" --fold
