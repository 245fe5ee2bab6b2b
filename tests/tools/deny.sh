#!/usr/bin/env bash
# Runs cargo-deny, installing it once. Where the advisory database cannot be reached, a local clone of it is used
# (ADVISORY_DB, or cargo's own); with neither, everything but the advisories is checked, and that is said.
set -euo pipefail
cd "$(dirname "$0")/../.."

tools="target/tools"
deny="$tools/bin/cargo-deny"
if command -v cargo-deny >/dev/null; then
    deny=$(command -v cargo-deny)
elif [ ! -x "$deny" ]; then
    cargo install cargo-deny --version 0.20.2 --locked --quiet --root "$tools"
fi

"$deny" --workspace check --hide-inclusion-graph bans licenses sources
database="https://github.com/rustsec/advisory-db"
if [ -n "${ADVISORY_DB:-}" ]; then
    echo "advisories from the clone $ADVISORY_DB"
    "$deny" --workspace check --disable-fetch advisories
elif git ls-remote --quiet "$database" HEAD >/dev/null 2>&1; then
    "$deny" --workspace check advisories
else
    echo "the advisory database cannot be reached from here: ADVISORIES WERE NOT CHECKED"
fi
