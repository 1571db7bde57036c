-- SPDX-License-Identifier: Apache-2.0
-- What devices send and are told beyond updates: streams, state, settings, logs;
-- and how good models were found to be.

CREATE TABLE capture (
  id TEXT PRIMARY KEY, -- rising with time
  project_id TEXT NOT NULL REFERENCES project (id),
  device_id TEXT NOT NULL REFERENCES device (id) ON DELETE CASCADE,
  path TEXT NOT NULL,
  content_type TEXT NOT NULL,
  model_package TEXT NOT NULL,
  model_version TEXT NOT NULL,
  heard TEXT NOT NULL,
  score_permille INTEGER NOT NULL, -- -1: not said
  label TEXT NOT NULL, -- '' for none
  size_bytes INTEGER NOT NULL,
  digest BLOB NOT NULL,
  inline_bytes BLOB NOT NULL, -- empty: the file in blobs/ that digest names
  provenance TEXT NOT NULL,
  device_time_us INTEGER NOT NULL,
  time_us INTEGER NOT NULL,
  labelled_us INTEGER NOT NULL
) STRICT;
CREATE INDEX capture_in_order ON capture (project_id, id);
CREATE INDEX capture_by_device ON capture (device_id, id);
CREATE INDEX capture_by_label ON capture (project_id, label, id);
CREATE INDEX capture_by_digest ON capture (digest);

CREATE TABLE device_state (
  device_id TEXT PRIMARY KEY REFERENCES device (id) ON DELETE CASCADE,
  document TEXT NOT NULL,
  updated_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE setting (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES project (id),
  blueprint_id TEXT REFERENCES blueprint (id) ON DELETE CASCADE,
  device_id TEXT REFERENCES device (id) ON DELETE CASCADE,
  key TEXT NOT NULL,
  type INTEGER NOT NULL,
  value TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX setting_by_level
  ON setting (project_id, key, ifnull(blueprint_id, ''), ifnull(device_id, ''));
CREATE INDEX setting_of_project
  ON setting (project_id) WHERE blueprint_id IS NULL AND device_id IS NULL;
CREATE INDEX setting_by_blueprint ON setting (blueprint_id);
CREATE INDEX setting_by_device ON setting (device_id);

CREATE TABLE settings_version (
  owner_id TEXT PRIMARY KEY, -- of a project, a blueprint or a device
  project_id TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
  version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE settings_status (
  device_id TEXT PRIMARY KEY REFERENCES device (id) ON DELETE CASCADE,
  version INTEGER NOT NULL,
  errors TEXT NOT NULL,
  time_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE device_log (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id TEXT NOT NULL REFERENCES project (id),
  device_id TEXT NOT NULL REFERENCES device (id) ON DELETE CASCADE,
  level INTEGER NOT NULL,
  module TEXT NOT NULL,
  message TEXT NOT NULL,
  fields TEXT NOT NULL,
  time_us INTEGER NOT NULL
) STRICT;
CREATE INDEX device_log_by_device ON device_log (device_id, id);
CREATE INDEX device_log_by_project ON device_log (project_id, id);

CREATE TABLE evaluation (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES project (id),
  artifact_id TEXT NOT NULL REFERENCES artifact (id) ON DELETE CASCADE,
  dataset TEXT NOT NULL,
  report TEXT NOT NULL, -- JSON
  created_us INTEGER NOT NULL
) STRICT;
CREATE INDEX evaluation_by_artifact ON evaluation (artifact_id, id);
