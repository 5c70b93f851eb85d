//! From bytes to a checked message, or to the reason why not.
//!
//! A good message is read once, straight into its struct. Only for a bad one is the JSON read
//! again, to find out by name what is wrong with it.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, DeserializeOwned, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::areq::Areq;
use crate::ares::Ares;
use crate::card_ranges::{Preq, Pres};
use crate::erro::{Erro, ErrorCode, ParseError, TransactionIds, Violation};
use crate::format::Format;
use crate::message::Message;
use crate::results::{Rreq, Rres};
use crate::version::Version;

/// A message that travels between servers.
#[derive(Clone, Debug, PartialEq)]
pub enum Incoming {
    Areq(Box<Areq>),
    Ares(Box<Ares>),
    Rreq(Box<Rreq>),
    Rres(Box<Rres>),
    Preq(Box<Preq>),
    Pres(Box<Pres>),
    Erro(Box<Erro>),
}

impl Incoming {
    /// Reads and validates a message of any type that travels between servers.
    ///
    /// # Errors
    /// 101 not JSON or no such message, 102 unknown version, 201 element missing, 202 critical
    /// extension, 203 wrong format, 204 element twice.
    pub fn parse(bytes: &[u8]) -> Result<Incoming, ParseError> {
        let header = Header::read(bytes)?;
        match header.message_type.as_str() {
            Areq::TYPE => header.body(bytes).map(Box::new).map(Incoming::Areq),
            Ares::TYPE => header.body(bytes).map(Box::new).map(Incoming::Ares),
            Rreq::TYPE => header.body(bytes).map(Box::new).map(Incoming::Rreq),
            Rres::TYPE => header.body(bytes).map(Box::new).map(Incoming::Rres),
            Preq::TYPE => header.body(bytes).map(Box::new).map(Incoming::Preq),
            Pres::TYPE => header.body(bytes).map(Box::new).map(Incoming::Pres),
            Erro::TYPE => header.body(bytes).map(Box::new).map(Incoming::Erro),
            _ => Err(header.refuse(ErrorCode::MessageInvalid, "messageType")),
        }
    }

    /// The value of `messageType`.
    #[must_use]
    pub fn message_type(&self) -> &'static str {
        match self {
            Incoming::Areq(_) => Areq::TYPE,
            Incoming::Ares(_) => Ares::TYPE,
            Incoming::Rreq(_) => Rreq::TYPE,
            Incoming::Rres(_) => Rres::TYPE,
            Incoming::Preq(_) => Preq::TYPE,
            Incoming::Pres(_) => Pres::TYPE,
            Incoming::Erro(_) => Erro::TYPE,
        }
    }

    /// The transaction ids that the message carries.
    #[must_use]
    pub fn ids(&self) -> TransactionIds {
        match self {
            Incoming::Areq(it) => it.ids(),
            Incoming::Ares(it) => it.ids(),
            Incoming::Rreq(it) => it.ids(),
            Incoming::Rres(it) => it.ids(),
            Incoming::Preq(it) => it.ids(),
            Incoming::Pres(it) => it.ids(),
            Incoming::Erro(it) => it.ids(),
        }
    }
}

/// Reads and validates a message that can only be of this type.
pub(crate) fn read_as<T: Message>(bytes: &[u8]) -> Result<T, ParseError> {
    let header = Header::read(bytes)?;
    if header.message_type != T::TYPE {
        return Err(header.refuse(ErrorCode::MessageInvalid, "messageType"));
    }
    header.body(bytes)
}

impl ParseError {
    /// What is wrong with a message that could be read.
    pub(crate) fn about<T: Message>(message: &T, violation: Violation) -> ParseError {
        ParseError {
            code: violation.code,
            detail: violation.detail,
            message_type: Some(T::TYPE.to_owned()),
            message_version: message.version(),
            ids: Box::new(message.ids()),
        }
    }
}

/// What must be known of a message before its body can be read, or an Erro about it written.
#[derive(Default)]
struct Header {
    message_type: String,
    version: Option<Version>,
    ids: TransactionIds,
}

/// The members of a header, of whatever JSON type they are.
#[derive(Deserialize, Default)]
#[serde(default)]
struct RawHeader {
    #[serde(rename = "messageType")]
    message_type: Scalar,
    #[serde(rename = "messageVersion")]
    message_version: Scalar,
    #[serde(rename = "threeDSServerTransID")]
    three_ds_server_trans_id: Scalar,
    #[serde(rename = "acsTransID")]
    acs_trans_id: Scalar,
    #[serde(rename = "dsTransID")]
    ds_trans_id: Scalar,
}

impl Header {
    fn read(bytes: &[u8]) -> Result<Header, ParseError> {
        let Ok(raw) = serde_json::from_slice::<RawHeader>(bytes) else {
            return Err(unreadable(bytes));
        };
        let id = |id: Scalar| id.text().filter(|it| Format::Uuid.holds(it));
        let mut header = Header {
            message_type: String::new(),
            version: None,
            ids: TransactionIds {
                three_ds_server: id(raw.three_ds_server_trans_id),
                acs: id(raw.acs_trans_id),
                ds: id(raw.ds_trans_id),
            },
        };
        match raw.message_type {
            Scalar::Absent => return Err(header.refuse(ErrorCode::MessageInvalid, "messageType")),
            Scalar::Text(text) if Format::Ascii(4, 4).holds(&text) => header.message_type = text,
            _ => return Err(header.refuse(ErrorCode::MessageInvalid, "messageType")),
        }
        // An Erro may name a version that only its sender speaks; it is understood all the same.
        if header.message_type == Erro::TYPE {
            return Ok(header);
        }
        match raw.message_version {
            Scalar::Absent => Err(header.refuse(ErrorCode::ElementMissing, "messageVersion")),
            Scalar::Text(text) if Format::Ascii(5, 8).holds(&text) => match text.parse() {
                Ok(version) => {
                    header.version = Some(version);
                    Ok(header)
                }
                Err(_) => {
                    let spoken = Version::ALL.map(Version::as_str).join(",");
                    Err(header.refuse(ErrorCode::VersionNotSupported, &spoken))
                }
            },
            _ => Err(header.refuse(ErrorCode::FormatInvalid, "messageVersion")),
        }
    }

