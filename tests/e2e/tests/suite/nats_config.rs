//! The NATS configuration of `deploy/nats`: every service works with what its user is allowed to, and with no more.

use fanfare_e2e::{Fleet, Member, RawNats, Recommended, Socket, forge, until};
use fanfare_proto::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use std::net::TcpListener;

/// One auth worker, one notify worker, two gateways.
struct Site {
    auth: Member,
    notify: Member,
    gateways: [Member; 2],
    fleet: Fleet,
}

impl Site {
    async fn start(servers: usize) -> Self {
        let fleet = Fleet::on(Recommended::start(servers).await);
        let auth = fleet.auth().await;
        let notify = fleet.notify(&auth).await;
        let gateways = [fleet.gateway(&auth).await, fleet.gateway(&auth).await];
        Self {
            auth,
            notify,
            gateways,
            fleet,
        }
    }

    async fn connect(&self, gateway: usize, token: &str) -> Socket {
        let upgrade = self.gateways[gateway].upgrade("/ws/");
        upgrade.bearer(token).welcomed().await
    }

    /// A client of the NATS protocol with the login of `user`.
    fn raw(&self, user: &str) -> RawNats {
        let servers = self.fleet.servers();
        let password = servers.password(user);
        RawNats::connect(servers.port(), &servers.authority(), user, password)
    }

    /// Panics when a server, or what it told a process, complains about anything.
    fn assert_content(&self) {
        let complaints = self.fleet.servers().complaints();
        assert!(complaints.is_empty(), "{complaints:#?}");
        let members = [&self.auth, &self.notify].into_iter().chain(&self.gateways);
        for log in members.map(|member| member.process().stderr()) {
            for bad in ["NATS complains", "JetStream refuses", "no log was asked"] {
                assert!(!log.contains(bad), "{bad}: {log}");
            }
        }
    }
}

/// The title of the next notification, and the cursor behind it.
async fn next(socket: &mut Socket) -> (String, String) {
    let frame = socket.frame("notification").await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&frame["data"]["title"]), text(&frame["cursor"]))
}

/// Publishes, reads, goes, comes back, and loses its token, as `user`.
async fn live(site: &Site, user: &str) {
    let (auth, notify) = (site.auth.api(), site.notify.api());
    let channel = format!("user:{user}");
    let token = auth.token(user).await;
    let mut phone = site.connect(0, &token).await;
    phone.subscribe(&channel, None).await;
    site.notify.notify_once(user, "1", user).await.is(202);
    let (title, cursor) = next(&mut phone).await;
    assert_eq!(title, "1");
    let read = json!({"type": "read", "channel": channel, "n": 1});
    assert_eq!(phone.ask(read).await["type"], "read_response");
    phone.vanish();

    let body = json!({"to": {"users": [user]}, "title": "2", "collapse_key": "build"});
    notify.notify(&body).await;
    let mut laptop = site.connect(1, &token).await;
    laptop.subscribe(&channel, Some(&cursor)).await;
    assert_eq!(next(&mut laptop).await.0, "2");
    let inbox = notify.get("/v1/inbox?filter=unread", &token).await.is(200);
    assert_eq!(inbox.body["items"][0]["n"], 2, "{}", inbox.body);

    let revoke = json!({"user": user});
    auth.post("/v1/auth/revoke", &revoke).await.is(204);
    assert_eq!(laptop.closed().await.code, 4001);
    let mut back = site.gateways[0].upgrade("/ws/").bearer(&token).open().await;
    assert_eq!(back.closed().await.code, 4001);
}

