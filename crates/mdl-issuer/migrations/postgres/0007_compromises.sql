-- Document signers whose key may be in other hands, and who is to get other documents for those that it signed.

-- For whom a batch was issued, until its documents end; NULL also for batches of earlier versions.
ALTER TABLE issuances ADD COLUMN sealed_subject BYTEA;
-- 1 when the documents were made invalid because of their signer.
ALTER TABLE issuances ADD COLUMN withdrawn BIGINT NOT NULL DEFAULT 0;
CREATE INDEX issuances_by_document_signer ON issuances (document_signer)
    WHERE to_be_signed IS NOT NULL AND withdrawn = 0;
CREATE INDEX issuances_with_subject ON issuances (valid_until) WHERE sealed_subject IS NOT NULL;

CREATE TABLE compromises (
    document_signer BYTEA PRIMARY KEY,
    reported_at     BIGINT NOT NULL,
    actor           TEXT NOT NULL,
    reason          TEXT NOT NULL,
    batches         BIGINT NOT NULL, -- done with
    documents       BIGINT NOT NULL, -- made invalid
    finished_at     BIGINT
);

CREATE TABLE reissues (
    tenant           TEXT NOT NULL,
    subject          BYTEA NOT NULL, -- keyed hash
    configuration_id TEXT NOT NULL,
    document_signer  BYTEA NOT NULL REFERENCES compromises (document_signer),
    issuance         BYTEA NOT NULL, -- which sealed_subject was sealed for
    sealed_subject   BYTEA,
    valid_until      BIGINT NOT NULL, -- until when the documents would have been good: who loses most comes first
    queued_at        BIGINT NOT NULL,
    state            BIGINT NOT NULL, -- 0 waiting, 1 offered, 2 has other documents
    offered_at       BIGINT,
    offered_until    BIGINT,
    attempts         BIGINT NOT NULL,
    PRIMARY KEY (tenant, subject, configuration_id)
);
CREATE INDEX reissues_waiting ON reissues (tenant, valid_until) WHERE state = 0;
CREATE INDEX reissues_offered ON reissues (tenant, offered_at) WHERE offered_at IS NOT NULL;
