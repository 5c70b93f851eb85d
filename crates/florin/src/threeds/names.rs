//! Names and addresses in the characters that the card world reads: printable ASCII.
//!
//! For machines that compare, not for people who read: letters lose their accents, Greek and
//! Cyrillic ones become Latin, and what has no counterpart is left out.

/// Letters and what they become, case by case.
const LETTERS: [(&str, &str); 96] = [
    ("ÀÁÂÃÄÅĀĂĄǍΑΆА", "A"),
    ("àáâãäåāăąǎαάаª", "a"),
    ("ÆǼ", "Ae"),
    ("æǽ", "ae"),
    ("БΒ", "B"),
    ("бβ", "b"),
    ("ÇĆĈĊČ", "C"),
    ("çćĉċč", "c"),
    ("Ч", "Ch"),
    ("чχ", "ch"),
    ("Χ", "Ch"),
    ("ÐĎĐДΔ", "D"),
    ("ðďđдδ", "d"),
    ("ÈÉÊËĒĔĖĘĚΕΈЕЭЄ", "E"),
    ("èéêëēĕėęěεέеэє", "e"),
    ("ФΦ", "F"),
    ("фφ", "f"),
    ("ĜĞĠĢГΓҐ", "G"),
    ("ĝğġģгγґ", "g"),
    ("ĤĦ", "H"),
    ("ĥħ", "h"),
    ("ÌÍÎÏĨĪĬĮİΙΊИІΗΉЇ", "I"),
    ("ìíîïĩīĭįıιίиіηήїΐϊ", "i"),
    ("Ĵ", "J"),
    ("ĵ", "j"),
    ("Ё", "Yo"),
    ("ё", "yo"),
    ("Й", "Y"),
    ("й", "y"),
    ("ĶКΚ", "K"),
    ("ķкκ", "k"),
    ("Х", "Kh"),
    ("х", "kh"),
    ("Ξ", "Ks"),
    ("ξ", "ks"),
    ("ĹĻĽĿŁЛΛ", "L"),
    ("ĺļľŀłлλ", "l"),
    ("МΜ", "M"),
    ("мμ", "m"),
    ("ÑŃŅŇНΝ", "N"),
    ("ñńņňнν", "n"),
    ("ÒÓÔÕÖØŌŎŐǑОΟΌΩΏ", "O"),
    ("òóôõöøōŏőǒоοόωώº", "o"),
    ("Œ", "Oe"),
    ("œ", "oe"),
    ("ПΠ", "P"),
    ("пπ", "p"),
    ("Ψ", "Ps"),
    ("ψ", "ps"),
    ("ŔŖŘРΡ", "R"),
    ("ŕŗřрρ", "r"),
    ("ŚŜŞŠȘСΣ", "S"),
    ("śŝşšșсσς", "s"),
    ("ß", "ss"),
    ("ẞ", "SS"),
    ("Ш", "Sh"),
    ("ш", "sh"),
    ("Щ", "Sht"),
    ("щ", "sht"),
    ("ŢŤŦȚТΤ", "T"),
    ("ţťŧțтτ", "t"),
    ("ÞΘ", "Th"),
    ("þθ", "th"),
    ("Ц", "Ts"),
    ("ц", "ts"),
    ("ÙÚÛÜŨŪŬŮŰŲǓУ", "U"),
    ("ùúûüũūŭůűųǔу", "u"),
    ("В", "V"),
    ("в", "v"),
    ("Ŵ", "W"),
    ("ŵ", "w"),
    ("ÝŶŸЫΥΎ", "Y"),
    ("ýŷÿыυύϋΰ", "y"),
    ("Ю", "Yu"),
    ("ю", "yu"),
    ("Я", "Ya"),
    ("я", "ya"),
    ("ŹŻŽЗΖ", "Z"),
    ("źżžзζ", "z"),
    ("Ж", "Zh"),
    ("ж", "zh"),
    ("Ъъ", "a"),
    ("Ьь", ""),
    ("‘’‚‛′`´ʼ", "'"),
    ("“”„‟″«»", "\""),
    ("‐‑‒–—―−", "-"),
    ("\u{a0}\u{2002}\u{2003}\u{2009}\u{202f}\t\r\n", " "),
    ("…", "..."),
    ("€", "EUR"),
    ("£", "GBP"),
    ("×", "x"),
    ("·•", "."),
    ("¡", "!"),
    ("¿", "?"),
    ("№", "No"),
    ("&", "&"),
];

/// `text` in printable ASCII, without double spaces, at most `chars_max` characters.
pub(crate) fn ascii(text: &str, chars_max: usize) -> String {
    let mut latin = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ' '..='~' => latin.push(c),
            // A letter may arrive as a base letter and an accent of its own.
            '\u{300}'..='\u{36f}' => {}
            _ => latin.push_str(counterpart(c)),
        }
    }
    let mut cut: String = latin.split_whitespace().collect::<Vec<_>>().join(" ");
    cut.truncate(chars_max);
    cut.truncate(cut.trim_end().len());
    cut
}

/// The same, or `None` when fewer than `chars_min` characters are left.
pub(crate) fn ascii_or_none(text: &str, chars_min: usize, chars_max: usize) -> Option<String> {
    Some(ascii(text, chars_max)).filter(|it| it.len() >= chars_min)
}

fn counterpart(c: char) -> &'static str {
    let found = LETTERS.iter().find(|(letters, _)| letters.contains(c));
    found.map_or("", |(_, becomes)| becomes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_keep_their_letters_without_accents() {
        for (name, read) in [
            ("Ada Example", "Ada Example"),
            ("Renée Müller-Straße", "Renee Muller-Strasse"),
            ("Łukasz Żółć", "Lukasz Zolc"),
            ("Søren Ærø", "Soren Aero"),
            ("e\u{301}ric", "eric"),
            ("Γιώργος Παπαδόπουλος", "Giorgos Papadopoylos"),
            ("Иван Щербаков", "Ivan Shterbakov"),
            ("D’Arcy   O‘Neil", "D'Arcy O'Neil"),
            ("李小龙", ""),
        ] {
            assert_eq!(ascii(name, 45), read);
        }
    }

    #[test]
    fn a_name_is_cut_and_a_short_one_is_none() {
        assert_eq!(ascii("Wolfeschlegelsteinhausen bergerdorff", 25), "Wolfeschlegelsteinhausen");
        assert_eq!(ascii_or_none("X", 2, 45), None);
        assert_eq!(ascii_or_none("李小龙", 2, 45), None);
    }

    proptest! {
        #[test]
        fn any_text_becomes_printable_ascii(text in "\\PC{0,60}", max in 0usize..50) {
            let read = ascii(&text, max);
            prop_assert!(read.len() <= max);
            prop_assert!(read.bytes().all(|b| (b' '..=b'~').contains(&b)), "{}", read);
        }
    }
}
