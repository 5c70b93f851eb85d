//! A private PostgreSQL cluster for tests: made in a temporary folder, gone with the test process.
//!
//! With `FLORIN_TEST_POSTGRES_URL` an existing server is used instead, whose user must be allowed
//! to create databases. Every test gets a database of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio_postgres::{Client, NoTls};

/// How long the cluster may take to answer.
const START_WAIT: Duration = Duration::from_secs(60);

/// Many tests open a store each, and a store has up to a dozen sessions.
const SESSIONS_MAX: u32 = 400;

/// A database that exists until this is dropped.
pub(crate) struct Database {
    name: String,
    admin_url: String,
    /// Where a store finds it.
    pub(crate) url: String,
}

/// An empty database, on the cluster that all tests of this process share.
///
/// # Panics
/// When PostgreSQL is not installed or does not start: these tests must not pass without it.
pub(crate) async fn fresh_database() -> Database {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let server = server();
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("florin_test_{}_{number}", std::process::id());
    let admin_url = server.url_of("postgres");
    let admin = connect(&admin_url).await.expect("the test server accepts sessions");
    let sql = format!("CREATE DATABASE {name}");
    admin.batch_execute(&sql).await.expect("a test may create a database");
    Database { url: server.url_of(&name), name, admin_url }
}

/// A session with no set-up of its own.
pub(crate) async fn connect(url: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

impl Drop for Database {
    fn drop(&mut self) {
        let (name, url) = (self.name.clone(), self.admin_url.clone());
        // A runtime of its own, since the one of the test may be on its way out.
        let dropping = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                if let Ok(admin) = connect(&url).await {
                    let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                    let _ = admin.batch_execute(&sql).await;
                }
            });
        });
        let _ = dropping.join();
    }
}

/// A server on which databases can be made.
enum Server {
    Given(String),
    Private(Cluster),
}

impl Server {
    fn url_of(&self, database: &str) -> String {
        match self {
            Server::Given(url) => with_database(url, database),
            Server::Private(cluster) => cluster.url_of(database),
        }
    }
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| match std::env::var("FLORIN_TEST_POSTGRES_URL") {
        Ok(url) if !url.is_empty() => Server::Given(url),
        // Tests end processes, not machines: what the kernel has been given is safe enough.
        _ => Server::Private(Cluster::start(&["fsync=off"])),
    })
}

/// The same server and user, another database.
fn with_database(url: &str, database: &str) -> String {
    let (scheme, rest) = url.split_once("://").expect("the URL of the test server has a scheme");
    let (path, query) = rest.split_once('?').map_or((rest, ""), |(path, query)| (path, query));
    let server = path.split('/').next().unwrap_or_default();
    let separator = if query.is_empty() { "" } else { "?" };
    format!("{scheme}://{server}/{database}{separator}{query}")
}

/// A cluster that ends with the process that started it, however that ends.
pub(crate) struct Cluster {
    folder: PathBuf,
    /// Watches over the server; stops it and removes the folder when its standard input closes.
    guard: Child,
}

impl Cluster {
    /// Makes a cluster and starts its server, with these settings besides the usual ones.
    ///
    /// # Panics
    /// When PostgreSQL is not installed or does not start.
    pub(crate) fn start(settings: &[&str]) -> Cluster {
        Cluster::start_in(private_folder(), settings)
    }

    /// The same in a folder of the caller's choice, which is empty and ours to remove.
    ///
    /// # Panics
    /// As [`Cluster::start`].
    pub(crate) fn start_in(folder: PathBuf, settings: &[&str]) -> Cluster {
        let programs = programs();
        let owner = is_root().then(|| owner_of_cluster(&folder));
        let data = folder.join("data");

        let mut initdb = as_owner(owner, &programs.join("initdb"));
        initdb.args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-locale"]);
        let made = initdb.arg("--no-sync").arg("--pgdata").arg(&data).current_dir(&folder).output();
        let made = made.expect("initdb can be run");
        let told = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "initdb failed: {told}");

