//! What those are told who may nothing, over HTTP and over the bus.

use crate::house::{House, caller};
use fanfare_proto::{
    subject,
    wire::{
        HistoryReply, HistoryRequest, MessageRequest, PublishReply, ReadReply, ReadRequest,
        RoomRightsReply, RoomRightsRequest,
    },
};
use serde_json::{Value, json};

on_both! {
    a_stranger_learns_nothing_of_a_private_room
    credentials_come_first_then_shape_then_rights
    gateways_are_told_the_same_over_the_bus
}

/// Every route of a room: method, what follows its id, and a body.
fn routes() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("GET", "", json!({})),
        ("PATCH", "", json!({"name": "x"})),
        ("GET", "/members", json!({})),
        ("PUT", "/members/bob", json!({"role": "member"})),
        ("DELETE", "/members/mike", json!({})),
        ("POST", "/join", json!({})),
        ("POST", "/leave", json!({})),
        ("GET", "/messages", json!({})),
        ("POST", "/messages", json!({"content": "x"})),
        ("GET", "/messages/1", json!({})),
        ("PATCH", "/messages/1", json!({"content": "x"})),
        ("DELETE", "/messages/1", json!({})),
        ("GET", "/threads/1", json!({})),
        ("PUT", "/messages/1/reactions/%F0%9F%91%8D", json!({})),
        ("DELETE", "/messages/1/reactions/%F0%9F%91%8D", json!({})),
        ("POST", "/read", json!({"n": 1})),
        ("PUT", "/mutes/mike", json!({"seconds": 1})),
        ("DELETE", "/mutes/mike", json!({})),
        ("PUT", "/bans/mike", json!({"seconds": 1})),
        ("DELETE", "/bans/mike", json!({})),
        ("GET", "/audit", json!({})),
    ]
}

async fn a_stranger_learns_nothing_of_a_private_room(house: House) {
    house.room("private", "secret").await;
    house.user("mike").say("secret", "psst").await;
    let (olga, eve) = (house.user("olga"), house.user("eve"));
    let pair = olga.post("/v1/rooms", json!({"kind": "direct", "with": "mike"}));
    let direct = pair.await.expect(201)["id"].as_str().unwrap().to_owned();
    let (banned, invited) = (house.user("bea"), house.user("ina"));
    olga.put("/v1/rooms/secret/bans/bea", json!({}))
        .await
        .expect(204);
    olga.put("/v1/rooms/secret/members/ina", json!({}))
        .await
        .expect(200);

    let (_router, api) = house.chat.router().split_for_parts();
    let api: Value = serde_json::to_value(api).unwrap();
    let documented = api["paths"].as_object().unwrap().iter();
    let of_a_room = documented.filter(|(path, _)| path.starts_with("/v1/rooms/{id}"));
    let count: usize = of_a_room
        .map(|(_, methods)| methods.as_object().unwrap().len())
        .sum();
    assert_eq!(routes().len(), count, "a route is not in the table");

    for (method, rest, body) in routes() {
        for (who, room) in [
            (&eve, "secret"),
            (&eve, &*direct),
            (&banned, "secret"),
            (&invited, "secret"),
        ] {
            if rest == "/join" && std::ptr::eq(who, &raw const invited) {
                continue;
            }
            for body in [body.to_string(), "{".to_owned(), "{\"n\":-1}".to_owned()] {
                let ask = |id: &str| {
                    let path = format!("/v1/rooms/{id}{rest}");
                    let body = body.clone();
                    async move { who.call(method, &path, &[], body).await }
                };
                let (real, none) = (ask(room).await, ask("no-such-room").await);
                assert_eq!(real.text, none.text, "{method} {rest} {body}");
                assert_eq!((real.status, real.headers), (none.status, none.headers));
            }
            let path = format!("/v1/rooms/{room}{rest}");
            let told = who.call(method, &path, &[], body.to_string()).await;
            assert_eq!(
                told.refused(404, "not_found"),
                "there is no such room",
                "{method} {rest}"
            );
        }
        // What can be no id is no room either.
        let path = format!("/v1/rooms/a%2Fb{rest}");
        let odd = eve.call(method, &path, &[], body.to_string()).await;
        assert_eq!(
            odd.refused(404, "not_found"),
            "there is no such room",
            "{method} {rest}"
        );
    }
    let listed = eve.get("/v1/rooms?public=true").await.expect(200);
    assert_eq!(listed["items"], json!([]));
    eve.get("/v1/chat/users/mike")
        .await
        .refused(404, "not_found");
    let (of_nobody, of_mike) = (
        eve.get("/v1/chat/users/nobody").await,
        eve.get("/v1/chat/users/mike").await,
    );
    assert_eq!(of_nobody.text, of_mike.text);
}

