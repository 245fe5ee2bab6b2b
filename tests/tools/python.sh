#!/usr/bin/env bash
# Prints the directory of the Python tools, at the versions of clients/python, which are installed once under target.
set -euo pipefail
cd "$(dirname "$0")/../.."

requirements="clients/python/requirements.txt"
tools="$PWD/target/tools/python"
if ! cmp -s "$requirements" "$tools/requirements.txt"; then
    rm -rf "$tools"
    if ! log=$(python3 -m venv "$tools" 2>&1 &&
        "$tools/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements" 2>&1); then
        echo "no Python tools: python3 (3.11 or newer) needs venv and pip ($(tail -n1 <<<"$log"))" >&2
        exit 1
    fi
    # Last, so that an installation that was cut short begins anew.
    cp "$requirements" "$tools/requirements.txt"
fi
echo "$tools/bin"
