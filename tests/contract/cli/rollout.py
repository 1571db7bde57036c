#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the `sh` blocks of docs/guide/rollout.md, in order, against a real
server; and compares its table of details, and what CLI and console say of each, with
those that devices can report.

    rollout.py GODWIT_BINARY SOURCE_FOLDER (commands|details)
"""
import re
import sys

import page

PRELUDE = r"""
start_server "$HOME/data"
take_first_key
cp "$SOURCE"/examples/micro_speech/models/*.tflite .
"""

EPILOGUE = r"""
say "what must be true afterwards"
[ "$(godwit release show careful --json | grep -c '"spreadSeconds": null')" = 1 ]
for _ in $(seq 300); do
  if godwit artifact show model@1.1.0 | grep '^on the air .* % of it'; then break; fi
  sleep 0.1
done
godwit artifact show model@1.1.0 | grep '^on the air .*compressed: .* KiB, [0-9]* % of it'
kill -TERM "$server"
wait "$server"
"""


def details(guide, source):
    listed = re.findall(r"\b[A-Z]+(?:_[A-Z]+)*\b", "".join(re.findall(r"^\| (`[A-Z_`, ]+) \|", guide, re.M)))
    header = page.read(source, "wire", "include", "wire", "report.h")
    known = set(re.findall(r"GW_DETAIL_([A-Z_]+) = [1-9]", header))
    places = {"the guide": set(listed),
              "cli/policy.c": set(re.findall(r'\{"([A-Z_]+)",', page.read(source, "cli", "policy.c"))),
              "the console": set(re.findall(r"^  ([A-Z_]+): \{ text:", page.read(
                  source, "console", "src", "components", "why.ts"), re.M))}
    for place, said in places.items():
        print(f"{place}: {len(said)} details", "" if said == known else f"differs by {sorted(said ^ known)}")
    return 0 if known and all(said == known for said in places.values()) else 1


def main():
    godwit, source, what = sys.argv[1:4]
    guide = page.read(source, "docs", "guide", "rollout.md")
    if what == "details":
        return details(guide, source)
    _, good = page.run(godwit, PRELUDE + page.blocks(guide) + EPILOGUE, SOURCE=source)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
