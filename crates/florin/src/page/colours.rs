//! A site's colours, as far as they are colours and can be read.
//!
//! A template of the contract names CSS colours. They are parsed here and written anew, so that
//! no text of a shop's reaches a style; a text colour that would not stand out from its ground
//! (WCAG 2.2, 1.4.3) gives way to black or white.

/// An opaque colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Colour([u8; 3]);

/// Contrast that text needs, times ten.
const CONTRAST_OF_TEXT: u64 = 45;
/// Contrast that the edge of a field needs, times ten.
const CONTRAST_OF_EDGES: u64 = 30;

const BLACK: Colour = Colour([0, 0, 0]);
const WHITE: Colour = Colour([255, 255, 255]);
/// The colours of the page's own style, which a lone colour of a site meets.
const GROUND: Colour = Colour([0xf3, 0xf5, 0xf8]);
const CARD: Colour = WHITE;
const INK: Colour = Colour([0x17, 0x1c, 0x26]);

/// The custom properties that a site's template changes, as a style sheet; empty where it changes
/// nothing. `leaves` are leaves of the template by their paths.
pub(super) fn style(leaves: &[(String, String)]) -> String {
    let find = |path: &str| {
        let (_, text) = leaves.iter().rev().find(|(it, _)| it == path)?;
        Colour::parse(text)
    };
    let mut both = String::new();
    if let Some(ground) = find("buttons.primary.background") {
        let text = readable(find("buttons.primary.text").unwrap_or(WHITE), ground);
        let hover = find("buttons.primary.hover.background").unwrap_or(ground);
        let hover_text = readable(find("buttons.primary.hover.text").unwrap_or(text), hover);
        both += &format!(
            "--button:{};--on-button:{};--button-hover:{};--on-button-hover:{};",
            ground.css(),
            text.css(),
            hover.css(),
            hover_text.css()
        );
    }
    // A site's grounds are chosen with daylight in mind: at night the page keeps its own.
    let mut light = String::new();
    let ground = find("body.background");
    if let Some(ground) = ground {
        light += &format!("--ground:{};", ground.css());
    }
    if ground.is_some() || find("body.text").is_some() {
        let ground = ground.unwrap_or(GROUND);
        let text = readable(find("body.text").unwrap_or(INK), ground).css();
        light += &format!("--on-ground:{text};--soft-on-ground:{text};");
    }
    let card = ["payment_form.background", "container.background"].into_iter().find_map(find);
    let card_text = ["payment_form.text", "container.text"].into_iter().find_map(find);
    if let Some(card) = card {
        light += &format!("--card:{0};--field:{0};", card.css());
    }
    if card.is_some() || card_text.is_some() {
        let ground = card.unwrap_or(CARD);
        let text = readable(card_text.unwrap_or(INK), ground).css();
        light += &format!("--ink:{text};--soft:{text};");
        let danger = Colour([0xb4, 0x23, 0x18]);
        let danger = if contrasts(danger, ground, CONTRAST_OF_TEXT) { danger.css() } else { text };
        light += &format!("--danger:{danger};");
    }
    let card = card.unwrap_or(CARD);
    match find("payment_form.inputs.border") {
        Some(edge) if contrasts(edge, card, CONTRAST_OF_EDGES) => {
            light += &format!("--edge:{};", edge.css());
        }
        _ if card != CARD => light += "--edge:var(--ink);",
        _ => {}
    }
    let mut style = String::new();
    if !both.is_empty() {
        style += &format!(":root{{{both}}}");
    }
    if !light.is_empty() {
        style += &format!("@media (prefers-color-scheme:light){{:root{{{light}}}}}");
    }
    style
}

/// The colour, or the one of black and white that can be read on the ground.
fn readable(text: Colour, ground: Colour) -> Colour {
    let enough = |text| contrasts(text, ground, CONTRAST_OF_TEXT);
    // One of the two always can: no ground is nearer than 4.58 to both.
    [text, BLACK, WHITE].into_iter().find(|it| enough(*it)).unwrap_or(BLACK)
}

