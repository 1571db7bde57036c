-- SPDX-License-Identifier: Apache-2.0
-- Organisations, who is a member of them, and how people sign in. What is
-- secret is kept as a hash, apart from what is shown.

CREATE TABLE organization (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL
) STRICT;
INSERT INTO organization (id, name, created_us, updated_us)
  SELECT 'default', 'default', coalesce(min(created_us), 0), coalesce(min(created_us), 0)
  FROM project;

ALTER TABLE project ADD COLUMN organization_id TEXT NOT NULL DEFAULT 'default';
CREATE INDEX project_by_organization ON project (organization_id);

CREATE TABLE account (
  id TEXT PRIMARY KEY,
  email TEXT NOT NULL UNIQUE, -- lower case
  name TEXT NOT NULL,
  server_admin INTEGER NOT NULL,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL
) STRICT;

-- How an account signs in: one row each.
CREATE TABLE login (
  account_id TEXT PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
  password TEXT NOT NULL, -- argon2id in PHC's form; '' none
  totp_secret BLOB NOT NULL, -- empty: none
  totp_on INTEGER NOT NULL, -- 0: made, but not confirmed by a first code
  totp_step INTEGER NOT NULL, -- of the last code that was good: it is good once
  last_used_us INTEGER NOT NULL
) STRICT;
CREATE TABLE recovery_code (
  owner_id TEXT NOT NULL REFERENCES login (account_id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  value TEXT NOT NULL, -- SHA-256 in hex
  PRIMARY KEY (owner_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  hash BLOB NOT NULL UNIQUE, -- SHA-256 of the cookie
  by_link INTEGER NOT NULL, -- 1: may set a password without knowing the old one
  address TEXT NOT NULL,
  user_agent TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  last_used_us INTEGER NOT NULL
) STRICT;
CREATE INDEX session_by_account ON session (account_id, id);
CREATE INDEX session_by_use ON session (last_used_us);

CREATE TABLE sign_in_link (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL UNIQUE REFERENCES account (id) ON DELETE CASCADE,
  hash BLOB NOT NULL UNIQUE, -- SHA-256 of what the link holds
  expires_us INTEGER NOT NULL, -- 0: never
  created_us INTEGER NOT NULL
) STRICT;

CREATE TABLE member (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  project_id TEXT REFERENCES project (id) ON DELETE CASCADE, -- NULL: every project
  role INTEGER NOT NULL, -- 1 viewer, 2 operator, 3 admin
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX member_is_one ON member (organization_id, account_id, ifnull(project_id, ''));
CREATE INDEX member_by_account ON member (account_id);
CREATE INDEX member_by_project ON member (project_id);

ALTER TABLE api_key ADD COLUMN role INTEGER NOT NULL DEFAULT 3;
ALTER TABLE api_key ADD COLUMN scopes TEXT NOT NULL DEFAULT ''; -- 'devices,artifacts:read'; '' all
ALTER TABLE api_key ADD COLUMN expires_us INTEGER NOT NULL DEFAULT 0; -- 0: never
ALTER TABLE api_key ADD COLUMN last_used_us INTEGER NOT NULL DEFAULT 0;
