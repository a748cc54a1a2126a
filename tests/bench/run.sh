#!/bin/sh
# SPDX-License-Identifier: MIT
# Measures muster; prints, and asserts nothing.
#
#   sh tests/bench/run.sh BUILD [THOUSANDS]
#
# `true` on 500 hosts of real sshd; the memory of an open session; and, where a network namespace
# can be made, THOUSANDS (10) thousand hosts of one small server. Transfers are in transfer.sh.
set -eu
build=$(cd "${1:?which build folder?}" && pwd)
thousands=${2:-10}
here=$(cd "$(dirname "$0")" && pwd)
muster=$build/muster
measure=$build/tests/measure
work=$(mktemp -d /tmp/muster-bench.XXXXXX)
state=$work/fleet.json
export KEEPER="$build/tests/keeper" HOME="$work"
trap 'sh "$here/../fleet/fleet.sh" stop "$state"; rm -rf "$work"' EXIT
trap 'exit 130' INT

fleet() {
    sed -n "s/^  \"$1\": \"\(.*\)\",\$/\1/p" "$state"
}

real_servers() {
    sh "$here/../fleet/fleet.sh" start --groups 32 --no-extras --with $$ "$state"
    inventory=$(fleet inventory)
    hosts='web[001-256],db-[1-128],app[01-64].example.com,Cache_[1-52]'
    for fanout in 1 16 64 128; do
        printf 'true, 500 sshd, fanout %-4s ' "$fanout"
        "$measure" 500 "$muster" run -i "$inventory" -w "$hosts" -f "$fanout" -q true
    done
    printf 'sleep 3, 500 sessions open    '
    "$measure" 500 "$muster" run -i "$inventory" -w "$hosts" -f 500 -q 'sleep 3'
    printf 'sleep 3, 1 session open       '
    "$measure" 1 "$muster" run -i "$inventory" -w web001 -q 'sleep 3'
    sh "$here/../fleet/fleet.sh" stop "$state"
}

# In a network namespace of its own, 0.0.0.0 is nobody's but ours.
many_hosts() {
    ssh-keygen -q -t ed25519 -N '' -f "$work/host" </dev/null
    ssh-keygen -q -t ed25519 -N '' -f "$work/id" </dev/null
    echo "* $(cut -d' ' -f1,2 "$work/host.pub")" >"$work/known_hosts"
    {
        echo "{ \"defaults\": { \"user\": \"x\", \"port\": 2222, \"key\": [\"$work/id\"],"
        echo "  \"known_hosts\": [\"$work/known_hosts\"] }, \"hosts\": {"
        seq 0 $((thousands * 1000 - 1)) |
            awk '{ printf "%s\"n%d\": { \"address\": \"127.50.%d.%d\" }", (NR > 1 ? ",\n" : ""),
                $1, int($1 / 250), $1 % 250 + 1 }'
        echo '} }'
    } >"$work/many.json"
    count=$((thousands * 1000))
    # shellcheck disable=SC2016 # for the inner shell
    unshare -rn sh -c '
        ip link set lo up
        "$1/tests/fleet_server" 0.0.0.0 2222 "$2/host" &
        server=$!
        sleep 0.5
        for fanout in 64 1000; do
            printf "true, %d simulated, fanout %-5s" "$3" "$fanout"
            "$1/tests/measure" "$3" "$1/muster" run -i "$2/many.json" -a -f "$fanout" -q true
        done
        printf "%d sessions open at once      " "$3"
        "$1/tests/measure" "$3" "$1/muster" run -i "$2/many.json" -a -f "$3" -q "sleep $(($3 * 2))"
        kill $server
        wait $server' sh "$build" "$work" "$count" || true
}

"$build/tests/bench_known_hosts"
real_servers
many_hosts
