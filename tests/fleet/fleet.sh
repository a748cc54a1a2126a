#!/bin/sh
# SPDX-License-Identifier: MIT
# A fleet of real SSH servers on 127.0.0.0/8 for tests and demo; nothing of it outlives the caller.
#
#   fleet.sh start [--groups N] [--no-extras] [--faults PROGRAM] [--sftp-fault PROGRAM]
#            [--with PID] [--for SECONDS] STATE
#   fleet.sh stop STATE
#
# `start` makes a folder in /tmp, runs N sshd (13) x 16 addresses as 127.1.N.1-16 on one port, and,
# unless --no-extras, the special servers below on 127.2.0.x; PROGRAM is the compiled fault server,
# which misbehaves on 127.3.x.x (keys fault_NAME), or the SFTP server that does. STATE becomes a JSON file with flat
# keys: where everything is, and NAME_skip with a reason for what cannot run here.
#
# The servers run as a plain user, as root would change the machine: our own uid, or, when we are
# root, one that nobody has. libnss_wrapper gives that uid the accounts `fleet` (keys), `forced`
# (keys, one fixed command), `pw` (password) with homes inside the folder.
#
# Environment: KEEPER (path of the compiled keeper.c; else built with cc), SSHD.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
password='correct horse; battery "staple"'
passphrase='opens the key'

die() {
    echo "fleet.sh: $*" >&2
    exit 1
}

# --- Identity and accounts -------------------------------------------------------------------

pick_uid() {
    uid=$(id -u)
    gid=$(id -g)
    [ "$uid" -eq 0 ] || return 0
    uid=59321
    while getent passwd "$uid" >/dev/null || getent group "$uid" >/dev/null; do
        uid=$((uid + 1))
    done
    gid=$uid
}

# Shell words that start a program as the servers' uid.
as_uid() {
    printf 'exec '
    [ "$(id -u)" -ne 0 ] || printf 'setpriv --reuid %s --regid %s --clear-groups ' "$uid" "$gid"
}

# The same, in their world of accounts.
as_server() {
    as_uid
    nss_words "$dir/nss"
}

nss_words() {
    printf 'env -i PATH=/usr/bin:/bin:/usr/sbin:/sbin LD_PRELOAD=libnss_wrapper.so '
    printf 'NSS_WRAPPER_PASSWD=%s/passwd NSS_WRAPPER_GROUP=%s/group ' "$1" "$1"
    printf 'NSS_WRAPPER_SHADOW=%s/shadow ' "$1"
}

make_accounts() {
    mkdir "$dir/nss" "$dir/home"
    # shellcheck disable=SC2016 # perl's dollars
    hash=$(PASSWORD=$password perl -e 'print crypt($ENV{PASSWORD}, "\$6\$muster\$")')
    for user in fleet forced pw; do
        mkdir -p "$dir/home/$user/.ssh"
        echo "$user:x:$uid:$gid:$user:$dir/home/$user:/bin/sh" >>"$dir/nss/passwd"
        secret='*'
        [ "$user" != pw ] || secret=$hash
        echo "$user:$secret:19000:0:99999:7:::" >>"$dir/nss/shadow"
    done
    echo "fleet:x:$gid:" >"$dir/nss/group"
    authorise
    own "$dir/nss" "$dir/home"
    chmod 0755 "$dir/home/"*
    chmod 0700 "$dir/home/"*/.ssh
}

