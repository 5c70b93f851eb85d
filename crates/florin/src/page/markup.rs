//! Reads the markup that our templates write, and nothing more lenient: what they would not write
//! is foreign.
//!
//! Browsers forgive a lot, and hiding from a reader in what they forgive is easy; so nothing is
//! forgiven here. Our templates write tags in small letters, attributes in double quotes, and `<`
//! in texts always escaped.

/// An opening tag. `text` is what a script or style contains.
pub(super) struct Tag<'a> {
    pub(super) name: String,
    /// Names in small letters, values as they stand.
    pub(super) attributes: Vec<(String, &'a str)>,
    pub(super) text: &'a str,
}

impl Tag<'_> {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(it, _)| it == name).map(|(_, value)| *value)
    }
}

/// A part of a page that is no text.
pub(super) enum Piece<'a> {
    Tag(Tag<'a>),
    /// The beginning of what our templates would not write.
    Foreign(&'a str),
}

/// Characters of foreign markup that are shown.
const SHOWN_CHARS: usize = 60;

/// The tags of a page, up to the first foreign one.
pub(super) fn pieces(html: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let Some(mut rest) = html.strip_prefix("<!DOCTYPE html>") else {
        return vec![Piece::Foreign(shown(html))];
    };
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        let closing = rest.strip_prefix("</").and_then(|it| {
            let (name, after) = it.split_once('>')?;
            is_name(name).then_some(after)
        });
        if let Some(after) = closing {
            rest = after;
        } else if let Some((tag, after)) = opening(rest) {
            found.push(Piece::Tag(tag));
            rest = after;
        } else {
            found.push(Piece::Foreign(shown(rest)));
            break;
        }
    }
    found
}

fn is_name(text: &str) -> bool {
    let plain = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit();
    !text.is_empty() && text.chars().all(plain)
}

fn opening(text: &str) -> Option<(Tag<'_>, &str)> {
    let rest = text.strip_prefix('<')?;
    let end = rest.find([' ', '/', '>'])?;
    let (name, mut rest) = rest.split_at(end);
    if !is_name(name) {
        return None;
    }
    let mut attributes: Vec<(String, &str)> = Vec::new();
    loop {
        if let Some(after) = rest.strip_prefix("/>").or_else(|| rest.strip_prefix('>')) {
            rest = after;
            break;
        }
        let from = rest.strip_prefix(' ')?;
        let end = from.find(['=', ' ', '/', '>'])?;
        let (attribute, after) = from.split_at(end);
        let plain = |it: char| it.is_ascii_alphanumeric() || it == '-';
        if attribute.is_empty() || !attribute.chars().all(plain) {
            return None;
        }
        let attribute = attribute.to_ascii_lowercase();
        // Browsers take the first of two; a reader who took the last would be deceived.
        if attributes.iter().any(|(it, _)| *it == attribute) {
            return None;
        }
        match after.strip_prefix('=') {
            None => {
                attributes.push((attribute, ""));
                rest = after;
            }
            Some(after) => {
                let (value, after) = after.strip_prefix('"')?.split_once('"')?;
                attributes.push((attribute, value));
                rest = after;
            }
        }
    }
    let mut content = "";
    if matches!(name, "script" | "style" | "title") {
        let end = format!("</{name}>");
        let (inside, after) = rest.split_once(&end)?;
        // A title is a text like any other; a `<` in it is not ours.
        if name == "title" && inside.contains('<') {
            return None;
        }
        content = inside;
        rest = after;
    }
    Some((Tag { name: name.to_owned(), attributes, text: content }, rest))
}

fn shown(text: &str) -> &str {
    text.char_indices().nth(SHOWN_CHARS).map_or(text, |(at, _)| &text[..at])
}
