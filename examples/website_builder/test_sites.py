"""Every customer's website is fit to ship."""

import pytest
from site_builder import build_site

import pytest_agentflow as af

PROFILES = ["bakery", "clinic", "hotel", "museum", "school", "shipyard"]


@pytest.mark.policy("policies/company.yaml")
@pytest.mark.design("brand.tokens.json")
@pytest.mark.accessibility("AA")
@pytest.mark.html_validity
@pytest.mark.hallucination(stage="personalizer")
@pytest.mark.cost(total=0.12, stages={"personalizer": 0.02, "artist": 0.06})
@pytest.mark.stage_order("personalizer", "artist", "frontend", "qa")
@pytest.mark.handoff("personalizer", "$.description.offers.items[*].price")
@pytest.mark.personalised("build_site/*", min_others=5)  # luck passes 1 page in 6
@pytest.mark.coordination(0.10)
@pytest.mark.parametrize("profile", PROFILES)
def test_site_is_fit_to_ship(agentflow: af.AgentFlow, profile: str) -> None:
    run = agentflow.run(build_site, profile=profile)  # replayed, or --agentflow=record
    assert "sections" in run.stage("personalizer").output["description"]
