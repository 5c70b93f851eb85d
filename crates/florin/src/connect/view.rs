//! What a payer's page shows, as values: no markup, no words, no decision.
//!
//! The routes fill them in, a renderer turns them into HTML. Texts in them come from shops and
//! payers and are never safe as markup; addresses have been read as `http:` or `https:` ones and
//! carry the order's id where they lead back to a shop.

use florin_core::card::Brand;
use florin_core::method::Method;
use florin_core::money::Money;
use florin_locale::Language;

/// Everything on the page with the card form.
///
/// The card itself is never in it: a form that comes back is shown with empty number and code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardPageView {
    /// The locale of the page, as the contract writes it (`nl_NL`). May be any text of a shop's.
    pub locale: String,
    pub shop: Shop,
    /// What is to be paid now.
    pub amount: Money,
    pub paid: Option<PaidInPart>,
    pub description: String,
    /// What is bought; empty where the shop sent no cart or hides it.
    pub cart: Vec<CartLine>,
    /// The brands that the form takes.
    pub brands: Vec<Brand>,
    /// Where the form is posted.
    pub form_action: String,
    /// Where the form of the cancel button is posted, with `csrf` as its only field.
    pub cancel_action: String,
    /// Field `csrf`.
    pub csrf: String,
    /// Field `form_number`: one form pays at most once, however often it is sent.
    pub form_number: String,
    pub languages: Vec<LanguageLink>,
    /// Why the form is here again.
    pub error: Option<FormError>,
    /// Field `card_holder_name` as it was typed, when the form is here again.
    pub holder: Option<String>,
    /// The form stores the card, for this kind of later payments: the payer has to be told.
    pub stores_card: Option<StoredFor>,
    /// Cards that the payer has stored at this shop.
    pub stored_cards: Vec<StoredCardView>,
    /// Where methods that are no cards can be chosen; none where there are none.
    pub other_methods: Option<String>,
    /// When the page is of no use any more: milliseconds since 1970.
    pub expires_at: i64,
    /// No money moves here.
    pub test_mode: bool,
    /// Whether the form has the hidden `browser_*` fields for 3-D Secure, for a script to fill.
    pub browser_fields: bool,
    /// The way on may lead to an address without TLS, such as a shop on a laptop.
    pub leads_to_http: bool,
}

/// What gift cards have paid of an order; the page's amount is the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaidInPart {
    pub total: Money,
    /// What each was called, and what it paid.
    pub parts: Vec<(&'static str, Money)>,
}

/// The page with the methods that are no cards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodsPageView {
    /// As in [`CardPageView`].
    pub locale: String,
    pub shop: Shop,
    /// What is to be paid now.
    pub amount: Money,
    pub paid: Option<PaidInPart>,
    /// To choose from; one where the shop has chosen. Field `method` has the id.
    pub methods: Vec<&'static Method>,
    /// Where the form is posted.
    pub form_action: String,
    /// As in [`CardPageView`], like the next two.
    pub cancel_action: String,
    pub csrf: String,
    pub form_number: String,
    /// Back to the card form, where the order can be paid by card.
    pub back: Option<String>,
    /// Why the page is here again.
    pub notice: Option<MethodNotice>,
    /// No money moves here.
    pub test_mode: bool,
    /// As in [`CardPageView`].
    pub leads_to_http: bool,
}

/// Why the page with the methods is shown again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MethodNotice {
    Declined,
    /// The payer came back without having paid.
    Unpaid,
    /// We failed, or the provider did.
    Trouble,
}

/// A page where the journey ends or rests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndPageView {
    /// As in [`CardPageView`]; empty where nothing is known of the payer.
    pub locale: String,
    /// None where the link was never ours.
    pub shop: Option<Shop>,
    pub kind: EndKind,
    /// Back to the form, or to the shop; the likelier one first.
    pub ways_back: Vec<WayBack>,
    /// No money moves here.
    pub test_mode: bool,
}

