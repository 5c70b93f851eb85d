//! Starting and ending other programs, so that none outlives us.
//!
//! A child that runs beside us is ended when its handle is dropped. Should we be killed before
//! that, the kernel ends it: `setpriv --pdeathsig`, where there is one (Linux).

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

const POLL_EVERY: Duration = Duration::from_millis(20);

/// What to send a program that shall end.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ending {
    /// `SIGTERM`.
    Terminate,
    /// `SIGINT`, which PostgreSQL understands as: do not wait for clients.
    Interrupt,
}

impl Ending {
    pub(crate) fn signal(self) -> &'static str {
        match self {
            Ending::Terminate => "TERM",
            Ending::Interrupt => "INT",
        }
    }
}

/// A command that ends when we do, in the folder of the workspace.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    command_ending_by(Ending::Terminate, program)
}

/// The same, with the signal that it is to be ended by.
pub(crate) fn command_ending_by(ending: Ending, program: impl AsRef<OsStr>) -> Command {
    let mut command = match find_program("setpriv") {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", ending.signal()]).arg(program);
            command
        }
        None => Command::new(program),
    };
    command.current_dir(crate::places::root()).stdin(Stdio::null());
    command
}

/// The program's path, if it is on the search path.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|it| it.is_file())
}

/// Runs a command to its end, its output being ours.
pub(crate) fn run(what: &str, command: &mut Command) -> Result<(), String> {
    println!("\n── {what}");
    let status = command.status().map_err(|error| format!("{what}: cannot start: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{what}: {status}")) }
}

/// Runs a command to its end without showing its output, unless it fails.
pub(crate) fn run_quietly(what: &str, command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{what}: cannot start: {error}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    let said = text(&output.stdout) + &text(&output.stderr);
    Err(format!("{what}: {}\n{said}", output.status))
}

/// A program that runs beside us.
pub(crate) struct Running {
    name: String,
    child: Child,
    ending: Ending,
    ends_within: Duration,
}

impl Running {
    /// Starts `command`; both its outputs go to the file `log`.
    pub(crate) fn start(
        name: &str,
        command: &mut Command,
        ending: Ending,
        ends_within: Duration,
        log: &Path,
    ) -> Result<Running, String> {
        let cannot = |error: std::io::Error| format!("{name}: cannot start: {error}");
        let out = std::fs::File::create(log).map_err(cannot)?;
        let err = out.try_clone().map_err(cannot)?;
        let child = command.stdout(out).stderr(err).spawn().map_err(cannot)?;
        Ok(Running { name: name.to_owned(), child, ending, ends_within })
    }

    /// Starts `command` with our outputs as its own.
    pub(crate) fn start_in_view(
        name: &str,
        command: &mut Command,
        ends_within: Duration,
    ) -> Result<Running, String> {
        let child = command.spawn().map_err(|error| format!("{name}: cannot start: {error}"))?;
        Ok(Running { name: name.to_owned(), child, ending: Ending::Terminate, ends_within })
    }

    /// The status with which it has ended, if it has.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>, String> {
        self.child.try_wait().map_err(|error| format!("{}: {error}", self.name))
    }

    /// Waits for its end; `None` when it takes longer than `limit`.
    pub(crate) fn wait(&mut self, limit: Duration) -> Result<Option<ExitStatus>, String> {
        let until = Instant::now() + limit;
        loop {
            match self.ended()? {
                None if Instant::now() < until => std::thread::sleep(POLL_EVERY),
                ended => return Ok(ended),
            }
        }
    }

    /// Asks it to end, and kills it if it does not. An error if it did not end well.
    pub(crate) fn stop(mut self) -> Result<(), String> {
        self.end()
    }

    fn end(&mut self) -> Result<(), String> {
        if self.ended()?.is_none() {
            let id = self.child.id().to_string();
            // The standard library can only kill; the shell can ask.
            let _ = Command::new("sh")
                .args(["-c", "kill -s \"$0\" \"$1\"", self.ending.signal(), &id])
                .status();
        }
        match self.wait(self.ends_within)? {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(format!("{} ended with {status}", self.name)),
            None => {
                let _ = self.child.kill();
                let _ = self.child.wait();
                Err(format!("{} did not end within {:?}", self.name, self.ends_within))
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // After `stop` this finds a program that has ended already.
        let _ = self.end();
    }
}
