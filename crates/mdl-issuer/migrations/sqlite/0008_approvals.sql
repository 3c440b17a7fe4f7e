-- What one operator asked for and another one allowed or refused; kept for auditors.
CREATE TABLE approvals (
    id           BLOB NOT NULL PRIMARY KEY,
    tenant       TEXT NOT NULL,
    operation    TEXT NOT NULL, -- JSON; subjects as keyed hashes
    digest       BLOB NOT NULL, -- SHA-256 of tenant and operation
    requested_by TEXT NOT NULL,
    requested_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    approved     INTEGER, -- 1 approved and done, 0 rejected; NULL while nobody has decided
    decided_by   TEXT,
    decided_at   INTEGER,
    documents    INTEGER -- that it changed
) STRICT;
CREATE INDEX approvals_by_time ON approvals (tenant, requested_at, id);
CREATE INDEX approvals_by_operation ON approvals (tenant, digest);
