#!/usr/bin/env bash
# Runs cargo-deny, installing it once. ADVISORY_DB names a local clone of the advisory database for where its home
# cannot be reached; with neither, everything but the advisories is checked, and that is said.
set -euo pipefail
cd "$(dirname "$0")/../.."

tools="target/tools"
deny="$tools/bin/cargo-deny"
if command -v cargo-deny >/dev/null; then
    deny=$(command -v cargo-deny)
elif [ ! -x "$deny" ]; then
    echo "installing cargo-deny under $tools, once"
    cargo install cargo-deny --version 0.20.2 --locked --quiet --root "$tools"
fi

# Duplicates are allowed: which versions others depend on is not ours to choose.
"$deny" --workspace check --allow duplicate bans licenses sources

home="https://github.com/RustSec/advisory-db"
if [ -n "${ADVISORY_DB:-}" ]; then
    clone="$tools/advisory-dbs/advisory-db-3157b0e258782691"
    rm -rf "$clone"
    git clone --quiet "$ADVISORY_DB" "$clone"
    git -C "$clone" fetch --quiet origin HEAD
    "$deny" --offline --workspace check advisories
elif GIT_TERMINAL_PROMPT=0 timeout 20 git ls-remote --quiet "$home" HEAD >/dev/null 2>&1; then
    "$deny" --workspace check advisories
else
    echo "the advisory database cannot be reached and ADVISORY_DB names no clone: ADVISORIES WERE NOT CHECKED"
fi
