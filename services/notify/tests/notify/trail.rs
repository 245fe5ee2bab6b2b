use crate::{
    gate::Control,
    house::{House, NOW_MS, caller, settings},
};
use fanfare_bus::bus::{Responder, Serving};
use fanfare_proto::{
    subject,
    wire::{
        AckRequest, Coverage, Receipt, ReceiptBatch, SessionBatch, SessionReport, SessionsReply,
    },
};
use prost::Message as _;
use serde_json::{Value, json};
use std::sync::{Arc, atomic::Ordering};

fn session(name: &str, ended_at_ms: i64, close_code: u32, coverage: &[Coverage]) -> SessionReport {
    SessionReport {
        session: name.into(),
        user: "7".into(),
        node: "gateway-0".into(),
        connected_at_ms: NOW_MS - 1_000,
        ended_at_ms,
        close_code,
        coverage: coverage.to_vec(),
        path: "/ws/notifications/".into(),
        address: String::new(),
    }
}

fn batch(report: &SessionReport) -> SessionBatch {
    SessionBatch {
        sessions: vec![report.clone()],
    }
}

fn cover(channel: &str, from_n: u64, replayed_n: u64, upto_n: u64, at_ms: i64) -> Coverage {
    Coverage {
        channel: channel.into(),
        from_n,
        replayed_n,
        upto_n,
        at_ms,
        left_at_ms: 0,
    }
}

/// A gateway that has these sessions open.
async fn gateway(house: &House, sessions: Vec<SessionReport>) -> Serving {
    let reply = SessionsReply {
        node: "gateway-0".into(),
        sessions,
        ..SessionsReply::default()
    };
    let responder: Responder = Box::new(move |_message| {
        let reply = reply.encode_to_vec();
        Box::pin(async move { reply.into() })
    });
    let served = house
        .handles
        .bus
        .serve(subject::GATEWAY_SESSIONS, None, responder);
    served.await.unwrap()
}

async fn reason(house: &House, id: &str, user: &str) -> String {
    let trail = house.trail(id, &format!("?user={user}")).await;
    assert_eq!(trail["addressees"].as_array().unwrap().len(), 1);
    let told = &trail["addressees"][0]["not_delivered"];
    assert!(
        !told["reason"].as_str().unwrap_or_default().is_empty(),
        "{trail}"
    );
    told["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn live_and_replayed_deliveries_are_told_with_session_and_time() {
    let house = House::open().await;
    let id = house.tell("7", "hello").await;
    house.clock.advance(5_000);
    let live = session("live", 0, 0, &[cover("user:7", 0, 0, 1, NOW_MS - 900)]);
    let late = session(
        "late",
        NOW_MS + 4_000,
        1000,
        &[cover("user:7", 0, 1, 1, NOW_MS + 3_000)],
    );
    house.report(subject::NOTIFY_SESSIONS, &batch(&late)).await;
    let _gateway = gateway(&house, vec![live]).await;
    let receipts = ReceiptBatch {
        node: "gateway-0".into(),
        receipts: vec![Receipt {
            channel: "user:7".into(),
            n: 1,
            at_ms: NOW_MS + 3,
            count: 1,
        }],
    };
    house.report(subject::NOTIFY_RECEIPTS, &receipts).await;
    house.report(subject::NOTIFY_RECEIPTS, &receipts).await;
    let ack = AckRequest {
        caller: caller("7", &[]),
        id: id.clone(),
        at_ms: NOW_MS + 4_500,
    };
    house.report(subject::NOTIFY_ACK, &ack).await;

    let trail = house.trail(&id, "").await;
    assert_eq!(trail["status"], "sent");
    assert_eq!(trail["accepted_at"], "2026-11-23T00:00:00.000Z");
    let place = &trail["channels"][0];
    assert_eq!(
        (&place["n"], &place["stored_at"]),
        (&json!(1), &json!("2026-11-23T00:00:00.000Z"))
    );
    assert_eq!(place["live_sessions"], 1);
    let addressee = &trail["addressees"][0];
    assert_eq!(addressee.get("not_delivered"), None);
    assert_eq!(
        (&addressee["acked_at"], &addressee["read"]),
        (&json!("2026-11-23T00:00:04.500Z"), &json!(false))
    );
    let mut told: Vec<Value> = addressee["delivered"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            json!([
                one["session"],
                one["how"],
                one["at"],
                one["node"],
                one["path"]
            ])
        })
        .collect();
    told.sort_by_key(ToString::to_string);
    assert_eq!(
        told,
        [
            json!([
                "late",
                "replay",
                "2026-11-23T00:00:03.000Z",
                "gateway-0",
                "/ws/notifications/"
            ]),
            json!([
                "live",
                "live",
                "2026-11-23T00:00:00.003Z",
                "gateway-0",
                "/ws/notifications/"
            ]),
        ]
    );
    let path = format!("/v1/inbox/{id}/read");
    house
        .post(&path, &house.token("7", &[]), "")
        .await
        .expect(200);
    assert_eq!(house.trail(&id, "").await["addressees"][0]["read"], true);
}

