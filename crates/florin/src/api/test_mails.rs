//! The mailbox of a test site, under `/test/mails`: what payers and the merchant were written.

use std::sync::Arc;

use axum::http::Method;
use serde_json::{Value, json};

use super::Answer;
use super::contract::{ApiError, timestamp};
use super::test_controls::success;
use crate::gateway::site::{Mode, Site};
use crate::gateway::{Failure, Gateway};
use crate::limits::MAILBOX_MAILS_MAX;
use crate::store::MailRow;

/// Lists the mails, newest first, or empties the mailbox.
pub(super) async fn mailbox(
    gateway: &Arc<Gateway>,
    site: &Site,
    method: &Method,
) -> Result<Answer, Answer> {
    if site.mode != Mode::Test {
        return Err(ApiError::unknown_path().into());
    }
    match *method {
        Method::GET => {
            let mails = gateway.store.mails(site.id, MAILBOX_MAILS_MAX).await;
            let mails = mails.map_err(Failure::from)?;
            Ok(success(&Value::Array(mails.iter().map(shown).collect())))
        }
        Method::DELETE => {
            let deleted = gateway.store.delete_mails(site.id).await.map_err(Failure::from)?;
            Ok(success(&json!({ "mails_deleted": deleted })))
        }
        _ => Err(ApiError::wrong_method().into()),
    }
}

fn shown(mail: &MailRow) -> Value {
    json!({
        "at": timestamp::to_text(mail.at),
        "html": mail.html,
        "note": mail.note,
        "order_id": mail.order_id,
        "plain": mail.plain,
        "state": mail.state.as_str(),
        "subject": mail.subject,
        "to": mail.recipient,
        "type": mail.name.split('/').next().unwrap_or_default(),
    })
}
