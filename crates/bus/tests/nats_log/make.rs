//! Several processes that make what is not there yet, on servers that have to agree about it first.

use super::{NatsServer, ONE_SHARD, record, room, stored, within};
use bytes::Bytes;
use fanfare_bus::{
    Handles,
    kv::Expect,
    nats::{self, LogSettings, Login, OpenError, Role, Secret, Settings},
};
use fanfare_lifecycle::{Clock, Shutdown, Tasks};
use fanfare_proto::Position;
use std::{net::TcpListener, time::Duration};

/// As many as keep every stream.
const SERVERS: usize = 3;

/// Servers of one cluster.
struct Cluster {
    servers: Vec<NatsServer>,
    tasks: Tasks,
    shutdown: Shutdown,
}

impl Cluster {
    /// Resolves once the servers have chosen who leads them.
    async fn start() -> Self {
        let free = || TcpListener::bind("127.0.0.1:0").expect("a free port");
        let routes: [TcpListener; SERVERS] = std::array::from_fn(|_| free());
        let routes = routes.map(|free| free.local_addr().expect("an address"));
        let all = routes.map(|route| format!("nats://{route}"));
        let start = |(index, route)| {
            NatsServer::start_with(&format!(
                "server_name: test-{index}\ncluster {{ name: test, listen: \"{route}\", routes: {all:?} }}\n"
            ))
        };
        let cluster = Self {
            servers: routes.iter().enumerate().map(start).collect(),
            tasks: Tasks::new(),
            shutdown: Shutdown::new(),
        };
        let account = cluster.account();
        let settings = Settings {
            role: Role::Records,
            ..cluster.settings(0, &account)
        };
        let handles = cluster.open(settings).await.expect("a server answers");
        within(async {
            while handles.kv.get("ready", "key").await.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        })
        .await;
        cluster
    }

    fn account(&self) -> String {
        self.servers[0].account()
    }

    /// Of a process on one of the servers.
    fn settings(&self, server: usize, account: &str) -> Settings {
        Settings {
            login: Login::Password {
                user: account.to_owned(),
                password: Secret::new(account),
            },
            replicas: SERVERS,
            log: LogSettings {
                shards: 2,
                ..ONE_SHARD
            },
            ..Settings::new(vec![self.servers[server].address()])
        }
    }

    async fn open(&self, settings: Settings) -> Result<Handles, OpenError> {
        nats::open(settings, Clock::system(), &self.tasks, &self.shutdown).await
    }
}

/// How much later the second process begins: for some milliseconds the servers know that there will be a stream, and do
/// not answer questions about it.
fn delays() -> impl Iterator<Item = Duration> {
    (0..4).flat_map(|_| (0..6).map(Duration::from_millis))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_that_two_processes_make_at_once_is_there_for_both() {
    let cluster = Cluster::start().await;
    let account = cluster.account();
    let open = async |server| {
        let settings = Settings {
            role: Role::Records,
            ..cluster.settings(server, &account)
        };
        cluster.open(settings).await.expect("opened")
    };
    let (first, second) = (open(0).await, open(1).await);
    let put = async |process: &Handles, bucket: &str, key: &str| {
        let value = Bytes::from_static(b"value");
        let put = process.kv.put(bucket, key, value, Expect::Absent, None);
        within(put).await.expect("written");
    };
    for (round, delay) in delays().enumerate() {
        let bucket = char::from(b'a' + u8::try_from(round).expect("a letter")).to_string();
        let later = async {
            tokio::time::sleep(delay).await;
            put(&second, &bucket, "second").await;
        };
        tokio::join!(put(&first, &bucket, "first"), later);
        for process in [&first, &second] {
            let records = within(process.kv.scan(&bucket, "", None, 10)).await;
            assert_eq!(records.expect("records").len(), 2);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_two_processes_make_at_once_is_one_log() {
    let cluster = Cluster::start().await;
    for delay in delays() {
        let account = cluster.account();
        let open = async |server, delay| {
            tokio::time::sleep(delay).await;
            let open = cluster.open(cluster.settings(server, &account));
            within(open).await.expect("opened")
        };
        let (first, second) = tokio::join!(open(0, Duration::ZERO), open(1, delay));
        for channel in [room("a"), room("b"), room("c")] {
            assert_eq!(first.log.epoch(&channel), second.log.epoch(&channel));
            let append = first.log.append(record(&channel, "x"));
            within(append).await.expect("appended");
            let stored = within(stored(&second, &channel, Position::default())).await;
            assert_eq!(stored, [(1, "x".to_owned())]);
        }
    }
}
