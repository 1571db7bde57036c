-- SPDX-License-Identifier: Apache-2.0
-- What two models side by side made of the same input, told by each device.

CREATE TABLE shadow (
  device_id TEXT NOT NULL REFERENCES device (id) ON DELETE CASCADE,
  package TEXT NOT NULL,
  active TEXT NOT NULL, -- the version in service
  candidate TEXT NOT NULL, -- the version beside it
  project_id TEXT NOT NULL REFERENCES project (id),
  report BLOB NOT NULL, -- as the device sent it: docs/spec/wire.md
  time_us INTEGER NOT NULL,
  PRIMARY KEY (device_id, package, active, candidate)
) STRICT, WITHOUT ROWID;
CREATE INDEX shadow_by_candidate ON shadow (project_id, package, candidate, time_us);
