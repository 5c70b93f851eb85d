//! A page with one thing on it: a sentence, and at most one way on.
//!
//! The pages around 3-D Secure, the one that waits, and those where the journey ends. Their
//! scripts are inline and known by their hashes.

use askama::Template;
use axum::body::Body;
use axum::http::{Response, StatusCode};

use super::assets::{Asset, SHEET};
use super::headers::{Needs, Surroundings};
use super::words::Words;

pub const VERIFY: &str = include_str!("../../templates/page/verify.js");
pub const SUBMIT: &str = include_str!("../../templates/page/submit.js");
pub const METHOD_DONE: &str = include_str!("../../templates/page/method-done.js");
pub const CLOSE: &str = include_str!("../../templates/page/close.js");

/// What every page says about itself.
pub(super) struct Head {
    pub(super) words: &'static Words,
    pub(super) title: String,
    pub(super) sheet: &'static Asset,
    /// Colours of the site's; own text, see `colours`.
    pub(super) site_style: String,
    /// Content of a `refresh`: seconds, or seconds and an address.
    pub(super) refresh: Option<String>,
    pub(super) test_mode: bool,
}

impl Head {
    pub(super) fn new(words: &'static Words, title: String) -> Head {
        Head {
            words,
            title,
            sheet: &SHEET,
            site_style: String::new(),
            refresh: None,
            test_mode: false,
        }
    }
}

/// Who is paid and how much, always in sight.
#[derive(Clone, Debug, Default)]
pub struct Top {
    pub shop: String,
    /// City and country.
    pub place: String,
    /// Empty where nothing is to be paid.
    pub amount: String,
    /// An `https:` address.
    pub logo: Option<String>,
}

/// The way on: a form with hidden fields and one button.
pub struct Form {
    pub action: String,
    pub fields: Vec<(&'static str, String)>,
    pub button: &'static str,
}

/// The 3DS Method, posted into a hidden frame.
pub struct Method {
    pub url: String,
    pub data: String,
}

/// The drawing above the sentence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sign {
    #[default]
    Neutral,
    Good,
    /// Something goes on; it turns.
    Busy,
}

/// A page before it is written. Every text is escaped by the template.
pub struct Step {
    pub words: &'static Words,
    pub heading: &'static str,
    pub message: &'static str,
    pub top: Option<Top>,
    /// The shop's own number of the order.
    pub order: Option<String>,
    pub form: Option<Form>,
    pub method: Option<Method>,
    /// Addresses and their words. The first one is the way on where no form is.
    pub links: Vec<(String, &'static str)>,
    /// Content of a `refresh`: seconds, or seconds and an address.
    pub refresh: Option<String>,
    pub sign: Sign,
    /// The way on from here may lead to an address without TLS, such as a shop on a laptop.
    pub leads_to_http: bool,
    pub script: &'static str,
    pub test_mode: bool,
    /// Leaves of the site's template by their paths.
    pub colours: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "page/step.html")]
struct Page<'a> {
    head: Head,
    heading: &'static str,
    message: &'static str,
    top: Option<&'a Top>,
    order: Option<&'a str>,
    form: Option<&'a Form>,
    method: Option<&'a Method>,
    links: &'a [(String, &'static str)],
    busy: bool,
    sign: &'static str,
    script: &'static str,
}

const NEUTRAL: &str = r#"<svg class="sign" viewBox="0 0 48 48" aria-hidden="true" focusable="false"><g fill="none" stroke="currentColor" stroke-width="3" stroke-linejoin="round" stroke-linecap="round"><rect x="6" y="11" width="36" height="26" rx="5"/><path d="M6 19h36M13 29h8"/></g></svg>"#;
const GOOD: &str = r#"<svg class="sign good" viewBox="0 0 48 48" aria-hidden="true" focusable="false"><g fill="none" stroke="currentColor" stroke-width="3.5" stroke-linejoin="round" stroke-linecap="round"><circle cx="24" cy="24" r="19"/><path d="m15.500 24.500 6 6 11.500-12.500"/></g></svg>"#;

impl Step {
    /// A page with a heading and a sentence.
    pub fn new(words: &'static Words, heading: &'static str, message: &'static str) -> Step {
        Step {
            words,
            heading,
            message,
            top: None,
            order: None,
            form: None,
            method: None,
            links: Vec::new(),
            refresh: None,
            sign: Sign::Neutral,
            leads_to_http: false,
            script: "",
            test_mode: false,
            colours: Vec::new(),
        }
    }

    /// The answer.
    pub fn answer(self, status: StatusCode, around: &Surroundings) -> Response<Body> {
        let site_style = super::colours::style(&self.colours);
        let html = self.html(site_style.clone());
        self.needs(&site_style).answer(status, around, html)
    }

    fn needs<'a>(&'a self, site_style: &'a str) -> Needs<'a> {
        Needs {
            script: self.script,
            style: site_style,
            image: self.top.as_ref().and_then(|it| it.logo.as_deref()),
            frame: self.method.is_some(),
            leads_to_http: self.leads_to_http,
            // The page that the 3DS Method ends on lies in a frame of our own page.
            in_our_frame: self.script == METHOD_DONE,
            ..Needs::default()
        }
    }

    fn html(&self, site_style: String) -> String {
        let page = Page {
            head: Head {
                site_style,
                refresh: self.refresh.clone(),
                test_mode: self.test_mode,
                ..Head::new(self.words, self.heading.to_owned())
            },
            heading: self.heading,
            message: self.message,
            top: self.top.as_ref(),
            order: self.order.as_deref(),
            form: self.form.as_ref(),
            method: self.method.as_ref(),
            links: &self.links,
            busy: self.sign == Sign::Busy,
            sign: if self.sign == Sign::Good { GOOD } else { NEUTRAL },
            script: self.script,
        };
        page.render().expect("a page of texts can be rendered")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::words::words;

    #[test]
    fn texts_are_escaped_and_only_known_scripts_run() {
        let nasty = "\"><script>alert(1)</script>".to_owned();
        let around = Surroundings { secure: true, ..Surroundings::default() };
        let step = Step {
            top: Some(Top {
                shop: nasty.clone(),
                place: nasty.clone(),
                amount: nasty.clone(),
                logo: Some(nasty.clone()),
            }),
            order: Some(nasty.clone()),
            form: Some(Form {
                action: nasty.clone(),
                fields: vec![("creq", nasty.clone())],
                button: "Go",
            }),
            method: Some(Method { url: nasty.clone(), data: nasty.clone() }),
            links: vec![(nasty.clone(), "Back"), (nasty, "Cancel")],
            script: SUBMIT,
            ..Step::new(words("en"), "a", "b")
        };
        let policy = step.needs("").policy(&around);
        let html = step.html(String::new());
        assert!(!html.contains("<script>alert"), "{html}");
        assert_eq!(html.matches("<script>").count(), 1);
        assert!(!policy.contains("unsafe"), "{policy}");
        let script = html.split("<script>").nth(1).unwrap().split("</script>").next().unwrap();
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, script.as_bytes());
        let hash =
            base64::Engine::encode(&base64::engine::general_purpose::STANDARD, digest.as_ref());
        assert!(policy.contains(&format!("script-src 'sha256-{hash}';")), "{policy}");
    }
}
