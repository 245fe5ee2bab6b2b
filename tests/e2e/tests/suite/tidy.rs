//! The house rules that no compiler holds.

use cargo_metadata::{Metadata, MetadataCommand, Package};
use std::{
    collections::{BTreeSet, HashMap},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

fn metadata() -> Metadata {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let mut command = MetadataCommand::new();
    command.manifest_path(manifest);
    command.no_deps();
    command.exec().expect("cargo can describe the workspace")
}

/// Where a member stands: `proto`, `crates`, `services` or `tests`.
fn place(package: &Package, root: &Path) -> String {
    let manifest = package.manifest_path.as_std_path();
    let inside = manifest
        .strip_prefix(root)
        .expect("members stand in the workspace");
    let first = inside.components().next().expect("a manifest has a name");
    first.as_os_str().to_string_lossy().into_owned()
}

#[test]
fn dependencies_point_one_way() {
    let metadata = metadata();
    let root = metadata.workspace_root.as_std_path();
    let members: HashMap<String, String> = metadata
        .workspace_packages()
        .iter()
        .map(|package| (package.name.to_string(), place(package, root)))
        .collect();
    for package in metadata.workspace_packages() {
        let name = package.name.as_str();
        for dependency in &package.dependencies {
            let Some(target) = members.get(&dependency.name) else {
                continue;
            };
            let allowed = match members[name].as_str() {
                "proto" => false,
                "crates" => matches!(target.as_str(), "proto" | "crates"),
                "services" if name == "fanfare" => target != "tests",
                "services" => matches!(target.as_str(), "proto" | "crates"),
                // The suites drive the binary from outside, and may know the contract.
                "tests" => matches!(target.as_str(), "proto" | "crates"),
                _ => false,
            };
            assert!(allowed, "{name} must not depend on {}", dependency.name);
        }
    }
}

#[test]
fn each_tool_stays_behind_its_seam() {
    let metadata = metadata();
    for (tool, owners) in [
        ("redb", &["fanfare-bus"][..]),
        ("async-nats", &["fanfare-bus"]),
        ("fastwebsockets", &["fanfare-gateway"]),
        ("mio", &["fanfare-gateway"]),
        ("argon2", &["fanfare-auth"]),
        ("opentelemetry", &["fanfare-telemetry"]),
        ("opentelemetry_sdk", &["fanfare-telemetry"]),
        ("opentelemetry-otlp", &["fanfare-telemetry"]),
        ("clap", &["fanfare", "fanfare-load", "fanfare-faults"]),
    ] {
        for package in metadata.workspace_packages() {
            let uses = package
                .dependencies
                .iter()
                .any(|dependency| dependency.name == tool);
            let name = package.name.as_str();
            assert!(
                !uses || owners.contains(&name),
                "{tool} does not belong into {name}"
            );
        }
    }
}

#[test]
fn the_contract_does_no_io() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--package", "fanfare-proto", "--edges", "normal"])
        .args([
            "--prefix",
            "none",
            "--format",
            "{p}",
            "--offline",
            "--locked",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo can be started");
    let complaint = String::from_utf8_lossy(&tree.stderr);
    assert!(tree.status.success(), "{complaint}");
    let tree = String::from_utf8_lossy(&tree.stdout);
    let reached: BTreeSet<&str> = tree
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(
        reached.contains("serde_json"),
        "the walk found nothing: {reached:?}"
    );
    for tool in [
        "tokio", "mio", "socket2", "hyper", "axum", "reqwest", "rustls", "tracing",
    ] {
        assert!(!reached.contains(tool), "the contract reaches {tool}");
    }
}

#[test]
fn every_member_takes_the_lints_of_the_workspace() {
    for package in metadata().workspace_packages() {
        let manifest = fs::read_to_string(&package.manifest_path).unwrap();
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "{} does not opt in",
            package.name
        );
    }
}

/// Every Rust file of the tree that people write, relative to its root.
fn sources() -> Vec<(PathBuf, String)> {
    let root = metadata().workspace_root.into_std_path_buf();
    let (mut open, mut found) = (vec![root.clone()], Vec::new());
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy();
            let is_foreign = name.starts_with('.') || name == "target" || name == "node_modules";
            if path.is_dir() && !is_foreign {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path.strip_prefix(&root).unwrap().to_owned(), text));
            }
        }
    }
    assert!(found.len() > 50, "the walk found next to nothing");
    found
}

#[test]
fn a_file_is_no_longer_than_one_can_read() {
    let long: Vec<String> = sources()
        .into_iter()
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_path, lines)| *lines > 400)
        .map(|(path, lines)| format!("{}: {lines} lines", path.display()))
        .collect();
    assert!(long.is_empty(), "over 400 lines: {long:#?}");
}

#[test]
fn a_module_carries_its_own_name() {
    for (path, _text) in sources() {
        assert!(!path.ends_with("mod.rs"), "{} says nothing", path.display());
    }
}

#[test]
fn the_environment_is_read_at_the_edge() {
    let reads = ["env::var", "env::args", "env::set_var", "env::remove_var"];
    for (path, text) in sources() {
        let is_edge = path.starts_with("services/fanfare")
            || path.starts_with("tests")
            || path.components().any(|part| part.as_os_str() == "tests")
            || path.ends_with("build.rs");
        let read = text
            .lines()
            .find(|line| reads.iter().any(|read| line.contains(read)));
        assert!(
            is_edge || read.is_none(),
            "{} reads the environment: {}",
            path.display(),
            read.unwrap_or_default().trim()
        );
    }
}