        // Each line kills the server and starts it anew. When the pipe closes, for whatever reason,
        // the server goes and its folder with it.
        let script = r#"
            "$0" "$@" >>"$FOLDER/server.log" 2>&1 &
            server=$!
            while read -r line; do
                kill -QUIT $server 2>/dev/null
                wait $server
                "$0" "$@" >>"$FOLDER/server.log" 2>&1 &
                server=$!
            done
            kill -INT $server
            wait $server
            cd / && rm -rf "$FOLDER""#;
        let mut guard = as_owner(owner, Path::new("/bin/sh"));
        guard.args(["-c", script]).arg(programs.join("postgres"));
        guard.arg("-D").arg(&data).arg("-k").arg(&folder);
        guard.args(["-c", "listen_addresses=", "-c", &format!("max_connections={SESSIONS_MAX}")]);
        for setting in settings {
            guard.args(["-c", setting]);
        }
        guard.env("FOLDER", &folder).current_dir(&folder).stdin(Stdio::piped());
        let guard = guard.spawn().expect("a shell can be run");
        let cluster = Cluster { folder, guard };
        cluster.wait_until_it_answers();
        cluster
    }

    /// Ends the server as a crash would, and starts it anew. Does not wait for it.
    ///
    /// # Panics
    /// When nobody watches over the server any more.
    pub(crate) fn restart(&mut self) {
        let pipe = self.guard.stdin.as_mut().expect("the guard was given a pipe");
        std::io::Write::write_all(pipe, b"restart\n").expect("the guard listens");
    }

    /// Where this database is found.
    pub(crate) fn url_of(&self, database: &str) -> String {
        let host = self.folder.to_str().expect("the temporary folder has a plain name");
        format!("postgres://postgres@{}/{database}", host.replace('/', "%2F"))
    }

    /// What the server has said so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("server.log")).unwrap_or_default()
    }

    fn wait_until_it_answers(&self) {
        let url = self.url_of("postgres");
        let begun = Instant::now();
        let waiting = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                while let Err(error) = connect(&url).await {
                    assert!(begun.elapsed() < START_WAIT, "PostgreSQL does not answer: {error}");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            });
        });
        if waiting.join().is_err() {
            panic!("PostgreSQL did not start: {}", self.log());
        }
    }
}

/// The folder of PostgreSQL's programs: the one on the path, or the newest that Debian installed.
fn programs() -> PathBuf {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&on_path).collect();
    let mut installed: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.flatten().map(|version| version.path().join("bin")).collect())
        .unwrap_or_default();
    installed.sort();
    folders.extend(installed.into_iter().rev());
    let has_both =
        |folder: &PathBuf| folder.join("initdb").is_file() && folder.join("postgres").is_file();
    folders.into_iter().find(has_both).expect(
        "these tests need PostgreSQL: install it (on Debian: apt-get install postgresql), or set \
         FLORIN_TEST_POSTGRES_URL",
    )
}

/// Gives a folder to the user that clusters run as.
///
/// # Panics
/// When this user is root and there is no user called nobody.
pub(crate) fn give_to_cluster(folder: &Path) {
    if is_root() {
        owner_of_cluster(folder);
    }
}

fn private_folder() -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let since_epoch = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
    // A short name: the path of a socket has at most 107 bytes.
    let name = format!("florin-pg-{}-{number}-{}", std::process::id(), since_epoch % 1_000_000);
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir(&folder).expect("a temporary folder can be made");
    folder
}

fn is_root() -> bool {
    id(&["-u"]) == Some(0)
}

/// PostgreSQL refuses to run as root, so its files belong to nobody.
fn owner_of_cluster(folder: &Path) -> (u32, u32) {
    let user = id(&["-u", "nobody"]).expect("there is a user called nobody");
    let group = id(&["-g", "nobody"]).expect("there is a user called nobody");
    std::os::unix::fs::chown(folder, Some(user), Some(group)).expect("root may change owners");
    (user, group)
}

fn id(arguments: &[&str]) -> Option<u32> {
    let told = Command::new("id").args(arguments).output().ok()?;
    String::from_utf8_lossy(&told.stdout).trim().parse().ok()
}

fn as_owner(owner: Option<(u32, u32)>, program: &Path) -> Command {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new(program);
    if let Some((user, group)) = owner {
        command.uid(user).gid(group);
    }
    // Neither a test's interrupt nor its terminal concerns the server.
    command.process_group(0);
    command
}
