//! A payer whose browser runs no scripts: takes the form on each page and sends it.

use crate::world::World;

/// A form as a page shows it.
#[derive(Debug)]
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) post: bool,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) is_challenge: bool,
}

/// Where a step led.
#[derive(Debug)]
pub(crate) enum Led {
    /// To the shop, or to whatever the answer names.
    Away(String),
    Page {
        status: u16,
        html: String,
        url: url::Url,
    },
}

impl World {
    pub(crate) async fn open(&self, url: &str) -> Led {
        led(self.http.get(url).send().await.unwrap()).await
    }

    pub(crate) async fn submit(&self, form: &Form) -> Led {
        if !form.post {
            let query = encode(&form.fields);
            return self.open(&format!("{}?{query}", form.action)).await;
        }
        let request = self.http.post(&form.action);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        led(request.body(encode(&form.fields)).send().await.unwrap()).await
    }

    /// From a link to the page of the ACS, not yet answered.
    pub(crate) async fn walk_to_challenge(&self, url: &str) -> Form {
        let mut led = self.open(url).await;
        for _ in 0..6 {
            let Led::Page { html, url, .. } = &led else { panic!("no challenge: {led:?}") };
            let form = form_of(html, url).unwrap_or_else(|| panic!("no form: {html}"));
            if form.is_challenge {
                return form;
            }
            led = self.submit(&form).await;
        }
        panic!("the way does not end: {led:?}")
    }

    /// Answers the challenge and goes on until the shop; returns where the payer arrives.
    pub(crate) async fn walk(&self, url: &str, outcome: &str) -> String {
        let mut form = self.walk_to_challenge(url).await;
        form.choose(outcome);
        self.walk_on(form).await
    }

    pub(crate) async fn walk_on(&self, form: Form) -> String {
        let mut led = self.submit(&form).await;
        for _ in 0..60 {
            led = match led {
                Led::Away(url) if url.starts_with(&self.base) => self.open(&url).await,
                Led::Away(url) => return url,
                Led::Page { ref html, ref url, .. } => match form_of(html, url) {
                    Some(form) => self.submit(&form).await,
                    None => panic!("stuck on {led:?}"),
                },
            };
        }
        panic!("the way does not end: {led:?}")
    }
}

impl Form {
    /// Chooses in the drop-down.
    pub(crate) fn choose(&mut self, outcome: &str) {
        self.fields.retain(|(name, _)| name != "outcome");
        self.fields.push(("outcome".to_owned(), outcome.to_owned()));
    }

    pub(crate) fn field(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|(it, _)| it == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }
}

async fn led(answer: reqwest::Response) -> Led {
    if let Some(location) = answer.headers().get("location") {
        return Led::Away(location.to_str().unwrap().to_owned());
    }
    let (status, url) = (answer.status().as_u16(), answer.url().clone());
    Led::Page { status, html: answer.text().await.unwrap(), url }
}

fn encode(fields: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// The form that a person would fill in: the one for the card, else the last one of the page.
pub(crate) fn form_of(html: &str, page: &url::Url) -> Option<Form> {
    let start = html.find("<form id=\"card-form\"").or_else(|| html.rfind("<form"))?;
    let form = &html[start..html[start..].find("</form>")? + start];
    let head = &form[..form.find('>')?];
    let mut fields = Vec::new();
    for input in form.split("<input").skip(1) {
        let input = &input[..input.find('>')?];
        fields.push((attribute(input, "name")?, attribute(input, "value").unwrap_or_default()));
    }
    Some(Form {
        action: page.join(&attribute(head, "action")?).unwrap().into(),
        post: attribute(head, "method").is_some_and(|it| it.eq_ignore_ascii_case("post")),
        fields,
        is_challenge: form.contains("<select"),
    })
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    let value = &tag[start..start + tag[start..].find('"')?];
    let mut text = value.to_owned();
    for (entity, character) in [
        ("&#34;", "\""),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#60;", "<"),
        ("&lt;", "<"),
        ("&#62;", ">"),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ] {
        text = text.replace(entity, character);
    }
    Some(text)
}
