//! Wires adapters to ports; the only file that names both sides.
