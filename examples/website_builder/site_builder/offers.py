"""The price list: an SQLite database made from ``offers.sql``."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from functools import cache

from site_builder.inputs import PROJECT

QUERY = """
SELECT offer.code, offer.name, offer.summary, offer.price_gbp, offer.unit
FROM offer JOIN offer_industry ON offer_industry.code = offer.code
WHERE offer_industry.industry = :industry
ORDER BY offer_industry.position
LIMIT :limit
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Something we sell; the price is in whole pounds and excludes VAT."""

    code: str
    name: str
    summary: str
    price_gbp: int
    unit: str


@cache
def database() -> sqlite3.Connection:
    """The price list in memory, loaded on first use."""
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    connection.executescript((PROJECT / "offers.sql").read_text("utf-8"))
    connection.row_factory = sqlite3.Row
    return connection


def offers_for(industry: str, *, limit: int) -> list[Offer]:
    """What we offer to an industry, in the sales team's order."""
    rows = database().execute(QUERY, {"industry": industry, "limit": limit})
    return [Offer(**row) for row in rows]