authorise() {
    for key in "$dir"/client/id_*.pub; do
        cat "$key" >>"$dir/home/fleet/.ssh/authorized_keys"
    done
    cat >"$dir/home/forced/count.sh" <<END
echo "\${SSH_ORIGINAL_COMMAND-none}" >>$dir/home/forced/runs
exec sleep "\${MUSTER_TEST_SLEEP:-30}"
END
    printf 'command="sh %s/home/forced/count.sh",restrict %s\n' "$dir" \
        "$(cat "$dir/client/id_ed25519.pub")" >"$dir/home/forced/.ssh/authorized_keys"
    chmod 0600 "$dir"/home/*/.ssh/authorized_keys
}

own() {
    [ "$(id -u)" -ne 0 ] || chown -R "$uid:$gid" "$@"
}

# --- Keys ------------------------------------------------------------------------------------

keygen() {
    ssh-keygen -q -C muster-test "$@" </dev/null
}

make_client_keys() {
    mkdir -m 0700 "$dir/client"
    keygen -t ed25519 -N '' -f "$dir/client/id_ed25519"
    keygen -t ecdsa -N '' -f "$dir/client/id_ecdsa"
    keygen -t rsa -b 2048 -N '' -f "$dir/client/id_rsa"
    keygen -t rsa -b 2048 -N '' -m PEM -f "$dir/client/id_rsa_pem"
    keygen -t ecdsa -b 384 -N '' -m PKCS8 -f "$dir/client/id_ecdsa_pkcs8"
    keygen -t ed25519 -N "$passphrase" -f "$dir/client/id_encrypted"
    # One that no server knows, kept out of authorise()'s pattern.
    keygen -t ed25519 -N '' -f "$dir/client/stranger"
}

# Host key NAME of a type, and its line in known_hosts for each address.
host_key() {
    name=$1
    type=$2
    shift 2
    [ -e "$dir/hostkeys/$name" ] || keygen -t "$type" -N '' -f "$dir/hostkeys/$name"
    for address; do
        echo "[$address]:$port $(cut -d' ' -f1,2 "$dir/hostkeys/$name.pub")" >>"$dir/known_hosts"
    done
}

# known_hosts in the forms people have: plain, hashed, and with one host's key changed.
known_hosts_variants() {
    cp "$dir/known_hosts" "$dir/known_hosts_hashed"
    ssh-keygen -q -H -f "$dir/known_hosts_hashed" >/dev/null 2>&1
    rm -f "$dir/known_hosts_hashed.old"
    awk -v host="[127.1.1.1]:$port" -v key="$(cut -d' ' -f1,2 "$dir/client/stranger.pub")" \
        '$1 == host { print host, key; next } { print }' \
        "$dir/known_hosts" >"$dir/known_hosts_changed"
    own "$dir/hostkeys"
}

# --- Servers ---------------------------------------------------------------------------------

# What add_sshd gives for the subsystem; empty for none.
sftp=internal-sftp

# sshd NAME HOSTKEY ADDRESS...; further configuration comes on standard input and wins.
add_sshd() {
    conf=$dir/etc/$1.conf
    log=$dir/log/$1.log
    cat >"$conf"
    echo "HostKey $dir/hostkeys/$2" >>"$conf"
    shift 2
    for address; do
        echo "ListenAddress $address:$port" >>"$conf"
    done
    cat >>"$conf" <<END
UsePAM no
KbdInteractiveAuthentication no
StrictModes no
PidFile none
UseDNS no
PrintMotd no
PrintLastLog no
MaxStartups 1000
MaxSessions 100
PasswordAuthentication no
AuthorizedKeysFile .ssh/authorized_keys
AcceptEnv MUSTER_* LC_*
SetEnv SHLVL=5
LogLevel VERBOSE
END
    [ -z "$sftp" ] || echo "Subsystem sftp $sftp" >>"$conf"
    newer_settings >>"$conf"
    echo "$(${launcher:-as_server}) $sshd -D -f $conf -E $log" >>"$dir/servers"
}

# OpenSSH 9.8 and later turn away who failed before, as tests do; and they run helpers from a
# built-in path, where an unpacked package has none.
newer_settings() {
    ! grep -qi persourcepenalties "$sshd" || echo 'PerSourcePenalties no'
    root=${sshd%/usr/sbin/sshd}
    [ -n "$root" ] || return 0
    [ ! -x "$root/usr/lib/openssh/sshd-session" ] ||
        echo "SshdSessionPath $root/usr/lib/openssh/sshd-session"
    [ ! -x "$root/usr/lib/openssh/sshd-auth" ] ||
        echo "SshdAuthPath $root/usr/lib/openssh/sshd-auth"
}

add_groups() {
    group=1
    while [ "$group" -le "$groups" ]; do
        addresses=$(seq -f "127.1.$group.%g" 1 16)
        type=ed25519
        [ $((group % 4)) -ne 0 ] || type=ecdsa
        # shellcheck disable=SC2086 # a list of words
        host_key "group$group" "$type" $addresses
        # shellcheck disable=SC2086
        add_sshd "group$group" "group$group" $addresses </dev/null
        group=$((group + 1))
    done
}

add_extras() {
    host_key extra ed25519 127.2.0.1 127.2.0.3 127.2.0.4 127.2.0.6 127.2.0.7 ::1
    host_key rsa_only rsa 127.2.0.2
    echo 'only for tests' >"$dir/etc/banner"
    add_sshd password extra 127.2.0.1 <<END
PasswordAuthentication yes
PubkeyAuthentication no
Banner $dir/etc/banner
END
    add_sshd rsa_only rsa_only 127.2.0.2 </dev/null
    add_sshd modern extra 127.2.0.3 <<END
MACs hmac-sha2-256-etm@openssh.com
Ciphers chacha20-poly1305@openssh.com
END
    add_sshd no_sessions extra 127.2.0.4 <<END
MaxSessions 0
END
    add_sshd busy extra 127.2.0.6 <<END
MaxStartups 4:100:4
END
    add_sshd ipv6 extra 127.2.0.7 '[::1]' </dev/null
    add_dropbear
    add_root_sshd
    add_sftp_servers
}

# Files are served by another program than sshd, by none, or without the request that replaces one.
# The program asks who it is, so it needs the accounts.
add_sftp_servers() {
    host_key files ed25519 127.2.0.11 127.2.0.12 127.2.0.13 127.2.0.14
    sftp_server=$(find_sftp_server)
    if [ -n "$sftp_server" ]; then
        echo "exec $(nss_words "$dir/nss") $sftp_server" >"$dir/etc/sftp_server"
        sftp="/bin/sh $dir/etc/sftp_server"
        add_sshd sftp_server files 127.2.0.11 </dev/null
        add_dropbear_sftp
    else
        sftp_server_skip='this sshd comes without sftp-server'
    fi
    sftp=
    add_sshd no_sftp files 127.2.0.12 </dev/null
    sftp='internal-sftp -P posix-rename'
    add_sshd no_rename files 127.2.0.13 </dev/null
    [ -z "$sftp_fault" ] || add_sftp_fault
    sftp=internal-sftp
}

# Beside the unpacked sshd, or where systems have it.
find_sftp_server() {
    root=${sshd%/usr/sbin/sshd}
    for path in lib/openssh libexec/openssh lib/ssh libexec lib; do
        [ ! -x "$root/usr/$path/sftp-server" ] || {
            echo "$root/usr/$path/sftp-server"
            return 0
        }
    done
}

# The SFTP server that misbehaves. As with other accounts that are for files only, a command, even
# a login, is answered with a word and an exit status.
add_sftp_fault() {
    cp "$sftp_fault" "$dir/sftp_fault" # where the other uid can reach it
    cat >"$dir/etc/files_only" <<END
[ "\$SSH_ORIGINAL_COMMAND" = $dir/sftp_fault ] && exec $dir/sftp_fault
echo 'This service allows sftp connections only.'
exit 1
END
    # It makes its store at its first start.
    sh -c "$(as_uid) env HOME=$dir/home/fleet $dir/sftp_fault" </dev/null
    sftp=$dir/sftp_fault
    add_sshd sftp_fault files 127.2.0.14 <<END
ForceCommand exec sh $dir/etc/files_only
END
}

# A dropbear's path of sftp-server is compiled in, and nothing may be there: a command that is forced
# upon all stands in between. It leaves no process of its own.
add_dropbear_sftp() {
    cat >"$dir/dropbear/command" <<END
command=\$SSH_ORIGINAL_COMMAND
unset SSH_ORIGINAL_COMMAND
case \$command in
*/sftp-server) exec /bin/sh $dir/etc/sftp_server ;;
'') exec /bin/sh ;;
*) exec /bin/sh -c "\$command" ;;
esac
END
    echo "[127.2.0.10]:$port $(grep '^ssh-ed25519 ' "$dir/dropbear/ed25519.pub" |
        cut -d' ' -f1,2)" >>"$dir/known_hosts"
    echo "$(as_server) dropbear -F -E -r $dir/dropbear/ed25519 -p 127.2.0.10:$port" \
        "-c 'exec sh $dir/dropbear/command'" \
        "-P $dir/log/dropbear_sftp.pid 2>$dir/log/dropbear_sftp.log" >>"$dir/servers"
}

