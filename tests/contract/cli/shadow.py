#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the `sh` blocks of docs/guide/shadow.md against a real server with a
virtual device that hears words.

    shadow.py GODWIT_BINARY SOURCE_FOLDER
"""
import os
import sys

import page

PRELUDE = r"""
start_server "$HOME/data"
take_first_key
runs() { godwit device show kitchen --json | grep -q "\"$1\""; }
until_true() { for _ in $(seq 600); do if "$@"; then return; fi; sleep 0.1; done; say "in vain: $*"; exit 1; }
godwit setting set SPEECH_EVERY_S 2
godwit virtual create kitchen
godwit artifact upload "$MODELS/yes_no.tflite" --package model --version 1.0.0
godwit artifact upload "$MODELS/yes_no_stop_go.tflite" --package model --version 1.1.0
godwit release create --artifact model@1.0.0 --rollout --wait --timeout 60
"""

# What must be true at the end.
EPILOGUE = r"""
say "what must be true afterwards"
over() { godwit release shadow try-both | grep -Eq '0 still compare, (1 passed|0 passed, 1 failed)'; }
until_true over
godwit release shadow try-both > shown
grep '^models *model: 1.1.0 beside 1.0.0 in service$' shown
grep '^agreement .* windows in which something was heard' shown
grep '^missed *0 windows' shown
grep '^IN SERVICE  *CANDIDATE  *WINDOWS' shown
grep '^TIME  *IN SERVICE  *CANDIDATE' shown
godwit device shadow kitchen > again
diff <(grep -v '^devices' shown) <(grep -v '^devices' again)
godwit release shadow "$(godwit release list --json | sed -n 's/.*"id": "\([0-9a-f]*\)".*/\1/p' | tail -1)" | grep 'nothing has been compared'
"""


def main():
    godwit, source = sys.argv[1:3]
    guide = page.blocks(page.read(source, "docs/guide/shadow.md"))
    assert "--shadow 500 " in guide
    script = PRELUDE + guide.replace("--shadow 500 ", "--shadow 80 ") + EPILOGUE
    _, good = page.run(godwit, script, MODELS=os.path.join(source, "examples/micro_speech/models"))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
