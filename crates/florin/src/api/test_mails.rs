//! The mailbox of a test site, under `/test/mails`: what payers and the merchant were written.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Answer;
use super::contract::timestamp;
use super::test_controls::success;
use crate::gateway::site::Site;
use crate::gateway::{Failure, Gateway};
use crate::limits::MAILBOX_MAILS_MAX;
use crate::store::MailRow;

/// The mails, newest first.
pub(super) async fn list(gateway: &Arc<Gateway>, site: &Site) -> Result<Answer, Answer> {
    let mails = gateway.store.mails(site.id, MAILBOX_MAILS_MAX).await.map_err(Failure::from)?;
    Ok(success(&Value::Array(mails.iter().map(shown).collect())))
}

/// Empties the mailbox.
pub(super) async fn empty(gateway: &Arc<Gateway>, site: &Site) -> Result<Answer, Answer> {
    let deleted = gateway.store.delete_mails(site.id).await.map_err(Failure::from)?;
    Ok(success(&json!({ "mails_deleted": deleted })))
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
