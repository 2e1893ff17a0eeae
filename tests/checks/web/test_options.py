"""The options of pytest that page checks have, in projects of users."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from agentflow_checks.web import engines

PAGE = """<!doctype html>
<html lang="en"><head><title>t</title>
<style>p{colour:red}</style></head>
<body><main><h1>t</h1><p>x</p></main><script>1</script></body></html>
"""

TEST = """
import pytest
import pytest_agentflow as af
from agentflow_checks import accessibility, html_validity


@pytest.mark.parametrize("check", [accessibility(), html_validity()], ids=str)
def test_page(agentflow, check):
    run = af.page_run("index.html")
    (result,) = af.evaluate(run, check).results
    print(result.check, result.verdict, *[f.message for f in result.findings])
    assert result.verdict == VERDICT
"""

NOTHING_INSTALLED = """
import os
from agentflow_checks.web import browser, engines

browser.NAMES = browser.ELSEWHERE = ()
engines.java_program = lambda: None
"""


def project(pytester: pytest.Pytester, verdict: str, conftest: str = "") -> None:
    """Lay out a project whose test expects a verdict of its page."""
    pytester.makefile(".html", index=PAGE)
    pytester.makepyfile(test_page=f"VERDICT = {verdict!r}\n{TEST}")
    pytester.makeconftest(conftest)


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    """Run the project in a process of its own."""
    given = ("-p", "no:deepeval", "-p", "no:cacheprovider", "-rP", *options)
    return pytester.runpytest_subprocess(*given)


@pytest.mark.parametrize("options", [(), ("--agentflow-web=require",)])
def test_missing_engines_are_errors(
    pytester: pytest.Pytester, options: tuple[str, ...]
) -> None:
    """Without browser and Java nothing is judged, and nothing passes for it."""
    project(pytester, "error", NOTHING_INSTALLED)
    result = run(pytester, *options)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        ["accessibility error *chromium*", "html_validity error *pip install*"]
    )


def test_missing_engines_leave_pages_undetermined_when_that_is_asked_for(
    pytester: pytest.Pytester,
) -> None:
    """With skip the same pages are questions that still say what to install."""
    project(pytester, "undetermined", NOTHING_INSTALLED)
    result = run(pytester, "--agentflow-web=skip")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        [
            "accessibility undetermined *Install it with: *",
            "html_validity undetermined *pip install*",
        ]
    )


def test_without_a_browser_css_and_scripts_are_questions_when_that_is_asked_for(
    pytester: pytest.Pytester,
) -> None:
    """The HTML checker judges the source; the design and the rest are left open."""
    conftest = NOTHING_INSTALLED.replace("engines.java_program", "_")
    project(pytester, "passed", conftest)
    result = run(pytester, "--agentflow-web=skip", "-k", "html_validity")
    result.assert_outcomes(passed=1, deselected=1)
    result.stdout.fnmatch_lines(["*html_validity passed *colour* not checked: *"])


def test_the_users_own_engines_are_used_and_named(
    pytester: pytest.Pytester, tmp_path: Path
) -> None:
    """An axe-core of another version judges, and the report says so."""
    source = engines.axe_path().read_text("utf-8")
    version = engines.axe_version()
    own = tmp_path / "axe.js"
    own.write_text(source.replace(version, "4.99.7"), "utf-8")
    project(pytester, "passed")
    pytester.makepyfile(
        test_page=TEST.replace(
            "assert result.verdict == VERDICT", "af.require(run, check)"
        )
        .replace(", html_validity()", "")
        .replace(", html_validity", "")
    )
    result = run(pytester, f"--agentflow-axe={own}", "--agentflow-report=quality.json")
    result.assert_outcomes(passed=1)
    report = json.loads((pytester.path / "quality.json").read_text("utf-8"))
    assert report["versions"]["axe-core"] == "4.99.7"
    assert report["versions"]["browser"].startswith("chrom")
    assert "html checker" not in report["versions"]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--agentflow-axe=nothing.js", "*--agentflow-axe=nothing.js: there is no*"),
        ("--agentflow-axe=index.html", "*this is not axe-core's source*"),
        ("--agentflow-vnu=index.html", "*this is not the Nu Html Checker*"),
        ("--agentflow-web=maybe", "*give require (*) or skip*"),
    ],
)
def test_a_wrong_value_is_a_usage_error(
    pytester: pytest.Pytester, option: str, message: str
) -> None:
    """What is no engine is refused before any test runs, in one line."""
    project(pytester, "passed")
    result = run(pytester, option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])


def test_the_installed_checker_is_taken_for_one(pytester: pytest.Pytester) -> None:
    """A vnu.jar that is named by hand checks pages."""
    project(pytester, "failed")
    jar = f"--agentflow-vnu={engines.vnu_path()}"
    result = run(pytester, jar, "-k", "html_validity")
    result.assert_outcomes(passed=1, deselected=1)


def test_versions_are_those_of_engines_that_ran(pytester: pytest.Pytester) -> None:
    """Loading the rooms starts nothing and names nothing."""
    script = pytester.makepyfile(
        """
        from agentflow_checks.web import browser, engines, used, validator, visits
        assert used.versions() == {}
        validator.validate(b"<!doctype html><title>t</title>")
        assert list(used.versions()) == ["html checker"]
        assert used.versions()["html checker"] == engines.vnu_version()
        assert browser._running is None
        """
    )
    assert pytester.runpython(script).ret == 0
