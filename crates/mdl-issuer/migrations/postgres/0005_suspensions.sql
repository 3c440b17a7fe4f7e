-- What holds a document suspended.

-- A sum: 1 the licence is suspended, 2 something else. 0 for a document that is not suspended.
ALTER TABLE documents ADD COLUMN suspensions BIGINT NOT NULL DEFAULT 0;
-- Nobody remembers why: only somebody who says so resumes them.
UPDATE documents SET suspensions = 2 WHERE status = 2;
