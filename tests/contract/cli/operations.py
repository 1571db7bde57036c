#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the `sh` blocks of docs/guide/operations.md, in order, as one script,
against a real server; and compares its table of limits with limits.h.

The page speaks of /var, sudo and systemctl. Here /var is a temporary folder,
sudo runs its words, and systemctl starts and stops `godwit server` on it.

    operations.py GODWIT_BINARY SOURCE_FOLDER [limits|commands]
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

SKIPPED = 77

# Stands before the page's own commands.
PRELUDE = r"""
set -euo pipefail
unset GODWIT_URL GODWIT_API_KEY GODWIT_PROJECT XDG_CONFIG_HOME
sudo() {
  if [ "$1" = -u ]; then shift 2; fi
  "$@"
}
systemctl() {
  local data="$VAR/lib/godwit"
  case "$1" in
    start)
      "$GODWIT" server --data "$data" --coap-bind 127.0.0.1 --coap-port 0 --http-port 0 \
        > "$HOME/server.log" 2>&1 &
      server=$!
      for _ in $(seq 300); do
        if grep -q '^ready' "$HOME/server.log"; then break; fi
        kill -0 "$server" 2> /dev/null || { cat "$HOME/server.log" >&2; exit 1; }
        sleep 0.1
      done
      grep -q '^ready' "$HOME/server.log"
      GODWIT_URL=$(sed -n 's/.*listening:.* \(http:[^ ]*\)$/\1/p' "$HOME/server.log")
      export GODWIT_URL
      ;;
    stop)
      kill -TERM "$server"
      wait "$server"
      ;;
  esac
}
say() { echo "--- $*"; }
mkdir -p "$VAR/lib" "$VAR/backups"
systemctl start godwit
export GODWIT_API_KEY=$(awk '/API key/ { print $NF }' "$HOME/server.log")
godwit blueprint create m5stack-cores3
godwit tag create beta
godwit device create kitchen --blueprint m5stack-cores3 --tag beta
head -c 100000 /dev/urandom > "$HOME/model"
godwit artifact upload "$HOME/model" --package model --version 1.1.0 --force-binary
godwit release create --artifact model@1.1.0 --tag beta --name stop-go --rollout
"""

# What must be true at the end; the restore lies behind. No grep -q: it would
# leave before godwit has written all, which pipefail counts as a failure.
EPILOGUE = r"""
say "what must be true afterwards"
[ "$(godwit apikey list | grep -c 'night shift')" = 1 ]
[ "$(godwit apikey list | grep -c '^first ')" = 0 ]
godwit release show stop-go | grep '^rollout *off$'
godwit credential list kitchen | grep '^kitchen-'
[ "$(godwit credential list kitchen | grep -c 'kitchen@default')" = 0 ]
godwit artifact download model@1.1.0 --output "$HOME/back"
cmp "$HOME/model" "$HOME/back"
systemctl stop godwit
say "all of it ran"
"""


def read(*parts):
    with open(os.path.join(*parts), encoding="utf-8") as file:
        return file.read()


def check_limits(source):
    page = read(source, "docs/guide/operations.md")
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


def run_commands(godwit, source):
    for tool in ("bash", "sqlite3", "curl"):
        if shutil.which(tool) is None:
            print(f"skipped: no {tool}")
            return SKIPPED
    page = read(source, "docs/guide/operations.md")
    blocks = re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    with tempfile.TemporaryDirectory(prefix="godwit-operations-") as home:
        os.mkdir(os.path.join(home, "bin"))
        os.symlink(godwit, os.path.join(home, "bin", "godwit"))
        shown = [f"say block {number}\n{block.replace('/var/', '$VAR/')}"
                 for number, block in enumerate(blocks, 1)]
        script = PRELUDE + "\n".join(shown) + EPILOGUE
        environment = dict(os.environ, HOME=home, VAR=os.path.join(home, "var"), GODWIT=godwit,
                           PATH=os.path.join(home, "bin") + ":" + os.environ["PATH"])
        done = subprocess.Popen(["bash", "-c", script], env=environment, cwd=home,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                start_new_session=True)
        try:
            output, _ = done.communicate(timeout=150)
        finally:
            try:  # the server too, whatever happened
                os.killpg(done.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
    print(output)
    ok = done.returncode == 0 and "all of it ran" in output and "damaged" not in output
    print(f"{len(blocks)} blocks, exit code {done.returncode}")
    return 0 if ok and blocks else 1


def main():
    godwit, source, what = sys.argv[1:4]
    return check_limits(source) if what == "limits" else run_commands(godwit, source)


if __name__ == "__main__":
    sys.exit(main())
