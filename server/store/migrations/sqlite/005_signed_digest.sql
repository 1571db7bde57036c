-- SPDX-License-Identifier: Apache-2.0
-- What a certificate's CA signed, without the signature around it: an ECDSA
-- signature can be rewritten by anybody into another right one, and that gives
-- another fingerprint. Zeros: not known (rows older than this, or a revocation
-- by the fingerprint of a certificate that was never seen).

ALTER TABLE device_certificate ADD COLUMN signed_digest BLOB NOT NULL
  DEFAULT x'0000000000000000000000000000000000000000000000000000000000000000';
ALTER TABLE revoked_certificate ADD COLUMN signed_digest BLOB NOT NULL
  DEFAULT x'0000000000000000000000000000000000000000000000000000000000000000';
CREATE INDEX device_certificate_by_signed_digest
  ON device_certificate (project_id, signed_digest);
CREATE INDEX revoked_certificate_by_signed_digest
  ON revoked_certificate (project_id, signed_digest);
