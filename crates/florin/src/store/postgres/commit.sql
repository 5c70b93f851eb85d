-- Commits units of work of different orders at once. Orders come first; what belongs to them is
-- written for those that succeeded, whose keys are returned. New orders have expected = 0.
WITH child AS MATERIALIZED (
    SELECT * FROM unnest(
        $78::bigint[], $79::bigint[], $80::bigint[], $81::text[], $82::bool[], $83::text[],
        $84::text[], $85::text[], $86::bigint[], $87::bigint[], $88::bigint[], $89::text[],
        $90::text[]
    ) AS c (site_id, key, child_key, order_id, is_new, status, financial_status, currency, amount,
        created_at, modified_at, request, state)
), answer AS MATERIALIZED (
    SELECT * FROM unnest($109::bigint[], $110::bigint[], $111::text[], $112::int[], $113::text[])
        AS a (site_id, key, idempotency_key, status, body)
), blocked AS MATERIALIZED (
    -- Children whose name or key is taken, children that are not there, and requests that have
    -- been answered. Subqueries with a limit are looked up by index, whatever the planner guesses.
    SELECT site_id, key FROM child c
    WHERE CASE WHEN is_new THEN
        (SELECT 1 FROM orders o
            WHERE o.site_id = c.site_id AND o.order_id = c.order_id LIMIT 1) IS NOT NULL
        OR (SELECT 1 FROM orders o
            WHERE o.site_id = c.site_id AND o.key = c.child_key LIMIT 1) IS NOT NULL
    ELSE
        (SELECT 1 FROM orders o
            WHERE o.site_id = c.site_id AND o.key = c.child_key LIMIT 1) IS NULL
    END
    UNION ALL
    SELECT site_id, key FROM answer a
    WHERE (SELECT i.status FROM idempotency i
        WHERE i.site_id = a.site_id AND i.idempotency_key = a.idempotency_key LIMIT 1) IS NOT NULL
), unit AS MATERIALIZED (
    SELECT * FROM unnest(
        $1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[],
        $8::bigint[], $9::bigint[], $10::bigint[], $11::text[], $12::text[]
    ) AS u (site_id, key, expected, order_id, status, financial_status, currency, amount,
        created_at, modified_at, request, state)
    WHERE NOT EXISTS (SELECT 1 FROM blocked b WHERE b.site_id = u.site_id AND b.key = u.key)
), inserted AS (
    INSERT INTO orders (site_id, key, order_id, version, status, financial_status, currency,
        amount, created_at, modified_at, request, state)
    SELECT site_id, key, order_id, 1, status, financial_status, currency, amount, created_at,
        modified_at, request, state
    FROM unit WHERE expected = 0
    ON CONFLICT DO NOTHING
    RETURNING site_id, key
), updated AS (
    UPDATE orders o
    SET version = u.expected + 1, status = u.status, financial_status = u.financial_status,
        amount = u.amount, modified_at = u.modified_at, state = u.state, currency = u.currency,
        request = COALESCE(NULLIF(u.request, ''), o.request)
    FROM unit u
    WHERE u.expected > 0 AND o.site_id = u.site_id AND o.key = u.key AND o.version = u.expected
    RETURNING o.site_id, o.key
), done AS MATERIALIZED (
    SELECT site_id, key FROM inserted UNION ALL SELECT site_id, key FROM updated
), added_transactions AS (
    INSERT INTO transactions (site_id, key, transaction_id)
    SELECT site_id, key, transaction_id
    FROM unnest($13::bigint[], $14::bigint[], $15::bigint[]) AS r (site_id, key, transaction_id)
    JOIN done USING (site_id, key)
), added_events AS (
    INSERT INTO events (site_id, key, seq, kind, at, data)
    SELECT site_id, key, seq, kind, at, data
    FROM unnest($16::bigint[], $17::bigint[], $18::int[], $19::text[], $20::bigint[], $21::text[])
        AS r (site_id, key, seq, kind, at, data)
    JOIN done USING (site_id, key)
), sealed_cards AS (
    INSERT INTO cards (site_id, key, card_id, sealed_pan, sealed_cvc, fingerprint, key_id)
    SELECT site_id, key, card_id, sealed_pan, sealed_cvc, fingerprint, key_id
    FROM unnest($22::bigint[], $23::bigint[], $24::int[], $25::bytea[], $26::bytea[],
        $27::bytea[], $28::int[])
        AS r (site_id, key, card_id, sealed_pan, sealed_cvc, fingerprint, key_id)
    JOIN done USING (site_id, key)
    ON CONFLICT (site_id, key, card_id) DO UPDATE
    SET sealed_pan = excluded.sealed_pan, sealed_cvc = excluded.sealed_cvc,
        fingerprint = excluded.fingerprint, key_id = excluded.key_id
), erased_cvcs AS (
    UPDATE cards c SET sealed_cvc = NULL
    FROM unnest($29::bigint[], $30::bigint[], $31::int[]) AS r (site_id, key, card_id)
    JOIN done USING (site_id, key)
    WHERE c.site_id = r.site_id AND c.key = r.key AND c.card_id = r.card_id
), erased_cards AS (
    DELETE FROM cards c
    USING unnest($32::bigint[], $33::bigint[], $34::int[]) AS r (site_id, key, card_id)
    JOIN done USING (site_id, key)
    WHERE c.site_id = r.site_id AND c.key = r.key AND c.card_id = r.card_id
), added_notifications AS (
    -- A row that is leased from birth has been begun when it was due.
    INSERT INTO notifications (site_id, key, seq, event, state, due_at, lease_until, attempts,
        first_attempt_at, subject)
    SELECT site_id, key, seq, event, 'pending', due_at, COALESCE(lease, 0), 0,
        CASE WHEN lease IS NULL THEN NULL ELSE due_at END, subject
    FROM unnest($35::bigint[], $36::bigint[], $37::int[], $38::text[], $39::bigint[],
        $67::bigint[], $115::int[])
        AS r (site_id, key, seq, event, due_at, lease, subject)
    JOIN done USING (site_id, key)
), set_timers AS (
    INSERT INTO timers (site_id, key, kind, due_at, lease_until)
    SELECT site_id, key, kind, due_at, 0
    FROM unnest($40::bigint[], $41::bigint[], $42::text[], $43::bigint[])
        AS r (site_id, key, kind, due_at)
    JOIN done USING (site_id, key)
    ON CONFLICT (site_id, key, kind) DO UPDATE SET due_at = excluded.due_at, lease_until = 0
), cancelled_timers AS (
    DELETE FROM timers t
    USING unnest($44::bigint[], $45::bigint[], $46::text[]) AS r (site_id, key, kind)
    JOIN done USING (site_id, key)
    WHERE t.site_id = r.site_id AND t.key = r.key AND t.kind = r.kind
), owed_advices AS (
    INSERT INTO advices (site_id, key, seq, kind, link, chain, due_at, lease_until, attempts,
        first_attempt_at, note, body)
    SELECT site_id, key, seq, kind, link, chain, due_at, COALESCE(lease, 0), attempts,
        COALESCE(first_attempt_at, CASE WHEN lease IS NULL THEN NULL ELSE due_at END), note, body
    FROM unnest($47::bigint[], $48::bigint[], $49::int[], $50::text[], $51::text[], $52::text[],
        $53::bigint[], $54::int[], $55::bigint[], $56::text[], $57::text[], $68::bigint[])
        AS r (site_id, key, seq, kind, link, chain, due_at, attempts, first_attempt_at, note, body,
            lease)
    JOIN done USING (site_id, key)
    ON CONFLICT (site_id, key, seq) DO UPDATE
    SET kind = excluded.kind, link = excluded.link, chain = excluded.chain,
        due_at = excluded.due_at, lease_until = excluded.lease_until,
        attempts = excluded.attempts,
        first_attempt_at = excluded.first_attempt_at, note = excluded.note, body = excluded.body
), settled_advices AS (
    DELETE FROM advices a
    USING unnest($58::bigint[], $59::bigint[], $60::int[]) AS r (site_id, key, seq)
    JOIN done USING (site_id, key)
    WHERE a.site_id = r.site_id AND a.key = r.key AND a.seq = r.seq
), moved_advices AS (
    -- A stopped advice is due never and keeps the number of its attempts.
    UPDATE advices a
    SET due_at = r.due_at, lease_until = 0, attempts = COALESCE(r.attempts, a.attempts),
        note = r.note
    FROM unnest($61::bigint[], $62::bigint[], $63::int[], $64::bigint[], $65::int[], $66::text[])
        AS r (site_id, key, seq, due_at, attempts, note)
    JOIN done USING (site_id, key)
    WHERE a.site_id = r.site_id AND a.key = r.key AND a.seq = r.seq
), added_children AS (
    -- A name that is taken in this very instant fails the statement: a unit is whole. Sorted, so
    -- that two statements do not wait for each other's names in a circle.
    INSERT INTO orders (site_id, key, order_id, version, status, financial_status, currency,
        amount, created_at, modified_at, request, state)
    SELECT c.site_id, c.child_key, c.order_id, 1, c.status, c.financial_status, c.currency,
        c.amount, c.created_at, c.modified_at, c.request, c.state
    FROM child c JOIN done USING (site_id, key)
    WHERE c.is_new
    ORDER BY c.site_id, c.order_id
), changed_children AS (
    UPDATE orders o
    SET version = o.version + 1, status = c.status, financial_status = c.financial_status,
        amount = c.amount, modified_at = c.modified_at, state = c.state
    FROM child c JOIN done USING (site_id, key)
    WHERE NOT c.is_new AND o.site_id = c.site_id AND o.key = c.child_key
), added_journal AS (
    INSERT INTO journal (site_id, key, seq, at, booked_at, kind, currency, postings, hash)
    SELECT site_id, key, seq, at, booked_at, kind, currency, postings, hash
    FROM unnest($69::bigint[], $70::bigint[], $71::int[], $72::bigint[], $73::bigint[],
        $74::text[], $75::text[], $76::text[], $77::bytea[])
        AS r (site_id, key, seq, at, booked_at, kind, currency, postings, hash)
    JOIN done USING (site_id, key)
), added_attempts AS (
    INSERT INTO attempts (site_id, key, attempt, outcome, at, ip, email, bin, card, amount,
        currency)
    SELECT site_id, key, attempt, outcome, at, ip, email, bin, card, amount, currency
    FROM unnest($91::bigint[], $92::bigint[], $93::int[], $94::bigint[], $95::text[],
        $96::bytea[], $97::text[], $98::bytea[], $99::bigint[], $100::text[], $114::int[])
        AS r (site_id, key, attempt, at, ip, email, bin, card, amount, currency, outcome)
    JOIN done USING (site_id, key)
), added_files AS (
    INSERT INTO files (site_id, key, file_id, name, kind, description, at, bytes)
    SELECT site_id, key, file_id, name, kind, description, at, bytes
    FROM unnest($101::bigint[], $102::bigint[], $103::int[], $104::text[], $105::text[],
        $106::text[], $107::bigint[], $108::bytea[])
        AS r (site_id, key, file_id, name, kind, description, at, bytes)
    JOIN done USING (site_id, key)
), answered AS (
    UPDATE idempotency i SET status = a.status, body = a.body
    FROM answer a JOIN done USING (site_id, key)
    WHERE i.site_id = a.site_id AND i.idempotency_key = a.idempotency_key AND i.status IS NULL
)
SELECT site_id, key FROM done
