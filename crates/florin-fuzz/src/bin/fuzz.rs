//! The search: libFuzzer over the target that `FLORIN_FUZZ_TARGET` names. Started by
//! `cargo xtask fuzz`, which builds it with the flags that make coverage visible.

#![no_main]

use std::cell::RefCell;

use florin_fuzz::{Run, Target};

thread_local! {
    // libFuzzer calls from one thread, and never says that it is done.
    static RUN: RefCell<Option<Run>> = const { RefCell::new(None) };
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    RUN.with_borrow_mut(|run| run.get_or_insert_with(open)(bytes));
});

fn open() -> Run {
    let name = std::env::var("FLORIN_FUZZ_TARGET").unwrap_or_default();
    let target = Target::named(&name).expect("FLORIN_FUZZ_TARGET names a target");
    (target.open)()
}
