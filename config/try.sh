#!/bin/sh
# SPDX-License-Identifier: MIT
# Shows muster at work: installs what is missing, builds, starts a throwaway fleet of real SSH
# servers on 127.0.0.0/8, runs muster on it, and cleans up. Nothing outside build-try/ stays.
set -eu
cd "$(dirname "$0")/.."
top=$PWD
build=$top/build-try
state=$build/fleet.json

say() {
    printf '\n\033[1m%s\033[0m\n' "$*"
}
[ -t 1 ] || say() {
    printf '\n%s\n' "$*"
}

# The value of a key in the fleet's state file.
fleet() {
    sed -n "s/^  \"$1\": \"\(.*\)\",\$/\1/p; s/.*\"$1\": \([0-9]*\),.*/\1/p" "$state"
}

# Prints a command as one would type it, runs it, and insists on its exit status.
show() {
    expected=$1
    shown=$2
    shift 2
    say "\$ $shown"
    status=0
    "$@" </dev/null || status=$?
    echo "(exit status $status)"
    [ "$status" -eq "$expected" ] || {
        echo "try.sh: expected exit status $expected" >&2
        exit 1
    }
}

# Twelve names over real servers, and one host that is switched off.
write_inventory() {
    dir=$(fleet dir)
    cat <<END
{ "defaults": { "user": "fleet", "port": $(fleet port),
                "key": ["$dir/client/id_ed25519"], "known_hosts": ["$dir/known_hosts"] },
  "hosts": {
END
    for n in 1 2 3 4 5 6 7 8; do
        echo "    \"web0$n\": { \"address\": \"127.1.1.$n\", \"groups\": [\"web\"] },"
    done
    for n in 1 2 3 4; do
        echo "    \"db$n\": { \"address\": \"127.1.1.$((n + 8))\", \"groups\": [\"db\"] },"
    done
    echo '    "db5": { "address": "127.9.9.9", "groups": ["db"] } } }'
}

# The events of a run as a table.
table() {
    awk -F '"event":"' '$2 ~ /^host_end"/' "$1" | awk '
    function text(key) {
        if (!match($0, "\"" key "\":\"[^\"]*\"")) return "-"
        return substr($0, RSTART + length(key) + 4, RLENGTH - length(key) - 5)
    }
    function number(key) {
        if (!match($0, "\"" key "\":[0-9.]+")) return "-"
        return substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 3)
    }
    { printf "%-8s %-12s %-12s %-6s %8s ms\n",
        text("name"), text("address"), text("status"), number("exit_code"), number("total") }' |
        sort | sed '1i\
HOST     ADDRESS      STATUS       EXIT       TIME'
}

say 'Installing what is missing (sh config/deps.sh demo)'
sh config/deps.sh demo
say 'Building'
mkdir -p "$build"
if ! { cmake -S . -B "$build" -G Ninja && ninja -C "$build" muster; } >"$build/try.log" 2>&1; then
    cat "$build/try.log"
    exit 1
fi

say 'Starting real SSH servers on 127.1.1.1 to 127.1.1.16'
trap 'cd "$top" && sh tests/fleet/fleet.sh stop "$state"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
sh tests/fleet/fleet.sh start --groups 1 --no-extras --with $$ --for 600 "$state"
folder=$(fleet dir)/client
write_inventory >"$folder/muster.json"
cd "$folder"
export MUSTER_INVENTORY="$folder/muster.json"
muster=$build/muster

# shellcheck disable=SC2016 # for the remote shell
show 0 "muster run -g web 'set -- \$SSH_CONNECTION; echo \"\$(uname -s) at \$3\"'" \
    "$muster" run -g web 'set -- $SSH_CONNECTION; echo "$(uname -s) at $3"'
show 1 "muster run -w 'web[01-03]' 'test -e /etc/os-release && ls /nowhere'" \
    "$muster" run -w 'web[01-03]' 'test -e /etc/os-release && ls /nowhere'
show 4 "muster run -a -q --jsonl events.jsonl --json report.json uptime" \
    "$muster" run -a -q --jsonl events.jsonl --json report.json uptime
say 'What events.jsonl says of each host'
table events.jsonl

mkdir -p site/css
echo '<h1>Hello</h1>' >site/index.html
echo 'h1 { color: teal }' >site/css/main.css
ln -s index.html site/home.html
show 0 "muster push -g web -r --verify site 'www-{host}'" \
    "$muster" push -g web -r --verify site 'www-{host}'
say 'Once more: what is the same already is not sent'
show 0 "muster push -g web -r --skip-same site/. 'www-{host}'" \
    "$muster" push -g web -r --skip-same site/. 'www-{host}'
show 0 "muster pull -w 'web[01-02]' -v www-web01/index.html back" \
    "$muster" pull -w 'web[01-02]' -v www-web01/index.html back
show 0 'cmp site/index.html back/web02/index.html' cmp site/index.html back/web02/index.html
