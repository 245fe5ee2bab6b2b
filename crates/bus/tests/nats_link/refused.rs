//! Openings that must fail, in words and in time.

use super::{Process, nats_server::NatsServer, settings};
use fanfare_bus::nats::{Login, OpenError, Secret, Settings};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::Instant,
};

/// Says what a NATS server says until a client is in.
async fn greet(mut socket: TcpStream, info: &str) -> std::io::Result<()> {
    socket
        .write_all(format!("INFO {info}\r\n").as_bytes())
        .await?;
    let mut heard = Vec::new();
    while !heard.ends_with(b"PING\r\n") {
        if socket.read_buf(&mut heard).await? == 0 {
            return Ok(());
        }
    }
    socket.write_all(b"PONG\r\n").await?;
    // Until the client has had enough.
    while socket.read_buf(&mut heard).await? > 0 {}
    Ok(())
}

/// How an opening fails at a server that introduces itself so.
async fn refusal(info: &'static str) -> OpenError {
    let process = Process::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = format!("nats://{}", listener.local_addr().expect("an address"));
    let tasks = process.tasks.clone();
    let peer = process.tasks.spawn(async move {
        while let Ok((socket, _from)) = listener.accept().await {
            tasks.spawn(greet(socket, info));
        }
    });
    let refused = process.open(Settings::new(vec![address])).await;
    peer.abort();
    refused.err().expect("the server does not do")
}

#[tokio::test]
async fn an_old_server_is_refused_by_its_version() {
    let refused = refusal(
        r#"{"server_id":"x","version":"2.12.1","headers":true,"max_payload":1048576,"jetstream":true}"#,
    )
    .await;
    assert!(
        matches!(&refused, OpenError::TooOld { found } if found == "2.12.1"),
        "{refused:?}"
    );
    let text = refused.to_string();
    assert!(text.contains("2.12.1") && text.contains("2.14"), "{text}");
}

#[tokio::test]
async fn a_server_that_keeps_nothing_is_refused() {
    let refused = refusal(
        r#"{"server_id":"x","version":"2.15.1","headers":true,"max_payload":1048576,"jetstream":false}"#,
    )
    .await;
    assert!(matches!(refused, OpenError::NoJetStream), "{refused:?}");
}

#[tokio::test]
async fn an_address_where_nobody_answers_is_named_in_time() {
    let free = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = format!("nats://{}", free.local_addr().expect("an address"));
    drop(free);
    let began = Instant::now();
    let settings = Settings {
        connect_limit: Duration::from_secs(1),
        ..Settings::new(vec![address.clone()])
    };
    let refused = Process::new()
        .open(settings)
        .await
        .err()
        .expect("nobody answers");
    assert!(
        matches!(refused, OpenError::Unreachable { .. }),
        "{refused:?}"
    );
    let text = refused.to_string();
    assert!(
        text.contains(&address) && text.contains("refused"),
        "{text}"
    );
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_at_once() {
    for servers in [vec![], vec!["nats://:not a port".to_owned()]] {
        let refused = Process::new().open(Settings::new(servers)).await;
        let refused = refused.err().expect("there is no address");
        assert!(matches!(refused, OpenError::Address { .. }), "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_refused_at_once_and_not_told() {
    let server = NatsServer::shared();
    let account = server.account();
    let settings = Settings {
        login: Login::Password {
            user: account,
            password: Secret::new("wrong-and-private"),
        },
        ..settings(&server.address(), "unused")
    };
    let shown = format!("{settings:?}");
    assert!(!shown.contains("private"), "{shown}");
    let began = Instant::now();
    let refused = Process::new()
        .open(settings)
        .await
        .err()
        .expect("the password is wrong");
    assert!(matches!(refused, OpenError::Refused { .. }), "{refused:?}");
    assert!(!refused.to_string().contains("private"));
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_file_without_a_secret_is_named_at_once() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(&file, "\n").expect("written");
    let gone = file.path().with_extension("gone");
    for path in [file.path().to_owned(), gone] {
        let of_password = Login::PasswordFile {
            user: "ann".to_owned(),
            path: path.clone(),
        };
        for login in [of_password, Login::NkeyFile(path.clone())] {
            let settings = Settings {
                login,
                ..Settings::new(vec!["nats://127.0.0.1:1".to_owned()])
            };
            let refused = Process::new().open(settings).await.err();
            let refused = refused.expect("there is no secret");
            assert!(
                matches!(refused, OpenError::LoginFile { .. }),
                "{refused:?}"
            );
            assert!(refused.to_string().contains(&path.display().to_string()));
        }
    }
}
