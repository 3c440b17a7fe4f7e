-- Document signers whose key may be in other hands, and who is to get other documents for those that it signed.

-- For whom a batch was issued, until its documents end; NULL also for batches of earlier versions.
ALTER TABLE issuances ADD COLUMN sealed_subject BLOB;
-- 1 when the documents were made invalid because of their signer.
ALTER TABLE issuances ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0;
CREATE INDEX issuances_by_document_signer ON issuances (document_signer)
    WHERE to_be_signed IS NOT NULL AND withdrawn = 0;
CREATE INDEX issuances_with_subject ON issuances (valid_until) WHERE sealed_subject IS NOT NULL;

CREATE TABLE compromises (
    document_signer BLOB NOT NULL PRIMARY KEY,
    reported_at     INTEGER NOT NULL,
    actor           TEXT NOT NULL,
    reason          TEXT NOT NULL,
    batches         INTEGER NOT NULL, -- done with
    documents       INTEGER NOT NULL, -- made invalid
    finished_at     INTEGER
) STRICT;

CREATE TABLE reissues (
    tenant           TEXT NOT NULL,
    subject          BLOB NOT NULL, -- keyed hash
    configuration_id TEXT NOT NULL,
    document_signer  BLOB NOT NULL REFERENCES compromises (document_signer),
    issuance         BLOB NOT NULL, -- which sealed_subject was sealed for
    sealed_subject   BLOB,
    valid_until      INTEGER NOT NULL, -- until when the documents would have been good: who loses most comes first
    queued_at        INTEGER NOT NULL,
    state            INTEGER NOT NULL, -- 0 waiting, 1 offered, 2 has other documents
    offered_at       INTEGER,
    offered_until    INTEGER,
    attempts         INTEGER NOT NULL,
    PRIMARY KEY (tenant, subject, configuration_id)
) STRICT;
CREATE INDEX reissues_waiting ON reissues (tenant, valid_until) WHERE state = 0;
CREATE INDEX reissues_offered ON reissues (tenant, offered_at) WHERE offered_at IS NOT NULL;
