"""Two stages and three: some of the four of ``build_site`` are joined or left out."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from openai import OpenAI
from site_builder import agents, prompts
from site_builder.inputs import customer
from site_builder.offers import Offer
from site_builder.retrieval import Document
from site_builder.workflow import publish, research

WRITER = """\
You are the writer of Fernwick Energy's web team. You plan a one-page website that we \
make for one business customer, and write it.

Rules
- Use only facts from the customer sentence, the research, the offers, the \
testimonials and the seller's data. Never invent a number, name, date or contact.
- The page is public: it never names our contact person at the customer or gives \
their e-mail or phone.
- Quote testimonials word for word. Give every offer's price with its unit, and the \
tax note beside the prices.
- Plain words. No superlatives, no promises of savings, no other companies.
- The page shows exactly four flat illustrations of places and things: no people, no \
names, no writing. Somebody else makes them from your descriptions.
- Follow the design guideline to the letter and use only the given brand properties.

Answer with one fenced json block ("description" and "visuals", each visual a \
{"label", "description", "alt"}; the first one is "hero"; LABEL.png is the file) and \
then one fenced html block holding the complete page.
"""

Site = tuple[dict[str, Any], str]


def build_site_two(profile: str, *, out: Path | None = None) -> Path:
    """Build a customer's website with a large model that writes and one that paints."""
    who = customer(profile)
    documents = research(profile, who.company_sentence())
    offers = agents.find_offers(who.industry)
    with OpenAI() as client:
        plan, html = write_site(
            client, who.sentence(), documents, offers, pictures=who.pictures
        )
        pictures = asyncio.run(agents.paint(plan["visuals"]))
    return publish(html, pictures, out)


def build_site_three(profile: str, *, out: Path | None = None) -> Path:
    """Build a customer's website with three small models; nobody reads it again."""
    who = customer(profile)
    documents = research(profile, who.company_sentence())
    offers = agents.find_offers(who.industry)
    with OpenAI() as client:
        plan = agents.personalize(
            client, who.sentence(), documents, offers, pictures=who.pictures
        )
        pictures = asyncio.run(agents.paint(plan["visuals"]))
        html = agents.write_page(client, plan["description"], plan["visuals"])
    return publish(html, pictures, out)


def write_site(
    client: OpenAI,
    sentence: str,
    documents: list[Document],
    offers: list[Offer],
    *,
    pictures: int,
) -> Site:
    """Plan the page and write it, in one call."""
    order = "\n\n".join(
        (prompts.material(sentence, documents, offers), prompts.house_style())
    )
    answer = client.chat.completions.create(
        model=agents.GENERALIST,
        reasoning_effort="low",
        max_completion_tokens=16_000,
        messages=[
            {"role": "system", "content": prompts.for_pictures(WRITER, pictures)},
            {"role": "user", "content": order},
        ],
    )
    said = answer.choices[0].message.content or ""
    return json.loads(agents.fenced("json", said)), agents.fenced("html", said)
