//! What a restart remembers, and what the journal never holds.

use std::fs;
use std::io::Write;

use florin_sim::{Simulator, SimulatorConfig, StartError};
use iso8583::Mti;

use crate::world::{
    MERCHANT, VISA, World, amounts, authorization, capture, config, refund, reversal,
};

fn with_journal(folder: &tempfile::TempDir) -> SimulatorConfig {
    SimulatorConfig { journal: Some(folder.path().join("simulator.journal")), ..config() }
}

#[tokio::test]
async fn books_duplicates_and_early_reversals_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("simulator.journal");
    let (request, answer, declined, overtaken);
    {
        let world = World::start_with(with_journal(&folder)).await;
        let mut link = world.link().await;
        request = authorization(VISA, 4_000, &[("03", "P")]);
        answer = link.exchange(&request).await;
        assert_eq!(link.code(&capture(&request, &answer, 1_000, "N")).await, "00");
        assert_eq!(link.code(&refund(&request, 300)).await, "00");
        let partial = reversal(Mti::REVERSAL_REQUEST, &request, Some(3_000));
        assert_eq!(link.code(&partial).await, "00");
        declined = authorization(VISA, 1, &[("21", "000")]);
        assert_eq!(link.code(&declined).await, "05");
        overtaken = authorization(VISA, 700, &[]);
        assert_eq!(link.code(&reversal(Mti::REVERSAL_ADVICE, &overtaken, None)).await, "25");
        // A copy is what a killed process would have left behind.
        fs::copy(&journal, folder.path().join("left-behind")).unwrap();
    }
    fs::rename(folder.path().join("left-behind"), &journal).unwrap();
    // The end of a record that was being written.
    fs::OpenOptions::new().append(true).open(&journal).unwrap().write_all(b"{\"book\":{").unwrap();
    for _ in 0..2 {
        let world = World::start_with(with_journal(&folder)).await;
        assert_eq!(amounts(&world.only_entry().await), [4_000, 1_000, 300, 1_000, 2_000]);
        let mut link = world.link().await;
        assert_eq!(link.code(&request).await, "94");
        assert_eq!(link.code(&declined).await, "94");
        let late = link.code(&overtaken).await;
        assert!(late == "79" || late == "94", "{late}");
        drop(link);
        world.simulator.stop();
        fs::copy(&journal, folder.path().join("left-behind")).unwrap();
        fs::rename(folder.path().join("left-behind"), &journal).unwrap();
    }
    let world = World::start_with(with_journal(&folder)).await;
    let mut link = world.link().await;
    assert_eq!(link.code(&capture(&request, &answer, 2_001, "F")).await, "N8");
    assert_eq!(link.code(&capture(&request, &answer, 2_000, "F")).await, "00");
}

#[tokio::test]
async fn the_journal_holds_no_card_data() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start_with(with_journal(&folder)).await;
    let mut link = world.link().await;
    for card in florin_sim::cards::CARDS {
        link.send(&authorization(card.number, 100, &[("21", "987")])).await;
    }
    assert_eq!(link.unordered_echo().await, Some("00".to_owned()));
    let text = fs::read_to_string(folder.path().join("simulator.journal")).unwrap();
    assert!(text.contains("\"visa\"") && text.contains(MERCHANT));
    for card in florin_sim::cards::CARDS {
        assert!(!text.contains(card.number), "{}", card.id);
    }
    for secret in ["987", "2812"] {
        assert!(!text.contains(&format!("\"{secret}\"")));
    }
}

#[tokio::test]
async fn a_journal_is_used_by_one_simulator_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let _world = World::start_with(with_journal(&folder)).await;
    let second = Simulator::start(with_journal(&folder)).await;
    assert!(matches!(second, Err(StartError::Journal(_))));
}

#[tokio::test]
async fn forgotten_data_stays_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("simulator.journal");
    {
        let world = World::start_with(with_journal(&folder)).await;
        let mut link = world.link().await;
        assert_eq!(link.code(&authorization(VISA, 100, &[])).await, "00");
        let path = format!("/data?merchant={MERCHANT}");
        assert_eq!(world.control("DELETE", &path, "").await.0, 204);
        assert!(world.simulator.entries(MERCHANT).is_empty());
        fs::copy(&journal, folder.path().join("left-behind")).unwrap();
    }
    fs::rename(folder.path().join("left-behind"), &journal).unwrap();
    let world = World::start_with(with_journal(&folder)).await;
    assert!(world.simulator.entries(MERCHANT).is_empty());
}
