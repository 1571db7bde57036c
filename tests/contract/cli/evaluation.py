#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the `sh` blocks of docs/guide/evaluation.md, in order, from the source
folder, against a real server.

    evaluation.py GODWIT_BINARY SOURCE_FOLDER
"""
import os
import re
import signal
import subprocess
import sys
import tempfile

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
"""

# What must be true at the end.
EPILOGUE = r"""
echo "--- what must be true afterwards"
godwit artifact show model@1.1.0 | grep '^evaluated .*100.0 % (.*) of 46 clips of clips$'
[ "$(godwit model evaluations model@1.1.0 --json | grep -c '"dataset"')" = 1 ]
id=$(godwit model evaluations model@1.1.0 --json | sed -n 's/.*"id": "\(.*\)".*/\1/p')
godwit model evaluations model@1.1.0 "$id" | grep 'cannot tell'
godwit model evaluations model@1.1.0 "$id" --json | grep '"godwit.evaluation/1"'
[ "$(godwit model evaluations model@1.0.0)" = none ]
echo "all of it ran"
"""


def main():
    godwit, source = sys.argv[1:3]
    with open(os.path.join(source, "docs/guide/evaluation.md"), encoding="utf-8") as file:
        blocks = re.findall(r"^```sh\n(.*?)^```", file.read(), re.MULTILINE | re.DOTALL)
    with tempfile.TemporaryDirectory(prefix="godwit-evaluation-") as home:
        os.mkdir(os.path.join(home, "bin"))
        os.symlink(godwit, os.path.join(home, "bin", "godwit"))
        environment = dict(os.environ, HOME=home, GODWIT=godwit,
                           PATH=os.path.join(home, "bin") + ":" + os.environ["PATH"])
        script = PRELUDE + "\n".join(blocks) + EPILOGUE
        done = subprocess.Popen(["bash", "-c", script], env=environment, cwd=source,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                start_new_session=True)
        try:
            output, _ = done.communicate(timeout=100)
        finally:
            try:  # the server too, whatever happened
                os.killpg(done.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
    print(output)
    print(f"{len(blocks)} blocks, exit code {done.returncode}")
    return 0 if done.returncode == 0 and "all of it ran" in output and blocks else 1


if __name__ == "__main__":
    sys.exit(main())
