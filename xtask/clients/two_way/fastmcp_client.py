"""Talks with the server of `two_way.rs` through Python FastMCP's client, in both eras.

Usage: fastmcp_client.py legacy|modern CAPABILITY,... URL, or with `-- CMD ARGS...` in place
of the URL. Its last line says which revision was agreed on, what the server is called,
and for every capability `null` or what went wrong.
"""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from typing import Any

from fastmcp import Client
from fastmcp.client.elicitation import ElicitResult
from fastmcp.client.transports import StdioTransport

# Importing it teaches every client the tasks extension.
from fastmcp_tasks import call_tool_task
from mcp.client.subscriptions import listen

# How many seconds one capability may take.
LIMIT = 15
NEWS = "two-way://news"


def expect(seen: Any, wanted: Any, what: str) -> None:
    if seen != wanted:
        raise AssertionError(f"{what}: saw {seen!r}, not {wanted!r}")


class Talk:
    """A connection, and what came over it."""

    def __init__(self, era: str, target: Any) -> None:
        self.modern = era == "modern"
        self.form: Any = None
        self.opened: str | None = None
        self.arrived: list[tuple[str, Any]] = []
        self.news = asyncio.Event()
        # The modern mode is `auto`: the client probes and must find the modern era by itself.
        self.client = Client(
            target,
            mode="auto" if self.modern else "legacy",
            roots=["file:///srv/project"],
            sampling_handler=lambda messages, params, context: "Paris",
            elicitation_handler=self.answer,
            log_handler=self.logged,
            message_handler=self.notified,
        )

    async def answer(self, message: str, kind: Any, params: Any, context: Any) -> Any:
        if params.mode == "url":
            self.opened = params.url
            return ElicitResult(action="accept")
        return self.form

    async def logged(self, message: Any) -> None:
        self.arrive("log", (message.level, message.data))

    async def notified(self, message: Any) -> None:
        if not isinstance(message, Exception):
            self.arrive(message.method, message.params)

    def arrive(self, method: str, params: Any) -> None:
        self.arrived.append((method, params))
        self.news.set()

    async def arrival(self, method: str) -> Any:
        """Waits for a notification; the limit of the capability ends it."""
        while True:
            for name, params in self.arrived:
                if name == method:
                    return params
            self.news.clear()
            await self.news.wait()

    async def text(self, tool: str, arguments: dict | None = None, **options: Any) -> str:
        result = await self.client.call_tool(tool, arguments or {}, **options)
        return "".join(block.text for block in result.content)

    async def elicitation(self) -> None:
        self.form = {"name": "Ada"}
        expect(await self.text("ask_name"), "Hello, Ada!", "an accepted form")
        self.form = ElicitResult(action="decline")
        expect(await self.text("ask_name"), "You would rather not say.", "a declined form")

    async def url(self) -> None:
        expect(await self.text("open_page"), "The page was opened.", "a page")
        expect(self.opened, "https://example.com/sign-in", "its address")

    async def sampling(self) -> None:
        expect(await self.text("ask_model"), "The model says: Paris", "sampling")

    async def roots(self) -> None:
        expect(await self.text("ask_roots"), "file:///srv/project", "roots")

    async def progress(self) -> None:
        steps = []

        async def step(progress: float, total: float | None, message: str | None) -> None:
            steps.append((progress, total, message))

        expect(await self.text("report", progress_handler=step), "done", "the result")
        expect(steps, [(1, 2, "half"), (2, 2, "all")], "progress")

    async def logging(self) -> None:
        meta = None
        if self.modern:
            meta = {"io.modelcontextprotocol/logLevel": "warning"}
        else:
            await self.client.set_logging_level("warning")
        await self.text("log", meta=meta)
        expect(await self.arrival("log"), ("warning", "The tea is cold."), "the log message")

    async def cancellation(self) -> None:
        name = f"fastmcp-{os.getpid()}"
        begun = asyncio.Event()

        async def step(*_: Any) -> None:
            begun.set()

        call = asyncio.create_task(self.text("wait", {"name": name}, progress_handler=step))
        # The work has begun when the first progress arrives.
        await begun.wait()
        call.cancel("nobody waits any more")
        await asyncio.wait([call])
        expect(call.cancelled(), True, "whether the call ended as cancelled")
        expect(await self.text("given_up", {"name": name}), "true", "whether the server gave it up")

    async def updates(self) -> None:
        session = self.client.session
        if self.modern:
            async with listen(session, resource_subscriptions=[NEWS]) as events:
                await self.text("publish")
                async for event in events:
                    expect(event.uri, NEWS, "what was updated")
                    return
            raise AssertionError("the subscription ended")
        await session.subscribe_resource(NEWS)
        await self.text("publish")
        params = await self.arrival("notifications/resources/updated")
        expect(params.uri, NEWS, "what was updated")
        await session.unsubscribe_resource(NEWS)

    async def list_changed(self) -> None:
        if not self.modern:
            await self.text("change")
            for kind in ("tools", "prompts", "resources"):
                await self.arrival(f"notifications/{kind}/list_changed")
            return
        options = {f"{kind}_list_changed": True for kind in ("tools", "prompts", "resources")}
        kinds: set[str] = set()
        async with listen(self.client.session, **options) as events:
            await self.text("change")
            async for event in events:
                kinds.add(type(event).__name__)
                if len(kinds) == len(options):
                    return
        raise AssertionError(f"the subscription ended after {kinds}")

    async def resumption(self) -> None:
        steps = []

        async def step(progress: float, total: float | None, message: str | None) -> None:
            steps.append(message)

        seen = await self.text("come_back", progress_handler=step)
        expect(seen, "You came back.", "the result")
        expect(steps, ["while you were away"], "progress in the meantime")

    async def tasks(self) -> None:
        expect(await self.text("bake"), "The task baked bread.", "the result of a task")
        self.form = {"bread": "rye"}
        expect(await self.text("bake_to_taste"), "Here is your rye.", "a task that asks")
        endless = await call_tool_task(self.client, "bake_for_ever")
        await endless.cancel()
        expect((await endless.wait()).status, "cancelled", "a cancelled task")

    async def run(self, names: list[str]) -> dict[str, str | None]:
        seen: dict[str, str | None] = {}
        for name in names:
            check: Callable[[], Any] = getattr(self, name.replace("-", "_"))
            try:
                await asyncio.wait_for(check(), LIMIT)
                seen[name] = None
            except TimeoutError:
                seen[name] = f"nothing within {LIMIT} s; notified: {self.arrived!r}"
            except Exception as error:
                seen[name] = repr(error)
            self.arrived.clear()
        return seen


async def main() -> None:
    era, names, first, *rest = sys.argv[1:]
    target = StdioTransport(command=rest[0], args=rest[1:], keep_alive=False) if first == "--" else first
    talk = Talk(era, target)
    async with talk.client as client:
        seen = await talk.run(names.split(","))
        print(
            json.dumps(
                {
                    "revision": client.protocol_version,
                    "server": client.server_info.name,
                    "seen": seen,
                }
            )
        )


asyncio.run(main())
