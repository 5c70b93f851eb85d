//! The 3DS server: card ranges, authentication, challenge, result.
