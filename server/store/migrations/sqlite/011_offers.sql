-- SPDX-License-Identifier: Apache-2.0
-- Shorter forms of artifacts' bytes, what a release asks of its devices, and why
-- an update failed more closely than the reason says.

CREATE TABLE offer (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
  artifact_id TEXT NOT NULL REFERENCES artifact (id) ON DELETE CASCADE,
  base_id TEXT REFERENCES artifact (id) ON DELETE CASCADE, -- NULL: compressed
  encoding INTEGER NOT NULL,
  state INTEGER NOT NULL, -- 0 ready, 1 not smaller, 2 failed
  size_bytes INTEGER NOT NULL,
  digest BLOB NOT NULL, -- names the file in blobs/; zeros unless ready
  wire_id TEXT NOT NULL, -- '' unless ready
  created_us INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX offer_by_artifact ON offer (artifact_id, ifnull(base_id, ''));
CREATE INDEX offer_by_base ON offer (base_id);
CREATE INDEX offer_by_wire_id ON offer (project_id, wire_id);
CREATE INDEX offer_by_digest ON offer (digest);

ALTER TABLE "release" ADD COLUMN spread_fixed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE "release" ADD COLUMN spread_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE "release" ADD COLUMN shadow_windows INTEGER NOT NULL DEFAULT 0;
ALTER TABLE "release" ADD COLUMN shadow_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE "release" ADD COLUMN agreement_permille INTEGER NOT NULL DEFAULT 0;
ALTER TABLE "release" ADD COLUMN latency_percent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE "release" ADD COLUMN confirm_s INTEGER NOT NULL DEFAULT 0;

ALTER TABLE ota_status ADD COLUMN detail INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ota_event ADD COLUMN detail INTEGER NOT NULL DEFAULT 0;
