//! The payer's way through 3-D Secure: the verification page, the challenge, its result, and the
//! way back to the shop.
//!
//! The result is the RReq that comes from the directory server. What the browser brings back only
//! says that the payer is there again: it can be forged and carries no proof.

use std::sync::Arc;
use std::time::Duration;

use florin_core::decision::{Command, Verification};
use florin_core::payment::{AuthenticationResult, State, Waiting};

use super::authorize::is_settled;
use super::ids::{TokenPurpose, TokenSubject, issue_token, read_token};
use super::rails::{AuthenticationStep, Browser};
use super::record::Record;
use super::{Failure, Gateway};
use crate::limits::{PAYER_POLL_MS, PAYER_WAIT_MS, RESULT_WAIT_MS};
use crate::threeds::{CreqForm, MethodForm};

/// Where a payer with a token stands.
pub enum PayerStep {
    /// Show the page that collects browser data and runs the 3DS Method.
    Page { record: Box<Record>, method: Option<MethodForm> },
    /// Send the browser to the ACS.
    Challenge { record: Box<Record>, form: CreqForm },
    /// Send the browser to the provider of another method.
    Provider { url: String },
    /// An authorization is on its way.
    Wait(Box<Record>),
    /// Send the payer back to the shop: paid (or taken for paid) or not.
    Return { record: Box<Record>, success: bool },
}

impl Gateway {
    /// The token that leads a payer through the verification of one attempt.
    pub fn payer_token(&self, record: &Record) -> String {
        self.token(record, record.order.payment.transaction_id.0, TokenPurpose::Payer)
    }

    /// A token for an attempt that may not be stored yet.
    pub(super) fn token(
        &self,
        record: &Record,
        transaction_id: i64,
        purpose: TokenPurpose,
    ) -> String {
        let subject = TokenSubject { site_id: record.site.id, transaction_id };
        issue_token(subject, purpose, &|bytes| self.vault.token_hash(bytes))
    }

    /// The order behind a token, and whether the token belongs to its newest attempt. `None` for
    /// tokens that were never issued.
    pub async fn by_token(
        &self,
        token: &str,
        purpose: TokenPurpose,
    ) -> Result<Option<(Record, bool)>, Failure> {
        let subject = read_token(token, purpose, &|bytes| self.vault.token_hash(bytes));
        let Some(subject) = subject else { return Ok(None) };
        let Some(site) = self.directory.site(subject.site_id) else { return Ok(None) };
        let record = self.load_by_transaction(&site, subject.transaction_id).await?;
        Ok(record.map(|record| {
            let newest = record.order.payment.transaction_id.0 == subject.transaction_id;
            (record, newest)
        }))
    }

    /// What to show a payer who opens the verification page.
    pub async fn payer_step(&self, record: Record, newest: bool) -> Result<PayerStep, Failure> {
        if !newest {
            // A later attempt took the order over; this one leads nowhere any more.
            return Ok(PayerStep::Return { record: Box::new(record), success: false });
        }
        let rails = self.rails_of(&record.site)?;
        Ok(match &record.order.payment.state {
            State::Authenticating(Waiting::Page { .. }) => {
                let card = self.open_card(&record, record.order.counters.attempts).await?;
                let method = rails.method_form(self, &record, &card).await;
                PayerStep::Page { record: Box::new(record), method }
            }
            State::Authenticating(Waiting::Challenge(challenge)) => {
                let form = rails.challenge_form(&record, challenge, &self.payer_token(&record));
                PayerStep::Challenge { record: Box::new(record), form }
            }
            State::Authenticating(Waiting::Provider(visit)) => {
                PayerStep::Provider { url: visit.url.clone() }
            }
            State::Opened
            | State::Authorizing { .. }
            | State::Authenticating(Waiting::Referral) => PayerStep::Wait(Box::new(record)),
            _ => {
                let success = record.order.is_paid();
                PayerStep::Return { record: Box::new(record), success }
            }
        })
    }

