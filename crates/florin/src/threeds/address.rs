//! Addresses of the payer, as AReq elements.
//!
//! An address helps the issuer to recognise a payer and is never required: a part that cannot be
//! said in the standard's form is left out.

use celes::Country;

use crate::threeds::names;

const LINE_CHARS_MAX: usize = 50;
const POST_CODE_CHARS_MAX: usize = 16;
const STATE_CHARS_MAX: usize = 3;

/// An address as the order has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// Street and house number, then additions.
    pub lines: [Option<String>; 3],
    pub city: Option<String>,
    pub post_code: Option<String>,
    /// Code of ISO 3166-2, with or without its country; a name is left out.
    pub state: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
}

/// The same in the standard's formats.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WireAddress {
    pub(crate) lines: [Option<String>; 3],
    pub(crate) city: Option<String>,
    pub(crate) post_code: Option<String>,
    pub(crate) state: Option<String>,
    pub(crate) country: Option<String>,
}

impl Address {
    pub(crate) fn to_wire(&self) -> WireAddress {
        let text = |value: &Option<String>, max| {
            value.as_deref().and_then(|it| names::ascii_or_none(it, 1, max))
        };
        let country = self.country.as_deref().and_then(numeric_country);
        WireAddress {
            lines: self.lines.each_ref().map(|line| text(line, LINE_CHARS_MAX)),
            city: text(&self.city, LINE_CHARS_MAX),
            post_code: text(&self.post_code, POST_CODE_CHARS_MAX),
            // A state without its country says nothing.
            state: self.state.as_deref().filter(|_| country.is_some()).and_then(state_code),
            country,
        }
    }
}

impl WireAddress {
    pub(crate) fn is_empty(&self) -> bool {
        *self == WireAddress::default()
    }
}

/// ISO 3166-1 numeric, three digits.
pub(crate) fn numeric_country(alpha2: &str) -> Option<String> {
    let country = Country::from_alpha2(alpha2.trim().to_ascii_uppercase()).ok()?;
    Some(format!("{:03}", country.value))
}

fn state_code(state: &str) -> Option<String> {
    let state = state.trim();
    let code = match state.split_once('-') {
        Some((country, code)) if country.len() == 2 => code,
        _ => state,
    };
    let fits = (1..=STATE_CHARS_MAX).contains(&code.len())
        && code.bytes().all(|b| b.is_ascii_alphanumeric());
    fits.then(|| code.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_said_in_the_standards_form() {
        let address = Address {
            lines: [Some("Königsallee 1".to_owned()), Some(" ".to_owned()), None],
            city: Some("Düsseldorf".to_owned()),
            post_code: Some("40212".to_owned()),
            state: Some("DE-NW".to_owned()),
            country: Some("de".to_owned()),
        };
        let wire = address.to_wire();
        assert_eq!(wire.lines, [Some("Konigsallee 1".to_owned()), None, None]);
        assert_eq!(wire.city.as_deref(), Some("Dusseldorf"));
        assert_eq!((wire.state.as_deref(), wire.country.as_deref()), (Some("NW"), Some("276")));
    }

    #[test]
    fn a_state_needs_a_code_and_a_country() {
        let state = |state: &str, country: Option<&str>| {
            let (state, country) = (Some(state.to_owned()), country.map(str::to_owned));
            Address { state, country, ..Address::default() }.to_wire().state
        };
        assert_eq!(state("ca", Some("US")).as_deref(), Some("CA"));
        assert_eq!(state("California", Some("US")), None);
        assert_eq!(state("CA", None), None);
        assert_eq!(state("CA", Some("XX")), None);
    }

    #[test]
    fn countries_have_three_digits() {
        assert_eq!(numeric_country("AF").as_deref(), Some("004"));
        assert_eq!(numeric_country("nl").as_deref(), Some("528"));
        assert_eq!(numeric_country("NLD"), None);
    }
}
