//! Where things are: the project, and what the tests leave behind.
//!
//! Everything that is written goes below `target/` (may be deleted at any time) or
//! `test-output/` (logs, pictures and reports for a person to read).

use std::path::{Path, PathBuf};

/// The folder of the workspace.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("this crate is a folder of the workspace").to_path_buf()
}

/// Where cargo builds to.
pub(crate) fn target() -> PathBuf {
    let chosen = std::env::var_os("CARGO_TARGET_DIR");
    root().join(chosen.map_or_else(|| PathBuf::from("target"), PathBuf::from))
}

/// The virtual environment that the Python suites run in.
pub(crate) fn python_environment() -> PathBuf {
    target().join("python")
}

/// Its interpreter.
pub(crate) fn python() -> PathBuf {
    python_environment().join("bin/python")
}

/// The suite of the official Node.js wrapper.
pub(crate) fn node_suite() -> PathBuf {
    root().join("tests/clients/node")
}

/// Logs, reports and screenshots of the last run.
pub(crate) fn test_output() -> PathBuf {
    root().join("test-output")
}

/// Databases and data folders of this run; removed when it ends.
pub(crate) fn this_run() -> PathBuf {
    runs().join(std::process::id().to_string())
}

/// Removes what runs left behind that were killed before they could clean up.
pub(crate) fn remove_dead_runs() {
    for run in std::fs::read_dir(runs()).into_iter().flatten().flatten() {
        if !Path::new("/proc").join(run.file_name()).exists() {
            // What cannot be removed now is tried again by the next run.
            let _ = std::fs::remove_dir_all(run.path());
        }
    }
}

fn runs() -> PathBuf {
    target().join("test-runs")
}
