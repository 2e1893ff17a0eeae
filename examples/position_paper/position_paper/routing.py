"""Routing: a question is of one of k kinds, and any kind may come.

Intuitive: a generalist that knows all k kinds reads the question; it is k times as
large as a specialist. Careful: a delegator reads the first line only and names the
kind; the specialist of that kind reads the question. With m_g = k m_s the first costs
k times as much as the second, but for the delegator.
"""

from __future__ import annotations

from openai import OpenAI

from position_paper.asking import ask

TOPICS = ("rivers", "bridges", "kilns", "looms", "clocks", "sails", "wells", "roofs")
SENTENCE = "The {topic} of the {n}th parish were counted again and written down. "
DELEGATOR = "Name the kind of the question. Answer with one word."
SOLVER = "Answer the question with one number."


def route_to_generalist(case: str, kinds: int) -> str:
    """Answer one question with a model that knows all kinds."""
    with OpenAI() as client:
        return generalist(client, question(case, kinds), kinds)


def route_to_specialist(case: str, kinds: int) -> str:
    """Answer one question with the specialist that a small model names."""
    asked = question(case, kinds)
    with OpenAI() as client:
        kind = delegate(client, asked.splitlines()[0])
        return specialist(client, asked, kind)


def generalist(client: OpenAI, asked: str, kinds: int) -> str:
    """Read the whole question, knowing so many kinds."""
    return ask(client, f"generalist-{kinds}", SOLVER, asked)


def delegate(client: OpenAI, first_line: str) -> str:
    """Name the kind; the rest of the question is not needed for it."""
    return ask(client, "delegator", DELEGATOR, first_line)


def specialist(client: OpenAI, asked: str, kind: str) -> str:
    """Read the whole question, knowing its kind only."""
    return ask(client, "specialist", f"You know {kind}. {SOLVER}", asked)


def question(case: str, kinds: int) -> str:
    """A question of about 250 tokens, and of one of so many kinds."""
    seed = sum(map(ord, case))
    topic = TOPICS[seed % min(kinds, len(TOPICS))]
    lines = range(seed, seed + 14 + seed % 3)
    body = "".join(SENTENCE.format(topic=topic, n=n) for n in lines)
    return f"How many {topic} were there?\n{body}"
