#!/bin/sh
# SPDX-License-Identifier: MIT
# Every shell script is plain sh, and shellcheck has nothing to say.
set -eu
cd "$(dirname "$0")/../.."
command -v shellcheck >/dev/null || {
    echo 'SKIP: needs shellcheck'
    exit 77
}
find config tests .ci -name '*.sh' -print0 | xargs -0 shellcheck --shell=sh .ci/run
