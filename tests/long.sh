# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154 # a part of run.sh, which sets out and jobs
# What --long adds.

# Each fuzz target searches for a while, from its corpus; what it finds stays in build-tests/fuzz.
fuzz() {
    build fuzz clang -DCMAKE_BUILD_TYPE=Debug -DMUSTER_FUZZ=ON \
        -DMUSTER_SANITIZE=address,undefined,fuzzer-no-link || return 0
    for target in "$out"/fuzz/tests/fuzz_*; do
        [ -f "$target" ] || continue
        name=${target##*/fuzz_}
        say "fuzz $name for ${MUSTER_FUZZ_SECONDS:-60} s"
        mkdir -p "$out/fuzz/found/$name"
        if "$target" -max_total_time="${MUSTER_FUZZ_SECONDS:-60}" -timeout=10 -rss_limit_mb=2048 \
            -print_final_stats=1 -artifact_prefix="$out/fuzz/$name-" "$out/fuzz/found/$name" \
            "tests/fuzz/corpus/$name" >"$out/fuzz/$name.log" 2>&1; then
            tail -8 "$out/fuzz/$name.log"
            count passed "long/fuzz/$name"
        else
            tail -40 "$out/fuzz/$name.log"
            count failed "long/fuzz/$name"
        fi
    done
}

# Criterion cannot run under ThreadSanitizer: only the program does, and the tests run that.
threads() {
    build tsan gcc -DCMAKE_BUILD_TYPE=Debug -DMUSTER_SANITIZE=thread -DMUSTER_WERROR=OFF \
        -DMUSTER_BUILD_TESTS=OFF || return 0
    build tsan-tests gcc -DMUSTER_TEST_BINARY="$out/tsan/muster" -DMUSTER_TEST_SANITIZE=thread ||
        return 0
    say 'tests of the program under ThreadSanitizer'
    run_ctest tsan-tests -L 'integration|fault' -LE valgrind
}

# The same tests in Debian 13, whose libssh2 is 1.11.1 and whose OpenSSH is 10.0.
debian13() {
    say 'Debian 13'
    if [ "$(id -u)" -ne 0 ]; then
        count skipped long/debian13 'debootstrap needs root'
        return 0
    fi
    root=$(mktemp -d /var/tmp/muster-debian13.XXXXXX)
    chmod 0755 "$root" # the servers run as another user
    trap 'rm -rf --one-file-system "$root" "$MUSTER_TESTS_TMP"' EXIT
    if ! debootstrap --variant=minbase trixie "$root" >"$out/debootstrap.log" 2>&1; then
        tail -5 "$out/debootstrap.log"
        count skipped long/debian13 'debootstrap failed; see build-tests/debootstrap.log'
        return 0
    fi
    mkdir "$root/src"
    git archive HEAD | tar -x -C "$root/src"
    # The mounts are seen, and live, in there only.
    # shellcheck disable=SC2016 # for the inner shell
    if unshare -m sh -c 'mount -t proc proc "$1/proc" && mount -t devpts devpts "$1/dev/pts" &&
        exec chroot "$1" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
            sh /src/tests/run.sh --quick' sh "$root" >"$out/debian13.log" 2>&1; then
        count passed long/debian13
    else
        count failed long/debian13
    fi
    sed -n '/^== summary/,$p' "$out/debian13.log"
    rm -rf --one-file-system "$root"
}

say 'tests that take minutes'
run_ctest gcc -L long
fuzz
threads
debian13
