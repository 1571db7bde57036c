#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""guide.py CMAKE GODWIT MBEDTLS CC: does what docs/guide/application.md says
under "Build it", in a temporary folder: its program, its CMakeLists.txt, its
command, with this clone as the folder `godwit`."""
import pathlib
import re
import subprocess
import sys
import tempfile


def block(text, language):
    found = re.search(rf"```{language}\n(.*?)```", text, re.DOTALL)
    if not found:
        sys.exit(f"the guide has no block of {language}")
    return found.group(1)


def main(cmake, godwit, mbedtls, compiler):
    text = (pathlib.Path(godwit) / "docs/guide/application.md").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="godwit-guide-") as name:
        folder = pathlib.Path(name)
        (folder / "main.c").write_text(block(text, "c"), encoding="utf-8")
        (folder / "CMakeLists.txt").write_text(block(text, "cmake"), encoding="utf-8")
        (folder / "godwit").symlink_to(godwit)
        command = block(text, "sh").replace("cmake -S .", (
            f"'{cmake}' -S . -DGODWIT_MBEDTLS_DIR='{mbedtls}' -DCMAKE_C_COMPILER='{compiler}'"))
        subprocess.run(["bash", "-euc", command], cwd=folder, check=True)
        if not (folder / "build/device").exists():
            sys.exit("it was built, and there is no program")


if __name__ == "__main__":
    main(*sys.argv[1:])
