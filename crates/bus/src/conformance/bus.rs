//! Publishing and subscribing.

use super::{Subject, support::within};
use crate::{
    Bus, Subscription,
    bus::{Message, Received, Responder, Serving},
};
use bytes::Bytes;
use fanfare_lifecycle::{Tasks, trace};
use fanfare_proto::trace::Context;
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc;

pub(super) async fn publish(bus: &dyn Bus, subject: &str, payload: impl Into<Bytes>) {
    within(bus.publish(subject, payload.into())).await.unwrap();
}

async fn subscribe(bus: &dyn Bus, filter: &str) -> Box<dyn Subscription> {
    within(bus.subscribe(filter)).await.unwrap()
}

async fn message(subscription: &mut dyn Subscription) -> Message {
    match within(subscription.next()).await {
        Some(Received::Message(message)) => message,
        other => panic!("a message was to come, not {other:?}"),
    }
}

/// A server that tells `to` its name for each message, and answers with it.
pub(super) async fn serve(
    bus: &dyn Bus,
    subject: &str,
    group: Option<&str>,
    name: &'static str,
    to: mpsc::Sender<&'static str>,
) -> Serving {
    let responder: Responder = Box::new(move |_message| {
        let to = to.clone();
        Box::pin(async move {
            to.send(name).await.unwrap();
            Bytes::from_static(name.as_bytes())
        })
    });
    within(bus.serve(subject, group, responder)).await.unwrap()
}

pub(super) async fn a_subscriber_gets_what_is_published_after_it_subscribed_in_order(
    subject: &dyn Subject,
) {
    const EACH: u32 = 200;
    let handles = subject.open().await;
    publish(&*handles.bus, "evt.a", "too early").await;
    let mut subscription = subscribe(&*handles.bus, "evt.a").await;
    let tasks = Tasks::new();
    for publisher in 0..4_u32 {
        let bus = Arc::clone(&handles.bus);
        tasks.spawn(async move {
            for step in 0..EACH {
                publish(&*bus, "evt.a", format!("{publisher} {step}")).await;
            }
        });
    }
    let mut steps = [0; 4];
    for _ in 0..4 * EACH {
        let message = message(&mut *subscription).await;
        assert_eq!(message.subject, "evt.a");
        let text = String::from_utf8(message.payload.to_vec()).unwrap();
        let (publisher, step) = text.split_once(' ').unwrap();
        let publisher: usize = publisher.parse().unwrap();
        assert_eq!(step, steps[publisher].to_string(), "out of order");
        steps[publisher] += 1;
    }
    let largest = Bytes::from(vec![7; 1024 * 1024]);
    publish(&*handles.bus, "evt.a", largest.clone()).await;
    assert_eq!(message(&mut *subscription).await.payload, largest);
}

pub(super) async fn filters_match_whole_tokens(subject: &dyn Subject) {
    let handles = subject.open().await;
    let subjects = [
        "evt.a",
        "evt.a.b",
        "evt.a.b.c",
        "evt.ab",
        "ctl.a",
        "evt.user.a=2Eb",
    ];
    for (filter, expected) in [
        ("evt.a", &["evt.a"][..]),
        ("evt.*", &["evt.a", "evt.ab"]),
        ("*.a", &["evt.a", "ctl.a"]),
        ("evt.*.b", &["evt.a.b"]),
        ("evt.a.>", &["evt.a.b", "evt.a.b.c"]),
        (
            "evt.>",
            &["evt.a", "evt.a.b", "evt.a.b.c", "evt.ab", "evt.user.a=2Eb"],
        ),
        ("evt.user.a=2Eb", &["evt.user.a=2Eb"]),
    ] {
        let mut subscription = subscribe(&*handles.bus, filter).await;
        // Its own last message, so that one too many shows.
        let end = filter.replace(['*', '>'], "end");
        for subject in subjects {
            publish(&*handles.bus, subject, "x").await;
        }
        publish(&*handles.bus, &end, "end").await;
        let mut seen = Vec::new();
        loop {
            let message = message(&mut *subscription).await;
            if message.payload == "end" {
                break;
            }
            seen.push(message.subject);
        }
        assert_eq!(seen, expected, "{filter}");
    }
}