/// What is done later, taken back, asked of every gateway, and heard by those only who watch.
async fn work(site: &Site) {
    let (auth, notify) = (site.auth.api(), site.notify.api());
    let grants = json!({"user": "bob", "channels": {"topic:lab": "rw"}});
    let token = auth.mint(&grants).await;
    let mut socket = site.connect(0, &token).await;
    for channel in ["user:bob", "topic:lab"] {
        socket.subscribe(channel, None).await;
    }
    let publish = json!({"type": "publish", "channel": "topic:lab", "data": 1});
    assert_eq!(socket.ask(publish).await["type"], "published");
    let operator = auth.login().await.text("/access_token");
    let mut figures = site.connect(1, &operator).await;
    figures.subscribe("system:metrics", None).await;
    figures.frame("system_info").await;
    let fleet = site.gateways[0].api();
    let mut guest = site.connect(1, &auth.token("guest").await).await;
    let path = "/v1/fleet/sessions?user=guest";
    let listed = fleet.get(path, &operator).await.is(200).body;
    let id = listed["items"][0]["session"].as_str().unwrap();
    let path = format!("/v1/fleet/sessions/{id}");
    let ended = fleet.call(Method::DELETE, &path, &operator, &[], &Value::Null);
    ended.await.is(204);
    assert_eq!(guest.closed().await.code, 4040);

    // By the clock of now: a token tells it.
    let (_header, claims) = forge::open(&auth.mint(&grants).await);
    let due = Timestamp::from_ms((claims["iat"].as_i64().unwrap() + 3) * 1_000).to_string();
    let mut ids = Vec::new();
    for title in ["taken back", "due"] {
        let body = json!({"to": {"users": ["bob"]}, "title": title, "deliver_at": due});
        let accepted = notify.notify(&body).await;
        ids.push(accepted["id"].as_str().unwrap().to_owned());
    }
    let delete = async |id: &str| {
        let path = format!("/v1/notifications/{id}");
        let call = notify.call(Method::DELETE, &path, notify.key(), &[], &Value::Null);
        let answer = call.await;
        assert!((200..300).contains(&answer.status), "{}", answer.body);
    };
    delete(&ids[0]).await;
    assert_eq!(next(&mut socket).await.0, "due");
    let path = format!("/v1/notifications/{}?user=bob", ids[1]);
    notify.get(&path, notify.key()).await.is(200);
    delete(&ids[1]).await;

    let grants = json!({"user": "cy", "channels": {"topic:lab": "rw"}});
    let mut other = site.connect(1, &auth.mint(&grants).await).await;
    let subscribe = json!({"type": "subscribe", "channel": "topic:lab", "presence": true});
    for socket in [&mut socket, &mut other] {
        assert_eq!(socket.ask(subscribe.clone()).await["type"], "subscribed");
    }
    let presence = json!({"type": "presence", "channel": "topic:lab"});
    let both = |answer: &Value| answer["data"]["users"][1]["user"] == "cy";
    while !both(&socket.ask_patiently(presence.clone()).await) {
        tokio::task::yield_now().await;
    }

    let rotate = auth.post("/v1/auth/keys/rotate", &Value::Null).await;
    assert!((200..300).contains(&rotate.status), "{}", rotate.body);
    let token = auth.token("bob").await;
    site.connect(1, &token).await;
}

#[tokio::test]
async fn every_service_does_its_work_with_its_own_user() {
    let site = Site::start(1).await;
    Box::pin(live(&site, "ann")).await;
    Box::pin(work(&site)).await;
    for member in [&site.auth, &site.notify].into_iter().chain(&site.gateways) {
        member.api().until_ready().await;
    }
    site.assert_content();
}

