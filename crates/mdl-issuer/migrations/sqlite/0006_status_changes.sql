-- The changes of a batch, for the operator who looks it up.
CREATE INDEX status_changes_by_issuance ON status_changes (issuance, at);
