#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2086 # options of ssh are lists of words
# Measures push and pull beside others; prints, and asserts nothing.
#
#   sh tests/bench/transfer.sh BUILD [one|many|small|memory ...]
#
#   one     200 MiB to one host and back, beside scp with the same cipher
#   many    10 MiB to 50 hosts and 5 MiB from them, beside clush and parallel-scp, these as they come
#           and with the cheaper key exchange and cipher that muster has
#   small   2,000 files of 4 KiB to one host and back over a line of 20 ms each way, beside rsync
#           and scp
#   memory  of muster with 1 and 50 hosts at once
#
# Real servers share the machine with the clients: look at CPU before wall time. Every host has an
# account with a home of its own. ROUNDS (2): how often each set is run, one program after the other;
# DELAY_MS (20): the long line, each way.
set -eu
build=$(cd "${1:?which build folder?}" && pwd)
shift
rounds=${ROUNDS:-2}
delay_ms=${DELAY_MS:-20}
here=$(cd "$(dirname "$0")" && pwd)
muster=$build/muster
work=$(mktemp -d /tmp/muster-bench.XXXXXX)
state=$work/fleet.json
delay_pid=
export KEEPER="$build/tests/keeper" HOME="$work"
clean_up() {
    [ -z "$delay_pid" ] || kill "$delay_pid" 2>/dev/null || true
    sh "$here/../fleet/fleet.sh" stop "$state"
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

hosts='web[001-032],db-[1-16],app01.example.com,Cache_1'
fast='-o KexAlgorithms=curve25519-sha256 -o Ciphers=aes128-ctr'

fleet() {
    sed -n "s/^  \"$1\": \"\(.*\)\",\$/\1/p" "$state"
}

# "NAME ADDRESS USER" of each host, and of the long line to the first.
write_hosts() {
    "$muster" list -i "$(fleet inventory)" -w "$hosts" |
        sed 's/^\([^ ]*\) .*@\([0-9.]*\):.*/\1 \2/' | awk '{ print $1, $2, "h" NR }' >"$work/all"
    cut -d' ' -f1 "$work/all" >"$work/hosts"
    echo 'far 127.8.0.1 h1' >"$work/far"
}

# Accounts like the fleet's own, which have the same uid.
add_accounts() {
    dir=$(fleet dir)
    owner=$(stat -c %u:%g "$dir/home/fleet")
    while read -r name address user; do
        mkdir -p "$dir/home/$user/.ssh"
        cp "$dir/home/fleet/.ssh/authorized_keys" "$dir/home/$user/.ssh"
        echo "$user:x:$owner:$name at $address:$dir/home/$user:/bin/sh" >>"$dir/nss/passwd"
        echo "$user:*:19000:0:99999:7:::" >>"$dir/nss/shadow"
        chown -R "$owner" "$dir/home/$user"
    done <"$work/all"
    there=$dir/home/h1/bench
}

# What ssh needs to know.
write_ssh_config() {
    cat "$work/all" "$work/far" | sed 's/\(.*\) \(.*\) \(.*\)/Host \1\n HostName \2\n User \3/'
    echo "Host *
 Port $port
 IdentityFile $(fleet key)
 IdentityAgent none
 UserKnownHostsFile $work/known_hosts
 BatchMode yes"
}

# The same for muster, of the hosts in FILE.
write_inventory() {
    echo "{ \"defaults\": { \"port\": $port, \"key\": [\"$(fleet key)\"],"
    echo "  \"known_hosts\": [\"$work/known_hosts\"] }, \"hosts\": {"
    sed 's/\(.*\) \(.*\) \(.*\)/ "\1": { "address": "\2", "user": "\3" }/; $!s/$/,/' "$1"
    echo '} }'
}

start_fleet() {
    sh "$here/../fleet/fleet.sh" start --groups 4 --no-extras --with $$ "$state"
    port=$(sed -n 's/^  "port": \([0-9]*\),.*/\1/p' "$state")
    sed 'p; s/^\[127\.1\.1\.1\]/[127.8.0.1]/' "$(fleet known_hosts)" | sort -u >"$work/known_hosts"
    write_hosts
    add_accounts
    write_ssh_config >"$work/ssh_config"
    write_inventory "$work/all" >"$work/all.json"
    write_inventory "$work/far" >"$work/far.json"
    ssh="-F $work/ssh_config"
}

# A folder on every server, empty.
fresh_there() {
    for home in "$dir"/home/h*; do
        rm -rf "$home/bench"
        install -d -m 0777 "$home/bench"
    done
}

# row MIB WHAT PROGRAM ARG...: one line of figures.
row() {
    mib=$1
    printf '  %-44s ' "$2"
    shift 2
    "$build/tests/measure" --mib "$mib" "$@" 2>"$work/stderr" | tee "$work/figures"
    grep -q '^exit 0,' "$work/figures" || tail -n 2 "$work/stderr"
    sync -f "$work"
}

has() {
    command -v "$1" >/dev/null || {
        echo "  $1 is missing: not compared"
        return 1
    }
}

repeat() {
    round=1
    while [ "$round" -le "$rounds" ]; do
        "$@"
        round=$((round + 1))
    done
}


one_round() {
    cipher='-o Ciphers=aes128-ctr -o MACs=hmac-sha2-256'
    fresh_there
    row 200 'muster push' "$muster" push -i "$work/all.json" -w web001 -q "$work/big" bench/
    cmp "$work/big" "$there/big"
    fresh_there # to free an old file takes time, too
    row 200 'scp aes128-ctr up' scp -q $ssh $cipher "$work/big" web001:bench/big
    row 200 'muster pull' "$muster" pull -i "$work/all.json" -w web001 -q bench/big "$work/down"
    cmp "$work/big" "$work/down/web001/big"
    rm -rf "$work/down"
    row 200 'scp aes128-ctr down' scp -q $ssh $cipher web001:bench/big "$work/down"
    rm -rf "$work/down"
}

one() {
    echo '200 MiB, one sshd'
    head -c 209715200 /dev/urandom >"$work/big"
    repeat one_round
    rm -f "$work/big"
}

clush_both() {
    row 500 "clush --copy $1" clush -S -w "$(paste -sd, "$work/hosts")" -f 50 -o "$ssh $2" \
        --copy "$work/ten" --dest bench/clush
    mkdir "$work/down"
    row 250 "clush --rcopy $1" clush -S -w "$(paste -sd, "$work/hosts")" -f 50 -o "$ssh $2" \
        --rcopy bench/five --dest "$work/down"
    rm -rf "$work/down"
}

parallel_both() {
    row 500 "parallel-scp $1" parallel-scp -h "$work/hosts" -p 50 -x "$ssh $2" "$work/ten" bench/pscp
    row 250 "parallel-slurp $1" parallel-slurp -h "$work/hosts" -p 50 -x "$ssh $2" \
        -L "$work/down" bench/five five
    rm -rf "$work/down"
}

# Does every host have it?
check_there() {
    for home in "$dir"/home/h*; do
        cmp "$work/ten" "$home/bench/$1"
        rm "$home/bench/$1"
    done
}

many_round() {
    fresh_there
    for home in "$dir"/home/h*; do
        cp "$work/five" "$home/bench/five"
    done
    row 500 'muster push' "$muster" push -i "$work/all.json" -a -f 50 -q "$work/ten" bench/
    check_there ten
    row 250 'muster pull' "$muster" pull -i "$work/all.json" -a -f 50 -q bench/five "$work/down"
    rm -rf "$work/down"
    if has clush; then
        clush_both '(as it comes)' ''
        check_there clush
        clush_both '(curve25519, aes128-ctr)' "$fast"
        check_there clush
    fi
    if has parallel-scp; then
        parallel_both '(as it comes)' ''
        check_there pscp
        parallel_both '(curve25519, aes128-ctr)' "$fast"
        check_there pscp
    fi
}

many() {
    echo '10 MiB to 50 sshd, 5 MiB from 50, fanout 50'
    head -c 10485760 /dev/urandom >"$work/ten"
    head -c 5242880 /dev/urandom >"$work/five"
    repeat many_round
    rm -f "$work/ten" "$work/five"
}

small_round() {
    fresh_there
    far=$work/far.json
    row 7.8 'muster push -r' "$muster" push -i "$far" -a -q -r "$work/tree" bench/
    row 7.8 'muster push -r, over what is there' \
        "$muster" push -i "$far" -a -q -r "$work/tree" bench/
    ! has rsync || row 7.8 'rsync -a up' rsync -a -e "ssh $ssh" "$work/tree" far:bench/rsync
    ! has rsync || row 7.8 'rsync -a --ignore-times up, over it' \
        rsync -a --ignore-times --whole-file -e "ssh $ssh" "$work/tree" far:bench/rsync
    row .4 'scp -r up, 100 files only' scp -q -r $ssh "$work/few" far:bench/few
    row 7.8 'muster pull -r' "$muster" pull -i "$far" -a -q -r bench/tree "$work/down"
    ! has rsync || row 7.8 'rsync -a down' rsync -a -e "ssh $ssh" far:bench/tree "$work/rsync"
    row .4 'scp -r down, 100 files only' scp -q -r $ssh far:bench/few "$work/scp"
    diff -r "$work/tree" "$there/tree"
    diff -r "$work/tree" "$work/down/far/tree"
    rm -rf "$work/down" "$work/rsync" "$work/scp"
}

small() {
    echo "2,000 files of 4 KiB, one sshd, $delay_ms ms each way"
    mkdir -p "$work/tree"
    for folder in a b c d e f g h; do
        mkdir "$work/tree/$folder"
        head -c 1024000 /dev/urandom | split -a 3 -b 4096 - "$work/tree/$folder/file-"
    done
    mkdir "$work/few"
    find "$work/tree/a" -type f | sort | head -n 100 | xargs -I FILE cp FILE "$work/few"
    "$build/tests/delay" 127.8.0.1 127.1.1.1 "$port" "$delay_ms" &
    delay_pid=$!
    repeat small_round
    kill "$delay_pid"
    wait "$delay_pid" 2>/dev/null || true
    delay_pid=
    rm -rf "$work/tree" "$work/few"
}

memory_round() {
    fresh_there
    for count in 1 50; do
        head -n "$count" "$work/hosts" >"$work/some"
        row $((count * 10)) "muster push, $count hosts at once" \
            "$muster" push -i "$work/all.json" -w "^$work/some" -f 50 -q "$work/ten" bench/
        row $((count * 10)) "muster pull, $count hosts at once" \
            "$muster" pull -i "$work/all.json" -w "^$work/some" -f 50 -q bench/ten "$work/down"
        rm -rf "$work/down"
    done
}

memory() {
    echo 'memory, 10 MiB a host'
    head -c 10485760 /dev/urandom >"$work/ten"
    repeat memory_round
    rm -f "$work/ten"
}

start_fleet
[ $# -gt 0 ] || set -- one many small memory
for what; do
    case $what in
    one | many | small | memory) "$what" ;;
    *) echo "transfer.sh: $what?" >&2 && exit 2 ;;
    esac
done