#[tokio::test]
async fn each_way_of_not_getting_it_has_its_reason() {
    let house = House::open().await;
    let id = house.tell("7", "hello").await;
    assert_eq!(reason(&house, &id, "7").await, "never_connected");

    let before = session("a", NOW_MS - 500, 1000, &[]);
    house
        .report(subject::NOTIFY_SESSIONS, &batch(&before))
        .await;
    assert_eq!(reason(&house, &id, "7").await, "not_connected_since");

    let short = cover("user:7", 0, 0, 0, NOW_MS - 900);
    let slow = session("b", NOW_MS + 10, 4010, std::slice::from_ref(&short));
    house.report(subject::NOTIFY_SESSIONS, &batch(&slow)).await;
    assert_eq!(reason(&house, &id, "7").await, "closed_too_slow");

    let elsewhere = gateway(&house, vec![session("c", 0, 0, &[])]).await;
    assert_eq!(reason(&house, &id, "7").await, "connected_elsewhere");
    drop(elsewhere);

    let behind = gateway(&house, vec![session("d", 0, 0, &[short])]).await;
    assert_eq!(reason(&house, &id, "7").await, "behind");
    drop(behind);
}

#[tokio::test]
async fn a_group_member_nobody_has_seen_is_honestly_unknown() {
    let house = House::open().await;
    let body = json!({"to": {"groups": ["ops"], "users": ["8"]}, "title": "hello"});
    let id = house.publish(body).await.expect(202)["id"].clone();
    let id = id.as_str().unwrap();
    assert_eq!(reason(&house, id, "7").await, "never_connected");
    let elsewhere = session("a", 0, 0, &[cover("user:7", 0, 0, 5, NOW_MS)]);
    let open = gateway(&house, vec![elsewhere]).await;
    assert_eq!(reason(&house, id, "7").await, "unknown");
    drop(open);
    let member = session("b", 0, 0, &[cover("group:ops", 0, 0, 1, NOW_MS)]);
    let _open = gateway(&house, vec![member]).await;
    let trail = house.trail(id, "?user=7").await;
    assert_eq!(
        trail["addressees"][0]["delivered"][0]["channel"],
        "group:ops"
    );
    // Without a name only the users it names are listed.
    let trail = house.trail(id, "").await;
    assert_eq!(trail["addressees"].as_array().unwrap().len(), 1);
    assert_eq!(trail["addressees"][0]["user"], "8");
}

#[tokio::test]
async fn who_is_not_addressed_is_not_found() {
    let house = House::open().await;
    let id = house.tell("7", "hello").await;
    let path = |user: &str| format!("/v1/notifications/{id}?user={user}");
    house.get(&path("8"), &house.publisher).await.expect(404);
    house
        .get(&path("a%20b"), &house.publisher)
        .await
        .expect(400);
    house.get(&path("%2A"), &house.publisher).await.expect(400);
}

#[tokio::test]
async fn a_report_of_an_end_is_not_undone_by_a_late_one() {
    let house = House::open().await;
    let id = house.tell("7", "hello").await;
    let short = [cover("user:7", 0, 0, 0, NOW_MS - 900)];
    let end = session("a", NOW_MS - 500, 1000, &short);
    let settled = session("a", 0, 0, &short);
    house.report(subject::NOTIFY_SESSIONS, &batch(&end)).await;
    house
        .report(subject::NOTIFY_SESSIONS, &batch(&settled))
        .await;
    assert_eq!(reason(&house, &id, "7").await, "not_connected_since");
}

