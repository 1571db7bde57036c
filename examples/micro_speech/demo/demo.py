#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The main job, end to end, on this machine: a server, three devices that
listen, a new model over the air. Every sentence it prints with a check mark was
verified; where one is not true it says which and exits with 1."""
import argparse
import json
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import textwrap
import time

import hearing
import processes
from processes import Device, Failed, Operator, Server, choose_ports
from relay import Relay
from screen import Story, paint

HERE = pathlib.Path(__file__).resolve().parent
EXAMPLE = HERE.parent
ROOT = EXAMPLE.parent.parent

BLUEPRINT, OTHER_BLUEPRINT, TAG = "m5stack-cores3", "nrf9160-dk", "beta"
FIRST, SECOND = "1.0.0", "1.1.0"
WORDS_FIRST, WORDS_SECOND = ["yes", "no"], ["yes", "no", "stop", "go"]

RIGHT_SHARE_MIN = 0.75    # of keywords played
UNKNOWN_SHARE_MIN = 0.50  # of other words played
FALSE_SHARE_MAX = 0.25    # of other words played
KILL_AT_BYTES = 9000    # a device dies when it has so much of a model: two journal entries

class Row:
    """One line of the table: a device and one release's effect on it."""

    def __init__(self, device, before, after):
        self.device, self.before, self.after = device, before, after
        self.heard = self.bytes = self.rollout_ms = self.missed = ""
        self.note = ""

    def cells(self):
        return [self.device, f"{self.before or 'none'} → {self.after or 'none'}", self.heard, self.bytes,
                self.rollout_ms, self.missed, self.note]


TABLE_HEAD = ["device", "model", "heard/played", "bytes on the air", "rollout → swap",
              "windows missed", ""]


