"""Builds a personalised website for each business customer of Fernwick Energy."""

from __future__ import annotations

from site_builder.workflow import build_site, build_site_single

__all__ = ["build_site", "build_site_single"]
