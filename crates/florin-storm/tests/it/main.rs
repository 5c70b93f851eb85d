//! Storms that CI can afford: many small ones, each of which must leave nothing broken.

mod seeds;
mod replay;
mod bugs;
