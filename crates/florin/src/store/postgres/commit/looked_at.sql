-- Which units cannot be stored as a whole.
, child AS MATERIALIZED (
    SELECT * FROM unnest(
        $90::bigint[], $91::bigint[], $92::bigint[], $93::text[], $94::bool[], $95::text[],
        $96::text[], $97::text[], $98::bigint[], $99::bigint[], $100::bigint[], $101::text[],
        $102::text[]
    ) AS c (site_id, key, child_key, order_id, is_new, status, financial_status, currency, amount,
        created_at, modified_at, request, state)
), answer AS MATERIALIZED (
    SELECT * FROM unnest($111::bigint[], $112::bigint[], $113::text[], $114::int[], $115::text[])
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
    SELECT * FROM asked u
    WHERE NOT EXISTS (SELECT 1 FROM blocked b WHERE b.site_id = u.site_id AND b.key = u.key)
)
