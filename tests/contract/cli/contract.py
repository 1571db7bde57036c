#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`godwit capture|setting|state|rpc|log` against a real server, what it refuses
first. Captures are made by REST, as values that a device might have sent. Every
answer of the server passes a relay that holds it against GET /v1/openapi.json.

    contract.py GODWIT_BINARY
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
sys.dont_write_bytecode = True
from openapi import CheckingRelay  # noqa: E402

GODWIT = os.path.abspath(sys.argv[1])
failed = []


def check(what, condition, said=""):
    if not condition:
        failed.append(what)
        print(f"WRONG: {what}\n{said}")


class Server:
    def __init__(self, home):
        self.process = subprocess.Popen(
            [GODWIT, "server", "--data", os.path.join(home, "data"), "--coap-bind", "127.0.0.1",
             "--coap-port", "0", "--http-port", "0"], stdout=subprocess.PIPE, text=True)
        said = ""
        while "ready\n" not in said:
            line = self.process.stdout.readline()
            assert line, said
            said += line
        self.url = next(word for word in said.split() if word.startswith("http://"))
        self.key = next(line.split()[-1] for line in said.splitlines() if "API key" in line)
        self.home = home
        self.relay = CheckingRelay(self.url)
        self.url = self.relay.url
        self.environment = dict(os.environ, HOME=home, GODWIT_URL=self.url, GODWIT_API_KEY=self.key)
        for name in ("GODWIT_PROJECT", "XDG_CONFIG_HOME"):
            self.environment.pop(name, None)

    def post(self, device, value, path="notes"):
        request = urllib.request.Request(
            f"{self.url}/v1/projects/default/devices/{device}/stream/{path}",
            json.dumps(value).encode(), {"x-api-key": self.key, "content-type": "application/json"})
        urllib.request.urlopen(request, timeout=30).read()

    def run(self, *words, code=0, says="", text=None):
        done = subprocess.run([GODWIT, *words], cwd=self.home, env=self.environment, text=True,
                              input=text, capture_output=True, timeout=60)
        what = " ".join(words)[:200]
        check(f"{what}: exit code {done.returncode}", done.returncode == code, done.stderr)
        check(f"{what}: says '{says}'", says in (done.stderr if code else done.stdout + done.stderr),
              done.stdout + done.stderr)
        if code:
            lines = done.stderr.splitlines()
            check(f"{what}: one line", len(lines) == 1 and lines[0].startswith("godwit: "),
                  done.stderr)
        return done.stdout

    def json(self, *words):
        return json.loads(self.run(*words, "--json") or "null")

    def stop(self):
        self.relay.stop()
        check("answers are as described", not self.relay.problems,
              "\n".join(self.relay.problems[:10]))
        check("answers were looked at", self.relay.checked > 100, self.relay.checked)
        self.process.send_signal(signal.SIGTERM)
        check("the server ends well", self.process.wait(30) == 0)


def captures(server, ids):
    run = server.run
    for number in range(12):
        server.post(ids[f"d{number % 3}"], {"number": number})
    found = server.json("capture", "list")
    check("12 captures", len(found) == 12, found)
    first, second = found[-1]["id"], found[-2]["id"]
    missing = "0" * 23 + "1"
    check("of a device", len(server.json("capture", "list", "--device", "d1")) == 4)
    check("of a limit", len(server.json("capture", "list", "--limit", "5")) == 5)
    check("of an hour", len(server.json("capture", "list", "--since", "1h")) == 12)
    check("before an hour", server.json("capture", "list", "--until", "1h") == [])
    check("of a path", server.json("capture", "list", "--path", "other") == [])
    check("with a score", server.json("capture", "list", "--max-score", "1") == [])
    run("capture", "list", "--device", "nobody", code=1, says="there is no device 'nobody'")
    run("capture", "list", "--min-score", "2", code=1, says="scoreMin")
    run("capture", "list", "--since", "2026-13-40T00:00:00Z", code=1, says="start")
    run("capture", "show", missing, code=1, says="no capture")
    run("capture", "show", first, says="d0")
    run("capture", "play", first, code=1, says="it is application/json, no sound")
    run("capture", "download", first, "--output", "first")
    with open(os.path.join(server.home, "first"), encoding="utf-8") as file:
        check("its bytes", json.load(file) == {"number": 0})
    labels(server, first, second, missing)
    export(server, ids)
    run("capture", "delete", first, second, "--yes", says="deleted       2")
    run("capture", "delete", first, "--yes", code=1, says="no capture")
    left = {capture["id"] for capture in server.json("capture", "list", "--all")}
    check("those two are gone and no other", left >= {each["id"] for each in found[:-2]} and
          not left & {first, second}, left)