async fn credentials_come_first_then_shape_then_rights(house: House) {
    house.room("private", "secret").await;
    for (method, rest, body) in routes() {
        for room in ["secret", "no-such-room", "a%20b"] {
            let path = format!("/v1/rooms/{room}{rest}");
            for credential in ["", "nonsense", "ff_nonsense", "a.b.c"] {
                let who = house.bearer(credential);
                for body in [body.to_string(), "{".to_owned()] {
                    let refused = who.call(method, &path, &[], body).await;
                    assert_eq!(refused.headers["www-authenticate"], "Bearer");
                    refused.refused(401, "unauthorized");
                }
            }
            let refused = house.publisher().call(method, &path, &[], "{").await;
            let detail = refused.refused(403, "forbidden");
            assert_eq!(detail, "this API key lacks the scope rooms:manage");
        }
    }
    for (method, path) in [
        ("GET", "/v1/rooms"),
        ("POST", "/v1/rooms"),
        ("GET", "/v1/chat/me"),
        ("PUT", "/v1/chat/me"),
        ("GET", "/v1/chat/users/bob"),
    ] {
        let refused = house.bearer("").call(method, path, &[], "{").await;
        refused.refused(401, "unauthorized");
        let refused = house.publisher().call(method, path, &[], "{").await;
        refused.refused(403, "forbidden");
    }
    // A member who may not do it is told first what is wrong with what he says.
    let mike = house.user("mike");
    for (method, rest, body, code) in [
        ("PATCH", "", json!({"name": 7}), "bad_message"),
        ("PUT", "/mutes/x", json!({"seconds": 0}), "bad_message"),
        (
            "PUT",
            "/mutes/x",
            json!({"seconds": 316_224_001}),
            "bad_message",
        ),
        (
            "PUT",
            "/bans/x",
            json!({"reason": "x".repeat(257)}),
            "bad_message",
        ),
        ("PUT", "/bans/a%20b", json!({}), "bad_message"),
        ("PUT", "/members/x", json!({"role": "king"}), "bad_message"),
        ("GET", "/audit?limit=0", json!({}), "bad_message"),
        ("GET", "/audit?cursor=%2F", json!({}), "bad_message"),
        (
            "GET",
            "/messages?before=1&after=2",
            json!({}),
            "bad_message",
        ),
        ("GET", "/messages?around=x", json!({}), "bad_message"),
        ("GET", "/messages/0", json!({}), "bad_message"),
        ("GET", "/threads/x", json!({}), "bad_message"),
        ("POST", "/read", json!({}), "bad_message"),
        ("PATCH", "/messages/1", json!({}), "bad_message"),
        (
            "PUT",
            "/messages/1/reactions/a%20b",
            json!({}),
            "bad_message",
        ),
    ] {
        let path = format!("/v1/rooms/secret{rest}");
        let refused = mike.call(method, &path, &[], body.to_string()).await;
        refused.refused(400, code);
    }
}

async fn gateways_are_told_the_same_over_the_bus(house: House) {
    house.room("private", "secret").await;
    house.room("public", "lobby").await;
    let may = async |user: &str, room: &str| {
        let request = RoomRightsRequest {
            caller: caller(user),
            channel: format!("room:{room}"),
        };
        let reply: RoomRightsReply = house.ask(subject::CHAT_RIGHTS, &request).await.unwrap();
        (reply.read, reply.write)
    };
    assert_eq!(may("mike", "secret").await, (true, true));
    assert_eq!(may("eve", "secret").await, (false, false));
    assert_eq!(may("eve", "no-such-room").await, (false, false));
    assert_eq!(may("eve", "lobby").await, (true, false));
    house
        .user("olga")
        .put("/v1/rooms/lobby/mutes/mike", json!({}))
        .await
        .expect(204);
    assert_eq!(may("mike", "lobby").await, (true, false));
    house
        .user("olga")
        .put("/v1/rooms/lobby/bans/eve", json!({}))
        .await
        .expect(204);
    assert_eq!(may("eve", "lobby").await, (false, false));

    let mut refusals = Vec::new();
    for room in ["secret", "no-such-room"] {
        let channel = format!("room:{room}");
        let history = HistoryRequest {
            caller: caller("eve"),
            channel: channel.clone(),
            limit: 10,
            ..HistoryRequest::default()
        };
        let message = MessageRequest {
            caller: caller("eve"),
            channel: channel.clone(),
            content: "\"x\"".into(),
            ..MessageRequest::default()
        };
        let read = ReadRequest {
            caller: caller("eve"),
            channel,
            n: 1,
        };
        let history = house
            .ask::<HistoryReply>(subject::CHAT_HISTORY, &history)
            .await;
        let message = house
            .ask::<PublishReply>(subject::CHAT_MESSAGE, &message)
            .await;
        let read = house.ask::<ReadReply>(subject::CHAT_READ, &read).await;
        refusals.push([
            history.unwrap_err(),
            message.unwrap_err(),
            read.unwrap_err(),
        ]);
    }
    assert_eq!(refusals[0], refusals[1]);
    assert!(
        refusals[0]
            .iter()
            .all(|failure| failure.code == "not_found")
    );
}
