//! Pages that the payer's browser sees.
