//! AReq: the 3DS Server asks the issuer, through the directory server, to authenticate a payer.
//!
//! Browser (02) and requestor-initiated (03) channels; the elements of the SDK channel are not
//! here. Which element is required depends on channel, category and version.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::element::{Element, Extension, OneOrMany};
use crate::erro::TransactionIds;
use crate::format::Format;
use crate::secret::Secret;
use crate::version::Version;

/// Values of `deviceChannel`.
pub mod channel {
    pub const BROWSER: &str = "02";
    /// 3RI: initiated by the requestor, without the payer.
    pub const REQUESTOR_INITIATED: &str = "03";
}

/// Values of `messageCategory`.
pub mod category {
    pub const PAYMENT: &str = "01";
    pub const NON_PAYMENT: &str = "02";
}

/// Values of `threeDSCompInd`.
pub mod comp_ind {
    /// The 3DS Method completed in time.
    pub const COMPLETED: &str = "Y";
    /// It was started and did not report in time.
    pub const NOT_COMPLETED: &str = "N";
    /// The card range has no 3DS Method.
    pub const UNAVAILABLE: &str = "U";
}

message! {
    /// Authentication request.
    pub struct Areq: "AReq",
        version |it| Some(it.message_version),
        ids |it| TransactionIds {
            three_ds_server: Some(it.three_ds_server_trans_id.clone()),
            acs: None,
            ds: it.ds_trans_id.clone(),
        },
        extensions |it| it.message_extension.as_slice() => {
        message_version: Version = "messageVersion", Required, Typed;
        /// 01 payment, 02 non-payment.
        message_category: String = "messageCategory", Required, OneOf(&["01", "02"]);
        /// 02 browser, 03 requestor initiated.
        device_channel: String = "deviceChannel", Required, OneOf(&["02", "03"]);
        /// A UUID, new for each transaction, the same as in the 3DS Method before it.
        three_ds_server_trans_id: String = "threeDSServerTransID", Required, Uuid;
        /// Given by EMVCo with the approval of the 3DS Server.
        three_ds_server_ref_number: String = "threeDSServerRefNumber", Required, Text(1, 32);
        /// Given by the directory server, when it does.
        three_ds_server_operator_id: Option<String> = "threeDSServerOperatorID", Optional, Text(1, 32);
        /// Where the RReq is to arrive.
        three_ds_server_url: String = "threeDSServerURL", Required, Url(2048);
        three_ds_requestor_id: String = "threeDSRequestorID", Required, Text(1, 35);
        three_ds_requestor_name: String = "threeDSRequestorName", Required, Text(1, 40);
        three_ds_requestor_url: String = "threeDSRequestorURL", Required, Url(2048);
        /// 01 payment, 02 recurring, 03 instalment, 04 add card, 05 maintain card, 06 token.
        three_ds_requestor_authentication_ind: Option<String> = "threeDSRequestorAuthenticationInd",
            When(Areq::is_browser), Digits(2, 2);
        /// 01 recurring, 02 instalment, 03 add card … 11 other payment.
        three_ri_ind: Option<String> = "threeRIInd", When(Areq::is_requestor_initiated), Digits(2, 2);
        /// 01 no preference … 04 challenge mandated … 09; a list from 2.3.1 on.
        three_ds_requestor_challenge_ind: Option<OneOrMany> = "threeDSRequestorChallengeInd",
            Optional, Digits(2, 2);
        /// Result of the 3DS Method: Y, N or U.
        three_ds_comp_ind: Option<String> = "threeDSCompInd",
            When(Areq::is_browser), OneOf(&["Y", "N", "U"]);
        /// How the merchant knows the payer.
        three_ds_requestor_authentication_info: Option<Map<String, Value>> =
            "threeDSRequestorAuthenticationInfo", Optional, Typed;
        three_ds_requestor_prior_authentication_info: Option<PriorAuthenticationInfo> =
            "threeDSRequestorPriorAuthenticationInfo", Optional, Typed;
        /// Whether a decoupled challenge is welcome.
        three_ds_requestor_dec_req_ind: Option<String> = "threeDSRequestorDecReqInd",
            Optional, OneOf(&["Y", "N", "F", "B"]);
        /// Minutes for it, five digits.
        three_ds_requestor_dec_max_time: Option<String> = "threeDSRequestorDecMaxTime",
            When(|it| it.three_ds_requestor_dec_req_ind.as_deref() == Some("Y")), Digits(5, 5);
        /// The PAN.
        acct_number: Secret = "acctNumber", Required, Digits(13, 19);
        /// YYMM.
        card_expiry_date: Option<Secret> = "cardExpiryDate", Optional, YearMonth;
        /// 01 not applicable, 02 credit, 03 debit.
        acct_type: Option<String> = "acctType", Optional, Digits(2, 2);
        acct_id: Option<String> = "acctID", Optional, Text(1, 64);
        /// Age of the payer's account with the merchant, its changes and activity.
        acct_info: Option<Map<String, Value>> = "acctInfo", Optional, Typed;
        /// Printable ASCII; other characters only from 2.3.1 on.
        cardholder_name: Option<String> = "cardholderName", Optional, Text(2, 45);
        acquirer_bin: Option<String> = "acquirerBIN", When(Areq::is_payment), Digits(1, 11);
        acquirer_merchant_id: Option<String> = "acquirerMerchantID",
            When(Areq::is_payment), Text(1, 35);
        mcc: Option<String> = "mcc", When(Areq::is_payment), Digits(4, 4);
        /// ISO 3166-1 numeric.
        merchant_country_code: Option<String> = "merchantCountryCode",
            When(Areq::is_payment), Digits(3, 3);
        merchant_name: Option<String> = "merchantName", When(Areq::is_payment), Text(1, 40);
        /// Minor units, without leading zeros.
        purchase_amount: Option<String> = "purchaseAmount", When(Areq::has_purchase), Digits(1, 48);
        /// ISO 4217 numeric.
        purchase_currency: Option<String> = "purchaseCurrency",
            When(Areq::has_purchase), Digits(3, 3);
        purchase_exponent: Option<String> = "purchaseExponent",
            When(Areq::has_purchase), Digits(1, 1);
        /// YYYYMMDDHHMMSS in UTC.
        purchase_date: Option<String> = "purchaseDate", When(Areq::has_purchase), Timestamp(14);
        /// YYYYMMDD.
        recurring_expiry: Option<String> = "recurringExpiry",
            When(|it| it.is_recurring() && it.message_version < Version::V231), Timestamp(8);
        /// Least number of days between two payments.
        recurring_frequency: Option<String> = "recurringFrequency",
            When(|it| it.is_recurring() && it.message_version < Version::V231), Digits(1, 4);
        /// 2.3.1: fixed or variable amount and frequency.
        recurring_ind: Option<Map<String, Value>> = "recurringInd", Optional, Typed;
        recurring_amount: Option<String> = "recurringAmount", Optional, Digits(1, 48);
        recurring_currency: Option<String> = "recurringCurrency", Optional, Digits(3, 3);
        recurring_exponent: Option<String> = "recurringExponent", Optional, Digits(1, 1);
        recurring_date: Option<String> = "recurringDate", Optional, Timestamp(8);
        /// Number of instalments, from 2 on.
        purchase_instal_data: Option<String> = "purchaseInstalData",
            When(Areq::is_instalment), Digits(1, 3);
        /// 01 goods or services, 03 check acceptance, 10 account funding, 11, 28.
        trans_type: Option<String> = "transType",
            Optional, OneOf(&["01", "03", "10", "11", "28"]);
        browser_accept_header: Option<String> = "browserAcceptHeader",
            When(Areq::is_browser), Text(1, 2048);
        /// IPv4 or IPv6 text.
        browser_ip: Option<String> = "browserIP", Optional, Ascii(1, 45);
        browser_javascript_enabled: Option<bool> = "browserJavascriptEnabled",
            When(|it| it.is_browser() && it.message_version >= Version::V220), Typed;
        browser_java_enabled: Option<bool> = "browserJavaEnabled",
            When(Areq::runs_scripts), Typed;
        /// BCP 47.
        browser_language: Option<String> = "browserLanguage",
            When(|it| it.runs_scripts() || it.is_browser() && it.message_version < Version::V231),
            Ascii(1, 8);
        /// Bits.
        browser_color_depth: Option<String> = "browserColorDepth",
            When(Areq::runs_scripts), OneOf(&["1", "4", "8", "15", "16", "24", "32", "48"]);
        /// Pixels.
        browser_screen_height: Option<String> = "browserScreenHeight",
            When(Areq::runs_scripts), Digits(1, 6);
        /// Pixels.
        browser_screen_width: Option<String> = "browserScreenWidth",
            When(Areq::runs_scripts), Digits(1, 6);
        /// Minutes from the payer's time to UTC: positive is behind UTC.
        browser_tz: Option<String> = "browserTZ", When(Areq::runs_scripts), Minutes;
        browser_user_agent: Option<String> = "browserUserAgent",
            When(Areq::is_browser), Text(1, 2048);
        /// 2.3.1: languages in the order of the payer's preference.
        accept_language: Option<Vec<String>> = "acceptLanguage",
            When(|it| it.is_browser() && it.message_version >= Version::V231), Text(1, 100);
        /// Where the browser brings the CRes.
        notification_url: Option<String> = "notificationURL", When(Areq::is_browser), Url(256);
        email: Option<String> = "email", Optional, Text(3, 254);
        home_phone: Option<Phone> = "homePhone", Optional, Typed;
        mobile_phone: Option<Phone> = "mobilePhone", Optional, Typed;
        work_phone: Option<Phone> = "workPhone", Optional, Typed;
        /// Whether the two addresses are the same.
        addr_match: Option<String> = "addrMatch", Optional, OneOf(&["Y", "N"]);
        bill_addr_line1: Option<String> = "billAddrLine1", Optional, Text(1, 50);
        bill_addr_line2: Option<String> = "billAddrLine2", Optional, Text(1, 50);
        bill_addr_line3: Option<String> = "billAddrLine3", Optional, Text(1, 50);
        bill_addr_city: Option<String> = "billAddrCity", Optional, Text(1, 50);
        bill_addr_post_code: Option<String> = "billAddrPostCode", Optional, Text(1, 16);
        /// ISO 3166-2 without the country.
        bill_addr_state: Option<String> = "billAddrState", Optional, Text(1, 3);
        /// ISO 3166-1 numeric.
        bill_addr_country: Option<String> = "billAddrCountry",
            When(|it| it.bill_addr_state.is_some()), Digits(3, 3);
        ship_addr_line1: Option<String> = "shipAddrLine1", Optional, Text(1, 50);
        ship_addr_line2: Option<String> = "shipAddrLine2", Optional, Text(1, 50);
        ship_addr_line3: Option<String> = "shipAddrLine3", Optional, Text(1, 50);
        ship_addr_city: Option<String> = "shipAddrCity", Optional, Text(1, 50);
        ship_addr_post_code: Option<String> = "shipAddrPostCode", Optional, Text(1, 16);
        /// ISO 3166-2 without the country.
        ship_addr_state: Option<String> = "shipAddrState", Optional, Text(1, 3);
        /// ISO 3166-1 numeric.
        ship_addr_country: Option<String> = "shipAddrCountry",
            When(|it| it.ship_addr_state.is_some()), Digits(3, 3);
        /// Delivery, gift cards, pre-orders.
        merchant_risk_indicator: Option<Map<String, Value>> = "merchantRiskIndicator",
            Optional, Typed;
        pay_token_ind: Option<bool> = "payTokenInd", Optional, Typed;
        pay_token_source: Option<String> = "payTokenSource",
            When(|it| it.pay_token_ind == Some(true)), Digits(2, 2);
        white_list_status: Option<String> = "whiteListStatus", Optional, Ascii(1, 1);
        white_list_status_source: Option<String> = "whiteListStatusSource", Optional, Digits(2, 2);
        /// 2.3.1, in place of the white list.
        trust_list_status: Option<String> = "trustListStatus", Optional, Ascii(1, 1);
        trust_list_status_source: Option<String> = "trustListStatusSource", Optional, Digits(2, 2);
        /// 2.3.1: ISO 3166-1 numeric.
        acquirer_country_code: Option<String> = "acquirerCountryCode",
            When(|it| it.message_version >= Version::V231), Digits(3, 3);
        acquirer_country_code_source: Option<String> = "acquirerCountryCodeSource",
            When(|it| it.message_version >= Version::V231), Digits(2, 2);
        message_extension: Vec<Extension> = "messageExtension", Optional, Typed;
        /// Added by the directory server on the way to the ACS, as are the next two.
        ds_reference_number: Option<String> = "dsReferenceNumber", Optional, Text(1, 32);
        ds_trans_id: Option<String> = "dsTransID", Optional, Uuid;
        ds_url: Option<String> = "dsURL", Optional, Url(2048);
    }
}

