//! The project's own rules about its text, as far as a machine can check them.
//!
//! A test of this crate runs them, so `cargo test` does. The rules are data at the top; a rule that
//! is in the way is changed here, with a reason, and never worked around.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold nothing of ours.
const NOT_OURS: &[&str] = &[
    ".git",
    "target",
    "node_modules",
    "florin-data",
    "test-output",
    "__pycache__",
    ".venv",
    ".pytest_cache",
];

/// Names that say nothing of what is inside.
const DRAWERS: &[&str] = &["utils", "util", "helpers", "helper", "common", "misc"];

/// Left behind by someone who meant to come back. Written apart, so that this file is clean itself.
const LEFT_BEHIND: &[&str] = &[
    concat!("db", "g!("),
    concat!("to", "do!("),
    concat!("unim", "plemented!("),
    concat!("TO", "DO"),
];

/// Paths of one machine, which mean nothing on another.
const MACHINE_PATHS: &[&str] =
    &[concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/wo", "rk/"), concat!("/Us", "ers/")];

/// Hosts of package registries: the tools know them, the project does not depend on which.
const REGISTRY_HOSTS: &[&str] = &[
    concat!("crates", ".io"),
    concat!("pypi", ".org"),
    concat!("registry.", "npmjs"),
    concat!("pythonhosted", ".org"),
    concat!("deb.", "debian.org"),
];

/// What a crate may depend on, itself and in its tests; a crate that is not named is free.
const DEPENDENCIES: &[(&str, &[&str])] = &[
    // Decides; touches nothing: no runtime, SQL, HTTP, serde, clock, random numbers.
    ("florin-core", &["async-trait", "zeroize"]),
    // Formats; know nothing of Florin.
    ("iso8583", &["zeroize"]),
    ("emv3ds", &["base64", "serde", "serde_json", "zeroize"]),
    // Languages and ways to write amounts; knows nothing of Florin either.
    ("florin-locale", &[]),
    // Holds for a fresh clone's first build too: chores wait for nothing.
    ("xtask", &[]),
];

/// Parts of this project that a crate may depend on; a crate that is not named is free.
const OUR_DEPENDENCIES: &[(&str, &[&str])] = &[
    // Speaks bytes, so that a mistake in the gateway's mapping cannot cancel itself out. How
    // payers' languages are written is no such thing.
    ("florin-sim", &["iso8583", "emv3ds", "florin-locale"]),
];

/// Where secrets may be taken out of their types, outside tests: card data on its way between
/// request, vault and wire; settings by what reads them and by what hands them out.
const EXPOSERS: &[&str] = &[
    "crates/florin/src/config",
    "crates/florin/src/app",
    "crates/florin-core/src/card",
    "crates/florin/src/vault",
    "crates/florin/src/acquirer",
    "crates/florin/src/threeds",
    "crates/florin/src/gateway",
];

/// The world's ends of the gateway. None may know another, nor an entrance: they meet in `app.rs`.
const ADAPTERS: &[&str] = &["acquirer", "threeds", "vault", "store", "notify"];
const ENTRANCES: &[&str] = &["api", "checkout", "dashboard", "cli"];
/// Except for this: a notification's body is the answer of the API, byte for byte.
const ALLOWED_IMPORTS: &[(&str, &str)] = &[("notify", "api::contract")];

/// The only file of the gateway that reads the machine's clock.
const CLOCK: &str = "crates/florin/src/clock.rs";

/// Beyond this a file may hold two subjects: mentioned, not refused.
const LINES_TO_THINK_ABOUT: usize = 400;

/// Prints what breaks a rule, and files to think about; an error if a rule is broken.
pub(crate) fn report(root: &Path) -> Result<(), String> {
    let files = read_files(root)?;
    for file in files.iter().filter(|file| file.is_rust()) {
        let lines = file.text.lines().count();
        if lines > LINES_TO_THINK_ABOUT {
            println!("{}: {lines} lines; one subject?", file.path);
        }
    }
    let faults = check(&files);
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

/// A text file of the project; the path is relative to the workspace, with slashes.
struct File {
    path: String,
    text: String,
}

impl File {
    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The text before its tests, if it has any.
    fn without_tests(&self) -> &str {
        self.text.split("#[cfg(test)]").next().unwrap_or_default()
    }

    fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("tests.rs")
    }
}

/// What breaks a rule, one line each: where, and which.
fn check(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files {
        let mut fault = |text: String| faults.push(format!("{}: {text}", file.path));
        check_paths_and_hosts(file, &mut fault);
        if file.is_rust() {
            check_rust(file, &mut fault);
            check_imports(file, &mut fault);
        }
        if file.path.ends_with("Cargo.toml") {
            check_manifest(file, &mut fault);
        }
    }
    check_migrations(files, &mut faults);
    faults
}

fn check_paths_and_hosts(file: &File, fault: &mut impl FnMut(String)) {
    for (number, line) in (1..).zip(file.text.lines()) {
        for path in MACHINE_PATHS {
            // Inside an address or a longer path it is something else.
            let is_start = |at: usize| {
                !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-}/".contains(c))
            };
            if line.match_indices(path).any(|(at, _)| is_start(at)) {
                fault(format!("line {number}: a path of one machine, {path}"));
            }
        }
        // The lock file names the registry in every entry, in a form of its own.
        if file.path != "Cargo.lock" {
            for host in REGISTRY_HOSTS.iter().filter(|host| line.contains(**host)) {
                fault(format!("line {number}: a registry's host, {host}"));
            }
        }
    }
}