fn contrasts(one: Colour, other: Colour, ratio_times_ten: u64) -> bool {
    let (one, other) = (one.luminance(), other.luminance());
    let offset = 50_000_000;
    let (lighter, darker) = (one.max(other) + offset, one.min(other) + offset);
    lighter * 10 >= darker * ratio_times_ten
}

impl Colour {
    /// `#rgb`, `#rrggbb`, `rgb(r, g, b)` with numbers, or a basic name. See-through colours and
    /// everything else are none.
    fn parse(text: &str) -> Option<Colour> {
        let text = text.trim().to_ascii_lowercase();
        if let Some(digits) = text.strip_prefix('#') {
            let digits: Vec<u8> = digits
                .chars()
                .map(|it| it.to_digit(16).and_then(|it| u8::try_from(it).ok()))
                .collect::<Option<_>>()?;
            return match digits[..] {
                [r, g, b] => Some(Colour([r * 17, g * 17, b * 17])),
                [r, s, g, h, b, c] => Some(Colour([r * 16 + s, g * 16 + h, b * 16 + c])),
                _ => None,
            };
        }
        if let Some(parts) = text.strip_prefix("rgb(").and_then(|it| it.strip_suffix(')')) {
            let parts: Vec<u8> = parts
                .split([',', ' '])
                .filter(|it| !it.is_empty())
                .map(|it| it.parse().ok())
                .collect::<Option<_>>()?;
            return Some(Colour(parts.try_into().ok()?));
        }
        NAMES.iter().find(|(name, _)| *name == text).map(|(_, colour)| Colour(*colour))
    }

    fn css(self) -> String {
        let [r, g, b] = self.0;
        format!("#{r:02x}{g:02x}{b:02x}")
    }

    /// Relative luminance (WCAG 2.2), white being 1,000,000,000.
    fn luminance(self) -> u64 {
        let [r, g, b] = self.0.map(|it| u64::from(LINEAR[usize::from(it)]));
        r * 2126 + g * 7152 + b * 722
    }
}

/// The names of CSS 2.1.
const NAMES: [(&str, [u8; 3]); 17] = [
    ("aqua", [0, 255, 255]),
    ("black", [0, 0, 0]),
    ("blue", [0, 0, 255]),
    ("fuchsia", [255, 0, 255]),
    ("gray", [128, 128, 128]),
    ("green", [0, 128, 0]),
    ("lime", [0, 255, 0]),
    ("maroon", [128, 0, 0]),
    ("navy", [0, 0, 128]),
    ("olive", [128, 128, 0]),
    ("orange", [255, 165, 0]),
    ("purple", [128, 0, 128]),
    ("red", [255, 0, 0]),
    ("silver", [192, 192, 192]),
    ("teal", [0, 128, 128]),
    ("white", [255, 255, 255]),
    ("yellow", [255, 255, 0]),
];

