#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The loop, end to end, on this machine: devices hear voices that their model
does not know, send what they are unsure of, the next model learns from it, and
hears people better whom nobody trained on. Every sentence it prints with a
check mark was verified; where one is not true it says which and exits with 1."""
import argparse
import json
import math
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import hearing
import processes
import voices
from processes import Device, Failed, Operator, Server, choose_ports
from relay import Relay
from screen import Story, paint
from voices import KEYWORDS

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
OWN_RECORDINGS = ROOT.parent / "shared/data/speech_commands"

OLD, NEW = "1.0.0", "1.1.0"
SHARES = [0.07, 0.58, 0.35]      # of the clips: first customers, new customers, judges
CLIPS_MAX = [250, 1800, 1100]
HOMES = ["kitchen", "hall", "garden", "attic"]  # of new customers
SILENT = "study"                 # a judge's home: its owner did not agree to anything
PATH = "audio"                   # stream that captures go to

# The band is wide: what a small model is unsure of is most of what it hears.
SETTINGS = {"CAPTURE_PER_DAY": 200, "CAPTURE_BAND_LOW": 85, "CAPTURE_BAND_HIGH": 230}
WHOLE_SHARE = 55                 # per cent of a clip; the word in it is whole, or nearly so
QUOTA_OF_HALL = 25               # nearer than the project's, so it wins


class Loop(Story):
    def __init__(self, arguments, folder):
        super().__init__()
        self.arguments = arguments
        self.folder = folder
        self.patience = arguments.patience
        self.devices = {}
        self.seconds = {}  # what took how long
        self.captures = []
        self.report = None
        self.swaps = {}
        self.listened = {}  # how well the silent home was served, by version
        self.server = Server(arguments.bin / "godwit", folder, arguments.coap_port,
                             arguments.http_port)
        self.operator = Operator(arguments.bin / "godwit", self.command)

    def run(self):
        for part in (self.divide_voices, self.train_first, self.start_server, self.release_first,
                     self.without_consent, self.listen, self.label, self.train_next,
                     self.evaluate, self.release_next, self.summary):
            started = time.monotonic()
            part()
            self.seconds[part.__name__] = round(time.monotonic() - started, 1)

    # --- 1, 2: before there are devices --------------------------------------

    def divide_voices(self):
        self.step(1, "the voices, divided by speaker")
        clips = voices.find_clips(self.arguments.recordings)
        first, new, judges = voices.divide(clips, SHARES, self.arguments.clips_max)
        self.first = first.write(self.folder / "voices/first")
        self.judges = judges.write(self.folder / "voices/judges")
        self.judge_count = len(judges.clips)
        for name, group in zip(HOMES, voices.share_out(new, len(HOMES))):
            group.write(self.folder / "voices" / name)
        for group, what in ((first, f"model@{OLD} is trained on them"),
                            (new, f"new customers: {len(HOMES)} devices hear them"),
                            (judges, "nobody trains on them: they judge both models")):
            self.say(f"{len(group.known_speakers):4} speakers, {len(group.clips):4} clips: {what}")
        sides = [group.speakers for group in (first, new, judges)]
        self.claim(sum(map(len, sides)) == len(set().union(*sides)),
                   "no speaker stands on two sides")

    def train_first(self):
        self.step(2, f"model@{OLD}, from the first customers' voices")
        self.old = self.folder / f"model-{OLD}.tflite"
        self.train(self.old, "--words", ",".join(KEYWORDS), "--data", self.first,
                   "--steps", self.arguments.first_steps, "--copies", self.arguments.copies)
        self.claim(self.old.exists(), f"{', '.join(KEYWORDS)}: {self.old.stat().st_size} bytes",
                   f"{self.arguments.first_steps} steps, {self.training_s:.0f} s")

    def train(self, output, *options):
        # Both models with the same bias, that none is better by a bias alone.
        command = [self.arguments.bin / "micro_speech_train", *options, "--bias", 0, "--all",
                   "--seed", self.arguments.seed, "--threads", os.cpu_count() or 1,
                   "--output", output]
        command = [str(word) for word in command]
        self.command("./dev train " + " ".join(self.short(word) for word in command[1:]))
        started = time.monotonic()
        log = self.folder / f"{output.stem}.log"
        with open(log, "wb") as file:
            process = processes.start(command, stdout=file, stderr=subprocess.STDOUT)
            while process.poll() is None:
                self.screen.progress("trains", f"{time.monotonic() - started:.0f} s")
                time.sleep(0.2)
        self.training_s = time.monotonic() - started
        if process.returncode != 0:
            raise Failed(f"micro_speech_train ended with {process.returncode}: "
                         + processes.last_lines(log))

    def short(self, word):
        """Paths as seen from the demo's own folder."""
        return word.replace(str(self.folder) + "/", "")

    # --- 3: a fleet with the first model ---------------------------------------

    def start_server(self):
        self.step(3, f"a server, {len(HOMES) + 1} devices, model@{OLD} on all of them")
        self.server.start(30 * self.patience)
        if not self.server.api_key:
            raise Failed(f"no API key in {self.server.log}")
        self.operator.use(self.server)
        for name in HOMES:
            self.create_device(name, self.folder / "voices" / name)
        self.create_device(SILENT, self.judges)

    def create_device(self, name, clips):
        key = self.operator.run("device", "create", name, quietly=True)["credential"]
        relay = Relay(("127.0.0.1", self.server.coap_port), self.arguments.delay_ms)
        relay.start()
        playlist = self.folder / f"{name}.playlist"
        playlist.write_text(self.round_of(clips))
        command = [self.arguments.bin / "micro_speech", "--json", "--port", relay.port,
                   "--psk-id", key["identity"], "--psk", key["preSharedKey"],
                   "--store", self.folder / name, "--clips", clips, "--playlist", playlist,
                   "--seed", self.arguments.seed, "--speed", self.arguments.speed,
                   "--keepalive-ms", 2000, "--timeout-ms", 8000,
                   "--capture", "--capture-clip-names"]
        self.devices[name] = Device(name, command, self.folder / f"{name}.jsonl", relay)

    def round_of(self, clips):
        """What is said in a home: keywords twice as often as each other word."""
        words = sorted(path.name for path in clips.iterdir() if path.name != voices.BACKGROUND)
        return "".join(f"{word} {2 if word in KEYWORDS else 1}\n" for word in words) + "noise 1\n"

    def release_first(self):
        self.upload(self.old, OLD)
        self.rollout("first", OLD)
        for device in self.devices.values():
            device.start()
        for name in self.devices:
            self.swapped(name, OLD, 0)
        self.claim(True, f"all {len(self.devices)} run it",
                   f"they listen at {self.arguments.speed:g} times real time, over links of "
                   f"{2 * self.arguments.delay_ms:g} ms round trip")

    def upload(self, path, version):
        self.operator.run("artifact", "upload", path, "--package", "model", "--version", version,
                          shown=self.short)

    def rollout(self, name, version):
        self.operator.run("release", "create", "--name", name, "--artifact", f"model@{version}",
                          "--rollout")

    def swapped(self, name, version, since):
        self.screen.progress(f"{name} fetches model@{version}")
        swap = self.devices[name].wait("swap", 60 * self.patience, since, to=version)
        self.swaps[name, version] = swap
        return swap

    # --- 4: captures ------------------------------------------------------------

    def without_consent(self):
        self.step(4, "the devices hear new voices, and send what they are unsure of")
        for name in self.devices:
            self.hear_words(name, 3)
        self.claim(self.list_captures() == [] and not self.events("capture"),
                   "nobody has agreed yet: not one capture is taken")

    def hear_words(self, name, count):
        """Until `count` more words were played to it."""
        device = self.devices[name]
        since = device.position()
        device.wait_for(lambda: sum(e["event"] == "played" for e in device.events[since:]) >= count,
                        60 * self.patience, "played")

    def listen(self):
        for key, value in SETTINGS.items():
            self.operator.run("setting", "set", key, value)
        self.operator.run("setting", "set", "CAPTURE_PER_DAY", QUOTA_OF_HALL, "--device", "hall")
        self.operator.run("setting", "set", "CAPTURE_ENABLED", "false", "--device", SILENT)
        self.operator.run("setting", "set", "CAPTURE_ENABLED", "true")
        until = time.monotonic() + self.arguments.listen_s
        while time.monotonic() < until and self.sent() < self.arguments.captures:
            self.screen.progress("they listen", f"{self.sent()} captures, "
                                 f"{until - time.monotonic():.0f} s left")
            time.sleep(0.2)
        self.stop_capturing()
        self.judge_captures()

    def stop_capturing(self):
        """Consent ends; what was acknowledged stays, what is on its way does not."""
        self.operator.run("setting", "set", "CAPTURE_ENABLED", "false")
        for name in HOMES:
            self.devices[name].wait_for(lambda device=self.devices[name]: any(
                e["event"] == "setting" and e.get("name") == "CAPTURE_ENABLED" and not e.get("value")
                for e in device.events), 30 * self.patience, "setting")

    def sent(self):
        return sum(self.stat(name, "captures_sent") for name in HOMES)

    def judge_captures(self):
        self.captures = self.list_captures()
        per_device = {name: sum(c["deviceName"] == name for c in self.captures)
                      for name in self.devices}
        told = ", ".join(f"{name} {count}" for name, count in per_device.items())
        self.claim(len(self.captures) >= self.arguments.captures_min,
                   f"{len(self.captures)} captures are on the server", told)
        self.claim(all(per_device[name] >= self.stat(name, "captures_sent") for name in HOMES),
                   "each one that a device saw acknowledged")
        self.claim(per_device["hall"] == QUOTA_OF_HALL or
                   (self.arguments.short and per_device["hall"] < QUOTA_OF_HALL),
                   f"hall kept to its quota of {QUOTA_OF_HALL}, the others have "
                   f"{SETTINGS['CAPTURE_PER_DAY']}")
        self.claim(per_device[SILENT] == 0 and not self.devices[SILENT].count("capture"),
                   f"{SILENT}, whose owner said no, took and sent nothing")
        self.claim(self.missed() == 0, "no window of audio was missed meanwhile",
                   f"{self.evaluated():.0f} windows evaluated")
        self.listened[OLD] = self.score(SILENT, OLD)

    def list_captures(self):
        return self.operator.run("capture", "list", "--path", PATH, "--all", quietly=True)

    # --- 5: labels -----------------------------------------------------------------

    def label(self):
        self.step(5, "labels, and a dataset")
        self.say("a person would listen: godwit capture play ID. Here the recordings' folders tell "
                 "what was said")
        known = [c for c in self.captures if self.word_of(c)]
        labels = self.folder / "labels.csv"
        labels.write_text("".join(f"{c['id']},{self.word_of(c)}\n" for c in known))
        self.operator.run("capture", "label", "--from", labels, shown=self.short)
        self.dataset = self.folder / "captures"
        self.operator.run("capture", "export", "--output", self.dataset, shown=self.short)
        files = list(self.dataset.glob("*/*.wav"))
        words = {self.word_of(c) for c in known}
        speakers = {file.name.split("_nohash_")[0] for file in files}
        misheard = sum(c["heard"] != self.should_be_heard_as(c) for c in known)
        self.say(f"{len(self.captures) - len(known)} hold only a piece of a word, and get no label")
        self.claim(len(files) == len(known), f"{len(known)} have a label, and are a folder in the "
                   "layout of Speech Commands",
                   f"{len(words)} labels, {len(speakers)} devices; {misheard} clips were misheard")

    def word_of(self, capture):
        """What is to be heard in it: the folder of the clip that was playing,
        noise where there was none; "" where only a piece of a word is in it."""
        provenance = capture.get("provenance") or {}
        share = provenance.get("clipShare", 0)
        if share == 0:
            return voices.BACKGROUND
        return provenance["clip"].split("/")[0] if share >= WHOLE_SHARE else ""

    def should_be_heard_as(self, capture):
        word = self.word_of(capture)
        return word if word in KEYWORDS else "unknown"

    # --- 6, 7: the next model -------------------------------------------------------

    def train_next(self):
        self.step(6, f"training continues from {OLD}'s weights")
        for device in self.devices.values():
            device.stop()
        self.say("the devices sleep meanwhile: on a real fleet they are not on this machine")
        self.new = self.folder / f"model-{NEW}.tflite"
        self.train(self.new, "--from", self.old, "--data", self.first, "--data", self.dataset,
                   "--steps", self.arguments.next_steps, "--copies", self.arguments.copies,
                   "--rate", self.arguments.rate)
        self.claim(self.new.exists(), "a new model, from the first voices and the captures",
                   f"{self.arguments.next_steps} steps, {self.training_s:.0f} s")
        self.upload(self.new, NEW)

    def evaluate(self):
        self.step(7, "is it better? the judges' voices, on which nobody trained")
        report = self.operator.run("model", "evaluate", f"model@{NEW}", "--compare",
                                   f"model@{OLD}", "--dataset", self.judges, "--store",
                                   shown=self.short)
        self.report = report
        compare = report["compare"]
        low, high = compare["differenceInterval"]
        self.say(compare["reason"])
        self.claim(compare["verdict"] == "better" and low > 0,
                   f"{NEW} is better than {OLD}, with 95 % confidence",
                   f"{signed(compare['difference'])} points, {signed(low)} to {signed(high)}; "
                   f"{compare['becameRight']} clips became right, {compare['becameWrong']} wrong")

    # --- 8: release --------------------------------------------------------------------

    def release_next(self):
        self.step(8, f"model@{NEW} for everybody, while they listen")
        since = {name: device.position() for name, device in self.devices.items()}
        for device in self.devices.values():
            device.start()
        for name, device in self.devices.items():
            device.wait("connected", 30 * self.patience, since[name])
            self.hear_words(name, 2)
        self.rollout("next", NEW)
        swaps = [self.swapped(name, NEW, since[name]) for name in self.devices]
        missed = sum(swap["windows_missed"] for swap in swaps)
        self.claim(missed == 0 and all(swap["from"] == OLD for swap in swaps),
                   "all swapped while they were listening", f"{missed:.0f} windows missed")
        self.screen.progress(f"{SILENT} listens with {NEW}")
        self.hear_words(SILENT, self.arguments.words_after)
        self.listened[NEW] = self.score(SILENT, NEW)

    # --- 9: the table --------------------------------------------------------------------

    def summary(self):
        self.step(9, "what was seen")
        self.capture_table()
        self.accuracy_table()
        self.claim(self.missed() == 0, "no window of audio was missed, by any device, at any time",
                   f"{self.evaluated():.0f} windows evaluated")

    def capture_table(self):
        rows = []
        for name in self.devices:
            quota = QUOTA_OF_HALL if name == "hall" else SETTINGS["CAPTURE_PER_DAY"]
            rows.append([name, self.played(name), self.stat(name, "captures_taken"),
                         self.stat(name, "captures_sent"),
                         quota if name != SILENT else "no consent",
                         f"{self.stat(name, 'capture_bytes') / 1e6:.1f} MB",
                         f"{self.stat(name, 'windows_missed')}"])
        self.screen.table(["device", "clips played", "captures taken", "sent", "quota a day",
                           "audio sent", "windows missed"], rows)
        self.screen.line()

    def accuracy_table(self):
        compare = self.report["compare"]
        old, new = compare["oldAccuracy"], compare["newAccuracy"]
        clips = compare["clips"]
        low, high = compare["differenceInterval"]
        rows = [["all clips", percent(old, clips), percent(new, clips),
                 f"{signed(compare['difference'])} ({signed(low)} to {signed(high)})"]]
        labels = [label for label in compare["labels"] if label["clips"] > 0]
        rows.append(self.labels_row("keywords", [label for label in labels
                                                 if label["label"] in KEYWORDS]))
        rows += [self.labels_row(label["label"], [label]) for label in labels]
        if len(self.listened) == 2:
            rows.append([f"as {SILENT} listened", *[f"{right}/{played}"
                         for right, played in (self.listened[OLD], self.listened[NEW])], ""])
        self.screen.table([f"{clips} clips of {compare['devices']} speakers", f"{OLD} right",
                           f"{NEW} right", "points (95 %)"], rows)

    @staticmethod
    def labels_row(name, labels):
        count, old, new = (sum(label[key] for label in labels)
                           for key in ("clips", "oldRight", "newRight"))
        return [name, percent(old / count, count), percent(new / count, count),
                signed((new - old) / count)]

    # --- what devices said ------------------------------------------------------------------

    def events(self, kind):
        return [e for device in self.devices.values() for e in device.copy_events()
                if e["event"] == kind]

    def stat(self, name, key):
        """The latest of a counter, summed over the lives of the device."""
        latest = {}
        for event in self.devices[name].copy_events():
            if event["event"] == "stats":
                latest[event["life"]] = event
        return int(sum(event.get(key, 0) for event in latest.values()))

    def missed(self):
        return sum(self.stat(name, "windows_missed") for name in self.devices)

    def evaluated(self):
        return sum(self.stat(name, "windows_evaluated") for name in self.devices)

    def played(self, name):
        return self.devices[name].count("played")

    def score(self, name, version):
        """Keywords heard right and played, since that version's swap."""
        swap = self.swaps[name, version]
        events = [e for e in self.devices[name].copy_events() if e["life"] == swap["life"]]
        end_s = events[-1].get("stream_s", 0)
        score = hearing.score(events, KEYWORDS, swap["stream_s"] + hearing.WINDOW_S, end_s)
        return score.right_count, score.played_count

    # --- afterwards ------------------------------------------------------------------------

    def stop(self):
        codes = {name: device.stop() for name, device in self.devices.items()}
        codes["the server"] = self.server.stop()
        wrong = [f"{name} ended with {code}" for name, code in codes.items() if code != 0]
        if wrong:
            self.claim(False, "server and devices stop when asked", ", ".join(wrong))

    def as_json(self, seconds):
        compare = self.report["compare"] if self.report else {}
        return {"seconds": round(seconds, 1), "parts": self.seconds, "failures": self.failures,
                "captures": len(self.captures),
                "perDevice": {name: {"sent": self.stat(name, "captures_sent"),
                                     "bytes": self.stat(name, "capture_bytes")}
                              for name in self.devices},
                "windowsMissed": self.missed(),
                "compare": {key: compare.get(key) for key in (
                    "clips", "devices", "oldAccuracy", "newAccuracy", "difference",
                    "differenceInterval", "mcnemarP", "verdict")},
                "listened": self.listened}


