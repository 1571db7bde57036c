#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sizes of the device parts on Cortex-M4F, and proof that they are freestanding.

Compiles wire, runtime, features and the SDK's core with arm-none-eabi-gcc -Os
-ffreestanding, prints text, data and bss of each part, and fails with --check
where a part outgrew its limit (limits.json) or needs a symbol beyond the C
subset stated there: no malloc, no operating system.
"""
import argparse
import concurrent.futures
import glob
import json
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
FLAGS = ["-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard", "-Os", "-std=c11",
         "-ffreestanding", "-ffunction-sections", "-fdata-sections", "-ffp-contract=off",
         "-fno-strict-aliasing", "-Wall", "-Wextra", "-Werror",
         "-DMBEDTLS_CONFIG_FILE=\"godwit_mbedtls_config.h\""]
INCLUDES = [".", "wire/include", "runtime/include", "features/include", "sdk/include", "sdk",
            "cmake/mbedtls"]
SYSTEM_INCLUDES = ["build/deps/mbedtls/include"]
PARTS = {
    "wire": [os.path.relpath(file, ROOT) for file in glob.glob(os.path.join(ROOT, "wire/src/*.c"))
             if not os.path.basename(file).startswith(("patch", "shadow"))],
    # what a device that takes compressed and delta forms links besides
    "wire/patch": ["wire/src/patch*.c"],
    # and one that runs two models side by side
    "wire/shadow": ["wire/src/shadow*.c"],
    "runtime": ["runtime/src/*.c"],
    "runtime/kernels/reference": ["runtime/kernels/reference/*.c"],
    "features": ["features/src/*.c"],
    # what a device that gets models links, and nothing else does
    "sdk": [f"sdk/src/{name}.c" for name in (
        "client", "dtls", "exchange", "journal", "log", "ota", "pool", "status", "store",
        "store_name", "text", "updater", "updater_fetch", "window")],
}
# What of the linked image is what; the first four are "updater, client, CoAP, CBOR".
GROUPS = {
    "updater": ["sdk/src/updater", "sdk/src/updater_fetch"],
    "client": [f"sdk/src/{n}" for n in ("client", "exchange", "window", "ota")]
              + [f"wire/src/{n}" for n in ("pace", "exchange", "observe", "block")],
    "CoAP": ["wire/src/coap"],
    "CBOR": [f"wire/src/{n}" for n in ("cbor", "utf8", "manifest", "report", "description", "record")],
    "store": [f"sdk/src/{n}" for n in ("store", "store_name", "journal", "folder")],
    "DTLS": ["sdk/src/dtls", "sdk/src/pool"],
    "log": ["sdk/src/log", "sdk/src/status"],
}
CORE = ("updater", "client", "CoAP", "CBOR")
# The image is linked in three ways; each has its limit. The last is what a small
# device does (docs/porting/README.md), and what GOAL is meant for.
ROWS = {
    "all log lines": [],
    "no log lines": ["-DGODWIT_LOG_LEVEL_MAX=-1"],
    "no log lines, -flto": ["-DGODWIT_LOG_LEVEL_MAX=-1", "-flto"],
}
GOAL = 20480
# The rest of the SDK, file by file: each is linked where it is used.
FEATURES = "sdk/src"


def compile_one(source, folder, flags=()):
    target = os.path.join(folder, source.replace("/", "_")[:-2] + ".o")
    command = ["arm-none-eabi-gcc", *FLAGS, *flags]
    command += [f"-I{os.path.join(ROOT, i)}" for i in INCLUDES]
    for include in SYSTEM_INCLUDES:
        command += ["-isystem", os.path.join(ROOT, include)]
    command += ["-c", os.path.join(ROOT, source), "-o", target]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise SystemExit(f"{source} does not compile for Cortex-M4F:\n{result.stderr}")
    return target


def sections(objects):
    output = subprocess.run(["arm-none-eabi-size", *objects], capture_output=True, text=True, check=True).stdout
    total = [0, 0, 0]
    for line in output.splitlines()[1:]:
        total = [a + int(b) for a, b in zip(total, line.split()[:3])]
    return total


def features(folder, limits, everything, problems):
    """Text of each SDK file beyond the core; none has data or bss."""
    core = {os.path.join(ROOT, f) for f in PARTS["sdk"]}
    table = {}
    for source in sorted(set(glob.glob(os.path.join(ROOT, FEATURES, "*.c"))) - core):
        name = os.path.basename(source)[:-2]
        target = compile_one(os.path.relpath(source, ROOT), folder)
        everything.append(target)
        text, data, bss = sections([target])
        table[name] = text
        limit = limits.get(name)
        if limit is None:
            problems.append(f"sdk/src/{name}.c has {text} bytes of text and no limit: give it one in limits.json")
        elif text > limit:
            problems.append(f"sdk/src/{name}.c: text is {text} bytes, its limit is {limit}")
        if data or bss > 16:
            problems.append(f"sdk/src/{name}.c: {data} bytes of data, {bss} of bss: memory is the caller's")
    return table


def symbols(objects):
    """(undefined, defined) over all objects together."""
    undefined, defined = set(), set()
    output = subprocess.run(["arm-none-eabi-nm", "-g", *objects], capture_output=True, text=True, check=True).stdout
    for line in output.splitlines():
        words = line.split()
        if len(words) == 2 and words[0] == "U":
            undefined.add(words[1])
        elif len(words) == 3:
            defined.add(words[2])
    return undefined - defined, defined


def link(folder, flags):
    """The text of a device with nothing but the updater, and the linker's map."""
    os.makedirs(folder, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(lambda f: compile_one(f, folder, flags), everything_of("wire", "sdk/src")))
    # not by -flto, so that it stays one function that can be taken off
    main_object = compile_one("tests/size/image.c", folder, [f for f in flags if f != "-flto"])
    target = os.path.join(folder, "image.elf")
    subprocess.run(["arm-none-eabi-gcc", *FLAGS, *flags, "-nostdlib", "-Wl,--gc-sections", "-Wl,-e,main",
                    f"-Wl,-Map={target}.map", "-Wl,--unresolved-symbols=ignore-all", main_object, *objects,
                    "-o", target], check=True)
    return sections([target])[0] - sections([main_object])[0], f"{target}.map"


