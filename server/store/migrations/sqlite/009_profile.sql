-- SPDX-License-Identifier: Apache-2.0
-- What devices say of themselves; and devices that the server runs itself.

CREATE TABLE device_profile (
  device_id TEXT PRIMARY KEY REFERENCES device (id) ON DELETE CASCADE,
  project_id TEXT NOT NULL REFERENCES project (id),
  board TEXT NOT NULL,
  sdk TEXT NOT NULL,
  runtime TEXT NOT NULL,
  ops TEXT NOT NULL, -- "ADD,CONV_2D"; '' when it did not say
  arena_bytes INTEGER NOT NULL, -- 0: not said
  slot_bytes INTEGER NOT NULL,
  time_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX device_profile_by_project ON device_profile (project_id, device_id);

CREATE TABLE virtual_device (
  device_id TEXT PRIMARY KEY REFERENCES device (id) ON DELETE CASCADE,
  project_id TEXT NOT NULL REFERENCES project (id),
  created_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
