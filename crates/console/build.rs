//! Puts the built console into the crate, and builds it first where that can be done.
//!
//! What is in `web/console/dist` is embedded. If there is nothing, a release build with npm at hand builds it;
//! `FANFARE_CONSOLE=build` makes any build do so, and `skip` none. Nothing here fails a build: without a console, a page
//! says how to make one.
#![expect(
    clippy::disallowed_methods,
    reason = "cargo speaks to a build script by the environment"
)]

use std::{
    collections::BTreeMap,
    env,
    error::Error,
    fmt::Write as _,
    fs,
    hash::{DefaultHasher, Hasher as _},
    path::{Path, PathBuf},
    process::Command,
};

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../..");
    let web = root.join("web");
    let dist = web.join("console/dist");
    println!("cargo::rerun-if-env-changed=FANFARE_CONSOLE");
    if !is_built(&dist) && wants_build() {
        build(&web);
    }
    // A path that is not there would make this run each time, so then its parent is watched for it.
    let watched = if is_built(&dist) {
        &dist
    } else {
        &web.join("console")
    };
    println!("cargo::rerun-if-changed={}", watched.display());
    println!("cargo::rerun-if-changed=build.rs");
    let files = if is_built(&dist) {
        read(&dist)?
    } else {
        BTreeMap::new()
    };
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("assets.rs"), table(&files, &out)?)?;
    Ok(())
}

fn is_built(dist: &Path) -> bool {
    dist.join("index.html").is_file()
}

fn wants_build() -> bool {
    match env::var("FANFARE_CONSOLE").as_deref() {
        Ok("skip") => false,
        Ok("build") => true,
        _ => env::var("PROFILE").is_ok_and(|profile| profile == "release"),
    }
}

fn build(web: &Path) {
    // Short waits: who has npm and no network gets a server without a console, and not a build that hangs.
    let install = [
        "ci",
        "--no-audit",
        "--no-fund",
        "--fetch-retries=1",
        "--fetch-timeout=30000",
    ];
    let run = ["run", "build", "--workspace", "console"];
    let is_installed = web.join("node_modules/.package-lock.json").is_file();
    let built = (is_installed || npm(web, &install)) && npm(web, &run);
    if !built {
        println!(
            "cargo::warning=the console is not built: npm is not there, or has failed; see web/console/README.md"
        );
    }
}

/// Whether it did what it was told. What it prints is shown by `cargo build -vv`.
fn npm(web: &Path, arguments: &[&str]) -> bool {
    let name = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let status = Command::new(name).args(arguments).current_dir(web).status();
    status.is_ok_and(|status| status.success())
}

/// The files of a directory, by their path in it. Names that begin with a dot are the build tool's own.
fn read(dist: &Path) -> Result<BTreeMap<String, Vec<u8>>, Box<dyn Error>> {
    let (mut open, mut files) = (vec![dist.to_path_buf()], BTreeMap::new());
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            let is_hidden = path
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with('.'));
            if is_hidden {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else {
                let inside = path
                    .strip_prefix(dist)?
                    .to_string_lossy()
                    .replace('\\', "/");
                files.insert(inside, fs::read(&path)?);
            }
        }
    }
    Ok(files)
}

/// The table as Rust. Files are copied, so that a console that is built anew meanwhile changes nothing under the compiler.
fn table(files: &BTreeMap<String, Vec<u8>>, out: &Path) -> Result<String, Box<dyn Error>> {
    let copies = out.join("files");
    fs::create_dir_all(&copies)?;
    let mut number = 0;
    let mut include = |bytes: &[u8]| -> Result<String, Box<dyn Error>> {
        number += 1;
        let copy = copies.join(number.to_string());
        fs::write(&copy, bytes)?;
        Ok(format!("include_bytes!({:?})", copy.display().to_string()))
    };
    let mut text = String::from("pub(crate) static ASSETS: &[Asset] = &[\n");
    let is_compressed = |path: &str| path.ends_with(".br") || path.ends_with(".gz");
    for (path, bytes) in files.iter().filter(|(path, _bytes)| !is_compressed(path)) {
        let mut packed = |suffix: &str| match files.get(&format!("{path}{suffix}")) {
            Some(bytes) => include(bytes).map(|included| format!("Some({included})")),
            None => Ok("None".to_owned()),
        };
        let (brotli, gzip) = (packed(".br")?, packed(".gz")?);
        let plain = include(bytes)?;
        let mut hasher = DefaultHasher::new();
        hasher.write(bytes);
        let hash = hasher.finish();
        writeln!(
            text,
            "Asset {{ path: {path:?}, hash: \"{hash:016x}\", plain: {plain}, brotli: {brotli}, gzip: {gzip} }},"
        )?;
    }
    text.push_str("];\n");
    Ok(text)
}
