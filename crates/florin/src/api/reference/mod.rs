//! What is served, as one table: what may be asked, by whom, and what is told.
//!
//! Each module with routes says in `operations` what they are. The table decides what exists:
//! what it does not have is not served, so that the description and the server cannot drift
//! apart. It is also what `/openapi.json` and `/docs` are made of.

pub(crate) mod examples;
mod openapi;
mod page;
mod routes;
pub(crate) mod schema;
pub(crate) mod schemas;

use std::sync::LazyLock;

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, Method, Response, header};
use axum::middleware::Next;
use serde_json::{Value, json};

pub(crate) use routes::routes;

use super::contract::ApiError;

/// What an operation is about: a chapter of the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    Orders,
    AfterPayment,
    Tokens,
    Catalogue,
    Disputes,
    TestSites,
    Operators,
    Payers,
    Gateway,
}

impl Group {
    pub(crate) const ALL: [Group; 9] = [
        Group::Orders,
        Group::AfterPayment,
        Group::Tokens,
        Group::Catalogue,
        Group::Disputes,
        Group::TestSites,
        Group::Operators,
        Group::Payers,
        Group::Gateway,
    ];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Group::Orders => "Orders",
            Group::AfterPayment => "After the payment",
            Group::Tokens => "Stored cards",
            Group::Catalogue => "Catalogue and account",
            Group::Disputes => "Disputes",
            Group::TestSites => "Test sites",
            Group::Operators => "Operators",
            Group::Payers => "Payers and 3-D Secure",
            Group::Gateway => "The gateway itself",
        }
    }

    pub(crate) fn text(self) -> &'static str {
        match self {
            Group::Orders => "Payments, from the request with a card to the order that is read.",
            Group::AfterPayment => {
                "What a merchant does with an order that exists: captures, refunds, shipments."
            }
            Group::Tokens => "Cards that are charged by a token, listed by the payer's reference.",
            Group::Catalogue => "What a site sells with, and whose key it is.",
            Group::Disputes => "Evidence against chargebacks.",
            Group::TestSites => {
                "Controls of test sites, with the site's own key. On a live site they are not there."
            }
            Group::Operators => {
                "For whoever runs the gateway, with the token of its settings. Not there without one."
            }
            Group::Payers => {
                "Pages that payers' browsers are sent to, and what directory servers and banks call. \
                 Their addresses are told by answers; shops never make one up."
            }
            Group::Gateway => "Health for load balancers, and this description.",
        }
    }
}

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Whoever has a key of the site.
    Site,
    /// Whoever has the operator's token.
    Operator,
    /// Everybody; what is secret is in the address.
    Anyone,
}

/// A part of the address, a query parameter or a header.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    /// `path`, `query` or `header`.
    pub(crate) place: &'static str,
    pub(crate) text: &'static str,
    pub(crate) schema: Value,
    pub(crate) example: Option<Value>,
}

/// What is sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) media: &'static str,
    pub(crate) schema: Value,
    /// Each with a title.
    pub(crate) examples: Vec<(&'static str, Value)>,
}

/// What is told when it goes well.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) text: &'static str,
    /// Nothing for an answer without a body.
    pub(crate) content: Option<(&'static str, Value)>,
    pub(crate) example: Option<Value>,
}

/// One entry of the table.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) method: Method,
    /// With `{name}` for what varies.
    pub(crate) path: &'static str,
    /// The parts of the path.
    segments: Vec<&'static str>,
    /// The name that generated clients give it.
    pub(crate) id: &'static str,
    pub(crate) group: Group,
    pub(crate) caller: Caller,
    pub(crate) summary: &'static str,
    pub(crate) text: &'static str,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) sent: Option<Sent>,
    pub(crate) told: Vec<Told>,
    pub(crate) refusals: Vec<ApiError>,
}

pub(crate) const JSON: &str = "application/json";
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
pub(crate) const HTML: &str = "text/html";

impl Operation {
    /// An operation for callers with a site's key; what is not said has to be added.
    pub(crate) fn new(
        group: Group,
        method: Method,
        path: &'static str,
        id: &'static str,
        summary: &'static str,
    ) -> Operation {
        let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let parameters = names.map(schemas::of_path).collect();
        Operation {
            method,
            path,
            segments: path.split('/').skip(1).collect(),
            id,
            group,
            caller: Caller::Site,
            summary,
            text: "",
            parameters,
            sent: None,
            told: Vec::new(),
            refusals: Vec::new(),
        }
    }

