//! The world outside a card payment gateway: acquirer's host, directory servers, issuers, and the
//! providers of other methods.
//!
//! For tests, demos and benchmarks. Of a gateway it knows only the two message formats and how
//! payers' languages are written, and it is reached only over the wires, so that a mistake in a
//! gateway's mapping cannot cancel itself out. Listed in the order in which a newcomer should read
//! them.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use florin_sim::{Simulator, SimulatorConfig};
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let simulator = Simulator::start(SimulatorConfig {
//!     public_url: format!("http://{}", listener.local_addr()?),
//!     control_token: "secret".to_owned().into(),
//!     ..SimulatorConfig::default()
//! })
//! .await?;
//! println!("ISO 8583 host at {}", simulator.host_address());
//! simulator.serve(listener).await?;
//! # Ok(())
//! # }
//! ```

pub mod cards;
mod config;
mod surroundings;
mod simulator;
pub mod books;
mod host;
mod proof;
mod page;
mod threeds;
mod methods;
pub mod faults;
mod transcript;
mod settlement_file;
mod control;
mod journal;
mod shared;
mod limits;

pub use config::SimulatorConfig;
pub use control::EntryView;
pub use faults::{CutWhen, FaultOrder};
pub use host::mac::MacConfig;
pub use methods::ProviderPayment;
pub use simulator::{Simulator, StartError};
pub use surroundings::Surroundings;
pub use transcript::Passed;
