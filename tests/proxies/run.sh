#!/usr/bin/env bash
# Runs the tests behind real proxies, and installs what they need under target/tools: `run.sh [PYTEST ARGUMENT...]`.
set -euo pipefail
cd "$(dirname "$0")/../.."

tests/tools/proxies.sh
nats_server=$(tests/tools/nats.sh)
[[ -d web/node_modules ]] || (cd web && npm ci --silent --no-audit --no-fund)
(cd web && npm run --silent build --workspace client)

tools="$PWD/target/tools/proxies"
export PATH="$tools/bin:$PATH"
export PYTHONPATH="$PWD/clients/python/src" PYTHONDONTWRITEBYTECODE=1
export FANFARE_NATS_SERVER="${FANFARE_NATS_SERVER:-$nats_server}"
export FANFARE_BINARY="${FANFARE_BINARY:-${CARGO_TARGET_DIR:-$PWD/target}/debug/fanfare}"
FANFARE_BINARY=$(realpath "$FANFARE_BINARY")
cd tests/proxies
exec "$tools/bin/python" -m pytest -q -rs -p no:cacheprovider --rootdir . "$@"
