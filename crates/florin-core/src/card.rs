//! Card data: the number, the code, the expiry date, the holder, and the brand they belong to.
//!
//! What is secret cannot be printed or serialized, is wiped when dropped, and leaves by
//! `expose()` alone. A value of these types has been checked; nothing behind checks again.

mod brand;
mod cvc;
mod expiry;
mod holder;
mod pan;

pub use brand::{Brand, EciFamily};
pub use cvc::{Cvc, InvalidCvc};
pub use expiry::{EXPIRY_YEARS_MAX, Expiry, ExpiryFault, InvalidExpiry};
pub use holder::{CardholderName, HOLDER_CHARS_MAX};
pub use pan::{PAN_DIGITS_MAX, PAN_DIGITS_MIN, Pan, PanFault};