def labels(server, first, second, missing):
    run = server.run
    for label in ("a/b", "..", ".hidden", "x" * 65, "a\nb", "a\\b"):
        run("capture", "label", label, first, code=1, says="label")
    run("capture", "label", "yes", first, missing, code=1, says="capture")
    check("all or none", len(server.json("capture", "list", "--unlabelled")) == 12)
    run("capture", "label", "größe 2", first, says="labelled      1")
    run("capture", "label", "--from", "-", text=f"{first},yes\n{second},no\n",
        says="labelled      2")
    check("the newest label", server.json("capture", "show", first)["label"] == "yes")
    run("capture", "label", "--clear", second)
    check("taken away", server.json("capture", "show", second)["label"] == "")
    rest = [capture["id"] for capture in server.json("capture", "list", "--unlabelled")]
    run("capture", "label", "no", *rest, says="labelled      11")


def export(server, ids):
    """While captures arrive and are labelled: each export is whole in itself."""
    run = server.run
    run("capture", "export", "--output", "bad", "--split", "80,80,80", code=1, says="split")
    run("capture", "export", "--output", "bad", "--label", "none",
        says="no capture that fits has a label")
    enough = threading.Event()

    def arrive():
        number = 100
        while not enough.is_set():
            server.post(ids["d0"], {"number": number})
            number += 1

    others = threading.Thread(target=arrive)
    others.start()
    for turn in range(3):
        out = f"out{turn}"
        said = server.json("capture", "export", "--output", out)
        folder = os.path.join(server.home, out)
        with open(os.path.join(folder, "manifest.jsonl"), encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        check(f"{out}: 12 captures", said["captures"] == len(lines) == 12, said)
        for line in lines:
            size = os.path.getsize(os.path.join(folder, line["file"]))
            check(f"{out}: {line['file']}", size == line["size"])
        check(f"{out}: labels", sorted(name for name in os.listdir(folder) if "." not in name) ==
              ["no", "yes"], os.listdir(folder))
        sides = {}
        for line in lines:
            sides.setdefault(line["deviceId"], set()).add(line["split"])
        check(f"{out}: a device on one side", all(len(side) == 1 for side in sides.values()))
    enough.set()
    others.join()
    run("capture", "export", "--output", "out0", code=2, says="holds something already")
    run("capture", "export", "--output", "out.tar")
    listed = subprocess.run(["tar", "-tf", "out.tar"], cwd=server.home, capture_output=True,
                            text=True, check=False)
    check("a tar that tar reads", listed.returncode == 0 and "manifest.jsonl" in listed.stdout)


def settings(server):
    run = server.run
    run("setting", "set", "bad key", "5", code=1, says="key")
    run("setting", "set", "K" * 64, "5", code=1, says="key")
    run("setting", "set", "GAIN", "loud", "--type", "integer", code=1, says="is not an integer")
    run("setting", "set", "GAIN", "5", "--type", "number", code=1, says="dataType")
    run("setting", "set", "GAIN", "x" * 600, code=1, says="value")
    run("setting", "set", "GAIN", "5", "--device", "nobody", code=1, says="there is no device")
    check("nothing was made", server.json("setting", "list") == [])
    run("setting", "set", "GAIN", "-5")
    run("setting", "set", "GAIN", "loud", code=1, says="is not an integer")  # it stays an integer
    run("setting", "set", "GAIN", "7")
    run("setting", "set", "GAIN", "8", "--blueprint", "board")
    run("setting", "set", "GAIN", "9", "--device", "d0")
    run("setting", "set", "RATE", "0.1")
    rows = [line.split() for line in run("setting", "list").splitlines()[1:]]
    check("rows", sorted(rows) == sorted([
        ["GAIN", "7", "integer", "project", "-"], ["GAIN", "8", "integer", "blueprint", "board"],
        ["GAIN", "9", "integer", "device", "d0"], ["RATE", "0.1", "float", "project", "-"]]), rows)
    of = {name: {each["key"]: each["value"] for each in
                 server_list(server, "device", "settings", name)} for name in ("d0", "d1", "d2")}
    check("the nearest wins", of == {"d0": {"GAIN": 9, "RATE": 0.1}, "d1": {"GAIN": 8, "RATE": 0.1},
                                     "d2": {"GAIN": 7, "RATE": 0.1}}, of)
    run("device", "settings", "d0", says="has said nothing of its settings yet")
    run("setting", "delete", "GAIN", "--device", "d1", "--yes", code=1, says="at that level")
    run("setting", "delete", "GAIN", "--device", "d0", "--yes")
    check("the next level counts", server_list(server, "device", "settings", "d0")[0]["value"] == 8)


def server_list(server, *words):
    document = server.json(*words)
    return sorted(document["list"], key=lambda each: each["key"])


def state(server):
    run = server.run
    check("none yet", server.json("state", "get", "d0") in (None, {}))
    run("state", "set", "d0", "a", "x" * 3, code=2, says="is no JSON")
    run("state", "set", "d0", "a", json.dumps("x" * 20000), code=1)
    run("state", "set", "d0", "a", "[" * 40 + "]" * 40, code=1)
    run("state", "set", "nobody", "a", "1", code=1, says="there is no device")
    check("set", server.json("state", "set", "d0", "desired/volume", "-7") == -7)
    check("merged", server.json("state", "merge", "d0", "desired", '{"gain": 0.1, "volume": null}')
          == {"gain": 0.1})
    check("merged away", server.json("state", "merge", "d0", "/", '{"desired": null}') in (None, {}))
    run("state", "set", "d0", "/", '{"a b": [1, {"c": "ü"}]}')
    check("by path", server.json("state", "get", "d0", "a b") == [1, {"c": "ü"}])
    check("not there", server.json("state", "get", "d0", "none/at/all") is None)
    run("state", "delete", "d0", code=2, says="add --yes")
    run("state", "delete", "d0", "--yes")
    check("deleted", server.json("state", "get", "d0") in (None, {}))


def calls_and_logs(server):
    run = server.run
    run("rpc", "d0", "move", "-5", code=1, says="rpc: the device is offline; it was not told anything")
    run("rpc", "nobody", "move", code=1, says="there is no device 'nobody'")
    run("rpc", "d0", "m" * 2000, code=1)
    run("log", "--level", "loud", code=1, says="level")
    run("log", "--device", "nobody", code=1, says="there is no device 'nobody'")
    check("no lines", server.json("log", "--since", "1h", "--level", "warn") == [])
    check("no lines at all", run("log") == "")


def main():
    with tempfile.TemporaryDirectory(prefix="godwit-contract-") as home:
        server = Server(home)
        try:
            server.run("blueprint", "create", "board")
            ids = {}
            for name, words in (("d0", ["--blueprint", "board"]), ("d1", ["--blueprint", "board"]),
                                ("d2", [])):
                ids[name] = server.json("device", "create", name, *words)["id"]
            captures(server, ids)
            settings(server)
            state(server)
            calls_and_logs(server)
            server.stop()
        finally:
            server.process.kill()
            server.process.wait()
    print(f"{len(failed)} wrong")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
