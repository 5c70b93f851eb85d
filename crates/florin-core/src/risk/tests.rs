//! The engine against generated facts and rules, and each of its parts against a table.

use proptest::prelude::*;

use super::blocked::{BlockList, BlockedBy, Network, Subject};
use super::limits::{Exceeded, Limits, Tallies, Tally, exceeded};
use super::repeats::{self, Declines, RepeatRefused};
use super::rules::*;
use super::tables::{Countries, is_disposable};
use super::*;
use crate::card::Brand;
use crate::country::Country;

fn country(code: &str) -> Country {
    Country::parse(code).unwrap()
}

fn a_country() -> impl Strategy<Value = Option<Country>> {
    prop::option::of(prop::sample::select(vec!["NL", "BE", "IR", "US"]).prop_map(country))
}

fn an_address() -> impl Strategy<Value = PayerAddress> {
    prop::sample::select(vec![
        PayerAddress::Missing,
        PayerAddress::Private,
        PayerAddress::ShopsOwn,
        PayerAddress::Usable,
    ])
}

prop_compose! {
    fn facts()(
        address in an_address(),
        address_country in a_country(),
        card_country in a_country(),
        billing_country in a_country(),
        shipping_country in a_country(),
        cards_seen in prop::option::of((0u32..10, 0u32..10)),
        disposable_email: bool,
        amount in prop::sample::select(vec![0, 1, 999, 5_000, 5_001, i64::MAX]),
        average in prop::option::of(prop::sample::select(vec![-1, 0, 1, 1_000, i64::MAX])),
        authenticated: bool,
    ) -> Facts {
        let cards_seen =
            cards_seen.map(|(by_address, by_email)| CardsSeen { by_address, by_email });
        Facts {
            address, address_country, card_country, billing_country, shipping_country, cards_seen,
            disposable_email, amount, average, authenticated,
        }
    }
}

prop_compose! {
    fn a_rule()(
        kind in prop::sample::select(RuleKind::ALL.to_vec()),
        threshold in prop::sample::select(vec![0, 1, 3, 5, u32::MAX]),
        weight in WEIGHT_MIN..=WEIGHT_MAX,
    ) -> Rule {
        Rule { kind, threshold, weight }
    }
}

fn score(rules: &[Rule], facts: &Facts) -> u8 {
    assess(rules, &[country("IR")], facts).score
}

proptest! {
    #[test]
    fn a_score_is_from_1_to_10_and_is_the_sum_of_its_hits(
        rules in prop::collection::vec(a_rule(), 0..20), facts in facts(),
    ) {
        let found = assess(&rules, &[country("IR")], &facts);
        prop_assert!((SCORE_MIN..=SCORE_MAX).contains(&found.score));
        let sum: i32 = 1 + found.hits.iter().map(|hit| i32::from(hit.weight)).sum::<i32>();
        prop_assert_eq!(i32::from(found.score), sum.clamp(1, 10));
        prop_assert!(found.hits.iter().all(|hit| hit.weight != 0 && !hit.why.is_empty()));
    }

    #[test]
    fn the_order_of_the_rules_does_not_matter(
        (rules, shuffled) in prop::collection::vec(a_rule(), 0..12)
            .prop_flat_map(|rules| (Just(rules.clone()), Just(rules).prop_shuffle())),
        facts in facts(),
    ) {
        let high_risk = [country("IR")];
        prop_assert_eq!(
            assess(&rules, &high_risk, &facts),
            assess(&shuffled, &high_risk, &facts)
        );
    }

    /// A heavier rule, one rule more that speaks against the payment, or a lower threshold never
    /// makes a payment look safer.
    #[test]
    fn stricter_rules_never_lower_a_score(
        rules in prop::collection::vec(a_rule(), 1..12),
        which in any::<prop::sample::Index>(),
        more in a_rule(),
        facts in facts(),
    ) {
        let before = score(&rules, &facts);
        let which = which.index(rules.len());
        let mut heavier = rules.clone();
        heavier[which].weight = heavier[which].weight.saturating_add(1).min(WEIGHT_MAX);
        prop_assert!(score(&heavier, &facts) >= before);
        let mut longer = rules.clone();
        longer.push(Rule { weight: more.weight.abs(), ..more });
        prop_assert!(score(&longer, &facts) >= before);
        if rules[which].weight > 0 {
            let mut lower = rules.clone();
            lower[which].threshold = lower[which].threshold.saturating_sub(1);
            prop_assert!(score(&lower, &facts) >= before);
        }
    }

    /// By the rules that everybody starts with: what looks worse never scores lower.
    #[test]
    fn worse_facts_never_lower_a_score(facts in facts(), cards in 0u32..10, more in 0i64..10_000) {
        let before = score(&DEFAULT_RULES, &facts);
        let worse = |change: &dyn Fn(&mut Facts)| {
            let mut changed = facts.clone();
            change(&mut changed);
            score(&DEFAULT_RULES, &changed)
        };
        prop_assert!(worse(&|it| it.address = PayerAddress::Missing) >= before);
        prop_assert!(worse(&|it| it.disposable_email = true) >= before);
        prop_assert!(worse(&|it| it.amount = it.amount.saturating_add(more)) >= before);
        prop_assert!(worse(&|it| it.authenticated = false) >= before);
        let with_more_cards = worse(&|it| {
            let seen = it.cards_seen.unwrap_or_default();
            let by_address = seen.by_address + cards;
            it.cards_seen = Some(CardsSeen { by_address, ..seen });
        });
        prop_assert!(with_more_cards >= before);
    }
}

