//! Text in ASCII: Latin letters lose their marks, typographic signs their shape.
//!
//! What has no ASCII form becomes `?`, so that a reader sees that something was there.

/// Transliterates text to printable ASCII: `Ä` to `AE`, `ß` to `ss`, `é` to `e`, `…` to `...`.
pub fn transliterate(text: &str) -> String {
    let mut ascii = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ' '..='~' => ascii.push(c),
            // Marks that stand alone belong to the letter before them.
            '\u{300}'..='\u{36f}' => {}
            '\t' | '\n' | '\r' => ascii.push(' '),
            _ => ascii.push_str(form(c)),
        }
    }
    ascii
}

#[rustfmt::skip]
fn form(c: char) -> &'static str {
    match c {
        'Ä' | 'Æ' | 'Ǽ' => "AE", 'ä' | 'æ' | 'ǽ' => "ae",
        'Ö' | 'Œ' => "OE", 'ö' | 'œ' => "oe",
        'Ü' => "UE", 'ü' => "ue",
        'ß' => "ss", 'ẞ' => "SS",
        'Ø' => "OE", 'ø' => "oe", 'Å' => "AA", 'å' => "aa",
        'Þ' => "TH", 'þ' => "th", 'Ĳ' => "IJ", 'ĳ' => "ij",
        'À' | 'Á' | 'Â' | 'Ã' | 'Ā' | 'Ă' | 'Ą' | 'Ǎ' => "A",
        'à' | 'á' | 'â' | 'ã' | 'ā' | 'ă' | 'ą' | 'ǎ' | 'ª' => "a",
        'Ç' | 'Ć' | 'Ĉ' | 'Ċ' | 'Č' => "C",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
        'Ď' | 'Đ' | 'Ð' => "D", 'ď' | 'đ' | 'ð' => "d",
        'È' | 'É' | 'Ê' | 'Ë' | 'Ē' | 'Ĕ' | 'Ė' | 'Ę' | 'Ě' => "E",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => "e",
        'Ĝ' | 'Ğ' | 'Ġ' | 'Ģ' => "G", 'ĝ' | 'ğ' | 'ġ' | 'ģ' => "g",
        'Ĥ' | 'Ħ' => "H", 'ĥ' | 'ħ' => "h",
        'Ì' | 'Í' | 'Î' | 'Ï' | 'Ĩ' | 'Ī' | 'Ĭ' | 'Į' | 'İ' => "I",
        'ì' | 'í' | 'î' | 'ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => "i",
        'Ĵ' => "J", 'ĵ' => "j", 'Ķ' => "K", 'ķ' | 'ĸ' => "k",
        'Ĺ' | 'Ļ' | 'Ľ' | 'Ŀ' | 'Ł' => "L", 'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => "l",
        'Ñ' | 'Ń' | 'Ņ' | 'Ň' | 'Ŋ' => "N", 'ñ' | 'ń' | 'ņ' | 'ň' | 'ŉ' | 'ŋ' => "n",
        'Ò' | 'Ó' | 'Ô' | 'Õ' | 'Ō' | 'Ŏ' | 'Ő' => "O",
        'ò' | 'ó' | 'ô' | 'õ' | 'ō' | 'ŏ' | 'ő' | 'º' => "o",
        'Ŕ' | 'Ŗ' | 'Ř' => "R", 'ŕ' | 'ŗ' | 'ř' => "r",
        'Ś' | 'Ŝ' | 'Ş' | 'Š' | 'Ș' => "S", 'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => "s",
        'Ţ' | 'Ť' | 'Ŧ' | 'Ț' => "T", 'ţ' | 'ť' | 'ŧ' | 'ț' => "t",
        'Ù' | 'Ú' | 'Û' | 'Ũ' | 'Ū' | 'Ŭ' | 'Ů' | 'Ű' | 'Ų' => "U",
        'ù' | 'ú' | 'û' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => "u",
        'Ŵ' => "W", 'ŵ' => "w", 'Ý' | 'Ÿ' | 'Ŷ' => "Y", 'ý' | 'ÿ' | 'ŷ' => "y",
        'Ź' | 'Ż' | 'Ž' => "Z", 'ź' | 'ż' | 'ž' => "z",
        '‘' | '’' | '‚' | '′' | '´' => "'", '“' | '”' | '„' | '«' | '»' => "\"",
        '‐' | '‑' | '‒' | '–' | '—' | '−' => "-", '…' => "...",
        '\u{a0}' | '\u{2009}' | '\u{202f}' => " ",
        '€' => "EUR", '£' => "GBP", '№' => "No", '©' => "(c)", '®' => "(r)", '™' => "TM",
        '×' => "x", '·' | '•' => "*", '°' => "o", '¡' => "!", '¿' => "?",
        _ => "?",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_printable_ascii_comes_out() {
        assert_eq!(transliterate("Ärger in Łódź – 5 €"), "AErger in Lodz - 5 EUR");
        assert_eq!(transliterate("e\u{301}t\u{e9}"), "ete");
        assert_eq!(transliterate("日本 🙂"), "?? ?");
        assert_eq!(transliterate("a\tb\u{7}"), "a b?");
        for c in ('\u{0}'..='\u{2fff}').filter(|c| !c.is_ascii_graphic()) {
            let text = transliterate(&c.to_string());
            assert!(text.bytes().all(|b| matches!(b, 0x20..=0x7e)), "{c:?} gives {text:?}");
        }
    }
}
