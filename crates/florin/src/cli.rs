//! Commands of the binary. Options become settings, so that there is one place where a setting
//! is read and checked.

mod account;
mod block;
mod chargeback;
mod csv;
mod days;
mod demo;
mod describe;
mod follow;
mod ledger;
mod listen;
mod logs;
mod notifications;
mod page_check;
mod report;
mod review;
mod risk;
mod serve;
mod simulator;
mod site;
mod spreadsheet;
mod trigger;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::acquirer::LinkConfig;
use crate::config::{LogFormat, Settings};
use crate::gateway::risk::CountryTables;
use crate::threeds::ThreeDsConfig;
use crate::vault::MaskingMakeWriter;

/// A card payment gateway that speaks MultiSafepay's JSON API, runs on a laptop, and tells the
/// truth about money.
#[derive(Parser)]
#[command(name = "florin", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the gateway.
    #[command(after_help = SERVE_HELP)]
    Serve(Common),
    /// Checks or prints the settings.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
        #[command(flatten)]
        common: Common,
    },
    /// Lists and changes sites and their keys.
    Site {
        #[command(subcommand)]
        command: site::SiteCommand,
        #[command(flatten)]
        common: Common,
    },
    /// Lists the accounts, and changes their keys.
    Account {
        #[command(subcommand)]
        command: account::AccountCommand,
        #[command(flatten)]
        common: Common,
    },
    /// Takes on chargebacks, and moves disputes on.
    Chargeback {
        #[command(subcommand)]
        command: chargeback::ChargebackCommand,
        #[command(flatten)]
        common: Common,
    },
    /// Shows and changes by which rules payments are judged.
    Risk {
        #[command(subcommand)]
        command: risk::RiskCommand,
        #[command(flatten)]
        common: Common,
    },
    /// Lists and changes what is declined before anything is sent.
    Block {
        #[command(subcommand)]
        command: block::BlockCommand,
        #[command(flatten)]
        common: Common,
    },
    /// Lists payments that are held, and decides on them.
    Review {
        #[command(subcommand)]
        command: review::ReviewCommand,
        #[command(flatten)]
        common: Common,
    },
    /// Lists what shops were told, and tells them again.
    Notifications {
        #[command(subcommand)]
        command: notifications::NotificationsCommand,
        #[command(flatten)]
        common: Common,
    },
    /// Makes a payment on a running test gateway reach a state.
    Trigger(trigger::TriggerOptions),
    /// Hands the notifications of a test site to a program on this machine.
    Listen(listen::ListenOptions),
    /// Shows the calls that a running gateway answers, with card data masked.
    Logs(logs::LogsOptions),
    /// Checks the books, and compares them with an acquirer's file.
    Ledger {
        #[command(subcommand)]
        command: ledger::LedgerCommand,
        #[command(flatten)]
        common: Common,
    },
    /// Lists what was paid, captured and refunded in a period.
    Report {
        #[command(subcommand)]
        command: report::ReportCommand,
        #[command(flatten)]
        common: Common,
    },
    /// Fetches a payment page and says what on it is not from this binary (PCI DSS 6.4.3, 11.6.1).
    ///
    /// Run it from outside, by the way that payers come, at least weekly; it fails if anything was
    /// changed on that way.
    PageCheck {
        /// The address of a page: a `payment_url`, or `/pay/` and anything.
        url: String,
    },
    /// Takes a payment on a throwaway gateway and tells every step of it.
    Demo,
    /// Runs acquirer, directory servers and ACS alone, for several gateways on one database.
    Simulator(simulator::SimulatorOptions),
    /// Prints an ISO 8583 message in words, with card data masked.
    Describe {
        /// The message in hexadecimal digits, with or without a frame; `-` reads standard input,
        /// which keeps it out of the shell's history.
        #[arg(value_name = "HEX")]
        digits: String,
        /// How it is encoded; told by its first byte when absent.
        #[arg(long, value_enum)]
        encoding: Option<describe::EncodingChoice>,
    },
}

/// What the options of `serve` do not say.
const SERVE_HELP: &str = "\
Every setting can also be given in the file or as a variable; `florin config print` lists them:
  FLORIN_LISTEN, FLORIN_HTTP__CONNECTIONS_MAX, …
  FLORIN_TEST_API_KEY fixes the key of the test site, for CI.";

#[derive(Subcommand)]
enum ConfigCommand {
    /// Says whether the settings can be used.
    Check,
    /// Prints every setting and where it comes from; secrets are hidden.
    Print,
}

