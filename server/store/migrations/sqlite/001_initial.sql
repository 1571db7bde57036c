-- SPDX-License-Identifier: Apache-2.0
-- Times are microseconds since 1970. Columns follow server/store/schema.c.
-- A list of an object is a table (owner_id, position, value).

CREATE TABLE project (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  last_sequence_number INTEGER NOT NULL,
  created_us INTEGER NOT NULL
) STRICT;

CREATE TABLE blueprint (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES project (id),
  name TEXT NOT NULL,
  platform TEXT NOT NULL,
  board_id TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL,
  UNIQUE (project_id, name)
) STRICT;

CREATE TABLE tag (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES project (id),
  name TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL,
  UNIQUE (project_id, name)
) STRICT;

CREATE TABLE device (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES project (id),
  name TEXT NOT NULL,
  blueprint_id TEXT REFERENCES blueprint (id),
  enabled INTEGER NOT NULL,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL,
  UNIQUE (project_id, name)
) STRICT;
CREATE INDEX device_in_order ON device (project_id, id);
CREATE INDEX device_by_blueprint ON device (blueprint_id);

CREATE TABLE device_hardware_id (
  owner_id TEXT NOT NULL REFERENCES device (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (owner_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX device_by_hardware_id ON device_hardware_id (value);

CREATE TABLE device_tag (
  owner_id TEXT NOT NULL REFERENCES device (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  value TEXT NOT NULL REFERENCES tag (id),
  PRIMARY KEY (owner_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX device_by_tag ON device_tag (value);

CREATE TABLE credential (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES project (id),
  device_id TEXT NOT NULL REFERENCES device (id) ON DELETE CASCADE,
  identity TEXT NOT NULL UNIQUE,
  key BLOB NOT NULL, -- as given: DTLS-PSK needs the key itself
  created_us INTEGER NOT NULL
) STRICT;
CREATE INDEX credential_by_device ON credential (device_id);

CREATE TABLE artifact (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES project (id),
  package TEXT NOT NULL,
  version TEXT NOT NULL,
  blueprint_id TEXT REFERENCES blueprint (id),
  is_model INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  digest BLOB NOT NULL, -- names the file in blobs/
  model_info TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX artifact_by_name
  ON artifact (project_id, package, version, ifnull(blueprint_id, ''));
CREATE INDEX artifact_by_digest ON artifact (digest);
CREATE INDEX artifact_by_blueprint ON artifact (blueprint_id);

-- "release" is a keyword of SQL, hence the quotes.
CREATE TABLE "release" (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES project (id),
  blueprint_id TEXT REFERENCES blueprint (id),
  rollout INTEGER NOT NULL,
  sequence_number INTEGER NOT NULL,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL,
  UNIQUE (project_id, sequence_number)
) STRICT;
CREATE INDEX release_by_blueprint ON "release" (blueprint_id);

CREATE TABLE release_label (
  owner_id TEXT NOT NULL REFERENCES "release" (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (owner_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX release_by_label ON release_label (value);

CREATE TABLE release_device_tag (
  owner_id TEXT NOT NULL REFERENCES "release" (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  value TEXT NOT NULL REFERENCES tag (id),
  PRIMARY KEY (owner_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX release_by_device_tag ON release_device_tag (value);

CREATE TABLE release_artifact (
  owner_id TEXT NOT NULL REFERENCES "release" (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  value TEXT NOT NULL REFERENCES artifact (id),
  PRIMARY KEY (owner_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX release_by_artifact ON release_artifact (value);

CREATE TABLE api_key (
  id TEXT PRIMARY KEY,
  project_id TEXT REFERENCES project (id), -- NULL: the whole server
  name TEXT NOT NULL,
  enabled INTEGER NOT NULL,
  hash BLOB NOT NULL UNIQUE, -- SHA-256 of the key
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL
) STRICT;
CREATE INDEX api_key_by_project ON api_key (project_id);

CREATE TABLE presence (
  device_id TEXT PRIMARY KEY REFERENCES device (id) ON DELETE CASCADE,
  last_report_us INTEGER NOT NULL,
  last_online_us INTEGER NOT NULL,
  last_offline_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE ota_status (
  device_id TEXT NOT NULL REFERENCES device (id) ON DELETE CASCADE,
  package TEXT NOT NULL,
  state INTEGER NOT NULL,
  reason INTEGER NOT NULL,
  version TEXT NOT NULL,
  target TEXT NOT NULL,
  event_count INTEGER NOT NULL,
  time_us INTEGER NOT NULL,
  PRIMARY KEY (device_id, package)
) STRICT, WITHOUT ROWID;

CREATE TABLE ota_event (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id TEXT NOT NULL REFERENCES project (id),
  device_id TEXT NOT NULL REFERENCES device (id) ON DELETE CASCADE,
  package TEXT NOT NULL,
  state INTEGER NOT NULL,
  reason INTEGER NOT NULL,
  version TEXT NOT NULL,
  target TEXT NOT NULL,
  time_us INTEGER NOT NULL
) STRICT;
CREATE INDEX ota_event_by_package ON ota_event (device_id, package, id);
CREATE INDEX ota_event_by_project ON ota_event (project_id, id);
