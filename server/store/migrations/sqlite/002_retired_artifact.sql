-- SPDX-License-Identifier: Apache-2.0
-- Names whose bytes were once given out: the bytes behind PACKAGE@VERSION never
-- change, not even after the artifact was deleted.
CREATE TABLE retired_artifact (
  id TEXT PRIMARY KEY, -- the artifact's
  project_id TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
  package TEXT NOT NULL,
  version TEXT NOT NULL,
  blueprint_id TEXT NOT NULL, -- '' for none; the blueprint may be gone as well
  digest BLOB NOT NULL
) STRICT;
CREATE INDEX retired_artifact_by_name
  ON retired_artifact (project_id, package, version, blueprint_id);