class Demo(Story):
    def __init__(self, arguments, folder):
        super().__init__()
        self.arguments = arguments
        self.folder = folder
        self.patience = arguments.patience
        self.rows = []
        self.devices = {}
        self.server = Server(arguments.bin / "godwit", folder, arguments.coap_port,
                             arguments.http_port)
        self.operator = Operator(arguments.bin / "godwit", self.command)

    # --- asking ----------------------------------------------------------

    def device(self, name):
        return self.devices[name]

    def wait(self, name, event, since, seconds, **fields):
        return self.device(name).wait(event, seconds * self.patience, since, **fields)

    # --- the seven steps -------------------------------------------------

    def run(self):
        steps = [[self.start_server], [self.create_objects], [self.start_devices],
                 [self.first_model], [self.second_model],
                 [self.roll_back, self.kill_server, self.kill_device], [self.summary]]
        for parts in steps[: self.arguments.last_step]:
            for part in parts:
                part()

    def start_server(self):
        self.step(1, "a server on an empty folder")
        self.command(" ".join(["godwit"] + [str(word) for word in self.server.command()[1:]]))
        self.server.start(30 * self.patience)
        self.claim(self.server.api_key is not None, "it is ready and has printed its first API key",
                   f"CoAP/DTLS on UDP {self.server.coap_port}, HTTP on {self.server.url}")
        if not self.server.api_key:
            raise Failed(f"no API key in {self.server.log}")
        self.operator.use(self.server)

    def create_objects(self):
        self.step(2, "a blueprint, a tag, three devices with keys of their own")
        run = self.operator.run
        run("blueprint", "create", BLUEPRINT)
        run("blueprint", "create", OTHER_BLUEPRINT)
        run("tag", "create", TAG)
        self.create_device("kitchen", BLUEPRINT, "--tag", TAG)
        self.create_device("hall", BLUEPRINT)
        self.create_device("garden", OTHER_BLUEPRINT)
        names = {device["name"] for device in run("device", "list")}
        self.claim(names == set(self.devices), "the server knows them", ", ".join(sorted(names)))

    def create_device(self, name, blueprint, *more):
        created = self.operator.run("device", "create", name, "--blueprint", blueprint, *more)
        key = created["credential"]
        relay = Relay(("127.0.0.1", self.server.coap_port), self.arguments.delay_ms)
        relay.start()
        command = [self.arguments.bin / "micro_speech", "--json", "--port", relay.port,
                   "--psk-id", key["identity"], "--psk", key["preSharedKey"],
                   "--store", self.folder / name, "--clips", self.arguments.clips,
                   "--playlist", HERE / "playlist.txt", "--seed", self.arguments.seed, "--speed", self.arguments.speed,
                   "--keepalive-ms", 2000, "--timeout-ms", 4000]
        if name == "hall":  # block by block, so that there is time to kill it in the middle
            command += ["--window", 1]
        self.devices[name] = Device(name, command, self.folder / f"{name}.jsonl", relay)

    def start_devices(self):
        self.step(3, f"three devices listen, at {self.arguments.speed:g} times real time")
        for device in self.devices.values():
            device.start()
        for name in self.devices:
            self.screen.progress(f"{name} connects")
            self.wait(name, "connected", 0, 30)
        models = [self.wait(name, "model", 0, 30)["version"] for name in self.devices]
        self.claim(models == ["", "", ""], "all are connected; fresh, they have no model yet",
                   f"DTLS, over links of {2 * self.arguments.delay_ms:g} ms round trip")

    def first_model(self):
        self.step(4, f"model@{FIRST} (yes, no) for the blueprint")
        self.upload(self.arguments.first, FIRST)
        watch = self.rollout("first", FIRST, "--blueprint", BLUEPRINT)
        kitchen = self.swapped(watch, "kitchen", "", FIRST)
        hall = self.swapped(watch, "hall", "", FIRST)
        self.claim(True, "kitchen and hall downloaded it, checked it and run it",
                   f"{kitchen.rollout_ms}, {hall.rollout_ms} after the rollout")
        self.hears(kitchen, WORDS_FIRST, watch)
        self.hears(hall, WORDS_FIRST, watch)
        self.stayed(watch, "garden", "", "it is of another blueprint")

    def second_model(self):
        self.step(5, f"model@{SECOND} (adds stop, go) for the tag {TAG}")
        self.upload(self.arguments.second, SECOND)
        watch = self.rollout("try", SECOND, "--tag", TAG)
        kitchen = self.swapped(watch, "kitchen", FIRST, SECOND)
        self.claim(True, "kitchen swapped while it was listening", f"{kitchen.rollout_ms} after the "
                   f"rollout, {kitchen.missed} windows missed")
        self.hears(kitchen, WORDS_SECOND, watch)
        row = self.stayed(watch, "hall", FIRST, "it has no tag")
        self.hears(row, WORDS_FIRST, watch)
        self.stayed(watch, "garden", "", "")

    def roll_back(self):
        self.step(6, "what can go wrong: a rollback, a server that dies, a device that dies")
        watch = self.watch()
        self.operator.run("release", "rollout", "off", "try")
        row = self.swapped(watch, "kitchen", SECOND, FIRST)
        row.note = "rollout switched off"
        self.claim(True, f"the rollout is off: kitchen went back to {FIRST}", row.rollout_ms)
        self.hears(row, WORDS_FIRST, watch, words=2)

    def kill_server(self):
        before = self.objects()
        watch = self.watch()
        self.server.kill()
        self.command("kill -9 SERVER; godwit server …")
        self.server.start(30 * self.patience)
        after = self.objects()
        changed = [name for name, value in before.items() if after.get(name) != value]
        self.claim(not changed, "the server was killed with SIGKILL and started again: nothing is "
                   "lost", ", ".join(changed) or f"{len(before)} objects compared")
        for name in self.devices:
            self.screen.progress(f"{name} notices and reconnects")
            self.wait(name, "connected", watch["position"][name], 60)
        seconds = max(self.wait(name, "connected", watch["position"][name], 1)["at"]
                      for name in self.devices) - watch["at"]
        self.claim(True, "all devices reconnected by themselves", f"after {seconds:.1f} s")
        deaf = [name for name in ("kitchen", "hall") if self.missed_since(watch, name) > 0]
        self.claim(not deaf, "and went on listening meanwhile", "no window missed")

    def kill_device(self):
        watch = self.rollout("everybody", SECOND, "--blueprint", BLUEPRINT)
        hall = self.device("hall")
        since = watch["position"]["hall"]
        half = hall.wait_for(
            lambda: next((e for e in hall.events[since:] if e["event"] == "downloading"
                          and e["bytes"] >= KILL_AT_BYTES), None),
            30 * self.patience, "downloading")
        hall.kill()
        self.say(f"hall was killed with {half['bytes']} of {half['of']} bytes of model@{SECOND}")
        hall.relay.cut()
        since = hall.position()
        hall.start()
        model = hall.wait("model", 30 * self.patience, since)
        self.claim(model["version"] == FIRST, f"it comes up with its stored model@{model['version']}",
                   "the link is cut: no network at all")
        hall.wait_for(lambda: any(e["event"] == "stats" and e["windows_evaluated"] > 0
                                  for e in hall.events[since:]), 30 * self.patience, "stats")
        early = [e["event"] for e in hall.copy_events(since)]
        self.claim("connected" not in early, "and listens with it before any network")
        bytes_before = hall.relay.bytes
        hall.relay.restore()
        self.screen.progress("the link is back")
        resumed = self.wait("hall", "downloading", since, 60, started=1)
        row = self.swapped(watch, "hall", FIRST, SECOND, since=since)
        row.note = "killed at %d %%" % (100 * half["bytes"] / half["of"])
        self.claim(resumed["bytes"] > 0, "the link is back: it resumes where its journal stands",
                   f"at byte {resumed['bytes']} of {resumed['of']}")
        fetched = hall.relay.bytes - bytes_before
        self.claim(resumed["bytes"] + 4096 > half["bytes"] - 4096 and
                   fetched < resumed["of"] - resumed["bytes"] + 8192,
                   "and fetches only the rest", f"{fetched} bytes on the air, handshake included")
        self.hears(row, WORDS_SECOND, {"position": {"hall": since}}, words=2)
        kitchen = self.swapped(watch, "kitchen", FIRST, SECOND)
        kitchen.note = "same release as hall's"

    def summary(self):
        self.step(7, "what was seen")
        self.screen.table(TABLE_HEAD, [row.cells() for row in self.rows])
        missed = sum(self.missed_since(None, name) for name in self.devices)
        self.claim(missed == 0, "no window of audio was missed, by any device, at any time",
                   f"{sum(self.stats(name)['windows_evaluated'] for name in self.devices):.0f} "
                   "windows evaluated")

    # --- parts of steps ---------------------------------------------------

    def upload(self, path, version):
        self.operator.run("artifact", "upload", os.path.relpath(path), "--package", "model",
                          "--version", version)

    def watch(self):
        """Now: what comes after is compared with it."""
        return {"at": time.monotonic(),
                "position": {name: device.position() for name, device in self.devices.items()},
                "bytes": {name: device.relay.bytes for name, device in self.devices.items()}}

    def rollout(self, name, version, *whom):
        watch = self.watch()
        self.operator.run("release", "create", "--name", name, "--artifact", f"model@{version}",
                          *whom, "--rollout")
        return watch

    def swapped(self, watch, name, before, after, since=None):
        """Waits for the swap and writes its line of the table."""
        if since is None:
            since = watch["position"][name]
        device = self.device(name)

        def swapped():
            latest = None
            for event in device.events[since:]:
                if event["event"] == "downloading":
                    latest = event
                elif event["event"] == "swap" and event["to"] == after:
                    return event
            if latest:
                self.screen.progress(f"{name} fetches model@{after}",
                                     f"{latest['bytes']} of {latest['of']} bytes")
            return None

        swap = device.wait_for(swapped, 60 * self.patience, f"swap {after}")
        row = Row(name, before, after)
        row.bytes = str(self.device(name).relay.bytes - watch["bytes"][name])
        row.rollout_ms = f"{swap['at'] - watch['at']:.2f} s"
        row.missed = f"{swap['windows_missed']:.0f}"
        row.since_s = swap["stream_s"] + hearing.WINDOW_S
        self.rows.append(row)
        if swap["from"] != before or swap["windows_missed"] != 0:
            self.claim(False, f"{name} swaps from {before or 'nothing'} without missing a window",
                       json.dumps(swap))
        return row

    def stayed(self, watch, name, version, why):
        events = self.device(name).copy_events(watch["position"][name])
        swaps = [event["to"] for event in events if event["event"] == "swap"]
        self.claim(not swaps, f"{name} stays with {'model@' + version if version else 'no model'}"
                   + (f": {why}" if why else ""))
        row = Row(name, version, version)
        row.since_s = (events[0]["stream_s"] if events else 0) + hearing.WINDOW_S
        self.rows.append(row)
        return row

    def hears(self, row, keywords, watch, words=None):
        """Listens until each keyword was played often enough, then judges."""
        device = self.device(row.device)
        words = words or self.arguments.words
        since = watch["position"][row.device]
        life = device.lives
        every_word = WORDS_SECOND

        def enough():
            events = [event for event in device.events[since:] if event["life"] == life]
            end_s = events[-1].get("stream_s", 0) if events else 0
            played = hearing.words_between(events, row.since_s, end_s)
            counts = {word: sum(w["label"] == word for w in played) for word in every_word}
            self.screen.progress(f"{row.device} listens", f"{len(played)} words")
            return (events, end_s) if min(counts.values()) >= words else None

        events, end_s = device.wait_for(enough, 120 * self.patience, "played")
        score = hearing.score(events, keywords, row.since_s, end_s)
        row.heard = f"{score.right_count}/{score.played_count}"
        names = " and ".join([", ".join(keywords[:-1]), keywords[-1]])
        self.claim(score.right_count >= RIGHT_SHARE_MIN * score.played_count,
                   f"{row.device} hears {names}", score.keywords())
        others = score.others_played_count
        unknown = "".join(f"{word}, " for word in WORDS_SECOND if word not in keywords)
        self.claim(score.unknown_count >= UNKNOWN_SHARE_MIN * others and
                   score.false_count <= FALSE_SHARE_MAX * others,
                   f"most of {unknown}other words come out as unknown", score.others())

    def stats(self, name):
        """The latest, summed over the lives of the device."""
        latest = {}
        for event in self.device(name).copy_events():
            if event["event"] == "stats":
                latest[event["life"]] = event
        return {key: sum(event[key] for event in latest.values())
                for key in ("windows_evaluated", "windows_missed")}

    def missed_since(self, watch, name):
        events = self.device(name).copy_events()
        before = 0
        if watch:
            earlier = [e for e in events[: watch["position"][name]] if e["event"] == "stats"]
            before = earlier[-1]["windows_missed"] if earlier else 0
        return self.stats(name)["windows_missed"] - before

    def objects(self):
        """Everything that must survive a crash, without what changes by itself."""
        lists = {}
        for noun in ("device", "blueprint", "tag", "artifact", "release", "apikey"):
            lists[noun] = self.operator.run(noun, "list", quietly=True)
        for name in self.devices:
            lists[f"credential of {name}"] = self.operator.run("credential", "list", name,
                                                               quietly=True)
        for device in lists["device"]:  # whether it is here, what it says it is doing
            del device["status"], device["lastReport"], device["metadata"]
        objects = {f"{noun} {row['id']}": row for noun, rows in lists.items() for row in rows}
        events = self.operator.run("ota", "events", "--limit", 200, quietly=True)
        return objects | {f"OTA event {json.dumps(event)}": True for event in events}

    # --- afterwards -------------------------------------------------------

    def stop(self):
        """Asked, not killed: each must end by itself, with nothing to complain of."""
        codes = {name: device.stop() for name, device in self.devices.items()}
        codes["the server"] = self.server.stop()
        wrong = [f"{name} ended with {code}" for name, code in codes.items() if code != 0]
        if wrong:
            self.claim(False, "server and devices stop when asked", ", ".join(wrong))

    def keep(self):
        device = self.device("kitchen")
        self.screen.line(textwrap.dedent(f"""
            It goes on running until Ctrl-C.

              REST API    {self.server.url}
              devices     coaps://127.0.0.1:{self.server.coap_port}
              API key     {self.server.api_key}
              data, logs  {self.folder}

            Next, in another terminal:

              export GODWIT_URL={self.server.url} GODWIT_API_KEY={self.server.api_key}
              export PATH={self.arguments.bin}:$PATH
              tail -f {device.log_path}
              godwit device show kitchen
              godwit device history kitchen
              godwit release rollout off everybody
              godwit release rollout on try
              godwit --help
            """))
        try:
            while True:
                signal.pause()
        except KeyboardInterrupt:
            self.screen.line()


