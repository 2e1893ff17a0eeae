"""Five stages: a planner divides the work, and a reviewer sends the page back."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from openai import OpenAI
from site_builder import agents, prompts
from site_builder.inputs import customer
from site_builder.workflow import publish, research

PLANNER = """\
You are the planner of Fernwick Energy's web team. A personalizer, an artist, a \
front-end developer and a reviewer make a one-page website for one business customer. \
Say what each of them has to look at first for this customer. Use only facts from the \
customer sentence. Answer with one JSON object: {"personalizer": one sentence, \
"frontend": one sentence, "reviewer": one sentence}.
"""

REVIEWER = """\
You are the reviewer of Fernwick Energy's web team. You check a page against the \
website description before it is shipped, and send it back where something is wrong; \
you change nothing yourself. Answer with one JSON object: {"approved": true or false, \
"issues": [one sentence each]}.
"""

ROUNDS = 2


def build_site_five(profile: str, *, out: Path | None = None) -> Path:
    """Build a customer's website with five small models and a round of corrections."""
    who = customer(profile)
    documents = research(profile, who.company_sentence())
    offers = agents.find_offers(who.industry)
    with OpenAI() as client:
        orders = plan_work(client, who.company_sentence())
        sentence = f"{who.sentence()}\n\nThe planner asks: {orders['personalizer']}"
        plan = agents.personalize(
            client, sentence, documents, offers, pictures=who.pictures
        )
        pictures = asyncio.run(agents.paint(plan["visuals"]))
        html = agents.write_page(client, plan["description"], plan["visuals"])
        for _ in range(ROUNDS):
            issues = look_at(client, plan["description"], html, orders["reviewer"])
            if not issues:
                break
            description = {**plan["description"], "corrections": issues}
            html = agents.write_page(client, description, plan["visuals"])
    return publish(html, pictures, out)


def plan_work(client: OpenAI, sentence: str) -> dict[str, str]:
    """Say what each agent has to look at first."""
    answer = client.chat.completions.create(
        model=agents.REVIEWER,
        reasoning_effort="low",
        max_completion_tokens=2_000,
        response_format={"type": "json_object"},
        messages=[
            {"role": "system", "content": PLANNER},
            {"role": "user", "content": prompts.tagged("customer", sentence)},
        ],
    )
    orders: dict[str, str] = json.loads(answer.choices[0].message.content or "")
    return orders


def look_at(
    client: OpenAI, description: dict[str, Any], html: str, order: str
) -> list[str]:
    """What is wrong with the page, one sentence each."""
    answer = client.chat.completions.create(
        model=agents.REVIEWER,
        reasoning_effort="low",
        max_completion_tokens=4_000,
        response_format={"type": "json_object"},
        messages=[
            {"role": "system", "content": REVIEWER},
            {
                "role": "user",
                "content": "\n\n".join(
                    (
                        prompts.tagged("order", order),
                        prompts.tagged("description", prompts.as_json(description)),
                        prompts.tagged("page", html),
                    )
                ),
            },
        ],
    )
    said = json.loads(answer.choices[0].message.content or "")
    return [] if said["approved"] else list(said["issues"])