#[tokio::test]
async fn a_gateway_that_comes_first_says_what_it_waits_for_and_the_others_start_at_once() {
    let fleet = Fleet::on(Recommended::start(1).await);
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let admin = free.local_addr().unwrap().to_string();
    drop(free);
    let variables = [("FANFARE_ADMIN_LISTEN", admin.as_str())];
    let workers = async {
        let waits = async || {
            let answer = reqwest::get(format!("http://{admin}/readyz")).await.ok()?;
            let text = answer.text().await.ok()?;
            text.contains("no notify or chat worker has run yet")
                .then_some(())
        };
        until("what the gateway waits for", waits).await;
        tokio::join!(fleet.begin("notify", &[]), fleet.begin("auth", &[]))
    };
    let (gateway, (notify, auth)) = tokio::join!(fleet.begin("gateway", &variables), workers);
    for member in [&gateway, &notify, &auth] {
        member.api().until_ready().await;
    }
    let complaints = fleet.servers().complaints();
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[tokio::test]
async fn three_servers_do_it_too() {
    let site = Site::start(3).await;
    Box::pin(live(&site, "ann")).await;
    site.assert_content();
}

#[tokio::test]
async fn what_is_stored_cannot_be_read_without_the_key() {
    let site = Site::start(1).await;
    let body = json!({"to": {"users": ["ann"]}, "title": "eyes only"});
    site.notify.api().notify(&body).await;
    let token = site.auth.api().token("ann").await;
    let inbox = site.notify.api().get("/v1/inbox", &token).await.is(200);
    assert_eq!(inbox.body["items"][0]["title"], "eyes only");
    let found = site.fleet.servers().stored_in_the_clear("eyes only");
    assert!(found.is_empty(), "{found:?}");
}

/// What a user may publish to nothing of.
fn assert_refused(raw: &mut RawNats, subjects: &[&str]) {
    for subject in subjects {
        let said = raw.publish(subject);
        assert_eq!(said.len(), 1, "{subject}: {said:?}");
        assert!(
            said[0].contains("Permissions Violation for Publish"),
            "{said:?}"
        );
    }
}

#[tokio::test]
async fn a_gateways_login_stores_nothing_but_fences_and_reads_no_secrets() {
    let site = Site::start(1).await;
    site.notify.api().notify_numbered("ann", 1, 3).await;
    let mut raw = site.raw("gateway");
    // A fence is taken: what is refused below is refused because of what it is.
    let fence = raw.ask("fence.0.raw", ("Nats-TTL", "1s"), "");
    assert!(fence.contains(r#""stream":"LOG_0""#), "{fence}");
    assert_refused(
        &mut raw,
        &[
            "log.3.user.ann",
            "live.3.user.ann",
            "claim.0.x",
            "page.0.user.ann.1",
            "schedule.x",
            "due.x",
            "fence.SCHEDULE.raw",
            "kv.auth.x",
            "kv.revocation.x",
            "evt.user.ann",
            "ctl.gateway.leave",
            "ctl.keys-changed",
            "$JS.API.STREAM.DELETE.LOG_3",
            "$JS.API.STREAM.PURGE.LOG_3",
            "$JS.API.STREAM.MSG.DELETE.LOG_3",
            "$JS.API.STREAM.UPDATE.LOG_3",
            "$JS.API.STREAM.CREATE.LOG_16",
            "$JS.API.STREAM.SNAPSHOT.LOG_3",
            "$JS.API.CONSUMER.CREATE.LOG_3",
            "$JS.API.STREAM.INFO.RECORDS_auth",
            "$JS.API.STREAM.MSG.GET.RECORDS_auth",
            "$JS.API.DIRECT.GET.RECORDS_auth",
            "$JS.API.CONSUMER.CREATE.RECORDS_auth",
            "$JS.API.STREAM.MSG.GET.RECORDS_inbox",
            "$JS.API.STREAM.NAMES",
        ],
    );
    for subject in [
        ">",
        "log.>",
        "kv.>",
        "svc.auth.*",
        "_INBOX.auth.>",
        "_INBOX.>",
    ] {
        let said = raw.subscribe(subject);
        assert_eq!(said.len(), 1, "{subject}: {said:?}");
    }
    // A header that would have a fence replace everything in its stream.
    let rollup = raw.ask("fence.3.raw", ("Nats-Rollup", "all"), "");
    assert!(rollup.contains("rollup not permitted"), "{rollup}");

    let token = site.auth.api().token("ann").await;
    let inbox = site.notify.api().get("/v1/inbox", &token).await.is(200);
    assert_eq!(inbox.body["items"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn an_answer_that_is_sent_where_nobody_may_publish_is_shown_to_nobody() {
    let site = Site::start(1).await;
    let token = site.auth.api().token("ann").await;
    let mut socket = site.connect(0, &token).await;
    for channel in ["user:ann", "all"] {
        socket.subscribe(channel, None).await;
    }
    let mut raw = site.raw("gateway");
    // A whole record of another channel, with a place of its own there. Both channels are in shard 3.
    site.notify
        .notify_once("bob", "for bob", "bob")
        .await
        .is(202);
    let record = r#"{"last_by_subj":"log.3.user.bob"}"#;
    for place in ["live.3.user.ann", "log.3.user.ann"] {
        let said = raw.ask_for("$JS.API.DIRECT.GET.LOG_3", place, record);
        // NATS lets that pass. When it does not any more, this test has nothing left to say.
        assert!(said.is_empty(), "{said:?}");
    }
    let told = json!({"to": {"all": true}, "title": "true"});
    site.notify.api().notify(&told).await;
    assert_eq!(next(&mut socket).await.0, "true");
    let history = json!({"type": "history", "channel": "user:ann"});
    let history = socket.ask(history).await.to_string();
    assert!(!history.contains("for bob"), "{history}");
}

#[tokio::test]
async fn a_worker_may_not_do_what_is_another_ones_work() {
    let site = Site::start(1).await;
    let theirs = [
        "log.3.user.ann",
        "fence.0.x",
        "kv.inbox.x",
        "evt.user.ann",
        "svc.notify.publish",
    ];
    assert_refused(&mut site.raw("auth"), &theirs);
    let theirs = [
        "kv.auth.x",
        "kv.revocation.x",
        "ctl.keys-changed",
        "ctl.gateway.kick",
        "ctl.gateway.drain",
    ];
    assert_refused(&mut site.raw("notify"), &theirs);
    for user in ["auth", "notify"] {
        let everywhere = [
            "$JS.API.STREAM.DELETE.LOG_3",
            "$JS.API.STREAM.DELETE.RECORDS_auth",
        ];
        assert_refused(&mut site.raw(user), &everywhere);
    }
}