    /// Everything about it that the summary does not say.
    pub(crate) fn says(mut self, text: &'static str) -> Operation {
        self.text = text;
        self
    }

    pub(crate) fn called_by(mut self, caller: Caller) -> Operation {
        self.caller = caller;
        self
    }

    /// The example of a part of the address that was named before.
    pub(crate) fn example(mut self, name: &str, example: impl Into<Value>) -> Operation {
        let parameter = self.parameters.iter_mut().find(|it| it.name == name);
        parameter.expect("an example belongs to a parameter").example = Some(example.into());
        self
    }

    pub(crate) fn query(
        mut self,
        name: &'static str,
        text: &'static str,
        schema: Value,
    ) -> Operation {
        let parameter = Parameter { name, place: "query", text, schema, example: None };
        self.parameters.push(parameter);
        self
    }

    /// A body of JSON, with examples that work.
    pub(crate) fn takes(
        self,
        schema: Value,
        examples: impl IntoIterator<Item = (&'static str, Value)>,
    ) -> Operation {
        self.takes_as(JSON, schema, examples)
    }

    pub(crate) fn takes_as(
        mut self,
        media: &'static str,
        schema: Value,
        examples: impl IntoIterator<Item = (&'static str, Value)>,
    ) -> Operation {
        self.sent = Some(Sent { media, schema, examples: examples.into_iter().collect() });
        self
    }

    /// 200 with `data` in the envelope of success.
    pub(crate) fn gives(self, text: &'static str, data: Value, example: Value) -> Operation {
        let example = json!({ "success": true, "data": example });
        self.gives_as(200, text, JSON, schema::success(data), Some(example))
    }

    pub(crate) fn gives_as(
        mut self,
        status: u16,
        text: &'static str,
        media: &'static str,
        schema: Value,
        example: Option<Value>,
    ) -> Operation {
        self.told.push(Told { status, text, content: Some((media, schema)), example });
        self
    }

    /// A page for a browser.
    pub(crate) fn shows(self, status: u16, text: &'static str) -> Operation {
        self.gives_as(status, text, HTML, schema::text(), None)
    }

    /// An answer without a body.
    pub(crate) fn sends_on(mut self, status: u16, text: &'static str) -> Operation {
        self.told.push(Told { status, text, content: None, example: None });
        self
    }

    /// What it may be refused with, beyond what every call of its kind may be.
    pub(crate) fn refuses(mut self, refusals: impl IntoIterator<Item = ApiError>) -> Operation {
        self.refusals.extend(refusals);
        self
    }

    /// Whether a request can carry an idempotency key.
    pub(crate) fn is_repeatable(&self) -> bool {
        self.path.starts_with("/v1/json/") && [Method::POST, Method::PATCH].contains(&self.method)
    }

    /// Everything that it may be refused with.
    pub(crate) fn all_refusals(&self) -> Vec<ApiError> {
        let mut all = Vec::new();
        if self.caller == Caller::Anyone {
            return self.refusals.clone();
        }
        match self.caller {
            Caller::Site => all.extend([
                ApiError::invalid_api_key(),
                // What a key of an account does not open.
                ApiError::forbidden(),
                super::test_sandboxes::bad_name(),
                super::test_sandboxes::not_a_test_site(),
                super::test_sandboxes::too_many(),
            ]),
            Caller::Operator => all.push(super::internal::wrong_token()),
            Caller::Anyone => {}
        }
        if self.sent.is_some() {
            all.extend([ApiError::not_json(), ApiError::body_too_large(), ApiError::timed_out()]);
        }
        if self.is_repeatable() {
            all.extend([
                ApiError::invalid_idempotency_key(),
                ApiError::request_under_way(),
                ApiError::request_interrupted(),
                ApiError::key_of_other_request(),
            ]);
        }
        all.extend(self.refusals.iter().cloned());
        // An address that is not UTF-8, and places that are not there on live sites.
        all.extend([ApiError::unknown_path(), ApiError::overloaded(), ApiError::internal()]);
        let mut seen = Vec::new();
        all.retain(|it| {
            !seen.contains(it) && {
                seen.push(it.clone());
                true
            }
        });
        all
    }

    /// Every call of the API asks this of every operation, so most are ruled out by a number.
    fn serves(&self, parts: &[&str]) -> bool {
        self.segments.len() == parts.len()
            && self
                .segments
                .iter()
                .zip(parts)
                .all(|(own, part)| own.starts_with('{') || own == part)
    }
}

/// The table.
pub(crate) fn operations() -> &'static [Operation] {
    static TABLE: LazyLock<Vec<Operation>> = LazyLock::new(|| {
        let mut all = Vec::new();
        all.extend(super::orders::operations());
        all.extend(super::changes::operations());
        all.extend(super::files::operations());
        all.extend(super::catalogue::operations());
        all.extend(super::transactions::operations());
        all.extend(super::test_controls::operations());
        all.extend(super::test_chargebacks::operations());
        all.extend(super::internal::operations());
        all.extend(super::calls::operations());
        all.extend(super::test_sandboxes::operations());
        all.extend(super::test_notifications::operations());
        all.extend(super::recurring::operations());
        all.extend(crate::connect::operations());
        all.extend(crate::checkout::operations());
        all.extend(crate::workbench::operations());
        all.extend(crate::app::operations());
        all.extend(routes::operations());
        all.sort_by_key(|operation: &Operation| operation.group);
        all
    });
    &TABLE
}

/// Whether there is such an operation. `parts` are the decoded segments below `base`.
///
/// # Errors
/// 404 where there is nothing, 405 where there is another method.
pub(crate) fn check(base: &'static str, parts: &[&str], method: &Method) -> Result<(), ApiError> {
    let base = base.split('/').filter(|part| !part.is_empty());
    let whole: Vec<&str> = base.chain(parts.iter().copied()).collect();
    let mut here = operations().iter().filter(|operation| operation.serves(&whole)).peekable();
    if here.peek().is_none() {
        return Err(ApiError::unknown_path());
    }
    match here.any(|operation| operation.method == *method) {
        true => Ok(()),
        false => Err(ApiError::wrong_method()),
    }
}

/// The methods of a path as it was sent, for the header `Allow`.
pub(crate) fn allowed(path: &str) -> Option<HeaderValue> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let segments = super::segments(path, "/")?;
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    let here = operations().iter().filter(|operation| operation.serves(&parts));
    let methods: Vec<&str> = here.map(|operation| operation.method.as_str()).collect();
    HeaderValue::from_str(&methods.join(", ")).ok().filter(|_| !methods.is_empty())
}

