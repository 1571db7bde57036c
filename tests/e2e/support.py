# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests share: the programs of this build, a server on free
ports, devices behind relays. The demo's own helpers do the work."""
import os
import pathlib
import shutil
import socket
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples/micro_speech"
sys.path.insert(0, str(EXAMPLE / "demo"))
sys.path.insert(0, str(ROOT / "tests/support"))
sys.dont_write_bytecode = True

import processes  # noqa: E402
from openapi import CheckingRelay  # noqa: E402
from processes import Device, Operator, Server  # noqa: E402
from relay import Relay  # noqa: E402

BIN = pathlib.Path(os.environ.get("GODWIT_BIN", ROOT / "build/release/bin")).resolve()
SANITIZED = bool(os.environ.get("GODWIT_SANITIZED"))
PATIENCE = 3 if SANITIZED else 1.5
SPEED = 4
YES_NO = EXAMPLE / "models/yes_no.tflite"
YES_NO_STOP_GO = EXAMPLE / "models/yes_no_stop_go.tflite"
SKIPPED = 77


def free_port(kind):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("", 0))
        return probe.getsockname()[1]


class EndToEnd(unittest.TestCase):
    """A temporary folder, and with start_server() a server with an operator."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="godwit-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.addCleanup(processes.kill_all)
        self.relays = []
        self.addCleanup(lambda: [relay.stop() for relay in self.relays])

    def start_server(self):
        self.server = Server(BIN / "godwit", self.folder, free_port(socket.SOCK_DGRAM),
                             free_port(socket.SOCK_STREAM))
        self.server.start(30 * PATIENCE)
        self.operator = Operator(BIN / "godwit", print)
        self.operator.use(self.server)
        # Each answer that the operator gets is held against GET /v1/openapi.json.
        self.checked = CheckingRelay(self.server.url)
        self.operator.environment["GODWIT_URL"] = self.checked.url
        self.addCleanup(self.checked.stop)
        self.addCleanup(self.assertEqual, self.checked.problems, [])
        self.run_godwit = self.operator.run
        return self.server

    def device(self, name, *options, key=None, delay_ms=0, loss=0, seed=1):
        """A device that the server knows (unless `key` says who it pretends to
        be), not started yet."""
        if key is None:
            key = self.run_godwit("device", "create", name)["credential"]
        relay = Relay(("127.0.0.1", self.server.coap_port), delay_ms, loss, seed)
        relay.start()
        self.relays.append(relay)
        options = options or ["--clips", EXAMPLE / "clips", "--speed", SPEED]
        store = [] if "--flash" in options else ["--store", self.folder / name]
        command = [BIN / "micro_speech", "--json", "--port", relay.port, "--psk-id",
                   key["identity"], "--psk", key["preSharedKey"], *store,
                   "--keepalive-ms", 2000, "--timeout-ms", 4000, *options]
        return Device(name, command, self.folder / f"{name}.jsonl", relay)

    def release(self, path, version, *options, force=False):
        """Uploads and rolls out to everybody, with force also to devices that
        said that they cannot run it; the release's id."""
        self.run_godwit("artifact", "upload", path, "--package", "model", "--version", version,
                        *options)
        return self.run_godwit("release", "create", "--artifact", f"model@{version}",
                               "--rollout", *(["--force"] if force else []))["id"]

    def wait(self, device, event, since=0, seconds=30, **fields):
        return device.wait(event, seconds * PATIENCE, since, **fields)


def main(case):
    """One test by its sentence, as ctest runs it, or all of them."""
    names = [f"test_{name}" for name in sys.argv[1:]] or unittest.TestLoader().getTestCaseNames(case)
    suite = unittest.TestSuite(case(name) for name in names)
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    for _, reason in result.skipped:
        print(f"skipped: {reason}")
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(SKIPPED if len(result.skipped) == result.testsRun else 0)
