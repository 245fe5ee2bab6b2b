# Recipes are what CI runs. `just` alone lists them.

set shell := ["bash", "-euo", "pipefail", "-c"]

_list:
    @just --list --unsorted

# Start everything on http://localhost:8000.
run *ARGS:
    cargo run --release -- {{ARGS}}

# Every check and every test; installs what they need.
test: check-format lint docs deny unit e2e web python operate faults-short

# Rewrite all sources in the house format. Message types are listed by a macro, so they are named here.
format:
    cargo fmt
    rustfmt --edition 2024 services/gateway/src/message/*.rs

# Fail when a source is not in the house format.
check-format:
    cargo fmt --check
    rustfmt --check --edition 2024 services/gateway/src/message/*.rs

# Lints, with warnings denied.
lint:
    cargo clippy --workspace --all-targets --locked -- -D warnings

# The reference of all crates, with warnings denied.
docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items --locked

# Licences, advisories, sources, and who may depend on what.
deny:
    tests/tools/deny.sh

# Unit and service tests, on the real store, a real NATS server and real sockets.
unit *ARGS:
    tests/tools/nats.sh
    cargo test --workspace --exclude fanfare-e2e --locked {{ARGS}}

# The real binary, driven from outside, also by clients nobody here wrote.
e2e *ARGS:
    cargo build --locked
    tests/e2e/foreign/setup.sh
    tests/tools/nats.sh > /dev/null
    cargo test -p fanfare-e2e --locked {{ARGS}}

# Everything in web: format, lint and types, tests, tests against the real server and in Chromium, sizes.
web:
    cd web && npm ci && npm run check && npm test && npm run build --workspace console && npm run sizes
    [ -n "${FANFARE_BINARY:-}" ] || cargo build --locked -p fanfare
    cd web && npm run test:contract
    if chromium=$(tests/tools/chromium.sh); then cd web && CHROMIUM=$chromium npm run test:browser; \
    else echo "nothing was tested in a browser"; [ "${FANFARE_TEST:-}" != all ]; fi

# The Python client: style, types, and its tests on the real binary (FANFARE_BINARY, else one that is built first).
python *ARGS:
    [[ -n "${FANFARE_BINARY:-}" ]] || cargo build --locked -p fanfare
    tools=$(tests/tools/python.sh); \
    export FANFARE_BINARY=$(realpath -m "${FANFARE_BINARY:-${CARGO_TARGET_DIR:-target}/debug/fanfare}"); \
    cd clients/python; "$tools/ruff" format --check .; "$tools/ruff" check .; "$tools/mypy"; "$tools/python" -m pytest {{ARGS}}

# Kill, stop and cut off parts under a workload; nobody may miss anything: `just faults --seed 7 --row leader-kill`.
faults *ARGS:
    tests/tools/nats.sh > /dev/null
    cargo build --release --locked -p fanfare -p fanfare-faults
    "${CARGO_TARGET_DIR:-target}/release/fanfare-faults" --nats-server "$(tests/tools/nats.sh)" {{ARGS}}

# The same in three short rows, below 90 seconds.
faults-short *ARGS:
    tests/tools/nats.sh > /dev/null
    cargo build --locked -p fanfare -p fanfare-faults
    "${CARGO_TARGET_DIR:-target}/debug/fanfare-faults" --nats-server "$(tests/tools/nats.sh)" --short {{ARGS}}

# Fuzz a parser for some seconds: `just fuzz frame 60`. Needs a nightly toolchain and cargo-fuzz.
fuzz TARGET SECONDS="60":
    cd fuzz && mkdir -p {corpus,seeds}/{{TARGET}} && cargo +nightly fuzz run {{TARGET}} {corpus,seeds}/{{TARGET}} -- -max_total_time={{SECONDS}}

# The wire on loopback, next to a bare write(2) loop: `just bench` takes minutes, `just bench quick` one.
bench *ARGS:
    tests/tools/nats.sh > /dev/null
    cargo build --release --locked -p fanfare -p fanfare-load
    FANFARE_NATS_SERVER=$(tests/tools/nats.sh) "${CARGO_TARGET_DIR:-target}/release/fanfare-load" {{ARGS}}

# What operators rely on: the chart, the image, proxies in front, and what is measured.
operate: helm proxies metrics

# The chart: rendered by Helm's engine, held against schemas, installed, started; and the image. Needs root for the last two.
# The binary is linked as the image's is: statically, so that it runs on nothing at all.
helm *ARGS:
    [[ -n "${FANFARE_BINARY:-}" ]] || cargo rustc --locked -p fanfare --bin fanfare -- -C target-feature=+crt-static
    tests/helm/run.sh {{ARGS}}

# Real clients behind nginx, HAProxy and Traefik, through silence, drains and restarts: `just proxies -k nginx`.
proxies *ARGS:
    [[ -n "${FANFARE_BINARY:-}" ]] || cargo build --locked -p fanfare
    tests/proxies/run.sh {{ARGS}}

# What is measured, by a real Prometheus: every panel and alert has data, and alerts fire when they should.
metrics *ARGS:
    [[ -n "${FANFARE_BINARY:-}" ]] || cargo build --locked -p fanfare
    cargo build --locked -p fanfare-telemetry --example exemplars
    tests/metrics/run.sh {{ARGS}}

# The image's last stage, with the static binary of a release, and every service run from it. Needs root, and minutes.
image:
    cargo rustc --release --locked -p fanfare --bin fanfare -- -C target-feature=+crt-static
    FANFARE_BINARY="${CARGO_TARGET_DIR:-$PWD/target}/release/fanfare" tests/helm/run.sh test_image.py

# Fanfare on a Kubernetes in Docker, from nothing; may be run again after any change.
kind-up:
    deploy/kind/up.sh

# Remove that cluster and everything in it.
kind-down:
    kind delete cluster --name fanfare

# What to look at when it does not work.
kind-diag:
    deploy/kind/diag.sh
