#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Devices with certificates against a real `godwit server`.

    certificates.py GODWIT_BINARY SOURCE_FOLDER commands|peers

commands: runs the `sh` blocks of docs/guide/certificates.md, in order, as one
script. The page's /var is a temporary folder; its coaps://localhost and its
device find the server's port.

peers: clients that this project did not write (OpenSSL, and libcoap over
OpenSSL and GnuTLS) with right and wrong certificates.
"""
import os
import shutil
import sys

import page

SKIPPED = 77

PRELUDE = r"""
start_server "$VAR/lib/godwit"
take_first_key
coap_client() {
  local program="$1" last="${*: -1}"
  shift
  timeout 20 "$program" "${@:1:$#-1}" "${last/coaps:\/\/localhost/coaps:\/\/localhost:$PORT}"
}
coap-client-openssl() { coap_client /usr/bin/coap-client-openssl "$@"; }
device_certificate() { timeout 30 "$DEVICE" "$@" 127.0.0.1 "$PORT"; }
"""

COMMANDS_EPILOGUE = r"""
say "what must be true afterwards"
[ "$(godwit certificate list | grep -c CN=)" = 2 ]
[ "$(godwit certificate device kitchen --json | grep -c '"issued": true')" = 1 ]
unused() { godwit certificate device kitchen --json | grep -c '"lastUsed": null' || true; }
for _ in $(seq 100); do # it is written every few seconds
  if [ "$(unused)" = 0 ]; then break; fi
  sleep 0.2
done
[ "$(unused)" = 0 ]
[ "$(godwit certificate revoked --json | grep -c '"fingerprint"')" = 3 ]
[ "$(godwit credential list attic | grep -c '^attic@default')" = 0 ]
[ "$(stat -c %a device/renewed)" = 600 ] # a private key is in it
! grep -i 'sanitizer' "$HOME/server.log"
"""

# Each case: subject, days from now, who signs; and whether it is let in.
PEERS = r"""
make_ca() { # FILE SUBJECT
  openssl req -x509 -newkey ec -pkeyopt "ec_paramgen_curve:${3:-P-256}" -nodes -days 3650 -keyout "$1-key.pem" \
    -out "$1.pem" -subj "$2" -addext "keyUsage=critical,keyCertSign" 2> /dev/null
}
make() { # FILE SUBJECT CA [DAYS [CURVE]]
  openssl req -new -newkey ec -pkeyopt "ec_paramgen_curve:${5:-P-256}" -nodes -keyout "$1-key.pem" -out "$1.csr" \
    -subj "$2" 2> /dev/null
  openssl x509 -req -in "$1.csr" -CA "$3.pem" -CAkey "$3-key.pem" -CAcreateserial -days "${4:-365}" \
    -out "$1.pem" 2> /dev/null
}
make_ca ca "/CN=ca"; make_ca big "/CN=big" P-384; make_ca foreign "/CN=foreign"; make_ca other "/CN=other"
godwit certificate add ca.pem > /dev/null
godwit certificate add big.pem > /dev/null
godwit project create other > /dev/null
godwit certificate add other.pem --project other > /dev/null
godwit device create d --no-credential > /dev/null
godwit device create d --no-credential --project other > /dev/null
make good "/O=default/CN=d" ca
make p384 "/O=default/CN=d" big 365 P-384
make elsewhere "/O=other/CN=d" other
make expired "/O=default/CN=d" ca -1
make foreigner "/O=default/CN=d" foreign
make wrong_project "/O=default/CN=d" other
make nobody "/O=default/CN=nobody" ca
make no_o "/CN=d" ca
make long "/O=default/CN=$(printf 'x%.0s' $(seq 64))" ca
make revoked "/O=default/CN=d" ca
godwit certificate revoke --file revoked.pem > /dev/null
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout self-key.pem -out self.pem \
  -subj "/O=default/CN=d" 2> /dev/null
cp "$VAR/lib/godwit/dtls-cert.pem" server.pem
ask() { # CLIENT NAME
  case "$1" in
    s_client)
      # Refused: the alert comes instead of what keeps the session open.
      (sleep 0.6) | timeout 10 openssl s_client -dtls1_2 -connect "127.0.0.1:$PORT" -cert "$2.pem" -key "$2-key.pem" \
        -CAfile server.pem -verify_return_error > "$2.out" 2>&1 || true
      if grep -q 'Verify return code: 0' "$2.out" && ! grep -qi 'alert' "$2.out"; then echo in; else echo out; fi
      ;;
    *)
      timeout 10 "/usr/bin/$1" -B 3 -m get -A 50 -c "$2.pem" -j "$2-key.pem" -R server.pem \
        "coaps://localhost:$PORT/.u/desired" > "$2.out" 2>&1 || true
      if grep -q sequenceNumber "$2.out"; then echo in; else echo out; fi
      ;;
  esac
}
wrong=0
for client in s_client coap-client-openssl coap-client-gnutls; do
  for name in good p384 elsewhere; do
    [ "$(ask $client $name)" = in ] || { echo "$client: $name is not let in"; cat "$name.out"; wrong=1; }
  done
  for name in expired foreigner wrong_project nobody no_o long revoked self; do
    [ "$(ask $client $name)" = out ] || { echo "$client: $name is let in"; cat "$name.out"; wrong=1; }
  done
done
godwit device disable d > /dev/null
[ "$(ask coap-client-openssl good)" = out ] || { echo "a disabled device is let in"; wrong=1; }
[ "$(ask coap-client-openssl elsewhere)" = in ] || { echo "the other project's device is not"; wrong=1; }
cat "$HOME/server.log"
[ $wrong = 0 ]
"""


def missing(tools):
    for tool in tools:
        if shutil.which(tool) is None:
            print(f"skipped: no {tool}; Debian's packages are openssl and libcoap3-bin")
            return True
    return False


def main():
    godwit, source, what = sys.argv[1:4]
    device = os.path.join(os.path.dirname(godwit), "device_certificate")
    tools = ["bash", "openssl", "coap-client-openssl"]
    if what == "peers":
        tools.append("coap-client-gnutls")
    elif not os.path.exists(device):
        print("skipped: this build has no examples")
        return SKIPPED
    if missing(tools):
        return SKIPPED
    guide = page.read(source, "docs/guide/certificates.md")
    script = PEERS if what == "peers" else page.blocks(guide) + COMMANDS_EPILOGUE
    _, good = page.run(godwit, PRELUDE + script, DEVICE=device)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
