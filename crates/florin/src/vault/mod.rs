//! Card data at rest: key hierarchy, sealing, keyed fingerprint.
