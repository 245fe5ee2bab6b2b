//! Requests and their servers.

use super::{
    Subject,
    bus::serve,
    support::{until, within},
};
use crate::{
    Bus,
    bus::{Message, Responder},
    error::RequestError,
};
use bytes::Bytes;
use fanfare_lifecycle::Tasks;
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::sync::{Barrier, Notify, mpsc};

/// Never waited for when all is well.
const LONG: Duration = Duration::from_secs(20);

/// Waited for in full by the cases about limits.
const BRIEF: Duration = Duration::from_millis(200);

async fn ask(bus: &dyn Bus, subject: &str, payload: &str) -> Result<Bytes, RequestError> {
    let payload = Bytes::copy_from_slice(payload.as_bytes());
    within(bus.request(subject, payload, LONG)).await
}

fn answers(answer: impl Fn(Message) -> Bytes + Send + Sync + 'static) -> Responder {
    Box::new(move |message| {
        let answer = answer(message);
        Box::pin(async move { answer })
    })
}

pub(super) async fn a_request_is_answered(subject: &dyn Subject) {
    let handles = subject.open().await;
    let echo = answers(|message| {
        let text = String::from_utf8(message.payload.to_vec()).unwrap();
        Bytes::from(format!("{} {text}", message.subject))
    });
    let _exact = within(handles.bus.serve("svc.a", Some("g"), echo))
        .await
        .unwrap();
    assert_eq!(ask(&*handles.bus, "svc.a", "x").await.unwrap(), "svc.a x");
    let empty = answers(|_message| Bytes::new());
    let _wild = within(handles.bus.serve("svc.custom.*", Some("g"), empty))
        .await
        .unwrap();
    assert_eq!(ask(&*handles.bus, "svc.custom.any", "x").await.unwrap(), "");
}

pub(super) async fn a_request_nobody_serves_fails_at_once(subject: &dyn Subject) {
    let handles = subject.open().await;
    // An answer that came only after the limit would be a time-out.
    let asked = ask(&*handles.bus, "svc.nobody", "x").await;
    assert_eq!(asked, Err(RequestError::NoResponders));
    let answer = answers(|_message| Bytes::new());
    let serving = within(handles.bus.serve("svc.a", None, answer))
        .await
        .unwrap();
    ask(&*handles.bus, "svc.a", "x").await.unwrap();
    drop(serving);
    until(|| async { ask(&*handles.bus, "svc.a", "x").await == Err(RequestError::NoResponders) })
        .await;
}

pub(super) async fn a_request_that_is_not_answered_times_out(subject: &dyn Subject) {
    let handles = subject.open().await;
    let never: Responder = Box::new(|_message| Box::pin(std::future::pending()));
    let _serving = within(handles.bus.serve("svc.a", Some("g"), never))
        .await
        .unwrap();
    let request = handles.bus.request("svc.a", Bytes::new(), BRIEF);
    assert_eq!(within(request).await, Err(RequestError::Timeout));
}

pub(super) async fn each_request_goes_to_one_of_a_group(subject: &dyn Subject) {
    const REQUESTS: usize = 200;
    let handles = subject.open().await;
    let bus = &*handles.bus;
    let (told, mut tells) = mpsc::channel(4 * REQUESTS);
    let _servers = [
        serve(bus, "svc.a", Some("g"), "one", told.clone()).await,
        serve(bus, "svc.a", Some("g"), "two", told.clone()).await,
        serve(bus, "svc.*", Some("g"), "three", told.clone()).await,
    ];
    let mut answered: HashMap<Bytes, usize> = HashMap::new();
    for _ in 0..REQUESTS {
        *answered
            .entry(ask(bus, "svc.a", "x").await.unwrap())
            .or_default() += 1;
    }
    let mut asked: HashMap<Bytes, usize> = HashMap::new();
    for _ in 0..REQUESTS {
        let name = within(tells.recv()).await.unwrap();
        *asked
            .entry(Bytes::from_static(name.as_bytes()))
            .or_default() += 1;
    }
    assert_eq!(asked, answered);
    assert_eq!(
        asked.len(),
        3,
        "a member was left out of {REQUESTS} requests"
    );
    assert!(tells.try_recv().is_err(), "a request reached two members");
}

