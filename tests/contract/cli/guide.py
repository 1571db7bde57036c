#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the `sh` blocks of docs/guide/device-contract.md against a real server,
with the programs of examples/ as devices; and compares its table of limits.

    guide.py GODWIT_BINARY SOURCE_FOLDER EXAMPLES_FOLDER (commands|limits)
"""
import sys

import page

# The server is on a port of its own: the examples' last argument.
PRELUDE = r"""
start_server "$HOME/data"
take_first_key
for program in upload_audio device_state device_settings device_rpc; do
  eval "$program() { exec_or_call $program \"\$@\" 127.0.0.1 $PORT; }"
done
exec_or_call() { "$EXAMPLES/$1" "${@:2}"; }
wait_until() { # COMMAND
  for _ in $(seq 300); do
    if eval "$1"; then return; fi
    sleep 0.1
  done
  echo "never true: $1" >&2
  exit 1
}
wait_for() { wait_until "grep '$2' '$1' 2> /dev/null"; }
ln -s "$SOURCE/examples" examples
"""

EPILOGUE = r"""
say "what must be true afterwards"
cmp clip.wav examples/micro_speech/clips/yes/en-gb-scotland_Annie_150.wav
[ "$(ls captures/yes | grep -c '_nohash_0.wav$')" = 1 ]
grep '"device":"microphone"' captures/manifest.jsonl
[ "$(godwit state get lamp reported/lamp --json)" = false ]
godwit device settings sensor | grep '^refused *COLOUR: KEY_NOT_RECOGNIZED'
[ "$(godwit rpc calculator multiply 6 7 --json | grep -c '"value": 42.0')" = 1 ]
"""


def main():
    godwit, source, examples, what = sys.argv[1:5]
    guide = page.read(source, "docs/guide/device-contract.md")
    if what == "limits":
        return page.check_limits(guide, source)
    _, good = page.run(godwit, PRELUDE + page.blocks(guide) + EPILOGUE, SOURCE=source,
                       EXAMPLES=examples)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
