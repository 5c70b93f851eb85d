//! The rules hold for the project, and each of them can be broken.

use super::*;

/// Checks one file; gives back its faults without its path.
fn faults(path: &str, text: &str) -> Vec<String> {
    let file = File { path: path.to_owned(), text: text.to_owned() };
    check(&[file]).into_iter().map(|it| it.replace(&format!("{path}: "), "")).collect()
}

/// The one fault of a file contains `expected`.
#[track_caller]
fn refused(path: &str, text: &str, expected: &str) {
    let found = faults(path, text);
    assert!(matches!(found.as_slice(), [one] if one.contains(expected)), "{found:?}");
}

#[track_caller]
fn allowed(path: &str, text: &str) {
    assert_eq!(faults(path, text), Vec::<String>::new());
}

#[test]
fn the_project_keeps_its_own_rules() {
    let files = read_files(&crate::places::root()).expect("the project can be read");
    assert!(files.iter().any(|file| file.path == "xtask/src/tidy.rs"), "not the project");
    let faults = check(&files);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn each_rust_file_says_what_it_is() {
    allowed("crates/florin/src/a.rs", "\n//! What it is.\n");
    refused("crates/florin/src/a.rs", "use a::b;\n//! Too late.", "saying what it is");
    refused("crates/florin/src/a.rs", "", "saying what it is");
}

#[test]
fn no_module_is_a_drawer() {
    refused("crates/florin/src/utils.rs", "//! Things.", "utils");
    refused("crates/florin/src/helpers/mod.rs", "//! Things.", "helpers");
    allowed("crates/florin/src/commonwealth.rs", "//! Not a drawer.");
}

#[test]
fn nothing_is_left_behind() {
    for left in LEFT_BEHIND {
        refused("crates/florin/src/a.rs", &format!("//! A.\nfn a() {{ {left} }}"), "left behind");
    }
}

#[test]
fn no_path_of_one_machine_is_in_a_text() {
    for path in MACHINE_PATHS {
        refused("docs/a.md", &format!("see {path}florin"), "a path of one machine");
        allowed("docs/a.md", &format!("see https://shop.example{path}florin"));
    }
}

#[test]
fn no_registry_is_named_outside_the_lock_file() {
    let text = format!("source = \"{}\"", REGISTRY_HOSTS[0]);
    refused("docs/a.md", &text, "a registry's host");
    allowed("Cargo.lock", &text);
}

#[test]
fn card_data_is_exposed_only_where_it_must_be() {
    let text = "//! A.\nfn a(pan: &Pan) { send(pan.expose()) }";
    refused("crates/florin/src/api/read.rs", text, "out of its type");
    refused("crates/florin-core/src/order.rs", text, "out of its type");
    allowed("crates/florin/src/acquirer/mapping.rs", text);
    allowed("crates/florin/src/api/read.rs", "//! A.\n#[cfg(test)]\nmod tests { pan.expose() }");
    allowed("crates/florin/tests/store/main.rs", text);
}

#[test]
fn only_one_file_reads_the_clock() {
    let text = "//! A.\nfn now() { SystemTime::now() }";
    refused("crates/florin/src/store/mod.rs", text, "reads the clock");
    allowed("crates/florin/src/clock.rs", text);
}

#[test]
fn adapters_do_not_know_each_other() {
    let path = "crates/florin/src/store/mod.rs";
    refused(path, "//! A.\nuse crate::vault::Vault;", "store knows vault::Vault");
    refused(path, "//! A.\nuse crate::{clock::{Clock, api}, api::read};", "store knows api::read");
    allowed(path, "//! A.\nuse crate::{clock::Clock, store::Row};\nuse crate::limits;");
    allowed("crates/florin/src/app.rs", "//! A.\nuse crate::vault::Vault;");
    allowed("crates/florin/src/notify/mod.rs", "//! A.\nuse crate::api::contract::canonical;");
}

#[test]
fn the_core_and_the_formats_depend_on_little() {
    let manifest =
        |name| format!("[package]\n[dependencies]\n{name}.workspace = true\n\n[lints]\n");
    refused("crates/florin-core/Cargo.toml", &manifest("serde"), "may not depend on serde");
    allowed("crates/florin-core/Cargo.toml", &manifest("zeroize"));
    refused("crates/iso8583/Cargo.toml", &manifest("florin-core"), "may not depend on florin-core");
    refused("crates/florin-sim/Cargo.toml", &manifest("florin"), "may not depend on florin");
    allowed("crates/florin-sim/Cargo.toml", &manifest("tokio"));
    allowed("crates/florin-sim/Cargo.toml", &manifest("florin-locale"));
    refused("crates/florin-locale/Cargo.toml", &manifest("serde"), "may not depend on serde");
    let dev = "[dependencies]\n[dev-dependencies]\nproptest.workspace = true\n";
    allowed("crates/florin-core/Cargo.toml", dev);
}

#[test]
fn the_gateway_is_one_program() {
    refused("crates/florin/Cargo.toml", "[features]\nextra = []", "no cargo features");
}

#[test]
fn a_migration_has_a_twin_for_the_other_database() {
    refused("crates/florin/migrations/sqlite/V1__orders.sql", "-- why", "has no twin");
}
