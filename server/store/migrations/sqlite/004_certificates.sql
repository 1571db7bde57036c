-- SPDX-License-Identifier: Apache-2.0
-- Certificates: the CAs of a project, what devices showed or were issued, what
-- is revoked; and when a credential was last of use.

ALTER TABLE project ADD COLUMN auto_provision INTEGER NOT NULL DEFAULT 0;
ALTER TABLE project ADD COLUMN auto_provision_max INTEGER NOT NULL DEFAULT 1000;
ALTER TABLE project ADD COLUMN auto_provision_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE project ADD COLUMN certificate_days INTEGER NOT NULL DEFAULT 90;

ALTER TABLE device ADD COLUMN certificate_id TEXT NOT NULL DEFAULT ''; -- '': none yet
CREATE UNIQUE INDEX device_by_certificate_id
  ON device (project_id, certificate_id) WHERE certificate_id <> '';

ALTER TABLE credential ADD COLUMN last_used_us INTEGER NOT NULL DEFAULT 0;

CREATE TABLE certificate (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES project (id),
  type INTEGER NOT NULL, -- 0 root, 1 intermediate
  der BLOB NOT NULL,
  fingerprint BLOB NOT NULL, -- SHA-256 of der
  subject TEXT NOT NULL,
  serial_number TEXT NOT NULL,
  key BLOB NOT NULL, -- its private key where the server signs with it, else empty
  not_before_us INTEGER NOT NULL,
  not_after_us INTEGER NOT NULL,
  created_us INTEGER NOT NULL,
  UNIQUE (project_id, fingerprint)
) STRICT;

CREATE TABLE device_certificate (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES project (id),
  device_id TEXT NOT NULL REFERENCES device (id) ON DELETE CASCADE,
  der BLOB NOT NULL, -- empty where the server did not issue it
  fingerprint BLOB NOT NULL,
  ca_fingerprint BLOB NOT NULL, -- of the project's CA that its chain ends at
  request_digest BLOB NOT NULL, -- SHA-256 of the CSR it answers, else zeros
  serial_number TEXT NOT NULL,
  issued INTEGER NOT NULL, -- 1: it answers a CSR
  not_before_us INTEGER NOT NULL,
  not_after_us INTEGER NOT NULL,
  created_us INTEGER NOT NULL,
  last_used_us INTEGER NOT NULL, -- 0: never seen in a handshake
  UNIQUE (project_id, fingerprint)
) STRICT;
CREATE INDEX device_certificate_by_device ON device_certificate (device_id, id);
CREATE INDEX device_certificate_by_ca ON device_certificate (ca_fingerprint);
CREATE INDEX device_certificate_by_serial ON device_certificate (project_id, serial_number);

CREATE TABLE revoked_certificate (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
  serial_number TEXT NOT NULL, -- '' where only the fingerprint is meant
  fingerprint TEXT NOT NULL, -- hex, '' where only the serial number is known
  created_us INTEGER NOT NULL
) STRICT;
CREATE INDEX revoked_certificate_by_serial ON revoked_certificate (project_id, serial_number);
CREATE INDEX revoked_certificate_by_fingerprint ON revoked_certificate (project_id, fingerprint);
