"""The same website, split over two, three or five models; and sites of many pages."""

from __future__ import annotations

from site_variants.fewer import build_site_three, build_site_two
from site_variants.models import build_site_large, build_site_nano
from site_variants.more import build_site_five
from site_variants.pages import build_pages, build_pages_history

__all__ = [
    "build_pages",
    "build_pages_history",
    "build_site_five",
    "build_site_large",
    "build_site_nano",
    "build_site_three",
    "build_site_two",
]