fn check_rust(file: &File, fault: &mut impl FnMut(String)) {
    let first = file.text.lines().find(|line| !line.trim().is_empty());
    if !first.is_some_and(|line| line.starts_with("//!")) {
        fault("does not begin by saying what it is (`//!`)".to_owned());
    }
    let parts = file.path.trim_end_matches(".rs").split('/');
    if let Some(drawer) = parts.clone().find(|part| DRAWERS.contains(part)) {
        fault(format!("a module named {drawer} says nothing of what is inside"));
    }
    for (number, line) in (1..).zip(file.text.lines()) {
        for left in LEFT_BEHIND.iter().filter(|left| line.contains(**left)) {
            fault(format!("line {number}: {left} left behind"));
        }
    }
    if file.is_test() || !file.path.starts_with("crates/florin") {
        return;
    }
    let may_expose = EXPOSERS.iter().any(|place| file.path.starts_with(place))
        || file.path.starts_with("crates/florin-sim/")
        || file.path.starts_with("crates/florin-bench/");
    for (number, line) in (1..).zip(file.without_tests().lines()) {
        if line.contains(".expose()") && !may_expose {
            fault(format!("line {number}: takes a secret out of its type"));
        }
        let is_gateway = file.path.starts_with("crates/florin/src/");
        if line.contains("SystemTime::now") && is_gateway && file.path != CLOCK {
            fault(format!("line {number}: reads the clock; take the time from a `Clock`"));
        }
    }
}

fn check_imports(file: &File, fault: &mut impl FnMut(String)) {
    let Some(inside) = file.path.strip_prefix("crates/florin/src/") else {
        return;
    };
    let part = inside.split(['/', '.']).next().unwrap_or_default();
    if !ADAPTERS.contains(&part) || file.is_test() {
        return;
    }
    for imported in imports(file.without_tests()) {
        let other = imported.split(':').next().unwrap_or_default();
        let foreign = other != part && (ADAPTERS.contains(&other) || ENTRANCES.contains(&other));
        let allowed =
            ALLOWED_IMPORTS.iter().any(|(from, what)| *from == part && imported.starts_with(what));
        if foreign && !allowed {
            fault(format!("{part} knows {imported}; adapters meet in app.rs"));
        }
    }
}

