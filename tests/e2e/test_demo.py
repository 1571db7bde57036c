#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The demo checks each of its sentences itself; here it is run, and made to
fail."""
import socket
import subprocess
import sys
import unittest

import support


def run_demo(*options, timeout=380):
    command = [sys.executable, "-B", support.EXAMPLE / "demo/demo.py", "--bin", support.BIN,
               "--speed", support.SPEED, "--patience", support.PATIENCE, *options]
    return subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          timeout=timeout, check=False)


class Demo(unittest.TestCase):
    def test_the_seven_steps_are_true(self):
        done = run_demo("--any-port", "--words", 2)
        print(done.stdout, done.stderr)
        self.assertEqual(done.returncode, 0)
        self.assertNotIn("✗", done.stdout)

    def test_a_taken_port_is_one_line_that_says_what_to_do(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(("", 0))
            port = taken.getsockname()[1]
            done = run_demo("--coap-port", port, "--http-port",
                            support.free_port(socket.SOCK_STREAM))
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertIn(f"UDP port {port} is taken", done.stderr)
        self.assertIn("--coap-port", done.stderr)

    def test_a_second_model_that_is_not_better_is_told(self):
        """The same model again as 1.1.0: stop and go are not heard."""
        done = run_demo("--any-port", "--words", 1, "--second", support.YES_NO, "--last-step", 5)
        print(done.stdout, done.stderr)
        self.assertEqual(done.returncode, 1)
        self.assertIn("✗ kitchen hears yes, no, stop and go", done.stdout)


if __name__ == "__main__":
    support.main(Demo)