/// Options that every command that touches the data has.
#[derive(Args, Clone, Debug, Default)]
struct Common {
    /// Address and port to listen on; the default is 127.0.0.1:8080.
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// Folder of the database and the key file; the default is ./florin-data.
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// postgres://… instead of the SQLite file in the folder.
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
    /// Settings file (TOML).
    #[arg(long, global = true, value_name = "FILE", env = "FLORIN_CONFIG")]
    config: Option<PathBuf>,
}

impl Common {
    /// Settings from defaults, file, variables and these options, in that order.
    fn settings(&self) -> Result<Settings, String> {
        let text = |path: &PathBuf| path.display().to_string();
        let options = [
            ("FLORIN_LISTEN", self.listen.clone()),
            ("FLORIN_DATA_DIR", self.data.as_ref().map(text)),
            ("FLORIN_DATABASE_URL", self.database_url.clone()),
        ];
        let options =
            options.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Settings::load(self.config.as_deref(), std::env::vars().chain(options))
            .map_err(|error| error.to_string())
    }
}

/// Reads the command line and does what it says.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Command::Serve(common) => common.settings().and_then(|settings| {
            start_log(&settings);
            in_runtime(serve::serve(settings))
        }),
        Command::Config { command, common } => {
            common.settings().and_then(|settings| config(&settings, &command))
        }
        Command::Site { command, common } => {
            common.settings().and_then(|settings| in_runtime(site::run(settings, command)))
        }
        Command::Account { command, common } => {
            common.settings().and_then(|settings| in_runtime(account::run(settings, command)))
        }
        Command::Chargeback { command, common } => {
            common.settings().and_then(|settings| in_runtime(chargeback::run(settings, command)))
        }
        Command::Risk { command, common } => {
            common.settings().and_then(|settings| in_runtime(risk::run(settings, command)))
        }
        Command::Block { command, common } => {
            common.settings().and_then(|settings| in_runtime(block::run(settings, command)))
        }
        Command::Review { command, common } => {
            common.settings().and_then(|settings| in_runtime(review::run(settings, command)))
        }
        Command::Notifications { command, common } => {
            common.settings().and_then(|settings| in_runtime(notifications::run(settings, command)))
        }
        Command::Trigger(options) => in_runtime(trigger::run(options)),
        Command::Listen(options) => in_runtime(listen::run(options)),
        Command::Logs(options) => in_runtime(logs::run(options)),
        Command::Ledger { command, common } => {
            common.settings().and_then(|settings| in_runtime(ledger::run(settings, command)))
        }
        Command::Report { command, common } => {
            common.settings().and_then(|settings| in_runtime(report::run(settings, command)))
        }
        Command::PageCheck { url } => in_runtime(page_check::run(url)),
        Command::Demo => in_runtime(demo::run()),
        Command::Simulator(options) => Settings::load(None, std::env::vars())
            .map_err(|error| error.to_string())
            .and_then(|settings| {
                start_log(&settings);
                in_runtime(simulator::run(options))
            }),
        Command::Describe { digits, encoding } => describe::run(&digits, encoding),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("florin: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The sections of the acquirer and of 3-D Secure, and the tables of countries, are read as a start
/// would read them.
fn config(settings: &Settings, command: &ConfigCommand) -> Result<(), String> {
    match command {
        ConfigCommand::Check => {
            let acquirer = settings.acquirer.parse::<LinkConfig>().map(drop);
            let three_ds = settings.three_ds.parse::<ThreeDsConfig>().map(drop);
            acquirer.and(three_ds).map_err(|error| error.to_string())?;
            let files = &settings.risk;
            CountryTables::read(files.ip_countries.as_deref(), files.bin_countries.as_deref())?;
            println!("The settings can be used.");
        }
        ConfigCommand::Print => print!("{}", settings.print()),
    }
    Ok(())
}

fn in_runtime<F>(work: F) -> Result<(), String>
where
    F: Future<Output = Result<(), String>>,
{
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start: {error}"))?
        .block_on(work)
}

/// The log goes to standard error, with anything that looks like a card number masked.
fn start_log(settings: &Settings) {
    use tracing_subscriber::EnvFilter;
    let filter =
        EnvFilter::try_new(&settings.log.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let writer = MaskingMakeWriter::new(std::io::stderr);
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    // A second start in one process keeps the first log.
    let _ = match settings.log.format {
        LogFormat::Text => log.with_ansi(false).try_init(),
        LogFormat::Json => log.json().try_init(),
    };
}
