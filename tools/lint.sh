#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# lint.sh clang-tidy|cppcheck BUILD_FOLDER: the project's own C sources; any
# finding is a failure. Exceptions stand beside the line they excuse.
set -euo pipefail
tool=$1 build=$2
mapfile -t sources < <(python3 - "$build" <<'EOF'
import json, os, sys
root = os.getcwd()
for entry in json.load(open(os.path.join(sys.argv[1], "compile_commands.json"))):
    path = os.path.relpath(os.path.join(entry["directory"], entry["file"]), root)
    if path.endswith(".c") and not path.startswith(("build/", "..")):
        print(path)
EOF
)
case $tool in
  clang-tidy)
    # The build's options are gcc's; asserts say what the analyzer may rely on;
    # of two files in one run, it mistakes the va_lists of the second.
    printf '%s\n' "${sources[@]}" | sort -u | xargs -P "$(nproc)" -n 1 clang-tidy -quiet -p "$build" \
      --warnings-as-errors='*' --extra-arg=-Wno-unknown-warning-option --extra-arg=-UNDEBUG ;;
  cppcheck)
    mapfile -t sources < <(printf '%s\n' "${sources[@]}" | sort -u)
    cppcheck -q -j "$(nproc)" --std=c11 --enable=warning,performance,portability --inline-suppr \
      --error-exitcode=1 --suppress=missingInclude --suppress=missingIncludeSystem -D_GNU_SOURCE \
      --include=tools/cppcheck.h \
      -I. -Iwire/include -Iruntime/include -Ifeatures/include -Isdk/include "${sources[@]}" ;;
  *) echo "lint.sh: clang-tidy or cppcheck" >&2; exit 2 ;;
esac
