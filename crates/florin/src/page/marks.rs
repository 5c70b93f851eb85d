//! Small marks of card brands, drawn here: a coloured plate with the brand's name in the page's
//! own type. No scheme's artwork.

use florin_core::card::Brand;

/// A brand as a form shows it.
pub(super) struct Mark {
    /// The gateway code in lower case, which the script knows the brand by.
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    /// Markup of our own.
    pub(super) svg: &'static str,
}

macro_rules! plate {
    ($fill:literal, $accent:literal, $words:literal) => {
        concat!(
            r#"<svg viewBox="0 0 38 24" width="38" height="24" aria-hidden="true" focusable="false">"#,
            r#"<rect width="38" height="24" rx="4" fill=""#,
            $fill,
            r#""/><rect x="4" y="18.5" width="30" height="2" rx="1" fill=""#,
            $accent,
            r##""/><g fill="#fff" font-family="system-ui,sans-serif" font-weight="700" text-anchor="middle">"##,
            $words,
            "</g></svg>"
        )
    };
}

/// The mark of a brand; nothing for brands that the pages do not take.
pub(super) fn mark(brand: Brand) -> Option<Mark> {
    let (code, svg) = match brand {
        Brand::Visa => (
            "visa",
            plate!(
                "#1a3a8f",
                "#f0b429",
                r#"<text x="19" y="14" font-size="10.5" textLength="26" lengthAdjust="spacingAndGlyphs">VISA</text>"#
            ),
        ),
        Brand::Mastercard => (
            "mastercard",
            plate!(
                "#2a2a33",
                "#f5701f",
                r#"<text x="19" y="8.6" font-size="7" textLength="24" lengthAdjust="spacingAndGlyphs">master</text><text x="19" y="15.6" font-size="7" textLength="16" lengthAdjust="spacingAndGlyphs">card</text>"#
            ),
        ),
        Brand::Maestro => (
            "maestro",
            plate!(
                "#0a5c7a",
                "#6fd3f2",
                r#"<text x="19" y="13.4" font-size="8" textLength="29" lengthAdjust="spacingAndGlyphs">maestro</text>"#
            ),
        ),
        Brand::Amex => (
            "amex",
            plate!(
                "#14688a",
                "#bfe6f5",
                r#"<text x="19" y="13.8" font-size="9.5" textLength="28" lengthAdjust="spacingAndGlyphs">AMEX</text>"#
            ),
        ),
        _ => return None,
    };
    Some(Mark { code, name: name(brand), svg })
}

/// The name as the brand writes it today; the API keeps an older spelling.
pub(super) fn name(brand: Brand) -> &'static str {
    match brand {
        Brand::Mastercard => "Mastercard",
        other => other.display_name(),
    }
}
