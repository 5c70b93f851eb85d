//! `florin serve`: starts, says where to look, and stops in order.

use std::sync::Arc;

use crate::app::{self, Running};
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::vault::SystemRandom;

/// The request that the greeting offers to paste. Notifications go to a port that need not be
/// open: then they are retried, and seen in the log.
pub(super) const SAMPLE_ORDER: &str = include_str!("../../testdata/sample-order.json");

pub(super) async fn serve(settings: Settings) -> Result<(), String> {
    let started = std::time::Instant::now();
    let running = app::start(&settings, Arc::new(SystemClock), Arc::new(SystemRandom))
        .await
        .map_err(|error| error.to_string())?;
    greet(&settings, &running, started.elapsed().as_millis());
    wait_for_the_end().await;
    eprintln!("florin: finishing what is in flight …");
    running.stop().await;
    Ok(())
}

/// Nobody may be reading what we say (any more): that is no reason to stop.
fn greet(settings: &Settings, running: &Running, took_ms: u128) {
    use std::io::Write;
    let text = greeting(settings, running, took_ms);
    let mut out = std::io::stdout();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn greeting(settings: &Settings, running: &Running, took_ms: u128) -> String {
    let url = &running.gateway.public_url;
    let store = match settings.database_url {
        Some(_) => "PostgreSQL".to_owned(),
        None => settings.data_dir.join("florin.sqlite").display().to_string(),
    };
    let version = env!("CARGO_PKG_VERSION");
    let mut text = format!(
        "Florin {version} is ready after {took_ms} ms.\n\n  API        {url}/v1/json/\n  data       {store}\n"
    );
    let Some(site) = &running.first_site else {
        text.push_str("  No test site. Make one with: florin site create --name 'My shop'\n");
        return text;
    };
    let (id, key, sample) = (site.site_id, site.api_key.as_str(), SAMPLE_ORDER.trim());
    text.push_str(&format!(
        "  test site  {id}
  API key    {key}

Take a payment (then open the payment_url of the answer in a browser):

curl -s '{url}/v1/json/orders' \\
  -H 'api_key: {key}' -H 'Content-Type: application/json' \\
  -d '{sample}'

Then  curl -s '{url}/v1/json/orders/my-order-id-1' -H 'api_key: {key}'   shows the order,
      curl -s '{url}/test/host' -H 'api_key: {key}'   shows the host's books,
      florin demo   tells the whole story with the messages on the wire.
Stop with Ctrl-C.
"
    ));
    text
}

/// Ctrl-C, or SIGTERM from a service manager.
pub(super) async fn wait_for_the_end() {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupted = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => tokio::select! {
            _ = interrupted => {}
            _ = terminated.recv() => {}
        },
        Err(_) => {
            let _ = interrupted.await;
        }
    }
}
