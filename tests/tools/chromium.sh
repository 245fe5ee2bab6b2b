#!/usr/bin/env bash
# Prints the path of Chromium: $CHROMIUM, else one on PATH, else Debian's package, which root gets installed.
set -euo pipefail

if [[ -n "${CHROMIUM:-}" ]]; then
    if command -v "$CHROMIUM"; then
        exit
    fi
    echo "no Chromium: CHROMIUM is $CHROMIUM, and there is no such program" >&2
    exit 1
fi
find_one() {
    command -v chromium || command -v chromium-browser || command -v google-chrome
}
if find_one; then
    exit
fi
if [[ $EUID -ne 0 ]] || ! command -v apt-get > /dev/null; then
    echo "no Chromium: put chromium on PATH, or set CHROMIUM (root has it installed here, where there is apt-get)" >&2
    exit 1
fi
install() {
    apt-get update && apt-get install --yes --no-install-recommends chromium fonts-wqy-zenhei
}
if ! log=$(DEBIAN_FRONTEND=noninteractive install 2>&1 < /dev/null) || ! find_one; then
    echo "no Chromium: apt-get does not install it ($(tail -n1 <<< "$log"))" >&2
    exit 1
fi
