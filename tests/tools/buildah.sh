#!/usr/bin/env bash
# Sees to buildah, by apt when that may be done. Without it the image is not tested, and that is said.
set -euo pipefail

if command -v buildah > /dev/null; then
    exit
fi
if ((EUID == 0)) && command -v apt-get > /dev/null; then
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends buildah; } >&2
else
    echo "there is no buildah, so the image is not tested: apt-get install buildah" >&2
fi
