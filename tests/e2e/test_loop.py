#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""From captures to the next model: the loop's demo in a short form, which needs
recordings, and what it says where something is wrong, which needs none."""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import types
import unittest

import support
import loop
import voices

RECORDINGS = support.ROOT.parent / "shared/data/speech_commands"


def run_loop(*options, timeout=560):
    command = [sys.executable, "-B", support.EXAMPLE / "demo/loop.py", "--bin", support.BIN,
               "--any-port", "--patience", support.PATIENCE, *options]
    return subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          timeout=timeout, check=False)


def report(difference, interval, verdict):
    return {"compare": {"difference": difference, "differenceInterval": interval,
                        "verdict": verdict, "reason": verdict, "becameRight": 5, "becameWrong": 4}}


class Loop(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="godwit-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def test_captures_make_the_next_model(self):
        """Short: with fewer captures and steps the gain may be too small to be
        sure of. That all of it went round, that nothing was lost on the way and
        that 1.1.0 is not worse is certain at any size."""
        if not RECORDINGS.is_dir():
            self.skipTest("no ../shared/data")
        if support.SANITIZED:
            self.skipTest("five devices and a trainer are too slow with sanitizers; e2e.capture "
                          "has them")
        summary = self.folder / "summary.json"
        done = run_loop("--short", "--data", RECORDINGS, "--json", summary)
        print(done.stdout, done.stderr)
        seen = json.loads(summary.read_text())
        doubtful = [text for text in seen["failures"] if "95 % confidence" not in text]
        self.assertEqual(doubtful, [])
        self.assertEqual(done.returncode, 1 if seen["failures"] else 0)
        self.assertEqual(seen["windowsMissed"], 0)
        self.assertGreaterEqual(seen["captures"], 40)
        self.assertEqual(seen["perDevice"]["study"], {"sent": 0, "bytes": 0})
        self.assertNotEqual(seen["compare"]["verdict"], "worse")

    def test_recordings_that_are_not_there_are_told_with_where_to_get_some(self):
        done = run_loop("--data", self.folder / "nothing")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no recordings in", done.stderr)
        self.assertIn("speech_commands_v0.02.tar.gz", done.stderr)

    def test_a_folder_without_the_words_is_told(self):
        (self.folder / "data/yes").mkdir(parents=True)
        done = run_loop("--data", self.folder / "data")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no folder for no, stop, go", done.stdout)
        self.assertIn("speech_commands_v0.02.tar.gz", done.stdout)

    def loop_with(self, answer):
        """A loop whose operator gives one answer to all."""
        arguments = types.SimpleNamespace(bin=support.BIN, patience=1, coap_port=1, http_port=1)
        made = loop.Loop(arguments, self.folder)
        made.judges = self.folder
        made.operator = types.SimpleNamespace(run=lambda *words, **how: answer)
        return made

    def test_a_gain_that_may_be_chance_fails_the_demo(self):
        for interval, verdict in (([-0.01, 0.03], "cannot tell"), ([-0.05, -0.01], "worse"),
                                  ([-0.001, 0.02], "better")):
            made = self.loop_with(report(0.01, interval, verdict))
            made.evaluate()
            self.assertEqual(len(made.failures), 1, verdict)
            self.assertEqual(made.end(1), 1)

    def test_a_gain_that_is_certain_passes(self):
        made = self.loop_with(report(0.05, [0.02, 0.08], "better"))
        made.evaluate()
        self.assertEqual(made.failures, [])
        self.assertEqual(made.end(1), 0)

    def test_a_capture_is_labelled_by_what_is_in_it(self):
        made = self.loop_with(None)
        for provenance, word in ((None, voices.BACKGROUND), ({}, voices.BACKGROUND),
                                 ({"clip": "yes/a_nohash_0.wav", "clipShare": 100}, "yes"),
                                 ({"clip": "down/a_nohash_0.wav", "clipShare": 60}, "down"),
                                 ({"clip": "yes/a_nohash_0.wav", "clipShare": 30}, "")):
            self.assertEqual(made.word_of({"provenance": provenance}), word)

    def test_wilsons_interval_is_shown(self):
        self.assertEqual(loop.percent(0.8, 100), "80.0 % (71.1 to 86.7)")


if __name__ == "__main__":
    support.main(Loop)
