#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the `sh` blocks of docs/guide/evaluation.md, in order, from the source
folder, against a real server.

    evaluation.py GODWIT_BINARY SOURCE_FOLDER
"""
import sys

import page

PRELUDE = r"""
start_server "$HOME/data"
take_first_key
"""

# What must be true at the end.
EPILOGUE = r"""
say "what must be true afterwards"
godwit artifact show model@1.1.0 | grep '^evaluated .*100.0 % (.*) of 46 clips of clips$'
[ "$(godwit model evaluations model@1.1.0 --json | grep -c '"dataset"')" = 1 ]
id=$(godwit model evaluations model@1.1.0 --json | sed -n 's/.*"id": "\(.*\)".*/\1/p')
godwit model evaluations model@1.1.0 "$id" | grep 'cannot tell'
godwit model evaluations model@1.1.0 "$id" --json | grep '"godwit.evaluation/1"'
[ "$(godwit model evaluations model@1.0.0)" = none ]
"""


def main():
    godwit, source = sys.argv[1:3]
    guide = page.read(source, "docs/guide/evaluation.md")
    _, good = page.run(godwit, PRELUDE + page.blocks(guide) + EPILOGUE, folder=source)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
