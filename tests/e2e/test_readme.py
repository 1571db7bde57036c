#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The commands that README.md shows are run as they stand there, and its C is
the C of the example.

A block of commands is tested when the line before it is `<!-- tested -->`. All
of them make one script, in a folder of its own; the programs of this build are
put on the path under their names, with free ports for those that the README
leaves at their defaults."""
import os
import re
import socket
import subprocess

import support
from support import BIN, ROOT, EndToEnd, free_port

README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"<!-- tested -->\n```{language}\n(.*?)```", README, re.DOTALL)


class Readme(EndToEnd):
    def put_on_path(self, coap_port, http_port):
        folder = self.folder / "path"
        folder.mkdir()
        shims = {
            "godwit": f'if [ "$1" = server ]; then shift; set -- server --coap-port {coap_port} '
                      f'--http-port {http_port} "$@"; fi\nexec {BIN}/godwit "$@"',
            "micro_speech": f'exec {BIN}/micro_speech --port {coap_port} "$@"',
        }
        for name, text in shims.items():
            path = folder / name
            path.write_text(f"#!/bin/sh\n{text}\n")
            path.chmod(0o755)
        return folder

    def test_its_commands_do_what_it_says(self):
        script = "".join(blocks("sh"))
        self.assertTrue(script, "README.md has no tested block of commands")
        coap_port, http_port = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_STREAM)
        path = self.put_on_path(coap_port, http_port)
        (self.folder / "examples").symlink_to(ROOT / "examples")
        environment = {**os.environ, "PATH": f"{path}:{os.environ['PATH']}",
                       "GODWIT_URL": f"http://127.0.0.1:{http_port}"}
        # PATH stays ours; what the script started ends with it.
        script = re.sub(r"^export PATH=.*\n", "", script, flags=re.MULTILINE)
        done = subprocess.run(["bash", "-euo", "pipefail", "-c",
                               "trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT\n" + script],
                              cwd=self.folder, env=environment, capture_output=True, text=True,
                              timeout=150, check=False)
        print(done.stdout, done.stderr)
        self.assertEqual(done.returncode, 0)

    def test_its_application_takes_a_model_over_the_air(self):
        self.start_server()
        key = self.run_godwit("device", "create", "desk")["credential"]
        self.release(support.YES_NO, "1.0.0")
        program = [BIN / "minimal", key["identity"], key["preSharedKey"],
                   str(self.server.coap_port)]
        with subprocess.Popen(program, cwd=self.folder, stdout=subprocess.PIPE, text=True) as done:
            self.assertEqual(done.stdout.readline(), "runs model@1.0.0\n")
            done.kill()

    def test_its_application_is_the_examples_application(self):
        """Each line of the shown C stands in the example, in that order."""
        source = (ROOT / "examples/minimal/main.c").read_text(encoding="utf-8")
        lines = [line.strip() for block in blocks("c") for line in block.splitlines()]
        self.assertTrue(lines, "README.md shows no tested C")
        position = 0
        for line in filter(None, lines):
            if line == "...":
                continue
            found = source.find(line, position)
            self.assertNotEqual(found, -1, f"not in minimal/main.c, or in another order: {line}")
            position = found + len(line)

    def test_its_links_lead_somewhere(self):
        for target in re.findall(r"\]\(([^)#]+)\)", README):
            if not target.startswith("http"):
                self.assertTrue((ROOT / target).exists(), target)


if __name__ == "__main__":
    support.main(Readme)
