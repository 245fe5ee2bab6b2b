use fanfare_e2e::{Process, Server};
use std::os::unix::fs::PermissionsExt;

#[tokio::test]
async fn a_wrong_setting_ends_the_start_before_anything_happens() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let data_dir = data.display().to_string();
    for wrong in [
        &["--hs256-secret", "too short"][..],
        &["--hs256-secret-file", "/nowhere"],
        &["--admin-password-file", "/nowhere"],
        &["--issuer", "nameless"],
        &["--listen", "nowhere"],
        &["--frame-bytes", "0"],
    ] {
        let arguments = [&["standalone", "--data-dir", &data_dir], wrong].concat();
        let mut process = Process::start(&arguments, &[]);
        let status = process.ended().await;
        assert!(matches!(status.code(), Some(2 | 64)), "{wrong:?}: {status}");
        assert!(!process.stderr().is_empty(), "{wrong:?}");
        assert!(
            !process.stderr().contains("too short"),
            "a secret was shown"
        );
        assert!(!data.exists(), "{wrong:?} has made a data directory");
    }
}

#[tokio::test]
async fn the_key_of_local_tools_is_for_its_owner_alone_and_stays() {
    let mut server = Server::start().await;
    let path = server.data_dir().join("api-key");
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let key = server.api().key().to_owned();
    server.kill();
    server.start_again().await;
    assert_eq!(server.api().key(), key);
    server.api().token("ann").await;
}

#[tokio::test]
async fn a_second_server_on_the_same_data_is_refused() {
    let server = Server::start().await;
    let data_dir = server.data_dir().display().to_string();
    let arguments = [
        "standalone",
        "--listen",
        "127.0.0.1:0",
        "--admin-listen",
        "127.0.0.1:0",
        "--data-dir",
        &data_dir,
    ];
    let mut second = Process::start(&arguments, &[]);
    assert_eq!(second.ended().await.code(), Some(1));
    server.api().until_ready().await;
}

#[tokio::test]
async fn a_password_that_was_given_is_never_printed() {
    let server = Server::start().await;
    server.api().login().await;
    assert!(!server.stdout().contains(Server::ADMIN_PASSWORD));
    assert!(!server.stderr().contains(Server::ADMIN_PASSWORD));
    assert!(!server.stderr().contains(server.api().key()));
}
