//! Gateways and simulators as processes, and how they die.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;

pub(crate) const API_KEY: &str = "florin-crash-key-000000000000000000000001";

/// How long a start may take, on a machine that is busy.
const START_WAIT: Duration = Duration::from_secs(60);
/// How long the threads of a process may take to stop: a call to the kernel ends first.
const HOLD_WAIT: Duration = Duration::from_secs(20);
/// Longer than a gateway ever takes to answer.
const ANSWER_WAIT: Duration = Duration::from_secs(25);
const TOKEN: &str = "a-token-that-the-tests-share";
const KEK: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// A program that dies with this value.
pub(crate) struct Process {
    child: Child,
    pub(crate) base: String,
}

impl Process {
    fn spawn(command: &mut Command, base: String) -> Process {
        let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log());
        Process { child: command.spawn().unwrap(), base }
    }

    /// SIGKILL on this platform: no handler runs.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }

    /// Stops it in its tracks; it is stopped when this returns, with each call to the kernel that
    /// was under way at its end.
    pub(crate) async fn hold(&self) {
        self.signal("-STOP");
        let begun = Instant::now();
        while !self.is_held() {
            assert!(begun.elapsed() < HOLD_WAIT, "a thread of it does not stop");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Lets it go on.
    pub(crate) fn release(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.child.id().to_string()]).status();
        assert!(status.unwrap().success());
    }

    /// Whether all its threads are stopped, as proc(5) tells: the state is the first word after
    /// the program's name, which stands in parentheses.
    fn is_held(&self) -> bool {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        threads.map(|thread| thread.unwrap().path().join("stat")).all(|stat| {
            let text = std::fs::read_to_string(stat).unwrap_or_default();
            text.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with('T'))
        })
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Where programs complain: in a file that `CRASHES_LOG` names, else nowhere.
fn log() -> Stdio {
    let Some(path) = std::env::var_os("CRASHES_LOG") else { return Stdio::null() };
    std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap().into()
}

/// The acquirer's host, directory servers and ACS in a process that nothing happens to.
pub(crate) struct Simulator {
    process: Process,
    host: String,
}

impl Simulator {
    pub(crate) async fn start(journal: &Path) -> Simulator {
        let (port, host) = (free_port(), format!("127.0.0.1:{}", free_port()));
        let mut command = Command::new(env!("CARGO_BIN_EXE_florin"));
        command.args(["simulator", "--listen", &format!("127.0.0.1:{port}")]);
        command.args(["--host-listen", &host, "--journal"]).arg(journal);
        command.env("FLORIN_SIMULATOR__TOKEN", TOKEN);
        let process = Process::spawn(&mut command, format!("http://127.0.0.1:{port}"));
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < START_WAIT, "the simulator does not come up");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Simulator { process, host }
    }
}

/// A gateway that can be started again and again: the same port, folder and settings.
#[derive(Clone)]
pub(crate) struct Gateway {
    port: u16,
    folder: PathBuf,
    settings: Vec<(&'static str, String)>,
}

impl Gateway {
    /// A gateway over SQLite in this folder, or over PostgreSQL.
    pub(crate) fn new(simulator: &Simulator, folder: &Path, database: Option<&str>) -> Gateway {
        let mut settings = vec![
            ("FLORIN_TEST_API_KEY", API_KEY.to_owned()),
            ("FLORIN_LOG__FILTER", std::env::var("CRASHES_FILTER").unwrap_or("error".into())),
            ("FLORIN_VAULT__KEK_HEX", KEK.to_owned()),
            ("FLORIN_SIMULATOR__ENABLED", "false".to_owned()),
            ("FLORIN_SIMULATOR__TOKEN", TOKEN.to_owned()),
            ("FLORIN_SIMULATOR__URL", simulator.process.base.clone()),
            ("FLORIN_SIMULATOR__HOST", simulator.host.clone()),
        ];
        settings.extend(database.map(|url| ("FLORIN_DATABASE_URL", url.to_owned())));
        Gateway { port: free_port(), folder: folder.to_owned(), settings }
    }

    /// The same with this setting.
    pub(crate) fn with(mut self, name: &'static str, value: String) -> Gateway {
        self.settings.push((name, value));
        self
    }

    /// A gateway with a simulator of its own inside, which dies with it.
    pub(crate) fn alone(folder: &Path) -> Gateway {
        let settings = vec![
            ("FLORIN_TEST_API_KEY", API_KEY.to_owned()),
            ("FLORIN_LOG__FILTER", "error".to_owned()),
        ];
        Gateway { port: free_port(), folder: folder.to_owned(), settings }
    }

    pub(crate) fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Starts it and does not wait.
    pub(crate) fn spawn(&self) -> Process {
        let mut command = Command::new(env!("CARGO_BIN_EXE_florin"));
        command.args(["serve", "--listen", &format!("127.0.0.1:{}", self.port), "--data"]);
        command.arg(&self.folder).envs(self.settings.iter().cloned());
        Process::spawn(&mut command, self.base())
    }

    /// Starts it and waits until it takes payments.
    pub(crate) async fn start(&self) -> Process {
        let mut process = self.spawn();
        let begun = Instant::now();
        while !is_ready(&process.base).await {
            assert!(begun.elapsed() < START_WAIT, "the gateway does not come up");
            assert!(!process.has_ended(), "the gateway ends instead of coming up");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        process
    }
}

/// Whether `/health/ready` says so.
pub(crate) async fn is_ready(base: &str) -> bool {
    get(base, "/health/ready").await.is_some_and(|(status, _)| status == 200)
}

/// One client for all that tests ask: a new one costs a reading of all certificates. It keeps no
/// connections, since those belong to the runtime of one test.
pub(crate) fn http() -> &'static reqwest::Client {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    CLIENT.get_or_init(|| {
        let client = reqwest::Client::builder().no_proxy().timeout(ANSWER_WAIT);
        client.pool_max_idle_per_host(0).build().unwrap()
    })
}

/// Status and JSON of an answer, if one came.
pub(crate) async fn get(base: &str, path: &str) -> Option<(u16, Value)> {
    let request = http().get(format!("{base}{path}")).header("api_key", API_KEY);
    let answer = request.send().await.ok()?;
    let status = answer.status().as_u16();
    Some((status, serde_json::from_slice(&answer.bytes().await.ok()?).ok()?))
}

/// Moves the site's clock, and with it all that is due by then.
pub(crate) async fn advance(base: &str, seconds: u32) {
    let request = http().post(format!("{base}/test/clock/advance")).header("api_key", API_KEY);
    let body = format!("{{\"seconds\":{seconds}}}");
    let answer = request.body(body).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
