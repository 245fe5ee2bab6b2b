#!/usr/bin/env bash
# Runs the chart's tests, and installs what they need under target/tools/helm: `run.sh [PYTEST ARGUMENT...]`.
set -euo pipefail
cd "$(dirname "$0")/../.."

tools="$PWD/target/tools/helm"
mkdir -p "$tools/node"

# checkov wants older versions of what the tests use, so it has an environment of its own.
for environment in "python requirements" "checkov policies"; do
    read -r name list <<< "$environment"
    if ! cmp -s "tests/helm/$list.txt" "$tools/$list.txt"; then
        rm -rf "${tools:?}/$name"
        python3 -m venv "$tools/$name"
        "$tools/$name/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
            -r "tests/helm/$list.txt"
        cp "tests/helm/$list.txt" "$tools/$list.txt"
    fi
done
if ! cmp -s tests/helm/package-lock.json "$tools/node/package-lock.json"; then
    rm -rf "$tools/node" && mkdir "$tools/node"
    cp tests/helm/package.json tests/helm/package-lock.json "$tools/node"
    npm --prefix "$tools/node" ci --silent --no-audit --no-fund
fi
cp tests/helm/custom_resources.mjs "$tools/node"

tests/tools/buildah.sh
tests/tools/proxies.sh
# For promtool. What is not there is said by the tests that need it.
tests/tools/prometheus.sh > /dev/null || true
export PATH="$PATH:/usr/local/sbin:/usr/sbin"

export FANFARE_HELM_NODE="$tools/node"
export FANFARE_CHECKOV="$tools/checkov/bin/checkov"
export FANFARE_NATS_SERVER="${FANFARE_NATS_SERVER:-$tools/python/bin/nats-server}"
export FANFARE_BINARY="${FANFARE_BINARY:-${CARGO_TARGET_DIR:-$PWD/target}/debug/fanfare}"
FANFARE_BINARY=$(realpath "$FANFARE_BINARY")
cd tests/helm
exec "$tools/python/bin/python" -m pytest -q -rs -p no:cacheprovider --rootdir . "$@"
