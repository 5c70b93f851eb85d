//! Webhooks: canonical body, signature, delivery.
