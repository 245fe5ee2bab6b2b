//! fanfare.
fn main() {}
