#!/usr/bin/env bash
# Runs the tests of what is measured, with Debian's Prometheus: `run.sh [PYTEST ARGUMENT...]`.
set -euo pipefail
cd "$(dirname "$0")/../.."

# It says itself what to install.
if ! prometheus=$(tests/tools/prometheus.sh); then
    echo "nothing was read by a Prometheus" >&2
    [ "${FANFARE_TEST:-}" != all ]
    exit
fi
nats_server=$(tests/tools/nats.sh)
tools=$(tests/tools/python.sh)

target="${CARGO_TARGET_DIR:-$PWD/target}/debug"
export PATH="$prometheus:$PATH" PYTHONDONTWRITEBYTECODE=1
export FANFARE_NATS_SERVER="${FANFARE_NATS_SERVER:-$nats_server}"
export FANFARE_BINARY="${FANFARE_BINARY:-$target/fanfare}"
export FANFARE_EXEMPLARS="$target/examples/exemplars"
FANFARE_BINARY=$(realpath "$FANFARE_BINARY")
cd tests/metrics
exec "$tools/python" -m pytest -q -rsfE -p no:cacheprovider --rootdir . "$@"
