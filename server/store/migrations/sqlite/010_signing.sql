-- SPDX-License-Identifier: Apache-2.0
-- Signatures of artifacts, and the sets of keys that devices believe: made off
-- the server, kept and handed out as they came.

CREATE TABLE artifact_signature (
  artifact_id TEXT PRIMARY KEY REFERENCES artifact (id) ON DELETE CASCADE,
  project_id TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
  signer TEXT NOT NULL, -- hex, of its key, as the message names it
  sequence INTEGER NOT NULL,
  floor INTEGER NOT NULL,
  message BLOB NOT NULL, -- COSE_Sign1
  created_us INTEGER NOT NULL
) STRICT;

CREATE TABLE keyset (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
  epoch INTEGER NOT NULL,
  floor INTEGER NOT NULL,
  signer TEXT NOT NULL, -- hex, of the key that signed it
  message BLOB NOT NULL, -- COSE_Sign1
  created_us INTEGER NOT NULL,
  UNIQUE (project_id, epoch)
) STRICT;
