//! Compiles `fanfare/v1/*.proto` with protox, so that no `protoc` is needed.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files = [
        "fanfare/v1/auth.proto",
        "fanfare/v1/chat.proto",
        "fanfare/v1/entry.proto",
        "fanfare/v1/gateway.proto",
        "fanfare/v1/notify.proto",
        "fanfare/v1/presence.proto",
        "fanfare/v1/service.proto",
    ];
    for file in files {
        println!("cargo:rerun-if-changed={file}");
    }
    let descriptors = protox::compile(files, ["."])?;
    prost_build::Config::new()
        .bytes(["."])
        .compile_fds(descriptors)?;
    Ok(())
}
