//! Numbers that are handed out once: reserved on disk before they are used.

use async_trait::async_trait;
use rusqlite::{OptionalExtension, params};

use super::super::{NODES_MAX, Node, Numbers, StoreError};
use super::SqliteStore;
use crate::clock::UnixMillis;

#[async_trait]
impl Numbers for SqliteStore {
    async fn reserve_numbers(&self, sequence: &str, count: u32) -> Result<u64, StoreError> {
        const DOING: &str = "reserve numbers";
        let sequence = sequence.to_owned();
        let first: i64 = self
            .write(DOING, move |connection| {
                let sql = "INSERT INTO sequences (name, next_number) VALUES (?1, 1 + ?2) \
                    ON CONFLICT (name) DO UPDATE SET next_number = next_number + ?2 \
                    RETURNING next_number - ?2";
                let mut statement = connection.prepare_cached(sql)?;
                statement.query_row(params![sequence, count], |row| row.get(0))
            })
            .await?;
        u64::try_from(first).map_err(|error| StoreError::unavailable(DOING, error))
    }

    async fn lease_node(
        &self,
        now: UnixMillis,
        lease_until: UnixMillis,
    ) -> Result<Option<Node>, StoreError> {
        self.write("lease a node number", move |connection| {
            // Numbers that were never used come first, then the one that is free for longest.
            let sql = "
                WITH RECURSIVE numbers (id) AS (
                    SELECT 0 UNION ALL SELECT id + 1 FROM numbers WHERE id + 1 < ?1)
                SELECT id FROM numbers LEFT JOIN nodes ON node_id = id
                WHERE lease_until IS NULL OR lease_until <= ?2
                ORDER BY lease_until NULLS FIRST, id LIMIT 1";
            let mut statement = connection.prepare_cached(sql)?;
            let free = statement.query_row(params![NODES_MAX, now], |row| row.get(0));
            let Some(id) = free.optional()? else { return Ok(None) };
            let sql = "INSERT OR REPLACE INTO nodes (node_id, lease_until) VALUES (?1, ?2)";
            connection.prepare_cached(sql)?.execute(params![id, lease_until])?;
            Ok(Some(Node { id, lease: lease_until }))
        })
        .await
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

impl SqliteStore {
    async fn set_lease(&self, node: Node, lease_until: UnixMillis) -> Result<bool, StoreError> {
        self.write("change the lease of a node number", move |connection| {
            let sql = "UPDATE nodes SET lease_until = ?3 WHERE node_id = ?1 AND lease_until = ?2";
            let row = params![node.id, node.lease, lease_until];
            Ok(connection.prepare_cached(sql)?.execute(row)? == 1)
        })
        .await
    }
}
