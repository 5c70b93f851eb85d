//! Server-sent events: an answer that is written as things happen, for whoever follows them.
//!
//! How many may follow is bounded, and so is what waits for one who does not read: then the writer
//! waits, and what it would have said meanwhile is its own business.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Response, header};
use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::channel::{Channel, Sender};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, timeout, timeout_at};

use crate::limits::{LISTENERS_MAX, STREAM_BEAT_MS, STREAM_EVENTS_MAX, STREAM_LASTS_MS};

/// The media type of a stream.
pub const MEDIA: &str = "text/event-stream";

/// Longest id of an event that is looked at.
const ID_CHARS_MAX: usize = 64;

/// Who follows in this process, and whether it is about to end.
pub struct Followers {
    places: Arc<Semaphore>,
    /// A name of this process, made when the first one follows.
    boot: OnceLock<String>,
    ending: watch::Sender<bool>,
}

impl Default for Followers {
    fn default() -> Followers {
        Followers {
            places: Arc::new(Semaphore::new(LISTENERS_MAX)),
            boot: OnceLock::new(),
            ending: watch::Sender::new(false),
        }
    }
}

impl Followers {
    /// Room for one more; `None` when there are enough.
    pub fn admit(&self) -> Option<Place> {
        let permit = self.places.clone().try_acquire_owned().ok()?;
        Some(Place { permit, ending: self.ending.subscribe() })
    }

    /// The name of this process in the ids of events, by which what another one has told is known.
    pub fn boot(&self, make: impl FnOnce() -> String) -> String {
        self.boot.get_or_init(make).clone()
    }

    /// Ends every stream, for the process does.
    pub fn end(&self) {
        self.ending.send_replace(true);
    }
}

/// The place of one who follows; it is free again when the answer has gone.
pub struct Place {
    permit: OwnedSemaphorePermit,
    ending: watch::Receiver<bool>,
}

/// One thing that happened.
pub struct Event {
    /// What a follower that comes back names as the last one it has seen.
    pub id: String,
    /// What kind of thing.
    pub name: &'static str,
    /// JSON in one line.
    pub data: String,
}

/// The writing end of a stream.
pub struct Stream {
    sender: Sender<Bytes>,
    ending: watch::Receiver<bool>,
    until: Instant,
    beat: Duration,
}

/// A stream and the answer that it is written into.
pub fn open(place: Place) -> (Stream, Response<Body>) {
    let (sender, channel) = Channel::<Bytes>::new(STREAM_EVENTS_MAX);
    let permit = place.permit;
    // The answer holds the place, so that it is free as soon as the caller has hung up.
    let body = channel.map_frame(move |frame| {
        let _held = &permit;
        frame
    });
    let answer = Response::builder()
        .header(header::CONTENT_TYPE, MEDIA)
        .header(header::CACHE_CONTROL, "no-store")
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header("cross-origin-resource-policy", "same-origin")
        // nginx would keep events back until it has a buffer full.
        .header("x-accel-buffering", "no")
        .body(Body::new(body))
        .expect("the parts of the answer are valid");
    let until = Instant::now() + Duration::from_millis(STREAM_LASTS_MS);
    (
        Stream { sender, ending: place.ending, until, beat: Duration::from_millis(STREAM_BEAT_MS) },
        answer,
    )
}

/// The id of the last event that a follower has seen, if it comes back.
pub fn last_seen(headers: &HeaderMap) -> Option<&str> {
    let id = headers.get("last-event-id")?.to_str().ok()?.trim();
    (!id.is_empty() && id.len() <= ID_CHARS_MAX).then_some(id)
}

/// The id of the thing with this number in this process.
pub fn id(boot: &str, number: u64) -> String {
    format!("{boot}-{number}")
}

/// The number in an id of this process.
pub fn number_of(id: &str, boot: &str) -> Option<u64> {
    id.strip_prefix(boot)?.strip_prefix('-')?.parse().ok()
}

/// Nobody reads any more, or nothing shall be written any more.
#[derive(Debug)]
pub struct Over;

