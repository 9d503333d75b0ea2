"""The floor: aiohttp with uvloop, reading the request's body and answering bytes that never change.

FOLDER holds a body for each path; a path that ends in -304 is answered 304.
"""

import os
from pathlib import Path

import uvloop
from aiohttp import web

BODIES = {path.name: path.read_bytes() for path in Path(os.environ["FOLDER"]).iterdir()}


async def answer(request: web.Request) -> web.Response:
    """Answer the body of the path."""
    await request.read()
    kind = request.match_info["kind"]
    if kind.endswith("-304"):
        return web.Response(status=304)
    return web.Response(body=BODIES[kind], content_type="application/json")


if __name__ == "__main__":
    app = web.Application()
    app.router.add_post("/{kind}", answer)
    uvloop.install()
    web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]), access_log=None, print=None)
