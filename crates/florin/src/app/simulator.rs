//! Starts the simulator in this process, or names the one that runs elsewhere.
//!
//! The gateway reaches either over the same wires: ISO 8583 over TCP, 3-D Secure over HTTP.

use florin_sim::{Simulator, SimulatorConfig};

use super::{StartError, failed};
use crate::config::Settings;
use crate::vault::Random;

/// Where a simulator is.
pub(super) struct SimulatorAddress {
    /// Its ISO 8583 host.
    pub(super) host: String,
    /// Base of its HTTP paths; no slash at its end.
    pub(super) url: String,
    /// Opens its control interface.
    pub(super) token: String,
    /// The simulator itself, when it runs in this process; it ends when this is dropped.
    pub(super) running: Option<Simulator>,
}

pub(super) async fn start(
    settings: &Settings,
    public_url: &str,
    random: &dyn Random,
) -> Result<Option<SimulatorAddress>, StartError> {
    let simulator = &settings.simulator;
    let token = simulator.token.as_ref().map(|token| token.expose().to_owned());
    if simulator.enabled {
        let token = token.unwrap_or_else(|| {
            let mut bytes = [0u8; 24];
            random.fill(&mut bytes);
            hex::encode(bytes)
        });
        let url = format!("{public_url}/sim");
        let config = SimulatorConfig {
            host_listen: simulator.host_listen.to_string(),
            journal: Some(settings.data_dir.join("simulator.journal")),
            public_url: url.clone(),
            control_token: token.clone().into(),
            ..SimulatorConfig::default()
        };
        let running = Simulator::start(config).await.map_err(failed("start the simulator"))?;
        let host = running.host_address().to_string();
        return Ok(Some(SimulatorAddress { host, url, token, running: Some(running) }));
    }
    match (&simulator.url, &simulator.host) {
        (Some(url), Some(host)) => Ok(Some(SimulatorAddress {
            host: host.clone(),
            url: url.trim_end_matches('/').to_owned(),
            token: token.unwrap_or_default(),
            running: None,
        })),
        _ => Ok(None),
    }
}
