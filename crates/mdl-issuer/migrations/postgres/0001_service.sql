-- The tables of the issuing service on PostgreSQL. Those on SQLite have the same names and columns.
--
-- Times are microseconds since 1970-01-01 UTC. Hashes and identifiers are bytes. Numbers that stand for names are listed
-- beside the column; they are never given another meaning.

CREATE TABLE offers (
    id                BYTEA PRIMARY KEY,
    tenant            TEXT NOT NULL,
    code              BYTEA NOT NULL UNIQUE,
    configuration_ids TEXT NOT NULL, -- a JSON array of strings
    subject           BYTEA NOT NULL, -- keyed hash
    sealed_subject    BYTEA, -- NULL when the offer is over
    tx_code           BYTEA, -- keyed hash; NULL when none is asked for
    tx_is_numeric     BIGINT,
    tx_length         BIGINT,
    tx_attempts_left  BIGINT,
    last_attempt      BYTEA,
    state             BIGINT NOT NULL, -- 0 open, 1 redeemed, 2 cancelled, 3 locked
    created_at        BIGINT NOT NULL,
    expires_at        BIGINT NOT NULL
);
CREATE INDEX offers_by_time ON offers (tenant, created_at, id);
CREATE INDEX offers_by_subject ON offers (tenant, subject, created_at, id);
CREATE INDEX offers_by_expiry ON offers (expires_at);

CREATE TABLE grants (
    id                BYTEA PRIMARY KEY,
    tenant            TEXT NOT NULL,
    token             BYTEA NOT NULL UNIQUE,
    offer             BYTEA NOT NULL,
    configuration_ids TEXT NOT NULL, -- a JSON array of strings
    subject           BYTEA NOT NULL, -- keyed hash
    sealed_subject    BYTEA NOT NULL,
    dpop_key          BYTEA,
    by_identifier     BIGINT NOT NULL,
    client_id         TEXT,
    expires_at        BIGINT NOT NULL
);
CREATE INDEX grants_by_expiry ON grants (expires_at);

CREATE TABLE used_values (
    purpose    BIGINT NOT NULL, -- 1 c_nonce, 2 DPoP proof, 3 ledger entries
    value      BYTEA NOT NULL,
    used_by    BYTEA NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (purpose, value)
);
CREATE INDEX used_values_by_expiry ON used_values (expires_at);

CREATE TABLE issuances (
    id               BYTEA PRIMARY KEY,
    tenant           TEXT NOT NULL,
    grant_id         BYTEA NOT NULL,
    request_key      BYTEA NOT NULL,
    subject          BYTEA NOT NULL, -- keyed hash
    configuration_id TEXT NOT NULL,
    batch_size       BIGINT NOT NULL,
    sealed_seed      BYTEA, -- NULL when a repetition is no longer answered
    document_signer  BYTEA NOT NULL,
    reserved_at      BIGINT NOT NULL,
    issued_at        BIGINT NOT NULL,
    repeatable_until BIGINT NOT NULL,
    to_be_signed     BYTEA, -- NULL until it is in the ledger
    valid_until      BIGINT,
    notification     BYTEA,
    notified         BIGINT, -- 1 accepted, 2 failure, 3 deleted
    completed_by     BYTEA,
    UNIQUE (grant_id, request_key)
);
CREATE INDEX issuances_by_subject ON issuances (tenant, subject, reserved_at, batch_size);
CREATE INDEX issuances_with_seed ON issuances (repeatable_until) WHERE sealed_seed IS NOT NULL;

CREATE TABLE status_lists (
    id                BYTEA PRIMARY KEY,
    tenant            TEXT NOT NULL,
    size              BIGINT NOT NULL,
    capacity          BIGINT NOT NULL,
    allocated         BIGINT NOT NULL CHECK (allocated <= capacity),
    version           BIGINT NOT NULL,
    published_version BIGINT,
    published_at      BIGINT,
    expires_at        BIGINT,
    created_at        BIGINT NOT NULL
);
CREATE INDEX status_lists_by_tenant ON status_lists (tenant);

CREATE TABLE documents (
    issuance    BYTEA NOT NULL REFERENCES issuances (id),
    number      BIGINT NOT NULL,
    device_key  BYTEA NOT NULL UNIQUE, -- keyed hash
    status_list BYTEA REFERENCES status_lists (id),
    list_size   BIGINT,
    position    BIGINT,
    status      BIGINT NOT NULL, -- 0 valid, 1 invalid, 2 suspended
    PRIMARY KEY (issuance, number),
    UNIQUE (status_list, position)
);
CREATE INDEX documents_not_valid ON documents (status_list, position) WHERE status <> 0;

CREATE TABLE status_tokens (
    status_list BYTEA PRIMARY KEY REFERENCES status_lists (id),
    tenant      TEXT NOT NULL,
    version     BIGINT NOT NULL,
    jwt         TEXT NOT NULL,
    cwt         BYTEA NOT NULL,
    issued_at   BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    ttl         BIGINT NOT NULL
);

-- Who changed the status of which document, for auditors; the service does not read it.
CREATE TABLE status_changes (
    at       BIGINT NOT NULL,
    tenant   TEXT NOT NULL,
    issuance BYTEA NOT NULL,
    number   BIGINT NOT NULL,
    status   BIGINT NOT NULL, -- as in documents
    reason   TEXT NOT NULL,
    actor    TEXT NOT NULL
);

CREATE TABLE ledger (
    sequence     BIGINT PRIMARY KEY,
    previous     BYTEA NOT NULL,
    hash         BYTEA NOT NULL,
    at           BIGINT NOT NULL,
    tenant       TEXT NOT NULL,
    purpose      BIGINT NOT NULL, -- 1 MSO, 2 status list token, 3 CRL, 4 checkpoint
    signing_key  BYTEA NOT NULL,
    to_be_signed BYTEA NOT NULL,
    request      BYTEA NOT NULL
);

-- One row. Whoever writes locks it first, so that there is one writer at a time, whatever the number of replicas.
CREATE TABLE ledger_head (
    one      BIGINT PRIMARY KEY CHECK (one = 1),
    sequence BIGINT NOT NULL,
    hash     BYTEA NOT NULL
);
INSERT INTO ledger_head VALUES (1, 0, decode(repeat('00', 32), 'hex'));

CREATE TABLE ledger_checkpoints (
    sequence BIGINT PRIMARY KEY,
    hash     BYTEA NOT NULL,
    at       BIGINT NOT NULL,
    token    TEXT NOT NULL
);

CREATE TABLE leases (
    job    TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    until  BIGINT NOT NULL
);
