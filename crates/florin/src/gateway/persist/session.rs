//! A session at rest.

use florin_core::payment::TransactionId;
use florin_core::session::{Session, SessionEnd, SessionKind};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct SessionRow {
    #[serde(rename = "n")]
    number: i64,
    #[serde(rename = "k")]
    kind: Kind,
    #[serde(rename = "a", default)]
    opened_at: i64,
    #[serde(rename = "x")]
    expires_at: i64,
    #[serde(rename = "o", default, skip_serializing_if = "is_zero")]
    openings: u32,
    #[serde(rename = "r", default, skip_serializing_if = "std::ops::Not::not")]
    reminds: bool,
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    ended: Option<End>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Redirect,
    Link,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum End {
    Paid,
    Expired,
    Cancelled,
    Excluded,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the shape that the derive macro calls")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl From<&Session> for SessionRow {
    fn from(session: &Session) -> SessionRow {
        SessionRow {
            number: session.number.0,
            kind: match session.kind {
                SessionKind::Redirect => Kind::Redirect,
                SessionKind::PaymentLink => Kind::Link,
            },
            opened_at: session.opened_at,
            expires_at: session.expires_at,
            openings: session.openings,
            reminds: session.reminds,
            ended: session.ended.map(|end| match end {
                SessionEnd::Paid => End::Paid,
                SessionEnd::Expired => End::Expired,
                SessionEnd::Cancelled => End::Cancelled,
                SessionEnd::Excluded => End::Excluded,
            }),
        }
    }
}

impl SessionRow {
    pub(super) fn read(self) -> Session {
        Session {
            number: TransactionId(self.number),
            kind: match self.kind {
                Kind::Redirect => SessionKind::Redirect,
                Kind::Link => SessionKind::PaymentLink,
            },
            opened_at: self.opened_at,
            expires_at: self.expires_at,
            openings: self.openings,
            reminds: self.reminds,
            ended: self.ended.map(|end| match end {
                End::Paid => SessionEnd::Paid,
                End::Expired => SessionEnd::Expired,
                End::Cancelled => SessionEnd::Cancelled,
                End::Excluded => SessionEnd::Excluded,
            }),
        }
    }
}

#[cfg(test)]
pub(super) fn sample() -> Session {
    Session {
        number: TransactionId(1_234_567_890_123_455),
        kind: SessionKind::PaymentLink,
        opened_at: 11,
        expires_at: 12,
        openings: 3,
        reminds: true,
        ended: Some(SessionEnd::Expired),
    }
}
