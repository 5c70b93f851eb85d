//! A shop that hears notifications and answers as it is told to.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use http_body_util::BodyExt;
use serde_json::Value;

/// One notification as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) method: String,
    pub(crate) query: String,
    pub(crate) auth: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Bytes,
}

impl Heard {
    pub(crate) fn order(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn parameter(&self, name: &str) -> String {
        let pairs = form_urlencoded::parse(self.query.as_bytes());
        pairs.into_iter().find(|(it, _)| it == name).map(|(_, value)| value.into_owned()).unwrap()
    }
}

#[derive(Default)]
struct Book {
    heard: Vec<Heard>,
    answers: VecDeque<(u16, &'static str)>,
}

pub(crate) struct Shop {
    address: SocketAddr,
    book: Arc<Mutex<Book>>,
}

impl Shop {
    pub(crate) async fn open() -> Shop {
        let book: Arc<Mutex<Book>> = Arc::default();
        let routes = Router::new().fallback(hear).with_state(book.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Shop { address, book }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The next notifications are answered so; after that, `OK`.
    pub(crate) fn answer(&self, answers: &[(u16, &'static str)]) {
        self.book.lock().unwrap().answers.extend(answers);
    }

    /// What was heard of an order, in the order in which it came.
    pub(crate) fn heard(&self, order_id: &str) -> Vec<Heard> {
        let book = self.book.lock().unwrap();
        let of_order = |it: &&Heard| it.parameter("transactionid") == order_id;
        book.heard.iter().filter(of_order).cloned().collect()
    }
}

async fn hear(
    State(book): State<Arc<Mutex<Book>>>,
    request: Request,
) -> (StatusCode, &'static str) {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    if !parts.uri.path().starts_with("/notify") {
        return (StatusCode::OK, "a page of the shop");
    }
    let header = |name: &str| parts.headers.get(name).map(|it| it.to_str().unwrap().to_owned());
    let mut book = book.lock().unwrap();
    book.heard.push(Heard {
        method: parts.method.to_string(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        auth: header("auth"),
        content_type: header("content-type"),
        body,
    });
    let (status, text) = book.answers.pop_front().unwrap_or((200, "OK"));
    (StatusCode::from_u16(status).unwrap(), text)
}
