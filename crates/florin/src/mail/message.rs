//! One mail as MIME: both texts of it, and headers that machines understand.

use std::time::{Duration, SystemTime};

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};

use super::template::{Template, one_line};
use crate::clock::UnixMillis;

/// A mail that is ready to be sent.
#[derive(Clone, Debug)]
pub struct Outgoing {
    pub from_address: String,
    pub from_name: String,
    /// At least one.
    pub recipients: Vec<String>,
    pub content: Template,
    /// The same for every attempt, so that a mail that arrives twice is one to whoever looks.
    pub number: String,
    pub at: UnixMillis,
}

/// The address, if it is one; a name beside it makes it none.
pub fn parse_address(text: &str) -> Option<Address> {
    let trimmed = text.trim();
    // SMTP without extensions carries no others, and a line of it has an end (RFC 5321, 4.5.3.1).
    if !trimmed.is_ascii() || trimmed.len() > 254 {
        return None;
    }
    trimmed.parse().ok()
}

impl Outgoing {
    /// The message as it travels; `None` when an address in it is none.
    pub fn to_message(&self) -> Option<Message> {
        let from = parse_address(&self.from_address)?;
        let domain = from.domain().to_owned();
        let name = one_line(&self.from_name);
        let at = Duration::from_millis(u64::try_from(self.at).unwrap_or(0));
        let mut message = Message::builder()
            .from(Mailbox::new(Some(name).filter(|it| !it.is_empty()), from))
            .date(SystemTime::UNIX_EPOCH + at)
            .message_id(Some(format!("<{}@{domain}>", self.number)))
            .subject(one_line(&self.content.subject))
            // Nobody is there to read an answer by a machine (RFC 3834).
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ));
        for recipient in &self.recipients {
            message = message.to(Mailbox::new(None, parse_address(recipient)?));
        }
        let Template { plain, html, .. } = &self.content;
        let both = MultiPart::alternative_plain_html(plain.clone(), html.clone());
        message.multipart(both).ok()
    }
}
