#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""micro_speech that takes signed models only, the real server, and keys that
the server never sees."""
import time

import support
from support import EndToEnd


class Signing(EndToEnd):
    def key(self, name):
        """A new key; its id."""
        self.run_godwit("key", "create", self.folder / f"{name}.pem")
        return self.run_godwit("key", "public", self.folder / f"{name}.pem", "--output",
                               self.folder / f"{name}.pub")["keyId"]

    def private(self, name):
        return self.folder / f"{name}.pem"

    def start(self):
        """A server, and a device that holds the key `ours` and runs 1.0.0."""
        self.start_server()
        self.key("ours")
        device = self.device("kitchen", "--clips", support.EXAMPLE / "clips", "--speed",
                             support.SPEED, "--require-signed", self.folder / "ours.pub")
        device.start()
        self.release(support.YES_NO, "1.0.0", "--sign", self.private("ours"))
        self.wait(device, "swap", to="1.0.0")
        return device

    def detail_at_server(self, wanted):
        for _ in range(100):
            shown = self.run_godwit("device", "show", "kitchen")
            if wanted in str(shown):
                return
            time.sleep(0.1)
        self.fail(f"the server does not say {wanted}: {shown}")

    def misses_nothing(self, device):
        stats = self.wait(device, "stats", device.position())
        self.assertEqual(stats["windows_missed"], 0)

    def test_what_the_publisher_signed_gets_in_and_what_the_server_has_does_not(self):
        device = self.start()
        self.release(support.YES_NO_STOP_GO, "1.1.0")
        failed = self.wait(device, "failed", version="1.1.0")
        self.assertEqual(failed["detail"], "SIGNATURE_MISSING")
        self.assertEqual(failed["final"], 0)  # it may be signed yet
        self.detail_at_server("SIGNATURE_MISSING")
        self.key("theirs")
        self.release(support.YES_NO_STOP_GO, "1.2.0", "--sign", self.private("theirs"))
        failed = self.wait(device, "failed", version="1.2.0")
        self.assertEqual(failed["detail"], "KEY_UNKNOWN")
        self.release(support.YES_NO_STOP_GO, "1.3.0", "--sign", self.private("ours"))
        self.wait(device, "swap", to="1.3.0")
        self.misses_nothing(device)

    def test_a_rotated_key_holds_over_a_reboot_and_the_old_one_signs_no_more(self):
        device = self.start()
        self.key("next")
        old = self.run_godwit("key", "public", self.folder / "ours.pub")["keyId"]
        self.run_godwit("key", "rotate", "--key", self.private("ours"), "--add",
                        self.folder / "next.pub")
        self.run_godwit("key", "revoke", old, "--key", self.private("next"))
        self.release(support.YES_NO_STOP_GO, "1.1.0", "--sign", self.private("next"))
        self.wait(device, "swap", to="1.1.0")
        device.stop()
        device.start()
        self.wait(device, "model", version="1.1.0", source="store")
        # The server would refuse this one: the thief's would not.
        self.run_godwit("artifact", "upload", support.YES_NO, "--package", "model", "--version",
                        "1.2.0", "--sign", self.private("ours"), must=False)
        self.assertIn("not in the project's keyset of epoch 2", self.operator.error)
        self.release(support.YES_NO, "1.3.0", "--sign", self.private("next"))
        self.wait(device, "swap", to="1.3.0")
        self.misses_nothing(device)


if __name__ == "__main__":
    support.main(Signing)
