#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the `sh` blocks of docs/guide/accounts.md, in order, as one script,
against a real server, and checks what must be true afterwards.

    accounts.py GODWIT_BINARY SOURCE_FOLDER
"""
import sys

import page

# The page's reader has the link that the server has printed, and nothing else.
PRELUDE = r"""
start_server "$VAR/lib/godwit"
LINK=$(sed -n 's/.*Open this link to sign in: //p' "$HOME/server.log")
[ -n "$LINK" ]
"""

EPILOGUE = r"""
say "what must be true afterwards"
godwit account show | grep 'ada@example.org'
[ "$(godwit member list | grep -c '@example.org')" = 2 ]
godwit member list | grep 'bob@example.org.*operator'
godwit apikey list | grep 'uploader'
[ "$(godwit apikey list --project greenhouse | grep -c '^dashboard ')" = 0 ]
godwit audit --server --limit 200 | grep 'setPassword'
kill -TERM "$server"
wait "$server"
start_server "$VAR/lib/godwit"
say "nobody is invited by a second start"
[ "$(grep -c 'sign in' "$HOME/server.log")" = 0 ]
say "the password signs in, another does not"
echo 'godwits fly without landing' | godwit login --email ada@example.org --profile again
if echo 'godwits land here and there' | godwit login --email ada@example.org --profile no; then
  exit 1
fi
kill -TERM "$server"
wait "$server"
"""


def main():
    godwit, source = sys.argv[1:3]
    guide = page.read(source, "docs", "guide", "accounts.md")
    _, good = page.run(godwit, PRELUDE + page.blocks(guide) + EPILOGUE)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
