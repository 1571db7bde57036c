# SPDX-License-Identifier: Apache-2.0
"""For tests of guides: the `sh` blocks of a page run in order as one bash
script, with `godwit` on the PATH and a HOME of its own; and a page's table of
limits is compared with server/core/limits.h."""
import os
import re
import signal
import subprocess
import tempfile

# Bash that starts a server on the folder $1 and points `godwit` at it.
# $server is its pid, $PORT what devices connect to.
START_SERVER = r"""
set -euo pipefail
unset GODWIT_URL GODWIT_API_KEY GODWIT_PROJECT XDG_CONFIG_HOME
say() { echo "--- $*"; }
start_server() {
  mkdir -p "$(dirname "$1")"
  rm -f "$HOME/server.log" # or the server before would be found ready in it
  "$GODWIT" server --data "$1" --coap-bind 127.0.0.1 --coap-port 0 --http-port 0 \
    > "$HOME/server.log" 2>&1 &
  server=$!
  for _ in $(seq 300); do
    if grep -q '^ready' "$HOME/server.log"; then break; fi
    kill -0 "$server" 2> /dev/null || { cat "$HOME/server.log" >&2; exit 1; }
    sleep 0.1
  done
  grep -q '^ready' "$HOME/server.log"
  export GODWIT_URL=$(sed -n 's/.*listening:.* \(http:[^ ]*\)$/\1/p' "$HOME/server.log")
  PORT=$(sed -n 's/.*listening: coaps:[^ ]*:\([0-9]*\) .*/\1/p' "$HOME/server.log")
}
take_first_key() { export GODWIT_API_KEY=$(awk '/API key/ { print $NF }' "$HOME/server.log"); }
"""
RAN = 'say "all of it ran"\n'


def read(*parts):
    with open(os.path.join(*parts), encoding="utf-8") as file:
        return file.read()


def blocks(page):
    """The commands, each block announced; the page's /var is $VAR."""
    found = re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert found, "the page has no sh block"
    return "\n".join(f"say block {number}\n{block.replace('/var/', '$VAR/')}"
                     for number, block in enumerate(found, 1))


def run(godwit, script, folder=None, **environment):
    """What it printed, and whether it came to its end. folder: to run in; the
    new HOME when None."""
    with tempfile.TemporaryDirectory(prefix="godwit-guide-") as home:
        os.mkdir(os.path.join(home, "bin"))
        os.symlink(godwit, os.path.join(home, "bin", "godwit"))
        environment = dict(os.environ, HOME=home, VAR=os.path.join(home, "var"), GODWIT=godwit,
                           PATH=os.path.join(home, "bin") + ":" + os.environ["PATH"],
                           **environment)
        # Into a file: devices in the background would hold a pipe open.
        with open(os.path.join(home, "output"), "w+", encoding="utf-8", errors="replace") as shown:
            done = subprocess.Popen(["bash", "-c", START_SERVER + script + RAN], env=environment,
                                    cwd=folder or home, stdout=shown, stderr=subprocess.STDOUT,
                                    start_new_session=True)
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
    print(f"exit code {done.returncode}")
    return output, done.returncode == 0 and output.endswith("--- all of it ran\n")


def check_limits(page, source):
    """Exit code; says what differs."""
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