    fn refuse(&self, code: ErrorCode, detail: &str) -> ParseError {
        ParseError {
            code,
            detail: detail.to_owned(),
            message_type: Some(self.message_type.clone()).filter(|it| !it.is_empty()),
            message_version: self.version,
            ids: Box::new(self.ids.clone()),
        }
    }

    fn body<T: Message>(&self, bytes: &[u8]) -> Result<T, ParseError> {
        let Ok(message) = serde_json::from_slice::<T>(bytes) else {
            return Err(self.diagnose::<T>(bytes));
        };
        match message.validate() {
            Ok(()) => Ok(message),
            Err(violation) => {
                let violation = told_apart(bytes, violation);
                Err(self.refuse(violation.code, &violation.detail))
            }
        }
    }

    /// Why these bytes, which are JSON, are no `T`.
    fn diagnose<T: DeserializeOwned>(&self, bytes: &[u8]) -> ParseError {
        let unreadable = unreadable(bytes);
        if unreadable.code == ErrorCode::ElementDuplicate {
            return self.refuse(unreadable.code, &unreadable.detail);
        }
        let members = serde_json::from_slice::<Map<String, Value>>(bytes).unwrap_or_default();
        // All members have defaults, so that an object of a single member is a `T` exactly when
        // that member has the right type.
        let wrong: Vec<String> = members
            .into_iter()
            .filter_map(|(name, value)| {
                let single = Value::Object(Map::from_iter([(name.clone(), value)]));
                serde_json::from_value::<T>(single).is_err().then_some(name)
            })
            .collect();
        if wrong.is_empty() {
            return self.refuse(ErrorCode::MessageInvalid, "not a readable message");
        }
        self.refuse(ErrorCode::FormatInvalid, &wrong.join(","))
    }
}

/// A required element that is there as an empty text is not missing but malformed.
fn told_apart(bytes: &[u8], violation: Violation) -> Violation {
    if violation.code != ErrorCode::ElementMissing {
        return violation;
    }
    let members = serde_json::from_slice::<Map<String, Value>>(bytes).unwrap_or_default();
    let names: Vec<&str> = violation.detail.split(',').collect();
    let (empty, missing): (Vec<&str>, Vec<&str>) =
        names.into_iter().partition(|name| members.get(*name).is_some_and(|it| !it.is_null()));
    if missing.is_empty() {
        Violation::new(ErrorCode::FormatInvalid, &empty)
    } else {
        Violation::new(ErrorCode::ElementMissing, &missing)
    }
}

/// 204 when a member stands twice in an object, else 101.
fn unreadable(bytes: &[u8]) -> ParseError {
    match serde_json::from_slice::<Duplicate>(bytes) {
        Ok(Duplicate(Some(name))) if Format::Ascii(1, 64).holds(&name) => {
            ParseError::new(ErrorCode::ElementDuplicate, name)
        }
        Ok(Duplicate(Some(_))) => ParseError::new(ErrorCode::ElementDuplicate, "(unknown element)"),
        Ok(Duplicate(None)) => ParseError::new(ErrorCode::MessageInvalid, "not a JSON object"),
        Err(_) => ParseError::new(ErrorCode::MessageInvalid, "not JSON"),
    }
}

/// A member of a header: only a text is of interest, anything else is skipped.
#[derive(Default)]
enum Scalar {
    #[default]
    Absent,
    Text(String),
    Other,
}

impl Scalar {
    fn text(self) -> Option<String> {
        match self {
            Scalar::Text(text) => Some(text),
            Scalar::Absent | Scalar::Other => None,
        }
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Scalar, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum TextOrNot {
            Text(String),
            Not(IgnoredAny),
        }
        Ok(match TextOrNot::deserialize(deserializer)? {
            TextOrNot::Text(text) => Scalar::Text(text),
            TextOrNot::Not(IgnoredAny) => Scalar::Other,
        })
    }
}

/// The name of the first member that stands twice in one object, at any depth.
struct Duplicate(Option<String>);

impl<'de> Deserialize<'de> for Duplicate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Duplicate, D::Error> {
        deserializer.deserialize_any(FindDuplicate)
    }
}

struct FindDuplicate;

impl<'de> Visitor<'de> for FindDuplicate {
    type Value = Duplicate;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Duplicate, A::Error> {
        let mut seen = HashSet::new();
        let mut found = None;
        while let Some(name) = map.next_key::<String>()? {
            let Duplicate(inner) = map.next_value()?;
            found = found.or(inner);
            if seen.contains(&name) {
                found = found.or(Some(name));
            } else {
                seen.insert(name);
            }
        }
        Ok(Duplicate(found))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Duplicate, A::Error> {
        let mut found = None;
        while let Some(Duplicate(inner)) = items.next_element()? {
            found = found.or(inner);
        }
        Ok(Duplicate(found))
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Duplicate, E> {
        Ok(Duplicate(None))
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Duplicate, E> {
        Ok(Duplicate(None))
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Duplicate, E> {
        Ok(Duplicate(None))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Duplicate, E> {
        Ok(Duplicate(None))
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<Duplicate, E> {
        Ok(Duplicate(None))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Duplicate, E> {
        Ok(Duplicate(None))
    }
}

#[cfg(test)]
#[path = "incoming_tests.rs"]
mod tests;
