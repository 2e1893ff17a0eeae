"""What the workflow starts from: profiles, the seller's own data, the brand."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent


def customers_folder() -> Path:
    """Where profiles and research of customers are: ``SITE_BUILDER_CUSTOMERS``."""
    return Path(os.environ.get("SITE_BUILDER_CUSTOMERS") or PROJECT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A business customer, as the sales system knows it."""

    id: str
    company: str
    industry: str
    town: str
    employees: int
    founded: int
    premises: str
    mission: str
    contact: dict[str, str]
    pictures: int = 4  # what was ordered

    def company_sentence(self) -> str:
        """The company in plain words, without anybody's personal data."""
        return (
            f"The customer is {self.company}, {self.premises} in {self.town}, "
            f"founded in {self.founded}, with {self.employees} employees. "
            f"Their industry is {self.industry}. "
            f"Their mission is: {self.mission}"
        )

    def sentence(self) -> str:
        """The company and who asked for the page; the birth date stays behind."""
        who = self.contact
        return (
            f"{self.company_sentence()} Our contact is {who['name']}, {who['role']} "
            f"({who['email']}, {who['phone']})."
        )


def customer(profile: str) -> Customer:
    """The customer of ``profiles/<profile>.json``."""
    path = customers_folder() / "profiles" / f"{profile}.json"
    return Customer(id=profile, **json.loads(path.read_text("utf-8")))


def seller() -> dict[str, Any]:
    """Our own name, address, phone, e-mail and hours."""
    data: dict[str, Any] = _json("seller.json")
    return data


def testimonials() -> list[dict[str, str]]:
    """What customers said and allowed us to print."""
    said: list[dict[str, str]] = _json("testimonials.json")
    return said


def guideline() -> str:
    """The design guideline, as the web team wrote it."""
    return (PROJECT / "guideline.md").read_text("utf-8")


def brand_css() -> str:
    """The brand tokens as CSS custom properties, one a line."""
    tokens = _json("brand.tokens.json")
    lines = [
        f"  --{group}-{name}: {_css_value(token['$value'])};"
        for group in ("color", "font", "size", "space", "radius")
        for name, token in tokens[group].items()
        if not name.startswith("$")
    ]
    return ":root {\n" + "\n".join(lines) + "\n}"


def _css_value(value: Any) -> str:
    match value:
        case {"hex": colour}:
            return str(colour)
        case {"value": number, "unit": unit}:
            return f"{number}{unit}"
        case [*families]:
            return ", ".join(f'"{f}"' if " " in f else f for f in families)
    return str(value)


def _json(name: str) -> Any:
    return json.loads((PROJECT / name).read_text("utf-8"))
