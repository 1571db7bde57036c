#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The built-in virtual device: from an empty folder to a swapped model without
any hardware, and what happens to its process when things go wrong."""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import support
from support import BIN, EndToEnd, PATIENCE

PROJECT = "/v1/projects/default"


class Virtual(EndToEnd):
    # --- asking the server ------------------------------------------------------------

    def call(self, method, path, body=None, data=None):
        """(status, document)"""
        headers = {"x-api-key": self.server.api_key}
        if body is not None:
            data, headers["content-type"] = json.dumps(body).encode(), "application/json"
        elif data is not None:
            headers["content-type"] = "application/octet-stream"
        request = urllib.request.Request(self.server.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30 * PATIENCE) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def must(self, method, path, body=None, data=None):
        status, document = self.call(method, path, body, data)
        self.assertLess(status, 300, document)
        return document

    def until(self, condition, what, seconds=20):
        end = time.monotonic() + seconds * PATIENCE
        while time.monotonic() < end:
            value = condition()
            if value:
                return value
            time.sleep(0.05)
        log = self.server.log.read_text(errors="replace")
        self.fail(f"waited in vain: {what}; the end of the server's log:\n{log[-3000:]}")

    def serve(self, *options, binary=None):
        """A server of which only this test knows what it is asked; no CLI."""
        self.server = support.Server(binary or BIN / "godwit", self.folder,
                                     support.free_port(socket.SOCK_DGRAM),
                                     support.free_port(socket.SOCK_STREAM))
        command = self.server.command
        self.server.command = lambda: [*command(), *options]
        self.server.start(30 * PATIENCE)

    # --- the virtual device -----------------------------------------------------------------

    def make(self, **body):
        """Its id. Nobody speaks in its room but who is asked to."""
        self.must("POST", PROJECT + "/settings",
                  {"key": "SPEECH_EVERY_S", "value": 0, "dataType": "integer"})
        return self.must("POST", PROJECT + "/virtual-devices", body)["data"]["deviceId"]

    def status(self, device):
        found = self.must("GET", PROJECT + "/virtual-devices")["list"]
        return next((row for row in found if row["deviceId"] == device), None)

    def process(self, device):
        """The process that runs it, 0 for none: by its command line."""
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"virtual-device" in words and any(device.encode() in word for word in words):
                return int(folder.name)
        return 0

    def device(self, device):
        return self.must("GET", f"{PROJECT}/devices/{device}")["data"]

    def runs(self, device, version):
        """The device has said that it runs model@version, and listens to calls."""
        def said():
            found = self.device(device)
            model = found["metadata"]["update"].get("model", {})
            return found["status"] == "online" and model.get("version") == version
        self.until(said, f"model@{version}")

    def say(self, device, word):
        """The labels that were heard."""
        def answered():
            status, document = self.call("POST", f"{PROJECT}/devices/{device}/rpc",
                                         {"method": "say", "params": [word], "timeout": 20})
            return document["data"] if status == 200 else None
        answer = self.until(answered, f"say {word}")
        self.assertEqual(answer["statusCode"], 0, answer)
        self.assertEqual(answer["detail"]["said"], word)
        return [heard["label"] for heard in answer["detail"]["heard"]]

    def speech(self, device):
        return self.must("GET", f"{PROJECT}/devices/{device}/data/speech")["data"]

    def roll_out(self, name, version):
        """By what the server itself brings along."""
        with urllib.request.urlopen(f"{self.server.url}/examples/{name}") as answer:
            model = answer.read()
        artifact = self.must("POST", f"{PROJECT}/artifacts?package=model&version={version}",
                             data=model)["data"]["id"]
        return self.must("POST", PROJECT + "/releases",
                         {"artifactIds": [artifact], "rollout": True})["data"]["id"]

    def with_model(self):
        self.serve()
        device = self.make()
        self.roll_out("yes_no.tflite", "1.0.0")
        self.runs(device, "1.0.0")
        return device

    # --- the guide ------------------------------------------------------------------------------

    def guide(self, http_port):
        """Its tested commands, for a server on that port."""
        text = (support.ROOT / "docs/guide/virtual-device.md").read_text(encoding="utf-8")
        blocks = re.findall(r"<!-- tested -->\n```sh\n(.*?)```", text, re.DOTALL)
        self.assertEqual(len(blocks), 3)
        script = "".join(blocks)
        self.assertIn("127.0.0.1:8080", script)
        return script.replace("127.0.0.1:8080", f"127.0.0.1:{http_port}")

    def test_the_guides_commands_do_what_it_says(self):
        coap, http = support.free_port(socket.SOCK_DGRAM), support.free_port(socket.SOCK_STREAM)
        path = self.folder / "path"
        path.mkdir()
        shim = path / "godwit"
        shim.write_text(f'#!/bin/sh\nif [ "$1" = server ]; then set -- "$@" --coap-port {coap} '
                        f'--http-port {http}; fi\nexec {BIN}/godwit "$@"\n')
        shim.chmod(0o755)
        script = "trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT\n" + self.guide(http)
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith("GODWIT_")}
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=self.folder,
                              env={**environment, "HOME": str(self.folder),
                                   "PATH": f"{path}:{os.environ['PATH']}"},
                              capture_output=True, text=True, timeout=150, check=False)
        print(done.stdout, done.stderr)
        self.assertEqual(done.returncode, 0)
        said = (self.folder / "said").read_text()
        print(said)
        self.assertIn("1.1.0", said)

    # --- the tests ------------------------------------------------------------------------------

    def test_from_an_empty_folder_to_new_words_without_hardware(self):
        self.serve()
        device = self.make(name="kitchen")
        self.runs(device, "")
        profile = self.device(device)["metadata"]["profile"]
        self.assertIn("CONV_2D", profile["ops"])
        self.assertEqual((profile["arenaBytes"], profile["slotBytes"]), (32768, 65536))
        self.assertEqual(self.say(device, "yes"), [])
        self.until(lambda: self.speech(device), "its state")
        self.assertIsNone(self.speech(device)["model"])

        self.roll_out("yes_no.tflite", "1.0.0")
        self.runs(device, "1.0.0")
        self.assertEqual(self.say(device, "yes"), ["yes"])
        self.assertEqual(self.say(device, "no"), ["no"])
        self.assertNotIn("stop", self.say(device, "stop"))
        self.assertEqual(self.say(device, "background"), [])

        self.roll_out("yes_no_stop_go.tflite", "1.1.0")
        self.runs(device, "1.1.0")
        for word in ("stop", "go", "yes"):
            self.assertEqual(self.say(device, word), [word])
        speech = self.until(lambda: (lambda it: it if it["heard"]["label"] == "yes" else None)(
            self.speech(device)), "what it heard last")
        self.assertEqual(speech["model"], {"package": "model", "version": "1.1.0"})
        self.assertEqual((speech["missed"], speech["swaps"]), (0, 2))
        self.assertEqual(self.status(device)["restarts"], 0)
        lines = [line["message"] for line in
                 self.must("GET", f"{PROJECT}/devices/{device}/logs")["list"]]
        self.assertTrue(any("model@1.1.0 is at work in place of 1.0.0" in line
                            and line.endswith("0 windows missed") for line in lines), lines)
        self.assertTrue(any(line.startswith("heard stop") for line in lines), lines)

    def test_somebody_speaks_by_himself_as_often_as_the_setting_says(self):
        device = self.with_model()
        self.assertIsNone(self.speech(device)["heard"])
        setting = self.must("GET", PROJECT + "/settings")["list"][0]["id"]
        self.must("PATCH", f"{PROJECT}/settings/{setting}", {"value": 1})
        heard = self.until(lambda: self.speech(device)["heard"], "a word that nobody asked for")
        self.assertGreater(heard["score"], 0.3)
        self.must("PATCH", f"{PROJECT}/settings/{setting}", {"value": 3601})
        settings = f"{PROJECT}/devices/{device}/settings"
        self.until(lambda: self.must("GET", settings)["data"]["reported"]["errors"],
                   "what it says of a wrong value")

    def test_labels_are_shown_as_the_model_has_them_and_break_nothing(self):
        self.serve()
        device = self.make()
        model = support.YES_NO.read_bytes()
        label = b'y"<'
        self.assertIn(b"yes", model)
        artifact = self.must("POST", f"{PROJECT}/artifacts?package=model&version=1.0.0",
                             data=model.replace(b"yes", label))["data"]["id"]
        self.must("POST", PROJECT + "/releases", {"artifactIds": [artifact], "rollout": True})
        self.runs(device, "1.0.0")
        self.assertEqual(self.say(device, "yes"), [label.decode()])
        self.until(lambda: (self.speech(device)["heard"] or {}).get("label") == label.decode(),
                   "the label in its state")

    def test_a_file_that_is_no_model_is_refused_and_the_old_one_hears_on(self):
        device = self.with_model()
        upload = f"{PROJECT}/artifacts?package=model&version=6.6.6&forceBinary=true"
        artifact = self.must("POST", upload, data=os.urandom(5000))["data"]["id"]
        self.must("POST", PROJECT + "/releases",
                  {"artifactIds": [artifact], "rollout": True, "force": True})
        self.until(lambda: self.device(device)["metadata"]["update"]["model"]["reason"] ==
                   "FIRMWARE_UPDATE_FAILED", "why it does not take it")
        self.assertEqual(self.say(device, "yes"), ["yes"])
        lines = [line["message"] for line in
                 self.must("GET", f"{PROJECT}/devices/{device}/logs")["list"]]
        self.assertTrue(any("model@6.6.6 is refused" in line for line in lines), lines)
        self.assertEqual(self.speech(device)["missed"], 0)

    def test_killed_it_comes_back_with_its_model(self):
        device = self.with_model()
        before = self.process(device)
        os.kill(before, signal.SIGKILL)
        self.until(lambda: self.process(device) not in (0, before), "another process")
        self.assertEqual(self.say(device, "yes"), ["yes"])
        status = self.status(device)
        self.assertEqual((status["running"], status["restarts"]), (True, 1))
        self.assertIn("signal 9", status["lastError"])
        self.assertEqual(self.speech(device)["swaps"], 0)

    def test_it_goes_with_a_killed_server_and_comes_with_the_next(self):
        device = self.with_model()
        self.server.kill()
        self.until(lambda: self.process(device) == 0, "the end of its process")
        self.server.start(30 * PATIENCE)
        self.until(lambda: self.process(device), "its process")
        self.assertEqual(self.say(device, "no"), ["no"])

    def test_it_goes_with_a_stopped_server(self):
        self.serve()
        device = self.make()
        self.until(lambda: self.process(device), "its process")
        self.server.stop()
        self.assertEqual(self.process(device), 0)

    def test_deleted_nothing_of_it_is_left(self):
        device = self.with_model()
        store = self.server.data / "virtual" / device
        self.assertTrue(store.is_dir())
        self.must("DELETE", f"{PROJECT}/virtual-devices/{device}")
        self.until(lambda: self.process(device) == 0 and not store.exists(), "its end")
        self.assertEqual(self.call("GET", f"{PROJECT}/devices/{device}")[0], 404)
        self.assertIsNone(self.status(device))

    def test_deleted_as_a_device_it_goes_as_well(self):
        self.serve()
        device = self.make()
        self.until(lambda: self.process(device), "its process")
        self.must("DELETE", f"{PROJECT}/devices/{device}")
        store = self.server.data / "virtual" / device
        self.until(lambda: self.process(device) == 0 and not store.exists(), "its end")

    def test_disabled_it_stops_and_enabled_it_runs(self):
        self.serve()
        device = self.make()
        self.until(lambda: self.process(device), "its process")
        self.must("PATCH", f"{PROJECT}/devices/{device}", {"enabled": False})
        self.until(lambda: self.process(device) == 0, "its end")
        status = self.until(lambda: (lambda it: it if not it["running"] else None)(
            self.status(device)), "its status")
        self.assertIn("disabled", status["lastError"])
        self.must("PATCH", f"{PROJECT}/devices/{device}", {"enabled": True})
        self.until(lambda: self.process(device), "its process")
        self.runs(device, "")
        self.assertIsNone(self.status(device)["lastError"])

    def test_without_a_key_it_says_so(self):
        self.serve()
        device = self.make()
        self.until(lambda: self.process(device), "its process")
        for credential in self.must("GET", f"{PROJECT}/devices/{device}/credentials")["list"]:
            self.must("DELETE", f"{PROJECT}/devices/{device}/credentials/{credential['id']}")
        self.until(lambda: not self.status(device)["running"], "its end")
        self.assertEqual(self.process(device), 0)
        self.assertIn("credential was deleted", self.status(device)["lastError"])

    def test_with_another_key_it_comes_back(self):
        self.serve()
        device = self.make()
        self.runs(device, "")
        credentials = f"{PROJECT}/devices/{device}/credentials"
        old = self.must("GET", credentials)["list"][0]
        self.must("POST", credentials, {"identity": "another@default",
                                        "preSharedKey": "a-key-of-its-own"})
        before = self.process(device)
        self.must("DELETE", f"{credentials}/{old['id']}")
        self.until(lambda: self.process(device) not in (0, before), "another process")
        self.until(lambda: self.must("GET", credentials)["list"][0]["lastUsed"], "its new key used")
        self.assertIsNone(self.status(device)["lastError"])

    def test_a_program_that_was_deleted_runs_on_and_starts_more(self):
        program = self.folder / "godwit"
        shutil.copy2(BIN / "godwit", program)
        self.serve(binary=program)
        first = self.make()
        program.unlink()
        second = self.must("POST", PROJECT + "/virtual-devices", {})["data"]["deviceId"]
        for device in (first, second):
            self.runs(device, "")

    def test_switched_off_none_is_made_and_none_runs(self):
        self.serve()
        device = self.make()
        self.until(lambda: self.process(device), "its process")
        self.server.stop()
        command = self.server.command
        self.server.command = lambda: [*command(), "--no-virtual-devices"]
        self.server.start(30 * PATIENCE)
        status, document = self.call("POST", PROJECT + "/virtual-devices", {})
        self.assertEqual(status, 403)
        self.assertIn("--no-virtual-devices", document["message"])
        self.assertEqual(self.process(device), 0)
        self.assertIn("without them", self.status(device)["lastError"])
        self.must("DELETE", f"{PROJECT}/virtual-devices/{device}")

    def test_it_has_nothing_of_the_servers_open_and_no_key_in_its_command_line(self):
        self.serve()
        device = self.make()
        process = self.until(lambda: self.process(device), "its process")
        self.runs(device, "")
        links = {int(fd.name): os.readlink(fd) for fd in
                 pathlib.Path(f"/proc/{process}/fd").iterdir()}
        store = f"/virtual/{device}"
        others = [link for fd, link in links.items() if fd > 2 and not link.startswith("socket:")
                  and store not in link and link != "/dev/urandom"]
        self.assertEqual(others, [])
        self.assertEqual(sum(link.startswith("socket:") for link in links.values()), 1, links)
        self.assertEqual(os.getpgid(process), process)
        self.assertEqual(os.getpriority(os.PRIO_PROCESS, process), 5)
        key = self.must("GET", f"{PROJECT}/devices/{device}/credentials")["list"][0]
        words = pathlib.Path(f"/proc/{process}/cmdline").read_text()
        self.assertIn(key["identity"], words)
        self.assertNotIn(key["preSharedKey"], words)
        self.assertGreaterEqual(len(key["preSharedKey"]), 32)


if __name__ == "__main__":
    support.main(Virtual)
