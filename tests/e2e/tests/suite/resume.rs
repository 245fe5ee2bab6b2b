use fanfare_e2e::{Server, Socket};
use serde_json::{Value, json};

async fn connect(server: &Server, user: &str) -> Socket {
    let token = server.api().token(user).await;
    server.upgrade("/ws/").bearer(&token).welcomed().await
}

fn cursor(frame: &Value) -> String {
    let cursor = frame["cursor"].as_str();
    cursor
        .unwrap_or_else(|| panic!("no cursor in {frame}"))
        .to_owned()
}

/// Everything up to and including number `last` that comes, in order of arrival.
async fn numbers_up_to(socket: &mut Socket, last: u64) -> Vec<u64> {
    let mut numbers = Vec::new();
    while numbers.last() != Some(&last) {
        let frame = socket.frame("notification").await;
        let number = frame["data"]["title"].as_str().unwrap().parse().unwrap();
        assert_eq!(
            frame["n"], number,
            "the ordinal counts the channel's entries"
        );
        numbers.push(number);
    }
    numbers
}

#[tokio::test]
async fn who_was_away_gets_exactly_what_was_missed() {
    let server = Server::start().await;
    let mut socket = connect(&server, "ann").await;
    socket.subscribe("user:ann", None).await;
    server.api().notify_numbered("ann", 1, 3).await;
    let seen = socket.frames("notification", 3).await;
    socket.vanish();

    server.api().notify_numbered("ann", 4, 500).await;

    let mut socket = connect(&server, "ann").await;
    let subscribed = socket.subscribe("user:ann", Some(&cursor(&seen[2]))).await;
    assert_eq!(subscribed["data"]["recovered"], true);
    // The one after the missed ones comes live, so nothing can hide behind the last of them.
    server.api().notify_numbered("ann", 504, 1).await;
    let numbers = numbers_up_to(&mut socket, 504).await;
    assert_eq!(numbers, (4..=504).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_crash_of_the_server_in_between_loses_nothing_that_was_accepted() {
    let mut server = Server::start().await;
    let mut socket = connect(&server, "ann").await;
    let begin = cursor(&socket.subscribe("user:ann", None).await);
    server.api().notify_numbered("ann", 1, 3).await;
    let seen = socket.frames("notification", 3).await;

    server.api().notify_numbered("ann", 4, 250).await;
    server.kill();
    assert_eq!(socket.closed().await.code, 1006);
    server.start_again().await;
    server.api().notify_numbered("ann", 254, 250).await;

    let mut socket = connect(&server, "ann").await;
    socket.subscribe("user:ann", Some(&cursor(&seen[2]))).await;
    server.api().notify_numbered("ann", 504, 1).await;
    let numbers = numbers_up_to(&mut socket, 504).await;
    assert_eq!(numbers, (4..=504).collect::<Vec<_>>());

    let mut second = connect(&server, "ann").await;
    second.subscribe("user:ann", Some(&begin)).await;
    let numbers = numbers_up_to(&mut second, 504).await;
    assert_eq!(numbers, (1..=504).collect::<Vec<_>>());
}

#[tokio::test]
async fn publishing_while_somebody_comes_back_leaves_no_hole() {
    let server = Server::start().await;
    let mut socket = connect(&server, "ann").await;
    let begin = cursor(&socket.subscribe("user:ann", None).await);
    socket.vanish();
    server.api().notify_numbered("ann", 1, 200).await;
    let api = server.api().clone();
    let publishing = async move { api.notify_numbered("ann", 201, 400).await };
    let reading = async {
        let mut socket = connect(&server, "ann").await;
        socket.subscribe("user:ann", Some(&begin)).await;
        numbers_up_to(&mut socket, 600).await
    };
    let ((), numbers) = tokio::join!(publishing, reading);
    assert_eq!(numbers, (1..=600).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_inbox_comes_back_with_the_cursors_of_its_channels_in_the_url() {
    let server = Server::start().await;
    let token = server.api().token("ann").await;
    let mut socket = server
        .upgrade("/ws/notifications/")
        .bearer(&token)
        .welcomed()
        .await;
    let is_own = |frame: &Value| frame["type"] == "subscribed" && frame["channel"] == "user:ann";
    let begin = cursor(&socket.find("the inbox", is_own).await);
    socket.vanish();
    server.api().notify_numbered("ann", 1, 3).await;
    let path = format!("/ws/notifications/?since=user:ann~{begin}");
    let mut socket = server.upgrade(&path).bearer(&token).welcomed().await;
    assert_eq!(numbers_up_to(&mut socket, 3).await, [1, 2, 3]);
}

#[tokio::test]
async fn a_cursor_that_cannot_be_honoured_is_told_never_ignored() {
    let server = Server::start().await;
    server.api().notify_numbered("ann", 1, 2).await;
    let mut socket = connect(&server, "ann").await;
    let own = cursor(&socket.subscribe("user:ann", None).await);
    let (epoch, place) = own.split_once('.').unwrap();
    let (seq, _n) = place.split_once('.').unwrap();
    let other_epoch = if epoch == "00000001" {
        "00000002"
    } else {
        "00000001"
    };
    for since in [
        format!("{other_epoch}.{place}"),
        format!("{epoch}.{seq}.1"),
        format!("{epoch}.999999.999999"),
        "nonsense".to_owned(),
        "1.2.3".to_owned(),
        "0000beef.1.2.3".to_owned(),
    ] {
        let frame = json!({"type": "subscribe", "channel": "user:ann", "since": since});
        socket.send(&frame).await;
        let reset = socket.frame("reset").await;
        assert_eq!(reset["channel"], "user:ann", "{since}");
        assert!(reset["data"]["reason"].is_string(), "{since}: {reset}");
    }
    let frame = json!({"type": "subscribe", "channel": "user:ann", "since": 7});
    assert_eq!(socket.ask(frame).await["code"], "bad_message");
}

#[tokio::test]
async fn history_is_read_backwards_and_forwards() {
    let server = Server::start().await;
    server.api().notify_numbered("ann", 1, 5).await;
    let mut socket = connect(&server, "ann").await;
    let mut ask = async |extra: Value| {
        let mut frame = json!({"type": "history", "channel": "user:ann"});
        frame
            .as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        let answer = socket.ask(frame).await;
        assert_eq!(answer["type"], "history_response", "{answer}");
        let items = answer["data"]["items"].as_array().unwrap().clone();
        items
            .iter()
            .map(|item| item["n"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    let mut newest = ask(json!({"limit": 2})).await;
    newest.sort_unstable();
    assert_eq!(newest, [4, 5]);
    let mut older = ask(json!({"before": 4, "limit": 2})).await;
    older.sort_unstable();
    assert_eq!(older, [2, 3]);
    let mut newer = ask(json!({"after": 1, "limit": 2})).await;
    newer.sort_unstable();
    assert_eq!(newer, [2, 3]);
}

#[tokio::test]
async fn who_subscribes_again_at_once_still_hears_what_comes() {
    let server = Server::start().await;
    let mut socket = connect(&server, "ann").await;
    let begin = cursor(&socket.subscribe("user:ann", None).await);
    socket.vanish();
    for number in 1..=60 {
        let mut socket = connect(&server, "ann").await;
        socket.subscribe("user:ann", None).await;
        // The first subscription has answered, and may not be live yet.
        socket.subscribe("user:ann", Some(&begin)).await;
        server.api().notify_numbered("ann", number, 1).await;
        let numbers = numbers_up_to(&mut socket, number).await;
        assert_eq!(numbers, (1..=number).collect::<Vec<_>>());
        socket.close().await;
    }
}
