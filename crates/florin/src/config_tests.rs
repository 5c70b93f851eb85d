//! What comes from where, and what a mistake in the settings is answered with.
//!
//! Settings files are real files; variables are given, never those of the test's own process.

use super::*;

fn load(file: &str, variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("florin.toml");
    std::fs::write(&path, file).unwrap();
    let variables = variables.iter().map(|(name, text)| (name.to_string(), text.to_string()));
    Settings::load(Some(&path), variables)
}

#[track_caller]
fn check_refused(file: &str, variables: &[(&str, &str)], named: &str) {
    let refused = load(file, variables).unwrap_err().to_string();
    assert!(refused.contains(named), "{refused}");
}

#[test]
fn the_defaults_are_complete_and_each_says_why() {
    let settings = Settings::load(None, []).unwrap();
    assert_eq!(settings.listen, "127.0.0.1:8080".parse().unwrap());
    assert_eq!(settings.data_dir, Path::new("./florin-data"));
    assert!(settings.database_url.is_none() && settings.public_url.is_none());
    assert_eq!(settings.notifications.interval_s, 900);
    assert_eq!(settings.notifications.live_policy, WebhookPolicy::Strict);
    assert_eq!(settings.notifications.test_policy, WebhookPolicy::Relaxed);
    assert_eq!(settings.log.format, LogFormat::Text);

    let lines: Vec<&str> = DEFAULTS.lines().collect();
    let settings = lines.iter().enumerate().filter(|(_, line)| line.contains(" = "));
    let mut seen = 0;
    for (at, line) in settings.filter(|(_, line)| !line.starts_with('#')) {
        assert!(lines[at - 1].starts_with("# "), "{line} does not say why");
        seen += 1;
    }
    assert!(seen > 15, "{seen}");
}

#[test]
fn a_variable_goes_before_the_file_and_the_file_before_the_default() {
    let file = "listen = \"127.0.0.1:1\"\ndata_dir = \"/from/file\"\n[http]\nconnections_max = 7\n";
    let settings = load(file, &[("FLORIN_LISTEN", "127.0.0.1:2"), ("PATH", "/bin")]).unwrap();
    assert_eq!(settings.listen.port(), 2);
    assert_eq!(settings.data_dir, Path::new("/from/file"));
    assert_eq!(settings.http.connections_max, 7);
    assert_eq!(settings.http.head_wait_ms, 10_000);
}

#[test]
fn variables_are_text_and_still_numbers_and_booleans() {
    let settings = load(
        "",
        &[
            ("FLORIN_HTTP__CONNECTIONS_MAX", "9"),
            ("FLORIN_SIMULATOR__ENABLED", "false"),
            ("FLORIN_NOTIFICATIONS__LIVE_POLICY", "relaxed"),
            ("FLORIN_LOG__FORMAT", "json"),
            // Digits that are a text keep their zeros.
            ("FLORIN_TEST_API_KEY", "00120"),
        ],
    )
    .unwrap();
    assert_eq!(settings.http.connections_max, 9);
    assert!(!settings.simulator.enabled);
    assert_eq!(settings.notifications.live_policy, WebhookPolicy::Relaxed);
    assert_eq!(settings.log.format, LogFormat::Json);
    assert_eq!(settings.test_api_key.unwrap().expose(), "00120");
}

#[test]
fn of_equal_variables_the_last_counts() {
    let both = [("FLORIN_LISTEN", "127.0.0.1:1"), ("FLORIN_LISTEN", "127.0.0.1:2")];
    assert_eq!(load("", &both).unwrap().listen.port(), 2);
}

#[test]
fn an_unknown_setting_is_named_with_its_origin() {
    check_refused("lisen = \"x\"", &[], "`lisen`");
    check_refused("lisen = \"x\"", &[], "florin.toml");
    check_refused("[http]\nconnection_max = 1", &[], "`http.connection_max`");
    check_refused("[htp]\na = 1", &[], "`htp.a`");
    check_refused("", &[("FLORIN_HTTP__CONNECTION_MAX", "1")], "FLORIN_HTTP__CONNECTION_MAX");
    check_refused("", &[("FLORIN_", "1")], "FLORIN_");
    check_refused("", &[("FLORIN_LISTEN__PORT", "1")], "`listen.port`");
    check_refused("", &[("FLORIN_HTTP", "1")], "`http`");
    assert!(load("", &[("FLORIN_TEST_POSTGRES_URL", "postgres://x")]).is_ok());
}