#[test]
fn each_default_rule_weighs_what_the_contract_says() {
    let clean = Facts {
        address: PayerAddress::Usable,
        address_country: Some(country("NL")),
        card_country: Some(country("NL")),
        billing_country: Some(country("NL")),
        shipping_country: Some(country("NL")),
        cards_seen: Some(CardsSeen { by_address: 3, by_email: 3 }),
        disposable_email: false,
        amount: 5_000,
        average: Some(1_000),
        authenticated: false,
    };
    let mut reached = std::collections::BTreeSet::new();
    let mut check = |change: &dyn Fn(&mut Facts), expected: u8, rule: Option<&str>| {
        let mut facts = clean.clone();
        change(&mut facts);
        let found = assess(&DEFAULT_RULES, &[country("IR")], &facts);
        let names: Vec<&str> = found.hits.iter().map(|hit| hit.rule.name()).collect();
        assert_eq!((found.score, names), (expected, rule.into_iter().collect()), "{facts:?}");
        reached.extend(found.hits.iter().map(|hit| hit.rule));
    };
    check(&|_| {}, 1, None);
    for address in [PayerAddress::Missing, PayerAddress::Private, PayerAddress::ShopsOwn] {
        check(&|it| it.address = address, 4, Some("unusable_ip"));
    }
    check(&|it| it.address_country = Some(country("US")), 3, Some("ip_country"));
    check(&|it| it.card_country = Some(country("US")), 3, Some("card_country"));
    check(&|it| it.cards_seen = None, 1, None);
    let seen = |by_address, by_email| Some(CardsSeen { by_address, by_email });
    check(&|it| it.cards_seen = seen(4, 0), 4, Some("many_cards"));
    check(&|it| it.cards_seen = seen(0, 4), 4, Some("many_cards"));
    check(&|it| it.disposable_email = true, 2, Some("disposable_email"));
    check(&|it| it.amount = 5_001, 3, Some("unusual_amount"));
    check(&|it| it.shipping_country = Some(country("BE")), 2, Some("shipping_country"));
    check(&|it| it.authenticated = true, 1, Some("authenticated"));
    check(&|it| it.average = None, 1, None);
    // The list hits alone where nothing else differs.
    let all_in = |it: &mut Facts| {
        it.address_country = Some(country("IR"));
        it.card_country = Some(country("IR"));
        it.billing_country = Some(country("IR"));
        it.shipping_country = Some(country("IR"));
    };
    check(&all_in, 3, Some("high_risk_country"));
    assert_eq!(reached.len(), RuleKind::ALL.len(), "every rule was seen to hit");
    // Everything at once is bounded above, and a proven payer takes four off.
    let worst = Facts {
        address: PayerAddress::Missing,
        address_country: Some(country("US")),
        card_country: Some(country("IR")),
        shipping_country: Some(country("BE")),
        cards_seen: seen(9, 9),
        disposable_email: true,
        amount: i64::MAX,
        ..clean
    };
    assert_eq!(assess(&DEFAULT_RULES, &[country("IR")], &worst).score, 10);
}

