#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""micro_speech --capture against a real server, over a link of 30 ms round trip:
consent, quota, commands, provenance, and no window missed meanwhile."""
import hashlib
import json
import time
import urllib.error
import urllib.request

import support
from support import EndToEnd

CLIP_BYTES = 44 + 2 * 16000


class Captures(EndToEnd):
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

    def set(self, key, value):
        """Creates the setting for the project, or changes it."""
        for setting in self.rest("GET", "settings")["list"]:
            if setting["key"] == key:
                return self.rest("PATCH", f"settings/{setting['id']}", {"value": value})
        return self.rest("POST", "settings", {"key": key, "value": value})

    def unset(self, key):
        for setting in self.rest("GET", "settings")["list"]:
            if setting["key"] == key:
                self.rest("DELETE", f"settings/{setting['id']}")

    def call(self, device, *params):
        return self.rest("POST", f"devices/{device.name}/rpc",
                         {"method": "capture", "params": list(params)})["data"]

    def captures(self):
        return self.rest("GET", "captures?perPage=1000")["list"]

    def start_capturing(self, *options, speed=support.SPEED, **settings):
        """A device that runs 1.0.0; the settings given have arrived."""
        self.start_server()
        self.release(support.YES_NO, "1.0.0")
        device = self.device("kitchen", "--clips", support.EXAMPLE / "clips", "--speed", speed,
                             "--capture", *options, delay_ms=15)
        device.start()
        self.wait(device, "swap", to="1.0.0")
        for key, value in settings.items():
            since = device.position()
            self.set(f"CAPTURE_{key}", value)
            self.wait_setting(device, since, f"CAPTURE_{key}", value)
        return device

    def wait_setting(self, device, since, name, value):
        device.wait_for(lambda: any(e["event"] == "setting" and e["name"] == name
                                    and e["value"] == value for e in device.events[since:]),
                        30 * support.PATIENCE, f"{name} = {value}")

    def stats(self, device, since=None):
        return self.wait(device, "stats", device.position() if since is None else since)

    def test_what_the_device_captured_is_what_the_server_has(self):
        device = self.start_capturing(PER_DAY=1000, BAND_LOW=1, BAND_HIGH=255, ENABLED=True)
        for _ in range(3):
            since = device.position()
            self.wait(device, "captured", since)
        told = {e["sha256"]: e for e in device.copy_events(0) if e["event"] == "captured"}
        stored = {c["digest"]: c for c in self.captures()}
        self.assertGreaterEqual(len(told), 3)
        for digest, event in told.items():
            capture = stored[digest]
            self.assertEqual(capture["size"], CLIP_BYTES)
            self.assertEqual(capture["contentType"], "audio/wav")
            self.assertEqual(capture["heard"], event["label"])
            provenance = capture["provenance"]
            self.assertEqual(provenance["model"], "model@1.0.0")
            self.assertEqual(provenance["trigger"], "band")
            self.assertAlmostEqual(provenance["score"] / 255, event["score"], 5)
            self.assertNotIn("clip", provenance)  # the truth is for a person to say
            content = self.rest("GET", f"captures/{capture['id']}/content")
            self.assertEqual(hashlib.sha256(content).hexdigest(), digest)
        self.assertTrue(any(e["clip"] for e in told.values()))

    def test_without_consent_nothing_goes_up_and_a_call_is_refused(self):
        device = self.start_capturing(PER_DAY=1000, BAND_LOW=1, BAND_HIGH=255)
        answer = self.call(device)
        self.assertEqual(answer["statusCode"], 7)
        stats = self.stats(device)
        time.sleep(2)
        self.assertEqual((stats["captures_taken"], self.captures()), (0, []))
        self.assertGreater(self.stats(device)["captures_refused_consent"], 0)

    def test_consent_that_is_withdrawn_or_deleted_stops_at_once(self):
        device = self.start_capturing(BAND_HIGH=0)
        for withdraw in (lambda: self.set("CAPTURE_ENABLED", False),
                         lambda: self.unset("CAPTURE_ENABLED")):
            since = device.position()
            self.set("CAPTURE_ENABLED", True)
            self.wait_setting(device, since, "CAPTURE_ENABLED", True)
            self.assertEqual(self.call(device)["statusCode"], 0)
            since = device.position()
            withdraw()
            self.wait_setting(device, since, "CAPTURE_ENABLED", False)
            self.assertEqual(self.call(device)["statusCode"], 7)

    def test_out_of_quota_nothing_goes_up_also_after_a_restart(self):
        device = self.start_capturing(PER_DAY=2, BAND_LOW=1, BAND_HIGH=255, ENABLED=True)
        device.wait_for(lambda: next((e for e in device.events if e["event"] == "stats"
                                      and e["captures_refused_quota"] > 0), None),
                        60 * support.PATIENCE, "a refusal")
        self.wait(device, "stats", device.position(), captures_sent=2)
        device.kill()
        since = device.position()
        device.start()
        device.wait_for(lambda: next((e for e in device.events[since:] if e["event"] == "stats"
                                      and e["captures_refused_quota"] > 0), None),
                        60 * support.PATIENCE, "a refusal")
        self.assertEqual(self.stats(device)["captures_taken"], 0)
        self.assertEqual(len(self.captures()), 2)
        self.assertEqual(self.call(device)["statusCode"], 8)

    def test_a_call_brings_the_seconds_just_heard(self):
        device = self.start_capturing("--capture-clip-names", BAND_HIGH=0, ENABLED=True)
        since = device.position()
        answer = self.call(device, 2)
        self.assertEqual(answer["statusCode"], 0)
        self.assertEqual(answer["detail"]["ms"], 2000)
        captured = self.wait(device, "captured", since)
        self.assertEqual(captured["trigger"], "command")
        self.assertEqual(captured["bytes"], 44 + 2 * 32000)
        capture, = self.captures()
        self.assertEqual(capture["digest"], captured["sha256"])
        self.assertEqual(capture["provenance"].get("clip", ""), captured["clip"])
        self.assertEqual(self.call(device, 6)["statusCode"], 3)  # longer than a slot
        self.assertEqual(self.call(device, "all")["statusCode"], 3)

    def test_the_commands_of_the_guide_do_what_it_says(self):
        device = self.start_capturing(BAND_HIGH=0)
        guide = (support.ROOT / "docs/guide/capture.md").read_text(encoding="utf-8")
        commands = [line.split()[1:] for line in guide.splitlines() if line.startswith("godwit ")]
        self.assertEqual(len(commands), 3)
        since = device.position()
        for words in commands[:2]:
            self.run_godwit(*words)
        self.wait_setting(device, since, "CAPTURE_ENABLED", True)
        self.wait_setting(device, since, "CAPTURE_PER_DAY", 50)
        self.run_godwit(*commands[2])
        captured = self.wait(device, "captured", since, trigger="command")
        self.assertEqual(captured["bytes"], 44 + 2 * 32000)

    def test_no_window_is_missed_while_captures_go_up(self):
        device = self.start_capturing(PER_DAY=1000, BAND_LOW=1, BAND_HIGH=255, ENABLED=True,
                                      speed=2)
        deadline = time.monotonic() + 60 * support.PATIENCE
        stats = self.stats(device)
        while stats["captures_sent"] < 5 and time.monotonic() < deadline:
            stats = self.stats(device)
        self.assertGreaterEqual(stats["captures_sent"], 5)
        self.assertEqual(stats["windows_missed"], 0)
        self.assertEqual(stats["captures_lost"], 0)
        print(f"{stats['captures_sent']:.0f} captures, {stats['capture_bytes']:.0f} bytes of "
              f"audio, {stats['bytes_out']:.0f} bytes out, {stats['windows_evaluated']:.0f} "
              "windows, none missed")


if __name__ == "__main__":
    support.main(Captures)
