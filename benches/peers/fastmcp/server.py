"""The tools of the example `bench`, on Python FastMCP: a peer that a user could pick instead.

Usage: server.py http|stdio [--tools N]

Written as FastMCP's documentation shows it: functions under `@mcp.tool`, a context for
progress, and `mcp.run()` with a transport. A socket of our own makes the port known; the
line for every request that Uvicorn would log is left out, which is the faster of the two.
"""

import argparse
import socket
import sys
from typing import Annotated, Literal

from fastmcp import Context, FastMCP
from pydantic import Field

STEPS = 10

mcp = FastMCP(name="bench", version="1")


@mcp.tool
async def add(a: int, b: int) -> int:
    """Add two integers and return the sum."""
    return a + b


@mcp.tool
async def echo(text: str) -> str:
    """Return the text that was given."""
    return text


@mcp.tool
async def progress(ctx: Context) -> str:
    """Work in ten steps, and report each."""
    for step in range(1, STEPS + 1):
        await ctx.report_progress(progress=step, total=STEPS)
    return "done"


async def forecast(
    city: Annotated[str, Field(description="The city whose weather is looked up, with its country")],
    days: Annotated[int, Field(ge=1, le=14, description="How many days the forecast covers")],
    units: Annotated[
        Literal["metric", "imperial"] | None,
        Field(description="The units of the temperatures and of the wind"),
    ] = None,
) -> str:
    return "sunny"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("transport", choices=["http", "stdio"])
    parser.add_argument("--tools", type=int, default=0)
    args = parser.parse_args()
    for number in range(1, args.tools + 1):
        what = f"Look up the weather forecast of station {number}."
        mcp.tool(forecast, name=f"forecast_{number}", description=what)
    if args.transport == "stdio":
        mcp.run(show_banner=False)
        return
    # asyncio sets TCP_NODELAY only where the socket says that it is TCP.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(2048)
    host, port = listener.getsockname()
    print(f"-> MCP endpoint: http://{host}:{port}/mcp", file=sys.stderr, flush=True)
    mcp.run(
        transport="http",
        host=host,
        port=port,
        sockets=[listener],
        log_level="warning",
        show_banner=False,
    )


if __name__ == "__main__":
    main()