#[tokio::test]
async fn a_report_that_a_slower_worker_took_does_not_undo_a_newer_one() {
    let house = House::open().await;
    let alone = [cover("user:7", 0, 0, 0, NOW_MS - 900)];
    let both = [alone[0].clone(), cover("group:ops", 0, 0, 3, NOW_MS - 500)];
    let (older, newer) = (session("a", 0, 0, &alone), session("a", 0, 0, &both));
    for report in [&newer, &older] {
        house.report(subject::NOTIFY_SESSIONS, &batch(report)).await;
    }
    let kept = house.handles.kv.scan("trail", "session/7/", None, 10).await;
    let kept = SessionReport::decode(kept.unwrap()[0].value.clone()).unwrap();
    assert_eq!(kept.coverage, both);
}

#[tokio::test]
async fn what_is_remembered_of_a_user_is_bounded() {
    let house = House::open().await;
    for index in 0..120 {
        let ended = session(&format!("s{index}"), NOW_MS + index, 1000, &[]);
        house.report(subject::NOTIFY_SESSIONS, &batch(&ended)).await;
    }
    let kept = house
        .handles
        .kv
        .scan("trail", "session/7/", None, 1_000)
        .await
        .unwrap();
    assert_eq!(kept.len(), 50);
    let oldest = kept
        .iter()
        .map(|record| {
            SessionReport::decode(record.value.clone())
                .unwrap()
                .ended_at_ms
        })
        .min();
    assert_eq!(oldest, Some(NOW_MS + 70));
}

#[tokio::test]
async fn acks_of_strangers_and_of_nothing_are_dropped() {
    let house = House::open().await;
    let id = house.tell("7", "hello").await;
    let ack = |user: &str, id: &str| AckRequest {
        caller: caller(user, &["ops"]),
        id: id.into(),
        at_ms: NOW_MS,
    };
    for request in [
        ack("8", &id),
        ack("7", "nothing"),
        ack("7", "a/b"),
        ack("7", ""),
        ack("", &id),
    ] {
        house.report(subject::NOTIFY_ACK, &request).await;
    }
    let kept = house
        .handles
        .kv
        .scan("trail", "ack/", None, 10)
        .await
        .unwrap();
    assert!(kept.is_empty());
    house.report(subject::NOTIFY_ACK, &ack("7", &id)).await;
    let trail = house.trail(&id, "").await;
    assert_eq!(trail["acked"][0]["user"], "7");
}

#[tokio::test]
async fn reports_that_make_no_sense_hurt_nobody() {
    let house = House::open().await;
    let id = house.tell("7", "hello").await;
    let nobody = SessionReport {
        user: "a b".into(),
        ..session("x", 0, 0, &[])
    };
    house
        .report(subject::NOTIFY_SESSIONS, &batch(&nobody))
        .await;
    let long = "x".repeat(100_000);
    house
        .report(
            subject::NOTIFY_SESSIONS,
            &batch(&session(&long, NOW_MS + 1, 1000, &[])),
        )
        .await;
    let receipts = ReceiptBatch {
        node: long,
        receipts: vec![
            Receipt {
                channel: "no channel".into(),
                ..Receipt::default()
            },
            Receipt {
                channel: "user:7".into(),
                n: 1,
                at_ms: NOW_MS,
                count: 1,
            },
        ],
    };
    house.report(subject::NOTIFY_RECEIPTS, &receipts).await;
    let garbage = house.handles.bus.request(
        subject::NOTIFY_SESSIONS,
        bytes::Bytes::from_static(b"\xff\xff"),
        crate::house::PATIENCE,
    );
    garbage.await.unwrap();
    let trail = house.trail(&id, "").await;
    assert_eq!(trail["channels"][0]["live_sessions"], 1);
}

#[tokio::test]
async fn a_repeated_ack_writes_nothing() {
    let control = Arc::new(Control::default());
    let house = House::open_through(settings(), |handles| control.over(handles)).await;
    let id = house.tell("7", "hello").await;
    let ack = AckRequest {
        caller: caller("7", &[]),
        id,
        at_ms: NOW_MS,
    };
    let before = control.puts.load(Ordering::SeqCst);
    for _time in 0..3 {
        house.report(subject::NOTIFY_ACK, &ack).await;
    }
    assert_eq!(control.puts.load(Ordering::SeqCst), before + 1);
}
