//! An operation as `GET /transactions` shows it.
//!
//! Amounts, costs and net are minor units here, unlike in orders; times are those of Amsterdam.

use florin_core::chargeback::Chargeback;
use florin_core::order_id::OrderId;
use florin_core::trail::{Refund, WHOLE};
use serde_json::{Value, json};

use super::class::Kind;
use super::list::Listed;
use crate::api::contract::timestamp;
use crate::gateway::view::dispute_view;

/// What the merchant says of an operation.
struct Words {
    order_id: String,
    description: String,
    vars: [Option<String>; 3],
}

impl Listed {
    /// The object of the contract.
    pub fn to_value(&self) -> Value {
        let (record, row, class) = (&self.record, &self.row, &self.class);
        let details = &record.request.details;
        let address = &details.customer.address;
        let Words { order_id, description, vars } = self.words();
        let fees = record.order.trail.fees.iter();
        let fees: Vec<_> = fees.filter(|fee| fee.transaction_id.0 == row.transaction_id).collect();
        let sum = fees.iter().fold(0_i64, |sum, fee| sum.saturating_add(fee.amount));
        let net = match class.kind {
            Kind::Payment | Kind::ReverseChargeback => row.amount.saturating_sub(sum),
            // What leaves the merchant, fees and all.
            Kind::Refund | Kind::Chargeback => row.amount.saturating_add(sum),
        };
        let cost = |fee: &&florin_core::trail::Fee| json!({ "amount": fee.amount, "description": fee.description, "dst": 0 });
        let [var1, var2, var3] = vars.map(Option::unwrap_or_default);
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let mut object = json!({
            "amount": row.amount,
            "costs": fees.iter().map(cost).collect::<Vec<_>>(),
            "created": timestamp::to_local_text(row.created_at),
            "currency": class.currency,
            "customer": {
                "email": text(&address.email),
                "first_name": text(&address.first_name),
                "iban": "",
                "last_name": text(&address.last_name),
            },
            "debit_credit": class.kind.debit_credit(),
            "description": description,
            "financial_status": class.financial_status,
            "invoice_id": record.extra.shipment.get("invoice_id").cloned().unwrap_or_default(),
            "net": net,
            "order_id": OrderId::parse(&order_id).map_or(order_id.clone(), |it| it.as_str().to_owned()),
            "payment_method": class.method,
            "site_id": record.site.id,
            "status": class.status,
            "transaction_id": row.transaction_id,
            "type": class.kind.word(),
            "var1": var1,
            "var2": var2,
            "var3": var3,
        });
        if let Some(completed) = row.completed_at {
            object["completed"] = json!(timestamp::to_local_text(completed));
        }
        if let (Kind::Chargeback, Some(case)) = (class.kind, self.case()) {
            object["dispute"] = dispute_view(case).to_value();
        }
        object
    }

    fn refund(&self) -> Option<&Refund> {
        let mut refunds = self.record.order.trail.refunds.iter();
        refunds.find(|it| it.transaction_id.0 == self.row.transaction_id)
    }

    fn case(&self) -> Option<&Chargeback> {
        let id = self.row.transaction_id;
        self.record.order.trail.chargebacks.iter().find(|case| {
            case.transaction_id.0 == id
                || case.credit().is_some_and(|credit| credit.transaction_id.0 == id)
        })
    }

    /// What the merchant calls the sale with this number.
    fn sale_name(&self, number: u32) -> String {
        let mut parts = self.record.order.trail.captures.iter();
        let part = parts.find(|part| part.number == number);
        part.map_or_else(|| self.record.order_id.clone(), |part| part.order_id.clone())
    }

    fn words(&self) -> Words {
        let details = &self.record.request.details;
        let (description, vars) = (details.description.clone(), details.vars.clone());
        if let Some(refund) = self.refund() {
            let words = &refund.words;
            let own = |index: usize| words.vars[index].clone().or_else(|| vars[index].clone());
            return Words {
                order_id: words.order_id.clone().unwrap_or_else(|| self.sale_name(refund.sale)),
                description: words.description.clone().unwrap_or(description),
                vars: [own(0), own(1), own(2)],
            };
        }
        if let Some(case) = self.case() {
            let order_id = self.sale_name(case.sale);
            let description = match self.class.kind {
                Kind::ReverseChargeback => format!("Reverse chargeback for order {order_id}"),
                _ => format!("Chargeback for order {order_id}"),
            };
            return Words { order_id, description, vars };
        }
        let mut parts = self.record.order.trail.captures.iter();
        let part = parts.find(|part| part.transaction_id.0 == self.row.transaction_id);
        let order_id = self.sale_name(part.map_or(WHOLE, |part| part.number));
        Words { order_id, description, vars }
    }
}
