//! `fanfare-faults`: see the library of the same name.

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    fanfare_faults::run()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    use std::io::Write as _;
    let _closed = writeln!(
        std::io::stderr(),
        "fanfare-faults: it runs on Linux only: it stops processes, and cuts networks and fills disks of its own"
    );
    std::process::exit(1);
}
