//! Accounts, sites and keys. Each change counts the version of the settings up in the same
//! transaction, so that other processes see that there is something to read again.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, params};

use super::super::{
    AccountKeyRow, AccountRow, ApiKeyRow, CLOCK_OFFSET_MS_MAX, Committed, DataKeyRow, Settings,
    SiteId, SiteRow, StoreError,
};
use super::SqliteStore;

#[async_trait]
impl Settings for SqliteStore {
    async fn settings_version(&self) -> Result<i64, StoreError> {
        self.read("read the settings' version", |connection| {
            let sql = "SELECT version FROM settings_versions";
            connection.prepare_cached(sql)?.query_row([], |row| row.get(0))
        })
        .await
    }

    async fn accounts(&self) -> Result<Vec<AccountRow>, StoreError> {
        self.read("read accounts", |connection| {
            let sql = "SELECT account_id, name, created_at FROM accounts ORDER BY account_id";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([], |row| {
                Ok(AccountRow { id: row.get(0)?, name: row.get(1)?, created_at: row.get(2)? })
            })?;
            rows.collect()
        })
        .await
    }

    async fn insert_account(&self, account: AccountRow) -> Result<Committed, StoreError> {
        self.write("add an account", move |connection| {
            let sql = "INSERT INTO accounts (account_id, name, created_at) VALUES (?1, ?2, ?3) \
                ON CONFLICT DO NOTHING";
            let row = params![account.id, account.name, account.created_at];
            let added = connection.prepare_cached(sql)?.execute(row)?;
            settle(connection, added)
        })
        .await
    }

    async fn sites(&self) -> Result<Vec<SiteRow>, StoreError> {
        self.read("read sites", |connection| {
            let sql = "SELECT site_id, account_id, name, mode, status, settings, \
                clock_offset_ms, created_at, version FROM sites ORDER BY site_id";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([], |row| {
                Ok(SiteRow {
                    id: row.get(0)?,
                    account_id: row.get(1)?,
                    name: row.get(2)?,
                    mode: row.get(3)?,
                    status: row.get(4)?,
                    settings: row.get(5)?,
                    clock_offset_ms: row.get(6)?,
                    created_at: row.get(7)?,
                    version: row.get(8)?,
                })
            })?;
            rows.collect()
        })
        .await
    }

    async fn insert_site(&self, site: SiteRow) -> Result<Committed, StoreError> {
        self.write("add a site", move |connection| {
            let sql = "INSERT INTO sites (site_id, account_id, name, mode, status, settings, \
                clock_offset_ms, created_at, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1) \
                ON CONFLICT DO NOTHING";
            let added = connection.prepare_cached(sql)?.execute(params![
                site.id,
                site.account_id,
                site.name,
                site.mode,
                site.status,
                site.settings,
                site.clock_offset_ms,
                site.created_at,
            ])?;
            settle(connection, added)
        })
        .await
    }

    async fn update_site(&self, site: SiteRow) -> Result<Committed, StoreError> {
        self.write("change a site", move |connection| {
            let sql = "UPDATE sites SET name = ?3, status = ?4, settings = ?5, \
                version = version + 1 WHERE site_id = ?1 AND version = ?2";
            let row = params![site.id, site.version, site.name, site.status, site.settings];
            let changed = connection.prepare_cached(sql)?.execute(row)?;
            settle(connection, changed)
        })
        .await
    }

    async fn delete_site(&self, site: SiteId) -> Result<Committed, StoreError> {
        self.write("delete a site", move |connection| {
            let sql = "DELETE FROM sites WHERE site_id = ?1 \
                AND NOT EXISTS (SELECT 1 FROM orders WHERE site_id = ?1)";
            let deleted = connection.prepare_cached(sql)?.execute([site])?;
            if deleted > 0 {
                let sql = "DELETE FROM api_keys WHERE site_id = ?1";
                connection.prepare_cached(sql)?.execute([site])?;
            }
            settle(connection, deleted)
        })
        .await
    }

