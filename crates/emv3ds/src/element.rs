//! One element of a message: whether it is set, and whether its text has the right format.
//!
//! Also the few types of element that are neither a text nor a message of their own.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::erro::{ErrorCode, Violation};
use crate::format::Format;
use crate::secret::Secret;
use crate::status::TransStatus;
use crate::version::Version;

/// Most message extensions that one message may carry.
const EXTENSIONS_MAX: usize = 10;

/// A text up to 2.2.0, a list of texts from 2.3.1 on. Written in the form in which it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// A text up to 2.2.0, an object from 2.3.1 on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum TextOrObject {
    Text(String),
    Object(serde_json::Map<String, Value>),
}

/// One entry of `messageExtension`: what a scheme adds to the standard.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Extension {
    pub name: String,
    pub id: String,
    /// A receiver that does not know a critical extension must refuse the message (202).
    #[serde(rename = "criticalityIndicator")]
    pub criticality_indicator: bool,
    pub data: Value,
}

impl OneOrMany {
    /// All values, of whichever form.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        let values = match self {
            OneOrMany::One(value) => std::slice::from_ref(value),
            OneOrMany::Many(values) => values,
        };
        values.iter().map(String::as_str)
    }

    #[must_use]
    pub fn contains(&self, value: &str) -> bool {
        self.values().any(|it| it == value)
    }
}

/// What the table of a message needs to know about the type of a member.
pub(crate) trait Element {
    /// Left out when written; missing when required.
    fn is_unset(&self) -> bool;

    /// Whether every text in the element has the format.
    fn holds(&self, format: &Format) -> bool;
}

/// Collects what is wrong with a message.
pub(crate) struct Check {
    critical: Vec<String>,
    missing: Vec<&'static str>,
    malformed: Vec<&'static str>,
}

impl Check {
    pub(crate) fn new(extensions: &[Extension]) -> Check {
        let critical = extensions.iter().filter(|it| it.criticality_indicator);
        Check {
            critical: critical.map(|it| it.id.clone()).collect(),
            missing: Vec::new(),
            malformed: Vec::new(),
        }
    }

    pub(crate) fn element(
        &mut self,
        name: &'static str,
        value: &dyn Element,
        required: bool,
        format: &Format,
    ) {
        if value.is_unset() {
            if required {
                self.missing.push(name);
            }
        } else if !value.holds(format) {
            self.malformed.push(name);
        }
    }

    pub(crate) fn done(self) -> Result<(), Violation> {
        if !self.critical.is_empty() {
            return Err(Violation::new(ErrorCode::CriticalExtensionUnknown, &self.critical));
        }
        if !self.missing.is_empty() {
            return Err(Violation::new(ErrorCode::ElementMissing, &self.missing));
        }
        if !self.malformed.is_empty() {
            return Err(Violation::new(ErrorCode::FormatInvalid, &self.malformed));
        }
        Ok(())
    }
}

impl<T: Element> Element for Option<T> {
    fn is_unset(&self) -> bool {
        self.is_none()
    }

    fn holds(&self, format: &Format) -> bool {
        self.as_ref().is_none_or(|it| it.holds(format))
    }
}

impl Element for String {
    fn is_unset(&self) -> bool {
        self.is_empty()
    }

    fn holds(&self, format: &Format) -> bool {
        format.holds(self)
    }
}

impl Element for Secret {
    fn is_unset(&self) -> bool {
        self.is_empty()
    }

    fn holds(&self, format: &Format) -> bool {
        format.holds(self.expose())
    }
}

impl Element for OneOrMany {
    fn is_unset(&self) -> bool {
        false
    }

    fn holds(&self, format: &Format) -> bool {
        self.values().next().is_some() && self.values().all(|it| format.holds(it))
    }
}

impl Element for TextOrObject {
    fn is_unset(&self) -> bool {
        false
    }

    fn holds(&self, format: &Format) -> bool {
        match self {
            TextOrObject::Text(text) => format.holds(text),
            TextOrObject::Object(members) => !members.is_empty(),
        }
    }
}

impl Element for Vec<String> {
    fn is_unset(&self) -> bool {
        false
    }

    fn holds(&self, format: &Format) -> bool {
        !self.is_empty() && self.iter().all(|it| format.holds(it))
    }
}

impl Element for Vec<Extension> {
    fn is_unset(&self) -> bool {
        self.is_empty()
    }

    fn holds(&self, _: &Format) -> bool {
        self.len() <= EXTENSIONS_MAX
            && self
                .iter()
                .all(|it| Format::Text(1, 64).holds(&it.name) && Format::Text(1, 64).holds(&it.id))
    }
}

/// Types whose values are right by having been read.
macro_rules! typed {
    ($($type:ty),*) => {
        $(impl Element for $type {
            fn is_unset(&self) -> bool {
                false
            }

            fn holds(&self, _: &Format) -> bool {
                true
            }
        })*
    };
}

typed!(bool, Version, TransStatus, serde_json::Map<String, Value>);
