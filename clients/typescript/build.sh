#!/bin/sh
# Builds clients/typescript/dist. The argument is the folder of the virtual environment's commands.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "$1" && pwd)

echo "building clients/typescript/"
cd "$here"
rm -rf dist
sh ../../web/node.sh "$bin" npm ci --silent --no-audit --no-fund
sh ../../web/node.sh "$bin" npm run --silent build
