//! `florin simulator`: the acquirer's host, directory servers and ACS in a process of their own,
//! for several gateways that share one database. For test sites; it moves no money.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use florin_sim::{Simulator, SimulatorConfig};
use tokio::net::TcpListener;
use zeroize::Zeroizing;

use super::serve::wait_for_the_end;
use crate::vault::{Random, SystemRandom};

/// Random bytes of a token that nobody gave.
const TOKEN_BYTES: usize = 24;

/// Options of the command.
#[derive(Args)]
pub(super) struct SimulatorOptions {
    /// Address and port of directory servers, ACS and control calls.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Address and port of the ISO 8583 host.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8583")]
    host_listen: SocketAddr,
    /// How payers' browsers and the gateways reach it; the default is http:// and its address.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Keeps the host's books in this file; without it they end with the process.
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// Token for control calls, better given as the variable; a random one is printed otherwise.
    #[arg(long, value_name = "TEXT", env = "FLORIN_SIMULATOR__TOKEN", hide_env_values = true)]
    token: Option<String>,
}

/// Runs until Ctrl-C or SIGTERM.
pub(super) async fn run(options: SimulatorOptions) -> Result<(), String> {
    let listener = TcpListener::bind(options.listen)
        .await
        .map_err(|it| format!("cannot listen on {}: {it}", options.listen))?;
    let address = listener.local_addr().map_err(|it| format!("cannot listen: {it}"))?;
    let public_url = public_url(options.public_url.as_deref(), address)?;
    // Only a token that we made is told: one that was given is known already.
    let (token, is_new) = match options.token.filter(|it| !it.is_empty()) {
        Some(token) => (Zeroizing::new(token), false),
        None => (random_token(), true),
    };
    let simulator = Simulator::start(SimulatorConfig {
        host_listen: options.host_listen.to_string(),
        journal: options.journal,
        public_url: public_url.clone(),
        control_token: token.clone(),
        ..SimulatorConfig::default()
    })
    .await
    .map_err(|it| format!("cannot start: {it}"))?;
    let shown = if is_new { token.as_str() } else { "(as given)" };
    let text = greeting(&public_url, simulator.host_address(), shown);
    // Nobody may be reading: that is no reason to stop.
    let mut out = std::io::stdout();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    let until_told = async {
        wait_for_the_end().await;
        simulator.stop();
    };
    let (served, ()) = tokio::join!(simulator.serve(listener), until_told);
    served.map_err(|it| format!("cannot serve: {it}"))
}

fn public_url(given: Option<&str>, address: SocketAddr) -> Result<String, String> {
    let Some(text) = given else { return Ok(format!("http://{address}")) };
    match url::Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => {
            Ok(text.trim_end_matches('/').to_owned())
        }
        _ => Err("--public-url: it is not an http or https URL".to_owned()),
    }
}

fn random_token() -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([0u8; TOKEN_BYTES]);
    SystemRandom.fill(&mut bytes[..]);
    Zeroizing::new(hex::encode(&bytes[..]))
}

fn greeting(url: &str, host: SocketAddr, token: &str) -> String {
    format!(
        "The simulator is ready.

  directory servers, ACS, controls  {url}
  ISO 8583 host                     {host}

Each gateway needs:

FLORIN_SIMULATOR__ENABLED=false
FLORIN_SIMULATOR__URL={url}
FLORIN_SIMULATOR__HOST={host}
FLORIN_SIMULATOR__TOKEN={token}

Stop with Ctrl-C.
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_url_is_the_address_unless_a_web_address_is_given() {
        let address = SocketAddr::from(([127, 0, 0, 1], 8090));
        assert_eq!(public_url(None, address).unwrap(), "http://127.0.0.1:8090");
        assert_eq!(
            public_url(Some("https://sim.example/"), address).unwrap(),
            "https://sim.example"
        );
        for bad in ["sim.example", "ftp://sim.example", ""] {
            assert!(public_url(Some(bad), address).is_err(), "{bad}");
        }
    }

    #[test]
    fn tokens_that_nobody_gave_differ() {
        let (first, second) = (random_token(), random_token());
        assert_eq!(first.len(), 2 * TOKEN_BYTES);
        assert_ne!(first, second);
    }
}
