//! Where a tail begins.

use super::*;
use fanfare_bus::log::Tailed;

#[tokio::test]
async fn a_tail_shows_an_append_that_was_queued_right_after_it() {
    let subject = Embedded::new();
    let handles = subject.open().await;
    let mut busy = Vec::new();
    for _ in 0..8 {
        let log = Arc::clone(&handles.log);
        // Keeps the writer at work, so that both of a pair below wait for the same commit.
        busy.push(
            subject
                .tasks
                .spawn(async move { while log.append(record(&Channel::all())).await.is_ok() {} }),
        );
    }
    let mine = Channel::parse("user:7").expect("a channel");
    for _ in 0..100 {
        let (tail, appended) = tokio::join!(handles.log.tail(), handles.log.append(record(&mine)));
        let (mut tail, appended) = (tail.expect("a tail"), appended.expect("appended"));
        let search = async {
            loop {
                match tail.next().await.expect("a record") {
                    Tailed::Record(record) if record.channel == mine => break record,
                    Tailed::Record(_busy) => {}
                    Tailed::Lagged => panic!("the append was not shown"),
                }
            }
        };
        let first = tokio::time::timeout(PATIENCE, search)
            .await
            .expect("the append is shown");
        assert_eq!(first.position, appended.position);
    }
    subject.shutdown.force();
    for task in busy {
        task.await.expect("it ends");
    }
}
