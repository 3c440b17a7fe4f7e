-- The tables of the issuing service on SQLite. Those on PostgreSQL have the same names and columns.
--
-- Times are microseconds since 1970-01-01 UTC. Hashes and identifiers are bytes. Numbers that stand for names are listed
-- beside the column; they are never given another meaning.

CREATE TABLE offers (
    id                BLOB NOT NULL PRIMARY KEY,
    tenant            TEXT NOT NULL,
    code              BLOB NOT NULL UNIQUE,
    configuration_ids TEXT NOT NULL, -- a JSON array of strings
    subject           BLOB NOT NULL, -- keyed hash
    sealed_subject    BLOB, -- NULL when the offer is over
    tx_code           BLOB, -- keyed hash; NULL when none is asked for
    tx_is_numeric     INTEGER,
    tx_length         INTEGER,
    tx_attempts_left  INTEGER,
    last_attempt      BLOB,
    state             INTEGER NOT NULL, -- 0 open, 1 redeemed, 2 cancelled, 3 locked
    created_at        INTEGER NOT NULL,
    expires_at        INTEGER NOT NULL
) STRICT;
CREATE INDEX offers_by_time ON offers (tenant, created_at, id);
CREATE INDEX offers_by_subject ON offers (tenant, subject, created_at, id);
CREATE INDEX offers_by_expiry ON offers (expires_at);

CREATE TABLE grants (
    id                BLOB NOT NULL PRIMARY KEY,
    tenant            TEXT NOT NULL,
    token             BLOB NOT NULL UNIQUE,
    offer             BLOB NOT NULL,
    configuration_ids TEXT NOT NULL, -- a JSON array of strings
    subject           BLOB NOT NULL, -- keyed hash
    sealed_subject    BLOB NOT NULL,
    dpop_key          BLOB,
    by_identifier     INTEGER NOT NULL,
    client_id         TEXT,
    expires_at        INTEGER NOT NULL
) STRICT;
CREATE INDEX grants_by_expiry ON grants (expires_at);

CREATE TABLE used_values (
    purpose    INTEGER NOT NULL, -- 1 c_nonce, 2 DPoP proof, 3 ledger entries
    value      BLOB NOT NULL,
    used_by    BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (purpose, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX used_values_by_expiry ON used_values (expires_at);

CREATE TABLE issuances (
    id               BLOB NOT NULL PRIMARY KEY,
    tenant           TEXT NOT NULL,
    grant_id         BLOB NOT NULL,
    request_key      BLOB NOT NULL,
    subject          BLOB NOT NULL, -- keyed hash
    configuration_id TEXT NOT NULL,
    batch_size       INTEGER NOT NULL,
    sealed_seed      BLOB, -- NULL when a repetition is no longer answered
    document_signer  BLOB NOT NULL,
    reserved_at      INTEGER NOT NULL,
    issued_at        INTEGER NOT NULL,
    repeatable_until INTEGER NOT NULL,
    to_be_signed     BLOB, -- NULL until it is in the ledger
    valid_until      INTEGER,
    notification     BLOB,
    notified         INTEGER, -- 1 accepted, 2 failure, 3 deleted
    completed_by     BLOB,
    UNIQUE (grant_id, request_key)
) STRICT;
CREATE INDEX issuances_by_subject ON issuances (tenant, subject, reserved_at, batch_size);
CREATE INDEX issuances_with_seed ON issuances (repeatable_until) WHERE sealed_seed IS NOT NULL;

CREATE TABLE status_lists (
    id                BLOB NOT NULL PRIMARY KEY,
    tenant            TEXT NOT NULL,
    size              INTEGER NOT NULL,
    capacity          INTEGER NOT NULL,
    allocated         INTEGER NOT NULL CHECK (allocated <= capacity),
    version           INTEGER NOT NULL,
    published_version INTEGER,
    published_at      INTEGER,
    expires_at        INTEGER,
    created_at        INTEGER NOT NULL
) STRICT;
CREATE INDEX status_lists_by_tenant ON status_lists (tenant);

CREATE TABLE documents (
    issuance    BLOB NOT NULL REFERENCES issuances (id),
    number      INTEGER NOT NULL,
    device_key  BLOB NOT NULL UNIQUE, -- keyed hash
    status_list BLOB REFERENCES status_lists (id),
    list_size   INTEGER,
    position    INTEGER,
    status      INTEGER NOT NULL, -- 0 valid, 1 invalid, 2 suspended
    PRIMARY KEY (issuance, number),
    UNIQUE (status_list, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX documents_not_valid ON documents (status_list, position) WHERE status <> 0;

CREATE TABLE status_tokens (
    status_list BLOB NOT NULL PRIMARY KEY REFERENCES status_lists (id),
    tenant      TEXT NOT NULL,
    version     INTEGER NOT NULL,
    jwt         TEXT NOT NULL,
    cwt         BLOB NOT NULL,
    issued_at   INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    ttl         INTEGER NOT NULL
) STRICT;

-- Who changed the status of which document, for auditors; the service does not read it.
CREATE TABLE status_changes (
    at       INTEGER NOT NULL,
    tenant   TEXT NOT NULL,
    issuance BLOB NOT NULL,
    number   INTEGER NOT NULL,
    status   INTEGER NOT NULL, -- as in documents
    reason   TEXT NOT NULL,
    actor    TEXT NOT NULL
) STRICT;

CREATE TABLE ledger (
    sequence     INTEGER NOT NULL PRIMARY KEY,
    previous     BLOB NOT NULL,
    hash         BLOB NOT NULL,
    at           INTEGER NOT NULL,
    tenant       TEXT NOT NULL,
    purpose      INTEGER NOT NULL, -- 1 MSO, 2 status list token, 3 CRL, 4 checkpoint
    signing_key  BLOB NOT NULL,
    to_be_signed BLOB NOT NULL,
    request      BLOB NOT NULL
) STRICT;

-- One row. Whoever writes locks it first, so that there is one writer at a time, whatever the number of replicas.
CREATE TABLE ledger_head (
    one      INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    sequence INTEGER NOT NULL,
    hash     BLOB NOT NULL
) STRICT;
INSERT INTO ledger_head VALUES (1, 0, zeroblob(32));

CREATE TABLE ledger_checkpoints (
    sequence INTEGER NOT NULL PRIMARY KEY,
    hash     BLOB NOT NULL,
    at       INTEGER NOT NULL,
    token    TEXT NOT NULL
) STRICT;

CREATE TABLE leases (
    job    TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    until  INTEGER NOT NULL
) STRICT;
