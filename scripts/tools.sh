#!/usr/bin/env bash
# Puts what the tests need beyond Python into .mitodoke/tools/bin: nothing is installed into the system, no service is
# started, and what is there already is left alone. Under CI=true a missing tool is an error; elsewhere the tests that
# need it are skipped and say so.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

GRPCURL=v1.9.4        # calls the services by reflection, as a client nobody here wrote
TOXIPROXY=v2.12.0     # cuts, slows and half opens the network in the fault suite
ALERTMANAGER=v0.28.1  # receives our alerts in the tests; the version of docker-compose.yml
# Reads docker-compose.yml as the Compose specification's library does; built from source kept here.
COMPOSE_CHECK=$(cat scripts/compose_check/go.sum scripts/compose_check/main.go | cksum | cut -d' ' -f1)

tools=$PWD/.mitodoke/tools
bin=$tools/bin
mkdir -p "$bin"
missing=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

lacks() { # what, how to mend it, what was said
  missing=1
  {
    echo "tools: MISSING $1"
    echo "       $2"
    test -s "${3:-/dev/null}" && tail -n 5 "$3" | sed 's/^/       | /'
  } >&2
}

# A tool is present when its file is there and the stamp beside it names the wanted version.
present() { test -x "$bin/$1" && test "$(cat "$tools/$1.version" 2>/dev/null)" = "$2"; }

keep() { # name, version, file
  install -m 755 "$3" "$bin/$1" && echo "$2" > "$tools/$1.version" && echo "tools: $1 $2"
}

# Debian's lists may be empty on a new machine, and then every package is unknown.
fresh_lists() {
  test -n "${lists_are_fresh:-}" || { test "$(id -u)" -eq 0 && apt-get update -qq; }
  lists_are_fresh=yes
}

a_python() {
  local python
  python=$(command -v python3.11 || command -v python3)
  test -n "$python" && "$python" -c 'import ensurepip, venv' 2>/dev/null && return
  if test "$(id -u)" -eq 0 && command -v apt-get >/dev/null; then
    { fresh_lists && apt-get install -y -qq --no-install-recommends python3 python3-venv; } > "$work/python" 2>&1
    python=$(command -v python3.11 || command -v python3)
    test -n "$python" && "$python" -c 'import ensurepip, venv' 2>/dev/null && return
  fi
  lacks "a Python that can make virtual environments" "On Debian: apt-get install python3 python3-venv" "$work/python"
}

go_is_here() {
  command -v go >/dev/null || { lacks "$1" "It is built with Go 1.24 or later, which is not on the PATH: install Go, then run scripts/tools.sh again."; return 1; }
}

# Built from their published modules: Debian's package of Alertmanager starts a service, and its program needs files
# of the package elsewhere in the system.
built() { # name, version, module path of the command
  present "$1" "$2" && return
  go_is_here "$1" || return
  echo "tools: building $1 $2 (a minute or three the first time)"
  if CGO_ENABLED=0 GOBIN=$work go install -trimpath -ldflags='-s -w' "$3@$2" > "$work/$1.log" 2>&1; then
    keep "$1" "$2" "$work/${3##*/}"
  else
    lacks "$1" "go install $3@$2 failed:" "$work/$1.log"
  fi
}

compose_check() {
  present compose-check "$COMPOSE_CHECK" && return
  go_is_here compose-check || return
  echo "tools: building compose-check"
  if (cd scripts/compose_check && CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o "$work/compose-check" .) \
      > "$work/compose-check.log" 2>&1; then
    keep compose-check "$COMPOSE_CHECK" "$work/compose-check"
  else
    lacks compose-check "go build in scripts/compose_check failed:" "$work/compose-check.log"
  fi
}

a_python
compose_check
built toxiproxy-server "$TOXIPROXY" github.com/Shopify/toxiproxy/v2/cmd/server
built grpcurl "$GRPCURL" github.com/fullstorydev/grpcurl/cmd/grpcurl
built prometheus-alertmanager "$ALERTMANAGER" github.com/prometheus/alertmanager/cmd/alertmanager
built amtool "$ALERTMANAGER" github.com/prometheus/alertmanager/cmd/amtool

test $missing -eq 0 && exit 0
test "${CI:-}" = true && exit 1
echo "tools: the tests that need what is missing will be skipped" >&2
exit 0
