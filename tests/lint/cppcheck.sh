#!/bin/sh
# SPDX-License-Identifier: MIT
# cppcheck over the product and the test support.
set -eu
cd "$(dirname "$0")/../.."
command -v cppcheck >/dev/null || {
    echo 'SKIP: needs cppcheck'
    exit 77
}
exec cppcheck --library=tests/lint/cppcheck.cfg --quiet --std=c11 --language=c --error-exitcode=1 --inline-suppr -j2 \
    --enable=warning,portability,performance \
   --suppress=missingInclude --suppress=preprocessorErrorDirective \
    --suppress=unknownMacro --suppress=normalCheckLevelMaxBranches -D_GNU_SOURCE -I src -I include src tests/support tests/fault tests/fleet