/// A telephone number, split as the standard wants it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phone {
    /// Country code, 1 to 3 digits.
    pub cc: String,
    /// The rest, at most 12 digits (together at most 15).
    pub subscriber: String,
}

/// How the payer was authenticated before (3RI: at the start of the series).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriorAuthenticationInfo {
    /// 01 frictionless, 02 challenge, 03 attempted.
    #[serde(rename = "threeDSReqPriorAuthMethod", skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// YYYYMMDDHHMM in UTC.
    #[serde(rename = "threeDSReqPriorAuthTimestamp", skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    /// `acsTransID` of that authentication.
    #[serde(rename = "threeDSReqPriorRef", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// What else the schemes agree on.
    #[serde(rename = "threeDSReqPriorAuthData", skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
}

impl Areq {
    #[must_use]
    pub fn is_browser(&self) -> bool {
        self.device_channel == channel::BROWSER
    }

    #[must_use]
    pub fn is_requestor_initiated(&self) -> bool {
        self.device_channel == channel::REQUESTOR_INITIATED
    }

    #[must_use]
    pub fn is_payment(&self) -> bool {
        self.message_category == category::PAYMENT
    }

    fn authentication_ind_in(&self, values: &[&str]) -> bool {
        self.three_ds_requestor_authentication_ind.as_deref().is_some_and(|it| values.contains(&it))
    }