add_dropbear() {
    mkdir "$dir/dropbear"
    for type in ed25519 rsa; do
        dropbearkey -t "$type" -f "$dir/dropbear/$type" >"$dir/dropbear/$type.pub" 2>/dev/null
    done
    own "$dir/dropbear"
    echo "[127.2.0.5]:$port $(grep '^ssh-ed25519 ' "$dir/dropbear/ed25519.pub" |
        cut -d' ' -f1,2)" >>"$dir/known_hosts"
    echo "$(as_server) dropbear -F -E -r $dir/dropbear/ed25519 -r $dir/dropbear/rsa" \
        "-p 127.2.0.5:$port -P $dir/log/dropbear.pid 2>$dir/log/dropbear.log" >>"$dir/servers"
}

# A real login as root, by a key made a moment ago, on the loopback only.
add_root_sshd() {
    root_skip=
    if [ "$(id -u)" -ne 0 ]; then
        root_skip='a root login needs to be started by root'
        return 0
    fi
    host_key root ed25519 127.2.0.9
    chown root:root "$dir/hostkeys/root"
    mkdir "$dir/nss-root"
    {
        grep '^root:' /etc/passwd
        echo 'sshd:x:65534:65534::/run/sshd:/usr/sbin/nologin'
    } >"$dir/nss-root/passwd"
    cp /etc/group "$dir/nss-root/group"
    echo 'root:*:19000:0:99999:7:::' >"$dir/nss-root/shadow"
    cp "$dir/client/id_ed25519.pub" "$dir/etc/root_keys"
    launcher=root_words
    add_sshd root root 127.2.0.9 <<END
PermitRootLogin prohibit-password
AuthorizedKeysFile $dir/etc/root_keys
END
    launcher=
}