    /// The payer's browser sent its data: asks the directory server, and follows its answer.
    pub async fn continue_verification(
        self: &Arc<Gateway>,
        record: Record,
        browser: Browser,
    ) -> Result<Record, Failure> {
        let State::Authenticating(Waiting::Page { mandate }) = record.order.payment.state else {
            return Ok(record);
        };
        let Some(brand) = record.order.payment.brand else { return Ok(record) };
        let rails = self.rails_of(&record.site)?;
        let card = self.open_card(&record, record.order.counters.attempts).await?;
        let step = AuthenticationStep {
            record: &record,
            transaction_id: record.order.payment.transaction_id.0,
            brand,
            amount: record.order.payment.amount,
            mandate: mandate || record.extra.challenge_wanted,
            browser,
        };
        let verification = rails.authenticate(self, step, &card).await;
        let trace = rails.next_trace(self.now()).await?;
        let command = Command::Verify { server_trans_id: None, verification, trace };
        let record = Record { fingerprint: Some(card.fingerprint), ..record };
        let (record, effects) = self.settle(record, command).await?;
        self.drive(record, effects, &card).await
    }

    /// The directory server sent a result. It is durable when this returns, so that it can be
    /// acknowledged; the authorization that follows goes on by itself.
    pub async fn take_result(
        self: &Arc<Gateway>,
        record: Record,
        server_trans_id: String,
        result: AuthenticationResult,
    ) -> Result<(), Failure> {
        let rails = self.rails_of(&record.site)?;
        let card = self.open_card(&record, record.order.counters.attempts).await?;
        let trace = rails.next_trace(self.now()).await?;
        let command = Command::Verify {
            server_trans_id: Some(server_trans_id),
            verification: Verification::Finished(result),
            trace,
        };
        let record = Record { fingerprint: Some(card.fingerprint), ..record };
        let (record, effects) = self.settle(record, command).await?;
        let gateway = self.clone();
        crate::app::spawn("authorization after a challenge", async move {
            if let Err(failure) = gateway.drive(record, effects, &card).await {
                tracing::error!(%failure, "an authorization was left to its guard");
            }
        });
        Ok(())
    }

    /// The payer is back from the ACS: waits for the result and the outcome, within bounds.
    pub async fn await_outcome(self: &Arc<Gateway>, record: Record) -> Result<Record, Failure> {
        let started = tokio::time::Instant::now();
        let mut record = record;
        while !is_settled(&record) {
            let waited = started.elapsed();
            let at_the_acs =
                matches!(record.order.payment.state, State::Authenticating(Waiting::Challenge(_)));
            if at_the_acs && waited >= Duration::from_millis(RESULT_WAIT_MS) {
                record = self.give_up_on_result(record).await?;
                continue;
            }
            if waited >= Duration::from_millis(PAYER_WAIT_MS) {
                break;
            }
            if matches!(record.order.payment.state, State::Authenticating(Waiting::Page { .. })) {
                // A soft decline asks the payer again.
                break;
            }
            tokio::time::sleep(Duration::from_millis(PAYER_POLL_MS)).await;
            match self.load(&record.site, record.key).await? {
                Some(newer) => record = newer,
                None => break,
            }
        }
        Ok(record)
    }

    /// The browser came back, and no result followed: taken as U.
    async fn give_up_on_result(self: &Arc<Gateway>, record: Record) -> Result<Record, Failure> {
        let State::Authenticating(Waiting::Challenge(challenge)) = &record.order.payment.state
        else {
            return Ok(record);
        };
        let rails = self.rails_of(&record.site)?;
        let card = self.open_card(&record, record.order.counters.attempts).await?;
        let trace = rails.next_trace(self.now()).await?;
        let command = Command::Verify {
            server_trans_id: Some(challenge.server_trans_id.clone()),
            verification: Verification::Finished(super::rails::no_result(challenge)),
            trace,
        };
        let record = Record { fingerprint: Some(card.fingerprint), ..record };
        let (record, effects) = self.settle(record, command).await?;
        self.drive(record, effects, &card).await
    }
}
