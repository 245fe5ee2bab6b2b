use crate::house::{House, call};
use fanfare_notify::Settings;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn every_route_asks_who_it_is_and_what_he_may() {
    let house = House::open().await;
    let token = house.token("7", &[]);
    let id = house.tell("7", "t").await;
    let one = format!("/v1/notifications/{id}");
    let read = format!("/v1/inbox/{id}/read");
    let backend = [
        ("POST", "/v1/notifications"),
        ("GET", &one),
        ("DELETE", &one),
    ];
    let publish = [("POST", "/v1/publish")];
    let user = [
        ("GET", "/v1/inbox"),
        ("GET", "/v1/inbox/counts"),
        ("POST", &read),
        ("POST", "/v1/inbox/read-all"),
    ];
    let status = |(method, path): (&'static str, &str), bearer: &str| {
        let (app, path, bearer) = (house.app.clone(), path.to_owned(), bearer.to_owned());
        async move {
            let answer = call(&app, method, &path, &bearer, &[], "{}").await;
            if answer.status == 401 {
                assert!(answer.headers.contains_key("www-authenticate"));
            }
            if answer.status >= 400 {
                assert_eq!(answer.headers["content-type"], "application/problem+json");
            }
            answer.status
        }
    };
    let unknown = format!("ff_{}", "x".repeat(43));
    for route in backend.into_iter().chain(publish) {
        for bearer in ["", "nonsense", &token, &unknown] {
            assert_eq!(status(route, bearer).await, 401, "{route:?}");
        }
    }
    for route in backend {
        assert_eq!(status(route, &house.channels_key).await, 403, "{route:?}");
        assert!(
            [200, 400].contains(&status(route, &house.admin).await),
            "{route:?}"
        );
    }
    assert_eq!(status(publish[0], &house.publisher).await, 403);
    assert_eq!(status(publish[0], &house.admin).await, 400);
    for route in user {
        for bearer in ["", "nonsense", &house.publisher, &house.admin, "a.b.c"] {
            assert_eq!(status(route, bearer).await, 401, "{route:?} {bearer}");
        }
    }
    house.clock.advance(366 * 24 * 3_600_000);
    assert_eq!(status(user[0], &token).await, 401);
}

#[tokio::test]
async fn hostile_bodies_are_refused_with_a_reason() {
    let house = House::open().await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_object = format!("{{\"a\":{deep}}}");
    let many: Vec<Value> = (0..1_001)
        .map(|_index| json!({"to": {"users": ["7"]}, "title": "t"}))
        .collect();
    let many = json!(many).to_string();
    let users: Vec<String> = (0..1_000).map(|index| format!("{index:0128}")).collect();
    let wide = json!({"to": {"users": users}, "title": "t"});
    let wide = json!([wide, wide, wide, wide]).to_string();
    let huge = "x".repeat(9 * 1024 * 1024);
    let bodies: [(&[u8], u16, &str); 12] = [
        (b"", 400, "bad_message"),
        (b"{", 400, "bad_json"),
        (b"[", 400, "bad_json"),
        (b"[]", 400, "bad_message"),
        (b"null", 400, "bad_message"),
        (b"\"x\"", 400, "bad_message"),
        (b"{\"to\":\"\xff\"}", 400, "bad_json"),
        (b"{} {}", 400, "bad_json"),
        (deep_object.as_bytes(), 400, "bad_json"),
        (many.as_bytes(), 413, "too_large"),
        (wide.as_bytes(), 413, "too_large"),
        (huge.as_bytes(), 413, "too_large"),
    ];
    for (body, status, code) in bodies {
        let answer = call(
            &house.app,
            "POST",
            "/v1/notifications",
            &house.publisher,
            &[],
            body.to_vec(),
        );
        let problem = answer.await.expect(status);
        assert_eq!(problem["code"], code, "{problem}");
    }
    let nested = house
        .post("/v1/notifications", &house.publisher, &deep)
        .await;
    assert!(
        nested.status == 400 || nested.status == 202,
        "{}",
        nested.text
    );
    assert!(house.log("user:7").await.is_empty());
}

#[tokio::test]
async fn a_body_is_measured_after_it_is_written_down() {
    let house = House::open().await;
    let with =
        |bytes: usize| json!({"to": {"users": ["7"]}, "title": "t", "data": "x".repeat(bytes)});
    house.publish(with(65_000)).await.expect(202);
    let problem = house.publish(with(65_536)).await.expect(413);
    assert!(problem["detail"].as_str().unwrap().contains("65536"));
}

#[tokio::test]
async fn settings_out_of_range_do_not_start() {
    let house = House::open().await;
    let settings = Settings {
        retention: Duration::from_secs(1),
        ..Settings::default()
    };
    let started = fanfare_notify::start(settings, house.deps(house.handles.clone())).await;
    let refused = started.err().unwrap().to_string();
    assert_eq!(refused, "retention is from 1 h to 365 d");
}
