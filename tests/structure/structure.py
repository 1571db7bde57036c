#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The structure that the folders promise, checked over the sources.

- include direction: a folder includes only what ARCHITECTURE.md allows it, and
  of another part only its public headers;
- device code (wire, runtime, features, sdk/src) includes no header of an
  operating system, only the stated C subset;
- every source file carries its SPDX line.
"""
import os
import re
import sys

import tree

# part -> parts whose headers it may include, itself aside
ALLOWED = {
    "wire": set(),
    "runtime": set(),
    "features": set(),
    "sdk": {"wire"},
    "server": {"wire", "runtime", "cli", "virtual"},
    "cli": {"wire", "runtime", "features"},  # wire: what publishers sign
    "examples": {"wire", "runtime", "features", "sdk"},
    "virtual": {"wire", "runtime", "features", "sdk", "examples"},
}
# server/app wires the one binary together, so it alone may see cli/ and virtual/.
ONLY_APP_SEES = {"cli", "virtual"}
APP = "server/app/"
# virtual/ shares what the main example listens with, and no other example.
VIRTUAL_SHARES = ("examples/micro_speech/device/", "examples/common/")

PART_OF_PREFIX = {
    "wire/": "wire", "wit/": "runtime", "wit_audio/": "features", "godwit/": "sdk",
    "platform/": "sdk", "runtime/": "runtime", "features/": "features", "sdk/": "sdk", "server/": "server",
    "cli/": "cli", "virtual/": "virtual", "examples/": "examples", "tests/": "tests",
}
DEVICE_FOLDERS = ("wire/", "runtime/", "features/src/", "features/include/", "sdk/src/", "sdk/include/", "sdk/platform/")
DEVICE_C_HEADERS = {
    "assert.h", "float.h", "inttypes.h", "limits.h", "math.h", "stdbool.h", "stddef.h",
    "stdint.h", "string.h", "stdarg.h",
}
# What a library part keeps for itself; tests may look.
PRIVATE_HEADER = re.compile(r"^(wire|runtime|features|sdk)/(src|kernels)/")
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')
SOURCE_ENDINGS = (".c", ".h", ".S", ".sh", ".py", ".cmake", ".sql", ".ts", ".tsx")


def part_of_header(header):
    for prefix, part in PART_OF_PREFIX.items():
        if header.startswith(prefix):
            return part
    return None


def check_include(path, header, quoted, problems, number):
    part = path.split("/")[0]
    target = part_of_header(header)
    where = f"{path}:{number}"
    if target and part in ALLOWED and target != part:
        allowed = target in ALLOWED[part]
        if target in ONLY_APP_SEES and not path.startswith(APP):
            allowed = False
        if part == "virtual" and target == "examples" and not header.startswith(VIRTUAL_SHARES):
            allowed = False
        if not allowed:
            problems.append(f"{where}: {part}/ may not include {header} ({target}/)")
        elif PRIVATE_HEADER.match(header):
            problems.append(f"{where}: {header} is private to {target}/")
    if path.startswith(DEVICE_FOLDERS) and not target and not quoted:
        if header not in DEVICE_C_HEADERS and not header.startswith("mbedtls/"):
            problems.append(f"{where}: device code may not include <{header}>")


def main():
    problems, checked = [], 0
    for path in tree.files():
        if not (path.endswith(SOURCE_ENDINGS) or os.path.basename(path) in ("CMakeLists.txt", "dev")):
            continue
        lines = tree.read(path).split("\n")
        checked += 1
        if not any("SPDX-License-Identifier: Apache-2.0" in line for line in lines[:5]):
            problems.append(f"{path}:1: no SPDX-License-Identifier line")
        if path.endswith((".c", ".h")):
            for number, line in enumerate(lines, 1):
                found = INCLUDE.match(line)
                if found:
                    check_include(path, found.group(2), found.group(1) == '"', problems, number)
    for problem in problems:
        print(problem)
    print(f"{checked} files checked, {len(problems)} problems")
    return 1 if problems or checked == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
