//! Accounts.

use crate::house::{ADMIN_PASSWORD, House, Worker, request, until};
use axum::http::Method;
use fanfare_tokens::TokenError;
use serde_json::{Value, json};

async fn patch(worker: &Worker, id: &str, body: Value) -> crate::house::Answer {
    let admin = worker.admin().await;
    worker
        .call(Method::PATCH, &format!("/v1/users/{id}"), &admin, body)
        .await
}

#[tokio::test]
async fn an_account_lives_and_ends() {
    let (_house, worker) = House::with_worker().await;
    let admin = worker.admin().await;
    let body = json!({
        "username": "Alice@example.com", "id": "u-1", "password": "correct horse", "name": "Alice",
        "groups": ["ops"], "channels": {"topic:lab": "rw"},
    });
    let made = worker.post("/v1/users", &admin, body).await;
    assert_eq!(
        (made.status.as_u16(), &made.body["id"]),
        (201, &json!("u-1"))
    );
    assert!(!made.body.to_string().contains("argon2"), "{}", made.body);
    let seen = worker.get("/v1/users/u-1", &admin).await;
    assert_eq!(seen.body, made.body);

    let token = worker
        .login("alice@EXAMPLE.com", "correct horse")
        .await
        .text("access_token");
    let identity = worker.authority.verify(&token).await.unwrap();
    assert_eq!(
        (identity.user.as_str(), identity.name.as_deref()),
        ("u-1", Some("Alice"))
    );
    assert_eq!(identity.groups, ["ops"]);
    assert!(identity.channels[0].write && identity.scopes.is_empty());

    let gone = worker
        .call(Method::DELETE, "/v1/users/u-1", &admin, Value::Null)
        .await;
    assert_eq!(gone.status, 204);
    until(&worker.authority, &token, |outcome| {
        *outcome == Err(TokenError::Revoked)
    })
    .await;
    assert_eq!(
        worker.get("/v1/users/u-1", &admin).await.code(),
        (404, "not_found")
    );
    assert_eq!(
        worker
            .login("alice@example.com", "correct horse")
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn a_name_or_id_is_given_once_whatever_its_case() {
    let (_house, worker) = House::with_worker().await;
    worker.make_user("alice").await;
    let admin = worker.admin().await;
    for body in [
        json!({"username": "ALICE", "id": "other", "password": "correct horse"}),
        json!({"username": "other", "id": "alice", "password": "correct horse"}),
    ] {
        let answer = worker.post("/v1/users", &admin, body).await;
        assert_eq!(answer.code(), (409, "conflict"));
    }
    assert_eq!(
        worker.login("other", "correct horse").await.status,
        401,
        "nothing was left behind"
    );
}

#[tokio::test]
async fn what_is_no_account_is_not_made() {
    let (_house, worker) = House::with_worker().await;
    let admin = worker.admin().await;
    let password = "correct horse";
    for body in [
        json!({"username": "a b", "password": password}),
        json!({"username": "", "password": password}),
        json!({"username": "a*", "password": password}),
        json!({"username": "a", "id": "a>b", "password": password}),
        json!({"username": "a", "password": "short"}),
        json!({"username": "a", "password": "x".repeat(1_025)}),
        json!({"username": "a"}),
        json!({"username": "a", "password": password, "groups": ["a b"]}),
        json!({"username": "a", "password": password, "channels": {"nowhere": "r"}}),
        json!({"username": "a", "password": password, "name": "a\u{1b}b"}),
        json!({"username": "a", "password": password,
            "groups": (0..64).map(|n| format!("{n:0>127}")).collect::<Vec<_>>()}),
    ] {
        let answer = worker.post("/v1/users", &admin, body.clone()).await;
        assert_eq!(answer.code(), (400, "bad_message"), "{body}");
    }
}

#[tokio::test]
async fn the_same_request_again_answers_with_the_same_account() {
    let (_house, worker) = House::with_worker().await;
    let admin = worker.admin().await;
    let send = |body: Value| {
        let mut request = request(Method::POST, "/v1/users", &admin, &body);
        request
            .headers_mut()
            .insert("idempotency-key", "one".parse().unwrap());
        worker.send(request)
    };
    let body = json!({"username": "alice", "password": "correct horse"});
    let (first, second) = tokio::join!(send(body.clone()), send(body.clone()));
    assert_eq!((first.status, &first.body), (second.status, &second.body));
    assert_eq!(first.status, 201);
    let other = send(json!({"username": "bob", "password": "correct horse"})).await;
    assert_eq!(other.code(), (409, "conflict"));
    let plain = worker.post("/v1/users", &admin, body).await;
    assert_eq!(plain.code(), (409, "conflict"));
}

#[tokio::test]
async fn accounts_come_in_pages() {
    let (_house, worker) = House::with_worker().await;
    for name in ["a.1", "b", "c-2"] {
        worker.make_user(name).await;
    }
    let admin = worker.admin().await;
    let mut seen = Vec::new();
    let mut path = "/v1/users?limit=3".to_owned();
    loop {
        let page = worker.get(&path, &admin).await;
        let items = page.body["items"].as_array().unwrap().clone();
        assert!(items.len() <= 3);
        seen.extend(
            items
                .iter()
                .map(|user| user["id"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page.body["next_cursor"].as_str() else {
            break;
        };
        path = format!("/v1/users?limit=3&cursor={cursor}");
    }
    seen.sort();
    assert_eq!(seen, ["a.1", "admin", "b", "c-2"]);
    for query in ["limit=0", "limit=201", "limit=x", "cursor=a%20b"] {
        let answer = worker.get(&format!("/v1/users?{query}"), &admin).await;
        assert_eq!(answer.code(), (400, "bad_message"), "{query}");
    }
}

#[tokio::test]
async fn only_administrators_see_accounts() {
    let (_house, worker) = House::with_worker().await;
    worker.make_user("alice").await;
    let alice = worker
        .login("alice", "correct horse")
        .await
        .text("access_token");
    for (method, path) in [
        (Method::GET, "/v1/users"),
        (Method::GET, "/v1/users/alice"),
        (Method::DELETE, "/v1/users/admin"),
    ] {
        let answer = worker.call(method.clone(), path, &alice, Value::Null).await;
        assert_eq!(answer.code(), (403, "forbidden"), "{method} {path}");
        let answer = worker.call(method, path, "", Value::Null).await;
        assert_eq!(answer.code(), (401, "unauthorized"));
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    let body = json!({"is_admin": true});
    let answer = worker
        .call(Method::PATCH, "/v1/users/alice", &alice, body)
        .await;
    assert_eq!(answer.code(), (403, "forbidden"));
}

#[tokio::test]
async fn disabling_ends_everything_and_enabling_brings_no_old_login_back() {
    let (_house, worker) = House::with_worker().await;
    worker.make_user("alice").await;
    let tokens = worker.login("alice", "correct horse").await;
    assert_eq!(
        patch(&worker, "alice", json!({"disabled": true}))
            .await
            .status,
        200
    );
    until(&worker.authority, &tokens.text("access_token"), |outcome| {
        *outcome == Err(TokenError::Revoked)
    })
    .await;
    assert_eq!(worker.login("alice", "correct horse").await.status, 401);
    patch(&worker, "alice", json!({"disabled": false})).await;
    assert_eq!(
        worker.refresh(&tokens.text("refresh_token")).await.status,
        401
    );
    assert_eq!(worker.login("alice", "correct horse").await.status, 200);
}

#[tokio::test]
async fn changed_rights_count_at_once_and_the_login_goes_on() {
    let (house, worker) = House::with_worker().await;
    worker.make_user("alice").await;
    patch(&worker, "alice", json!({"is_admin": true})).await;
    house.clock.advance(1_000);
    let tokens = worker.login("alice", "correct horse").await;
    let token = tokens.text("access_token");
    assert_eq!(worker.get("/v1/users", &token).await.status, 200);
    patch(
        &worker,
        "alice",
        json!({"is_admin": false, "groups": ["ops"], "name": "Al"}),
    )
    .await;
    until(&worker.authority, &token, |outcome| {
        *outcome == Err(TokenError::Revoked)
    })
    .await;
    let next = worker
        .refresh(&tokens.text("refresh_token"))
        .await
        .text("access_token");
    let identity = worker.authority.verify(&next).await.unwrap();
    assert_eq!(
        (identity.groups, identity.name),
        (vec!["ops".to_owned()], Some("Al".to_owned()))
    );
    assert_eq!(
        worker.get("/v1/users", &next).await.code(),
        (403, "forbidden")
    );
}

#[tokio::test]
async fn an_administrator_cannot_lock_himself_out() {
    let (_house, worker) = House::with_worker().await;
    for body in [json!({"disabled": true}), json!({"is_admin": false})] {
        assert_eq!(
            patch(&worker, "admin", body).await.code(),
            (409, "conflict")
        );
    }
    let admin = worker.admin().await;
    let answer = worker
        .call(Method::DELETE, "/v1/users/admin", &admin, Value::Null)
        .await;
    assert_eq!(answer.code(), (409, "conflict"));
}

#[tokio::test]
async fn a_changed_password_ends_every_login() {
    let (house, worker) = House::with_worker().await;
    worker.make_user("alice").await;
    let tokens = worker.login("alice", "correct horse").await;
    let token = tokens.text("access_token");
    let put = |bearer: String, id: &str, body: Value| {
        let path = format!("/v1/users/{id}/password");
        let request = request(Method::PUT, &path, &bearer, &body);
        worker.send(request)
    };
    let new = json!({"password": "battery staple"});
    assert_eq!(
        put(token.clone(), "alice", new.clone()).await.code(),
        (400, "bad_message")
    );
    assert_eq!(
        put(token.clone(), "admin", new.clone()).await.code(),
        (403, "forbidden")
    );
    let wrong = json!({"password": "battery staple", "current_password": "wrong password"});
    assert_eq!(
        put(token.clone(), "alice", wrong).await.code(),
        (403, "forbidden")
    );
    let right = json!({"password": "battery staple", "current_password": "correct horse"});
    assert_eq!(put(token.clone(), "alice", right).await.status, 204);

    until(&worker.authority, &token, |outcome| {
        *outcome == Err(TokenError::Revoked)
    })
    .await;
    assert_eq!(
        worker.refresh(&tokens.text("refresh_token")).await.status,
        401
    );
    assert_eq!(worker.login("alice", "correct horse").await.status, 401);
    let again = worker.login("alice", "battery staple").await;
    assert!(
        worker
            .authority
            .verify(&again.text("access_token"))
            .await
            .is_ok()
    );

    let by_admin = put(
        worker.admin().await,
        "alice",
        json!({"password": "third password"}),
    )
    .await;
    assert_eq!(by_admin.status, 204);
    house.clock.advance(1_000);
    assert_eq!(worker.login("alice", "third password").await.status, 200);
    assert_eq!(worker.login("admin", ADMIN_PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_stolen_token_cannot_guess_the_password_without_end() {
    let (_house, worker) = House::with_worker().await;
    let token = worker.admin().await;
    let body = json!({"password": "battery staple", "current_password": "wrong password"});
    let mut codes = Vec::new();
    for _guess in 0..11 {
        let path = "/v1/users/admin/password";
        let answer = worker.call(Method::PUT, path, &token, body.clone()).await;
        codes.push(answer.status.as_u16());
    }
    assert_eq!(codes[..10], [403; 10]);
    assert_eq!(codes[10], 429);
}
