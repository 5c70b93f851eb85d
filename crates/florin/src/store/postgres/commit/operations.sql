-- What merchants list, and by which references acquirers name it. The parameters are numbered on from those before (operations.rs).
, listed_operations AS (
    INSERT INTO operations (site_id, key, transaction_id, class, amount, created_at, completed_at)
    SELECT site_id, key, transaction_id, class, amount, created_at, completed_at
    FROM unnest($operation1::bigint[], $operation2::bigint[], $operation3::bigint[],
        $operation4::text[], $operation5::bigint[], $operation6::bigint[], $operation7::bigint[])
        AS r (site_id, key, transaction_id, class, amount, created_at, completed_at)
    JOIN done USING (site_id, key)
    ON CONFLICT (site_id, transaction_id) DO UPDATE
    SET class = excluded.class, amount = excluded.amount, completed_at = excluded.completed_at
)
, found_references AS (
    INSERT INTO order_references (site_id, key, rrn)
    SELECT site_id, key, rrn
    FROM unnest($operation8::bigint[], $operation9::bigint[], $operation10::text[])
        AS r (site_id, key, rrn)
    JOIN done USING (site_id, key)
    ON CONFLICT DO NOTHING
)
