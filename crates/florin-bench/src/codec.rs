//! How fast one core reads and writes the worked e-commerce authorization.

use std::hint::black_box;
use std::time::{Duration, Instant};

use iso8583::{Codec, Encoding, Spec};
use serde_json::json;

use crate::arguments::Arguments;

const ASCII: &str = include_str!("../testdata/authorization.ascii.hex");
const BINARY: &str = include_str!("../testdata/authorization.binary.hex");

pub(crate) fn run(arguments: &Arguments) -> String {
    let time = Duration::from_secs(arguments.seconds.min(5));
    let rates = |encoding, text: &str| {
        let codec = Codec::new(Spec::florin87(), encoding);
        let bytes = hex::decode(text.trim()).unwrap();
        let message = codec.decode(&bytes).unwrap();
        let unpack = per_second(time, || {
            black_box(codec.decode(black_box(&bytes)).unwrap());
        });
        let mut out = Vec::with_capacity(1024);
        let pack = per_second(time, || {
            out.clear();
            codec.encode(black_box(&message), &mut out).unwrap();
            black_box(&out);
        });
        assert_eq!(out, bytes);
        json!({ "unpack_per_s": unpack, "pack_per_s": pack })
    };
    let line = json!({
        "mode": "codec",
        "ascii": rates(Encoding::Ascii, ASCII),
        "binary": rates(Encoding::Binary, BINARY),
    });
    line.to_string()
}

fn per_second(time: Duration, mut work: impl FnMut()) -> u64 {
    let begin = Instant::now();
    let mut done = 0u64;
    while begin.elapsed() < time {
        for _ in 0..1000 {
            work();
        }
        done += 1000;
    }
    (done as f64 / begin.elapsed().as_secs_f64()) as u64
}
