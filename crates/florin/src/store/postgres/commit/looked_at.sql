-- Which units cannot be stored as a whole.
, child AS MATERIALIZED (
    SELECT * FROM unnest(
        $91::bigint[], $92::bigint[], $93::bigint[], $94::text[], $95::bool[], $96::text[],
        $97::text[], $98::text[], $99::bigint[], $100::bigint[], $101::bigint[], $102::text[],
        $103::text[]
    ) AS c (site_id, key, child_key, order_id, is_new, status, financial_status, currency, amount,
        created_at, modified_at, request, state)
), answer AS MATERIALIZED (
    SELECT * FROM unnest($112::bigint[], $113::bigint[], $114::text[], $115::int[], $116::text[])
        AS a (site_id, key, idempotency_key, status, body)
), token_change AS MATERIALIZED (
    SELECT * FROM unnest(
        $117::bigint[], $118::bigint[], $119::bigint[], $120::int[], $121::text[], $122::text[],
        $123::bigint[], $124::bigint[], $125::text[], $126::text[], $127::text[], $128::text[],
        $129::text[]
    ) AS t (site_id, key, account_id, live, token, step, at, unused_since, expiry,
        network_reference, eci, cavv, ds_trans_id)
), made_token AS MATERIALIZED (
    SELECT * FROM unnest($130::bigint[], $131::bigint[], $132::bigint[], $133::int[], $134::text[],
        $135::text[], $136::text[], $137::text[], $138::text[], $139::int[], $140::text[],
        $141::bytea[], $142::bytea[], $143::bytea[], $144::int[], $145::text[], $146::text[],
        $147::int[], $148::bigint[])
        AS r (site_id, key, account_id, live, token, reference, scheme, bin, last4, digits, expiry,
            sealed_holder, sealed_pan, fingerprint, key_id, model, state, by_mail, created_at)
), held_token AS MATERIALIZED (
    -- Locked, so that of two charges at once the second sees the first. In one sequence, so that
    -- two batches do not wait for each other in a circle.
    SELECT t.account_id, t.live, t.token, t.state, t.last_used_at FROM tokens t
    WHERE (t.account_id, t.live, t.token) IN (
        SELECT account_id, live, token FROM token_change WHERE step IN ('use', 'share')
    )
    ORDER BY t.account_id, t.live, t.token
    FOR UPDATE
), blocked AS MATERIALIZED (
    -- Children whose name or key is taken, children that are not there, requests that have been
    -- answered, and tokens that cannot be charged, or not again so soon, or not shared, or whose card
    -- has one already. Subqueries with a limit are looked up by index, whatever the planner guesses.
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
    UNION ALL
    SELECT site_id, key FROM token_change c
    WHERE step = 'use' AND NOT EXISTS (SELECT 1 FROM held_token t
        WHERE t.account_id = c.account_id AND t.live = c.live AND t.token = c.token
            AND t.state = 'active' AND (c.unused_since IS NULL OR t.last_used_at IS NULL
                OR t.last_used_at <= c.unused_since))
    UNION ALL
    SELECT site_id, key FROM token_change c
    WHERE step = 'share' AND NOT EXISTS (SELECT 1 FROM held_token t
        WHERE t.account_id = c.account_id AND t.live = c.live AND t.token = c.token
            AND t.state = 'pending')
    UNION ALL
    SELECT site_id, key FROM made_token m
    WHERE (SELECT 1 FROM tokens t
        WHERE t.account_id = m.account_id AND t.live = m.live AND t.fingerprint = m.fingerprint
            AND t.reference = m.reference AND t.model = m.model AND t.state <> 'dead'
        LIMIT 1) IS NOT NULL
    UNION ALL
    -- Of several charges of one token in this batch, the first.
    SELECT site_id, key FROM token_change c
    WHERE step = 'use' AND unused_since IS NOT NULL AND EXISTS (SELECT 1 FROM token_change o
        WHERE o.step = 'use' AND o.account_id = c.account_id AND o.live = c.live
            AND o.token = c.token AND (o.site_id, o.key) < (c.site_id, c.key))
), unit AS MATERIALIZED (
    SELECT * FROM asked u
    WHERE NOT EXISTS (SELECT 1 FROM blocked b WHERE b.site_id = u.site_id AND b.key = u.key)
)
