#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the `sh` blocks of docs/guide/packing.md, in order, from the source
folder. No server is needed.

    packing.py GODWIT_BINARY SOURCE_FOLDER
"""
import sys

import page

PRELUDE = "set -euo pipefail\n"

# What must be true at the end.
EPILOGUE = r"""
say "what must be true afterwards"
test ! -e "$HOME/wrong.tflite"
godwit model test "$HOME/model.tflite" | grep '^cases *12 of 12$'
godwit model inspect "$HOME/model.tflite" --json | grep '"godwit.thresholds"'
godwit model unpack "$HOME/model.tflite" --output "$HOME/again.tflite"
cmp "$HOME/again.tflite" "$HOME/trained.tflite"
"""


def main():
    godwit, source = sys.argv[1:3]
    guide = page.read(source, "docs/guide/packing.md")
    output, good = page.run(godwit, PRELUDE + page.blocks(guide) + EPILOGUE, folder=source)
    return 0 if good and "\nrefused\n" in output else 1


if __name__ == "__main__":
    sys.exit(main())
