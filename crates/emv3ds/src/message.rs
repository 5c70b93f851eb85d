//! What all messages have in common, and the macro that turns a table of elements into a struct.
//!
//! A table line reads `member: Type = "standardName", presence, format;`. From it come the
//! member, its JSON name and its check, so that the three cannot drift apart.

use serde::{Serialize, de::DeserializeOwned};

use crate::erro::{TransactionIds, Violation};
use crate::version::Version;

/// More than a message without extensions and card ranges ever has: its long elements are two
/// headers and four URLs of 2048 characters each.
const MESSAGE_BYTES_USUAL_MAX: usize = 16 * 1024;

/// A message that travels as one JSON object.
pub trait Message: Serialize + DeserializeOwned {
    /// The value of `messageType`.
    const TYPE: &'static str;

    /// Checks presence and format of every element, as the message's own version asks.
    ///
    /// # Errors
    /// 202 for a critical extension (none is known here), else 201 with the names of all missing
    /// elements, else 203 with the names of all malformed ones. Never a value.
    fn validate(&self) -> Result<(), Violation>;

    /// `messageVersion`, where it is a version that is known here.
    fn version(&self) -> Option<Version>;

    /// The transaction ids that the message carries.
    fn ids(&self) -> TransactionIds;

    /// The JSON text, without the elements that are not set.
    fn to_json(&self) -> Vec<u8> {
        // Room for all of it: a buffer that grows leaves copies of card data behind.
        let mut json = Vec::with_capacity(MESSAGE_BYTES_USUAL_MAX);
        serde_json::to_writer(&mut json, self)
            .expect("a message has text keys and no value that fails to write");
        json
    }
}

/// When an element has to be there.
pub(crate) enum Presence<M> {
    Required,
    Optional,
    /// Conditional: required when this holds, allowed otherwise.
    When(fn(&M) -> bool),
}

impl<M> Presence<M> {
    pub(crate) fn requires(&self, message: &M) -> bool {
        match self {
            Presence::Required => true,
            Presence::Optional => false,
            Presence::When(holds) => holds(message),
        }
    }
}

/// Declares a message from a table of its elements.
macro_rules! message {
    (
        $(#[$meta:meta])*
        pub struct $name:ident: $type:literal, version $version:expr, ids $ids:expr, extensions $extensions:expr => {
            $( $(#[$doc:meta])* $member:ident: $of:ty = $standard:literal, $presence:expr, $format:expr; )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(tag = "messageType", rename = $type, default)]
        pub struct $name {
            $(
                $(#[$doc])*
                #[doc = ""]
                #[doc = concat!("On the wire: `", $standard, "`.")]
                #[serde(rename = $standard, skip_serializing_if = "crate::element::Element::is_unset")]
                pub $member: $of,
            )*
        }

        impl crate::message::Message for $name {
            const TYPE: &'static str = $type;

            fn validate(&self) -> Result<(), crate::erro::Violation> {
                #[allow(unused_imports)]
                use crate::{format::Format::*, message::Presence::*};
                let extensions: fn(&$name) -> &[crate::element::Extension] = $extensions;
                let mut check = crate::element::Check::new(extensions(self));
                $(
                    let presence: crate::message::Presence<$name> = $presence;
                    check.element($standard, &self.$member, presence.requires(self), &$format);
                )*
                check.done()
            }

            fn version(&self) -> Option<crate::version::Version> {
                let version: fn(&$name) -> Option<crate::version::Version> = $version;
                version(self)
            }

            fn ids(&self) -> crate::erro::TransactionIds {
                let ids: fn(&$name) -> crate::erro::TransactionIds = $ids;
                ids(self)
            }
        }

        impl $name {
            /// The JSON text, without the elements that are not set.
            #[must_use]
            pub fn to_json(&self) -> Vec<u8> {
                crate::message::Message::to_json(self)
            }

            /// Checks presence and format of every element, as the message's own version asks.
            ///
            /// # Errors
            /// 202, 201 or 203, with the names of the elements concerned and never a value.
            pub fn validate(&self) -> Result<(), crate::erro::Violation> {
                crate::message::Message::validate(self)
            }

            /// The transaction ids that the message carries.
            #[must_use]
            pub fn ids(&self) -> crate::erro::TransactionIds {
                crate::message::Message::ids(self)
            }
        }
    };
}
