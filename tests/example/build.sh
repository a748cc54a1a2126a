#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2086,SC2046 # flags are lists of words
# build.sh BUILD STATE: the examples against the shared library, the static one, and an installed
# tree by pkg-config, each run on the fleet of STATE; the header as C99 and as C++.
set -eu
build=$1
state=$2
here=$(cd "$(dirname "$0")" && pwd)
include=$here/../../include
inventory=$(sed -n 's/^  "inventory": "\(.*\)",$/\1/p' "$state")
home=$(sed -n 's/^  "home": "\(.*\)",$/\1/p' "$state")
work=$(mktemp -d)
trap 'rm -rf "$work" "$home"/deploy.$$.*' EXIT
cc="${CC:-cc} -std=c11 -Wall -Wextra -Wpedantic -Werror"
# A library with sanitizers needs a program with them.
cc="$cc $(sed -n 's/^MUSTER_SANITIZE:STRING=\(..*\)/-fsanitize=\1/p' "$build/CMakeCache.txt")"

# uptime-NAME must say of each host of `hosts` how long it is up, and of a bad one what is wrong.
check_uptime() {
    "$work/uptime-$1" "$inventory" 'web[001-003]' >"$work/out"
    for host in web001 web002 web003; do
        grep -q "^$host: .* up .*load average" "$work/out" || {
            echo "uptime-$1: nothing of $host:" && cat "$work/out" && exit 1
        }
    done
    status=0
    "$work/uptime-$1" "$inventory" nobody 2>"$work/err" || status=$?
    if [ "$status" -ne 2 ] || ! grep -q 'unknown host "nobody"' "$work/err"; then
        echo "uptime-$1: exit $status" && cat "$work/err" && exit 1
    fi
}

mkdir -p "$work/site/css"
echo hello >"$work/site/index.html"
head -c 300000 /dev/zero >"$work/site/css/big.css"

# deploy-NAME must put the site on each host and say CHANGED of it.
deploy() {
    "$work/deploy-$1" "$inventory" 'web[001-003]' "$work/site" "deploy.$$.$1/{host}/" >"$work/out" || {
        echo "deploy-$1: exit $?" && cat "$work/out" && exit 1
    }
    for host in web001 web002 web003; do
        diff -r "$work/site" "$home/deploy.$$.$1/$host/site"
        grep -q "^$host: ok, $2" "$work/out" || {
            echo "deploy-$1: not \"$2\" of $host:" && cat "$work/out" && exit 1
        }
    done
}

# All of it at first, nothing the second time, then what differs; a source that is missing is an
# error before anything runs.
check_deploy() {
    deploy "$1" '4 of 4 changed, 300006 bytes sent'
    grep -q "^web002: create file .*/web002/site/index.html" "$work/out"
    deploy "$1" '0 of 4 changed, 0 bytes sent'
    echo olleh >"$work/site/index.html"
    deploy "$1" '1 of 4 changed, 6 bytes sent'
    grep -q "^web002: replace file .*/web002/site/index.html" "$work/out"
    echo hello >"$work/site/index.html"
    status=0
    "$work/deploy-$1" "$inventory" web001 "$work/gone" x 2>"$work/err" || status=$?
    if [ "$status" -ne 2 ] || ! grep -q 'gone: No such file' "$work/err"; then
        echo "deploy-$1: exit $status" && cat "$work/err" && exit 1
    fi
}

# try NAME FLAG...: builds the examples with the flags, and checks them.
try() {
    name=$1
    shift
    for example in uptime deploy; do
        $cc -o "$work/$example-$name" "$here/$example.c" "$@"
    done
    check_uptime "$name"
    check_deploy "$name"
    echo "$name: works"
}

try shared -I"$include" -L"$build" -lmuster -Wl,-rpath,"$build"

# Static is muster alone: what the system's libraries need to be static may not be installed.
libraries="$(pkg-config --libs $(pkg-config --print-requires-private "$build/muster.pc")) -lm -pthread"
try static -I"$include" "$build/libmuster.a" $libraries

cmake --install "$build" --prefix "$work/tree" >/dev/null
PKG_CONFIG_PATH=$(dirname "$(find "$work/tree" -name muster.pc)")
export PKG_CONFIG_PATH
try installed $(pkg-config --cflags --libs muster) \
    -Wl,-rpath,"$(pkg-config --variable=libdir muster)"
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
