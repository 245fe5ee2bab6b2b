#!/bin/sh
# Puts the two client libraries that nobody here wrote under target/foreign. Does nothing when they are there.
set -eu
websockets=17.4
ws=8.23.0

target=$(cd "$(dirname "$0")/../../.." && pwd)/target/foreign
mkdir -p "$target"

stamp="$target/python-$websockets"
if [ ! -e "$stamp" ]; then
    python3 -m venv "$target/python"
    "$target/python/bin/pip" install --quiet --disable-pip-version-check "websockets==$websockets"
    touch "$stamp"
fi

stamp="$target/node-$ws"
if [ ! -e "$stamp" ]; then
    npm install --silent --no-audit --no-fund --prefix "$target/node" "ws@$ws"
    touch "$stamp"
fi
