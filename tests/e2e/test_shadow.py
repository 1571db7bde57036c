#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two models side by side, from the release's policy to the operator's table: a
real server, real devices, both example models, words spoken into the ear at the
speed at which people speak: a busy machine has time for two models, too."""
import time

import support
from support import EXAMPLE, EndToEnd, PATIENCE, YES_NO, YES_NO_STOP_GO


class Shadow(EndToEnd):
    def begin(self):
        """A device that listens with yes and no."""
        self.start_server()
        self.release(YES_NO, "1.0.0")
        self.run_godwit("artifact", "upload", YES_NO_STOP_GO, "--package", "model", "--version", "1.1.0")
        device = self.device("kitchen", "--clips", EXAMPLE / "clips", "--speed", 1)
        device.start()
        self.wait(device, "swap", to="1.0.0")
        return device

    def compare(self, windows, agreement):
        """Rolls the candidate out; the release's id."""
        return self.run_godwit("release", "create", "--artifact", "model@1.1.0", "--rollout", "--spread", "0",
                               "--shadow", str(windows), "--agreement", str(agreement))["id"]

    def missed(self, device):
        """None was, whatever happened."""
        stats = self.wait(device, "stats", since=device.position())
        self.assertEqual(stats["windows_missed"], 0)

    def test_a_candidate_listens_beside_the_old_model_and_takes_over(self):
        device = self.begin()
        release = self.compare(windows=300, agreement=0.3)
        started = self.wait(device, "shadow", started=1)
        ended = self.wait(device, "shadow", started=0, seconds=60)
        self.wait(device, "swap", to="1.1.0")
        self.assertEqual(ended["passed"], 1)
        self.assertEqual(ended["windows"], 300)
        self.assertGreater(ended["heard"], 20)
        self.assertGreater(ended["at"], started["at"])
        heard = [event for event in device.copy_events() if event["event"] == "heard"
                 and started["at"] < event["at"] < ended["at"]]
        self.assertTrue(heard, "the old model was deaf meanwhile")
        self.missed(device)
        shown = self.until_told(release, "pass")
        self.assertEqual(shown["compared"], 300)
        self.assertEqual(shown["missed"], 0)
        self.assertEqual(shown["activeVersion"], "1.0.0")
        self.assertIn({"name": "stop", "active": False, "candidate": True, "quiet": False}, shown["labels"])
        self.assertGreater(shown["onlyCandidateKnows"], 0)
        print(f"agreement {shown['agreement']:.2f} of {shown['heard']} windows, "
              f"{shown['agreementAll']:.2f} of all; new words in {shown['onlyCandidateKnows']}; "
              f"{shown['active']['meanUs']} us and {shown['candidate']['meanUs']} us; "
              f"skipped {shown['skipped']}; {shown['disagreements'][:4]}")

    def test_a_candidate_that_does_not_do_well_enough_never_takes_over(self):
        device = self.begin()
        release = self.compare(windows=300, agreement=1.0)
        self.wait(device, "shadow", started=1)
        self.wait(device, "shadow", started=0, seconds=60, passed=0)
        failed = self.wait(device, "failed", final=1)
        self.assertEqual(failed["detail"], "SHADOW")
        self.missed(device)
        self.assertEqual([event["to"] for event in device.copy_events() if event["event"] == "swap"], ["1.0.0"])
        shown = self.until_told(release, "fail")
        self.assertEqual(shown["failures"], {"AGREEMENT": 1})
        self.assertEqual(self.run_godwit("device", "shadow", "kitchen")["pairs"], [shown])

    def until_told(self, release, verdict):
        end = time.monotonic() + 20 * PATIENCE
        while time.monotonic() < end:
            pairs = self.run_godwit("release", "shadow", release)["pairs"]
            if pairs and pairs[0]["verdicts"][verdict] == 1:
                return pairs[0]
            time.sleep(0.1)
        self.fail("the server was not told")


if __name__ == "__main__":
    support.main(Shadow)
