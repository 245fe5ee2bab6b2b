//! How the store ends.

use super::*;

#[tokio::test]
async fn readers_end_with_the_store() {
    let subject = Embedded::new();
    let handles = subject.open().await;
    let mut tail = handles.log.tail().await.expect("a tail");
    let mut watch = handles.kv.watch("b", "").await.expect("a watch");
    assert_eq!(watch.next().await, Some(kv::Change::Settled));
    let mut subscription = handles
        .bus
        .subscribe("evt.>")
        .await
        .expect("a subscription");
    append(&handles, record(&Channel::all())).await;
    drop(handles);
    assert!(tail.next().await.is_some());
    assert!(tail.next().await.is_none());
    assert!(watch.next().await.is_none());
    assert!(subscription.next().await.is_none());
}

#[tokio::test]
async fn a_forced_shutdown_refuses_what_comes_later_and_closes_the_file() {
    let subject = Embedded::new();
    let handles = subject.open().await;
    let channel = Channel::all();
    let position = append(&handles, record(&channel)).await;
    let mut tail = handles.log.tail().await.expect("a tail");
    subject.shutdown.force();
    assert_eq!(tail.next().await, None);
    let append = handles.log.append(record(&channel)).await;
    assert_eq!(append, Err(LogError::Unavailable));
    assert_eq!(
        handles.log.get(&channel, 1).await,
        Err(LogError::Unavailable)
    );
    assert_eq!(handles.log.tail().await.err(), Some(LogError::Unavailable));
    assert_eq!(handles.kv.get("b", "key").await, Err(KvError::Unavailable));
    // Somebody still holds the handles, and it opens all the same.
    let mut again = Embedded::new();
    again.directory = subject.directory;
    let reopened = again.open().await;
    let found = reopened.log.get(&channel, 1).await.expect("read");
    assert_eq!(found.expect("there").position, position);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_queued_when_the_end_comes_is_answered_one_way_or_the_other() {
    let subject = Embedded::new();
    let handles = subject.open().await;
    let tasks = Tasks::new();
    let mut running = Vec::new();
    for _ in 0..200 {
        let log = Arc::clone(&handles.log);
        running.push(tasks.spawn(async move {
            let mut answered = 0;
            while log.append(record(&Channel::all())).await.is_ok() {
                answered += 1;
            }
            answered
        }));
    }
    until(|| async { first_n(&handles, &Channel::all()).await > 0 }).await;
    subject.shutdown.force();
    let mut answered = 0;
    for task in running {
        answered += task.await.expect("it ends");
    }
    drop(handles);
    assert_eq!(rows(&subject)[0], answered);
}
