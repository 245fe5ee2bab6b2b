#!/usr/bin/env bash
# Prints the directory of prometheus and promtool: the one on PATH, or, for root on Debian, one that apt-get has installed.
set -euo pipefail

there() {
    command -v prometheus >/dev/null && command -v promtool >/dev/null
}
if ! there && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    # Debian's package starts a service of its own where there is systemd; nobody needs it here.
    { apt-get update && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends prometheus; } >&2 || true
fi
if ! there; then
    echo "no Prometheus: put prometheus and promtool on PATH, e.g. by apt-get install prometheus" >&2
    exit 1
fi
dirname "$(command -v prometheus)"
