//! Numbers that are handed out once: reserved on disk before they are used.

use async_trait::async_trait;

use super::super::{NODES_MAX, Node, Numbers, StoreError};
use super::{PostgresStore, only};
use crate::clock::UnixMillis;

/// How often a node number that somebody else took first is replaced by another one.
const NODE_TRIES_MAX: u32 = 64;

#[async_trait]
impl Numbers for PostgresStore {
    async fn reserve_numbers(&self, sequence: &str, count: u32) -> Result<u64, StoreError> {
        const DOING: &str = "reserve numbers";
        let sql = "INSERT INTO sequences AS s (name, next_number) VALUES ($1, 1 + $2::bigint) \
            ON CONFLICT (name) DO UPDATE SET next_number = s.next_number + $2 \
            RETURNING next_number - $2";
        let rows = self.write(DOING, sql, &[&sequence, &i64::from(count)]).await?;
        let first: i64 = only(DOING, &rows)?.get(0);
        u64::try_from(first).map_err(|error| StoreError::unavailable(DOING, error))
    }

    async fn lease_node(
        &self,
        now: UnixMillis,
        lease_until: UnixMillis,
    ) -> Result<Option<Node>, StoreError> {
        // Numbers that were never used come first, then the one that is free for longest. When
        // two processes choose the same one, the second finds it leased and changes nothing.
        const DOING: &str = "lease a node number";
        let sql = "
            WITH free AS MATERIALIZED (
                SELECT id FROM generate_series(0, $3 - 1) AS id
                LEFT JOIN nodes ON node_id = id
                WHERE lease_until IS NULL OR lease_until <= $1
                ORDER BY lease_until NULLS FIRST, id LIMIT 1
            ), leased AS (
                INSERT INTO nodes AS n (node_id, lease_until) SELECT id, $2 FROM free
                ON CONFLICT (node_id) DO UPDATE SET lease_until = excluded.lease_until
                    WHERE n.lease_until <= $1
                RETURNING node_id
            )
            SELECT free.id, leased.node_id FROM free LEFT JOIN leased ON leased.node_id = free.id";
        for _ in 0..NODE_TRIES_MAX {
            let nodes = i32::from(NODES_MAX);
            let rows = self.write(DOING, sql, &[&now, &lease_until, &nodes]).await?;
            let Some(row) = rows.first() else { return Ok(None) };
            if let Some(id) = row.get::<_, Option<i32>>(1) {
                let id = u16::try_from(id).map_err(|it| StoreError::unavailable(DOING, it))?;
                return Ok(Some(Node { id, lease: lease_until }));
            }
        }
        Err(StoreError::Busy)
    }

    async fn renew_node(
        &self,
        node: Node,
        lease_until: UnixMillis,
    ) -> Result<Option<Node>, StoreError> {
        let renewed = self.set_lease(node, lease_until).await?;
        Ok(renewed.then_some(Node { id: node.id, lease: lease_until }))
    }

    async fn release_node(&self, node: Node, now: UnixMillis) -> Result<(), StoreError> {
        self.set_lease(node, now.min(node.lease)).await.map(|_| ())
    }
}

impl PostgresStore {
    async fn set_lease(&self, node: Node, lease_until: UnixMillis) -> Result<bool, StoreError> {
        let sql = "UPDATE nodes SET lease_until = $3 WHERE node_id = $1 AND lease_until = $2 \
            RETURNING 1";
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
            [&i32::from(node.id), &node.lease, &lease_until];
        let rows = self.write("change the lease of a node number", sql, &values).await?;
        Ok(!rows.is_empty())
    }
}
