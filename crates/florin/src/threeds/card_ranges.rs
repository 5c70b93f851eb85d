//! The copy of a directory server's card ranges: built from PRes messages, asked with a PAN.
//!
//! Pure: fetching is done elsewhere.

use std::collections::BTreeMap;

use emv3ds::{CardRange, Pres, VersionRange, action};

/// What a directory server said about the cards of its network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CardRanges {
    /// Versions of the directory server.
    pub(crate) ds_versions: VersionRange,
    /// Names this state of the copy when changes are asked for.
    pub(crate) serial_number: Option<String>,
    /// By length and first number. Ranges do not overlap.
    ranges: BTreeMap<(usize, u64), Range>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Range {
    last: u64,
    card: EnrolledCard,
}

/// What is known of the cards of a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EnrolledCard {
    /// Versions of the ACS.
    pub(crate) acs_versions: VersionRange,
    /// Where the 3DS Method's hidden form goes.
    pub(crate) method_url: Option<String>,
}

/// Entries of a PRes that could not be used, so that somebody can be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ignored {
    /// Not two numbers of one length in order.
    pub(crate) malformed: usize,
    /// Overlaps a range that is already there.
    pub(crate) overlapping: usize,
    /// Deletes or changes a range that is not there.
    pub(crate) unknown: usize,
}

impl CardRanges {
    /// A copy from a PRes that lists everything. `None` when it names no versions.
    pub(crate) fn complete(pres: &Pres) -> Option<(CardRanges, Ignored)> {
        let empty = CardRanges {
            ds_versions: pres.ds_versions()?,
            serial_number: None,
            ranges: BTreeMap::new(),
        };
        empty.changed(pres)
    }

    /// This copy, with the changes that a later PRes lists. `None` when it names no versions.
    pub(crate) fn changed(&self, pres: &Pres) -> Option<(CardRanges, Ignored)> {
        let mut changed = self.clone();
        let mut ignored = Ignored::default();
        changed.ds_versions = pres.ds_versions()?;
        if pres.serial_num.is_some() {
            changed.serial_number.clone_from(&pres.serial_num);
        }
        for entry in pres.card_range_data.iter().flatten() {
            changed.apply(entry, &mut ignored);
        }
        Some((changed, ignored))
    }

    fn apply(&mut self, entry: &CardRange, ignored: &mut Ignored) {
        let numbers = (entry.start_range.parse::<u64>(), entry.end_range.parse::<u64>());
        let (true, (Ok(first), Ok(last)), Some(acs_versions)) =
            (entry.is_valid(), numbers, entry.acs_versions())
        else {
            ignored.malformed += 1;
            return;
        };
        let length = entry.start_range.len();
        let key = (length, first);
        let known = self.ranges.get(&key).is_some_and(|it| it.last == last);
        match entry.action_ind.as_deref().unwrap_or(action::ADD) {
            action::DELETE if known => {
                self.ranges.remove(&key);
                return;
            }
            action::DELETE => {
                ignored.unknown += 1;
                return;
            }
            // A range that is added again has the new facts, whatever the action says.
            _ if known => {}
            action::MODIFY => {
                ignored.unknown += 1;
                return;
            }
            _ if self.overlaps(length, first, last) => {
                ignored.overlapping += 1;
                return;
            }
            _ => {}
        }
        let method_url = entry.three_ds_method_url.clone();
        self.ranges.insert(key, Range { last, card: EnrolledCard { acs_versions, method_url } });
    }

    fn overlaps(&self, length: usize, first: u64, last: u64) -> bool {
        // Ranges do not overlap each other, so that only the one that starts last can reach in.
        let before = self.ranges.range((length, 0)..=(length, last)).next_back();
        before.is_some_and(|(_, range)| range.last >= first)
    }

    /// The range that a card belongs to; numbers are compared among those of equal length.
    pub(crate) fn find(&self, pan: &str) -> Option<&EnrolledCard> {
        let number = pan.parse::<u64>().ok()?;
        let length = pan.len();
        let (_, range) = self.ranges.range((length, 0)..=(length, number)).next_back()?;
        (range.last >= number).then_some(&range.card)
    }

