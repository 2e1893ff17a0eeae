"""Websites of several pages: each written on its own, or all in one conversation."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletionMessageParam
from site_builder import agents, prompts
from site_builder.inputs import Customer, customer, seller

SITE_PLANNER = """\
You are the site planner of Fernwick Energy's web team. Plan a website of several \
pages for one business customer. Answer with one JSON object: {"pages": [{"file": \
FILE.html, "title": a few words, "about": one sentence}]}, exactly as many as were \
ordered.
"""

PAGE_WRITER = """\
You are the page writer of Fernwick Energy's web team. You write one page of a website \
for one business customer. Use only facts from the customer sentence and the seller's \
data; never invent a number, name, date or contact. Answer with one fenced html block \
that holds the complete page; it links style.css and the start page, index.html.
"""

STYLE = """\
body { margin: 0 auto; max-width: 62ch; padding: 24px; background: #fbf8f2; \
color: #14282b; font-family: Arial, "Liberation Sans", sans-serif; line-height: 1.6; }
h1, h2 { font-family: Georgia, "Liberation Serif", serif; color: #12454a; }
a { color: #1d6a72; display: inline-block; min-height: 24px; }
"""

Page = Mapping[str, str]
Messages = list[ChatCompletionMessageParam]


def build_pages(profile: str, pages: int, *, out: Path | None = None) -> Path:
    """Build a website of so many pages; each is written from its own line of the plan.

    All pages are written at the same time, and no prompt holds another page.
    """
    who = customer(profile)
    with OpenAI() as client:
        plan = plan_site(client, who, pages)
    return _publish(asyncio.run(write_pages(who, plan)), out)


def build_pages_history(profile: str, pages: int, *, out: Path | None = None) -> Path:
    """Build a website of so many pages in one conversation that grows page by page."""
    who = customer(profile)
    with OpenAI() as client:
        plan = plan_site(client, who, pages)
        written = write_in_turn(client, who, plan)
    return _publish(written, out)


def plan_site(client: OpenAI, who: Customer, pages: int) -> list[dict[str, str]]:
    """Plan the pages: file, title and one sentence each."""
    answer = client.chat.completions.create(
        model=agents.WRITER,
        max_completion_tokens=8_000,
        response_format={"type": "json_object"},
        messages=[
            {"role": "system", "content": SITE_PLANNER},
            {
                "role": "user",
                "content": f"{who.company_sentence()}\n\nOrdered: {pages} pages.",
            },
        ],
    )
    plan: dict[str, Any] = json.loads(answer.choices[0].message.content or "")
    return list(plan["pages"])


async def write_pages(who: Customer, plan: list[dict[str, str]]) -> dict[str, str]:
    """Write all pages at the same time."""
    async with AsyncOpenAI() as client:

        async def write(page: Page) -> str:
            answer = await client.chat.completions.create(
                model=agents.WRITER, messages=_order(who, page)
            )
            return agents.fenced("html", answer.choices[0].message.content or "")

        written = await asyncio.gather(*(write(page) for page in plan))
    return {page["file"]: html for page, html in zip(plan, written, strict=True)}


def write_in_turn(
    client: OpenAI, who: Customer, plan: list[dict[str, str]]
) -> dict[str, str]:
    """Write page after page; every prompt holds all the pages before it."""
    messages = _order(who, plan[0])
    written = {}
    for number, page in enumerate(plan):
        if number:
            messages.append({"role": "user", "content": _about(page)})
        answer = client.chat.completions.create(model=agents.WRITER, messages=messages)
        said = answer.choices[0].message.content or ""
        messages.append({"role": "assistant", "content": said})
        written[page["file"]] = agents.fenced("html", said)
    return written


def _order(who: Customer, page: Page) -> Messages:
    given = "\n\n".join(
        (
            prompts.tagged("customer", who.company_sentence()),
            prompts.tagged("seller", prompts.as_json(seller())),
            _about(page),
        )
    )
    return [
        {"role": "system", "content": PAGE_WRITER},
        {"role": "user", "content": given},
    ]


def _about(page: Page) -> str:
    return prompts.tagged("page", prompts.as_json(dict(page)))


def _publish(pages: Mapping[str, str], out: Path | None) -> Path:
    folder = out or Path(tempfile.mkdtemp(prefix="site-"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "style.css").write_text(STYLE, "utf-8")
    for name, html in pages.items():
        (folder / name).write_text(html, "utf-8")
    return folder
