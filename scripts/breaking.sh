#!/usr/bin/env bash
# Compares the protos with those that partners were promised: as they were when protos/PROMISED last changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bin=.venv/bin
if test "$(git rev-parse --is-shallow-repository)" = true; then
  # Against a clone without history everything would compare well: the promise is the protos of an earlier commit.
  git fetch --quiet --unshallow || {
    echo "NOT COMPARED with the promised protos: this clone has no history. Fetch it: git fetch --unshallow" >&2
    exit 1
  }
fi
promised=$(git log -1 --format=%H -- protos/PROMISED)
if test -z "$promised"; then
  echo "protos/PROMISED is not committed, so there is nothing to compare the protos with" >&2
  exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git archive "$promised" protos | tar -x -C "$work"
$bin/python scripts/contracts.py image "$work/promised.binpb" "$work/protos"
$bin/python scripts/contracts.py image "$work/now.binpb"
$bin/buf breaking "$work/now.binpb" --against "$work/promised.binpb" --path mitodoke --config buf.yaml
