#!/bin/sh
# Make .venv with what requirements-dev.txt asks for. Done again when that, or the chosen Python, changes.
set -eu
cd "$(dirname "$0")/.."

right='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'
version='import sys; print("%d.%d" % sys.version_info[:2])'
venv=.venv/bin/python

fail() {
    echo "error: $1" >&2
    exit 1
}

choose() {
    for each in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if "$each" -c "$right" 2>/dev/null; then
            echo "$each"
            return
        fi
    done
    if [ -n "${PYTHON:-}" ]; then
        fail "$PYTHON is $("$PYTHON" --version 2>&1 | head -n 1); Batchdrop needs Python 3.11, 3.12 or 3.13"
    fi
    fail "no Python 3.11, 3.12 or 3.13 on PATH; install one, or name it: make setup PYTHON=/path/to/python3"
}

make_venv() {
    "$1" -m venv --clear .venv || fail "$1 cannot make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv"
}

if ! "$venv" -c "$right" 2>/dev/null; then
    chosen=$(choose)
    make_venv "$chosen"
elif [ -n "${PYTHON:-}" ]; then
    chosen=$(choose)
    [ "$("$chosen" -c "$version")" = "$("$venv" -c "$version")" ] || make_venv "$chosen"
fi

stamp=$(cat requirements.txt requirements-dev.txt | cksum)
if [ "$(cat .venv/.requirements 2>/dev/null || true)" != "$stamp" ]; then
    echo "installing requirements-dev.txt into .venv" >&2
    "$venv" -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
    echo "$stamp" > .venv/.requirements
fi
