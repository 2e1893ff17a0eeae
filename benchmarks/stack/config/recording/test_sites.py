"""Every customer's website is built from recorded answers, without the network."""

from pathlib import Path

import pytest
from site_builder import build_site
from vcr.cassette import Cassette

PROFILES = ["bakery", "clinic", "hotel", "museum", "school", "shipyard"]
CALLS = 7  # the plan, four pictures, the page, the review


@pytest.mark.vcr
@pytest.mark.parametrize("profile", PROFILES)
def test_site_is_built(vcr: Cassette, profile: str, tmp_path: Path) -> None:
    """The site is there, and was built with as many calls as ever."""
    folder = build_site(profile, out=tmp_path)
    assert (folder / "index.html").is_file()  # noqa: S101
    assert len(vcr) == CALLS  # noqa: S101
    assert vcr.play_count in (0, CALLS)  # noqa: S101 - 0 while it is recorded
