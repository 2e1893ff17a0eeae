"""Checks of a user, for the tests of the engine."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest_agentflow as af


def stages(run: af.Run) -> Iterator[tuple[af.Place, af.Stage]]:
    """Every stage is a subject."""
    return ((af.Place(stage=s.name), s) for s in run.stages)


@af.check("stage.output", each=stages)
def gives_output(stage: af.Stage, *, least: int = 1) -> str | None:
    """Every stage gives an output."""
    return None if len(stage.outputs) >= least else "it gave none"


@af.check("always.asks")
def asks(run: af.Run, question: str = "why?") -> Iterator[object]:
    """Leaves one question open beside two decided subjects."""
    yield af.Examined(rule="asks.rule", count=2)
    yield af.Finding(
        rule="asks.rule", message=question, verdict=af.Verdict.UNDETERMINED
    )


@af.check("only.asks")
def only_asks(run: af.Run) -> Iterator[object]:
    """Leaves one question open and decides nothing."""
    yield af.Finding(rule="asks", message="?", verdict=af.Verdict.UNDETERMINED)


@af.check("passing.finding")
def passes_a_finding(run: af.Run) -> Iterator[object]:
    """Yields a finding that is none."""
    yield af.Finding(rule="r", message="fine", verdict=af.Verdict.PASSED)


@af.check("bug")
def broken(run: af.Run) -> Iterator[object]:
    """Has a bug."""
    yield af.Examined(rule="bug.rule")
    raise KeyError(run.case)


@af.check("content")
def lacks_content(run: af.Run) -> Iterator[object]:
    """Needs what the run lacks."""
    raise af.CheckError("the recording holds no prompts")
    yield


@af.check("nothing")
def nothing(run: af.Run) -> Iterator[object]:
    """Announces a rule that meets no subject."""
    yield af.Rule(id="nothing.rule", title="A rule")


@af.check("must")
def must(run: af.Run, *, lacks: bool = False) -> Iterator[object]:
    """Announces a rule that must meet a subject."""
    yield af.Rule(id="must.rule", title="A rule", must_apply=True)
    if lacks:
        raise af.CheckError("the recording holds no prompts")


@af.check("findings")
def findings(run: af.Run, *stages: str, twice: bool = False) -> Iterator[object]:
    """Finds one thing for each stage named."""
    for stage in stages:
        for number in range(1 + twice):
            yield af.Finding(
                rule="f.rule",
                message=f"bad {number}",
                place=af.Place(stage=stage),
                subject=stage,
            )
    yield af.Waiver(
        rule="f.rule", stage="waived", until="2030-01-01", by="qa", reason="known"
    )


def _level(*, level: str = "AA") -> None:
    if level not in ("A", "AA"):
        message = f"level {level!r} is none of A, AA"
        raise ValueError(message)


@af.check("validated", validate=_level)
def validated(run: af.Run, level: str = "AA") -> Iterator[object]:
    """Takes one of two levels."""
    yield af.Examined(rule="validated")


@af.check("warns")
def warns(
    run: af.Run, *, also: int = 0, must_apply: bool = False, verdict: str = "failed"
) -> Iterator[object]:
    """Finds one thing that a rule only warns of, beside `also` passed subjects."""
    yield af.Rule(id="W-1", title="A rule", advisory=True, must_apply=must_apply)
    if not must_apply:
        yield af.Finding(
            rule="W-1",
            message="four pictures",
            verdict=af.Verdict(verdict),
            severity=af.Severity.WARNING,
        )
    yield af.Examined(rule="other", count=1 + also)


@af.check("reads", prepare="sample_checks:prepare_reads")
def reads(run: af.Run, file: str, *, other: int = 0) -> Iterator[object]:
    """Reads a file."""
    yield af.Examined(rule="reads")


PREPARED: list[str] = []


def prepare_reads(file: str, other: int = 0) -> None:
    """Take note of the call; a file of bad name cannot be used."""
    PREPARED.append(file)
    if "bad" in file:
        message = f"{file}:3: rules: there is no key 'ruls'; did you mean 'rules'?"
        raise af.CheckError(message)
    if "gone" in file:
        message = "No module named 'coloraide'"
        raise ModuleNotFoundError(message)


@af.check("typo", prepare="sample_checks:no_such")
def typo(run: af.Run) -> Iterator[object]:
    """Names a function that is not there."""
    yield af.Examined(rule="typo")


@af.check("names.file")
def names_file(run: af.Run, file: str | Path) -> Iterator[object]:
    """Names a file."""
    yield af.Examined(rule=str(file))


@af.check("all.of")
def all_of(run: af.Run, checks: Sequence[af.Check | str] = ()) -> Iterator[object]:
    """Is given other checks, as values or texts."""
    yield af.Examined(rule=str(checks))


@af.check("no.dearer")
def no_dearer(run: af.Run, *, earlier: af.Run | None = None) -> Iterator[object]:
    """Compares with the run as it was."""
    if earlier is None:
        yield af.Note(text="nothing to compare with")
    elif run.cost() > earlier.cost():
        yield af.Finding(rule="no.dearer", message=f"was {earlier.cost()}")
    else:
        yield af.Examined(rule="no.dearer")


def _upper(*, level: str = "a") -> None:
    level.upper()


@af.check("stumbles", validate=_upper)
def stumbles(run: af.Run, level="a") -> Iterator[object]:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """Validates what is not annotated."""
    yield af.Examined(rule="stumbles")


@af.check("half")
def half_annotated(
    run: af.Run,
    thing: "OnlyForMypy",  # type: ignore[name-defined]  # noqa: F821
    number: int = 0,
) -> Iterator[object]:
    """Is annotated with a name that is not there when it runs."""
    yield af.Examined(rule="half")


@af.check("gives.whole")
def gives_whole(run: af.Run, what: str) -> object:
    """Gives something for the run as a whole."""
    return GIVEN[what]


@af.check("gives.each", each=stages)
def gives_each(stage: af.Stage, what: str) -> object:
    """Gives something for each stage."""
    return GIVEN[what]


@af.check("yields")
def yields(run: af.Run, what: str) -> Iterator[object]:
    """Yields something after one subject."""
    yield af.Examined(rule="yields")
    yield GIVEN[what]


@af.check("no.pairs", each=lambda run: run.stages)
def no_pairs(stage: af.Stage) -> None:
    """Is given stages without their places."""


@af.check("is.async")
async def is_async(run: af.Run) -> None:
    """Is no plain function."""


@af.check("reads.json")
def reads_json(run: af.Run) -> Iterator[object]:
    """Breaks within the standard library."""
    json.loads("no")
    yield af.Examined(rule="reads.json")


FINDING = af.Finding(rule="g", message="bad")
GIVEN: dict[str, object] = {
    "nothing": None,
    "text": "bad",
    "empty": " ",
    "false": False,
    "true": True,
    "mapping": {"a": "bad"},
    "finding": FINDING,
    "findings": [FINDING],
    "texts": ["bad", None, "worse"],
    "silent": af.Finding(rule="g", message=""),
    "minus": af.Examined(rule="g", count=-5),
    "object": object(),
}
