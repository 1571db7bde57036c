#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Files into a program: each is compressed, the same bytes on every machine, and
listed in the table of server/rest/static.h.

    embed_files.py OUT_FOLDER URL=FILE_OR_FOLDER...

Writes files_table.c, files_bytes.S and the compressed files that it takes
in. A URL that ends in '/' takes a folder; of two files for one URL the later
argument's counts.
"""
import gzip
import hashlib
import pathlib
import re
import sys

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".tflite": "application/octet-stream",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
# Names of the console's build that change whenever the bytes do.
HASHED = re.compile(r"/assets/.*[-.][A-Za-z0-9_-]{8,}\.[a-z0-9]+$")
PLAIN = re.compile(r"[A-Za-z0-9/._@-]+$")


def collect(arguments):
    files = {}
    for argument in arguments:
        url, _, place = argument.partition("=")
        path = pathlib.Path(place)
        if not url.endswith("/"):
            files[url] = path
            continue
        for file in sorted(path.rglob("*")):
            name = url + file.relative_to(path).as_posix()
            if file.is_file() and file.suffix != ".map":
                files[name] = file
    for url, path in files.items():
        if not PLAIN.match(url):
            sys.exit(f"embed_files.py: {path}: its name is no plain part of a URL")
        if path.suffix not in TYPES:
            sys.exit(f"embed_files.py: {path}: what is a '{path.suffix}' to a browser? See TYPES")
    return dict(sorted(files.items()))


def write_if_changed(path, data):
    if not path.exists() or path.read_bytes() != data:
        path.write_bytes(data)


def main(out, arguments):
    out.mkdir(parents=True, exist_ok=True)
    table = ['/* Made by cmake/embed_files.py. */\n#include "server/rest/static.h"\n']
    rows = []
    code = ["/* Made by cmake/embed_files.py. */\n",
            '.section .note.GNU-stack,"",%progbits\n', '.section .rodata,"a",%progbits\n']
    for number, (url, path) in enumerate(collect(arguments).items()):
        plain = path.read_bytes()
        packed = gzip.compress(plain, 9, mtime=0)
        digest = hashlib.sha256(plain).hexdigest()[:32]
        name = f"{digest}.gz"
        write_if_changed(out / name, packed)
        code.append(f'.global srv_file_{number}\n.balign 16\nsrv_file_{number}: '
                    f'.incbin "{out / name}"\n')
        table.append(f"extern const uint8_t srv_file_{number}[];\n")
        immutable = "true" if HASHED.match(url) else "false"
        rows.append(f'    {{"{url}", "{TYPES[path.suffix]}", srv_file_{number}, {len(packed)}, '
                    f'{len(plain)}, "{digest}", {immutable}}},\n')
    table.append("const struct srv_file srv_files[] = {\n" + "".join(rows) +
                 "    {0, 0, 0, 0, 0, 0, false}};\n")
    table.append(f"const size_t srv_file_count = {len(rows)};\n")
    (out / "files_table.c").write_text("".join(table), encoding="utf-8")
    (out / "files_bytes.S").write_text("".join(code), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]), sys.argv[2:])
