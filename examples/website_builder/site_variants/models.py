"""The four stages of ``build_site`` with another model for the front-end developer."""

from __future__ import annotations

import asyncio
from pathlib import Path

from openai import OpenAI
from site_builder import agents
from site_builder.inputs import customer
from site_builder.workflow import publish, research


def build_site_nano(profile: str, *, out: Path | None = None) -> Path:
    """Build a customer's website; the next smaller model writes the page."""
    return _build(profile, "gpt-5-nano", out)


def build_site_large(profile: str, *, out: Path | None = None) -> Path:
    """Build a customer's website; the large model writes the page."""
    return _build(profile, "gpt-5", out)


def _build(profile: str, model: str, out: Path | None) -> Path:
    who = customer(profile)
    documents = research(profile, who.company_sentence())
    offers = agents.find_offers(who.industry)
    with OpenAI() as client:
        plan = agents.personalize(
            client, who.sentence(), documents, offers, pictures=who.pictures
        )
        pictures = asyncio.run(agents.paint(plan["visuals"]))
        html = agents.write_page(
            client, plan["description"], plan["visuals"], model=model
        )
        review = agents.review(client, plan["description"], html)
    return publish(review.html or html, pictures, out)
