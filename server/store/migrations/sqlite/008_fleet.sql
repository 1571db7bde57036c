-- SPDX-License-Identifier: Apache-2.0
-- The fleet as a whole: what blueprints' boards have, which versions are in the
-- field over time, failures and captures counted without walking over all.

ALTER TABLE blueprint ADD COLUMN arena_bytes INTEGER NOT NULL DEFAULT 0; -- 0: not said
ALTER TABLE blueprint ADD COLUMN model_bytes_max INTEGER NOT NULL DEFAULT 0;

-- From time_us on, count devices reported to run that version.
CREATE TABLE fleet_sample (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
  package TEXT NOT NULL,
  version TEXT NOT NULL,
  count INTEGER NOT NULL,
  time_us INTEGER NOT NULL
) STRICT;
CREATE INDEX fleet_sample_by_package ON fleet_sample (project_id, package, id);
CREATE INDEX fleet_sample_by_version ON fleet_sample (project_id, package, version, id);

-- Reasons from 2 on are failures (wire/report.h).
CREATE INDEX ota_event_failed ON ota_event (project_id, id) WHERE "reason" >= 2;

CREATE TABLE capture_tally (
  project_id TEXT PRIMARY KEY REFERENCES project (id) ON DELETE CASCADE,
  total INTEGER NOT NULL,
  unlabelled INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO capture_tally (project_id, total, unlabelled)
  SELECT project_id, count(*), sum(label = '') FROM capture GROUP BY project_id;

CREATE TRIGGER capture_added AFTER INSERT ON capture BEGIN
  INSERT INTO capture_tally (project_id, total, unlabelled)
    VALUES (new.project_id, 1, new.label = '')
    ON CONFLICT (project_id) DO UPDATE
      SET total = total + 1, unlabelled = unlabelled + (new.label = '');
END;
CREATE TRIGGER capture_removed AFTER DELETE ON capture BEGIN
  UPDATE capture_tally
    SET total = total - 1, unlabelled = unlabelled - (old.label = '')
    WHERE project_id = old.project_id;
END;
CREATE TRIGGER capture_labelled AFTER UPDATE OF label ON capture
  WHEN (old.label = '') <> (new.label = '') BEGIN
  UPDATE capture_tally
    SET unlabelled = unlabelled + (new.label = '') - (old.label = '')
    WHERE project_id = new.project_id;
END;
