//! What is wrong with a table of words, for the tests of such tables.
//!
//! A table is a struct whose members are texts, one value for each language. Its members are read
//! from how it prints (`#[derive(Debug)]`), so that none can be left out by mistake.

use std::fmt::Debug;

use crate::Language;

/// A text of this many words is a sentence, which no two languages write alike.
const SENTENCE_WORDS_MIN: usize = 3;

/// The texts of a table in one language, each with its member's name. Members that are no text
/// are passed over.
pub fn texts(words: &impl Debug) -> Vec<(String, String)> {
    let printed = format!("{words:?}");
    let mut found = Vec::new();
    let mut rest = printed.as_str();
    while let Some((before, after)) = rest.split_once(": \"") {
        let is_name = |it: char| it.is_ascii_alphanumeric() || it == '_';
        let name = before.rsplit(|it| !is_name(it)).next().unwrap_or_default();
        let (text, after) = unquoted(after);
        found.push((name.to_owned(), text));
        rest = after;
    }
    found
}

/// What is missing, left in English, or fills in other values than the English text does: a line
/// for each fault. `words` gives the table of a language.
pub fn faults<W: Debug>(words: impl Fn(Language) -> W) -> Vec<String> {
    let english = texts(&words(Language::English));
    let mut faults = Vec::new();
    for language in Language::ALL {
        for ((name, theirs), (_, ours)) in texts(&words(language)).iter().zip(&english) {
            let mut fault = |why: &str| faults.push(format!("{} {name} {why}", language.code()));
            if theirs.trim().is_empty() {
                fault("says nothing");
            }
            if values(theirs) != values(ours) {
                fault("fills in other values than in English");
            }
            let is_sentence = ours.split(' ').count() >= SENTENCE_WORDS_MIN;
            if is_sentence && theirs == ours && language != Language::English {
                fault("is left in English");
            }
        }
    }
    faults
}

/// The names in braces, in an order that does not depend on the language.
fn values(text: &str) -> Vec<&str> {
    let named = text.split('{').skip(1).map(|it| it.split('}').next().unwrap_or_default());
    let mut found: Vec<&str> = named.collect();
    found.sort_unstable();
    found
}

/// A text up to its closing quote, as it was before it was printed; and what stands behind it.
fn unquoted(printed: &str) -> (String, &str) {
    let mut text = String::new();
    let mut left = printed.chars();
    while let Some(next) = left.next() {
        match next {
            '"' => break,
            '\\' => match left.next() {
                // Marks of some scripts print by their numbers: `\u{200f}`.
                Some('u') => {
                    let number = left.by_ref().skip(1).take_while(|it| *it != '}');
                    let number = u32::from_str_radix(&number.collect::<String>(), 16);
                    text.extend(number.ok().and_then(char::from_u32));
                }
                Some('n') => text.push('\n'),
                other => text.extend(other),
            },
            it => text.push(it),
        }
    }
    (text, left.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    #[expect(dead_code, reason = "the members are read from how they print")]
    struct Words {
        language: Language,
        shop: &'static str,
        paid: &'static str,
    }

    fn found(shop: &'static str, paid: &'static str) -> Vec<String> {
        faults(|language| match language {
            Language::Dutch => Words { language, shop, paid },
            Language::English => Words { language, shop: "Shop", paid: "You paid {amount}" },
            _ => Words { language, shop: "Shop", paid: "{amount} *" },
        })
    }

    #[test]
    fn a_table_without_faults_has_none() {
        assert_eq!(found("Winkel", "Je hebt {amount} betaald"), Vec::<String>::new());
        // A word may be the same in two languages.
        assert_eq!(found("Shop", "Je hebt {amount} betaald"), Vec::<String>::new());
    }

    #[test]
    fn each_fault_is_found() {
        assert_eq!(found(" ", "Je hebt {amount} betaald"), ["nl shop says nothing"]);
        assert_eq!(found("Winkel", "You paid {amount}"), ["nl paid is left in English"]);
        let values = "nl paid fills in other values than in English";
        assert_eq!(found("Winkel", "Je hebt betaald"), [values]);
        assert_eq!(found("Winkel", "Je hebt {bedrag} betaald"), [values]);
    }

    #[test]
    fn texts_are_read_as_they_were_written() {
        let (shop, paid) = ("a \"b\", c: \"d\" \\ {e}", "\u{200f}f\u{a0}g\nh's");
        let read = texts(&Words { language: Language::Arabic, shop, paid });
        let expected = [("shop", shop), ("paid", paid)];
        assert_eq!(read, expected.map(|(name, text)| (name.to_owned(), text.to_owned())));
    }
}
