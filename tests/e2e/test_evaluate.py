#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What devices captured, labelled and exported, is a dataset that models are
judged by: the same as an archive and unpacked, whole and split."""
import support
from support import EndToEnd

SETTINGS = {"CAPTURE_PER_DAY": 1000, "CAPTURE_BAND_LOW": 1, "CAPTURE_BAND_HIGH": 255,
            "CAPTURE_ENABLED": True}
WANTED = 4


class Evaluate(EndToEnd):
    def capture_some(self):
        """Captures of two devices that run 1.0.0, each labelled."""
        self.start_server()
        self.release(support.YES_NO, "1.0.0")
        for key, value in SETTINGS.items():
            self.run_godwit("setting", "set", key, str(value).lower())
        devices = [self.device(name, "--clips", support.EXAMPLE / "clips", "--speed",
                               support.SPEED, "--capture") for name in ("kitchen", "study")]
        for device in devices:
            device.start()
        for device in devices:
            device.wait_for(lambda d=device: any(e["event"] == "stats" and
                                                 e["captures_sent"] >= WANTED for e in d.events),
                            60 * support.PATIENCE, f"{WANTED} captures")
            device.stop()
        captures = self.run_godwit("capture", "list", "--all")
        for capture in captures:  # the truth is not the matter here
            self.run_godwit("capture", "label", capture["heard"] or "_unknown_", capture["id"])
        return captures

    def evaluate(self, dataset, *options):
        report = self.run_godwit("model", "evaluate", "model@1.0.0", "--dataset", dataset, *options)
        del report["speed"]
        return report

    def test_exported_captures_are_a_dataset(self):
        captures = self.capture_some()
        archive, folder = self.folder / "captures.tar", self.folder / "captures"
        self.run_godwit("capture", "export", "--output", archive)
        self.run_godwit("capture", "export", "--output", folder)
        report, unpacked = self.evaluate(archive), self.evaluate(folder)
        self.assertEqual(report["clips"], len(captures))
        self.assertEqual(report["skipped"], [])
        self.assertEqual({d["device"] for d in report["devices"]}, {"kitchen", "study"})
        for each in (report, unpacked):
            each["dataset"].pop("name")
        self.assertEqual(report, unpacked)

        # Everything is in one split or the other, a device never in two.
        self.run_godwit("capture", "export", "--output", archive, "--split", "50,0,50")
        parts = []
        for split in ("training", "testing"):
            try:
                parts.append(self.evaluate(archive, "--split", split))
            except support.processes.Failed as error:  # both devices may fall on one side
                self.assertIn("in this split", str(error))
        self.assertEqual(sum(part["clips"] for part in parts), len(captures))
        sides = [{d["device"] for d in part["devices"]} for part in parts]
        self.assertEqual(sum(len(side) for side in sides), 2)


if __name__ == "__main__":
    support.main(Evaluate)
