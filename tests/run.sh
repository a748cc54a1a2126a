#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what is missing, builds with warnings as errors, and runs every test.
#
#   sh tests/run.sh [--long] [--quick]
#
#   (nothing)  gcc build and all tests; clang build; the tests again under ASan and UBSan
#   --quick    gcc build and all tests only
#   --long     also: files of 5 GB, fuzzing, thread sanitizer, and a Debian 13 root with its libssh2
#   --help     this text
#
# Builds in build-tests/. The last line is "N passed, N failed, N skipped"; what was skipped is
# listed above it with the reason. Exit status 0 if nothing failed. MUSTER_TESTS_REQUIRE=all turns
# skips into failures; MUSTER_TESTS_JOBS is the number of jobs at once (2); MUSTER_FUZZ_SECONDS the
# time for each fuzz target (60).
set -eu
cd "$(dirname "$0")/.."
jobs=${MUSTER_TESTS_JOBS:-2}
out=$PWD/build-tests
long=no
quick=no

help() {
    sed -n '3,/^set -eu/{/^set/d;s/^# \{0,1\}//;p;}' "$0"
}

for option; do
    case $option in
    --long) long=yes ;;
    --quick) quick=yes ;;
    --help | -h) help && exit 0 ;;
    *) help >&2 && exit 2 ;;
    esac
done

say() {
    printf '\n== %s\n' "$*"
}

# count WHAT NAME [REASON]: a line in the book that total() reads.
count() {
    printf '%s\t%s\t%s\n' "$1" "$2" "${3:-}" >>"$out/book"
}

# configure NAME COMPILER OPTION...
configure() {
    name=$1
    compiler=$2
    shift 2
    CC=$compiler cmake -S . -B "$out/$name" -G Ninja -DMUSTER_BUILD_TESTS=ON -DMUSTER_WERROR=ON \
        "$@" >"$out/$name.configure" 2>&1 || {
        cat "$out/$name.configure"
        return 1
    }
}

# build NAME COMPILER OPTION...: one test that passes when there is no error and no warning.
build() {
    say "build: $*"
    if configure "$@" && ninja -C "$out/$1" -j"$jobs" >"$out/$1.build" 2>&1; then
        tail -1 "$out/$1.build"
        count passed "build/$1"
    else
        cat "$out/$1.build" 2>/dev/null
        count failed "build/$1"
        return 1
    fi
}

# run_ctest NAME OPTION...: runs, shows what fails, and enters every single test into the book.
run_ctest() {
    name=$1
    shift
    rm -rf "$out/$name/results"
    mkdir -p "$out/$name/results"
    ctest --test-dir "$out/$name" -j"$jobs" --output-on-failure "$@" 2>&1 | tee "$out/$name.ctest" ||
        true
    awk -v stage="$name" -v results="$out/$name/results" -v require="${MUSTER_TESTS_REQUIRE-}" \
        -f tests/count.awk "$out/$name/Testing/Temporary/LastTest.log" "$out/$name.ctest" \
        >>"$out/book"
}

# The last lines: what was skipped and why, what failed, and the sum.
total() {
    awk -F '\t' '
    $1 == "skipped" { print "SKIP " $2 ": " $3 }
    $1 == "failed" { failed_names = failed_names "FAIL " $2 "\n" }
    { n[$1]++ }
    END {
        printf "%s", failed_names
        printf "%d passed, %d failed, %d skipped\n", n["passed"], n["failed"], n["skipped"]
        exit n["failed"] > 0 || n["passed"] == 0
    }' "$out/book"
}

# Criterion leaks; the programs that tests start are looked at for leaks (tests/support/proc.c).
sanitized() {
    ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 run_ctest "$@"
}

# One folder for all that tests write, so that not even a killed one leaves something.
MUSTER_TESTS_TMP=$(mktemp -d /tmp/muster-tests.XXXXXX)
export MUSTER_TESTS_TMP
trap 'rm -rf "$MUSTER_TESTS_TMP"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
mkdir -p "$out"
: >"$out/book"
if [ "$long" = yes ]; then
    sh config/deps.sh long
else
    sh config/deps.sh tests
fi

if build gcc gcc; then
    say 'tests'
    run_ctest gcc -LE long
    if [ "$quick" = no ]; then
        build clang clang || true
        # gcc's warnings are less reliable in instrumented code: there they stay warnings.
        if build asan gcc -DCMAKE_BUILD_TYPE=Debug -DMUSTER_SANITIZE=address,undefined \
            -DMUSTER_WERROR=OFF; then
            say 'tests under AddressSanitizer and UndefinedBehaviorSanitizer'
            sanitized asan -LE 'lint|valgrind|golden|long'
        fi
    fi
    if [ "$long" = yes ]; then
        # shellcheck disable=SC1091
        . tests/long.sh
    fi
fi

say 'summary'
total
