//! Which wires exist: to the simulator for test sites, to the operator's acquirer for live ones.

use super::simulator::SimulatorAddress;
use super::{Foundation, StartError, failed};
use crate::acquirer::LinkConfig;
use crate::config::Settings;
use crate::gateway::rails::Rails;
use crate::threeds::{NetworkConfig, ThreeDsConfig};

/// Networks whose directory servers the simulator plays.
const SIMULATED_NETWORKS: [&str; 4] = ["VI", "MC", "MS", "AX"];

/// Name of the link to the simulator's host.
const TEST_LINK: &str = "test";

pub(super) fn to_simulator(
    simulator: &SimulatorAddress,
    public_url: &str,
    foundation: &Foundation,
) -> Result<Rails, StartError> {
    let link = LinkConfig {
        name: TEST_LINK.to_owned(),
        address: simulator.host.clone(),
        ..LinkConfig::default()
    };
    let mut three_ds = ThreeDsConfig::default();
    for network in SIMULATED_NETWORKS {
        let directory_urls = vec![format!("{}/ds/{network}", simulator.url)];
        let config = NetworkConfig { directory_urls, ..NetworkConfig::default() };
        three_ds.networks.insert(network.to_owned(), config);
    }
    start(link, three_ds, public_url, foundation)
}

/// `None` where the operator has configured no acquirer.
pub(super) fn to_the_world(
    settings: &Settings,
    public_url: &str,
    foundation: &Foundation,
) -> Result<Option<Rails>, StartError> {
    let link: LinkConfig = settings.acquirer.parse().map_err(failed("read the settings"))?;
    let three_ds: ThreeDsConfig = settings.three_ds.parse().map_err(failed("read the settings"))?;
    if link.address == LinkConfig::default().address {
        return Ok(None);
    }
    start(link, three_ds, public_url, foundation).map(Some)
}

fn start(
    link: LinkConfig,
    three_ds: ThreeDsConfig,
    public_url: &str,
    foundation: &Foundation,
) -> Result<Rails, StartError> {
    let (store, clock) = (foundation.store.clone(), foundation.clock.clone());
    Rails::start(link, three_ds, public_url, store, clock).map_err(failed("set up the wires"))
}
