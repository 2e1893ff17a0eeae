"""The workflow: from a customer's profile to a folder with a website, unattended."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

from openai import OpenAI

from site_builder import agents, retrieval
from site_builder.agents import Picture
from site_builder.inputs import customer
from site_builder.retrieval import Document

QUESTION = "What are the possible energy problems and plans of this customer?"


def build_site(profile: str, *, out: Path | None = None) -> Path:
    """Build a customer's website with four small models.

    ``profile`` names ``profiles/<profile>.json``. Returns the folder that holds
    ``index.html`` and its pictures: ``out``, or a new temporary one. The client is
    made from ``OPENAI_API_KEY`` and ``OPENAI_BASE_URL``.
    """
    who = customer(profile)
    documents = research(profile, who.company_sentence())
    offers = agents.find_offers(who.industry)
    with OpenAI() as client:
        plan = agents.personalize(
            client, who.sentence(), documents, offers, pictures=who.pictures
        )
        pictures = asyncio.run(agents.paint(plan["visuals"]))
        html = agents.write_page(client, plan["description"], plan["visuals"])
        review = agents.review(client, plan["description"], html)
    if not review.approved and review.html is None:
        raise RuntimeError(f"QA stopped the page of {profile}: {review.issues}")
    return publish(review.html or html, pictures, out)


def build_site_single(profile: str, *, out: Path | None = None) -> Path:
    """Build a customer's website with one call of one large model.

    The inputs are those of :func:`build_site`, so that the two can be compared.
    """
    who = customer(profile)
    documents = research(profile, who.company_sentence())
    offers = agents.find_offers(who.industry)
    with OpenAI() as client:
        site = agents.do_it_all(
            client, who.sentence(), documents, offers, pictures=who.pictures
        )
    return publish(site.html, site.pictures, out)


def research(profile: str, sentence: str) -> list[Document]:
    """What the vetted research says about a customer and the industry."""
    return retrieval.retrieve(f"{sentence} {QUESTION}", customer=profile)


def publish(html: str, pictures: Sequence[Picture], out: Path | None) -> Path:
    """Write the page and its pictures to ``out``, or to a new temporary folder."""
    folder = out or Path(tempfile.mkdtemp(prefix="site-"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.html").write_text(html, "utf-8")
    for picture in pictures:
        (folder / picture.name).write_bytes(picture.data)
    return folder
