, inserted AS (
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
        $67::bigint[], $69::int[])
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
), added_journal AS (
    INSERT INTO journal (site_id, key, seq, at, booked_at, kind, currency, postings, hash)
    SELECT site_id, key, seq, at, booked_at, kind, currency, postings, hash
    FROM unnest($70::bigint[], $71::bigint[], $72::int[], $73::bigint[], $74::bigint[],
        $75::text[], $76::text[], $77::text[], $78::bytea[])
        AS r (site_id, key, seq, at, booked_at, kind, currency, postings, hash)
    JOIN done USING (site_id, key)
), added_attempts AS (
    INSERT INTO attempts (site_id, key, attempt, outcome, at, ip, email, bin, card, amount,
        currency)
    SELECT site_id, key, attempt, outcome, at, ip, email, bin, card, amount, currency
    FROM unnest($79::bigint[], $80::bigint[], $81::int[], $82::bigint[], $83::text[],
        $84::bytea[], $85::text[], $86::bytea[], $87::bigint[], $88::text[], $89::int[])
        AS r (site_id, key, attempt, at, ip, email, bin, card, amount, currency, outcome)
    JOIN done USING (site_id, key)
), added_declines AS (
    INSERT INTO declines (site_id, card, amount, currency, at, key, attempt, for_good,
        counts_until)
    SELECT site_id, card, amount, currency, at, key, attempt,
        CASE outcome WHEN 2 THEN 1 ELSE 0 END, counts_until
    FROM unnest($79::bigint[], $80::bigint[], $81::int[], $82::bigint[], $86::bytea[],
        $87::bigint[], $88::text[], $89::int[], $90::bigint[])
        AS r (site_id, key, attempt, at, card, amount, currency, outcome, counts_until)
    JOIN done USING (site_id, key)
    WHERE counts_until IS NOT NULL
)
