use fanfare_e2e::{Process, Server};
use serde_json::Value;

fn tool(server: &Server, arguments: &[&str]) -> Process {
    let data_dir = server.data_dir().display().to_string();
    let mut all: Vec<&str> = arguments.to_vec();
    all.extend(["--url", server.api().url(), "--data-dir", &data_dir]);
    Process::start(&all, &[])
}

async fn printed(mut tool: Process) -> String {
    let status = tool.ended().await;
    assert!(status.success(), "{status}: {}", tool.stderr());
    tool.stdout()
}

/// Waits until a `listen --json` has told that it follows `channel`.
async fn follows(listen: &Process, channel: &str) {
    let told = |line: &str| {
        let frame: Value = serde_json::from_str(line).unwrap_or_default();
        frame["type"] == "subscribed" && frame["channel"] == channel
    };
    listen
        .wait_for("subscribed", |stdout| {
            stdout.lines().any(told).then_some(())
        })
        .await;
}

fn titles(stdout: &str) -> Vec<String> {
    stdout
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|frame| frame["type"] == "notification")
        .filter_map(|frame| frame["data"]["title"].as_str().map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn a_printed_token_opens_a_socket() {
    let server = Server::start().await;
    let token = printed(tool(&server, &["token", "ann"])).await;
    let socket = server.upgrade("/ws/").bearer(token.trim()).open().await;
    let welcome = { socket }.frame("welcome").await;
    assert_eq!(welcome["data"]["user"], "ann");
}

#[tokio::test]
async fn what_is_published_in_one_terminal_is_printed_in_the_other() {
    let server = Server::start().await;
    let listen = tool(
        &server,
        &["listen", "ann", "--groups", "ops", "--json", "--count", "3"],
    );
    follows(&listen, "all").await;
    printed(tool(&server, &["publish", "--user", "ann", "one"])).await;
    printed(tool(&server, &["publish", "--group", "ops", "two"])).await;
    printed(tool(&server, &["publish", "--all", "three"])).await;
    assert_eq!(titles(&printed(listen).await), ["one", "two", "three"]);
}

#[tokio::test]
async fn a_listener_outlives_a_crash_of_the_server_and_misses_nothing() {
    let mut server = Server::start().await;
    let listen = tool(&server, &["listen", "ann", "--json", "--count", "6"]);
    follows(&listen, "user:ann").await;
    server.api().notify_numbered("ann", 1, 3).await;
    listen
        .wait_for("the third", |stdout| {
            (titles(stdout).len() == 3).then_some(())
        })
        .await;
    server.kill();
    server.start_again_there().await;
    server.api().notify_numbered("ann", 4, 3).await;
    assert_eq!(
        titles(&printed(listen).await),
        ["1", "2", "3", "4", "5", "6"]
    );
}

#[tokio::test]
async fn a_tool_says_what_to_do_when_it_cannot_work() {
    for arguments in [
        &["token", "ann", "--data-dir", "/nonexistent"][..],
        &[
            "publish",
            "--user",
            "ann",
            "x",
            "--url",
            "http://127.0.0.1:1",
            "--api-key",
            "ff_x",
        ],
    ] {
        let mut tool = Process::start(arguments, &[]);
        assert!(!tool.ended().await.success());
        let said = tool.stderr();
        assert!(
            said.contains("--api-key") || said.contains("is it running"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn every_command_explains_itself() {
    let serving = ["standalone", "gateway", "auth", "notify"];
    for command in serving.iter().chain(&["token", "publish", "listen"]) {
        let help = printed(Process::start(&[command, "--help"], &[])).await;
        assert!(help.contains("Usage: fanfare"), "{help}");
        let has_example = help.contains("Example");
        assert!(has_example || serving.contains(command), "{help}");
    }
}
