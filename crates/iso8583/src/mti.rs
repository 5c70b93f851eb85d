//! The message type indicator: version, class, function and origin in four digits.
//!
//! Only the types of the profile exist; a repeat of a request (0101, 0201, 0401) does not, since
//! an unanswered request is reversed, never sent again.

use std::fmt;

/// A message type of the profile, such as 0100.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mti(u16);

/// The text or bytes name no message type of the profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownMti;

impl Mti {
    /// 0100: may this card pay this amount?
    pub const AUTHORIZATION_REQUEST: Mti = Mti(0x0100);
    /// 0110
    pub const AUTHORIZATION_RESPONSE: Mti = Mti(0x0110);
    /// 0120: an approval was obtained elsewhere, by voice for instance.
    pub const AUTHORIZATION_ADVICE: Mti = Mti(0x0120);
    /// 0121
    pub const AUTHORIZATION_ADVICE_REPEAT: Mti = Mti(0x0121);
    /// 0130
    pub const AUTHORIZATION_ADVICE_RESPONSE: Mti = Mti(0x0130);
    /// 0200: refund, and purchase on single-message links.
    pub const FINANCIAL_REQUEST: Mti = Mti(0x0200);
    /// 0210
    pub const FINANCIAL_RESPONSE: Mti = Mti(0x0210);
    /// 0220: completion, the capture of an authorization.
    pub const FINANCIAL_ADVICE: Mti = Mti(0x0220);
    /// 0221
    pub const FINANCIAL_ADVICE_REPEAT: Mti = Mti(0x0221);
    /// 0230
    pub const FINANCIAL_ADVICE_RESPONSE: Mti = Mti(0x0230);
    /// 0400: reversal while somebody waits.
    pub const REVERSAL_REQUEST: Mti = Mti(0x0400);
    /// 0410
    pub const REVERSAL_RESPONSE: Mti = Mti(0x0410);
    /// 0420: reversal from the store-and-forward queue.
    pub const REVERSAL_ADVICE: Mti = Mti(0x0420);
    /// 0421
    pub const REVERSAL_ADVICE_REPEAT: Mti = Mti(0x0421);
    /// 0430
    pub const REVERSAL_ADVICE_RESPONSE: Mti = Mti(0x0430);
    /// 0800: sign-on, sign-off, key change, echo.
    pub const NETWORK_REQUEST: Mti = Mti(0x0800);
    /// 0810
    pub const NETWORK_RESPONSE: Mti = Mti(0x0810);

    /// Every type of the profile, ascending.
    pub const ALL: [Mti; 17] = [
        Mti::AUTHORIZATION_REQUEST,
        Mti::AUTHORIZATION_RESPONSE,
        Mti::AUTHORIZATION_ADVICE,
        Mti::AUTHORIZATION_ADVICE_REPEAT,
        Mti::AUTHORIZATION_ADVICE_RESPONSE,
        Mti::FINANCIAL_REQUEST,
        Mti::FINANCIAL_RESPONSE,
        Mti::FINANCIAL_ADVICE,
        Mti::FINANCIAL_ADVICE_REPEAT,
        Mti::FINANCIAL_ADVICE_RESPONSE,
        Mti::REVERSAL_REQUEST,
        Mti::REVERSAL_RESPONSE,
        Mti::REVERSAL_ADVICE,
        Mti::REVERSAL_ADVICE_REPEAT,
        Mti::REVERSAL_ADVICE_RESPONSE,
        Mti::NETWORK_REQUEST,
        Mti::NETWORK_RESPONSE,
    ];

    /// Reads four ASCII digits.
    pub fn parse(text: &str) -> Result<Mti, UnknownMti> {
        Mti::ALL.into_iter().find(|mti| mti.as_str() == text).ok_or(UnknownMti)
    }

