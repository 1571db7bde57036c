#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The small examples against a real server: what the device sends arrives, what
the operator says arrives at the device."""
import hashlib
import json
import subprocess
import time
import urllib.error
import urllib.request

import support
from processes import Lines
from relay import Relay
from support import BIN, EndToEnd


class Samples(EndToEnd):
    def setUp(self):
        super().setUp()
        self.start_server()
        self.key = self.run_godwit("device", "create", "sample")["credential"]

    def rest(self, method, path, body=None):
        """JSON of /v1/projects/default/PATH, or bytes where it is none."""
        request = urllib.request.Request(
            f"{self.server.url}/v1/projects/default/{path}", method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"x-api-key": self.server.api_key, "content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            data = answer.read()
            is_json = answer.headers.get("content-type", "").startswith("application/json")
        return json.loads(data) if is_json and data else data

    port = None  # of a relay; the server's own without

    def words(self, program, *words):
        return [BIN / program, self.key["identity"], self.key["preSharedKey"], *words, "127.0.0.1",
                str(self.port or self.server.coap_port)]

    def relay(self, **options):
        relay = Relay(("127.0.0.1", self.server.coap_port), **options)
        relay.start()
        self.relays.append(relay)
        self.port = relay.port
        return relay

    def run_sample(self, program, *words):
        return subprocess.run(self.words(program, *words), capture_output=True, text=True,
                              timeout=60 * support.PATIENCE, check=False)

    def start_sample(self, program):
        process = support.processes.start(self.words(program), stdout=subprocess.PIPE,
                                          stderr=subprocess.STDOUT, text=True)
        return Lines(process, self.folder / f"{program}.log")

    def wait_line(self, output, wanted):
        until = time.monotonic() + 30 * support.PATIENCE
        with output.changed:
            while not any(wanted in line for line in output.lines):
                left = until - time.monotonic()
                if output.ended or left <= 0:
                    self.fail(f"no line {wanted!r}, but {output.lines}")
                output.changed.wait(left)

    def wait_until(self, what, condition):
        until = time.monotonic() + 30 * support.PATIENCE
        while time.monotonic() < until:
            found = condition()
            if found:
                return found
            time.sleep(0.05)
        return self.fail(f"in vain: {what}")

    def the_capture(self):
        captures = self.rest("GET", "captures")["list"]
        self.assertEqual(len(captures), 1, captures)
        return captures[0], self.rest("GET", f"captures/{captures[0]['id']}/content")

    def test_a_recording_is_stored_with_what_is_known_about_it(self):
        clip = sorted((support.EXAMPLE / "clips/yes").glob("*.wav"))[0]
        done = self.run_sample("upload_audio", clip)
        self.assertEqual((done.returncode, done.stdout), (0, "stored\n"), done.stderr)
        capture, content = self.the_capture()
        self.assertEqual(hashlib.sha256(content).digest(),
                         hashlib.sha256(clip.read_bytes()).digest())
        self.assertIn("wav", capture["contentType"])
        self.assertEqual(capture["heard"], "yes")
        self.assertIn("model@1.0.0", json.dumps(capture["provenance"]))

    def test_what_is_no_recording_is_not_sent(self):
        path = self.folder / "no.wav"
        path.write_bytes(b"RIFF but no more")
        done = self.run_sample("upload_audio", path)
        self.assertEqual(done.returncode, 1)
        self.assertIn("is no WAV file", done.stdout)
        self.assertEqual(self.rest("GET", "captures")["list"], [])

    def test_a_picture_is_stored_byte_for_byte(self):
        path = self.folder / "picture.ppm"
        path.write_bytes(b"P6 160 120 255\n" + bytes(i * 7 % 251 for i in range(3 * 160 * 120)))
        done = self.run_sample("upload_image", path)
        self.assertEqual((done.returncode, done.stdout), (0, "stored\n"), done.stderr)
        capture, content = self.the_capture()
        self.assertEqual(content, path.read_bytes())
        self.assertIn("image/", capture["contentType"])

    def test_a_picture_arrives_over_a_link_that_loses_a_tenth(self):
        self.relay(delay_ms=5, loss=0.1, seed=5)
        path = self.folder / "picture.ppm"
        path.write_bytes(b"P6 160 120 255\n" + bytes(i * 11 % 251 for i in range(3 * 160 * 120)))
        done = self.run_sample("upload_image", path)
        self.assertEqual((done.returncode, done.stdout), (0, "stored\n"), done.stderr)
        self.assertEqual(self.the_capture()[1], path.read_bytes())

    def test_a_picture_goes_on_where_it_was_when_the_session_is_lost(self):
        relay = self.relay(delay_ms=2, loss=0, seed=1)
        path = self.folder / "picture.ppm"
        path.write_bytes(b"P6 800 600 255\n" + bytes(i * 17 % 251 for i in range(3 * 800 * 600)))
        sample = subprocess.Popen(self.words("upload_image", path), stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)
        self.wait_until("half of it on the air", lambda: relay.bytes > 800_000)
        relay.cut()
        time.sleep(11)  # the client gives the session up after 10
        before = relay.bytes
        relay.restore()
        output, errors = sample.communicate(timeout=90 * support.PATIENCE)
        self.assertEqual((sample.returncode, output), (0, "stored\n"), errors)
        self.assertIn("next attempt", errors)  # it was lost
        self.assertEqual(self.the_capture()[1], path.read_bytes())
        self.assertLess(relay.bytes - before, 1_300_000)  # the whole takes 1.7 million

    def test_a_picture_outlives_a_server_that_is_killed_in_the_middle(self):
        self.relay(delay_ms=2, loss=0, seed=1)
        path = self.folder / "picture.ppm"
        path.write_bytes(b"P6 800 600 255\n" + bytes(i * 13 % 251 for i in range(3 * 800 * 600)))
        sample = subprocess.Popen(self.words("upload_image", path), stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)
        time.sleep(1.5)  # of the 6 s and more that its 1,407 blocks take
        self.assertIsNone(sample.poll())
        self.server.kill()
        self.server.start(30 * support.PATIENCE)
        output, errors = sample.communicate(timeout=90 * support.PATIENCE)
        self.assertEqual((sample.returncode, output), (0, "stored\n"), errors)
        self.assertEqual(self.the_capture()[1], path.read_bytes())

    def test_a_wrong_key_is_said_to_be_one(self):
        path = self.folder / "picture.ppm"
        path.write_bytes(b"P6 1 1 255\n123")
        self.key = {**self.key, "preSharedKey": "wrong"}
        done = self.run_sample("upload_image", path)
        self.assertEqual(done.returncode, 1)
        self.assertIn("refused identity or key", done.stdout)

    def test_state_is_shared_both_ways(self):
        self.rest("POST", "devices/sample/data/desired/lamp", True)
        output = self.start_sample("device_state")
        self.wait_line(output, "lamp: switched on")
        reported = self.wait_until("what the device reports", lambda: (
            lambda data: data if data and len(data) == 3 else None)(
                self.rest("GET", "devices/sample/data/reported")["data"]))
        self.assertEqual(reported, {"temperature": 21.5, "name": "kitchen", "lamp": True})
        self.rest("POST", "devices/sample/data/desired/lamp", False)
        self.wait_line(output, "lamp: switched off")
        self.wait_until("the lamp reported off", lambda: self.rest(
            "GET", "devices/sample/data/reported/lamp")["data"] is False)

    def test_settings_arrive_and_wrong_ones_are_told(self):
        self.rest("POST", "settings", {"key": "GREETING", "value": "moin"})
        self.rest("POST", "settings", {"key": "LED", "value": True})
        output = self.start_sample("device_settings")
        self.wait_line(output, "GREETING is moin")
        self.wait_line(output, "LED is on")
        self.rest("POST", "settings", {"key": "INTERVAL_S", "value": 5, "deviceId": "sample"})
        self.wait_line(output, "INTERVAL_S is 5")
        self.rest("POST", "settings", {"key": "GAIN", "value": 2.5})
        self.wait_line(output, "GAIN is 2.50")
        self.rest("POST", "settings", {"key": "BRIGHTNESS", "value": 7})
        self.wait_until("the error about the unknown key", lambda: self.errors() == [
            ("BRIGHTNESS", 1)])
        self.rest("POST", "settings", {"key": "GAIN", "value": 50.0, "deviceId": "sample"})
        self.wait_until("the error about the range", lambda: sorted(self.errors()) == [
            ("BRIGHTNESS", 1), ("GAIN", 4)])

    def errors(self):
        reported = self.rest("GET", "devices/sample/settings")["data"]["reported"] or {}
        return [(error["key"], error["code"]) for error in reported.get("errors", [])]

    def call(self, method, *params):
        try:
            return self.rest("POST", "devices/sample/rpc",
                             {"method": method, "params": list(params), "timeout": 20})
        except urllib.error.HTTPError as error:
            return json.loads(error.read())

    def test_calls_are_answered_and_lines_logged(self):
        output = self.start_sample("device_rpc")
        self.wait_line(output, "connected")
        answer = self.wait_until("an answer", lambda: (
            lambda found: found if "value" in json.dumps(found) else None)(
                self.call("multiply", 6, 7)))
        self.assertIn('"value": 42.0', json.dumps(answer))
        self.wait_line(output, "multiplied 6 by 7")
        self.assertEqual(self.call("multiply", "six")["data"]["statusCode"], 3)
        self.assertEqual(self.call("divide", 1, 2)["data"]["statusCode"], 5)
        self.call("say", "hello, operator")
        lines = self.wait_until("the line in the logs", lambda: [
            line for line in self.rest("GET", "devices/sample/logs")["list"]
            if "hello, operator" in json.dumps(line)])
        self.assertEqual((lines[0]["level"], lines[0]["module"]), ("WARN", "rpc-example"))


if __name__ == "__main__":
    support.main(Samples)
