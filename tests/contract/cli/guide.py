#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the `sh` blocks of docs/guide/device-contract.md, in order, as one
script against a real server, with the programs of examples/ as devices; and
compares its table of limits with server/core/limits.h.

    guide.py GODWIT_BINARY SOURCE_FOLDER EXAMPLES_FOLDER (commands|limits)
"""
import os
import re
import signal
import subprocess
import sys
import tempfile

# The server is on a port of its own: the examples' last argument.
PRELUDE = r"""
set -euo pipefail
unset GODWIT_URL GODWIT_API_KEY GODWIT_PROJECT XDG_CONFIG_HOME
"$GODWIT" server --data "$HOME/data" --coap-bind 127.0.0.1 --coap-port 0 --http-port 0 \
  > "$HOME/server.log" 2>&1 &
for _ in $(seq 300); do
  if grep -q '^ready' "$HOME/server.log"; then break; fi
  sleep 0.1
done
export GODWIT_URL=$(sed -n 's/.*listening:.* \(http:[^ ]*\)$/\1/p' "$HOME/server.log")
export GODWIT_API_KEY=$(awk '/API key/ { print $NF }' "$HOME/server.log")
port=$(sed -n 's/.*listening: coaps:.*:\([0-9]*\) http:.*/\1/p' "$HOME/server.log")
for program in upload_audio device_state device_settings device_rpc; do
  eval "$program() { exec_or_call $program \"\$@\" 127.0.0.1 $port; }"
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
echo "--- what must be true afterwards"
cmp clip.wav examples/micro_speech/clips/yes/en-gb-scotland_Annie_150.wav
[ "$(ls captures/yes | grep -c '_nohash_0.wav$')" = 1 ]
grep '"device":"microphone"' captures/manifest.jsonl
[ "$(godwit state get lamp reported/lamp --json)" = false ]
godwit device settings sensor | grep '^refused *COLOUR: KEY_NOT_RECOGNIZED'
[ "$(godwit rpc calculator multiply 6 7 --json | grep -c '"value": 42.0')" = 1 ]
echo "all of it ran"
"""


def read(*parts):
    with open(os.path.join(*parts), encoding="utf-8") as file:
        return file.read()


def check_limits(page, source):
    header = read(source, "server/core/limits.h").replace("\\\n", " ")
    rows = re.findall(r"^\| `(SRV_\w+)` \| ([^|]+) \|", page, re.MULTILINE)
    wrong = []
    for name, written in rows:
        found = re.search(rf"#define {name}\s+(\(?[0-9u* ]+\)?)", header)
        value = eval(found.group(1).replace("u", "")) if found else None  # digits and * only
        number = written.replace(",", "").strip()
        stated = int(number[:-4]) << 20 if number.endswith(" MiB") else int(number)
        if stated != value:
            wrong.append(f"{name}: the page says {written.strip()}, limits.h {value}")
    print("\n".join(wrong) or f"{len(rows)} limits are as the page says")
    return 1 if wrong or not rows else 0


def run_commands(page, godwit, source, examples):
    blocks = re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    with tempfile.TemporaryDirectory(prefix="godwit-guide-") as home:
        os.mkdir(os.path.join(home, "bin"))
        os.symlink(godwit, os.path.join(home, "bin", "godwit"))
        environment = dict(os.environ, HOME=home, GODWIT=godwit, SOURCE=source, EXAMPLES=examples,
                           PATH=os.path.join(home, "bin") + ":" + os.environ["PATH"])
        # Into a file: devices in the background would hold a pipe open.
        with open(os.path.join(home, "output"), "w+", encoding="utf-8") as shown:
            done = subprocess.Popen(["bash", "-c", PRELUDE + "\n".join(blocks) + EPILOGUE],
                                    env=environment, cwd=home, stdout=shown,
                                    stderr=subprocess.STDOUT, start_new_session=True)
            try:
                done.wait(timeout=150)
            except subprocess.TimeoutExpired:
                print("it did not end in 150 seconds")
            finally:
                try:  # server and devices too, whatever happened
                    os.killpg(done.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
                done.wait()
            shown.seek(0)
            output = shown.read()
    print(output)
    print(f"{len(blocks)} blocks, exit code {done.returncode}")
    return 0 if done.returncode == 0 and "all of it ran" in output and blocks else 1


def main():
    godwit, source, examples, what = sys.argv[1:5]
    page = read(source, "docs/guide/device-contract.md")
    if what == "limits":
        return check_limits(page, source)
    return run_commands(page, godwit, source, examples)


if __name__ == "__main__":
    sys.exit(main())
