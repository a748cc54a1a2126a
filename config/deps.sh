#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2086 # lists of package names are meant to be split
# Installs what muster's build, demo and tests need on Debian and Ubuntu (22.04 and later).
#
#   sh config/deps.sh build|demo|tests|long   install what is missing; silent if nothing is
#   sh config/deps.sh --print-sshd            path of the sshd that demo and tests start
#
# It looks before it installs: with everything in place it needs neither network nor root. No
# system service is ever enabled: unless this machine has an sshd already, the server's package is
# unpacked into a folder of its own, not installed.
set -eu

build="gcc cmake ninja-build pkg-config libssh2-1-dev libuv1-dev libcjson-dev uthash-dev libssl-dev"
demo="openssh-client libnss-wrapper procps"
tests="libcriterion-dev libssh-dev dropbear-bin openssl sudo python3-jsonschema mandoc shellcheck clang
clang-format cppcheck valgrind tmux iproute2 universal-ctags python3-clustershell"
long="debootstrap"

uid=$(id -u)
cache=${MUSTER_SERVERS_DIR:-/var/tmp/muster-test-servers-$uid}

die() {
    echo "deps.sh: $*" >&2
    exit 2
}

as_root() {
    if [ "$uid" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        die "root or sudo is needed to run: $*"
    fi
}

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 \
        -o Dpkg::Use-Pty=0 "$@"
}

# The packages among the arguments that are not installed.
missing() {
    for package; do
        state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) || state=
        [ "$state" = installed ] || echo "$package"
    done
}

# Tries once with the package lists as they are, then with fresh ones.
install_missing() {
    wanted=$(missing "$@")
    [ -n "$wanted" ] || return 0
    command -v apt-get >/dev/null 2>&1 ||
        die "this is not Debian or Ubuntu; please install yourself:" $wanted
    echo "deps.sh: installing" $wanted >&2
    apt install -y --no-install-recommends $wanted >/dev/null 2>&1 || {
        apt update >&2
        apt install -y --no-install-recommends $wanted >&2
    }
}

# Is FOLDER of uid OWNER, and closed to others? What is in it is going to be run.
is_safe() {
    [ ! -L "$1" ] && [ "$(stat -c '%u %a' "$1" 2>/dev/null)" = "$2 755" ]
}

own_cache() {
    [ -d "$cache" ] || mkdir -m 0755 "$cache"
    is_safe "$cache" "$uid" || die "$cache: must be a folder of uid $uid with mode 755"
}

fetch_servers() {
    apt-get -qq -o APT::Sandbox::User= download openssh-server openssh-sftp-server >&2
}

# Unpacks openssh-server; a half-done attempt never looks like a finished one.
unpack_sshd() {
    own_cache
    work=$(mktemp -d "$cache/new.XXXXXX")
    chmod 0755 "$work"
    (
        cd "$work"
        fetch_servers || {
            apt update >&2
            fetch_servers
        }
        for deb in *.deb; do
            dpkg -x "$deb" root
        done
        dpkg -f openssh-server_*.deb Depends | tr ',' '\n' |
            sed -n 's/^ *\(lib[^ (]*\).*/\1/p' | grep -v '^libpam-' >libraries
    )
    # shellcheck disable=SC2046 # a list of words
    install_missing $(cat "$work/libraries")
    rm -rf "$cache/openssh"
    mv "$work" "$cache/openssh"
}

# The machine's own, one that we unpacked, or one that root did.
find_sshd() {
    if [ -x /usr/sbin/sshd ]; then
        echo /usr/sbin/sshd
        return 0
    fi
    for owner in "$uid" 0; do
        folder=$cache
        [ "$owner" = "$uid" ] || folder=/var/tmp/muster-test-servers-0
        if is_safe "$folder" "$owner" && [ -x "$folder/openssh/root/usr/sbin/sshd" ]; then
            echo "$folder/openssh/root/usr/sbin/sshd"
            return 0
        fi
    done
    return 1
}

need_sshd() {
    sshd=$(find_sshd) || unpack_sshd
    sshd=$(find_sshd) || die "no sshd in $cache"
    if ldd "$sshd" | grep -q 'not found'; then
        unpack_sshd
    fi
}

# libFuzzer's library is a package of its own whose name holds clang's version.
need_fuzzer() {
    version=$(clang -dumpversion | cut -d. -f1)
    install_missing "libclang-rt-$version-dev"
}

case ${1:-} in
--print-sshd)
    find_sshd || die "no sshd yet; run: sh config/deps.sh demo"
    ;;
build)
    install_missing $build
    ;;
demo)
    install_missing $build $demo
    need_sshd
    ;;
tests)
    install_missing $build $demo $tests
    need_sshd
    ;;
long)
    install_missing $build $demo $tests $long
    need_sshd
    need_fuzzer
    ;;
*)
    die "usage: sh config/deps.sh build|demo|tests|long|--print-sshd"
    ;;
esac
