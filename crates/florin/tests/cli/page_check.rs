//! `florin page-check` against a gateway, and through proxies that change what passes.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use super::{Data, PATIENCE, complained, run, said};

/// A proxy that replaces `from` by `to` in every answer; its address. It serves until the test
/// ends.
fn tampering(with: &str, from: &'static str, to: &'static str) -> String {
    let target = with.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            client.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut request = vec![0; 16 * 1024];
            let read = client.read(&mut request).unwrap();
            let request = String::from_utf8(request[..read].to_vec()).unwrap();
            let head = request.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
            let mut server = TcpStream::connect(&target).unwrap();
            server.write_all(head.as_bytes()).unwrap();
            let mut answer = String::new();
            server.read_to_string(&mut answer).unwrap();
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            let head: Vec<&str> = head
                .split("\r\n")
                .filter(|it| !it.to_ascii_lowercase().starts_with("content-length"))
                .collect();
            let answer = format!("{}\r\n\r\n{body}", head.join("\r\n")).replace(from, to);
            client.write_all(answer.as_bytes()).unwrap();
        }
    });
    address
}

#[test]
fn a_page_that_was_changed_on_its_way_is_found() {
    let data = Data::new();
    let server = data.serve(&[]);
    let gateway =
        server.told("API").trim_end_matches("/v1/json").trim_end_matches("/v1/json/").to_owned();
    let page = |at: &str| format!("{at}/pay/nothing");

    let output = run(&["page-check", &page(&gateway)]);
    assert!(output.status.success(), "{}", complained(&output));
    assert!(said(&output).contains("the one that this version"));
    let untouched = tampering(&gateway, "no such text", "");
    assert!(run(&["page-check", &page(&untouched)]).status.success());

    for (from, to, finding) in [
        ("</body>", "<script src=\"https://evil.example/a.js\"></script></body>", "evil.example"),
        ("script-src 'none'", "script-src 'unsafe-inline'", "'unsafe-inline' in script-src"),
        ("referrer-policy: no-referrer\r\n", "", "referrer-policy is missing"),
        // In the style sheet's file alone.
        (".amount{", ".amount{background:url(https://evil.example/x);", ".css is not the one"),
        // In the script's file alone.
        ("var form =", "fetch('https://evil.example');var form =", ".js is not the one"),
    ] {
        let changed = tampering(&gateway, from, to);
        let output = run(&["page-check", &page(&changed)]);
        assert_eq!(output.status.code(), Some(1), "{from}");
        assert!(complained(&output).contains(finding), "{finding}: {}", complained(&output));
    }
}

#[test]
fn what_is_no_page_is_said_to_be_none() {
    for (url, complaint) in [("nonsense", "is no address"), ("http://127.0.0.1:1/", "cannot fetch")]
    {
        assert!(super::fail(&["page-check", url]).contains(complaint), "{url}");
    }
}
