//! What the page of the test platform says of this process.

use std::net::SocketAddr;

use super::simulator::SimulatorAddress;
use crate::config::Settings;
use crate::workbench::Workbench;

/// The parts that run, each with where it is; no address that opens anything.
pub(super) fn of(
    settings: &Settings,
    address: SocketAddr,
    simulator: Option<&SimulatorAddress>,
) -> Workbench {
    let store = match settings.database_url {
        Some(_) => "PostgreSQL".to_owned(),
        None => format!("SQLite, {}", settings.data_dir.join("florin.sqlite").display()),
    };
    let mut parts = vec![
        ("Version", env!("CARGO_PKG_VERSION").to_owned()),
        ("Listens on", address.to_string()),
        ("Store", store),
    ];
    if let Some(simulator) = simulator {
        let place = if simulator.running.is_some() { "here" } else { "elsewhere" };
        parts.extend([
            ("Simulator", place.to_owned()),
            ("Host (ISO 8583)", simulator.host.clone()),
            ("Directory servers", format!("{}/ds/", simulator.url)),
            ("ACS", format!("{}/acs/", simulator.url)),
        ]);
    }
    Workbench { open_to: settings.workbench.open_to, parts, ..Workbench::default() }
}
