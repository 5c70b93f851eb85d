//! `florin page-check`: whether the payment page that arrives is the one that this binary writes.

use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderMap;

use crate::page::check::{Arrived, check, files};

const PATIENCE: Duration = Duration::from_secs(20);
/// Far more than a page of ours has.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Fetches the page and its files, and tells what is not ours.
pub(super) async fn run(url: String) -> Result<(), String> {
    let url = Url::parse(&url).map_err(|error| format!("{url} is no address: {error}"))?;
    let http = reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| format!("cannot fetch anything: {error}"))?;
    let (headers, html) = fetch(&http, url.clone()).await?;
    let headers: Vec<(String, String)> = headers
        .iter()
        .map(|(name, value)| {
            (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect();
    let mut findings = check(&Arrived { headers: &headers, html: &html });
    for (path, expected) in files() {
        let address = url.join(path).map_err(|error| format!("{path} is no address: {error}"))?;
        let (_, content) = fetch(&http, address).await?;
        if content != expected {
            findings.push(format!("file {path} is not the one of this version"));
        }
    }
    if findings.is_empty() {
        println!("The page is the one that this version of Florin writes.");
        return Ok(());
    }
    let list: Vec<String> = findings.iter().map(|it| format!("\n  - {it}")).collect();
    Err(format!("the page is not as this version of Florin writes it:{}", list.concat()))
}

async fn fetch(http: &reqwest::Client, url: Url) -> Result<(HeaderMap, String), String> {
    let failed = |error: reqwest::Error| format!("cannot fetch the page: {error}");
    let mut answer = http.get(url.clone()).send().await.map_err(failed)?;
    if answer.status().is_redirection() {
        return Err(format!("{url} leads elsewhere ({}); name the page itself", answer.status()));
    }
    let headers = answer.headers().clone();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(failed)? {
        body.extend_from_slice(&chunk);
        if body.len() > BODY_BYTES_MAX {
            return Err(format!("{url} is no page of ours: it is too large"));
        }
    }
    let text = String::from_utf8(body).map_err(|_| format!("{url} is not in UTF-8"))?;
    Ok((headers, text))
}