def image(folder):
    """A device with nothing but the updater: text that is linked, and the RAM of the SDK's objects."""
    text, groups = {}, {}
    for name, flags in ROWS.items():
        text[name], map_file = link(os.path.join(folder, re.sub("[^a-z]+", "-", name)), flags)
        groups = groups or by_group(map_file)
    ram = {}
    output = subprocess.run(["arm-none-eabi-nm", "-S", "-t", "d", compile_one("tests/size/ram.c", folder)],
                            capture_output=True, text=True, check=True).stdout
    for line in output.splitlines():
        words = line.split()
        if len(words) == 4 and words[3].startswith("ram_"):
            ram[words[3][4:]] = int(words[1])
    return {"text": text, "core": sum(groups[name] for name in CORE), "groups": groups,
            "ram": sum(ram.values()), "of_which": ram}


def by_group(map_file):
    """Code of each group in the linker's map, constants that are no strings included."""
    of = {f"{name.replace('/', '_')}.o": group for group, names in GROUPS.items() for name in names}
    sizes = dict.fromkeys(GROUPS, 0)
    with open(map_file, encoding="utf-8") as file:
        text = file.read().split("Linker script and memory map")[1]
    for size, name in re.findall(r"^ \.(?:text|rodata)(?!\S*\.str)\S*\s+0x[0-9a-f]+\s+0x([0-9a-f]+)\s+(\S+)$", text, re.M):
        group = of.get(os.path.basename(name))
        if group:
            sizes[group] += int(size, 16)
    return sizes


