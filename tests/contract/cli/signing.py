#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the `sh` blocks of docs/guide/signing.md, in order, against a real
server.

    signing.py GODWIT_BINARY SOURCE_FOLDER
"""
import os
import sys

import page

PRELUDE = r"""
start_server "$HOME/data"
take_first_key
"""

# What must be true at the end.
EPILOGUE = r"""
say "what must be true afterwards"
[ "$(stat -c %a secret/publisher.pem)" = 600 ]
grep -q 'godwit_keys\[2\]\[64\]' keys.h
godwit artifact show model@1.0.0 | grep "^signed .*by key $id"
godwit artifact show model@1.1.0 | grep "^signed .*by key $(godwit key public secret/next.pem --json |
  sed -n 's/.*"keyId": "\(.*\)".*/\1/p')"
[ "$(godwit key list --json | grep -c '"epoch"')" = 2 ]
! godwit key list | grep "$id"
# the revoked key signs no more, and the new one does
! godwit artifact sign model@1.1.0 --key secret/publisher.pem --file "$MODELS/yes_no_stop_go.tflite" 2> refused
grep -q 'not in the project.s keyset of epoch 2' refused
godwit audit | grep -q keyset
# as the message itself, without base64
godwit key sign "$MODELS/yes_no_stop_go.tflite" --package model --version 1.1.0 --key secret/next.pem --output plain.cose
id=$(godwit artifact show model@1.1.0 --json | sed -n 's/^  "id": "\(.*\)",/\1/p')
put() {
  curl -s -o answer -w '%{http_code}' -X PUT -H "x-api-key: $GODWIT_API_KEY" -H "content-type: $1" \
    --data-binary @"$2" "$GODWIT_URL/v1/projects/default/artifacts/$id/signature"
}
[ "$(put application/cose plain.cose)" = 200 ]
grep -q keyId answer
[ "$(put application/octet-stream plain.cose)" = 415 ]
head -c 100 plain.cose > cut.cose
[ "$(put application/cose cut.cose)" = 400 ]
[ "$(put application/cose keys.h)" = 400 ]
! grep -rl 'PRIVATE KEY' "$HOME/data" --include=godwit.db # the server has none of it
"""


def main():
    godwit, source = sys.argv[1:3]
    guide = page.read(source, "docs/guide/signing.md")
    models = os.path.join(source, "examples/micro_speech/models")
    _, good = page.run(godwit, PRELUDE + page.blocks(guide) + EPILOGUE, MODELS=models)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
