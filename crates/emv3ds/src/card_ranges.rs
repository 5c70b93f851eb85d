//! PReq and PRes: which card numbers take part, and what their ACS can do.
//!
//! The form of 2.1.0 and 2.2.0, one range per entry.

use serde::{Deserialize, Serialize};

use crate::element::{Element, Extension};
use crate::erro::TransactionIds;
use crate::format::Format;
use crate::version::{Version, VersionRange};

/// Values of `actionInd`.
pub mod action {
    pub const ADD: &str = "A";
    pub const DELETE: &str = "D";
    pub const MODIFY: &str = "M";
}

message! {
    /// Preparation request: all card ranges, or the changes since `serialNum`.
    pub struct Preq: "PReq",
        version |it| Some(it.message_version),
        ids |it| TransactionIds {
            three_ds_server: Some(it.three_ds_server_trans_id.clone()),
            acs: None,
            ds: None,
        },
        extensions |it| it.message_extension.as_slice() => {
        message_version: Version = "messageVersion", Required, Typed;
        three_ds_server_ref_number: String = "threeDSServerRefNumber", Required, Text(1, 32);
        three_ds_server_operator_id: Option<String> = "threeDSServerOperatorID", Optional, Text(1, 32);
        three_ds_server_trans_id: String = "threeDSServerTransID", Required, Uuid;
        /// Of the last PRes; none asks for everything.
        serial_num: Option<String> = "serialNum", Optional, Text(1, 20);
        message_extension: Vec<Extension> = "messageExtension", Optional, Typed;
    }
}

message! {
    /// Preparation response.
    pub struct Pres: "PRes",
        version |it| Some(it.message_version),
        ids |it| TransactionIds {
            three_ds_server: Some(it.three_ds_server_trans_id.clone()),
            acs: None,
            ds: Some(it.ds_trans_id.clone()),
        },
        extensions |it| it.message_extension.as_slice() => {
        message_version: Version = "messageVersion", Required, Typed;
        three_ds_server_trans_id: String = "threeDSServerTransID", Required, Uuid;
        ds_trans_id: String = "dsTransID", Required, Uuid;
        serial_num: Option<String> = "serialNum", Optional, Text(1, 20);
        /// Oldest version that the directory server speaks.
        ds_start_protocol_version: String = "dsStartProtocolVersion", Required, Ascii(5, 8);
        /// Newest one.
        ds_end_protocol_version: String = "dsEndProtocolVersion", Required, Ascii(5, 8);
        /// Absent when nothing changed.
        card_range_data: Option<Vec<CardRange>> = "cardRangeData", Optional, Typed;
        message_extension: Vec<Extension> = "messageExtension", Optional, Typed;
    }
}

/// Consecutive card numbers of one length, and their ACS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CardRange {
    /// First number, 13 to 19 digits.
    #[serde(rename = "startRange")]
    pub start_range: String,
    /// Last number, of the same length.
    #[serde(rename = "endRange")]
    pub end_range: String,
    /// A, D or M; none means A.
    #[serde(rename = "actionInd", skip_serializing_if = "Option::is_none")]
    pub action_ind: Option<String>,
    /// Oldest version that the ACS speaks.
    #[serde(rename = "acsStartProtocolVersion")]
    pub acs_start_protocol_version: String,
    /// Newest one.
    #[serde(rename = "acsEndProtocolVersion")]
    pub acs_end_protocol_version: String,
    /// What the ACS can do: 01 authentication, 02 attempts, 03 decoupled, 04 white list.
    #[serde(rename = "acsInfoInd", skip_serializing_if = "Option::is_none")]
    pub acs_info_ind: Option<Vec<String>>,
    /// Where the hidden form of the 3DS Method goes; none: this range has no 3DS Method.
    #[serde(rename = "threeDSMethodURL", skip_serializing_if = "Option::is_none")]
    pub three_ds_method_url: Option<String>,
    /// Narrower versions of the directory server for this range.
    #[serde(rename = "dsStartProtocolVersion", skip_serializing_if = "Option::is_none")]
    pub ds_start_protocol_version: Option<String>,
    #[serde(rename = "dsEndProtocolVersion", skip_serializing_if = "Option::is_none")]
    pub ds_end_protocol_version: Option<String>,
}

impl CardRange {
    /// `None` when the range says no such thing.
    #[must_use]
    pub fn acs_versions(&self) -> Option<VersionRange> {
        VersionRange::parse(&self.acs_start_protocol_version, &self.acs_end_protocol_version)
    }

    /// Whether the range can be used: two numbers of one length, in order, and known actions.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        let number = Format::Digits(13, 19);
        number.holds(&self.start_range)
            && number.holds(&self.end_range)
            && self.start_range.len() == self.end_range.len()
            && self.start_range <= self.end_range
            && self.action_ind.holds(&Format::OneOf(&["A", "D", "M"]))
            && self.acs_versions().is_some()
            && self.three_ds_method_url.holds(&Format::Url(2048))
    }
}

impl Pres {
    /// `None` when the message says no such thing.
    #[must_use]
    pub fn ds_versions(&self) -> Option<VersionRange> {
        VersionRange::parse(&self.ds_start_protocol_version, &self.ds_end_protocol_version)
    }
}

impl Element for Vec<CardRange> {
    fn is_unset(&self) -> bool {
        false
    }

    fn holds(&self, _: &Format) -> bool {
        self.iter().all(CardRange::is_valid)
    }
}