/// Each sRGB value in linear light, white being 100,000.
const LINEAR: [u32; 256] = [
    0, 30, 61, 91, 121, 152, 182, 212, 243, 273, 304, 335, 368, 402, 439, 478, 518, 561, 605, 651,
    700, 750, 802, 857, 913, 972, 1033, 1096, 1161, 1229, 1298, 1370, 1444, 1521, 1600, 1681, 1764,
    1850, 1938, 2029, 2122, 2217, 2315, 2416, 2519, 2624, 2732, 2843, 2956, 3071, 3190, 3310, 3434,
    3560, 3689, 3820, 3955, 4092, 4231, 4374, 4519, 4667, 4817, 4971, 5127, 5286, 5448, 5613, 5781,
    5951, 6125, 6301, 6480, 6663, 6848, 7036, 7227, 7421, 7619, 7819, 8022, 8228, 8438, 8650, 8866,
    9084, 9306, 9531, 9759, 9990, 10224, 10462, 10702, 10946, 11193, 11444, 11697, 11954, 12214,
    12477, 12744, 13014, 13287, 13563, 13843, 14126, 14413, 14703, 14996, 15293, 15593, 15896,
    16203, 16513, 16827, 17144, 17465, 17789, 18116, 18447, 18782, 19120, 19462, 19807, 20156,
    20508, 20864, 21223, 21586, 21953, 22323, 22697, 23074, 23455, 23840, 24228, 24620, 25016,
    25415, 25818, 26225, 26636, 27050, 27468, 27889, 28315, 28744, 29177, 29614, 30054, 30499,
    30947, 31399, 31855, 32314, 32778, 33245, 33716, 34191, 34670, 35153, 35640, 36131, 36625,
    37124, 37626, 38133, 38643, 39157, 39676, 40198, 40724, 41254, 41789, 42327, 42869, 43415,
    43966, 44520, 45079, 45641, 46208, 46778, 47353, 47932, 48515, 49102, 49693, 50289, 50888,
    51492, 52100, 52712, 53328, 53948, 54572, 55201, 55834, 56471, 57112, 57758, 58408, 59062,
    59720, 60383, 61050, 61721, 62396, 63076, 63760, 64448, 65141, 65837, 66539, 67244, 67954,
    68669, 69387, 70110, 70838, 71569, 72306, 73046, 73791, 74540, 75294, 76052, 76815, 77582,
    78354, 79130, 79910, 80695, 81485, 82279, 83077, 83880, 84687, 85499, 86316, 87137, 87962,
    88792, 89627, 90466, 91310, 92158, 93011, 93869, 94731, 95597, 96469, 97345, 98225, 99110,
    100000,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(path: &str, colour: &str) -> (String, String) {
        (path.to_owned(), colour.to_owned())
    }

    #[test]
    fn colours_are_read_and_nothing_else_is() {
        for (text, expected) in [
            ("#fff", Some("#ffffff")),
            ("#1A73e8", Some("#1a73e8")),
            (" rgb(1, 2, 255) ", Some("#0102ff")),
            ("Navy", Some("#000080")),
            ("#12345", None),
            ("#1234567", None),
            ("rgb(1,2,256)", None),
            ("rgb(1,2)", None),
            ("rgba(0,0,0,0.1)", None),
            ("red;}body{display:none", None),
            ("url(https://evil.example/x)", None),
            ("</style><script>alert(1)</script>", None),
            ("expression(alert(1))", None),
            ("", None),
            ("#é12", None),
        ] {
            assert_eq!(Colour::parse(text).map(Colour::css).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn known_contrasts_are_found() {
        let colour = |text| Colour::parse(text).unwrap();
        assert!(contrasts(BLACK, WHITE, 210));
        assert!(!contrasts(BLACK, WHITE, 211));
        // The lightest grey that may be read on white, and the one after it.
        assert!(contrasts(colour("#767676"), WHITE, 45));
        assert!(!contrasts(colour("#777777"), WHITE, 45));
    }

    #[test]
    fn text_can_be_read_on_every_ground() {
        for r in (0..=255).step_by(15) {
            for g in (0..=255).step_by(15) {
                for b in (0..=255).step_by(15) {
                    let ground = Colour([r, g, b]);
                    let text = readable(ground, ground);
                    assert!(contrasts(text, ground, CONTRAST_OF_TEXT), "{ground:?}");
                }
            }
        }
    }

    #[test]
    fn a_button_that_could_not_be_read_gets_other_text() {
        let style = style(&[
            leaf("buttons.primary.background", "#ffeb3b"),
            leaf("buttons.primary.text", "#ffffff"),
        ]);
        assert!(style.contains("--button:#ffeb3b;--on-button:#000000;"), "{style}");
    }

    #[test]
    fn a_template_without_colours_changes_nothing() {
        assert_eq!(style(&[]), "");
        assert_eq!(style(&[leaf("body.background", "}*{display:none"), leaf("x", "#fff")]), "");
    }
}
