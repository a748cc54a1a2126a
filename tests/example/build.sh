#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2086,SC2046 # flags are lists of words
# build.sh BUILD STATE: the example against the shared library, the static one, and an installed
# tree by pkg-config, each run on the fleet of STATE; the header as C99 and as C++.
set -eu
build=$1
state=$2
here=$(cd "$(dirname "$0")" && pwd)
include=$here/../../include
inventory=$(sed -n 's/^  "inventory": "\(.*\)",$/\1/p' "$state")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cc="${CC:-cc} -std=c11 -Wall -Wextra -Wpedantic -Werror"
# A library with sanitizers needs a program with them.
cc="$cc $(sed -n 's/^MUSTER_SANITIZE:STRING=\(..*\)/-fsanitize=\1/p' "$build/CMakeCache.txt")"

# The program NAME must say of each host of `hosts` how long it is up, and of a bad one what is wrong.
check() {
    "$work/$1" "$inventory" 'web[001-003]' >"$work/out"
    for host in web001 web002 web003; do
        grep -q "^$host: .* up .*load average" "$work/out" || {
            echo "$1: nothing of $host:" && cat "$work/out" && exit 1
        }
    done
    status=0
    "$work/$1" "$inventory" nobody 2>"$work/err" || status=$?
    if [ "$status" -ne 2 ] || ! grep -q 'unknown host "nobody"' "$work/err"; then
        echo "$1: exit $status" && cat "$work/err" && exit 1
    fi
    echo "$1: works"
}

$cc -I"$include" -o "$work/shared" "$here/uptime.c" -L"$build" -lmuster -Wl,-rpath,"$build"
check shared

# Static is muster alone: what the system's libraries need to be static may not be installed.
libraries="$(pkg-config --libs $(pkg-config --print-requires-private "$build/muster.pc")) -lm -pthread"
$cc -I"$include" -o "$work/static" "$here/uptime.c" "$build/libmuster.a" $libraries
check static

cmake --install "$build" --prefix "$work/tree" >/dev/null
PKG_CONFIG_PATH=$(dirname "$(find "$work/tree" -name muster.pc)")
export PKG_CONFIG_PATH
$cc $(pkg-config --cflags muster) -o "$work/installed" "$here/uptime.c" $(pkg-config --libs muster) \
    -Wl,-rpath,"$(pkg-config --variable=libdir muster)"
check installed
[ "$("$work/tree/bin/muster" --version | head -1)" = "muster $(pkg-config --modversion muster)" ]
for page in man1/muster.1 man3/libmuster.3 man5/muster-inventory.5 man5/muster-report.5; do
    [ -s "$work/tree/share/man/$page" ] || { echo "no $page installed" && exit 1; }
done

printf '#include <muster/muster.h>\nint main(void) { return muster_version() == 0; }\n' >"$work/h.c"
${CC:-cc} -std=c99 -Wall -Wextra -Wpedantic -Werror -I"$include" -fsyntax-only "$work/h.c"
if command -v c++ >/dev/null; then
    cp "$work/h.c" "$work/h.cc"
    c++ -std=c++11 -Wall -Wextra -Wpedantic -Werror -I"$include" -fsyntax-only "$work/h.cc"
    echo 'header: C99 and C++11'
fi
