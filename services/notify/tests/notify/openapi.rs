use crate::house::House;
use fanfare_http::OpenApiRouter;
use serde_json::Value;

#[tokio::test]
async fn every_route_is_documented_with_its_security() {
    let house = House::open().await;
    let (worker, _app) = house.worker(house.handles.clone()).await;
    let (_router, api) = OpenApiRouter::<()>::new()
        .merge(worker.router())
        .split_for_parts();
    let api: Value = serde_json::to_value(api).unwrap();
    let routes = [
        ("/v1/notifications", "post", "api_key"),
        ("/v1/notifications/{id}", "get", "api_key"),
        ("/v1/notifications/{id}", "delete", "api_key"),
        ("/v1/publish", "post", "api_key"),
        ("/v1/inbox", "get", "user_token"),
        ("/v1/inbox/counts", "get", "user_token"),
        ("/v1/inbox/{id}/read", "post", "user_token"),
        ("/v1/inbox/{id}/unread", "post", "user_token"),
        ("/v1/inbox/{id}/archive", "post", "user_token"),
        ("/v1/inbox/read-all", "post", "user_token"),
    ];
    let documented: usize = api["paths"]
        .as_object()
        .unwrap()
        .values()
        .map(|path| path.as_object().unwrap().len())
        .sum();
    assert_eq!(documented, routes.len());
    for (path, method, scheme) in routes {
        let operation = &api["paths"][path][method];
        assert!(
            operation["security"][0].get(scheme).is_some(),
            "{method} {path}"
        );
        assert!(operation["summary"].is_string(), "{method} {path}");
        assert!(operation["responses"]["401"].is_object(), "{method} {path}");
        assert!(api["components"]["securitySchemes"][scheme].is_object());
    }
}

#[tokio::test]
async fn the_documented_example_is_accepted() {
    let house = House::open().await;
    let (worker, _app) = house.worker(house.handles.clone()).await;
    let (_router, api) = worker.router().split_for_parts();
    let api: Value = serde_json::to_value(api).unwrap();
    let schemas = &api["components"]["schemas"];
    let body = &schemas["NotificationsRequest"]["oneOf"];
    assert_eq!(body[1]["type"], "array", "{body}");
    let example = schemas["NotificationRequest"]["example"].clone();
    house.publish(example).await.expect(202);
    let example = schemas["PublicationRequest"]["example"].to_string();
    let answer = house
        .post("/v1/publish", &house.channels_key, &example)
        .await;
    answer.expect(202);
}