    async fn api_keys(&self) -> Result<Vec<ApiKeyRow>, StoreError> {
        self.read("read API keys", |connection| {
            let sql = "SELECT site_id, api_key_id, hash, sealed, label, status, created_at \
                FROM api_keys ORDER BY site_id, api_key_id";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([], |row| {
                Ok(ApiKeyRow {
                    site_id: row.get(0)?,
                    id: row.get(1)?,
                    hash: row.get(2)?,
                    sealed: row.get(3)?,
                    label: row.get(4)?,
                    status: row.get(5)?,
                    created_at: row.get(6)?,
                })
            })?;
            rows.collect()
        })
        .await
    }

    async fn insert_api_key(&self, key: ApiKeyRow) -> Result<Committed, StoreError> {
        self.write("add an API key", move |connection| {
            let sql = "INSERT INTO api_keys (site_id, api_key_id, hash, sealed, label, status, \
                created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING";
            let added = connection.prepare_cached(sql)?.execute(params![
                key.site_id,
                key.id,
                key.hash,
                key.sealed,
                key.label,
                key.status,
                key.created_at,
            ])?;
            settle(connection, added)
        })
        .await
    }

    async fn set_api_key_status(
        &self,
        site: SiteId,
        id: i64,
        status: &str,
    ) -> Result<Committed, StoreError> {
        let status = status.to_owned();
        self.write("change an API key", move |connection| {
            let sql = "UPDATE api_keys SET status = ?3 WHERE site_id = ?1 AND api_key_id = ?2";
            let changed = connection.prepare_cached(sql)?.execute(params![site, id, status])?;
            settle(connection, changed)
        })
        .await
    }

    async fn account_keys(&self) -> Result<Vec<AccountKeyRow>, StoreError> {
        self.read("read keys of accounts", |connection| {
            let sql = "SELECT account_id, account_key_id, mode, hash, label, status, created_at \
                FROM account_keys ORDER BY account_id, account_key_id";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([], |row| {
                Ok(AccountKeyRow {
                    account_id: row.get(0)?,
                    id: row.get(1)?,
                    mode: row.get(2)?,
                    hash: row.get(3)?,
                    label: row.get(4)?,
                    status: row.get(5)?,
                    created_at: row.get(6)?,
                })
            })?;
            rows.collect()
        })
        .await
    }

    async fn insert_account_key(&self, key: AccountKeyRow) -> Result<Committed, StoreError> {
        self.write("add a key of an account", move |connection| {
            let sql = "INSERT INTO account_keys (account_id, account_key_id, mode, hash, label, \
                status, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING";
            let AccountKeyRow { account_id, id, mode, hash, label, status, created_at } = key;
            let row = params![account_id, id, mode, hash, label, status, created_at];
            let added = connection.prepare_cached(sql)?.execute(row)?;
            settle(connection, added)
        })
        .await
    }

    async fn set_account_key_status(
        &self,
        account_id: i64,
        id: i64,
        status: &str,
    ) -> Result<Committed, StoreError> {
        let status = status.to_owned();
        self.write("change a key of an account", move |connection| {
            let sql = "UPDATE account_keys SET status = ?3 \
                WHERE account_id = ?1 AND account_key_id = ?2";
            let row = params![account_id, id, status];
            let changed = connection.prepare_cached(sql)?.execute(row)?;
            settle(connection, changed)
        })
        .await
    }

    async fn data_keys(&self) -> Result<Vec<DataKeyRow>, StoreError> {
        self.read("read data keys", read_data_keys).await
    }

    async fn insert_data_key(&self, key: DataKeyRow) -> Result<Committed, StoreError> {
        self.write("add a data key", move |connection| {
            let added = insert_data_key(connection, &key)?;
            settle(connection, added)
        })
        .await
    }

    async fn swap_data_keys(
        &self,
        mut expected: Vec<DataKeyRow>,
        new: Vec<DataKeyRow>,
    ) -> Result<Committed, StoreError> {
        expected.sort_by_key(|key| key.id);
        // The writing thread is the only one that changes keys, and this is one of its turns.
        self.write("replace data keys", move |connection| {
            if read_data_keys(connection)? != expected {
                return Ok(Committed::Conflict);
            }
            connection.execute("DELETE FROM data_keys", [])?;
            for key in &new {
                insert_data_key(connection, key)?;
            }
            settle(connection, 1)
        })
        .await
    }