def signed(share):
    return f"{100 * share:+.1f}"


def percent(share, count):
    """With Wilson's interval, 95 %."""
    z = 1.96
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count
                                               + z * z / (4 * count * count))
    return f"{100 * share:.1f} % ({100 * (middle - half):.1f} to {100 * (middle + half):.1f})"


# --- before the first step ---------------------------------------------------------------


def parse_arguments():
    path = pathlib.Path
    parser = argparse.ArgumentParser(
        prog="./dev demo --loop", description="From captures of devices to the next model, end to "
        "end. Exits with 0 when everything it says was true.")
    parser.add_argument("--data", type=path, dest="recordings", default=OWN_RECORDINGS,
                        help="recordings in the layout of Speech Commands")
    parser.add_argument("--bin", type=path, default=ROOT / "build/release/bin",
                        help="folder of the programs")
    parser.add_argument("--speed", type=float, default=8, help="of the audio; 1 is real time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--listen-s", type=float, default=90,
                        help="so long the devices may collect captures")
    parser.add_argument("--captures", type=int, default=550, help="so many are enough")
    parser.add_argument("--first-steps", type=int, default=1000, help=f"training of {OLD}")
    parser.add_argument("--next-steps", type=int, default=1200, help=f"training of {NEW}")
    parser.add_argument("--copies", type=int, default=20, help="of each clip, in training")
    parser.add_argument("--rate", type=float, default=0.003, help=f"learning rate of {NEW}")
    parser.add_argument("--words-after", type=int, default=60,
                        help="so many words are played to one device after the swap")
    parser.add_argument("--delay-ms", type=float, default=5, help="of the devices' links, one way")
    parser.add_argument("--short", action="store_true",
                        help="a smaller one, for tests: less listening, fewer steps")
    parser.add_argument("--keep", type=path, metavar="DIR",
                        help="empty folder for data, models and logs; kept afterwards")
    parser.add_argument("--json", type=path, metavar="FILE", help="what was measured, for programs")
    parser.add_argument("--coap-port", type=int, default=5684)
    parser.add_argument("--http-port", type=int, default=8080)
    parser.add_argument("--any-port", action="store_true", help="take free ones, as tests do")
    parser.add_argument("--patience", type=float, default=1,
                        help="multiplies all time-outs, for slow machines")
    arguments = parser.parse_args()
    arguments.clips_max, arguments.captures_min = CLIPS_MAX, 100
    if arguments.short:
        arguments.listen_s, arguments.captures, arguments.captures_min = 30, 150, 40
        arguments.first_steps, arguments.next_steps, arguments.copies = 500, 600, 10
        arguments.words_after = 10
    check_arguments(arguments)
    return arguments


