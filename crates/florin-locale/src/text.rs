//! Texts that name values.

/// Puts a value where a text names it in braces. Values are put in once: what looks like a name
/// inside a value stays as it is.
pub fn fill(text: &str, name: &str, value: &str) -> String {
    let mark = format!("{{{name}}}");
    match text.split_once(&mark) {
        Some((before, after)) => format!("{before}{value}{after}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_name_another_value() {
        let text = fill("{brand} ending in {last4}", "brand", "{last4}");
        assert_eq!(fill(&text, "last4", "1234"), "1234 ending in {last4}");
    }
}