pub(super) async fn a_slow_subscriber_is_told_that_it_lags(subject: &dyn Subject) {
    let handles = subject.open().await;
    let mut slow = subscribe(&*handles.bus, "evt.a").await;
    let mut end = subscribe(&*handles.bus, "evt.end").await;
    for step in 0..subject.overflow() {
        publish(&*handles.bus, "evt.a", step.to_string()).await;
    }
    // A broker carries them for a moment still: too many wait only once they have arrived.
    publish(&*handles.bus, "evt.end", "end").await;
    while within(end.next()).await == Some(Received::Lagged) {}
    let mut seen = 0;
    loop {
        match within(slow.next()).await {
            Some(Received::Message(message)) => {
                assert_eq!(message.payload, seen.to_string());
                seen += 1;
            }
            Some(Received::Lagged) => break,
            None => panic!("the subscription has ended"),
        }
    }
    publish(&*handles.bus, "evt.a", "after").await;
    loop {
        match within(slow.next()).await {
            Some(Received::Message(message)) if message.payload == "after" => break,
            Some(Received::Message(_earlier)) => {}
            // What was still on its way was too much again.
            Some(Received::Lagged) => publish(&*handles.bus, "evt.a", "after").await,
            None => panic!("the subscription has ended"),
        }
    }
}

pub(super) async fn a_publish_reaches_every_subscriber_and_one_of_each_group(
    subject: &dyn Subject,
) {
    let handles = subject.open().await;
    let bus = &*handles.bus;
    let mut one = subscribe(bus, "svc.a").await;
    let mut two = subscribe(bus, "svc.*").await;
    let (told, mut tells) = mpsc::channel(16);
    let _servers = [
        serve(bus, "svc.a", Some("first"), "first", told.clone()).await,
        serve(bus, "svc.a", Some("first"), "first", told.clone()).await,
        serve(bus, "svc.a", Some("second"), "second", told.clone()).await,
        serve(bus, "svc.a", None, "alone", told.clone()).await,
    ];
    publish(bus, "svc.a", "x").await;
    for subscription in [&mut one, &mut two] {
        assert_eq!(message(&mut **subscription).await.payload, "x");
    }
    let mut names = Vec::new();
    for _ in 0..3 {
        names.push(within(tells.recv()).await.unwrap());
    }
    names.sort_unstable();
    assert_eq!(names, ["alone", "first", "second"]);
    // A second round has the same, so the first had no more.
    publish(bus, "svc.a", "x").await;
    for _ in 0..3 {
        names.push(within(tells.recv()).await.unwrap());
    }
    names.sort_unstable();
    assert_eq!(
        names,
        ["alone", "alone", "first", "first", "second", "second"]
    );
}

pub(super) async fn a_dropped_subscription_hears_nothing_and_hurts_nobody(subject: &dyn Subject) {
    let handles = subject.open().await;
    let mut kept = subscribe(&*handles.bus, "evt.a").await;
    let dropped = subscribe(&*handles.bus, "evt.a").await;
    let wild = subscribe(&*handles.bus, "evt.*").await;
    drop((dropped, wild));
    publish(&*handles.bus, "evt.a", "x").await;
    assert_eq!(message(&mut *kept).await.payload, "x");
    drop(kept);
    publish(&*handles.bus, "evt.a", "nobody").await;
    let mut again = subscribe(&*handles.bus, "evt.a").await;
    publish(&*handles.bus, "evt.a", "y").await;
    assert_eq!(message(&mut *again).await.payload, "y");
}

pub(super) async fn a_message_tells_what_its_sender_works_for(subject: &dyn Subject) {
    const LONG: Duration = Duration::from_secs(20);
    let handles = subject.open().await;
    let bus = &*handles.bus;
    let mut subscription = subscribe(bus, "evt.a").await;
    let tells: Responder = Box::new(|message| {
        let told = message.trace.map(|trace| trace.to_string());
        Box::pin(async move { told.unwrap_or_default().into() })
    });
    let _serving = within(bus.serve("svc.a", None, tells)).await.unwrap();
    for context in [None, Context::new([1; 16], [2; 8], true)] {
        let told = context.map_or_else(String::new, |context| context.to_string());
        let asked = async {
            publish(bus, "evt.a", "x").await;
            let one = bus.request("svc.a", Bytes::new(), LONG).await.unwrap();
            let all = bus.gather("svc.a", Bytes::new(), LONG, 1).await.unwrap();
            (one, all)
        };
        let (one, all) = within(trace::within(context, asked)).await;
        assert_eq!(message(&mut *subscription).await.trace, context);
        assert_eq!((one, all), (told.clone().into(), vec![told.into()]));
    }
}
