//! Resident memory of this process, as the kernel counts it.

/// A line of `/proc/self/status`, in MB: `VmRSS` now, `VmHWM` at its highest.
pub(crate) fn megabytes(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kilobytes = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.map_or(0.0, |kb| (kb / 102.4).round() / 10.0)
}

/// Makes `VmHWM` what `VmRSS` is now, where the kernel lets a process.
pub(crate) fn forget_peak() {
    if let Err(error) = std::fs::write("/proc/self/clear_refs", "5") {
        eprintln!("the highest memory is that of the whole run: {error}");
    }
}
