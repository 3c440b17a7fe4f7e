-- When a status list is done, and for which Credential Issuer Identifier its tokens were signed.

-- The latest end of the documents that have a place in it; NULL while none has.
ALTER TABLE status_lists ADD COLUMN needed_until INTEGER;
-- NULL before the first publication.
ALTER TABLE status_lists ADD COLUMN published_for TEXT;

-- Of what was begun and not issued, nothing can follow after the time for its repetition.
UPDATE status_lists SET needed_until = (
    SELECT max(coalesce(i.valid_until, i.repeatable_until))
    FROM documents AS d JOIN issuances AS i ON i.id = d.issuance
    WHERE d.status_list = status_lists.id
);
