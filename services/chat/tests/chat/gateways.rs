//! What gateways are told over the bus of who may do what.

use crate::house::{House, caller};
use fanfare_proto::{
    subject,
    wire::{
        HistoryReply, HistoryRequest, MessageRequest, PublishReply, ReadReply, ReadRequest,
        RoomRightsReply, RoomRightsRequest,
    },
};
use serde_json::json;

on_both! {
    gateways_are_told_the_same_over_the_bus
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
