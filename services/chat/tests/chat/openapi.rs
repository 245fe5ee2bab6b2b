//! The reference.

use crate::house::House;
use serde_json::Value;

#[tokio::test]
async fn every_route_is_documented_with_both_kinds_of_credentials() {
    let house = House::embedded().await;
    let (_router, api) = house.chat.router().split_for_parts();
    let api: Value = serde_json::to_value(api).unwrap();
    let operations: Vec<(&String, &String, &Value)> = api["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().iter();
            methods.map(move |(method, operation)| (path, method, operation))
        })
        .collect();
    assert_eq!(operations.len(), 26);
    for (path, method, operation) in operations {
        let told = format!("{method} {path}");
        assert_eq!(operation["tags"][0], "rooms", "{told}");
        assert!(operation["summary"].is_string(), "{told}");
        for status in ["401", "403", "429"] {
            assert!(
                operation["responses"][status].is_object(),
                "{told} {status}"
            );
        }
        for (place, scheme) in ["api_key", "user_token"].into_iter().enumerate() {
            let security = &operation["security"][place];
            assert!(security.get(scheme).is_some(), "{told}");
            assert!(api["components"]["securitySchemes"][scheme].is_object());
        }
    }
}

#[tokio::test]
async fn the_documented_examples_are_accepted() {
    let house = House::embedded().await;
    house.room("private", "r").await;
    let (_router, api) = house.chat.router().split_for_parts();
    let api: Value = serde_json::to_value(api).unwrap();
    let example = |name: &str| api["components"]["schemas"][name]["example"].clone();
    let (olga, mike) = (house.user("olga"), house.user("mike"));
    mike.post("/v1/rooms", example("NewRoomRequest"))
        .await
        .expect(201);
    mike.post("/v1/rooms/r/messages", example("MessageRequest"))
        .await
        .expect(201);
    mike.patch("/v1/rooms/r/messages/4", example("EditRequest"))
        .await
        .expect(200);
    mike.post("/v1/rooms/r/read", example("ReadRequest"))
        .await
        .expect(200);
    mike.put("/v1/chat/me", example("MeRequest"))
        .await
        .expect(200);
    olga.patch("/v1/rooms/r", example("RoomPatchRequest"))
        .await
        .expect(200);
    olga.put("/v1/rooms/r/members/mike", example("MemberRequest"))
        .await
        .expect(200);
    olga.put("/v1/rooms/r/mutes/mike", example("SentenceRequest"))
        .await
        .expect(204);
}