pub(super) async fn a_group_goes_on_without_the_member_that_left(subject: &dyn Subject) {
    let handles = subject.open().await;
    let (told, _tells) = mpsc::channel(1_000);
    let leaving = serve(&*handles.bus, "svc.a", Some("g"), "leaves", told.clone()).await;
    let _staying = serve(&*handles.bus, "svc.a", Some("g"), "stays", told.clone()).await;
    ask(&*handles.bus, "svc.a", "x").await.unwrap();
    drop(leaving);
    // A broker may hear of it a moment later; then it stays so.
    until(|| async {
        for _ in 0..20 {
            if ask(&*handles.bus, "svc.a", "x").await.unwrap() != "stays" {
                return false;
            }
        }
        true
    })
    .await;
}

pub(super) async fn gather_collects_from_everybody(subject: &dyn Subject) {
    let handles = subject.open().await;
    let bus = &*handles.bus;
    let (told, _tells) = mpsc::channel(1_000);
    let _servers = [
        serve(bus, "ctl.a", None, "one", told.clone()).await,
        serve(bus, "ctl.a", None, "two", told.clone()).await,
        serve(bus, "ctl.*", None, "three", told.clone()).await,
    ];
    let gather = bus.gather("ctl.a", Bytes::new(), LONG, 3);
    let mut answers = within(gather).await.unwrap();
    answers.sort_unstable();
    assert_eq!(answers, ["one", "three", "two"]);
    let gather = bus.gather("ctl.a", Bytes::new(), LONG, 1);
    assert_eq!(within(gather).await.unwrap().len(), 1);
    let gather = bus.gather("svc.nobody", Bytes::new(), BRIEF, 3);
    assert_eq!(within(gather).await.unwrap(), Vec::<Bytes>::new());
}

pub(super) async fn gather_ends_with_its_limit(subject: &dyn Subject) {
    let handles = subject.open().await;
    let (told, _tells) = mpsc::channel(16);
    let _answers = serve(&*handles.bus, "ctl.a", None, "one", told).await;
    let never: Responder = Box::new(|_message| Box::pin(std::future::pending()));
    let _silent = within(handles.bus.serve("ctl.a", None, never))
        .await
        .unwrap();
    let gather = handles.bus.gather("ctl.a", Bytes::new(), BRIEF, 2);
    assert_eq!(within(gather).await.unwrap(), ["one"]);
}

pub(super) async fn requests_run_at_the_same_time(subject: &dyn Subject) {
    const TOGETHER: usize = 32;
    let handles = subject.open().await;
    let barrier = Arc::new(Barrier::new(TOGETHER));
    // Nobody is answered before all are being served.
    let meet: Responder = Box::new(move |_message| {
        let barrier = Arc::clone(&barrier);
        Box::pin(async move {
            barrier.wait().await;
            Bytes::from_static(b"met")
        })
    });
    let _serving = within(handles.bus.serve("svc.a", Some("g"), meet))
        .await
        .unwrap();
    let tasks = Tasks::new();
    let mut running = Vec::new();
    for _ in 0..TOGETHER {
        let bus = Arc::clone(&handles.bus);
        running.push(tasks.spawn(async move { ask(&*bus, "svc.a", "x").await }));
    }
    for request in running {
        assert_eq!(within(request).await.unwrap().unwrap(), "met");
    }
}

pub(super) async fn a_dropped_server_finishes_what_is_under_way(subject: &dyn Subject) {
    let handles = subject.open().await;
    let (began, finish) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (begins, finishes) = (Arc::clone(&began), Arc::clone(&finish));
    let slow: Responder = Box::new(move |_message| {
        let (begins, finishes) = (Arc::clone(&begins), Arc::clone(&finishes));
        Box::pin(async move {
            begins.notify_one();
            finishes.notified().await;
            Bytes::from_static(b"done")
        })
    });
    let serving = within(handles.bus.serve("svc.a", Some("g"), slow))
        .await
        .unwrap();
    let (bus, tasks) = (Arc::clone(&handles.bus), Tasks::new());
    let request = tasks.spawn(async move { ask(&*bus, "svc.a", "x").await });
    within(began.notified()).await;
    drop(serving);
    finish.notify_one();
    assert_eq!(within(request).await.unwrap().unwrap(), "done");
}
