"""The agents: one plain function for each step of the workflow."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from openai import AsyncOpenAI, OpenAI
from openai.types.responses import Response

from site_builder import prompts
from site_builder.offers import Offer, offers_for
from site_builder.retrieval import Document

WRITER = "gpt-5-mini"
REVIEWER = "gpt-5-nano"
PAINTER = "gpt-image-1-mini"
GENERALIST = "gpt-5"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture of the page; ``data`` is the PNG file."""

    name: str
    alt: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What QA says; ``html`` is the corrected page, where one was needed."""

    approved: bool
    issues: list[str]
    html: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Website:
    """A whole website, as the single large model makes it."""

    description: dict[str, Any]
    html: str
    pictures: list[Picture]


def find_offers(industry: str) -> list[Offer]:
    """The offers to show to an industry: three to five, from the price list."""
    return offers_for(industry, limit=5)


def personalize(
    client: OpenAI,
    sentence: str,
    documents: list[Document],
    offers: list[Offer],
    *,
    pictures: int = 4,
) -> dict[str, Any]:
    """Plan the page: ``description`` and ``visuals``."""
    role = prompts.for_pictures(prompts.PERSONALIZER, pictures)
    answer = client.chat.completions.create(
        model=WRITER,
        reasoning_effort="low",
        max_completion_tokens=8_000,
        response_format={"type": "json_object"},
        messages=[
            {"role": "system", "content": role},
            {
                "role": "user",
                "content": prompts.material(sentence, documents, offers),
            },
        ],
    )
    plan: dict[str, Any] = json.loads(answer.choices[0].message.content or "")
    return plan


async def paint(visuals: Sequence[dict[str, str]]) -> list[Picture]:
    """Paint all visuals at the same time, one image call each."""
    async with AsyncOpenAI() as client:
        return list(await asyncio.gather(*(_paint_one(client, v) for v in visuals)))


async def _paint_one(client: AsyncOpenAI, visual: dict[str, str]) -> Picture:
    answer = await client.images.generate(
        model=PAINTER,
        prompt=prompts.PICTURE.format(description=visual["description"]),
        size="1024x1024",
        quality="medium",
        output_format="png",
    )
    return _picture(visual, (answer.data or [])[0].b64_json)


def write_page(
    client: OpenAI,
    description: dict[str, Any],
    visuals: Sequence[dict[str, str]],
    *,
    model: str = WRITER,
) -> str:
    """Write the page; the answer is streamed, since it is long."""
    pictures = [{"file": f"{v['label']}.png", "alt": v["alt"]} for v in visuals]
    stream = client.chat.completions.create(
        model=model,
        reasoning_effort="low",
        max_completion_tokens=16_000,
        stream=True,
        stream_options={"include_usage": True},
        messages=[
            {"role": "system", "content": prompts.FRONTEND},
            {"role": "user", "content": prompts.page_order(description, pictures)},
        ],
    )
    chunks = [c.choices[0].delta.content or "" for c in stream if c.choices]
    return fenced("html", "".join(chunks))


def review(client: OpenAI, description: dict[str, Any], html: str) -> Review:
    """Let QA check the page, and correct it where it must."""
    order = "\n\n".join(
        (
            prompts.tagged("description", prompts.as_json(description)),
            prompts.tagged("page", html),
            prompts.house_style(),
        )
    )
    answer = client.chat.completions.create(
        model=REVIEWER,
        reasoning_effort="low",
        max_completion_tokens=16_000,
        response_format={"type": "json_object"},
        messages=[
            {"role": "system", "content": prompts.QA},
            {"role": "user", "content": order},
        ],
    )
    return Review(**json.loads(answer.choices[0].message.content or ""))


def do_it_all(
    client: OpenAI,
    sentence: str,
    documents: list[Document],
    offers: list[Offer],
    *,
    pictures: int = 4,
) -> Website:
    """Plan, paint and write the page in one call of one large model."""
    answer = client.responses.create(
        model=GENERALIST,
        reasoning={"effort": "medium"},
        instructions=prompts.for_pictures(prompts.GENERALIST, pictures),
        input="\n\n".join(
            (prompts.material(sentence, documents, offers), prompts.house_style())
        ),
        tools=[
            {
                "type": "image_generation",
                "model": "gpt-image-1",
                "size": "1024x1024",
                "quality": "medium",
                "output_format": "png",
            }
        ],
    )
    plan = json.loads(fenced("json", answer.output_text))
    return Website(
        description=plan["description"],
        html=fenced("html", answer.output_text),
        pictures=_pictures(plan["visuals"], answer),
    )


def _pictures(visuals: Sequence[dict[str, str]], answer: Response) -> list[Picture]:
    painted = [i.result for i in answer.output if i.type == "image_generation_call"]
    return [_picture(v, data) for v, data in zip(visuals, painted, strict=True)]


def _picture(visual: dict[str, str], data: str | None) -> Picture:
    if not data:
        raise ValueError(f"no picture came back for {visual['label']!r}")
    return Picture(
        name=f"{visual['label']}.png", alt=visual["alt"], data=base64.b64decode(data)
    )


def fenced(language: str, answer: str) -> str:
    """The content of an answer's first block of that language, fenced by backticks."""
    found = re.search(rf"```{language}\n(.*?)\n```", answer, flags=re.DOTALL)
    if found is None:
        raise ValueError(f"the answer holds no fenced {language} block")
    return found[1] + "\n"
