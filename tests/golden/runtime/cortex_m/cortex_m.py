#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""wit on a Cortex-M4F in QEMU: the example's models pass the self-tests that were
made on this machine, both in one arena. Exit code 77 where a tool is missing.

    cortex_m.py SOURCE_FOLDER BUILD_FOLDER
"""
import glob
import os
import re
import shutil
import subprocess
import sys

FLAGS = ["-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard", "-Os", "-std=gnu11",
         "-ffp-contract=off", "-fno-strict-aliasing", "-ffunction-sections", "-fdata-sections"]
LINK = ["-nostartfiles", "--specs=rdimon.specs", "-Wl,--gc-sections", "-lm"]


def build(source, folder):
    program = os.path.join(folder, "cortex_m.elf")
    here = os.path.join(source, "tests/golden/runtime/cortex_m")
    sources = [os.path.join(here, "main.c")]
    for pattern in ("runtime/src/*.c", "runtime/kernels/reference/*.c"):
        sources += sorted(glob.glob(os.path.join(source, pattern)))
    models = os.path.join(source, "examples/micro_speech/models")
    command = ["arm-none-eabi-gcc", *FLAGS, f"-I{source}", f"-I{source}/runtime/include",
               f'-DMODELS="{models}"', *sources, *LINK, "-T", os.path.join(here, "board.ld"), "-o", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"it does not build:\n{done.stderr}")
    return program


def main():
    source, folder = sys.argv[1:3]
    for tool in ("arm-none-eabi-gcc", "qemu-system-arm"):
        if not shutil.which(tool):
            print(f"skipped: no {tool}")
            return 77
    program = build(source, folder)
    done = subprocess.run(["qemu-system-arm", "-M", "mps2-an386", "-nographic", "-semihosting",
                           "-kernel", program], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=150, check=False)
    print(done.stdout + done.stderr)
    passed = re.findall(r"^(\w+): (\d+) of (\d+) cases, arena (\d+), stated (\d+)$", done.stdout,
                        re.MULTILINE)
    good = len(passed) == 4 and all(one[1] == one[2] and int(one[3]) <= int(one[4]) for one in passed)
    return 0 if good and done.returncode == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
