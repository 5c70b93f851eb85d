//! Limits against card testing: how much may be tried from one address, with one BIN, at one site.
//!
//! Card testers are found by what is declined, so a declined attempt counts for several.

/// A site's limits, in points for each window. `None` is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub window_ms: i64,
    pub address_max: Option<u32>,
    pub bin_max: Option<u32>,
    pub site_max: Option<u32>,
    /// Points of a declined attempt; every other one has one point.
    pub decline_points: u32,
}

/// Attempts within the window, the present one not among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub attempts: u32,
    /// Those of them that were declined.
    pub declines: u32,
}

/// What was tried before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tallies {
    pub by_address: Tally,
    pub by_bin: Tally,
    pub by_site: Tally,
}

/// The limit that one more attempt would break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exceeded {
    Address,
    Bin,
    Site,
}

impl Exceeded {
    /// The name that logs use.
    pub fn name(self) -> &'static str {
        match self {
            Exceeded::Address => "ip",
            Exceeded::Bin => "bin",
            Exceeded::Site => "site",
        }
    }
}

impl Tally {
    /// What the attempts come to.
    pub fn points(self, decline_points: u32) -> u32 {
        let more = decline_points.saturating_sub(1);
        self.attempts.saturating_add(self.declines.saturating_mul(more))
    }
}

/// The first limit that one more attempt would break.
pub fn exceeded(limits: &Limits, tallies: &Tallies) -> Option<Exceeded> {
    let reached = |max: Option<u32>, tally: Tally| {
        max.is_some_and(|max| tally.points(limits.decline_points) >= max)
    };
    [
        (Exceeded::Address, limits.address_max, tallies.by_address),
        (Exceeded::Bin, limits.bin_max, tallies.by_bin),
        (Exceeded::Site, limits.site_max, tallies.by_site),
    ]
    .into_iter()
    .find(|(_, max, tally)| reached(*max, *tally))
    .map(|(limit, _, _)| limit)
}
