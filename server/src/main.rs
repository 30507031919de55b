//! summit
fn main() {}
