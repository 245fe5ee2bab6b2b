//! The bus inside one process: its bounds and its end.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_over_the_bound_waits_for_its_turn() {
    const BOUND: usize = 1_024;
    let subject = Embedded::new();
    let handles = subject.open().await;
    let (gate, inside) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (enter, leave) = (Arc::clone(&inside), Arc::clone(&gate));
    let responder: Responder = Box::new(move |_message| {
        let (enter, leave) = (Arc::clone(&enter), Arc::clone(&leave));
        Box::pin(async move {
            enter.add_permits(1);
            leave.acquire().await.expect("open").forget();
            Bytes::new()
        })
    });
    let _serving = handles
        .bus
        .serve("svc.a", Some("g"), responder)
        .await
        .expect("served");
    let mut running = Vec::new();
    for _ in 0..=BOUND {
        let bus = Arc::clone(&handles.bus);
        running.push(
            subject
                .tasks
                .spawn(async move { bus.request("svc.a", Bytes::new(), PATIENCE).await }),
        );
    }
    let full = inside.acquire_many(1_024).await.expect("open");
    full.forget();
    assert_eq!(inside.available_permits(), 0);
    gate.add_permits(1);
    inside
        .acquire()
        .await
        .expect("the last one enters")
        .forget();
    gate.add_permits(BOUND);
    for request in running {
        assert!(request.await.expect("it ends").is_ok());
    }
}

#[tokio::test]
async fn a_forced_shutdown_ends_requests_under_way() {
    let subject = Embedded::new();
    let handles = subject.open().await;
    let never: Responder = Box::new(|_message| Box::pin(std::future::pending()));
    let _serving = handles
        .bus
        .serve("svc.a", None, never)
        .await
        .expect("served");
    let shutdown = subject.shutdown.clone();
    let request = handles.bus.request("svc.a", Bytes::new(), PATIENCE);
    let (answer, ()) = tokio::join!(request, async { shutdown.force() });
    assert_eq!(answer, Err(RequestError::Timeout));
    assert_eq!(subject.tasks.wait(PATIENCE).await, 0);
}

#[tokio::test]
async fn what_is_no_subject_is_refused() {
    let subject = Embedded::new();
    let bus = subject.open().await.bus;
    for text in ["", "a..b", "a b", "a.*", ">", "a.\0", "\u{e9}"] {
        let published = bus.publish(text, Bytes::new()).await;
        assert_eq!(published, Err(BusError::Unavailable), "{text:?}");
    }
    let large = Bytes::from(vec![0; 1024 * 1024 + 1]);
    assert_eq!(bus.publish("a", large).await, Err(BusError::Unavailable));
    for text in ["", "a..b", "a.>.b", "a*"] {
        assert!(bus.subscribe(text).await.is_err(), "{text:?}");
    }
}
