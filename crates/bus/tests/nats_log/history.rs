//! History of a long channel.

use super::{Installation, ONE_SHARD, record, room};
use fanfare_bus::log::Slice;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_a_long_channel_hold_what_they_should_wherever_they_are() {
    let installation = Installation::new();
    let handles = installation.open(ONE_SHARD).await;
    let (channel, other) = (room("a"), room("b"));
    for _ in 0..4 {
        let both = [record(&channel, "x"), record(&other, "y")];
        let batch: Vec<_> = both.into_iter().cycle().take(900).collect();
        handles.log.append_all(batch).await.expect("appended");
    }
    for (n, limit) in [
        (2, 10),
        (65, 64),
        (129, 1),
        (900, 50),
        (1_700, 200),
        (1_801, 1_000),
    ] {
        let page = handles.log.history(&channel, Slice::Before(n), limit).await;
        let page = page.expect("a page");
        let ordinals: Vec<u64> = page
            .records
            .iter()
            .map(|record| record.position.n)
            .collect();
        let first_n = n.saturating_sub(limit as u64).max(1);
        assert_eq!(ordinals, (first_n..n).collect::<Vec<_>>());
        assert_eq!(page.more, first_n > 1);
        let page = handles
            .log
            .history(&channel, Slice::After(n - 1), limit)
            .await;
        let page = page.expect("a page");
        let ordinals: Vec<u64> = page
            .records
            .iter()
            .map(|record| record.position.n)
            .collect();
        let last_n = (n + limit as u64 - 1).min(1_800);
        assert_eq!(ordinals, (n..=last_n).collect::<Vec<_>>());
        assert_eq!(page.more, last_n < 1_800);
    }
    for n in [1, 63, 64, 65, 1_000, 1_800] {
        let record = handles.log.get(&channel, n).await.expect("an answer");
        assert_eq!(record.map(|record| record.position.n), Some(n));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_is_found_behind_a_wide_hole() {
    let installation = Installation::new();
    let handles = installation.open(ONE_SHARD).await;
    let channel = room("a");
    let short = fanfare_bus::log::Append {
        ttl_ms: Some(1_000),
        ..record(&channel, "short")
    };
    handles
        .log
        .append_all(vec![record(&channel, "first"); 3])
        .await
        .expect("appended");
    handles
        .log
        .append_all(vec![short; 500])
        .await
        .expect("appended");
    handles
        .log
        .append(record(&channel, "last"))
        .await
        .expect("appended");
    tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
    let page = handles
        .log
        .history(&channel, Slice::Latest, 3)
        .await
        .expect("a page");
    let ordinals: Vec<u64> = page
        .records
        .iter()
        .map(|record| record.position.n)
        .collect();
    assert_eq!((ordinals, page.more), (vec![2, 3, 504], true));
}
