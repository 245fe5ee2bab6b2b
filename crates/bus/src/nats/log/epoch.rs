//! Another life of a log that is there: what a restored one needs.

use super::{
    core,
    streams::{LayoutError, epoch_of},
    subject,
};
use crate::nats::{api, connection::Connection, refusal::Refusal, stream};
use serde_json::Value;

/// The name of a shard's epoch among its stream's metadata.
pub(super) const KEY: &str = "fanfare.epoch";

/// One that no other life has.
pub(super) fn fresh() -> Result<String, LayoutError> {
    let mut epoch = core::random().map_err(|_no_randomness| LayoutError::Unavailable)?;
    epoch.truncate(8);
    Ok(epoch)
}

/// Gives every shard a fresh epoch; how many there are. Done again when it was cut short, it does no harm.
pub(in crate::nats) async fn renew(connection: &Connection) -> Result<u16, LayoutError> {
    let first = configuration(connection, 0).await?;
    let shards = first["metadata"]["fanfare.shards"].as_str();
    let shards = shards
        .and_then(|shards| shards.parse().ok())
        .ok_or(LayoutError::Refused)?;
    for shard in 0..shards {
        let mut config = configuration(connection, shard).await?;
        // Of a stream that is not the log's nothing is changed.
        epoch_of(&config)?;
        config["metadata"][KEY] = fresh()?.into();
        let operation = format!("STREAM.UPDATE.{}", subject::stream(shard));
        api::call(connection, &operation, &config).await?;
    }
    Ok(shards)
}

async fn configuration(connection: &Connection, shard: u16) -> Result<Value, LayoutError> {
    let name = subject::stream(shard);
    match stream::find(connection, &name).await {
        Ok(mut found) => Ok(found["config"].take()),
        Err(Refusal::NotFound) => Err(LayoutError::Missing { stream: name }),
        Err(refusal) => Err(refusal.into()),
    }
}
