#!/bin/sh
# SPDX-License-Identifier: MIT
# man.sh BUILD: the manual pages, sources and generated, as mandoc likes them.
set -eu
build=$1
cd "$(dirname "$0")/../.."
command -v mandoc >/dev/null || {
    echo 'SKIP: needs mandoc'
    exit 77
}
pages=$(find man "$build/man" -name '*.[1-8]' 2>/dev/null) || true
if [ -z "$pages" ]; then
    echo 'SKIP: no manual pages'
    exit 77
fi
# shellcheck disable=SC2086 # a list of words
mandoc -Tlint -Wwarning $pages
