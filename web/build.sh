#!/bin/sh
# Builds web/dist. The argument is the folder of the virtual environment's commands, absolute, for web/node.sh.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
bin=$1

echo "building web/"
cd "$here"
sh node.sh "$bin" npm ci --silent --no-audit --no-fund
sh node.sh "$bin" npm run --silent build -- --logLevel warn
# aiohttp serves a .gz beside a file to whoever accepts it.
find dist/assets -type f \( -name '*.js' -o -name '*.css' -o -name '*.svg' \) -exec gzip -9 -k -f {} +
