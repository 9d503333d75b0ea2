#!/bin/sh
# Builds clients/typescript/dist. The argument is the folder of the virtual environment's commands, absolute, for web/node.sh.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
bin=$1

echo "building clients/typescript/"
cd "$here"
rm -rf dist
sh ../../web/node.sh "$bin" npm ci --silent --no-audit --no-fund
sh ../../web/node.sh "$bin" npm run --silent build