/// Routes that are there to say that nothing is: with a page for payers, where others get JSON.
const SAY_NOTHING_IS_THERE: [&str; 2] = ["/connect/", "/connect/{session}/{*rest}"];

/// Lets a request of a router through whose route is in the table.
pub(crate) async fn only_described(request: Request, next: Next) -> Response<Body> {
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    match check_route(route.unwrap_or_default(), request.method()) {
        Ok(()) => next.run(request).await,
        Err(refusal) if refusal.http_status == 405 => {
            let allow = allowed(request.uri().path());
            with_allow(super::respond(refusal.into()), allow)
        }
        Err(refusal) => super::respond(refusal.into()),
    }
}

fn check_route(route: &str, method: &Method) -> Result<(), ApiError> {
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    let mut here = operations().iter().filter(|operation| operation.path == route).peekable();
    match here.peek() {
        None if SAY_NOTHING_IS_THERE.contains(&route) => return Ok(()),
        None => return Err(ApiError::unknown_path()),
        // A payer who comes the wrong way is shown a page, by the route itself.
        Some(operation) if operation.group == Group::Payers => return Ok(()),
        Some(_) => {}
    }
    match here.any(|operation| operation.method == *method) {
        true => Ok(()),
        false => Err(ApiError::wrong_method()),
    }
}

/// Says which methods there are, where another one was asked for (RFC 9110, 15.5.6).
pub(crate) fn with_allow(mut answer: Response<Body>, allow: Option<HeaderValue>) -> Response<Body> {
    if let Some(allow) = allow {
        answer.headers_mut().insert(header::ALLOW, allow);
    }
    answer
}

#[cfg(test)]
mod tests;