# --- before the first step ---------------------------------------------------


def check_arguments(arguments):
    choose_ports(arguments)
    for path in (arguments.bin / "godwit", arguments.bin / "micro_speech"):
        if not path.exists():
            sys.exit(f"demo: {path} is not there: build first (./dev build), or say --bin DIR")
    for path in (arguments.first, arguments.second, arguments.clips):
        if not path.exists():
            sys.exit(f"demo: {path} is not there: --first, --second and --clips choose others")
    if arguments.data and arguments.data.exists() and any(arguments.data.iterdir()):
        sys.exit(f"demo: {arguments.data} is not empty: the demo starts from nothing")


def parse_arguments():
    path = pathlib.Path
    parser = argparse.ArgumentParser(
        description="Runs the main job end to end: a server, three devices that listen, a new "
        "model over the air. Exits with 0 when everything it says was true.")
    parser.add_argument("--bin", type=path, default=ROOT / "build/release/bin",
                        help="folder of the programs godwit and micro_speech")
    parser.add_argument("--keep", action="store_true", help="leave it running afterwards")
    parser.add_argument("--speed", type=float, default=4, help="of the audio; 1 is real time")
    parser.add_argument("--words", type=int, default=4, help="of each kind to be judged by")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same audio")
    parser.add_argument("--delay-ms", type=float, default=15,
                        help="of the devices' links, one way")
    parser.add_argument("--data", type=path, help="empty folder for data and logs; kept afterwards")
    parser.add_argument("--coap-port", type=int, default=5684)
    parser.add_argument("--http-port", type=int, default=8080)
    parser.add_argument("--any-port", action="store_true", help="take free ones, as tests do")
    parser.add_argument("--first", type=path, default=EXAMPLE / "models/yes_no.tflite",
                        help=f"what is uploaded as model@{FIRST}")
    parser.add_argument("--second", type=path, default=EXAMPLE / "models/yes_no_stop_go.tflite",
                        help=f"what is uploaded as model@{SECOND}")
    parser.add_argument("--clips", type=path, default=EXAMPLE / "clips")
    parser.add_argument("--last-step", type=int, default=7, choices=range(1, 8), metavar="N",
                        help="end after step N")
    parser.add_argument("--patience", type=float, default=1,
                        help="multiplies all time-outs, for slow machines")
    arguments = parser.parse_args()
    for name in ("bin", "first", "second", "clips", "data"):
        value = getattr(arguments, name)
        setattr(arguments, name, value.resolve() if value else None)
    check_arguments(arguments)
    return arguments


def main():
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = arguments.data or pathlib.Path(tempfile.mkdtemp(prefix="godwit-demo-"))
    folder.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    demo = Demo(arguments, folder)
    try:
        demo.run()
        return finish(demo, time.monotonic() - started)
    except Failed as failure:
        demo.screen.line(paint("31", f"\ndemo failed: {failure}"))
        return 1
    except KeyboardInterrupt:
        demo.screen.line("\nstopped")
        return 130
    finally:
        processes.kill_all()
        if not arguments.data:
            shutil.rmtree(folder, ignore_errors=True)


def finish(demo, seconds):
    if demo.arguments.keep:
        demo.keep()
    demo.stop()
    status = demo.end(seconds)
    if status != 0:
        demo.screen.line("--data DIR keeps the logs of server and devices")
    return status


if __name__ == "__main__":
    sys.exit(main())
