# SPDX-License-Identifier: MIT
# One line "passed|failed|skipped TAB name TAB reason" for each test that a ctest run made. A
# Criterion program counts as the tests in its TAP file; every other program as one.
# Input: LastTest.log, where a program that skips has said "SKIP: reason", then ctest's output.
function book(what, name, reason) {
    if (what == "skipped" && require == "all")
        what = "failed"
    print what "\t" stage ": " name "\t" reason
}

# Counts a program's TAP file; the number of lines that were failures, -1 without a file.
function tap(test,    file, line, name, failures, any, reason) {
    file = test
    gsub("/", "_", file)
    file = results "/" file ".tap"
    failures = 0
    while ((getline line < file) > 0) {
        if (line !~ /^(not )?ok - /)
            continue
        any = 1
        name = line
        sub(/^(not )?ok - /, "", name)
        reason = name
        sub(/[ ].*/, "", name)
        if (line ~ /^not ok/) {
            failures++
            book("failed", test " " name)
        } else if (index(reason, "# SKIP")) {
            sub(/.*# SKIP */, "", reason)
            book("skipped", test " " name, reason)
        } else {
            book("passed", test " " name)
        }
    }
    close(file)
    return any ? failures : -1
}

FILENAME ~ /LastTest.log$/ && /^[0-9]+\/[0-9]+ Testing: / { current = $3 }
FILENAME ~ /LastTest.log$/ && /^SKIP: / { said[current] = substr($0, 7) }

FILENAME !~ /LastTest.log$/ && /^ *[0-9]+\/[0-9]+ Test +#[0-9]+: / {
    test = $0
    sub(/^.*#[0-9]+: /, "", test)
    sub(/[ ].*/, "", test)
    passed = $0 ~ / Passed +[0-9.]+ sec/
    skipped = $0 ~ /\*\*\*Skipped/
    if (test ~ /^fleet\// && passed)
        next
    failures = tap(test)
    if (skipped)
        book("skipped", test, said[test])
    else if (failures < 0 || (failures == 0 && !passed))
        book(passed ? "passed" : "failed", test)
}
