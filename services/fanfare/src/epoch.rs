//! `fanfare new-epoch`: what is to be done after a restore.

use crate::{
    Failure,
    back_end::{self, BackEnd},
    cli, output,
};
use fanfare_bus::{embedded, nats};
use fanfare_lifecycle::{Shutdown, Tasks};

/// Begins another life of the log, which nobody may be using.
pub(crate) async fn renew(options: cli::NewEpoch) -> Result<(), Failure> {
    let back_end = BackEnd::of_log(options);
    let shards = match &back_end {
        BackEnd::Embedded(settings) => {
            embedded::renew_epoch(&settings.path)
                .map_err(|error| Failure::work(error.to_string()))?;
            1
        }
        BackEnd::Nats(settings) => nats::renew_epochs(settings, &Tasks::new(), &Shutdown::new())
            .await
            .map_err(|error| back_end::failure(&error))?,
    };
    output::line(&format!(
        "the log at {} has begun another life, in each of its shards: {shards}; start Fanfare now",
        back_end.place()
    ));
    Ok(())
}