#[test]
fn names_lead_back_to_rules() {
    for kind in RuleKind::ALL {
        assert_eq!(RuleKind::from_name(kind.name()), Some(kind));
        assert!(DEFAULT_RULES.iter().any(|rule| rule.kind == kind));
    }
    assert_eq!(RuleKind::from_name("weather"), None);
}

#[test]
fn eight_is_the_merchants_and_nine_is_not() {
    let bands: Vec<Band> = (1..=10).map(band).collect();
    assert_eq!(bands[..5], [Band::Passes; 5]);
    assert_eq!(bands[5..8], [Band::Merchant; 3]);
    assert_eq!(bands[8..], [Band::Risk; 2]);
}

#[test]
fn a_card_on_the_review_list_has_the_score_of_the_list() {
    let entry = |score, default, after_ms| ReviewRule { card: [7; 32], score, default, after_ms };
    let list = [
        entry(2, ReviewVerdict::Accept, 1),
        entry(7, ReviewVerdict::Accept, 60),
        ReviewRule { card: [8; 32], ..entry(3, ReviewVerdict::Decline, 1) },
    ];
    let found = |score| Assessment { score, hits: Vec::new() };
    let held = hold(listed(&list, &[7; 32]), &found(1), 1_000).unwrap();
    assert_eq!((held.score, held.default, held.until), (7, ReviewVerdict::Accept, 1_060));
    assert_eq!(hold(listed(&list, &[8; 32]), &found(10), 1_000), None);
    assert_eq!(hold(listed(&list, &[9; 32]), &found(5), 1_000), None);
    let held = hold(listed(&list, &[9; 32]), &found(6), 1_000).unwrap();
    assert_eq!((held.score, held.default), (6, ReviewVerdict::Decline));
    assert_eq!(held.until, 1_000 + REVIEW_MS_DEFAULT);
}

