//! Everything else at rest, behind one trait, on SQLite and PostgreSQL.
