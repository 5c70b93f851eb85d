//! The programs that the tests need and cargo does not bring: finds them, or installs them.
//!
//! System packages are installed only on Debian and its kin, and only by someone who may; anyone
//! else is told what to install. Python and Node.js packages are pinned and stay in the project.

use std::path::{Path, PathBuf};

use crate::places;
use crate::process::{command, find_program, run, run_quietly};

/// Where Debian keeps the programs of each version of PostgreSQL.
const DEBIAN_POSTGRES: &str = "/usr/lib/postgresql";

struct Tool {
    name: &'static str,
    /// The Debian packages that bring it.
    packages: &'static [&'static str],
    found: fn() -> bool,
}

const TOOLS: &[Tool] = &[
    Tool {
        name: "PostgreSQL (initdb, postgres)",
        packages: &["postgresql"],
        found: || postgres_program("initdb").is_some() && postgres_program("postgres").is_some(),
    },
    Tool {
        name: "Chromium",
        packages: &["chromium"],
        found: || find_program("chromium").or_else(|| find_program("chromium-browser")).is_some(),
    },
    Tool {
        name: "ChromeDriver",
        packages: &["chromium-driver"],
        found: || find_program("chromedriver").is_some(),
    },
    Tool {
        name: "Python 3.9 to 3.13 with venv",
        packages: &["python3", "python3-venv"],
        found: || {
            let mut python = command("python3");
            run_quietly("python3", python.args(["-c", "import ensurepip, venv"])).is_ok()
        },
    },
    Tool {
        name: "PHP 8 with PSR-7, PSR-18 and Guzzle",
        packages: &["php-cli", "php-curl", "php-nyholm-psr7", "php-guzzlehttp-guzzle"],
        found: || {
            let packages = "require 'Nyholm/Psr7/autoload.php'; require 'GuzzleHttp/autoload.php';";
            run_quietly("php", command("php").args(["-r", packages])).is_ok()
        },
    },
    Tool {
        name: "Ruby 3",
        packages: &["ruby"],
        found: || {
            let libraries = "require 'json'; require 'net/http'";
            run_quietly("ruby", command("ruby").args(["-e", libraries])).is_ok()
        },
    },
    Tool {
        name: "JDK 17 or newer",
        packages: &["default-jdk-headless"],
        found: || run_quietly("javac", command("javac").arg("--version")).is_ok(),
    },
    Tool {
        name: "Node.js 20 or newer with npm",
        packages: &["nodejs", "npm"],
        found: || find_program("node").is_some() && find_program("npm").is_some(),
    },
];

/// Installs or finds everything; says what is missing if that is not possible.
pub(crate) fn set_up() -> Result<(), String> {
    install_missing()?;
    python_packages()?;
    node_packages()
}

/// A program of PostgreSQL: on the search path, or the newest of Debian's.
pub(crate) fn postgres_program(name: &str) -> Option<PathBuf> {
    find_program(name).or_else(|| {
        let versions = std::fs::read_dir(DEBIAN_POSTGRES).ok()?.flatten();
        let numbered = versions.filter_map(|it| {
            let number: u32 = it.file_name().to_str()?.parse().ok()?;
            Some((number, it.path().join("bin").join(name))).filter(|(_, path)| path.is_file())
        });
        numbered.max().map(|(_, path)| path)
    })
}

fn missing() -> Vec<&'static Tool> {
    TOOLS.iter().filter(|tool| !(tool.found)()).collect()
}

fn install_missing() -> Result<(), String> {
    let wanted = missing();
    if wanted.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = wanted.iter().flat_map(|tool| tool.packages).copied().collect();
    let Some(installer) = installer() else {
        return Err(what_is_missing(&wanted, &packages));
    };
    let mut update = command(installer[0]);
    run("apt-get update", update.args(&installer[1..]).arg("update").arg("-qq"))?;
    let mut install = command(installer[0]);
    install.args(&installer[1..]).args(["install", "-y", "--no-install-recommends"]);
    install.args(&packages).env("DEBIAN_FRONTEND", "noninteractive");
    run(&format!("apt-get install {}", packages.join(" ")), &mut install)?;
    let still = missing();
    if still.is_empty() { Ok(()) } else { Err(what_is_missing(&still, &packages)) }
}

/// How packages can be installed here without asking anyone, if they can.
fn installer() -> Option<Vec<&'static str>> {
    find_program("apt-get")?;
    if is_root() {
        return Some(vec!["apt-get"]);
    }
    find_program("sudo")?;
    run_quietly("sudo", command("sudo").args(["-n", "true"])).ok()?;
    Some(vec!["sudo", "-n", "apt-get"])
}

/// Whether we run as the user who may do everything.
pub(crate) fn is_root() -> bool {
    run_quietly("id", command("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

fn what_is_missing(tools: &[&Tool], packages: &[&str]) -> String {
    let names: Vec<&str> = tools.iter().map(|tool| tool.name).collect();
    format!(
        "missing: {}\nInstall {}, on Debian and Ubuntu with:\n  sudo apt-get install {}",
        names.join(", "),
        if names.len() == 1 { "it" } else { "them" },
        packages.join(" ")
    )
}

fn python_packages() -> Result<(), String> {
    let wanted = places::root().join("tests/requirements.txt");
    let installed = places::python_environment().join("florin-requirements.txt");
    if places::python().is_file() && same(&wanted, &installed) {
        return Ok(());
    }
    let mut venv = command("python3");
    venv.args(["-m", "venv", "--clear"]).arg(places::python_environment());
    run("python3 -m venv", &mut venv)?;
    let mut pip = command(places::python());
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
    run("pip install", pip.arg(&wanted))?;
    remember(&wanted, &installed)
}

fn node_packages() -> Result<(), String> {
    let wanted = places::node_suite().join("package-lock.json");
    let installed = places::node_suite().join("node_modules/florin-package-lock.json");
    if same(&wanted, &installed) {
        return Ok(());
    }
    let mut npm = command("npm");
    npm.current_dir(places::node_suite());
    run("npm ci", npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]))?;
    remember(&wanted, &installed)
}

/// Whether what is installed is what is asked for.
fn same(wanted: &Path, installed: &Path) -> bool {
    match (std::fs::read(wanted), std::fs::read(installed)) {
        (Ok(wanted), Ok(installed)) => wanted == installed,
        _ => false,
    }
}

fn remember(wanted: &Path, installed: &Path) -> Result<(), String> {
    let copied = std::fs::copy(wanted, installed);
    copied.map(drop).map_err(|error| format!("cannot write {}: {error}", installed.display()))
}
