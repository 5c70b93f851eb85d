-- A payer has one token for a card and a model, however many first payments are made of it at once:
-- it counts those that have not come to nothing, and ends with the last of them.
ALTER TABLE tokens ADD COLUMN first_payments INTEGER NOT NULL DEFAULT 1;
-- 1 for those that are made from now on: of those that are there a card may have several.
ALTER TABLE tokens ADD COLUMN one_for_its_card INTEGER;
CREATE UNIQUE INDEX tokens_one_for_a_card ON tokens (account_id, live, fingerprint, reference, model)
    WHERE one_for_its_card = 1 AND state <> 'dead';
