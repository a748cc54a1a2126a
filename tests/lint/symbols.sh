#!/bin/sh
# SPDX-License-Identifier: MIT
# symbols.sh BUILD: only muster_* leaves the library, shared or static.
set -eu
build=$1
shared=$(find "$build" -maxdepth 1 -name 'libmuster.so' | head -1)
static=$(find "$build" -maxdepth 1 -name 'libmuster.a' | head -1)
if [ -z "$shared$static" ]; then
    echo 'SKIP: this build has no libmuster'
    exit 77
fi
status=0

# Defined global names that are not the library's own; a sanitizer's and the linker's do not count.
foreign() {
    awk 'NF == 3 && $2 ~ /^[A-TV-Z]$/ && $3 !~ /^(muster_|__asan|__odr_asan|_init$|_fini$|MUSTER_)/ \
        { print $3 }'
}

if [ -n "$shared" ]; then
    bad=$(nm -D --defined-only "$shared" | foreign)
    [ -z "$bad" ] || { echo "$shared exports:" && echo "$bad" && status=1; }
    nm -D --defined-only "$shared" | grep -q ' T muster_' || { echo "$shared: no muster_*" && status=1; }
fi
if [ -n "$static" ]; then
    bad=$(nm -g --defined-only "$static" | foreign)
    [ -z "$bad" ] || { echo "$static exports:" && echo "$bad" && status=1; }
fi
exit $status