#[test]
fn networks_are_read_and_hold_their_addresses() {
    for (text, shown, inside, outside) in [
        ("192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2"),
        ("192.0.2.77/24", "192.0.2.0/24", "::ffff:192.0.2.255", "192.0.3.0"),
        ("10.0.0.0/8", "10.0.0.0/8", "10.255.255.255", "11.0.0.0"),
        ("0.0.0.0/0", "0.0.0.0/0", "255.255.255.255", "::1"),
        ("2001:db8::1/32", "2001:db8::/32", "2001:db8:ffff::", "2001:db9::"),
        ("::/0", "::/0", "2001:db8::1", "192.0.2.1"),
        ("::ffff:192.0.2.9", "192.0.2.9", "192.0.2.9", "::1"),
    ] {
        let network = Network::parse(text).unwrap();
        assert_eq!(network.to_string(), shown);
        assert_eq!(Network::parse(shown), Ok(network));
        assert!(network.contains(inside.parse().unwrap()), "{text}");
        assert!(!network.contains(outside.parse().unwrap()), "{text}");
    }
    for text in ["", "a", "192.0.2.1/33", "192.0.2.1/-1", "192.0.2/24", "::/129", "1.2.3.4/"] {
        assert!(Network::parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_block_list_finds_what_is_on_it_and_nothing_else() {
    let list = BlockList {
        cards: [[1; 32]].into(),
        emails: ["bad@shop.example".to_owned(), "@evil.example".to_owned()].into(),
        bins: ["411111".to_owned(), "55555577".to_owned()].into(),
        networks: vec![Network::parse("203.0.113.0/28").unwrap()],
    };
    let address = |text: &str| vec![text.parse().unwrap()];
    for (card, digits, addresses, email, expected) in [
        ([1; 32], "40000000", vec![], None, Some(BlockedBy::Card)),
        ([2; 32], "41111199", vec![], None, Some(BlockedBy::Bin)),
        ([2; 32], "55555577", vec![], None, Some(BlockedBy::Bin)),
        ([2; 32], "55555578", vec![], None, None),
        ([2; 32], "40000000", address("203.0.113.15"), None, Some(BlockedBy::Address)),
        ([2; 32], "40000000", address("203.0.113.16"), None, None),
        ([2; 32], "40000000", vec![], Some(" Bad@Shop.example"), Some(BlockedBy::Email)),
        ([2; 32], "40000000", vec![], Some("x@EVIL.example"), Some(BlockedBy::Email)),
        ([2; 32], "40000000", vec![], Some("x@good.example"), None),
        ([2; 32], "", vec![], Some("evil.example"), None),
    ] {
        let subject = Subject { card: &card, leading_digits: digits, addresses: &addresses, email };
        assert_eq!(list.find(&subject), expected, "{subject:?}");
    }
}

#[test]
fn tables_say_the_country_of_an_address_and_of_a_card() {
    let table = "# first,last,country\n192.0.2.0,192.0.2.127,NL\n\"192.0.2.128/25\",\"BE\"\n\n\
                 192.0.2.200,192.0.2.200,FR\n2001:db8::/32,DE\n";
    let table = Countries::of_addresses(table).unwrap();
    assert_eq!(table.len(), 4);
    for (address, code) in [
        ("192.0.2.0", Some("NL")),
        ("192.0.2.127", Some("NL")),
        ("192.0.2.128", Some("BE")),
        ("::ffff:192.0.2.129", Some("BE")),
        ("192.0.2.200", Some("FR")),
        ("192.0.1.255", None),
        ("192.0.3.0", None),
        ("2001:db8:5::1", Some("DE")),
        ("2001:db9::", None),
    ] {
        let found = table.of_address(address.parse().unwrap());
        assert_eq!(found, code.map(country), "{address}");
    }
    let cards = Countries::of_cards("411111,NL\n550000,550009,BE\n37,US\n").unwrap();
    for (number, code) in [
        ("4111111111111111", Some("NL")),
        ("411111", Some("NL")),
        ("4111121111111111", None),
        ("5500000000000004", Some("BE")),
        ("55000999", Some("BE")),
        ("550010", None),
        ("374500000000015", Some("US")),
        ("", None),
        ("37x", None),
    ] {
        assert_eq!(cards.of_card(number), code.map(country), "{number}");
    }
    for (text, number) in [
        ("192.0.2.0/24", 1),
        ("NL\n", 1),
        ("192.0.2.0/24,NL\nnonsense,NL", 2),
        ("192.0.2.0/24,XX", 1),
        ("192.0.2.9,192.0.2.1,NL", 1),
        ("a,b,c,d", 1),
    ] {
        assert_eq!(Countries::of_addresses(text).unwrap_err().number, number, "{text}");
    }
    assert!(Countries::of_cards("12345678901234567890,NL").is_err());
    assert!(Countries::default().of_card("411111").is_none());
}

#[test]
fn disposable_domains_are_known_with_what_is_below_them() {
    let more = ["thrown.example".to_owned()];
    for (email, expected) in [
        ("a@mailinator.com", true),
        ("a@Eu.Mailinator.com", true),
        ("a@thrown.example", true),
        ("a@notmailinator.com", false),
        ("a@shop.example", false),
        ("mailinator.com", false),
        ("", false),
    ] {
        assert_eq!(is_disposable(email, &more), expected, "{email}");
    }
}

#[test]
fn a_decline_counts_for_several_attempts() {
    let limits = Limits {
        window_ms: 3_600_000,
        address_max: Some(10),
        bin_max: Some(20),
        site_max: None,
        decline_points: 5,
    };
    let tally = |attempts, declines| Tally { attempts, declines };
    for (by_address, by_bin, expected) in [
        (tally(0, 0), tally(0, 0), None),
        (tally(9, 0), tally(19, 0), None),
        (tally(10, 0), tally(0, 0), Some(Exceeded::Address)),
        (tally(1, 1), tally(0, 0), None),
        (tally(2, 2), tally(0, 0), Some(Exceeded::Address)),
        (tally(0, 0), tally(4, 4), Some(Exceeded::Bin)),
        (tally(u32::MAX, u32::MAX), tally(0, 0), Some(Exceeded::Address)),
    ] {
        let by_site = tally(u32::MAX, u32::MAX);
        let found = exceeded(&limits, &Tallies { by_address, by_bin, by_site });
        assert_eq!(found, expected, "{by_address:?} {by_bin:?}");
    }
    let limits = Limits { address_max: None, bin_max: None, site_max: Some(1), ..limits };
    let by_site = tally(1, 0);
    assert_eq!(exceeded(&limits, &Tallies { by_site, ..Tallies::default() }), Some(Exceeded::Site));
}

#[test]
fn schemes_forbid_repeats() {
    const HOUR: i64 = 3_600_000;
    const NOW: i64 = 2_000 * HOUR;
    // So many declines, one each so many hours, the last one an hour ago.
    let each = |hours: i64, count: i64| -> Vec<i64> {
        (0..count).map(|number| NOW - HOUR - number * hours * HOUR).collect()
    };
    let too_often = Some(RepeatRefused::TooOften);
    for (brand, at, expected) in [
        (Brand::Visa, each(1, 19), None),
        (Brand::Visa, each(1, 20), too_often),
        (Brand::Visa, each(36, 20), too_often),
        (Brand::Visa, each(37, 20), too_often),
        (Brand::Visa, each(38, 20), None),
        (Brand::Mastercard, each(1, 9), None),
        (Brand::Mastercard, each(2, 10), too_often),
        (Brand::Mastercard, each(3, 20), None),
        (Brand::Mastercard, each(20, 34), None),
        (Brand::Mastercard, each(20, 35), too_often),
        (Brand::Mastercard, each(21, 35), too_often),
        (Brand::Mastercard, each(22, 40), None),
        (Brand::Maestro, each(1, 10), too_often),
        (Brand::Amex, each(1, 1_000), None),
    ] {
        let declines = Declines { at: &at, ..Declines::default() };
        assert_eq!(repeats::refused(brand, declines, NOW), expected, "{brand:?} {}", at.len());
    }
    // A decline counts until its time is over, to the millisecond.
    let at = [NOW; 20];
    let declines = Declines { at: &at, ..Declines::default() };
    assert_eq!(repeats::refused(Brand::Visa, declines, NOW + 720 * HOUR - 1), too_often);
    assert_eq!(repeats::refused(Brand::Visa, declines, NOW + 720 * HOUR), None);
    // Others at once may be declined too; where nothing was declined, nothing is a repeat.
    for (count, under_way, expected) in [(1, 18, None), (1, 19, too_often), (0, 500, None)] {
        let declines = Declines { at: &at[..count], under_way, never_again: false };
        assert_eq!(repeats::refused(Brand::Visa, declines, NOW), expected, "{count} {under_way}");
    }
    for (brand, expected) in [
        (Brand::Visa, Some(RepeatRefused::NeverAgain)),
        (Brand::Mastercard, Some(RepeatRefused::NeverAgain)),
        (Brand::Amex, None),
    ] {
        let declines = Declines { never_again: true, ..Declines::default() };
        assert_eq!(repeats::refused(brand, declines, NOW), expected);
    }
    for (brand, code, advice, expected) in [
        (Brand::Visa, "14", None, true),
        (Brand::Visa, "43", None, true),
        (Brand::Visa, "05", None, false),
        (Brand::Visa, "05", Some("03"), false),
        (Brand::Visa, "51", None, false),
        (Brand::Visa, "00", None, false),
        (Brand::Mastercard, "14", None, false),
        (Brand::Mastercard, "05", Some("03"), true),
        (Brand::Maestro, "05", Some("21"), true),
        (Brand::Mastercard, "05", Some("02"), false),
        (Brand::Mastercard, "00", Some("03"), false),
        (Brand::Amex, "05", Some("03"), false),
    ] {
        assert_eq!(repeats::forbids_repeats(brand, code, advice), expected, "{code} {advice:?}");
    }
    assert_eq!(repeats::remembered_ms(Brand::Amex, true), None);
    for brand in [Brand::Visa, Brand::Mastercard, Brand::Maestro] {
        let counted = repeats::remembered_ms(brand, false).unwrap();
        assert!(repeats::limits(brand).iter().all(|limit| limit.within_ms <= counted));
        assert!(repeats::remembered_ms(brand, true).unwrap() > counted);
    }
}
