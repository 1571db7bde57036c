#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""micro_speech against a real server, where things go wrong."""
import os
import subprocess
import time

import support
from support import BIN, EndToEnd


class Devices(EndToEnd):
    def write(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        return path

    def downloads(self, device, since=0):
        return [e for e in device.copy_events(since)
                if e["event"] == "downloading" and e["started"] == 1]

    def start_with_model(self, name="kitchen", **options):
        """A server, a release of 1.0.0, a device that runs it."""
        self.start_server()
        self.release(support.YES_NO, "1.0.0")
        device = self.device(name, **options)
        device.start()
        self.wait(device, "swap", to="1.0.0")
        return device

    def still_works(self, device):
        """It evaluates windows with the model that it had, and missed none."""
        since = device.position()
        stats = self.wait(device, "stats", since)
        later = device.wait_for(
            lambda: next((e for e in device.events[since:] if e["event"] == "stats"
                          and e["windows_evaluated"] > stats["windows_evaluated"]), None),
            30 * support.PATIENCE, "stats")
        self.assertEqual(later["windows_missed"], 0)

    def test_garbage_is_refused_at_upload_unless_forced(self):
        self.start_server()
        path = self.write("garbage.tflite", os.urandom(9000))
        words = ("artifact", "upload", path, "--package", "model", "--version", "9.9.9")
        self.run_godwit(*words, must=False)
        self.assertEqual(self.operator.status, 1)
        self.assertIn("--force-binary", self.operator.error)
        self.run_godwit(*words, "--force-binary")

    def refuses(self, device, release, version, reason):
        """It says so once, keeps the old model, tells the server, and does not
        fetch again when the release is switched off and on."""
        failed = self.wait(device, "failed", version=version)
        self.assertEqual((failed["reason"], failed["final"]), (reason, 1))
        self.still_works(device)
        for _ in range(2):
            since = device.position()
            self.run_godwit("release", "rollout", "off", release)
            self.wait(device, "manifest", since, version="1.0.0")
            self.run_godwit("release", "rollout", "on", release)
            self.wait(device, "manifest", since, version=version)
        self.still_works(device)
        history = self.run_godwit("device", "history", device.name)
        self.assertIn(reason, str(history))

    def test_a_model_that_is_garbage_is_refused_once_and_the_old_one_stays(self):
        device = self.start_with_model()
        since = device.position()
        garbage = self.write("garbage.tflite", os.urandom(9000))
        release = self.release(garbage, "9.9.9", "--force-binary")
        rejected = self.wait(device, "rejected", since, version="9.9.9")
        self.assertTrue(rejected["reason"])
        self.refuses(device, release, "9.9.9", "FIRMWARE_UPDATE_FAILED")
        self.assertEqual(len(self.downloads(device, since)), 1)

    def test_a_truncated_model_is_refused_once_and_the_next_good_one_is_taken(self):
        device = self.start_with_model()
        since = device.position()
        half = support.YES_NO_STOP_GO.read_bytes()[:12000]
        release = self.release(self.write("half.tflite", half), "1.1.0", "--force-binary")
        self.refuses(device, release, "1.1.0", "FIRMWARE_UPDATE_FAILED")
        self.release(support.YES_NO_STOP_GO, "1.1.1")
        self.wait(device, "swap", since, to="1.1.1")
        self.assertEqual(len(self.downloads(device, since)), 2)

    def test_a_model_larger_than_the_slot_is_refused_without_a_download(self):
        device = self.start_with_model()
        since = device.position()
        self.release(self.write("large.bin", os.urandom(70000)), "2.0.0", "--force-binary",
                     force=True)
        failed = self.wait(device, "failed", since, version="2.0.0")
        self.assertEqual(failed["final"], 1)
        self.still_works(device)
        self.assertEqual(self.downloads(device, since), [])

    def test_a_device_with_a_wrong_key_stays_outside_and_says_why(self):
        self.start_server()
        key = self.run_godwit("device", "create", "hall")["credential"]
        device = self.device("hall", key={**key, "preSharedKey": "wrong"})
        device.start()
        self.assertEqual(self.wait(device, "unconnected")["why"], "identity or key refused")
        self.assertNotIn("connected", [e["event"] for e in device.copy_events()])

    def test_a_device_that_nobody_knows_stays_outside(self):
        self.start_server()
        device = self.device("ghost", key={"identity": "ghost@default", "preSharedKey": "boo"})
        device.start()
        self.assertEqual(self.wait(device, "unconnected")["why"], "identity or key refused")

    def test_a_model_arrives_over_a_link_that_loses_a_tenth(self):
        self.start_server()
        device = self.device("kitchen", delay_ms=5, loss=0.1, seed=3)
        device.start()
        self.release(support.YES_NO, "1.0.0")
        swap = self.wait(device, "swap", seconds=90, to="1.0.0")
        self.assertEqual(swap["windows_missed"], 0)

    def test_a_device_killed_again_and_again_gets_its_model_in_the_end(self):
        self.start_server()
        self.release(support.YES_NO, "1.0.0")
        size = support.YES_NO.stat().st_size
        device = self.device("kitchen", delay_ms=3)
        resumed_at = []
        for deadline in (1, 1024, 5000, 9000, 14000, size - 4096, size):
            since = device.position()
            device.start()
            started = self.wait(device, "downloading", since, started=1)
            resumed_at.append(started["bytes"])
            device.wait_for(lambda: any(e["event"] == "downloading" and e["bytes"] >= deadline
                                        for e in device.events[since:]),
                            30 * support.PATIENCE, f"downloading {deadline}")
            device.kill()
        self.assertEqual(resumed_at, sorted(resumed_at))
        self.assertGreaterEqual(resumed_at[-1], 12288)
        device.start()
        device.wait_for(lambda: any(e["event"] in ("model", "swap")
                                    and "1.0.0" in (e.get("version"), e.get("to"))
                                    for e in device.events), 30 * support.PATIENCE, "1.0.0")
        self.still_works(device)

    def test_a_device_on_raw_flash_updates_rolls_back_and_comes_up_again(self):
        flash = ["--flash", self.folder / "flash", "--clips", support.EXAMPLE / "clips",
                 "--speed", support.SPEED]
        self.start_server()
        device = self.device("kitchen", *flash)
        device.start()
        self.release(support.YES_NO, "1.0.0")
        self.wait(device, "swap", to="1.0.0")
        release = self.release(support.YES_NO_STOP_GO, "1.1.0")
        self.wait(device, "swap", to="1.1.0")
        since = device.position()
        device.kill()
        device.start()
        self.assertEqual(self.wait(device, "model", since)["version"], "1.1.0")
        self.run_godwit("release", "rollout", "off", release)
        self.assertEqual(self.wait(device, "swap", since, to="1.0.0")["from_store"], 1)
        self.still_works(device)

    def test_a_restarted_device_listens_before_any_network(self):
        device = self.start_with_model()
        device.kill()
        self.server.kill()
        since = device.position()
        device.start()
        model = self.wait(device, "model", since)
        self.assertEqual((model["version"], model["source"]), ("1.0.0", "store"))
        self.still_works(device)
        self.assertNotIn("connected", [e["event"] for e in device.copy_events(since)])

    def test_rolling_back_needs_no_download(self):
        device = self.start_with_model()
        release = self.release(support.YES_NO_STOP_GO, "1.1.0")
        self.wait(device, "swap", to="1.1.0")
        since = device.position()
        self.run_godwit("release", "rollout", "off", release)
        swap = self.wait(device, "swap", since, to="1.0.0")
        self.assertEqual((swap["from"], swap["from_store"]), ("1.1.0", 1))
        self.assertEqual(self.downloads(device, since), [])

    def test_a_recording_is_listened_to_until_its_end(self):
        """--offline --wav: no network at all."""
        word = sorted((support.EXAMPLE / "clips/yes").glob("*.wav"))[0]
        done = subprocess.run([BIN / "micro_speech", "--json", "--offline", "--store",
                               self.folder / "store", "--wav", word, "--speed", "8"],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('"event":"model"', done.stdout)
        self.assertIn('"event":"audio_ended"', done.stdout.splitlines()[-1])

    def test_a_microphone_is_listened_to(self):
        """ALSA's null device: a microphone in perfect silence."""
        with subprocess.Popen([BIN / "micro_speech", "--json", "--offline", "--store",
                               self.folder / "store", "--mic=null"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as device:
            lines = [device.stdout.readline() for _ in range(4)]
            device.kill()
            if "no ALSA" in device.stderr.read():
                self.skipTest("built without ALSA")
        self.assertIn('"event":"stats"', lines[-1])

    def test_a_wrong_command_line_is_one_line_that_says_what_to_do(self):
        word = sorted((support.EXAMPLE / "clips/yes").glob("*.wav"))[0]
        for options, expected in (
                ([], "--store is missing"),
                (["--store", "s", "--flash", "f"], "choose one of them"),
                (["--store", "s"], "--psk-id or --psk"),
                (["--store", "s", "--offline"], "one of --mic, --wav and --clips"),
                (["--store", "s", "--offline", "--wav", "/nowhere.wav"], "/nowhere.wav"),
                (["--store", "s", "--offline", "--wav", "a", "--speed", "0"], "--speed 0"),
                (["--store", "s", "--port", "70000"], "--port 70000"),
                (["--store", "s", "--bogus"], "--bogus: no such option"),
                (["--store"], "--store: no such option, or its value is missing"),
                (["--store", "s", "--offline", "--mic=no-such-card"], "--mic=NAME"),
                (["--store", "s", "--psk-id", "a@b", "--psk", "", "--clips", "c"], "--psk-id or"),
                (["--store", "/dev/null", "--offline", "--wav", word], "--store /dev/null"),
        ):
            done = subprocess.run([BIN / "micro_speech", *options], cwd=self.folder,
                                  capture_output=True, text=True, timeout=60, check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(expected, done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)


if __name__ == "__main__":
    support.main(Devices)
