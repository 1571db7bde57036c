-- SPDX-License-Identifier: Apache-2.0
-- Who changed what. Rows are only added: no statement of the server can change
-- or remove what was written, whatever mistake is in it. They refer to nothing,
-- as they stay when their object, project or account goes.

CREATE TABLE audit (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  time_us       INTEGER NOT NULL,
  project_id    TEXT NOT NULL,
  actor_type    TEXT NOT NULL,
  actor_id      TEXT NOT NULL,
  actor_name    TEXT NOT NULL,
  actor_address TEXT NOT NULL,
  action        TEXT NOT NULL,
  kind          TEXT NOT NULL,
  object_id     TEXT NOT NULL,
  object_name   TEXT NOT NULL,
  before        TEXT NOT NULL,
  after         TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_project ON audit (project_id, id);
CREATE INDEX audit_by_object ON audit (object_id, id);
-- The filters of the list; id, by which it is ordered, ends each of them unsaid.
CREATE INDEX audit_by_kind ON audit (kind, project_id);
CREATE INDEX audit_by_actor ON audit (actor_id, project_id);
CREATE INDEX audit_by_action ON audit (action, project_id);

CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
CREATE TRIGGER audit_is_never_removed BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
CREATE TRIGGER audit_is_never_replaced BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