# sshd started by root insists on an empty /run/sshd. It gets one that only it sees, or, where we may
# not unshare, one that goes with it.
root_words() {
    if [ -d /run/sshd ]; then
        printf 'exec '
    elif unshare -m true 2>/dev/null; then
        # shellcheck disable=SC2016 # for the inner shell
        printf 'exec unshare -m sh -c '\''mount -t tmpfs tmpfs /run && mkdir -m 0755 /run/sshd && '
        # shellcheck disable=SC2016
        printf 'exec "$@"'\'' sh '
    else
        printf 'mkdir -m 0755 /run/sshd; trap "rmdir /run/sshd" EXIT; trap : TERM; '
    fi
    nss_words "$dir/nss-root"
}

# Each way to misbehave has an address; all have one host key.
add_faults() {
    fault_addresses=$("$faults" --list | cut -d' ' -f2)
    # shellcheck disable=SC2086 # a list of words
    host_key faults ed25519 $fault_addresses
    cp "$faults" "$dir/fault_server" # where the other uid can reach it
    echo "$(as_uid) $dir/fault_server $port $dir/hostkeys/faults 2>$dir/log/faults.log" >>"$dir/servers"
}

# ssh-agent of the caller's, with one good key behind two that no server knows.
start_agent() {
    echo "exec ssh-agent -D -a $dir/client/agent >/dev/null" >>"$dir/servers"
}

