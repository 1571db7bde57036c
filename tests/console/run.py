#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs one file of console/tests with the node that ./dev keeps, or says why not."""
import os
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
NODE = os.path.join(ROOT, "build", "deps", "node", "bin", "node")
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def main():
    if not os.path.exists(os.path.join(ROOT, "build", "console", "dist", "index.html")):
        skip("the console is not built: ./dev setup console, ./dev build")
    if not os.path.exists(NODE):
        skip("there is no build/deps/node: ./dev setup console")
    if not os.access(CHROMIUM, os.X_OK):
        skip(f"there is no {CHROMIUM}; CHROMIUM names another")
    sys.exit(subprocess.run([NODE, "--test", "--test-reporter=spec", sys.argv[1]], cwd=os.path.join(ROOT, "console")).returncode)


main()
