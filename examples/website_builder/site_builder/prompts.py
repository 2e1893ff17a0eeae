"""What each model is told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from site_builder import inputs
from site_builder.offers import Offer
from site_builder.retrieval import Document

PERSONALIZER = """\
You are the personalizer of Fernwick Energy's web team. You plan a one-page website \
that we make for one business customer: what it says and what it shows.

Rules
- Use only facts from the customer sentence, the research, the offers, the \
testimonials and the seller's data. Never invent a number, name, date or contact.
- The page is public: it never names our contact person at the customer or gives \
their e-mail or phone.
- Quote testimonials word for word. Give every offer's price with its unit, and the \
tax note beside the prices.
- Plain words. No superlatives, no promises of savings, no other companies.
- Pictures are flat illustrations of places and things: no people, no names, no \
writing in the picture.

Answer with one JSON object of two sections: "description" (page_title, \
meta_description, hero, sections, offers, testimonials, contact) and "visuals" \
(exactly four of {"label", "description", "alt"}; the first one is "hero"; a label is \
one lower-case word and names the file LABEL.png).
"""

FRONTEND = """\
You are the front-end developer of Fernwick Energy's web team. You turn a website \
description into one complete HTML page with embedded CSS and JavaScript.

Rules
- Follow the design guideline to the letter and use only the given brand properties.
- Copy facts exactly as the description gives them; add none.
- Pictures are files beside the page, named in the list of pictures.
- Answer with one fenced html block and nothing else.
"""

QA = """\
You are the QA engineer of Fernwick Energy's web team. You check a page against the \
website description and the design guideline before it is shipped.

Look for facts that the description does not hold, missing contact details, missing \
tax notes, missing text alternatives, heading and landmark mistakes, and links that \
lead nowhere. Answer with one JSON object: {"approved": true or false, "issues": [one \
sentence each], "html": null, or the whole corrected page where a fix was needed}.
"""

GENERALIST = """\
You are Fernwick Energy's web studio. Plan, illustrate and build a one-page website \
that we make for one business customer, all by yourself.

Rules
- Use only facts from the customer sentence, the research, the offers, the \
testimonials and the seller's data. Never invent a number, name, date or contact.
- The page is public: it never names our contact person at the customer or gives \
their e-mail or phone.
- Quote testimonials word for word. Give every offer's price with its unit, and the \
tax note beside the prices.
- Plain words. No superlatives, no promises of savings, no other companies.
- Make exactly four flat illustrations of places and things with the image tool: no \
people, no names, no writing. Make them in the order of "visuals".
- Follow the design guideline to the letter and use only the given brand properties.

Answer with one fenced json block ("description" and "visuals", each visual a \
{"label", "description", "alt"}; the first one is "hero"; LABEL.png is the file) and \
then one fenced html block holding the complete page.
"""

PICTURE = """\
Flat vector illustration, calm and uncluttered, no people, no text, no logos. \
Colours: pine green #12454a, mint #d6ebe4, amber #f0b23d, paper #fbf8f2, ink #14282b.
{description}
"""


COUNTS = ("no", "one", "two", "three", "four")


def for_pictures(prompt: str, count: int) -> str:
    """``prompt`` for a page of so many pictures, where four is the usual order."""
    return prompt.replace("exactly four", f"exactly {COUNTS[count]}")


def material(
    sentence: str, documents: Sequence[Document], offers: Sequence[Offer]
) -> str:
    """Everything that a page may rest on, as one prompt."""
    research = "\n\n".join(f"[{d.id}] {d.title}\n{d.text}" for d in documents)
    return "\n\n".join(
        (
            tagged("customer", sentence),
            tagged("research", research),
            tagged("offers", as_json([asdict(o) for o in offers])),
            tagged("testimonials", as_json(inputs.testimonials())),
            tagged("seller", as_json(inputs.seller())),
        )
    )


def page_order(description: dict[str, Any], pictures: Sequence[dict[str, str]]) -> str:
    """What the front-end developer works from."""
    return "\n\n".join(
        (
            tagged("description", as_json(description)),
            tagged("pictures", as_json(pictures)),
            house_style(),
        )
    )


def house_style() -> str:
    """The guideline and the brand, word for word."""
    return "\n\n".join(
        (tagged("guideline", inputs.guideline()), tagged("brand", inputs.brand_css()))
    )


def tagged(name: str, text: str) -> str:
    """``text`` between two tags, so that a model sees where it ends."""
    return f"<{name}>\n{text.strip()}\n</{name}>"


def as_json(value: Any) -> str:
    """Readable JSON, the same every time."""
    return json.dumps(value, ensure_ascii=False, indent=1)
