//! What a store needs before it can take payments is made whoever comes first.

use std::sync::Arc;

use florin::app;
use florin::clock::SystemClock;
use florin::config::Settings;
use florin::vault::SystemRandom;

#[tokio::test]
async fn a_site_that_is_made_before_the_first_start_has_its_account() {
    let folder = tempfile::tempdir().unwrap();
    let variable = ("FLORIN_DATA_DIR".to_owned(), folder.path().display().to_string());
    let settings = Settings::load(None, [variable]).unwrap();
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    let foundation = app::lay_foundation(&settings, clock, random).await.unwrap();
    for name in ["First", "Second"] {
        app::new_site(&foundation, name, "test").await.unwrap();
    }
    let accounts = foundation.store.accounts().await.unwrap();
    assert_eq!(accounts.len(), 1);
    let sites = foundation.store.sites().await.unwrap();
    assert!(sites.len() == 2 && sites.iter().all(|site| site.account_id == accounts[0].id));
}
