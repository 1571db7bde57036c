#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Accounts, audit, `api`, previews, waiting for a rollout and virtual devices by
the command line, against a real server.

    fleet.py GODWIT_BINARY SOURCE_FOLDER
"""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

GODWIT, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
MODELS = os.path.join(SOURCE, "examples", "micro_speech", "models")
failed = []


def check(what, condition, said=""):
    if not condition:
        failed.append(what)
        print(f"WRONG: {what}\n{said}")


class Server:
    def __init__(self, home):
        self.process = subprocess.Popen(
            [GODWIT, "server", "--data", os.path.join(home, "data"), "--coap-bind", "127.0.0.1",
             "--coap-port", "0", "--http-port", "0", "--json-log"], stdout=subprocess.PIPE, text=True)
        said = {}
        while "ready" not in said:
            line = self.process.stdout.readline()
            assert line, said
            event = json.loads(line)
            said[event.get("event")] = event
        self.link, self.home = said["signInLink"]["url"], home
        self.environment = dict(os.environ, HOME=home, GODWIT_URL=said["listening"]["http"])
        for name in ("GODWIT_PROJECT", "GODWIT_API_KEY", "GODWIT_PROFILE", "XDG_CONFIG_HOME"):
            self.environment.pop(name, None)

    def run(self, *words, code=0, says="", text=""):
        done = subprocess.run([GODWIT, *words], cwd=self.home, env=self.environment, text=True,
                              input=text, capture_output=True, timeout=120)
        what = " ".join(words)[:200]
        check(f"{what}: exit code {done.returncode}", done.returncode == code, done.stderr)
        check(f"{what}: says '{says}'", says in done.stdout + done.stderr, done.stdout + done.stderr)
        return done.stdout

    def json(self, *words, text=""):
        return json.loads(self.run(*words, "--json", text=text) or "null")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        check("the server ends well", self.process.wait(60) == 0)


def accounts(server):
    run = server.run
    run("login", "--link", server.link)
    run("login", "--link", server.link, code=1, says="link")
    run("account", "set", code=2, says="nothing to change")
    run("account", "set", "--email", "ada@example.org", "--password", text="short\n", code=1)
    run("account", "set", "--email", "ada@example.org", "--password", text="correct horse battery\n")
    check("the account", server.json("account", "show")["email"] == "ada@example.org")
    run("logout")
    run("logout", code=1, says="no login")
    run("login", "--email", "ada@example.org", text="wrong horse battery\n", code=1, says="wrong")
    run("login", "--email", "ada@example.org", text="correct horse battery\n")
    link = server.json("member", "invite", "bob@example.org", "--role", "viewer")["link"]
    run("login", "--profile", "bob", "--link", "-", text=link + "\n")
    run("device", "list", "--profile", "bob")
    run("device", "create", "kitchen", "--profile", "bob", code=1, says="may not do this")
    run("member", "set", "nobody@example.org", "--role", "admin", code=1, says="no member")
    run("member", "set", "bob@example.org", "--role", "operator")
    run("tag", "create", "beta", "--profile", "bob", code=1, says="has ended")
    link = server.json("member", "link", "bob@example.org")["link"]
    run("login", "--profile", "bob", "--link", "-", text=link + "\n")
    run("tag", "create", "beta", "--profile", "bob")
    run("apikey", "list", "--profile", "bob", code=1, says="may not do this")
    run("member", "remove", "bob@example.org", "--yes")
    run("device", "list", "--profile", "bob", code=1)
    key = server.json("apikey", "create", "reader", "--role", "viewer", "--scope", "devices:read", "--days", "7")
    run("api", "GET", "devices", "--api-key", key["apiKey"])
    run("api", "GET", "tags", "--api-key", key["apiKey"], code=1, says="may not do this")
    run("apikey", "disable", "reader")
    run("api", "GET", "devices", "--api-key", key["apiKey"], code=1)


def calls(server):
    run = server.run
    run("api", "FETCH", "devices", code=2, says="no method")
    run("api", "GET", "devices/a b", code=2, says="no address")
    run("api", "GET", "/nowhere", code=1)
    created = json.loads(run("api", "POST", "tags", '{"name": "gamma"}'))
    check("the whole answer", created["data"]["name"] == "gamma", created)
    run("tag", "rename", "gamma", "delta")
    run("blueprint", "create", "board")
    check("a blueprint's limits", server.json("blueprint", "set", "board", "--arena", "8192")["arenaBytes"] == 8192)
    run("device", "create", "lamp", "--blueprint", "board")
    run("device", "bulk", "--add-tag", "delta", code=2, says="which devices?")
    run("device", "bulk", "--all", code=2, says="change what?")
    check("one of one", server.json("device", "bulk", "--term", "lam", "--add-tag", "delta")["updated"] == 1)
    run("device", "set", "lamp", "--name", "lamp-2", "--blueprint", "none", says="lamp-2")
    entries = server.json("audit", "--kind", "device")
    check("who did it", {entry["actor"]["name"] for entry in entries} >= {"ada@example.org"}, entries)


def policy(server):
    run = server.run
    artifact = os.path.join(server.home, "weights")
    with open(artifact, "wb") as file:
        file.write(bytes(i * i % 17 for i in range(20000)))
    for version in ("1.0.0", "1.1.0"):
        run("artifact", "upload", artifact, "--package", "asset", "--version", version, "--force-binary")
    create = ("release", "create", "--artifact", "asset@1.1.0")
    for words, says in ((("--spread", "10"), "--spread is '10'"), (("--spread", "31d"), "--spread is '31d'"),
                        (("--spread", "-1s"), "spread"), (("--shadow", "0"), "--shadow is '0'"),
                        (("--shadow", "soon"), "--shadow is 'soon'"), (("--agreement", "0.9"), "go with --shadow"),
                        (("--shadow", "5", "--agreement", "90"), "--agreement is '90'"),
                        (("--shadow", "5", "--latency", "0"), "--latency is '0'"),
                        (("--confirm-after", "0"), "--confirm-after is '0'")):
        run(*create, *words, code=2, says=says)
    run(*create, "--name", "careful", "--spread", "90m", "--shadow", "500", "--agreement", "0.9", "--latency", "1.5",
        "--confirm-after", "1h", says="1 h 30 min")
    run("release", "show", "careful", says="500 inferences, agreeing in 90.0 %, at most 1.50 times as slow")
    run("release", "show", "careful", says="1 h in service")
    run("release", "policy", "careful", code=2, says="or --none")
    run("release", "policy", "careful", "--none", "--spread", "0", code=2, says="leave the other options out")
    changed = server.json("release", "policy", "careful", "--spread", "0", "--shadow", "10m")["policy"]
    check("all of it is replaced", changed == {"spreadSeconds": 0, "confirmSeconds": None, "shadow": {
        "windows": None, "seconds": 600, "agreement": None, "latency": None}}, changed)
    check("and taken away", server.json("release", "policy", "careful", "--none")["policy"]["shadow"] is None)
    run("release", "preview", "--artifact", "asset@1.1.0", "--spread", "10m", says="They would begin within about 10 min")
    run("release", "rollout", "on", "careful")
    for _ in range(300):
        encodings = server.json("artifact", "show", "asset@1.1.0")["encodings"]
        if encodings and all(one["state"] != "pending" for one in encodings):
            break
        time.sleep(0.1)
    check("compressed", encodings and encodings[0]["state"] == "ready" and encodings[0]["percent"] < 50, encodings)
    run("artifact", "show", "asset@1.1.0", says="on the air    compressed: ")
    run("release", "rollout", "off", "careful")


def delta(server):
    """The device takes what differs from the version that it runs."""
    run = server.run
    run("artifact", "upload", os.path.join(MODELS, "yes_no_stop_go.tflite"), "--package", "model", "--version", "1.1.0")
    run("release", "create", "--artifact", "model@1.1.0", "--tag", "delta", "--name", "for-nobody-here", "--rollout")
    for _ in range(300):
        encodings = server.json("artifact", "show", "model@1.1.0")["encodings"]
        if any(one["encoding"] == "delta" and one["state"] == "ready" for one in encodings):
            break
        time.sleep(0.1)
    size = min(one["size"] for one in encodings)
    key = server.json("apikey", "create", "watcher", "--role", "viewer")["apiKey"]
    request = urllib.request.Request(server.environment["GODWIT_URL"] + "/v1/projects/default/live?topics=progress",
                                     headers={"x-api-key": key})
    with urllib.request.urlopen(request, timeout=60) as live:
        live.readline()
        run("release", "create", "--artifact", "model@1.1.0", "--tag", "birds", "--rollout", "--wait", "--timeout", "60",
            says="1 updated")
        for line in live:
            seen = json.loads(line[5:]) if line.startswith(b"data:") else {}
            if seen.get("percent") == 100:
                break
    check("what differs went over the air, and no more", seen["size"] == size and encodings[-1]["size"] == size,
          (seen, encodings))
    run("rpc", "parrot", "say", "stop", says="stop")
    run("release", "rollout", "off", "for-nobody-here")


def rollout(server):
    """A device that is really there: the server's own."""
    run = server.run
    run("release", "status", "nothing", code=1)
    made = subprocess.run([GODWIT, "virtual", "create", "parrot"], env=server.environment, capture_output=True, text=True)
    if "build it with all parts" in made.stderr:
        print("skipped: this build has no virtual devices")
        return
    check("a virtual device", made.returncode == 0, made.stderr)
    run("artifact", "upload", os.path.join(MODELS, "yes_no.tflite"), "--package", "model", "--version", "1.0.0")
    run("release", "preview", "--artifact", "model@1.0.0", says="2 would update")
    run("release", "create", "--artifact", "model@1.0.0", "--wait", code=2, says="--wait goes with --rollout")
    run("tag", "create", "birds")
    run("device", "tag", "add", "parrot", "birds")
    run("release", "create", "--artifact", "model@1.0.0", "--tag", "birds", "--name", "first", "--rollout", "--wait",
        "--timeout", "60", says="1 updated")
    run("release", "status", "first", says="1 updated")
    check("its device", server.json("release", "devices", "first", "--state", "updated")[0]["deviceName"] == "parrot")
    answer = server.json("rpc", "parrot", "say", "yes")
    check("it heard it", "yes" in json.dumps(answer), answer)
    delta(server)
    # A device that is never there: the wait ends by itself.
    run("release", "create", "--artifact", "model@1.0.0", "--tag", "delta", "--name", "dark", "--rollout")
    run("release", "status", "dark", "--wait", "--timeout", "2", code=1, says="not over in time")
    check("in numbers", server.json("overview")["devices"]["total"] == 2)
    run("virtual", "delete", "parrot", "--yes")


with tempfile.TemporaryDirectory() as home:
    server = Server(home)
    try:
        accounts(server)
        calls(server)
        policy(server)
        rollout(server)
    finally:
        server.stop()
sys.exit(1 if failed else 0)
