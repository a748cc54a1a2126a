#!/bin/sh
# SPDX-License-Identifier: MIT
# Who includes whom. Folders are layers: base < model < { net < ssh < engine } and model < sink, all
# < cli. Foreign libraries are seen only by the files whose job they are.
set -eu
cd "$(dirname "$0")/../../src"
status=0

bad() {
    echo "$*"
    status=1
}

# The layers that a layer may include.
lower() {
    case $1 in
    base) echo "base" ;;
    model) echo "base model" ;;
    net) echo "base model net" ;;
    ssh) echo "base model net ssh" ;;
    engine) echo "base model net ssh engine" ;;
    sink) echo "base model sink" ;;
    cli) echo "base model net ssh engine sink cli muster" ;;
    .) echo "base model net ssh engine muster" ;;
    *) echo "" ;;
    esac
}

# includes FILE: what stands between the quotes or brackets, one a line.
includes() {
    sed -n 's/^[ \t]*#[ \t]*include[ \t]*[<"]\([^>"]*\)[>"].*/\1/p' "$1"
}

check_layer() {
    file=$1
    layer=$(dirname "$file")
    layer=${layer#./}
    allowed=$(lower "$layer")
    [ -n "$allowed" ] || bad "$file: the folder $layer is no layer"
    sed -n 's/^[ \t]*#[ \t]*include[ \t]*"\([^"]*\)".*/\1/p' "$file" | while read -r header; do
        case " $allowed " in
        *" ${header%%/*} "*) ;;
        *) echo "$file: a file of $layer must not include \"$header\"" ;;
        esac
    done
}

# Where each library may be seen.
check_libraries() {
    file=$1
    includes "$file" | while read -r header; do
        case $header in
        uv.h) places='./net/* ./base/version.c' ;;
        libssh2*.h) places='./ssh/* ./base/version.c' ;;
        *cJSON.h) places='./base/json_read.c ./base/json_write.c ./base/version.c' ;;
        openssl/*) places='./base/secret.c ./base/digest.c ./base/version.c ./model/known_hosts*.c
            ./ssh/*' ;;
        criterion/*) places='' ;;
        *) continue ;;
        esac
        found=no
        for place in $places; do
            # shellcheck disable=SC2254 # places are patterns
            case $file in
            $place) found=yes ;;
            esac
        done
        [ $found = yes ] || echo "$file: must not include <$header>"
    done
}

for file in $(find . -name '*.[ch]' | sort); do
    complaints=$(check_layer "$file" && check_libraries "$file")
    [ -z "$complaints" ] || bad "$complaints"
done
exit $status