fill_agent() {
    tries=0
    until [ -S "$dir/client/agent" ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 200 ] || die 'ssh-agent does not start'
        sleep 0.05
    done
    for key in stranger id_rsa id_ed25519; do
        SSH_AUTH_SOCK=$dir/client/agent ssh-add -q "$dir/client/$key" </dev/null
    done
}

# --- What tests and demo read ----------------------------------------------------------------

# The fleet under names as people give them, four kinds of them, in three groups.
write_inventory() {
    awk -v port="$port" -v n=$((groups * 16)) -v dir="$dir" 'BEGIN {
        printf "{ \"defaults\": { \"user\": \"fleet\", \"port\": %d,\n", port
        printf "    \"key\": [ \"%s/client/id_ed25519\" ],\n", dir
        printf "    \"known_hosts\": [ \"%s/known_hosts\" ] },\n  \"hosts\": {", dir
        for (i = 0; i < n; i++) {
            if (i < n / 2) { name = sprintf("web%03d", ++web); group = "web" }
            else if (i < n * 3 / 4) { name = sprintf("db-%d", ++db); group = "db" }
            else if (i % 2) { name = sprintf("app%02d.example.com", ++app); group = "app" }
            else { name = sprintf("Cache_%d", ++cache); group = "app" }
            printf "%s\n    \"%s\": { \"address\": \"127.1.%d.%d\", \"groups\": [\"%s\"] }",
                i ? "," : "", name, int(i / 16) + 1, i % 16 + 1, group
        }
        printf "\n  } }\n"
    }' >"$dir/inventory.json"
}

json_text() {
    printf '"%s"' "$(printf %s "$1" | sed 's/[\\"]/\\&/g')"
}

write_state() {
    {
        echo '{'
        while read -r key value; do
            printf '  "%s": %s,\n' "$key" "$(json_text "$value")"
        done <<END
dir $dir
sshd $sshd
inventory $dir/inventory.json
known_hosts $dir/known_hosts
known_hosts_hashed $dir/known_hosts_hashed
known_hosts_changed $dir/known_hosts_changed
user fleet
forced_user forced
forced_runs $dir/home/forced/runs
password_user pw
password $password
passphrase $passphrase
key $dir/client/id_ed25519
key_ecdsa $dir/client/id_ecdsa
key_rsa $dir/client/id_rsa
key_rsa_pem $dir/client/id_rsa_pem
key_ecdsa_pkcs8 $dir/client/id_ecdsa_pkcs8
key_encrypted $dir/client/id_encrypted
key_stranger $dir/client/stranger
agent $dir/client/agent
home $dir/home/fleet
password_address 127.2.0.1
rsa_only_address 127.2.0.2
modern_address 127.2.0.3
no_sessions_address 127.2.0.4
dropbear_address 127.2.0.5
busy_address 127.2.0.6
ipv4_twin_address 127.2.0.7
ipv6_address ::1
root_address 127.2.0.9
dropbear_sftp_address 127.2.0.10
sftp_server_address 127.2.0.11
no_sftp_address 127.2.0.12
no_rename_address 127.2.0.13
sftp_fault_address 127.2.0.14
sftp_fault_store $dir/home/fleet/sftp_fault
END
        [ -z "${root_skip-}" ] || printf '  "root_skip": "%s",\n' "$root_skip"
        [ -z "${sftp_server_skip-}" ] ||
            printf '  "%s_skip": "%s",\n' sftp_server "$sftp_server_skip" \
                dropbear_sftp "$sftp_server_skip"
        [ -n "$sftp_fault" ] || printf '  "sftp_fault_skip": "started without it",\n'
        [ -z "${ipv6_skip-}" ] || printf '  "ipv6_skip": "%s",\n' "$ipv6_skip"
        [ -z "$faults" ] || "$faults" --list |
            sed 's/\(.*\) \(.*\)/  "fault_\1": "\2",/'
        printf '  "port": %d, "uid": %d, "hosts": %d\n}\n' "$port" "$uid" $((groups * 16))
    } >"$dir/state.json"
    cp "$dir/state.json" "$state"
}

