"""A recording is whole or not at all, and says how many takes it cost."""

from __future__ import annotations

from pathlib import Path

import openai
import pytest
from flows import SECRET, MakeFlow
from scripted_server import Server

import pytest_agentflow as af
from pytest_agentflow.recording.redact import RedactionRefused

MOOD = {"fails": False, "page": "plain"}


@pytest.fixture(autouse=True)
def _mood() -> None:
    MOOD.update(fails=False, page="plain")


def build(topic: str) -> str:
    """Ask once, and fail where the test wants it."""
    with openai.OpenAI() as client:
        answer = client.chat.completions.create(
            model="gpt-5-mini", messages=[{"role": "user", "content": topic}]
        )
    if MOOD["fails"]:
        raise ZeroDivisionError
    return f"{MOOD['page']} {answer.choices[0].message.content}"


def _files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_a_recording_that_fails_leaves_its_journal_and_the_old_recording(
    flow: MakeFlow, server: Server, tmp_path: Path
) -> None:
    """The message names the journal, and how to record again or discard it."""
    first = flow("record").run(build, topic="cats")
    assert first.path is not None
    before = first.path.read_bytes()
    MOOD["fails"] = True
    with pytest.raises(ZeroDivisionError) as caught:
        flow("record").run(build, topic="cats")
    assert first.path.read_bytes() == before
    [partial] = tmp_path.rglob("*.flow.partial.jsonl")
    note = "\n".join(caught.value.__notes__)
    assert str(partial) in note
    assert "Record anew (it then counts as a discarded take): pytest" in note
    assert "Resume it, and pay only for the rest: pytest --agentflow=record" in note
    assert f"Discard it: agentflow prune --partial --delete {partial}" in note
    assert SECRET not in partial.read_text()


def test_takes_count_what_was_discarded_and_what_it_cost(
    flow: MakeFlow, server: Server, tmp_path: Path
) -> None:
    """Overwritten recordings and broken ones are takes; their money is added up."""
    one = flow("record").run(build, topic="cats")
    assert one.recorded.takes == af.Takes()
    two = flow("record").run(build, topic="cats")
    assert two.recorded.takes == af.Takes(discarded=1, cost=one.cost())
    MOOD["fails"] = True
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            flow("record").run(build, topic="cats")
    MOOD["fails"] = False
    last = flow("record").run(build, topic="cats")
    assert last.recorded.takes.discarded == 4
    assert last.recorded.takes.cost is not None
    assert last.recorded.takes.cost.amount == 4 * one.cost().amount
    assert not list(tmp_path.rglob("*.partial.jsonl"))


def test_a_recording_that_asked_something_else_is_no_take(
    flow: MakeFlow, server: Server
) -> None:
    """A take is a re-roll of the same question; a changed prompt begins anew."""
    named = {"case_for": lambda _: "pets"}
    flow("record", **named).run(build, topic="cats")
    again = flow("record", **named).run(build, topic="cats")
    assert again.recorded.takes.discarded == 1
    other = flow("record", **named).run(build, topic="dogs")
    assert other.recorded.takes == af.Takes()
    once_more = flow("record", **named).run(build, topic="dogs")
    assert once_more.recorded.takes.discarded == 1


def test_a_run_that_never_called_anybody_leaves_nothing(
    flow: MakeFlow, tmp_path: Path
) -> None:
    """Where nothing was answered there is no journal to keep."""

    def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        flow("record").run(broken)
    assert _files(tmp_path) == []


def test_the_run_that_is_judged_is_the_one_on_disk(
    flow: MakeFlow, server: Server
) -> None:
    """In record mode the run has been through the file."""
    run = flow("record").run(build, topic="cats")
    assert run.path is not None
    assert run == af.load(run.path)
    assert run.path.name.startswith("cats-")
    assert run.folder == run.path.parent.parent


