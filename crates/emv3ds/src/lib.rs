//! emv3ds
