"""Lists and calls `add` with Python FastMCP's client, and prints what it saw as one line of JSON.

Usage: fastmcp_client.py legacy|modern URL | fastmcp_client.py legacy|modern -- CMD ARGS...
"""

import asyncio
import json
import sys

from fastmcp import Client
from fastmcp.client.transports import StdioTransport


async def main() -> None:
    era, first, *rest = sys.argv[1:]
    target = StdioTransport(command=rest[0], args=rest[1:], keep_alive=False) if first == "--" else first
    # The modern mode is `auto`: the client probes and must find the modern era by itself.
    async with Client(target, mode="legacy" if era == "legacy" else "auto") as client:
        tools = await client.list_tools()
        answer = await client.call_tool("add", {"a": 2, "b": 3})
        print(
            json.dumps(
                {
                    "revision": client.protocol_version,
                    "server": client.server_info.name,
                    "tools": [tool.name for tool in tools],
                    "text": answer.content[0].text,
                }
            )
        )


asyncio.run(main())
