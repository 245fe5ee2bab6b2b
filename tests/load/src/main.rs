//! `fanfare-load`: see the library of the same name.

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    fanfare_load::run()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    use std::io::Write as _;
    let _closed = writeln!(
        std::io::stderr(),
        "fanfare-load: it runs on Linux only: it pins processes to CPUs and reads what they use from /proc"
    );
    std::process::exit(1);
}
