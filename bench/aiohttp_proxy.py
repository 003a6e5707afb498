"""A reverse proxy as one would write it with aiohttp's server and client: the row to beat.

python -m bench.aiohttp_proxy PORT ENDPOINT_PORT...
"""

import itertools
import sys
from collections.abc import AsyncIterator

import aiohttp
import uvloop
from aiohttp import web

HOP_BY_HOP = {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "host"}
SESSION = web.AppKey("session", aiohttp.ClientSession)


def application(endpoint_ports: list[int]) -> web.Application:
    """Every request goes to the next endpoint; bodies are read whole, as small ones may be."""
    turn = itertools.cycle(f"http://127.0.0.1:{port}" for port in endpoint_ports)

    async def proxy(request: web.Request) -> web.Response:
        fields = {k: v for k, v in request.headers.items() if k.lower() not in HOP_BY_HOP}
        fields["X-Forwarded-For"] = request.remote or ""
        body = await request.read()
        async with request.app[SESSION].request(
            request.method, next(turn) + request.path_qs, headers=fields, data=body
        ) as answer:
            kept = {k: v for k, v in answer.headers.items() if k.lower() not in HOP_BY_HOP}
            return web.Response(status=answer.status, headers=kept, body=await answer.read())

    app = web.Application()
    app.cleanup_ctx.append(_session)
    app.router.add_route("*", "/{path:.*}", proxy)
    return app


async def _session(app: web.Application) -> AsyncIterator[None]:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:
        app[SESSION] = session
        yield


if __name__ == "__main__":
    port, *endpoints = (int(one) for one in sys.argv[1:])
    web.run_app(
        application(endpoints),
        host="127.0.0.1",
        port=port,
        access_log=None,
        print=None,
        loop=uvloop.new_event_loop(),
    )
