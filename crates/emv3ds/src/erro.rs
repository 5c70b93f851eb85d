//! Errors of the protocol: the codes, the Erro message, and what becomes an Erro.
//!
//! Names of elements travel in errors, values never do: one of them could be a card number.

use std::fmt;

use crate::version::Version;

message! {
    /// Erro: what a receiver answers to a message that it cannot use.
    pub struct Erro: "Erro",
        version |it| it.message_version.parse().ok(),
        ids |it| TransactionIds {
            three_ds_server: it.three_ds_server_trans_id.clone(),
            acs: it.acs_trans_id.clone(),
            ds: it.ds_trans_id.clone(),
        },
        extensions |_| &[] => {
        /// A text, since it can name a version that is not known here.
        message_version: String = "messageVersion", Required, Ascii(5, 8);
        /// Three digits, see [`ErrorCode`].
        error_code: String = "errorCode", Required, Digits(3, 3);
        /// Who found the error: C, S, D or A, see [`Component`].
        error_component: String = "errorComponent", Required, OneOf(&["C", "S", "D", "A"]);
        error_description: String = "errorDescription", Required, Text(1, 2048);
        /// For 201, 203 and 204 the names of elements, for 102 the supported versions.
        error_detail: String = "errorDetail", Required, Text(1, 2048);
        /// The type of the message that was wrong. Required from 2.3.1 on, often absent.
        error_message_type: Option<String> = "errorMessageType", Optional, Ascii(4, 4);
        three_ds_server_trans_id: Option<String> = "threeDSServerTransID", Optional, Uuid;
        acs_trans_id: Option<String> = "acsTransID", Optional, Uuid;
        ds_trans_id: Option<String> = "dsTransID", Optional, Uuid;
    }
}

/// The ids of one authentication, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransactionIds {
    /// `threeDSServerTransID`
    pub three_ds_server: Option<String>,
    /// `acsTransID`
    pub acs: Option<String>,
    /// `dsTransID`
    pub ds: Option<String>,
}

/// Who reports an error (`errorComponent`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Component {
    ThreeDsServer,
    DirectoryServer,
    Acs,
}

/// What is wrong with a message whose JSON could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub code: ErrorCode,
    /// Names of elements (201, 203, 204), ids of extensions (202), versions (102).
    pub detail: String,
}

/// What is wrong with bytes that arrived, and all that is needed to answer with an [`Erro`].
#[derive(Clone, Debug, PartialEq)]
pub struct ParseError {
    pub code: ErrorCode,
    /// Names of elements, versions or a short reason; never a value.
    pub detail: String,
    /// `messageType` as it arrived, when it was one of the standard's length.
    pub message_type: Option<String>,
    /// `messageVersion`, when it was a known one.
    pub message_version: Option<Version>,
    /// Those ids of the message that had the right form.
    pub ids: Box<TransactionIds>,
}

macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $description:literal;)*) => {
        /// `errorCode` with the standard's description.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorCode {
            $($(#[$doc])* $name,)*
        }

        impl ErrorCode {
            pub const ALL: &[ErrorCode] = &[$(ErrorCode::$name),*];

            /// Three digits.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(ErrorCode::$name => $code),* }
            }

            /// The text for `errorDescription`.
            #[must_use]
            pub fn description(self) -> &'static str {
                match self { $(ErrorCode::$name => $description),* }
            }
        }
    };
}

error_codes! {
    /// Not JSON, or not a message that this receiver takes.
    MessageInvalid = "101", "Message Received Invalid";
    VersionNotSupported = "102", "Message Version Number Not Supported";
    TooManyMessages = "103", "Sent Messages Limit Exceeded";
    ElementMissing = "201", "Required Data Element Missing";
    CriticalExtensionUnknown = "202", "Critical Message Extension Not Recognised";
    FormatInvalid = "203", "Format of One or More Data Elements Is Invalid";
    ElementDuplicate = "204", "Duplicate Data Element";
    RangesOverlap = "205", "Card Ranges Overlap";
    RangeActionInvalid = "206", "Card Range Action Not Possible";
    ReservedValue = "207", "Reserved Value Used";
    TransactionUnknown = "301", "Transaction ID Not Recognised";
    DecryptionFailed = "302", "Data Decryption Failure";
    AccessDenied = "303", "Access Denied, Invalid Endpoint";
    IsoCodeInvalid = "304", "ISO Code Invalid";
    TransactionDataInvalid = "305", "Transaction Data Not Valid";
    MccInvalid = "306", "MCC Not Valid for Payment System";
    /// The directory server does not know this `serialNum`: ask for all card ranges again.
    SerialNumberInvalid = "307", "Serial Number Not Valid";
    TimedOut = "402", "Transaction Timed Out";
    TransientFailure = "403", "Transient System Failure";
    PermanentFailure = "404", "Permanent System Failure";
    ConnectionFailure = "405", "System Connection Failure";
}

impl ErrorCode {
    /// `None` for a code that the standard does not have.
    #[must_use]
    pub fn parse(code: &str) -> Option<ErrorCode> {
        ErrorCode::ALL.iter().copied().find(|it| it.as_str() == code)
    }
}

impl Component {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Component::ThreeDsServer => "S",
            Component::DirectoryServer => "D",
            Component::Acs => "A",
        }
    }
}

impl Erro {
    /// An Erro from scratch. `detail` must not contain card data.
    #[must_use]
    pub fn new(
        code: ErrorCode,
        component: Component,
        version: Version,
        detail: impl Into<String>,
    ) -> Erro {
        Erro {
            message_version: version.as_str().to_owned(),
            error_code: code.as_str().to_owned(),
            error_component: component.as_str().to_owned(),
            error_description: code.description().to_owned(),
            error_detail: detail.into(),
            ..Erro::default()
        }
    }

    /// The same, about a message of this type and transaction.
    #[must_use]
    pub fn about(mut self, message_type: &str, ids: TransactionIds) -> Erro {
        self.error_message_type = Some(message_type.to_owned());
        self.three_ds_server_trans_id = ids.three_ds_server;
        self.acs_trans_id = ids.acs;
        self.ds_trans_id = ids.ds;
        self
    }

    /// `None` for a code that the standard does not have.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        ErrorCode::parse(&self.error_code)
    }
}

impl Violation {
    /// About the elements with these names.
    #[must_use]
    pub fn new<T: AsRef<str>>(code: ErrorCode, names: &[T]) -> Violation {
        let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
        Violation { code, detail: names.join(",") }
    }
}

impl ParseError {
    pub(crate) fn new(code: ErrorCode, detail: impl Into<String>) -> ParseError {
        ParseError {
            code,
            detail: detail.into(),
            message_type: None,
            message_version: None,
            ids: Box::default(),
        }
    }

    /// The standard's description of the code.
    #[must_use]
    pub fn description(&self) -> &'static str {
        self.code.description()
    }

    /// The answer to send, in the name of `component`. Its version is that of the message, or the
    /// base version when that is not known.
    #[must_use]
    pub fn to_erro(&self, component: Component) -> Erro {
        let version = self.message_version.unwrap_or_default();
        let mut erro = Erro::new(self.code, component, version, self.detail.clone());
        erro.error_message_type.clone_from(&self.message_type);
        erro.three_ds_server_trans_id.clone_from(&self.ids.three_ds_server);
        erro.acs_trans_id.clone_from(&self.ids.acs);
        erro.ds_trans_id.clone_from(&self.ids.ds);
        erro
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.as_str(), self.description())
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl std::error::Error for Violation {}
impl std::error::Error for ParseError {}
