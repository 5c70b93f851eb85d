//! The query of a call, as clients write it: a name once, several times, with `[]` or `[0]` behind
//! it, or with commas in its value.

/// The decoded pairs of a query.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(query: &str) -> Query {
        let pairs = form_urlencoded::parse(query.as_bytes());
        Query(
            pairs
                .map(|(name, value)| (base_name(&name).to_owned(), value.trim().to_owned()))
                // An empty value stands for none, as everywhere in the contract.
                .filter(|(_, value)| !value.is_empty())
                .collect(),
        )
    }

    /// The first value with this name.
    pub(super) fn one(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str())
    }

    /// Every value with this name, commas taken for what separates them.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let of_name = self.0.iter().filter(move |(it, _)| it == name);
        of_name
            .flat_map(|(_, value)| value.split(','))
            .map(str::trim)
            .filter(|value| !value.is_empty())
    }

    /// Every pair, as it was sent.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// `1`, `true` and `yes` in any case; everything else is no.
    pub(super) fn flag(&self, name: &str) -> bool {
        let yes = |value: &str| matches!(value.to_ascii_lowercase().as_str(), "1" | "true" | "yes");
        self.one(name).is_some_and(yes)
    }

    /// The language part of `locale`, in lower case; `en` where there is none.
    pub(super) fn language(&self) -> String {
        let locale = self.one("locale").unwrap_or_default();
        let language: String = locale
            .chars()
            .take_while(char::is_ascii_alphabetic)
            .map(|it| it.to_ascii_lowercase())
            .collect();
        if language.is_empty() { "en".to_owned() } else { language }
    }
}

/// `status[]` and `status[3]` are `status`.
fn base_name(name: &str) -> &str {
    let Some((base, rest)) = name.split_once('[') else { return name };
    let index = rest.strip_suffix(']');
    if index.is_some_and(|it| it.bytes().all(|byte| byte.is_ascii_digit())) { base } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_values_come_in_four_forms() {
        for query in ["a=x&a=y", "a[]=x&a[]=y", "a%5B0%5D=x&a[1]=y", "a=x,y", "a=+x+,,y&a="] {
            let query = Query::parse(query);
            assert_eq!(query.all("a").collect::<Vec<_>>(), ["x", "y"]);
        }
        assert_eq!(Query::parse("a[b]=x").all("a").count(), 0);
        assert_eq!(Query::parse("a=&b=1").one("a"), None);
    }

    #[test]
    fn a_locale_is_read_by_its_language() {
        for (query, expected) in [
            ("", "en"),
            ("locale=nl_NL", "nl"),
            ("locale=ES", "es"),
            ("locale=de_DE_formal", "de"),
            ("locale=%00", "en"),
        ] {
            assert_eq!(Query::parse(query).language(), expected, "{query}");
        }
        assert!(Query::parse("a=TRUE").flag("a") && !Query::parse("a=0").flag("a"));
    }
}
