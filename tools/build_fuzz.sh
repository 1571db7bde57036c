#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# build_fuzz.sh SOURCE OUTPUT CLANG: compiles one libFuzzer target with the
# sources of the parts that its "fuzz-link:" lines name.
set -euo pipefail
source=$1 output=$2 clang=$3
parts=$(sed -n 's|^.*fuzz-link: *||p' "$source" | sed 's|\*/||')
files=()
libraries=()
for part in $parts; do
  case $part in
    -l*) libraries+=("$part") ;;
    *.c) files+=("$part") ;;
    runtime) files+=(runtime/src/*.c runtime/kernels/reference/*.c) ;;
    mbedtls) files+=(build/deps/mbedtls/library/*.c) ;;
    *) files+=("$part"/src/*.c) ;;
  esac
done
mkdir -p "$(dirname "$output")"
exec "$clang" -std=c11 -D_GNU_SOURCE -g -O1 -fno-omit-frame-pointer -ffp-contract=off \
  -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
  -I. -Iwire/include -Iruntime/include -Ifeatures/include -Isdk/include -Isdk \
  -Icmake/mbedtls -isystem build/deps/mbedtls/include -Ibuild/deps/mbedtls/library \
  -DMBEDTLS_CONFIG_FILE='"godwit_mbedtls_config.h"' \
  "$source" "${files[@]}" "${libraries[@]}" -lm -o "$output"
