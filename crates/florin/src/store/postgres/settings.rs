//! Accounts, sites and keys. Each change counts the version of the settings up in the same
//! statement, so that other processes see that there is something to read again.

use async_trait::async_trait;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::super::{
    AccountKeyRow, AccountRow, ApiKeyRow, CLOCK_OFFSET_MS_MAX, Committed, DataKeyRow, Settings,
    SiteId, SiteRow, StoreError,
};
use super::orders::hash;
use super::{PostgresStore, only};

#[async_trait]
impl Settings for PostgresStore {
    async fn settings_version(&self) -> Result<i64, StoreError> {
        const DOING: &str = "read the settings' version";
        let rows = self.read(DOING, "SELECT version FROM settings_versions", &[]).await?;
        Ok(only(DOING, &rows)?.get(0))
    }

    async fn accounts(&self) -> Result<Vec<AccountRow>, StoreError> {
        let sql = "SELECT account_id, name, created_at FROM accounts ORDER BY account_id";
        let rows = self.read("read accounts", sql, &[]).await?;
        let account =
            |row: &Row| AccountRow { id: row.get(0), name: row.get(1), created_at: row.get(2) };
        Ok(rows.iter().map(account).collect())
    }

    async fn insert_account(&self, account: AccountRow) -> Result<Committed, StoreError> {
        let sql = "INSERT INTO accounts (account_id, name, created_at) VALUES ($1, $2, $3) \
            ON CONFLICT DO NOTHING RETURNING 1";
        self.change("add an account", sql, &[&account.id, &account.name, &account.created_at]).await
    }

    async fn sites(&self) -> Result<Vec<SiteRow>, StoreError> {
        let sql = "SELECT site_id, account_id, name, mode, status, settings, clock_offset_ms, \
            created_at, version FROM sites ORDER BY site_id";
        let rows = self.read("read sites", sql, &[]).await?;
        let site = |row: &Row| SiteRow {
            id: row.get(0),
            account_id: row.get(1),
            name: row.get(2),
            mode: row.get(3),
            status: row.get(4),
            settings: row.get(5),
            clock_offset_ms: row.get(6),
            created_at: row.get(7),
            version: row.get(8),
        };
        Ok(rows.iter().map(site).collect())
    }

    async fn insert_site(&self, site: SiteRow) -> Result<Committed, StoreError> {
        let sql = "INSERT INTO sites (site_id, account_id, name, mode, status, settings, \
            clock_offset_ms, created_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1) \
            ON CONFLICT DO NOTHING RETURNING 1";
        let values: [&(dyn ToSql + Sync); 8] = [
            &site.id,
            &site.account_id,
            &site.name,
            &site.mode,
            &site.status,
            &site.settings,
            &site.clock_offset_ms,
            &site.created_at,
        ];
        self.change("add a site", sql, &values).await
    }

    async fn update_site(&self, site: SiteRow) -> Result<Committed, StoreError> {
        let sql = "UPDATE sites SET name = $3, status = $4, settings = $5, \
            version = version + 1 WHERE site_id = $1 AND version = $2 RETURNING 1";
        let values: [&(dyn ToSql + Sync); 5] =
            [&site.id, &site.version, &site.name, &site.status, &site.settings];
        self.change("change a site", sql, &values).await
    }

    async fn delete_site(&self, site: SiteId) -> Result<Committed, StoreError> {
        let sql = "
            WITH changed AS (
                DELETE FROM sites WHERE site_id = $1
                    AND NOT EXISTS (SELECT 1 FROM orders WHERE site_id = $1) RETURNING 1
            ), keys AS (
                DELETE FROM api_keys WHERE site_id = $1 AND EXISTS (SELECT 1 FROM changed)
            ), counted AS (
                UPDATE settings_versions SET version = version + 1
                WHERE EXISTS (SELECT 1 FROM changed)
            )
            SELECT 1 FROM changed";
        let rows = self.write("delete a site", sql, &[&site]).await?;
        Ok(if rows.is_empty() { Committed::Conflict } else { Committed::Done })
    }

