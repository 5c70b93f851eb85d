//! Mails to payers and merchants: kinds, texts in six languages, placeholders, MIME, and the way
//! to a mail server. Which mail is owed when is the gateway's business.

pub mod kind;
pub mod format;
pub mod template;
mod words;
pub mod layout;
pub mod settings;
pub mod message;
pub mod post;

#[cfg(test)]
mod tests;
