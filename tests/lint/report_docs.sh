#!/bin/sh
# SPDX-License-Identifier: MIT
# Every member that the schema of the report names is described in muster-report(5).
set -eu
cd "$(dirname "$0")/../.."
status=0
members=$(sed -n '/"required"/!s/^ *"\([a-z][a-z0-9_]*\)": {.*/\1/p' config/report.schema.json |
    sort -u | grep -vE '^(allOf|if|then|else|items|properties|count|milliseconds|moment|texts|base64|digest|by_status|timing|host)$')
[ "$(echo "$members" | wc -l)" -ge 60 ] || {
    echo "only these members were found in the schema: $members"
    status=1
}
for member in $members; do
    grep -qE "(^|[^a-z_])$member([^a-z_]|\$)" man/muster-report.5 || {
        echo "muster-report.5 does not speak of \"$member\""
        status=1
    }
done
exit $status
