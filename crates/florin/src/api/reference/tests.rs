//! The table is whole and says what is so.

use std::collections::BTreeSet;

use super::*;

#[test]
fn every_operation_has_a_name_and_a_place_of_its_own() {
    let all = operations();
    let ids: BTreeSet<&str> = all.iter().map(|it| it.id).collect();
    let places: BTreeSet<(&str, &str)> =
        all.iter().map(|it| (it.method.as_str(), it.path)).collect();
    assert_eq!((ids.len(), places.len()), (all.len(), all.len()));
    for operation in all {
        let known = operation.told.len() + operation.refusals.len();
        assert!(known > 0 && !operation.summary.is_empty(), "{} tells nothing", operation.id);
        assert!(operation.path.starts_with('/'), "{}", operation.path);
        for parameter in &operation.parameters {
            assert!(!parameter.text.is_empty(), "{}: {}", operation.id, parameter.name);
        }
    }
}

#[test]
fn what_is_not_in_the_table_is_not_there_and_what_has_another_method_says_which() {
    let code =
        |base, parts: &[&str], method| check(base, parts, &method).map_err(|it| it.http_status);
    assert_eq!(code("/v1/json/", &["orders", "a/b"], Method::GET), Ok(()));
    assert_eq!(code("/v1/json/", &["orders"], Method::GET), Err(405));
    assert_eq!(code("/v1/json/", &["orders", "a", "b"], Method::GET), Err(404));
    assert_eq!(code("/test/", &["orders", "a"], Method::GET), Err(404));
    let methods = |path| allowed(path).map(|it| it.to_str().unwrap().to_owned());
    assert_eq!(methods("/v1/json/orders/x%2Fy/").as_deref(), Some("GET, PATCH"));
    assert_eq!(methods("/nothing"), None);
}

#[test]
fn every_reference_leads_to_a_schema() {
    let document = openapi::document();
    let text = document.to_string();
    let mut found = 0;
    for rest in text.split("\"$ref\":\"#").skip(1) {
        let pointer = rest.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
        found += 1;
    }
    assert!(found > 20, "{found}");
}

#[test]
fn every_code_that_can_be_told_is_told_by_some_operation() {
    let told: BTreeSet<u32> = operations()
        .iter()
        .flat_map(Operation::all_refusals)
        .map(|refusal| refusal.code)
        .chain([1024])
        .collect();
    let all: BTreeSet<u32> =
        super::super::contract::errors::all().iter().map(|refusal| refusal.code).collect();
    // Codes of the contract that nothing makes yet.
    let silent = BTreeSet::from([1014, 1022, 5001]);
    assert_eq!(told, all.difference(&silent).copied().collect());
}

#[test]
fn the_page_names_every_operation_and_runs_nothing() {
    let html = page::html();
    for operation in operations() {
        assert!(html.contains(&format!("<article id=\"{}\">", operation.id)), "{}", operation.id);
    }
    assert!(!html.contains("<script"), "a page without scripts");
    assert!(page::policy().to_str().unwrap().starts_with("default-src 'none'"));
    assert!(!html.contains("http://") || !html.contains("src="), "nothing is fetched");
}
