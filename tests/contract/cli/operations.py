#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the `sh` blocks of docs/guide/operations.md, in order, as one script,
against a real server; and compares its table of limits with limits.h.

The page speaks of /var, sudo and systemctl. Here /var is a temporary folder,
sudo runs its words, and systemctl starts and stops `godwit server` on it.

    operations.py GODWIT_BINARY SOURCE_FOLDER [limits|commands]
"""
import shutil
import sys

import page

SKIPPED = 77

# Stands before the page's own commands.
PRELUDE = r"""
sudo() {
  if [ "$1" = -u ]; then shift 2; fi
  "$@"
}
systemctl() {
  case "$1" in
    start) start_server "$VAR/lib/godwit" ;;
    stop)
      kill -TERM "$server"
      wait "$server"
      ;;
  esac
}
mkdir -p "$VAR/lib" "$VAR/backups"
systemctl start godwit
take_first_key
godwit blueprint create m5stack-cores3
godwit tag create beta
godwit device create kitchen --blueprint m5stack-cores3 --tag beta
head -c 100000 /dev/urandom > "$HOME/model"
godwit artifact upload "$HOME/model" --package model --version 1.1.0 --force-binary
godwit release create --artifact model@1.1.0 --tag beta --name stop-go --rollout
# Captures: an old one, and one of today with a label.
device=$(godwit device show kitchen --json | sed -n '0,/"id"/s/.*"id": "\(.*\)".*/\1/p')
for value in '{"old": true}' '{"new": true}'; do
  curl --fail --silent --show-error -H "x-api-key: $GODWIT_API_KEY" \
    -H 'content-type: application/json' --data "$value" \
    "$GODWIT_URL/v1/projects/default/devices/$device/stream/notes"
done
old=$(godwit capture list --json | sed -n 's/.*"id": "\(.*\)".*/\1/p' | tail -n 1)
new=$(godwit capture list --json | sed -n 's/.*"id": "\(.*\)".*/\1/p' | head -n 1)
godwit capture label good "$new"
systemctl stop godwit
sqlite3 "$VAR/lib/godwit/godwit.db" \
  "UPDATE capture SET time_us = time_us - 100 * 86400000000 WHERE id = '$old'"
systemctl start godwit
"""

# What must be true at the end; the restore lies behind. No grep -q: it would
# leave before godwit has written all, which pipefail counts as a failure.
EPILOGUE = r"""
say "what must be true afterwards"
[ "$(godwit apikey list | grep -c 'night shift')" = 1 ]
[ "$(godwit apikey list | grep -c '^first ')" = 0 ]
godwit release show stop-go | grep '^rollout *off$'
godwit credential list kitchen | grep '^kitchen-'
[ "$(godwit credential list kitchen | grep -c 'kitchen@default')" = 0 ]
godwit artifact download model@1.1.0 --output "$HOME/back"
cmp "$HOME/model" "$HOME/back"
tar -tf "$HOME/labelled.tar" | grep '^good/'
[ "$(godwit capture list --json | sed -n 's/.*"id": "\(.*\)".*/\1/p')" = "$new" ]
systemctl stop godwit
"""


def run_commands(godwit, guide):
    for tool in ("bash", "sqlite3", "curl"):
        if shutil.which(tool) is None:
            print(f"skipped: no {tool}")
            return SKIPPED
    output, good = page.run(godwit, PRELUDE + page.blocks(guide) + EPILOGUE)
    return 0 if good and "damaged" not in output else 1


def main():
    godwit, source, what = sys.argv[1:4]
    guide = page.read(source, "docs/guide/operations.md")
    return page.check_limits(guide, source) if what == "limits" else run_commands(godwit, guide)


if __name__ == "__main__":
    sys.exit(main())