    pub(crate) fn len(&self) -> usize {
        self.ranges.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(first: &str, last: &str, action: Option<&str>) -> CardRange {
        CardRange {
            start_range: first.to_owned(),
            end_range: last.to_owned(),
            action_ind: action.map(str::to_owned),
            acs_start_protocol_version: "2.2.0".to_owned(),
            acs_end_protocol_version: "2.3.1".to_owned(),
            ..CardRange::default()
        }
    }

    fn pres(serial: &str, entries: Vec<CardRange>) -> Pres {
        Pres {
            serial_num: Some(serial.to_owned()),
            ds_start_protocol_version: "2.2.0".to_owned(),
            ds_end_protocol_version: "2.3.1".to_owned(),
            card_range_data: Some(entries),
            ..Pres::default()
        }
    }

    #[test]
    fn a_card_is_found_only_among_ranges_of_its_own_length() {
        let list = pres("1", vec![entry("4111110000000000", "4111119999999999", Some("A"))]);
        let (ranges, ignored) = CardRanges::complete(&list).unwrap();
        assert_eq!(ignored, Ignored::default());
        for (pan, found) in [
            ("4111110000000000", true),
            ("4111111111111111", true),
            ("4111119999999999", true),
            ("4111120000000000", false),
            ("4111109999999999", false),
            ("411111111111111", false),
            ("04111111111111111", false),
            ("4111111111111111a", false),
            ("", false),
        ] {
            assert_eq!(ranges.find(pan).is_some(), found, "{pan}");
        }
    }

    #[test]
    fn changes_are_applied_to_the_copy() {
        let list = pres(
            "1",
            vec![
                entry("4111110000000000", "4111119999999999", Some("A")),
                entry("4012000000000000", "4012009999999999", None),
            ],
        );
        let (ranges, _) = CardRanges::complete(&list).unwrap();
        let mut moved = entry("4111110000000000", "4111119999999999", Some("M"));
        moved.three_ds_method_url = Some("https://acs.example.net/m".to_owned());
        let change =
            pres("2", vec![entry("4012000000000000", "4012009999999999", Some("D")), moved]);
        let (ranges, ignored) = ranges.changed(&change).unwrap();
        assert_eq!((ranges.len(), ranges.serial_number.as_deref()), (1, Some("2")));
        assert_eq!(ignored, Ignored::default());
        assert!(ranges.find("4012001111111111").is_none());
        assert!(ranges.find("4111111111111111").unwrap().method_url.is_some());
        // Nothing new: a PRes without a list.
        let (same, _) =
            ranges.changed(&Pres { card_range_data: None, ..pres("2", vec![]) }).unwrap();
        assert_eq!(same, ranges);
    }

    #[test]
    fn entries_that_make_no_sense_are_counted_and_left_out() {
        let list = pres(
            "1",
            vec![
                entry("4000000000000000", "4999999999999999", None),
                entry("4111110000000000", "4111119999999999", None),
                entry("5000000000000000", "4999999999999999", None),
                entry("5000000000000000", "500000000000000", None),
                entry("6000000000000000", "6000000000000001", Some("D")),
                entry("6000000000000000", "6000000000000001", Some("M")),
            ],
        );
        let (ranges, ignored) = CardRanges::complete(&list).unwrap();
        assert_eq!(ranges.len(), 1);
        assert_eq!(ignored, Ignored { malformed: 2, overlapping: 1, unknown: 2 });
    }

    proptest! {
        /// The map answers as a plain list of ranges would.
        #[test]
        fn looking_up_agrees_with_a_list(
            starts in prop::collection::vec((0u64..400, 0u64..40), 0..30),
            asked in 0u64..500,
        ) {
            let number = |offset: u64| format!("{}", 4_000_000_000_000_000 + offset);
            let mut list: Vec<(u64, u64)> = Vec::new();
            let mut entries = Vec::new();
            for (first, width) in starts {
                let last = first + width;
                entries.push(entry(&number(first), &number(last), None));
                if list.iter().all(|(f, l)| last < *f || first > *l) {
                    list.push((first, last));
                }
            }
            let (ranges, _) = CardRanges::complete(&pres("1", entries)).unwrap();
            let expected = list.iter().any(|(first, last)| (*first..=*last).contains(&asked));
            prop_assert_eq!(ranges.len(), list.len());
            prop_assert_eq!(ranges.find(&number(asked)).is_some(), expected);
        }
    }
}