def everything_of(*folders):
    """Source files of wire and of the SDK, relative to the root."""
    patterns = [f"{f}/src/*.c" if f == "wire" else f"{f}/*.c" for f in folders]
    return sorted(os.path.relpath(f, ROOT) for p in patterns for f in glob.glob(os.path.join(ROOT, p)))


def allowed(symbol, rules):
    return symbol in rules["symbols"] or symbol.startswith(tuple(rules["symbol_prefixes"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="fail where a limit is passed")
    parser.add_argument("--json", action="store_true", help="print the sizes as JSON")
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "size"), help="folder for objects")
    options = parser.parse_args()
    if not shutil.which("arm-none-eabi-gcc"):
        print("skipped: no arm-none-eabi-gcc; ./dev setup test installs it")
        return 77
    with open(os.path.join(HERE, "limits.json"), encoding="utf-8") as file:
        limits = json.load(file)
    os.makedirs(options.build, exist_ok=True)
    table, problems, everything = {}, [], []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for part, patterns in PARTS.items():
            files = sorted(os.path.relpath(f, ROOT) for p in patterns for f in glob.glob(os.path.join(ROOT, p)))
            if not files:
                problems.append(f"{part}: no sources found")
                continue
            objects = list(pool.map(lambda f: compile_one(f, options.build), files))
            everything += objects
            table[part] = dict(zip(("text", "data", "bss"), sections(objects)))
    extra = features(options.build, limits["sdk_features"], everything, problems)
    for part, size in table.items():
        for kind, limit in limits["parts"].get(part, {}).items():
            if size[kind] > limit:
                problems.append(f"{part}: {kind} is {size[kind]} bytes, its limit is {limit}")
    undefined, _ = symbols(everything)
    for symbol in sorted(undefined):
        if not allowed(symbol, limits):
            problems.append(f"a device part needs {symbol}, which is outside the stated C subset")
    linked = image(options.build)
    sizes = {"core": linked["core"], "ram": linked["ram"], **linked["text"]}
    for kind, limit in {**limits["image"]["text"], "core": limits["image"]["core"], "ram": limits["image"]["ram"]}.items():
        if sizes[kind] > limit:
            problems.append(f"a device that links just the updater ({kind}) has {sizes[kind]} bytes, its limit is {limit}")
    if options.json:
        print(json.dumps({**table, "sdk_features": extra, "image": linked}))
    else:
        print(f"{'Cortex-M4F, -Os':28}{'text':>9}{'data':>9}{'bss':>9}{'text limit':>12}")
        for part, size in table.items():
            limit = limits["parts"].get(part, {}).get("text", "-")
            print(f"{part:28}{size['text']:>9}{size['data']:>9}{size['bss']:>9}{limit:>12}")
        print("\nand what uses them links of these:")
        for name, text in extra.items():
            print(f"  sdk/src/{name + '.c':18}{text:>9}{limits['sdk_features'].get(name, '-'):>30}")
        parts = ", ".join(f"{name} {size}" for name, size in linked["of_which"].items())
        groups = ", ".join(f"{name} {size}" for name, size in linked["groups"].items())
        print("\na device with the updater, all that is linked of the SDK and wire, without mbedTLS, C library and port:")
        for name, text in linked["text"].items():
            print(f"{'  text, ' + name:28}{text:>9}{limits['image']['text'][name]:>30}")
        print(f"{'  RAM beside block buffers':28}{linked['ram']:>9}{limits['image']['ram']:>30}   ({parts})"
              f"\n{'  ' + ', '.join(CORE):36}{linked['core']:>1}{limits['image']['core']:>30}   "
              f"(with all log lines: {groups}, the rest strings)")
        met = [name for name, text in linked["text"].items() if text <= GOAL]
        least, text = min(linked["text"].items(), key=lambda row: row[1])
        print(f"  {GOAL} bytes of text are met by: {', '.join(met)}" if met
              else f"  {GOAL} bytes of text are met by none yet: {text - GOAL} to go in '{least}'")
    for problem in problems:
        print(problem)
    return 1 if options.check and problems else 0


if __name__ == "__main__":
    sys.exit(main())
