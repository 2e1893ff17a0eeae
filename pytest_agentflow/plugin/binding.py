"""Makes the checks of marked tests; a wrong mark is told before any test runs."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from pytest_agentflow.checking.check import BadArgument, Check, located
from pytest_agentflow.checking.discovery import CheckNotInstalled, UnknownCheck
from pytest_agentflow.checking.expression import make_check
from pytest_agentflow.plugin import FIXTURES, LOADS, RUNS
from pytest_agentflow.recording.names import SUFFIX

MARK_ARGUMENTS = frozenset(
    {
        "recording",
        "workflow",
        "case",
        "variant",
        "size",
        "trial",
        "at_least",
        "sequential",
        "latency",
    }
)

NAMED = {"recording": "build_site/hotel", "workflow": "build_site", "case": "hotel"}
"""Arguments that are texts, with an example of each."""

CARRIED = "replayed"
"""The check that every run of a workflow carries, unless a mark replaces it."""


def bound(
    items: Sequence[pytest.Item],
    names: dict[str, str],
    declared: set[str],
    folders: Callable[[pytest.Item], list[Path]],
    everywhere: Sequence[str] = (),
) -> Iterator[tuple[pytest.Item, tuple[Check, ...], tuple[Check, ...]]]:
    """Give each test that uses us, the checks of its marks, and those it carries.

    Args:
        items: the collected tests.
        names: our marker -> the name of its check.
        declared: markers that the project declares itself.
        folders: gives the folders that a test's files are looked for in.
        everywhere: names of checks that every test carries in this session.

    Raises `pytest.UsageError` for a wrong mark.
    """
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        uses = not FIXTURES.isdisjoint(fixtures)
        _check_marks(item, names, declared, uses=uses)
        if not uses:
            continue
        marks = [m for m in item.iter_markers() if m.name in names]
        places = folders(item)
        checks = [_make(item, names, mark, places) for mark in reversed(marks)]
        carried = (CARRIED, *everywhere) if RUNS in fixtures else everywhere
        told = {names[mark.name] for mark in marks}
        more = tuple(_carried(name) for name in carried if name not in told)
        yield item, tuple(dict.fromkeys(checks)), more


def _carried(name: str) -> Check:
    # A workflow may make no call at all, which is nobody's fault.
    return make_check(name, (), {}).optional()


def _check_marks(
    item: pytest.Item, names: dict[str, str], declared: set[str], *, uses: bool
) -> None:
    taken = [m.name for m in item.iter_markers() if m.name in declared & names.keys()]
    if taken and uses:
        raise pytest.UsageError(_taken(item, taken[0]))
    ours = {*names, "agentflow"} - declared
    own = [m for m in item.own_markers if m.name in ours]
    if own and not uses:
        raise pytest.UsageError(_no_fixture(item, own[0].name))
    if uses:
        _check_agentflow_marks(item)
        expect_loaded(item, _own_recording(item))


def _make(
    item: pytest.Item, names: dict[str, str], mark: pytest.Mark, folders: list[Path]
) -> Check:
    try:
        made = make_check(names[mark.name], mark.args, dict(mark.kwargs))
        return located(made, folders)
    except (BadArgument, UnknownCheck, CheckNotInstalled) as error:
        message = f"{item.nodeid}: @pytest.mark.{mark.name}: {error}"
        raise pytest.UsageError(message) from None


def _check_agentflow_marks(item: pytest.Item) -> None:
    for mark in item.iter_markers("agentflow"):
        _check_names(item, mark)
        wrong = [*map(repr, mark.args), *sorted(mark.kwargs.keys() - MARK_ARGUMENTS)]
        if wrong:
            known = ", ".join(f"{name}=" for name in sorted(MARK_ARGUMENTS))
            near = difflib.get_close_matches(wrong[-1], MARK_ARGUMENTS, n=1)
            hint = f"did you mean {near[0]}=? It" if near else "it"
            message = (
                f"{item.nodeid}: @pytest.mark.agentflow takes no {', '.join(wrong)}; "
                f"{hint} takes {known}"
            )
            raise pytest.UsageError(message)


def _check_names(item: pytest.Item, mark: pytest.Mark) -> None:
    for name in NAMED.keys() & mark.kwargs.keys():
        value = mark.kwargs[name]
        if value is not None and not (isinstance(value, str) and value.strip()):
            message = (
                f"{item.nodeid}: @pytest.mark.agentflow({name}={value!r}): a name is a "
                f'text such as {name}="{NAMED[name]}"'
            )
            raise pytest.UsageError(message)


def _own_recording(item: pytest.Item) -> object:
    # A mark of a class or module may be meant for its other tests; it is looked at
    # where a workflow is run.
    own = [m for m in item.own_markers if m.name == "agentflow"]
    return next((m.kwargs["recording"] for m in own if "recording" in m.kwargs), None)


def expect_loaded(item: pytest.Item, recording: object) -> None:
    """Refuse ``recording=`` on a test that does not take `agentflow_run`.

    It says what that fixture loads, and nothing else: a run of a workflow is named by
    ``workflow=`` and ``case=``, and never recorded over a file that was named to be
    judged. Raises `pytest.UsageError`.
    """
    __tracebackhide__ = True
    if recording and LOADS not in getattr(item, "fixturenames", ()):
        raise pytest.UsageError(f"{item.nodeid}: {_unloaded(str(recording))}")


def _unloaded(recording: str) -> str:
    workflow, _, case = recording.removesuffix(SUFFIX).rpartition("/")
    named = f'workflow="{workflow}", case="{case}"' if workflow else f'case="{case}"'
    return (
        f'@pytest.mark.agentflow(recording="{recording}") says which recording the '
        "fixture agentflow_run loads, but the test does not take it. To judge the "
        "recording, take agentflow_run in place of agentflow; to run the workflow's "
        f"code against it, write @pytest.mark.agentflow({named})"
    )


def _taken(item: pytest.Item, name: str) -> str:
    return (
        f"{item.nodeid}: the mark {name!r} is this project's own, and the test uses an "
        "agentflow fixture, so that it could mean either. Give our marks a prefix in "
        f'the configuration, agentflow_marker_prefix = "af_", and write af_{name}.'
    )


def _no_fixture(item: pytest.Item, name: str) -> str:
    does = "names runs" if name == "agentflow" else "judges runs"
    return (
        f"{item.nodeid}: @pytest.mark.{name} {does}, but the test has none: let "
        "it take the fixture agentflow (and call agentflow.run) or agentflow_run"
    )
