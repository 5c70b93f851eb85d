//! Follows a stream of events of a running gateway, and comes back when it breaks off.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;

/// Most bytes of one event.
const EVENT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// A stream that says nothing for so long is dead; the gateway beats more often.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// How long it waits before it comes back, at first and at most.
const PAUSE: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// An event that came.
pub(super) struct Came {
    pub(super) name: String,
    pub(super) data: Value,
}

/// How a gateway is called.
pub(super) struct Door {
    pub(super) http: reqwest::Client,
    /// Without a slash at its end.
    pub(super) url: String,
    /// Name and value of the header that opens it.
    pub(super) key: (&'static str, String),
}

impl Door {
    /// # Errors
    /// When the HTTP client cannot be set up.
    pub(super) fn new(url: &str, key: (&'static str, String)) -> Result<Door, String> {
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|it| it.to_string())?;
        Ok(Door { http, url: url.trim_end_matches('/').to_owned(), key })
    }

    fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let (name, value) = &self.key;
        self.http.request(method, format!("{}{path}", self.url)).header(*name, value)
    }

    /// One call with an answer of JSON; its `data`.
    ///
    /// # Errors
    /// A sentence for the user.
    pub(super) async fn call(
        &self,
        method: reqwest::Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, String> {
        let mut request = self.request(method, path).timeout(SILENCE_MAX);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.map_err(|_| self.not_there())?;
        let bytes = answer.bytes().await.map_err(|_| self.not_there())?;
        let answer: Value = serde_json::from_slice(&bytes).map_err(|_| self.not_there())?;
        if answer["success"] == true { Ok(answer["data"].clone()) } else { Err(refused(&answer)) }
    }

    fn not_there(&self) -> String {
        format!("no gateway answers at {}; start one with `florin serve`, or name it", self.url)
    }
}

fn refused(answer: &Value) -> String {
    let info = answer["error_info"].as_str().unwrap_or("no reason");
    format!("the gateway refused: {}, {info}", answer["error_code"])
}

/// A stream that is followed for as long as somebody asks for the next event.
pub(super) struct Follower<'a> {
    door: &'a Door,
    path: &'a str,
    last_id: Option<String>,
    /// The query with which it comes back; a number.
    noted: Option<(&'static str, String)>,
    open: Option<(reqwest::Response, Vec<u8>)>,
    /// Whether it was open before: then a gateway that is not there may come back.
    was_open: bool,
    pause: Duration,
}

impl<'a> Follower<'a> {
    pub(super) fn new(door: &'a Door, path: &'a str) -> Follower<'a> {
        Follower {
            door,
            path,
            last_id: None,
            noted: None,
            open: None,
            was_open: false,
            pause: PAUSE,
        }
    }

    /// Opens the stream, so that what happens from now on is told.
    ///
    /// # Errors
    /// A sentence for the user, when it cannot be opened and that will not change by itself.
    pub(super) async fn open(&mut self) -> Result<(), String> {
        while self.open.is_none() {
            let path = match &self.noted {
                None => self.path.to_owned(),
                Some((name, value)) => format!("{}?{name}={value}", self.path),
            };
            let mut request = self.door.request(reqwest::Method::GET, &path);
            if let Some(id) = &self.last_id {
                request = request.header("last-event-id", id);
            }
            let sent = tokio::time::timeout(SILENCE_MAX, request.send()).await;
            match sent {
                Ok(Ok(answer)) if answer.status() == StatusCode::OK => {
                    self.open = Some((answer, Vec::new()));
                    if self.was_open {
                        eprintln!("… connected again");
                    }
                    (self.was_open, self.pause) = (true, PAUSE);
                    return Ok(());
                }
                Ok(Ok(answer)) if answer.status() != StatusCode::SERVICE_UNAVAILABLE => {
                    let bytes = answer.bytes().await.unwrap_or_default();
                    let answer: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
                    return Err(refused(&answer));
                }
                Ok(Ok(_)) if !self.was_open => {
                    return Err("the gateway has too many who follow it".to_owned());
                }
                _ if !self.was_open => return Err(self.door.not_there()),
                _ => {}
            }
            tokio::time::sleep(self.pause).await;
            self.pause = (self.pause * 2).min(PAUSE_MAX);
        }
        Ok(())
    }

    /// What the query says from the next connection on.
    pub(super) fn note(&mut self, name: &'static str, value: &str) {
        self.noted = Some((name, value.to_owned()));
    }

    /// The next event, over as many connections as it takes.
    ///
    /// # Errors
    /// A sentence for the user, when there will be none.
    pub(super) async fn next(&mut self) -> Result<Came, String> {
        loop {
            self.open().await?;
            let Some((answer, text)) = &mut self.open else { continue };
            while let Some(end) = text.windows(2).position(|it| it == b"\n\n") {
                let event: Vec<u8> = text.drain(..end + 2).collect();
                let event = read(&String::from_utf8_lossy(&event));
                self.last_id = event.id.or(self.last_id.take());
                if let Some(came) = event.came {
                    return Ok(came);
                }
            }
            let chunk = tokio::time::timeout(SILENCE_MAX, answer.chunk()).await;
            match chunk {
                Ok(Ok(Some(chunk))) if text.len() + chunk.len() <= EVENT_BYTES_MAX => {
                    text.extend_from_slice(&chunk);
                }
                _ => {
                    self.open = None;
                    eprintln!("… the gateway has hung up");
                    tokio::time::sleep(self.pause).await;
                }
            }
        }
    }
}

struct Read {
    id: Option<String>,
    came: Option<Came>,
}

/// The fields of one event that we write.
fn read(event: &str) -> Read {
    let field = |name: &str| {
        event.lines().find_map(|line| line.strip_prefix(name)).map(|it| it.trim_start().to_owned())
    };
    let data = field("data:").and_then(|it| serde_json::from_str(&it).ok());
    let name = field("event:");
    let came = name.zip(data).map(|(name, data)| Came { name, data });
    Read { id: field("id:"), came }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_an_id_a_name_and_data() {
        let event = read("id: a-1\nevent: call\ndata: {\"x\": 1}\n\n");
        assert_eq!(event.id.as_deref(), Some("a-1"));
        let came = event.came.unwrap();
        assert_eq!((came.name.as_str(), came.data["x"].as_i64()), ("call", Some(1)));
        for nothing in [":\n\n", "retry: 5\n\n", "event: x\ndata: no json\n\n", "data: 1\n\n"] {
            assert!(read(nothing).came.is_none(), "{nothing:?}");
        }
    }
}
