-- What few units have.
, added_children AS (
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
), added_files AS (
    INSERT INTO files (site_id, key, file_id, name, kind, description, at, bytes)
    SELECT site_id, key, file_id, name, kind, description, at, bytes
    FROM unnest($104::bigint[], $105::bigint[], $106::int[], $107::text[], $108::text[],
        $109::text[], $110::bigint[], $111::bytea[])
        AS r (site_id, key, file_id, name, kind, description, at, bytes)
    JOIN done USING (site_id, key)
), answered AS (
    UPDATE idempotency i SET status = a.status, body = a.body
    FROM answer a JOIN done USING (site_id, key)
    WHERE i.site_id = a.site_id AND i.idempotency_key = a.idempotency_key AND i.status IS NULL
)
, made_tokens AS (
    INSERT INTO tokens (account_id, live, token, site_id, key, reference, scheme, bin, last4,
        digits, expiry, sealed_holder, sealed_pan, fingerprint, key_id, model, state, by_mail,
        created_at, updated_at, one_for_its_card)
    SELECT account_id, live, token, site_id, key, reference, scheme, bin, last4, digits, expiry,
        sealed_holder, sealed_pan, fingerprint, key_id, model, state, by_mail, created_at,
        created_at, 1
    FROM made_token JOIN done USING (site_id, key)
    -- In one sequence, like names.
    ORDER BY account_id, live, fingerprint, reference, model
), changed_tokens AS (
    -- A statement changes a row once, so what several units want of a token is put together.
    UPDATE tokens t
    SET first_payments = t.first_payments + r.first_payments,
        state = CASE WHEN r.buried AND t.first_payments + r.first_payments <= 0 THEN 'dead'
            WHEN r.activated AND t.state = 'pending' THEN 'active' ELSE t.state END,
        sealed_pan = CASE WHEN r.buried AND t.first_payments + r.first_payments <= 0 THEN NULL
            ELSE t.sealed_pan END,
        sealed_holder = CASE WHEN r.buried AND t.first_payments + r.first_payments <= 0 THEN NULL
            ELSE t.sealed_holder END,
        expiry = GREATEST(t.expiry, r.expiry),
        network_reference = COALESCE(t.network_reference, r.network_reference),
        eci = COALESCE(t.eci, r.eci), cavv = COALESCE(t.cavv, r.cavv),
        ds_trans_id = COALESCE(t.ds_trans_id, r.ds_trans_id),
        updated_at = GREATEST(t.updated_at, r.changed_at),
        last_used_at = GREATEST(t.last_used_at, r.used_at)
    FROM (
        SELECT account_id, live, token, bool_or(step = 'bury') AS buried,
            (count(*) FILTER (WHERE step = 'share') - count(*) FILTER (WHERE step = 'bury'))::int
                AS first_payments,
            bool_or(step = 'activate') AS activated, max(expiry) AS expiry,
            max(network_reference) AS network_reference, max(eci) AS eci, max(cavv) AS cavv,
            max(ds_trans_id) AS ds_trans_id,
            max(at) FILTER (WHERE step <> 'use') AS changed_at,
            max(at) FILTER (WHERE step = 'use') AS used_at
        FROM token_change JOIN done USING (site_id, key)
        GROUP BY account_id, live, token
    ) r
    WHERE t.account_id = r.account_id AND t.live = r.live AND t.token = r.token
        AND t.state <> 'dead'
)