/// What a text names of its own crate: `store::Row` for `crate::store::Row`, and each part of a group.
fn imports(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, prefix) in text.match_indices("crate::") {
        let rest = &text[at + prefix.len()..];
        let end_of_name = |text: &str| {
            text.find(|c: char| !(c.is_alphanumeric() || "_:".contains(c))).unwrap_or(text.len())
        };
        match rest.strip_prefix('{') {
            Some(group) => {
                let group = &group[..group.find(';').unwrap_or(group.len())];
                let mut depth = 0_i32;
                let parts = group.split(|c: char| {
                    depth += i32::from(c == '{') - i32::from(c == '}');
                    c == ',' && depth <= 0
                });
                found.extend(parts.map(str::trim).map(|it| &it[..end_of_name(it)]));
            }
            None => found.push(&rest[..end_of_name(rest)]),
        }
    }
    found
}

fn check_manifest(file: &File, fault: &mut impl FnMut(String)) {
    let crate_name = file.path.trim_end_matches("/Cargo.toml").rsplit('/').next();
    let crate_name = crate_name.unwrap_or_default();
    let named = |list: &'static [(&str, &'static [&str])]| {
        list.iter().find(|(name, _)| *name == crate_name).map(|(_, allowed)| *allowed)
    };
    let wanted = section(&file.text, "[dependencies]");
    if let Some(allowed) = named(DEPENDENCIES) {
        for other in wanted.iter().filter(|other| !allowed.contains(other)) {
            fault(format!("{crate_name} may not depend on {other}"));
        }
    }
    if let Some(allowed) = named(OUR_DEPENDENCIES) {
        let ours = |name: &&&str| {
            name.starts_with("florin") || ["iso8583", "emv3ds", "xtask"].contains(*name)
        };
        for other in wanted.iter().filter(ours).filter(|other| !allowed.contains(other)) {
            fault(format!("{crate_name} may not depend on {other}"));
        }
    }
    if crate_name == "florin" && file.text.lines().any(|line| line.trim() == "[features]") {
        fault("one text, one program: the gateway has no cargo features".to_owned());
    }
}

/// The keys of a section of a manifest.
fn section<'a>(manifest: &'a str, header: &str) -> Vec<&'a str> {
    let lines = manifest.lines().skip_while(|line| line.trim() != header).skip(1);
    lines
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split(['=', '.']).next())
        .map(str::trim)
        .filter(|key| !key.is_empty() && !key.starts_with('#'))
        .collect()
}

/// Each migration exists for both databases, under the same name.
fn check_migrations(files: &[File], faults: &mut Vec<String>) {
    const FOLDERS: [&str; 2] =
        ["crates/florin/migrations/sqlite/", "crates/florin/migrations/postgres/"];
    for (here, there) in [(FOLDERS[0], FOLDERS[1]), (FOLDERS[1], FOLDERS[0])] {
        for name in files.iter().filter_map(|file| file.path.strip_prefix(here)) {
            let twin = format!("{there}{name}");
            if !files.iter().any(|file| file.path == twin) {
                faults.push(format!("{here}{name}: has no twin {twin}"));
            }
        }
    }
}

/// All text files of the project, in a fixed order.
fn read_files(root: &Path) -> Result<Vec<File>, String> {
    let mut files = Vec::new();
    let mut left: Vec<PathBuf> = vec![root.to_path_buf()];
    while let Some(folder) = left.pop() {
        let cannot = |error: std::io::Error| format!("cannot read {}: {error}", folder.display());
        for entry in fs::read_dir(&folder).map_err(cannot)? {
            let path = entry.map_err(cannot)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if NOT_OURS.contains(&name.as_str()) {
                continue;
            }
            if path.is_dir() {
                left.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                let inside = path.strip_prefix(root).expect("found below the root");
                files.push(File { path: inside.to_string_lossy().replace('\\', "/"), text });
            }
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

#[cfg(test)]
mod tests;
