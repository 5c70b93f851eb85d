//! What PostgreSQL does for the lists of transactions, told by its own module `auto_explain` of the
//! statements that the gateway has really sent.

use florin::app::Running;
use florin::gateway::operations::Wanted;
use serde_json::{Map, Value, json};

use crate::postgres::{Cluster, connect};

/// The module is there from the start, and silent until it is asked.
pub(crate) const SETTINGS: [&str; 3] = [
    "shared_preload_libraries=auto_explain",
    "auto_explain.log_analyze=on",
    "auto_explain.log_timing=off",
];
/// How the statements of lists begin to differ from others in the server's log.
const OF_LISTS: &str = "FROM operations o";
/// Before the plan of a statement, on a line of its own.
const PLAN_BEGINS: &str = "  plan:";

/// The plan of one page of each list, by the list's name, a line each.
pub(crate) async fn of(
    running: &Running,
    cluster: &Cluster,
    lists: Vec<(&'static str, Wanted)>,
) -> Value {
    let admin = connect(&cluster.url_of("postgres")).await.unwrap();
    for sql in ["ALTER SYSTEM SET auto_explain.log_min_duration = 0", "SELECT pg_reload_conf()"] {
        admin.batch_execute(sql).await.unwrap();
    }
    let site = running.gateway.directory.sites().remove(0);
    let mut plans = Map::new();
    for (name, wanted) in lists {
        let plan = loop {
            let told = cluster.log().len();
            running.gateway.list_operations(&site, &wanted).await.unwrap();
            // A session hears of the new setting before its next statement, not all at once.
            if let Some(plan) = last_plan(&cluster.log()[told..]) {
                break plan;
            }
        };
        plans.insert(name.to_owned(), json!(plan));
    }
    Value::Object(plans)
}

/// The plan of the last list in a piece of the log. What belongs to a plan is indented by a tab.
fn last_plan(log: &str) -> Option<Vec<String>> {
    let entries = log.split(PLAN_BEGINS).skip(1);
    let of_list = entries.filter(|entry| entry.contains(OF_LISTS)).last()?;
    let lines = of_list.lines().skip(1).take_while(|line| line.starts_with('\t'));
    let plan = lines.filter(|line| !line.trim_start().starts_with("Query Text:"));
    Some(plan.map(|line| line.trim_start_matches('\t').to_owned()).collect())
}
