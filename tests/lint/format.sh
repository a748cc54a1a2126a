#!/bin/sh
# SPDX-License-Identifier: MIT
# Every C file is as clang-format would write it. Versions differ; 14 is the one that counts.
set -eu
cd "$(dirname "$0")/../.."
version=$(clang-format --version 2>/dev/null | sed -n 's/.*version \([0-9]*\).*/\1/p')
if [ "$version" != 14 ]; then
    echo "SKIP: needs clang-format 14, found ${version:-none}"
    exit 77
fi
find src tests include -name '*.[ch]' -print0 2>/dev/null | xargs -0 clang-format --dry-run -Werror
