//! What services have in common: [`Deps`], what each is given; [`serve`], answers over the bus; [`problem`], failures of the
//! back end as callers see them; [`fields`], a JSON object read so that an error names its field; [`rate`], how often a user
//! may ask; [`records`], small ones of a bucket; [`gateways`], how many there are; [`hash`]; [`traced()`], a back end whose calls are spans.
#![warn(missing_docs)]

mod deps;
pub mod fields;
pub mod gateways;
pub mod hash;
pub mod problem;
pub mod rate;
pub mod records;
pub mod serve;
mod traced;

pub use deps::Deps;
pub use fields::{Fields, Flaw};
pub use gateways::Gateways;
pub use rate::UserRate;
pub use records::Records;
pub use traced::traced;