    async fn api_keys(&self) -> Result<Vec<ApiKeyRow>, StoreError> {
        const DOING: &str = "read API keys";
        let sql = "SELECT site_id, api_key_id, hash, sealed, label, status, created_at \
            FROM api_keys ORDER BY site_id, api_key_id";
        let rows = self.read(DOING, sql, &[]).await?;
        let key = |row: &Row| {
            Ok(ApiKeyRow {
                site_id: row.get(0),
                id: row.get(1),
                hash: hash(DOING, row.get(2))?,
                sealed: row.get(3),
                label: row.get(4),
                status: row.get(5),
                created_at: row.get(6),
            })
        };
        rows.iter().map(key).collect()
    }

    async fn insert_api_key(&self, key: ApiKeyRow) -> Result<Committed, StoreError> {
        let sql = "INSERT INTO api_keys (site_id, api_key_id, hash, sealed, label, status, \
            created_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING 1";
        let hash = key.hash.as_slice();
        let values: [&(dyn ToSql + Sync); 7] =
            [&key.site_id, &key.id, &hash, &key.sealed, &key.label, &key.status, &key.created_at];
        self.change("add an API key", sql, &values).await
    }

    async fn set_api_key_status(
        &self,
        site: SiteId,
        id: i64,
        status: &str,
    ) -> Result<Committed, StoreError> {
        let sql = "UPDATE api_keys SET status = $3 WHERE site_id = $1 AND api_key_id = $2 \
            RETURNING 1";
        self.change("change an API key", sql, &[&site, &id, &status]).await
    }

    async fn account_keys(&self) -> Result<Vec<AccountKeyRow>, StoreError> {
        const DOING: &str = "read keys of accounts";
        let sql = "SELECT account_id, account_key_id, mode, hash, label, status, created_at \
            FROM account_keys ORDER BY account_id, account_key_id";
        let rows = self.read(DOING, sql, &[]).await?;
        let key = |row: &Row| {
            Ok(AccountKeyRow {
                account_id: row.get(0),
                id: row.get(1),
                mode: row.get(2),
                hash: hash(DOING, row.get(3))?,
                label: row.get(4),
                status: row.get(5),
                created_at: row.get(6),
            })
        };
        rows.iter().map(key).collect()
    }

    async fn insert_account_key(&self, key: AccountKeyRow) -> Result<Committed, StoreError> {
        let sql = "INSERT INTO account_keys (account_id, account_key_id, mode, hash, label, \
            status, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7) \
            ON CONFLICT DO NOTHING RETURNING 1";
        let AccountKeyRow { account_id, id, mode, hash, label, status, created_at } = &key;
        let hash = hash.as_slice();
        let values: [&(dyn ToSql + Sync); 7] =
            [account_id, id, mode, &hash, label, status, created_at];
        self.change("add a key of an account", sql, &values).await
    }

    async fn set_account_key_status(
        &self,
        account_id: i64,
        id: i64,
        status: &str,
    ) -> Result<Committed, StoreError> {
        let sql = "UPDATE account_keys SET status = $3 \
            WHERE account_id = $1 AND account_key_id = $2 RETURNING 1";
        self.change("change a key of an account", sql, &[&account_id, &id, &status]).await
    }

    async fn data_keys(&self) -> Result<Vec<DataKeyRow>, StoreError> {
        let rows = self.read("read data keys", DATA_KEYS, &[]).await?;
        Ok(rows.iter().map(data_key).collect())
    }

    async fn insert_data_key(&self, key: DataKeyRow) -> Result<Committed, StoreError> {
        let sql = "INSERT INTO data_keys (data_key_id, purpose, wrapped, state, created_at) \
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING 1";
        let values: [&(dyn ToSql + Sync); 5] =
            [&key.id, &key.purpose, &key.wrapped, &key.state, &key.created_at];
        self.change("add a data key", sql, &values).await
    }

