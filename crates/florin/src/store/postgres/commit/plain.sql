, unit AS NOT MATERIALIZED (
    SELECT * FROM asked
)