    async fn set_data_key_state(&self, id: i32, state: &str) -> Result<Committed, StoreError> {
        let state = state.to_owned();
        self.write("change a data key", move |connection| {
            let sql = "UPDATE data_keys SET state = ?2 WHERE data_key_id = ?1";
            let changed = connection.prepare_cached(sql)?.execute(params![id, state])?;
            settle(connection, changed)
        })
        .await
    }

    async fn advance_site_clock(
        &self,
        site: SiteId,
        by_ms: i64,
    ) -> Result<Option<i64>, StoreError> {
        const DOING: &str = "advance a site's clock";
        let is_allowed = (0..=CLOCK_OFFSET_MS_MAX).contains(&by_ms);
        let moved = match is_allowed {
            true => self.write(DOING, move |connection| advance(connection, site, by_ms)).await?,
            false => Moved::TooFar,
        };
        match moved {
            Moved::To(offset) => Ok(Some(offset)),
            Moved::NoSuchSite => Ok(None),
            Moved::TooFar => {
                Err(StoreError::rejected(DOING, "it goes forward, by a hundred years at most"))
            }
        }
    }
}

enum Moved {
    To(i64),
    NoSuchSite,
    TooFar,
}

fn advance(connection: &Connection, site: SiteId, by_ms: i64) -> rusqlite::Result<Moved> {
    let sql = "SELECT clock_offset_ms FROM sites WHERE site_id = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let present: Option<i64> = statement.query_row([site], |row| row.get(0)).optional()?;
    let Some(present) = present else { return Ok(Moved::NoSuchSite) };
    let offset = present.saturating_add(by_ms);
    if offset > CLOCK_OFFSET_MS_MAX {
        return Ok(Moved::TooFar);
    }
    let sql = "UPDATE sites SET clock_offset_ms = ?2 WHERE site_id = ?1";
    connection.prepare_cached(sql)?.execute([site, offset])?;
    // Leases stay: they are promises between workers, who live in real time.
    for table in ["notifications", "advices"] {
        let sql = format!(
            "UPDATE {table} SET due_at = due_at - ?2, first_attempt_at = first_attempt_at - ?2 \
             WHERE site_id = ?1 AND due_at IS NOT NULL"
        );
        connection.prepare_cached(&sql)?.execute([site, by_ms])?;
    }
    let sql = "UPDATE timers SET due_at = due_at - ?2 WHERE site_id = ?1";
    connection.prepare_cached(sql)?.execute([site, by_ms])?;
    count_up(connection)?;
    Ok(Moved::To(offset))
}

fn settle(connection: &Connection, changed: usize) -> rusqlite::Result<Committed> {
    if changed == 0 {
        return Ok(Committed::Conflict);
    }
    count_up(connection)?;
    Ok(Committed::Done)
}

fn count_up(connection: &Connection) -> rusqlite::Result<()> {
    let sql = "UPDATE settings_versions SET version = version + 1";
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}

fn read_data_keys(connection: &Connection) -> rusqlite::Result<Vec<DataKeyRow>> {
    let sql = "SELECT data_key_id, purpose, wrapped, state, created_at FROM data_keys \
        ORDER BY data_key_id";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| {
        Ok(DataKeyRow {
            id: row.get(0)?,
            purpose: row.get(1)?,
            wrapped: row.get(2)?,
            state: row.get(3)?,
            created_at: row.get(4)?,
        })
    })?;
    rows.collect()
}

fn insert_data_key(connection: &Connection, key: &DataKeyRow) -> rusqlite::Result<usize> {
    let sql = "INSERT INTO data_keys (data_key_id, purpose, wrapped, state, created_at) \
        VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
    let row = params![key.id, key.purpose, key.wrapped, key.state, key.created_at];
    connection.prepare_cached(sql)?.execute(row)
}