# --- Verbs -----------------------------------------------------------------------------------

get_keeper() {
    if [ -n "${KEEPER-}" ]; then
        cp "$KEEPER" "$dir/keeper"
    else
        cc -std=c11 -D_GNU_SOURCE -O1 -o "$dir/keeper" "$here/keeper.c"
    fi
    KEEPER=$dir/keeper
}

# Returns once something listens on the address; else shows what the servers said, and ends.
wait_on() {
    "$KEEPER" wait "$1" "$port" || {
        tail -n 3 "$dir"/log/* "$dir/keeper.log" >&2
        die "no server on $1"
    }
}

wait_for_servers() {
    group=1
    while [ "$group" -le "$groups" ]; do
        wait_on "127.1.$group.16"
        group=$((group + 1))
    done
    [ -z "$faults" ] || wait_on 127.3.0.2
    [ "$extras" = yes ] || return 0
    for n in 1 2 3 4 5 6 7; do
        wait_on "127.2.0.$n"
    done
    [ -n "$root_skip" ] || wait_on 127.2.0.9
    [ -n "${sftp_server_skip-}" ] || wait_on 127.2.0.10
    [ -n "${sftp_server_skip-}" ] || wait_on 127.2.0.11
    wait_on 127.2.0.12
    wait_on 127.2.0.13
    [ -z "$sftp_fault" ] || wait_on 127.2.0.14
    grep -qs '^00000000000000000000000000000001 ' /proc/net/if_inet6 ||
        ipv6_skip='this machine has no ::1'
}

start() {
    sshd=${SSHD:-$(sh "$here/../../config/deps.sh" --print-sshd)}
    dir=$(mktemp -d /tmp/muster-fleet.XXXXXX)
    trap 'rm -rf "$dir"' EXIT
    chmod 0755 "$dir"
    get_keeper
    pick_uid
    port=$("$KEEPER" free-port 20000 32000)
    mkdir "$dir/etc" "$dir/log" "$dir/hostkeys"
    own "$dir/log"
    make_client_keys
    make_accounts
    add_groups
    [ "$extras" = no ] || add_extras
    [ -z "$faults" ] || add_faults
    start_agent
    known_hosts_variants
    write_inventory
    "$KEEPER" run "$dir" "$with" "$lifetime"
    trap '"$KEEPER" stop "$dir"' EXIT
    wait_for_servers
    fill_agent
    write_state
    trap - EXIT
}

stop() {
    [ -e "$state" ] || return 0
    dir=$(sed -n 's/^  "dir": "\(.*\)",$/\1/p' "$state")
    case $dir in
    /tmp/muster-fleet.*) ;;
    *) die "$state names no fleet" ;;
    esac
    if [ -d "$dir" ]; then
        "$dir/keeper" stop "$dir"
    fi
    rm -f "$state"
}

umask 022
verb=${1:-}
[ $# -eq 0 ] || shift
groups=13
extras=yes
faults=
sftp_fault=
with=0
lifetime=3600
while [ $# -gt 1 ]; do
    case $1 in
    --groups) groups=$2 && shift ;;
    --no-extras) extras=no ;;
    --faults) faults=$2 && shift ;;
    --sftp-fault) sftp_fault=$2 && shift ;;
    --with) with=$2 && shift ;;
    --for) lifetime=$2 && shift ;;
    *) die "unknown option $1" ;;
    esac
    shift
done
state=${1:-}
[ -n "$state" ] || die 'which state file?'
case $verb in
start) start ;;
stop) stop ;;
*) die 'start or stop?' ;;
esac
