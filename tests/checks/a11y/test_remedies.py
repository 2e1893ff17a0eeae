"""What findings of axe-core say, and whether it helps."""

from __future__ import annotations

from typing import Any

import pytest
from agentflow_checks.a11y import affected, criteria, remedies
from hypothesis import given
from hypothesis import strategies as st

WORDS = st.text(max_size=20)
DATA = (
    st.none()
    | WORDS
    | st.lists(WORDS, max_size=2)
    | st.dictionaries(
        st.sampled_from(
            [
                "fgColor",
                "bgColor",
                "contrastRatio",
                "expectedContrastRatio",
                "fontSize",
                "fontWeight",
                "width",
                "height",
                "minSize",
            ]
        ),
        WORDS | st.floats(1, 21) | st.none() | st.sampled_from(["#ffffff", "4.5:1"]),
    )
)


def node(message: str, data: Any = None, check: str = "c") -> dict[str, Any]:
    """Make a node of an axe result."""
    return {
        "html": "<p>x</p>",
        "checks": [{"id": check, "message": message, "data": data}],
    }


def test_every_rule_has_a_fix_and_somebody_it_affects() -> None:
    """No rule of the installed axe-core is left without a cure and a reason."""
    from agentflow_checks.web import visits

    rules = visits.axe_rules()
    assert len(rules) > 90
    assert {*remedies.FIXES} <= {rule.id for rule in rules}
    lacking = visits.default_rules() - {*remedies.FIXES}
    assert lacking <= {
        "aria-braille-equivalent",
        "aria-text",
        "blink",
        "frame-tested",
    } | {"marquee"}
    for rule in rules:
        assert affected.why(rule.tags).endswith("."), rule
        for tag in rule.tags:
            if tag.startswith("wcag") and tag[4:].isdigit() and len(tag) > 6:
                # WCAG 2.2 has no 4.1.1 any more
                assert tag in criteria.BY_TAG or tag == "wcag411", rule


def test_the_reason_names_people_and_criterion() -> None:
    """Who is affected comes first, then the criterion with its level."""
    assert affected.why(["cat.color", "wcag2aa", "wcag143", "ACT"]) == (
        "People with low vision, or a screen in the sun, cannot read it. "
        "WCAG 1.4.3 Contrast (Minimum), level AA."
    )
    assert affected.why(["cat.semantics", "best-practice"]).endswith(
        "Good practice, not demanded by WCAG."
    )
    assert affected.why(["wcag22aa", "wcag9912"]) == "WCAG 9.9.12, level AA."
    assert affected.why([]) == ""


def test_a_rule_without_own_words_has_axes_description_but_never_its_message() -> None:
    """An unknown rule's fix is its description, unless that is the message again."""
    rule = {"id": "new-rule", "description": "Ensure it is so"}
    assert remedies.remedy(rule, node("it is not so")).fix == "Ensure it is so."
    assert remedies.remedy(rule, node("Ensure it is so")).fix == ""


def test_figures_stand_in_observed_and_expected() -> None:
    """Sizes and required attributes are said as figures and names, not in prose."""
    size = {"width": 16, "height": 6, "minSize": 24}
    found = remedies.remedy({"id": "target-size"}, node("too small", size))
    assert (found.observed, found.expected) == (
        "16 by 6 px",
        "24 by 24 px, or as much room around it",
    )
    required = node("missing", ["aria-checked"], "aria-required-attr")
    found = remedies.remedy({"id": "aria-required-attr"}, required)
    assert (found.observed, found.expected) == ("<p>x</p>", "aria-checked")


def test_bold_text_says_so() -> None:
    """Weight decides which ratio is needed, so it is shown beside the size."""
    data = {
        "fgColor": "#999999",
        "bgColor": "#ffffff",
        "contrastRatio": 2.84,
        "fontSize": "14.0pt (18.6667px)",
        "fontWeight": "bold",
        "expectedContrastRatio": "3:1",
    }
    found = remedies.remedy({"id": "color-contrast"}, node("low", data))
    assert found.observed == "2.84:1, #999999 on #ffffff, bold 18.6667 px"
    assert found.expected == "3:1"


@given(st.sampled_from(sorted(remedies.FIXES)), WORDS, DATA)
def test_no_data_of_axe_breaks_a_finding(rule: str, message: str, data: Any) -> None:
    """Whatever a check's data holds, message and fix are words."""
    found = remedies.remedy({"id": rule}, node(message, data))
    assert found.message
    assert found.fix
    assert found.observed


@pytest.mark.parametrize("kind", ["any", "all", "none"])
def test_foreign_results_are_read_as_our_own(kind: str) -> None:
    """A result of axe-selenium-python keeps its checks in three lists."""
    foreign = {"html": "<p>", kind: [{"id": "x", "message": "m", "data": None}]}
    assert remedies.detail(foreign) == "m"
