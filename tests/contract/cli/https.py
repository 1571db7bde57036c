#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the `sh` blocks of docs/guide/https.md, in order, as one script; and what
only other programs than libcurl show of the server's TLS.

    https.py GODWIT_BINARY SOURCE_FOLDER commands|protocol
"""
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile

import page

SKIPPED = 77

# The server of the page gets ports of its own, and is waited for.
PRELUDE = r"""
godwit() {
  if [ "$1" != server ]; then "$GODWIT" "$@"; return; fi
  "$GODWIT" "$@" --coap-bind 127.0.0.1 --coap-port 0 2> server.err
}
"""
WAIT = r"""
for _ in $(seq 300); do
  if grep -q '^ready' server.log; then break; fi
  sleep 0.1
done
"""
EPILOGUE = r"""
say "what must be true afterwards"
[ "$(godwit status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["tls"]["daysLeft"])')" = 364 ]
grep "the TLS certificate was read again" server.err
kill "$(python3 -c 'import json; print(json.load(open("data/ports.json"))["pid"])')"
wait
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def run_commands(godwit, guide):
    script = page.blocks(guide).replace("8443", free_port())
    script = script.replace("> server.log &\n", "> server.log &\n" + WAIT)
    script = re.sub(r"(kill -HUP .*\n)", r"\1sleep 1\n", script)
    output, good = page.run(godwit, PRELUDE + script + EPILOGUE)
    return 0 if good and "'daysLeft': 364" in output else 1


def start(godwit, home, *options):
    server = subprocess.Popen(
        [godwit, "server", "--data", os.path.join(home, "data"), "--coap-bind", "127.0.0.1",
         "--coap-port", "0", "--http-port", "0", *options], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True)
    said = ""
    while "ready\n" not in said:
        line = server.stdout.readline()
        assert line, server.stderr.read()
        said += line
    return server, int(re.search(r"https://127\.0\.0\.1:(\d+)", said).group(1))


def handshake(port, *options):
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *options],
                          input="", capture_output=True, text=True, timeout=30, check=False)
    if done.returncode != 0:  # the server has to be the one that says no
        return "refused" if "alert" in done.stderr or "eof" in done.stderr else done.stderr
    return re.search(r"New, (TLSv[0-9.]+), Cipher is (?!\(NONE\))", done.stdout).group(1)


def check_protocol(godwit):
    """TLS 1.2 and 1.3, nothing older."""
    with tempfile.TemporaryDirectory(prefix="godwit-https-") as home:
        cert, key = os.path.join(home, "cert.pem"), os.path.join(home, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", cert,
                        "-days", "30", "-subj", "/CN=localhost"], check=True, capture_output=True)
        server, port = start(godwit, home, "--tls-cert", cert, "--tls-key", key)
        try:
            old = ["-cipher", "ALL:@SECLEVEL=0"]
            results = {"1.3": handshake(port, "-tls1_3"), "1.2": handshake(port, "-tls1_2"),
                       "1.1": handshake(port, "-tls1_1", *old),
                       "1.0": handshake(port, "-tls1", *old)}
        finally:
            server.kill()
            server.communicate()
    print(results)
    return 0 if results == {"1.3": "TLSv1.3", "1.2": "TLSv1.2", "1.1": "refused", "1.0": "refused"} else 1


def main():
    godwit, source, what = os.path.abspath(sys.argv[1]), sys.argv[2], sys.argv[3]
    for tool in ("bash", "openssl", "curl"):
        if shutil.which(tool) is None:
            print(f"skipped: no {tool}")
            return SKIPPED
    if what == "protocol":
        return check_protocol(godwit)
    return run_commands(godwit, page.read(source, "docs/guide/https.md"))


if __name__ == "__main__":
    sys.exit(main())
