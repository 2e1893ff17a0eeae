"""The HTML checker: warm, equal on every way of running it, never silent."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from agentflow_checks.web import engines, validator, vnu_http, vnu_pipe, vnu_worker
from agentflow_checks.web.missing import PartMissing
from hypothesis import given
from hypothesis import strategies as st

GOOD = b'<!doctype html><html lang="en"><meta charset=utf-8><title>t</title><p>\xc3\xa4'
BAD = b'<!doctype html><html lang="en"><title>t</title><p></b><img src=x>'
XHTML = (
    b'<html xmlns="http://www.w3.org/1999/xhtml" lang="en"><head><title>t</title>'
    b"</head><body><p><div/></p></body></html>"
)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><rect widht="1"/></svg>'


def test_a_message_says_where_and_what() -> None:
    """A message has line, column, extract and the marked stretch in it."""
    (first, second) = validator.validate(BAD)
    assert first.text == "Stray end tag “b”."
    assert (first.type, first.line, first.column, first.last_column) == (
        "error",
        1,
        51,
        54,
    )
    start, length = first.highlight
    assert first.extract[start : start + length] == "</b>"
    assert "must have an “alt”" in second.text or "alt" in second.text


def test_a_valid_page_draws_no_message() -> None:
    """Nothing is said about a page without faults."""
    assert validator.validate(GOOD) == ()


def test_the_planted_faults_are_found(planted: bytes) -> None:
    """The checker finds its nine of the planted page, at their lines."""
    lines = [message.line for message in validator.validate(planted)]
    assert lines == [1, 1, 1, 1, 2, 2, 2, 6, 6]


def test_the_file_name_tells_the_kind_of_document() -> None:
    """XHTML and SVG are checked as such."""
    (nested,) = validator.validate(XHTML, name="a.xhtml")
    assert "“div” not allowed as child of element “p”" in nested.text
    (typo,) = validator.validate(SVG, name="pictures/a.SVG")
    assert "“widht” not allowed on element “rect”" in typo.text
    assert len(validator.validate(XHTML)) > 1


def test_every_way_of_running_the_checker_says_the_same(planted: bytes) -> None:
    """Worker, command line and server agree on HTML; the server renames XML only."""
    java = engines.java_program()
    assert java is not None
    documents = [(b"h", planted), (b"h", BAD), (b"h", GOOD), (b"x", XHTML), (b"s", SVG)]
    jar = engines.vnu_path()
    ways: list[validator.Checker] = [
        vnu_pipe.start(jar),
        vnu_http.BatchChecker(java, jar),
        vnu_http.start_server(java, jar),
    ]
    said = []
    for way in ways:
        try:
            answers = way.check(documents)
        finally:
            way.stop()
        said.append([validator._messages(answer) for answer in answers])
    assert said[0] == said[1]
    assert said[0][:3] == said[2][:3]
    assert [len(m) for m in said[0]] == [len(m) for m in said[2]]


def test_a_server_that_does_not_come_up_is_replaced_by_batches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where no port opens, the command line answers."""
    monkeypatch.setattr(vnu_http, "START_SECONDS", 0.0)
    java = engines.java_program()
    assert java is not None
    way = vnu_http.start_server(java, engines.vnu_path())
    try:
        (answer,) = way.check([(b"h", BAD)])
    finally:
        way.stop()
    assert len(validator._messages(answer)) == 2


def test_a_worker_that_dies_is_an_error_and_is_replaced() -> None:
    """The document in hand gets an error; the next one is checked again."""
    way = vnu_pipe.start(engines.vnu_path())
    try:
        assert len(way.check([(b"h", BAD)])[0]["messages"]) == 2
        way.process.kill()
        way.process.wait()
        (lost,) = way.check([(b"h", GOOD)])
        with pytest.raises(validator.Unchecked, match="worker process ended"):
            validator._messages(lost)
        assert way.check([(b"h", BAD)])[0]["messages"]
    finally:
        way.stop()


def test_without_java_the_message_names_the_cure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A machine without Java gets one sentence with the command to paste."""
    validator.stop()
    monkeypatch.setattr(engines, "java_program", lambda: None)
    with pytest.raises(PartMissing, match=r"pip install 'pytest-agentflow\[web\]'"):
        validator.validate(b"<p>never checked before")


def test_an_own_jar_must_exist(tmp_path: Path) -> None:
    """A user's own jar that is not there is named."""
    with pytest.raises(PartMissing, match="there is no such file"):
        engines.use(vnu=tmp_path / "vnu.jar")


def test_an_engine_in_node_modules_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the companion, an npm package in a folder above serves."""
    jar = tmp_path / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
    jar.parent.mkdir(parents=True)
    jar.write_bytes(b"")
    inside = tmp_path / "project" / "tests"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)
    monkeypatch.setattr(engines, "_companion", lambda _: iter(()))
    engines.vnu_path.cache_clear()
    try:
        assert engines.vnu_path() == jar
        with pytest.raises(PartMissing, match="pip install pytest-agentflow-engines"):
            engines._find("axe", "axe-core/axe.min.js", "axe-core")
    finally:
        engines.vnu_path.cache_clear()


@given(st.sampled_from([b"h", b"x", b"s"]), st.binary(max_size=200))
def test_a_request_reads_back_as_it_was_written(kind: bytes, document: bytes) -> None:
    """The worker reads exactly what its client frames."""
    stream = io.BytesIO(vnu_pipe.framed(kind, document))
    assert vnu_worker.read(stream) == (kind, document)
    assert vnu_worker.read(stream) is None


@given(st.lists(st.dictionaries(st.text(), st.text() | st.integers()), max_size=4))
def test_messages_are_sliced_out_of_the_endless_list(
    messages: list[dict[str, object]],
) -> None:
    """The first document's messages and any later one's are read alike."""
    import json

    body = ",".join(json.dumps(m, ensure_ascii=False) for m in messages)
    first = ('{"messages":[' + body).encode("utf-8", "surrogatepass")
    assert vnu_worker.sliced(first) == messages
    assert vnu_worker.sliced((f",{body}" if body else "").encode()) == messages
