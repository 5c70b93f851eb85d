-- Commits units of work of different orders at once. Orders come first; what belongs to them is
-- written for those that succeeded, whose keys are returned. New orders have expected = 0.
-- The parts of this folder are put together in commit.rs.
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest(
        $1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[],
        $8::bigint[], $9::bigint[], $10::bigint[], $11::text[], $12::text[]
    ) AS u (site_id, key, expected, order_id, status, financial_status, currency, amount,
        created_at, modified_at, request, state)
)
