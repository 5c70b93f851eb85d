//! The mailbox of a test site, under `/test/mails`: what payers and the merchant were written.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Answer;
use super::contract::{canonical, timestamp};
use super::reference::schema::{list as list_of, object, one_of, open_object, text};
use super::test_controls::success;
use crate::gateway::mails::Against;
use crate::gateway::site::Site;
use crate::gateway::{Failure, Gateway};
use crate::limits::MAILBOX_MAILS_MAX;
use crate::store::{MailRow, MailState};

/// What the list is answered with.
pub(super) fn schema() -> Value {
    let suppressed = object([
        ("at!", text()),
        ("order_id!", text()),
        ("reason!", one_of(&Against::ALL.map(Against::name))),
        ("to!", text()),
        ("type!", text()),
    ]);
    object([
        ("success!", json!({ "const": true })),
        ("data!", list_of(open_object())),
        ("suppressed!", list_of(suppressed)),
    ])
}

/// The same, in a case.
pub(super) fn example() -> Value {
    json!({ "success": true, "data": [], "suppressed": [{
        "at": "2026-05-11T10:01:07", "order_id": "my-order-id-1", "reason": "paid",
        "to": "ada@shop.example", "type": "second_chance_first",
    }] })
}

/// The mails, newest first.
pub(super) async fn list(gateway: &Arc<Gateway>, site: &Site) -> Result<Answer, Answer> {
    let mails = gateway.store.mails(site.id, MAILBOX_MAILS_MAX).await.map_err(Failure::from)?;
    let (suppressed, written): (Vec<_>, Vec<_>) =
        mails.into_iter().partition(|mail| mail.state == MailState::Suppressed);
    let written: Vec<Value> = written.iter().map(shown).collect();
    let suppressed: Vec<Value> = suppressed.iter().map(not_written).collect();
    let answer = json!({ "data": written, "success": true, "suppressed": suppressed });
    Ok(Answer::ok(canonical::to_vec(&answer)))
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
        "type": kind(mail),
    })
}

/// A reminder that was due and was not sent.
fn not_written(mail: &MailRow) -> Value {
    json!({
        "at": timestamp::to_text(mail.at),
        "order_id": mail.order_id,
        "reason": mail.note,
        "to": mail.recipient,
        "type": kind(mail),
    })
}

fn kind(mail: &MailRow) -> &str {
    mail.name.split('/').next().unwrap_or_default()
}
