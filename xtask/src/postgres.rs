//! A PostgreSQL cluster of our own: made, started, and gone when it is dropped.
//!
//! Nothing of a PostgreSQL that the machine may run is touched. It listens on the loopback
//! address only and syncs to disk like one in earnest, because what is durable is under test.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::process::{Ending, Running, command, command_ending_by, run_quietly};
use crate::{places, tools};

/// The superuser of the cluster, who needs no password from this machine.
const USER: &str = "florin";
/// Users that PostgreSQL can run as when we are root, which it refuses to be; the first that exists.
const USERS: &[&str] = &["postgres", "nobody"];
const CONNECTIONS_MAX: u32 = 200;
const START_WAIT: Duration = Duration::from_secs(60);
const STOP_WAIT: Duration = Duration::from_secs(30);
const POLL_EVERY: Duration = Duration::from_millis(50);

/// A running cluster.
pub(crate) struct Cluster {
    server: Option<Running>,
    port: u16,
    folder: PathBuf,
}

impl Cluster {
    /// Makes and starts a cluster called `name`; its log is `test-output/postgres-NAME.log`.
    pub(crate) fn start(name: &str) -> Result<Cluster, String> {
        let user = if tools::is_root() { Some(other_user()?) } else { None };
        let folder = make_folder(name, user)?;
        let data = folder.join("data");

        let mut initdb = as_user(user, Ending::Terminate, &program("initdb")?);
        initdb.arg("--pgdata").arg(&data).args(["--username", USER, "--auth", "trust"]);
        initdb.args(["--encoding", "UTF8", "--no-locale"]);
        run_quietly("initdb", &mut initdb)?;

        let port = free_port()?;
        let mut server = as_user(user, Ending::Interrupt, &program("postgres")?);
        server.arg("-D").arg(&data).args(["-p", &port.to_string()]);
        for setting in [
            "listen_addresses=127.0.0.1".to_owned(),
            // A socket's path may be too long for it; TCP does.
            "unix_socket_directories=".to_owned(),
            format!("max_connections={CONNECTIONS_MAX}"),
            "fsync=on".to_owned(),
        ] {
            server.arg("-c").arg(setting);
        }
        let log = places::test_output().join(format!("postgres-{name}.log"));
        let server = Running::start("postgres", &mut server, Ending::Interrupt, STOP_WAIT, &log)?;
        let mut cluster = Cluster { server: Some(server), port, folder };
        cluster.wait_until_ready(&log)?;
        Ok(cluster)
    }

    /// Where it is reached, as its superuser.
    pub(crate) fn url(&self) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/postgres", self.port)
    }

    /// Its files: tables, log of changes, everything.
    pub(crate) fn files(&self) -> &Path {
        &self.folder
    }

    /// Stops the server; the files stay until the cluster is dropped.
    pub(crate) fn stop(&mut self) -> Result<(), String> {
        self.server.take().map_or(Ok(()), Running::stop)
    }

    fn wait_until_ready(&mut self, log: &Path) -> Result<(), String> {
        let until = Instant::now() + START_WAIT;
        // The port opens when the server is about to take connections; its log says when it does.
        let ready = |log: &Path| {
            TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok()
                && std::fs::read_to_string(log).is_ok_and(|text| text.contains("ready to accept"))
        };
        while !ready(log) {
            let ended = self.server.as_mut().map_or(Ok(None), Running::ended)?;
            if ended.is_some() || Instant::now() > until {
                let said = std::fs::read_to_string(log).unwrap_or_default();
                return Err(format!("PostgreSQL did not start:\n{said}"));
            }
            std::thread::sleep(POLL_EVERY);
        }
        Ok(())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.stop();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A port of the loopback address that nobody listens on at this moment.
pub(crate) fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let address = listener.and_then(|it| it.local_addr());
    address.map(|it| it.port()).map_err(|error| format!("no free port: {error}"))
}

fn program(name: &str) -> Result<PathBuf, String> {
    tools::postgres_program(name).ok_or_else(|| format!("PostgreSQL's {name} not found"))
}

fn other_user() -> Result<&'static str, String> {
    let exists = |user: &&&str| run_quietly("id", command("id").args(["-u", user])).is_ok();
    let found = USERS.iter().find(exists).copied();
    found.ok_or_else(|| format!("PostgreSQL does not run as root, and none of {USERS:?} exists"))
}

/// A folder that `user` may enter and owns: below `target/`, or, when a folder above that is closed
/// to that user (a clone in root's home), below the machine's folder for temporary files.
fn make_folder(name: &str, user: Option<&str>) -> Result<PathBuf, String> {
    let temporary = std::env::temp_dir().join(format!("florin-{}-{name}", std::process::id()));
    for folder in [places::this_run().join(format!("postgres-{name}")), temporary] {
        let cannot = |error| format!("cannot make {}: {error}", folder.display());
        std::fs::create_dir_all(&folder).map_err(cannot)?;
        let Some(user) = user else {
            return Ok(folder);
        };
        run_quietly("chown", command("chown").arg(user).arg(&folder))?;
        let mut look = as_user(Some(user), Ending::Terminate, Path::new("test"));
        if run_quietly("test", look.arg("-w").arg(&folder)).is_ok() {
            return Ok(folder);
        }
        let _ = std::fs::remove_dir(&folder);
    }
    Err("no folder found that PostgreSQL's user can enter".to_owned())
}

/// A command that runs as `user`, if one is given; that takes being root, and `setpriv`.
fn as_user(user: Option<&str>, ending: Ending, program: &Path) -> Command {
    let Some(user) = user else {
        return command_ending_by(ending, program);
    };
    let mut command = command_ending_by(ending, "setpriv");
    command.args(["--reuid", user, "--regid"]).arg(group_of(user)).arg("--clear-groups");
    // Leaving root behind forgets the signal that was asked for, so it is asked for again.
    command.args(["--pdeathsig", ending.signal()]).arg(program);
    // Whoever it is may not enter the folder that we are in.
    command.current_dir("/");
    command
}

fn group_of(user: &str) -> String {
    let group = run_quietly("id", command("id").args(["-g", user]));
    group.map_or_else(|_| user.to_owned(), |text| text.trim().to_owned())
}