def test_a_secret_that_cannot_be_removed_fails_the_recording(
    flow: MakeFlow, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused redaction is no recording, whatever the workflow returned."""
    from pytest_agentflow.recording.redact import Redactor

    def refuse(*_: object) -> None:
        raise RedactionRefused("a secret stands where it cannot be removed")

    monkeypatch.setattr(Redactor, "verify", refuse)
    with pytest.raises(RedactionRefused):
        flow("record").run(build, topic="cats")
    assert not list(tmp_path.rglob("*.flow.json"))


def test_prices_of_the_projects_own_file_are_locked(
    flow: MakeFlow, server: Server, tmp_path: Path
) -> None:
    """Own prices win, and stand in the recording."""
    prices = tmp_path / "prices.toml"
    units = "".join(
        f'[[price]]\nmodel="gpt-5-mini"\nunit="{u}"\nusd="1"\nper=1\n'
        for u in ("input_tokens", "output_tokens")
    )
    prices.write_text(units)
    run = flow("record", prices=prices).run(build, topic="cats")
    assert run.cost().amount == 11
    assert flow("replay").run(build, topic="cats").cost().amount == 11


def test_names_come_from_the_test_where_it_has_them(
    flow: MakeFlow, server: Server
) -> None:
    """Workflow, case, variant, size and trial are those of the mark and parameters."""
    marks = {"workflow": "site", "variant": "small", "size": 3, "trial": 2}
    named = {"argument": marks.get, "case_for": lambda _: "hotel"}
    run = flow("record", **named).run(build, topic="cats")
    assert run.path is not None
    assert run.path.parts[-2:] == ("site", "hotel.n3.t2.flow.json")
    assert (run.id, run.variant) == ("site/hotel.n3.t2", "small")
    assert flow("replay", **named).run(build, topic="cats") == run


def test_recordings_are_found_by_name_and_glob(flow: MakeFlow, server: Server) -> None:
    """`load` takes one name, `runs` a pattern; neither gives nothing silently."""
    recorded = [
        flow("record", case_for=lambda _, c=case: c).run(build, topic=case)
        for case in ("beta", "alpha")
    ]
    made = flow("replay")
    assert made.load("build/alpha") == recorded[1]
    assert made.runs("build/*") == (recorded[1], recorded[0])
    with pytest.raises(ValueError, match=r"no recording fits 'other/\*'"):
        made.runs("other/*")
    with pytest.raises(ValueError, match="--agentflow=record"):
        made.load("build/gamma")


def test_every_run_is_told_to_who_listens(flow: MakeFlow, server: Server) -> None:
    """Runs reach the listener when they are ready to be judged."""
    told: list[af.Run] = []
    run = flow("record", ran=told.append).run(build, topic="cats")
    assert told == [run]


def test_a_lambda_has_no_name_to_record_under(flow: MakeFlow) -> None:
    """The error says how to name the workflow."""
    with pytest.raises(TypeError, match="workflow="):
        flow("record").run(lambda: None)


def test_wrong_arguments_are_the_workflows_own_error(flow: MakeFlow) -> None:
    """A misspelt input is found before anything runs."""
    with pytest.raises(TypeError, match="takes no input 'topics'; did you mean"):
        flow("record").run(build, topics="x")  # type: ignore[call-arg]


def test_temporary_folders_do_not_stand_in_a_recording(
    flow: MakeFlow, tmp_path: Path
) -> None:
    """A folder made anew each time is the same input and output every time."""

    def publish(out: Path) -> Path:
        out.mkdir(exist_ok=True)
        (out / "index.html").write_text("<!doctype html><p>x")
        return out

    recorded = flow("record").run(publish, out=tmp_path / "one")
    assert recorded.inputs == {"out": "(temporary)"}
    assert recorded.output == "(temporary)"
    assert [a.name for a in recorded.artefacts] == ["index.html"]
    assert flow("replay").run(publish, out=tmp_path / "two") == recorded


def test_damaged_leftovers_count_as_takes_of_unknown_cost(
    flow: MakeFlow, server: Server
) -> None:
    """A file that cannot be read was a take all the same; its money is not made up."""
    first = flow("record").run(build, topic="cats")
    assert first.path is not None
    first.path.write_text("{")
    second = flow("record").run(build, topic="cats")
    assert second.recorded.takes == af.Takes(discarded=1)


def test_a_take_without_a_known_price_makes_the_cost_unknown(
    flow: MakeFlow, server: Server
) -> None:
    """Unknown money is never counted as none."""

    def odd(topic: str) -> None:
        with openai.OpenAI() as client:
            client.chat.completions.create(
                model="nobody-sells-this", messages=[{"role": "user", "content": topic}]
            )

    flow("record").run(odd, topic="cats")
    assert flow("record").run(odd, topic="cats").recorded.takes == af.Takes(discarded=1)
