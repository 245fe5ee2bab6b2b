#!/usr/bin/env bash
# Sees to nginx, HAProxy and Traefik: the first two from the system, by apt when that may be done; Traefik as a Python
# package under target, once, with what tests/proxies needs beside it.
set -euo pipefail
cd "$(dirname "$0")/../.."

# Neither is on the PATH of everybody.
PATH="$PATH:/usr/local/sbin:/usr/sbin"
missing=()
command -v nginx > /dev/null || missing+=(nginx-light)
command -v haproxy > /dev/null || missing+=(haproxy)
if ((${#missing[@]})); then
    if ((EUID == 0)) && command -v apt-get > /dev/null; then
        { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${missing[@]}"; } >&2
    else
        echo "nothing is tested behind what is missing: apt-get install ${missing[*]}" >&2
    fi
fi

requirements="tests/proxies/requirements.txt"
tools="$PWD/target/tools/proxies"
if ! cmp -s "$requirements" "$tools/requirements.txt"; then
    rm -rf "$tools"
    if ! log=$(python3 -m venv "$tools" 2>&1 &&
        "$tools/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements" 2>&1); then
        echo "no Traefik: python3 (3.11 or newer) needs venv and pip ($(tail -n1 <<<"$log"))" >&2
        exit 1
    fi
    # Last, so that an installation that was cut short begins anew.
    cp "$requirements" "$tools/requirements.txt"
fi