def check_arguments(arguments):
    if not arguments.recordings.is_dir():
        sys.exit(f"demo: there are no recordings in {arguments.recordings}: name a folder of them "
                 f"with --data DIR.\n{voices.WHERE_TO_GET_IT}")
    arguments.recordings = arguments.recordings.resolve()
    arguments.bin = arguments.bin.resolve()
    choose_ports(arguments)
    for program in ("godwit", "micro_speech", "micro_speech_train"):
        if not (arguments.bin / program).exists():
            sys.exit(f"demo: {arguments.bin / program} is not there: build first (./dev build), "
                     "or say --bin DIR")
    if arguments.keep:
        arguments.keep = arguments.keep.resolve()
        if arguments.keep.exists() and any(arguments.keep.iterdir()):
            sys.exit(f"demo: {arguments.keep} is not empty: the demo starts from nothing")


def main():
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = arguments.keep or pathlib.Path(tempfile.mkdtemp(prefix="godwit-loop-"))
    folder.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    loop = Loop(arguments, folder)
    try:
        loop.run()
        loop.stop()
        seconds = time.monotonic() - started
        if arguments.json:
            arguments.json.write_text(json.dumps(loop.as_json(seconds), indent=2) + "\n")
        return loop.end(seconds)
    except (Failed, voices.NoVoices) as failure:
        where = f"\n{voices.WHERE_TO_GET_IT}" if isinstance(failure, voices.NoVoices) else ""
        loop.screen.line(paint("31", f"\ndemo failed: {failure}") + where)
        return 1
    except KeyboardInterrupt:
        loop.screen.line("\nstopped")
        return 130
    finally:
        processes.kill_all()
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
