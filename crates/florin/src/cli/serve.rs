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

fn greet(settings: &Settings, running: &Running, took_ms: u128) {
    let url = &running.gateway.public_url;
    let store = match settings.database_url {
        Some(_) => "PostgreSQL".to_owned(),
        None => settings.data_dir.join("florin.sqlite").display().to_string(),
    };
    println!("Florin {} is ready after {took_ms} ms.", env!("CARGO_PKG_VERSION"));
    println!();
    println!("  API        {url}/v1/json/");
    println!("  data       {store}");
    let Some(site) = &running.first_site else {
        println!("  No test site. Make one with: florin site create --name 'My shop'");
        return;
    };
    println!("  test site  {}", site.site_id);
    println!("  API key    {}", site.api_key.as_str());
    println!();
    println!("Take a payment (then open the payment_url of the answer in a browser):");
    println!();
    println!("curl -s '{url}/v1/json/orders' \\");
    println!("  -H 'api_key: {}' -H 'Content-Type: application/json' \\", site.api_key.as_str());
    println!("  -d '{}'", SAMPLE_ORDER.trim());
    println!();
    println!(
        "Then  curl -s '{url}/v1/json/orders/my-order-id-1' -H 'api_key: …'   shows the order,"
    );
    println!(
        "      curl -s '{url}/test/host' -H 'api_key: …'                      the host's books,"
    );
    println!(
        "      florin demo                                                    tells the whole story."
    );
    println!("Stop with Ctrl-C.");
}

/// Ctrl-C, or SIGTERM from a service manager.
async fn wait_for_the_end() {
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
