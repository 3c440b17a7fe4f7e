-- How often a batch that was issued was signed again for the same request.
ALTER TABLE issuances ADD COLUMN repetitions INTEGER NOT NULL DEFAULT 0;
