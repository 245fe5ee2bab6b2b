//! Two clients over libraries that nobody here wrote.

use fanfare_e2e::Server;
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// What `tests/e2e/foreign/setup.sh` has put under the target directory.
fn prepared(inside: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../target/foreign")
        .join(inside);
    assert!(
        path.exists(),
        "the foreign clients are not there: run tests/e2e/foreign/setup.sh first"
    );
    path
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("foreign")
        .join(name)
}

async fn succeeds(mut command: Command, server: &Server) {
    let user = "foreigner";
    let token = server.api().token(user).await;
    command.args([server.api().url(), &token, server.api().key(), user]);
    let output = command.output().expect("the client can be started");
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("all answers came"),
        "{said}\n{complained}"
    );
}

#[tokio::test]
async fn the_python_package_websockets_is_served() {
    let server = Server::start().await;
    let mut command = Command::new(prepared("python/bin/python"));
    command.arg(script("seed.py"));
    succeeds(command, &server).await;
}

#[tokio::test]
async fn the_node_package_ws_is_served() {
    let server = Server::start().await;
    let mut command = Command::new("node");
    command
        .arg(script("seed.mjs"))
        .arg(prepared("node/node_modules"));
    succeeds(command, &server).await;
}
