//! The link to the acquirer.