/// What an [`EndPageView`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndKind {
    /// The link ran out of time.
    Expired,
    /// The shop took the order back.
    Cancelled,
    /// The payer gave up; the order can still be paid. Shown only where the shop has no address
    /// for it.
    GivenUp,
    /// Paid. Shown only where the shop has no address for it. A payment that is held looks the
    /// same.
    Paid,
    /// The order was paid by another attempt than the one that just came back.
    PaidElsewhere,
    /// The payment was refused, and the site wants no second try.
    Declined,
    /// The link was opened too often.
    TooManyOpenings,
    /// The link was never ours, or a newer one has taken its place.
    Unknown,
    /// The form was not ours, or is too old: the payer is asked to open the page again.
    FormRefused,
    /// A payment is on its way; the page looks again by itself.
    Waiting,
    /// We failed; nothing was charged.
    Trouble,
}

/// A link on an [`EndPageView`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WayBack {
    pub href: String,
    pub to: WayBackTo,
}

/// Where it leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WayBackTo {
    Shop,
    /// The form, for another try.
    Form,
}

/// Leaves for the shop: by itself, and from a window that a script of the shop opened by closing
/// that window after telling its opener (notifications.md 7.5 of the contract).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosePageView {
    pub locale: String,
    /// Where to go where the window cannot be closed.
    pub target: String,
}

/// Who is paid, and how that looks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shop {
    pub name: String,
    /// Visa wants city and country of the shop in the payer's sight.
    pub city: String,
    /// ISO 3166-1, two letters; may be empty.
    pub country: String,
    /// An `https:` address.
    pub logo_url: Option<String>,
    /// `template.settings.hide_cart` and the like, as far as they were sent as true.
    pub hidden: Vec<String>,
    /// Leaves of the contract's `template`, by their path (`buttons.primary.background`), as
    /// sent: a renderer reads them as colours or leaves them out.
    pub colours: Vec<(String, String)>,
}

/// One line of what is bought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CartLine {
    pub name: String,
    /// As the shop wrote it: `2`, `1.5`.
    pub quantity: String,
    /// Without tax, in major units as the shop wrote it; it may have more decimals than the
    /// currency.
    pub unit_price: String,
    /// Percent, where the shop says so: `21`.
    pub tax_percent: Option<String>,
    /// With tax, rounded to the currency; None where it cannot be said.
    pub total: Option<Money>,
}

/// The page in another language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LanguageLink {
    pub language: Language,
    pub href: String,
    /// Whether the page is in it.
    pub current: bool,
}

/// Why the form is shown again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormError {
    /// The payment was refused; another card may work. Never says why.
    Declined,
    /// The payer's bank did not confirm that it is the payer.
    NotAuthenticated,
    /// What was typed cannot be right. At least one.
    Fields(Vec<(Field, Fault)>),
    /// We failed; nothing was charged.
    Trouble,
}

/// A field of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// `card_number`
    Number,
    /// `card_holder_name`
    Holder,
    /// `card_expiry`, or `card_expiry_month` and `card_expiry_year`
    Expiry,
    /// `card_cvc`
    Cvc,
    /// `stored_card`
    StoredCard,
}

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Missing,
    /// It is no card number, date, or code.
    Malformed,
    /// The card has expired.
    Expired,
    /// A card number of a brand that is not taken here.
    BrandNotAccepted,
}

/// What a card is stored for (`recurring_model`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoredFor {
    CardOnFile,
    Subscription,
    Unscheduled,
}

/// A card that the payer stored before. Field `stored_card` names it by `id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCardView {
    pub id: String,
    pub brand: Brand,
    pub last4: String,
    /// `YYMM`.
    pub expiry: String,
    /// The code has to be typed again.
    pub asks_cvc: bool,
    /// The form is shown with this one chosen; where none is, with the card that is typed.
    pub chosen: bool,
}
