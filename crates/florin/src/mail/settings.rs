//! What a site says about its mails: which are sent, by whom, to whom, with which words.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::kind::{Audience, Kind, Language};
use super::layout::default_template;
use super::message::parse_address;
use super::template::Template;

/// Most templates of its own that a site has: one of each kind in each language.
const TEMPLATES_MAX: usize = Kind::ALL.len() * Language::ALL.len();
/// Most bytes of one text of a template.
const TEXT_BYTES_MAX: usize = 64 * 1024;
/// Most merchants that are written to.
const MERCHANT_ADDRESSES_MAX: usize = 10;

/// The mails of a site. None is sent until its kind is listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailSettings {
    /// The kinds that are sent.
    pub types: BTreeSet<Kind>,
    /// Whom mails come from; empty: the gateway's own address.
    pub from_address: String,
    /// The name beside it; empty: the site's.
    pub from_name: String,
    /// Where mails for the merchant go.
    pub merchant_addresses: Vec<String>,
    /// What merchants read.
    pub merchant_language: Language,
    /// The shop's own words, which replace those that come with Florin.
    pub templates: Vec<OwnTemplate>,
    /// `MERCHANTLOGOHTML`: an image at an https address.
    pub logo_url: String,
    /// `MERCHANTPHONESUPPORT`.
    pub support_phone: String,
    /// `COMPANYNAME`.
    pub company_name: String,
    /// `VATNUMBER`.
    pub vat_number: String,
}

/// Words of a shop for one kind of mail in one language; what is left out is as it comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnTemplate {
    #[serde(rename = "type")]
    pub kind: Kind,
    pub language: Language,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plain: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
}

impl MailSettings {
    /// Everything, for sites on which nothing leaves the house.
    pub fn all() -> MailSettings {
        MailSettings { types: Kind::ALL.into_iter().collect(), ..MailSettings::default() }
    }

    /// Whether payers are reminded of orders that they did not pay: Second Chance.
    pub fn reminds(&self) -> bool {
        self.types.iter().any(|kind| kind.is_second_chance())
    }

    /// The language of a mail to a payer with this locale: his own if there are words in it, else
    /// that of the shop's only template of the kind, else English.
    pub fn language(&self, kind: Kind, locale: Option<&str>) -> Language {
        if kind.audience() == Audience::Merchant {
            return self.merchant_language;
        }
        if let Some(language) = locale.and_then(Language::of_locale) {
            return language;
        }
        let mut own = self.templates.iter().filter(|it| it.kind == kind);
        match (own.next(), own.next()) {
            (Some(only), None) => only.language,
            _ => Language::En,
        }
    }

    /// The words of a mail.
    pub fn template(&self, kind: Kind, language: Language) -> Template {
        let mut template = default_template(kind, language);
        let is_it = |own: &&OwnTemplate| own.kind == kind && own.language == language;
        if let Some(own) = self.templates.iter().find(is_it) {
            let replace = |text: &mut String, own: &Option<String>| {
                if let Some(own) = own {
                    text.clone_from(own);
                }
            };
            replace(&mut template.subject, &own.subject);
            replace(&mut template.plain, &own.plain);
            replace(&mut template.html, &own.html);
        }
        template
    }

    /// What the types cannot say.
    ///
    /// # Errors
    /// The setting, below `mail`, and what is wrong with it.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        let is_address = |text: &str| parse_address(text).is_some();
        if !self.from_address.is_empty() && !is_address(&self.from_address) {
            return Err(("from_address", "it is no e-mail address".to_owned()));
        }
        if let Some(odd) = self.merchant_addresses.iter().find(|it| !is_address(it)) {
            return Err(("merchant_addresses", format!("{odd:?} is no e-mail address")));
        }
        if self.merchant_addresses.len() > MERCHANT_ADDRESSES_MAX {
            return Err(("merchant_addresses", format!("more than {MERCHANT_ADDRESSES_MAX}")));
        }
        let is_https = url::Url::parse(&self.logo_url).is_ok_and(|url| url.scheme() == "https");
        if !self.logo_url.is_empty() && !is_https {
            return Err(("logo_url", "it is not an https URL".to_owned()));
        }
        let named = self.templates.iter().map(|it| (it.kind, it.language.code()));
        if self.templates.len() > TEMPLATES_MAX
            || named.collect::<BTreeSet<_>>().len() < self.templates.len()
        {
            return Err(("templates", "one of a kind in a language is enough".to_owned()));
        }
        let texts = self.templates.iter().flat_map(|it| [&it.subject, &it.plain, &it.html]);
        if texts.flatten().any(|text| text.len() > TEXT_BYTES_MAX) {
            return Err(("templates", format!("a text is longer than {TEXT_BYTES_MAX} bytes")));
        }
        Ok(())
    }
}