    async fn swap_data_keys(
        &self,
        mut expected: Vec<DataKeyRow>,
        new: Vec<DataKeyRow>,
    ) -> Result<Committed, StoreError> {
        const DOING: &str = "replace data keys";
        expected.sort_by_key(|key| key.id);
        let mut session = self.sessions.take(DOING).await?;
        let work = async {
            let transaction = session.transaction().await?;
            transaction.batch_execute("LOCK TABLE data_keys IN SHARE ROW EXCLUSIVE MODE").await?;
            let rows = transaction.query(DATA_KEYS, &[]).await?;
            if rows.iter().map(data_key).collect::<Vec<_>>() != expected {
                return Ok(Committed::Conflict);
            }
            transaction.execute("DELETE FROM data_keys", &[]).await?;
            for key in &new {
                let sql = "INSERT INTO data_keys (data_key_id, purpose, wrapped, state, \
                    created_at) VALUES ($1, $2, $3, $4, $5)";
                let values: [&(dyn ToSql + Sync); 5] =
                    [&key.id, &key.purpose, &key.wrapped, &key.state, &key.created_at];
                transaction.execute(sql, &values).await?;
            }
            let counted = "UPDATE settings_versions SET version = version + 1";
            transaction.execute(counted, &[]).await?;
            transaction.commit().await?;
            Ok(Committed::Done)
        };
        super::session::within_wait(DOING, work).await
    }

    async fn set_data_key_state(&self, id: i32, state: &str) -> Result<Committed, StoreError> {
        let sql = "UPDATE data_keys SET state = $2 WHERE data_key_id = $1 RETURNING 1";
        self.change("change a data key", sql, &[&id, &state]).await
    }

    async fn advance_site_clock(
        &self,
        site: SiteId,
        by_ms: i64,
    ) -> Result<Option<i64>, StoreError> {
        const DOING: &str = "advance a site's clock";
        let too_far = || StoreError::rejected(DOING, "it goes forward, by a hundred years at most");
        if !(0..=CLOCK_OFFSET_MS_MAX).contains(&by_ms) {
            return Err(too_far());
        }
        // Leases stay: they are promises between workers, who live in real time.
        let sql = "
            WITH site AS MATERIALIZED (
                UPDATE sites SET clock_offset_ms = clock_offset_ms + $2
                WHERE site_id = $1 AND clock_offset_ms <= $3::bigint - $2::bigint
                RETURNING site_id, clock_offset_ms
            ), a AS (
                UPDATE notifications t
                SET due_at = due_at - $2, first_attempt_at = first_attempt_at - $2
                FROM site WHERE t.site_id = site.site_id AND t.due_at IS NOT NULL
            ), b AS (
                UPDATE advices t
                SET due_at = due_at - $2, first_attempt_at = first_attempt_at - $2
                FROM site WHERE t.site_id = site.site_id AND t.due_at IS NOT NULL
            ), c AS (
                UPDATE timers t SET due_at = due_at - $2
                FROM site WHERE t.site_id = site.site_id
            ), d AS (
                UPDATE settings_versions SET version = version + 1 WHERE EXISTS (TABLE site)
            )
            SELECT clock_offset_ms FROM site
            UNION ALL
            SELECT NULL FROM sites WHERE site_id = $1 AND clock_offset_ms > $3::bigint - $2::bigint";
        let rows = self.write(DOING, sql, &[&site, &by_ms, &CLOCK_OFFSET_MS_MAX]).await?;
        match rows.first() {
            None => Ok(None),
            Some(row) => row.get::<_, Option<i64>>(0).map(Some).ok_or_else(too_far),
        }
    }
}

impl PostgresStore {
    /// Runs a statement that returns a row if it changed something.
    async fn change(
        &self,
        doing: &'static str,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Committed, StoreError> {
        let sql = format!(
            "WITH changed AS ({sql}), counted AS (
                UPDATE settings_versions SET version = version + 1
                WHERE EXISTS (SELECT 1 FROM changed)
            )
            SELECT 1 FROM changed"
        );
        let rows = self.write(doing, &sql, values).await?;
        Ok(if rows.is_empty() { Committed::Conflict } else { Committed::Done })
    }
}

const DATA_KEYS: &str = "SELECT data_key_id, purpose, wrapped, state, created_at FROM data_keys \
    ORDER BY data_key_id";

fn data_key(row: &Row) -> DataKeyRow {
    DataKeyRow {
        id: row.get(0),
        purpose: row.get(1),
        wrapped: row.get(2),
        state: row.get(3),
        created_at: row.get(4),
    }
}
