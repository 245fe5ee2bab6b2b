#!/usr/bin/env bash
# Runs the chart's tests, and installs what they need under target/tools/helm: `run.sh [PYTEST ARGUMENT...]`.
set -euo pipefail
cd "$(dirname "$0")/../.."

tools="$PWD/target/tools/helm"
mkdir -p "$tools/node"

if ! cmp -s tests/helm/requirements.txt "$tools/requirements.txt"; then
    rm -rf "$tools/python"
    python3 -m venv "$tools/python"
    "$tools/python/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
        -r tests/helm/requirements.txt
    cp tests/helm/requirements.txt "$tools/requirements.txt"
fi
if ! cmp -s tests/helm/package-lock.json "$tools/node/package-lock.json"; then
    rm -rf "$tools/node" && mkdir "$tools/node"
    cp tests/helm/package.json tests/helm/package-lock.json "$tools/node"
    npm --prefix "$tools/node" ci --silent --no-audit --no-fund
fi
cp tests/helm/custom_resources.mjs "$tools/node"

export FANFARE_HELM_NODE="$tools/node"
export FANFARE_NATS_SERVER="${FANFARE_NATS_SERVER:-$tools/python/bin/nats-server}"
export FANFARE_BINARY="${FANFARE_BINARY:-${CARGO_TARGET_DIR:-$PWD/target}/debug/fanfare}"
exec "$tools/python/bin/python" -m pytest -q -p no:cacheprovider --rootdir tests/helm "${@:-tests/helm}"