#[test]
fn an_impossible_value_is_named() {
    check_refused("listen = \"somewhere\"", &[], "listen");
    check_refused("[http]\nconnections_max = 0", &[], "http.connections_max");
    check_refused("[http]\nconnections_max = -1", &[], "http.connections_max");
    check_refused("", &[("FLORIN_HTTP__CONNECTIONS_MAX", "many")], "http.connections_max");
    check_refused("[notifications]\ninterval_s = 0", &[], "notifications.interval_s");
    check_refused("[notifications]\nlive_policy = \"lax\"", &[], "\"strict\" or \"relaxed\"");
    check_refused("[log]\nformat = \"xml\"", &[], "log.format");
    check_refused("public_url = \"pay.example\"", &[], "public_url");
    check_refused("database_url = \"mysql://x\"", &[], "database_url");
    check_refused("listen = ", &[], "florin.toml");
    check_refused("http = 3", &[], "`http`");
}

#[test]
fn a_missing_file_is_named() {
    let refused = Settings::load(Some(Path::new("nowhere/florin.toml")), []).unwrap_err();
    assert!(refused.to_string().contains("nowhere/florin.toml"));
}

#[test]
fn a_part_reads_its_own_section_from_file_and_variables() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Link {
        address: String,
        #[serde(default)]
        port: u16,
    }
    let file = "[acquirer]\naddress = \"host.example\"\n";
    let settings = load(file, &[("FLORIN_ACQUIRER__PORT", "9000")]).unwrap();
    let link: Link = settings.acquirer.parse().unwrap();
    assert_eq!((link.address.as_str(), link.port), ("host.example", 9000));

    let misspelt = load("[acquirer]\naddress = \"a\"\nprot = 1\n", &[]).unwrap();
    let refused = misspelt.acquirer.parse::<Link>().err().unwrap().to_string();
    assert!(refused.contains("acquirer") && refused.contains("prot"), "{refused}");
}

#[test]
fn the_key_goes_before_the_file_of_the_key() {
    let settings = load("data_dir = \"d\"", &[]).unwrap();
    assert!(
        matches!(settings.kek_source(), KekSource::File(path) if path == Path::new("d/florin.kek"))
    );
    let settings = load("", &[("FLORIN_VAULT__KEK_HEX", "00")]).unwrap();
    assert!(matches!(settings.kek_source(), KekSource::Hex(digits) if digits.as_str() == "00"));
}

#[test]
fn printing_shows_value_and_origin_but_no_secret() {
    let settings = load(
        "[acquirer]\nmac_key = \"s3cret\"\nport = 9\n[simulator]\ntoken = \"s3cret\"",
        &[
            ("FLORIN_DATABASE_URL", "postgres://u:s3cret@db/florin"),
            ("FLORIN_TEST_API_KEY", "s3cret"),
            ("FLORIN_VAULT__KEK_HEX", "s3cret"),
            ("FLORIN_LISTEN", "127.0.0.1:2"),
        ],
    )
    .unwrap();
    let printed = settings.print();
    let line = |key: &str| printed.lines().find(|line| line.starts_with(key)).unwrap().to_owned();
    assert!(line("listen = \"127.0.0.1:2\"").ends_with("# FLORIN_LISTEN"));
    assert!(line("http.connections_max = 4096").ends_with("# default"));
    assert!(line("acquirer.port = 9").ends_with("florin.toml"));
    for secret in
        ["database_url", "test_api_key", "vault.kek_hex", "simulator.token", "acquirer.mac_key"]
    {
        assert!(line(secret).contains("(hidden)"), "{secret}");
    }
    assert!(!printed.contains("s3cret"), "{printed}");
    assert!(!format!("{settings:?}").contains("s3cret"));
    // What is not set is shown to be so.
    assert!(load("", &[]).unwrap().print().contains("database_url = \"\""));
}

#[test]
fn an_error_does_not_repeat_a_secret() {
    for (variable, text) in [
        ("FLORIN_DATABASE_URL", "s3cret"),
        ("FLORIN_HTTP__CONNECTIONS_MAX", "s3cret"),
        ("FLORIN_LISTEN", "s3cret"),
        ("FLORIN_LOG__FORMAT", "s3cret"),
    ] {
        let refused = load("", &[(variable, text)]).unwrap_err();
        assert!(!format!("{refused} {refused:?}").contains("s3cret"), "{refused:?}");
    }
    for file in ["[vault]\nkek_hex = s3cret", "[vault]\nkek_hex = \"s3cret", "kek s3cret"] {
        let refused = load(file, &[]).unwrap_err();
        assert!(matches!(&refused, SettingsError::Syntax { why, .. } if why.contains("line")));
        assert!(!format!("{refused} {refused:?}").contains("s3cret"), "{refused:?}");
    }
}
