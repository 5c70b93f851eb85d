//! What the gateway does with an order: load, decide, record, send, settle.
