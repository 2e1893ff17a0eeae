"""Four small models are cheaper than one large model, and as good."""

import pytest
from agentflow_checks import accessibility, html_validity
from site_builder import build_site_single

import pytest_agentflow as af

PROFILES = ["bakery", "clinic", "hotel", "museum", "school", "shipyard"]


@pytest.mark.policy("policies/company.yaml")
@pytest.mark.accessibility("AA")
@pytest.mark.html_validity
@pytest.mark.hallucination
@pytest.mark.cost(total=0.60)
@pytest.mark.parametrize("profile", PROFILES)
def test_single_model_makes_the_same_sites(
    agentflow: af.AgentFlow, profile: str
) -> None:
    agentflow.run(build_site_single, profile=profile)


def test_the_split_pays(agentflow: af.AgentFlow) -> None:
    af.require_decomposition(
        agentflow.runs("build_site/*"),
        baseline=agentflow.runs("build_site_single/*"),
        checks=[accessibility("AA"), html_validity()],
        cost_ratio=0.40,
        quality_margin=0.10,
    )