    fn three_ri_ind_in(&self, values: &[&str]) -> bool {
        self.three_ri_ind.as_deref().is_some_and(|it| values.contains(&it))
    }

    /// A payment, or a non-payment that prepares later ones.
    fn has_purchase(&self) -> bool {
        self.is_payment()
            || self.authentication_ind_in(&["02", "03"])
            || self.three_ri_ind_in(&["01", "02", "06", "07", "08", "09", "11"])
    }

    fn is_recurring(&self) -> bool {
        self.authentication_ind_in(&["02", "03"]) || self.three_ri_ind_in(&["01", "02"])
    }

    fn is_instalment(&self) -> bool {
        self.authentication_ind_in(&["03"]) || self.three_ri_ind_in(&["02"])
    }

    /// 2.1.0 has no switch for scripts and always wants what only a script can know.
    fn runs_scripts(&self) -> bool {
        self.is_browser()
            && (self.message_version < Version::V220
                || self.browser_javascript_enabled == Some(true))
    }
}

impl Element for Phone {
    fn is_unset(&self) -> bool {
        false
    }

    fn holds(&self, _: &Format) -> bool {
        Format::Digits(1, 3).holds(&self.cc) && Format::Digits(1, 12).holds(&self.subscriber)
    }
}

impl Element for PriorAuthenticationInfo {
    fn is_unset(&self) -> bool {
        false
    }

    fn holds(&self, _: &Format) -> bool {
        self.method.holds(&Format::Digits(2, 2))
            && self.timestamp.holds(&Format::Timestamp(12))
            && self.reference.holds(&Format::Ascii(1, 36))
            && self.data.holds(&Format::Text(1, 2048))
    }
}