impl Stream {
    /// Says how long a follower waits before it comes back, in milliseconds.
    ///
    /// # Errors
    /// [`Over`].
    pub async fn retry(&mut self, ms: u64) -> Result<(), Over> {
        self.write(format!("retry: {ms}\n\n")).await
    }

    /// Tells of an event.
    ///
    /// # Errors
    /// [`Over`].
    pub async fn tell(&mut self, event: &Event) -> Result<(), Over> {
        debug_assert!(!event.data.contains(['\n', '\r']), "JSON in one line has no line breaks");
        let Event { id, name, data } = event;
        self.write(format!("id: {id}\nevent: {name}\ndata: {data}\n\n")).await
    }

    /// Waits for `next`, and says now and then that there is nothing.
    ///
    /// # Errors
    /// [`Over`].
    pub async fn wait<F: Future>(&mut self, next: F) -> Result<F::Output, Over> {
        let mut next = std::pin::pin!(next);
        let mut ending = self.ending.clone();
        loop {
            if *ending.borrow() || Instant::now() >= self.until {
                return Err(Over);
            }
            let beat = Instant::now() + self.beat;
            tokio::select! {
                biased;
                _ = ending.changed() => return Err(Over),
                came = timeout_at(beat.min(self.until), &mut next) => match came {
                    Ok(came) => return Ok(came),
                    Err(_) => self.write(":\n\n".to_owned()).await?,
                }
            }
        }
    }

    async fn write(&mut self, text: String) -> Result<(), Over> {
        // One who has not read for so long is not there.
        let patience = 2 * self.beat;
        match timeout(patience, self.sender.send_data(Bytes::from(text))).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Over),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_place_is_free_again_when_the_answer_has_gone() {
        let followers = Followers::default();
        let mut open_ones = Vec::new();
        for _ in 0..LISTENERS_MAX {
            open_ones.push(open(followers.admit().expect("there is room")));
        }
        assert!(followers.admit().is_none(), "one too many");
        let (_, answer) = open_ones.pop().unwrap();
        drop(answer);
        assert!(followers.admit().is_some());
    }

    #[tokio::test]
    async fn who_does_not_read_is_waited_for_and_then_given_up() {
        let followers = Followers::default();
        let (mut stream, answer) = open(followers.admit().unwrap());
        stream.beat = Duration::from_millis(20);
        let mut told = 0;
        while stream
            .tell(&Event { id: "1".to_owned(), name: "x", data: "{}".to_owned() })
            .await
            .is_ok()
        {
            told += 1;
        }
        assert_eq!(told, STREAM_EVENTS_MAX, "a bounded queue");
        drop(answer);
    }

    #[tokio::test]
    async fn a_stream_ends_with_the_process_and_with_its_reader() {
        let followers = Followers::default();
        let (mut stream, answer) = open(followers.admit().unwrap());
        let (mut other, gone) = open(followers.admit().unwrap());
        other.beat = Duration::from_millis(20);
        drop(gone);
        assert!(other.wait(std::future::pending::<()>()).await.is_err(), "the next beat tells");
        assert!(stream.wait(async {}).await.is_ok());
        followers.end();
        assert!(stream.wait(std::future::pending::<()>()).await.is_err());
        drop(answer);
    }

    #[test]
    fn an_id_of_another_process_has_no_number_here() {
        assert_eq!(number_of(&id("ab", 7), "ab"), Some(7));
        assert_eq!(number_of(&id("ab", 7), "a"), None);
        assert_eq!(number_of("ab-x", "ab"), None);
    }

    #[test]
    fn the_last_id_is_a_short_text() {
        let seen = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("last-event-id", text.parse().unwrap());
            last_seen(&headers).map(str::to_owned)
        };
        assert_eq!(seen(" a-1 ").as_deref(), Some("a-1"));
        assert_eq!(seen(""), None);
        assert_eq!(seen(&"9".repeat(ID_CHARS_MAX + 1)), None);
    }
}
