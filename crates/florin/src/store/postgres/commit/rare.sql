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
    FROM unnest($103::bigint[], $104::bigint[], $105::int[], $106::text[], $107::text[],
        $108::text[], $109::bigint[], $110::bytea[])
        AS r (site_id, key, file_id, name, kind, description, at, bytes)
    JOIN done USING (site_id, key)
), answered AS (
    UPDATE idempotency i SET status = a.status, body = a.body
    FROM answer a JOIN done USING (site_id, key)
    WHERE i.site_id = a.site_id AND i.idempotency_key = a.idempotency_key AND i.status IS NULL
)