    /// The four digits.
    pub fn as_str(self) -> &'static str {
        match self.0 {
            0x0100 => "0100",
            0x0110 => "0110",
            0x0120 => "0120",
            0x0121 => "0121",
            0x0130 => "0130",
            0x0200 => "0200",
            0x0210 => "0210",
            0x0220 => "0220",
            0x0221 => "0221",
            0x0230 => "0230",
            0x0400 => "0400",
            0x0410 => "0410",
            0x0420 => "0420",
            0x0421 => "0421",
            0x0430 => "0430",
            0x0800 => "0800",
            _ => "0810",
        }
    }

    /// The type that answers this one (0100 → 0110, 0421 → 0430); none for an answer.
    pub fn response(self) -> Option<Mti> {
        if self.is_response() {
            return None;
        }
        Some(Mti((self.0 & 0xfff0) | 0x0010))
    }

    /// The type of a repeated advice (0220 → 0221, 0221 → 0221); none for what is never repeated.
    pub fn repeat(self) -> Option<Mti> {
        self.is_advice().then_some(Mti(self.0 | 1))
    }

    /// The type of the first copy (0421 → 0420); every other type is its own first copy.
    pub fn first_copy(self) -> Mti {
        Mti(self.0 & 0xfffe)
    }

    /// Whether this type answers another one.
    pub fn is_response(self) -> bool {
        self.0 & 0x0010 != 0
    }

    /// Whether this type tells of something that has happened and may not be refused.
    pub fn is_advice(self) -> bool {
        self.0 & 0x00f0 == 0x0020
    }

    /// Whether this is a network management message (08xx), which names no terminal.
    pub fn is_network(self) -> bool {
        self.0 & 0xff00 == 0x0800
    }

    /// The four digits packed into two bytes.
    pub(crate) fn bcd(self) -> u16 {
        self.0
    }

    /// The reverse of [`Mti::bcd`].
    pub(crate) fn from_bcd(digits: u16) -> Result<Mti, UnknownMti> {
        let candidate = Mti(digits);
        if Mti::ALL.contains(&candidate) { Ok(candidate) } else { Err(UnknownMti) }
    }
}

impl fmt::Debug for Mti {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Mti {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for UnknownMti {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a message type of the profile")
    }
}

impl std::error::Error for UnknownMti {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_reads_back_from_its_text_and_its_digits() {
        for mti in Mti::ALL {
            assert_eq!(Mti::parse(mti.as_str()), Ok(mti));
            assert_eq!(Mti::from_bcd(mti.bcd()), Ok(mti));
            assert_eq!(u16::from_str_radix(mti.as_str(), 16), Ok(mti.bcd()));
        }
        for unknown in ["0101", "0201", "0401", "1100", "0500", "", "01000", "010a"] {
            assert_eq!(Mti::parse(unknown), Err(UnknownMti), "{unknown}");
        }
    }

    #[test]
    fn answers_follow_their_requests_and_repeats_their_first_copies() {
        let answers = [("0100", "0110"), ("0120", "0130"), ("0121", "0130"), ("0200", "0210")];
        let more = [("0221", "0230"), ("0400", "0410"), ("0421", "0430"), ("0800", "0810")];
        for (request, answer) in answers.into_iter().chain(more) {
            let mti = Mti::parse(request).unwrap();
            assert_eq!(mti.response(), Some(Mti::parse(answer).unwrap()));
            assert!(!mti.is_response() && mti.response().unwrap().is_response());
        }
        assert_eq!(Mti::AUTHORIZATION_RESPONSE.response(), None);
        assert_eq!(Mti::FINANCIAL_ADVICE.repeat(), Some(Mti::FINANCIAL_ADVICE_REPEAT));
        assert_eq!(Mti::AUTHORIZATION_REQUEST.repeat(), None);
        assert_eq!(Mti::REVERSAL_ADVICE_REPEAT.first_copy(), Mti::REVERSAL_ADVICE);
        assert_eq!(Mti::REVERSAL_REQUEST.first_copy(), Mti::REVERSAL_REQUEST);
    }
}
