"""deepeval's metrics as judges, kept apart from the process they run in."""

from __future__ import annotations

import importlib.util
import math
import os
import re
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest_agentflow as af
from agentflow_checks.grounding.judging import (
    Judge,
    JudgeClaim,
    JudgeEvidence,
    JudgeVerdict,
    source_of,
)

Metric = Literal["faithfulness", "hallucination", "geval"]

#: Read when deepeval is imported, and again whenever the environment changes.
_QUIET = {"DEEPEVAL_TELEMETRY_OPT_OUT": "1", "DEEPEVAL_DISABLE_DOTENV": "1"}

#: Scores of GEval, 0 to 1, from and up to which it decides; not measured.
GEVAL_SUPPORTED, GEVAL_UNSUPPORTED = 0.8, 0.3

#: What GEval is told to do; a rubric of one's own must ask for the quotation, too.
GEVAL_STEPS = (
    "Read the actual output as one claim, and the retrieval context as its source.",
    "Score 10 if the context says so, 0 if it does not say so or says the contrary.",
    "In your reason, copy the words of the context that decide it, in quotation marks.",
)

_QUOTED = re.compile('["\u201c\u201e\u00ab]([^"\u201c\u201d\u00bb]+)["\u201d\u00bb]')


def deepeval_judge(
    ask: Callable[[str], str],
    metric: Metric = "faithfulness",
    *,
    steps: Sequence[str] = GEVAL_STEPS,
) -> Judge:
    """Make a judge of a metric of deepeval 4.3, with any model.

    Each claim is measured by itself. What deepeval's own score hides is kept apart:
    fewer verdicts than claims are an error (its score is then 1.0); no claim, and what
    it calls ambiguous, decide nothing (it counts both as faithful); NaN is an error.
    Faithfulness and Hallucination quote no source, so that they find faults and support
    nothing; GEval is asked for a quotation.

    deepeval is imported at the first question, with telemetry and ``.env`` switched
    off, in a temporary working directory; environment and directory are as before when
    the judge returns. `ask` runs in the directory of the caller.

    Args:
        ask: gives a model's answer to a prompt; through any client, so that its calls
            are recorded. No key of deepeval's is needed.
        metric: ``faithfulness`` (3 calls a claim and vote), ``hallucination`` (1) or
            ``geval`` (1).
        steps: what GEval is told to do.

    Raises `af.CheckError` where deepeval is not installed, or for another metric.
    """
    measures = {
        "faithfulness": _faithfulness,
        "hallucination": _hallucination,
        "geval": _geval,
    }
    if metric not in measures:
        message = f"metric {metric!r} is none of {', '.join(measures)}"
        raise af.CheckError(message)
    if importlib.util.find_spec("deepeval") is None:
        message = "deepeval is not installed: pip install 'pytest-agentflow[deepeval]'"
        raise af.CheckError(message)

    def judge(
        claims: Sequence[JudgeClaim], evidence: Sequence[JudgeEvidence], /
    ) -> Mapping[str, JudgeVerdict]:
        with _apart() as home:
            model = _model(ask, home)
            return {
                claim.id: measures[metric](model, claim.text, evidence, steps)
                for claim in claims
            }

    return judge


@contextmanager
def _apart() -> Iterator[Path]:
    """Leave environment and working directory as they were, whatever deepeval does."""
    home, before = Path.cwd(), dict(os.environ)
    with (
        tempfile.TemporaryDirectory() as folder,
        warnings.catch_warnings(),
    ):
        # HallucinationMetric warns of its own score's direction, which is not used.
        warnings.simplefilter("ignore")
        os.environ.update(_QUIET)
        os.chdir(folder)
        try:
            try:
                yield home
            finally:
                _forget()
        finally:
            os.chdir(home)
            _restore(before)


def _forget() -> None:
    """Let deepeval drop what it noted of the metrics, while it is told to.

    The variable alone does not hold: once it is gone settings are read anew, and when
    the process ends the notes are uploaded, and ``~/.deepeval`` is made (seen with
    4.3.1).
    """
    from deepeval.telemetry import client, context  # noqa: PLC0415 - 1,500 modules

    client.set_backend(client.NoopBackend())
    context.flush_standalone_metrics()


def _restore(before: Mapping[str, str]) -> None:
    for name in set(os.environ) - set(before):
        del os.environ[name]
    for name, value in before.items():
        if os.environ.get(name) != value:
            os.environ[name] = value


def _model(ask: Callable[[str], str], home: Path) -> Any:
    from deepeval.models import DeepEvalBaseLLM  # noqa: PLC0415 - 1,500 modules

    class Asked(DeepEvalBaseLLM):  # type: ignore[misc,no-any-unimported,unused-ignore]
        """Answers by the user's function."""

        def load_model(self) -> Any:
            """Give nothing: there is no model to load."""
            return None

        def get_model_name(self) -> str:
            """Name it for deepeval's own logs."""
            return "agentflow"

        # Without a schema deepeval reads the text itself, older words included.
        def generate(self, prompt: str) -> str:
            """Ask, where the user's code expects to be."""
            inside = Path.cwd()
            os.chdir(home)
            try:
                return ask(prompt)
            finally:
                os.chdir(inside)

        async def a_generate(self, prompt: str) -> str:
            """Ask all the same; metrics are made to run one after the other."""
            return self.generate(prompt)

    return Asked()


def _case(text: str, evidence: Sequence[JudgeEvidence]) -> Any:
    from deepeval.test_case import LLMTestCase  # noqa: PLC0415 - see above

    texts = [one.text for one in evidence]
    return LLMTestCase(
        input="-", actual_output=text, retrieval_context=texts, context=texts
    )


_Steps = Sequence[str]


def _faithfulness(
    model: Any, text: str, evidence: Sequence[JudgeEvidence], _: _Steps
) -> JudgeVerdict:
    from deepeval.metrics import FaithfulnessMetric  # noqa: PLC0415 - see above

    metric = FaithfulnessMetric(model=model, async_mode=False, include_reason=False)
    metric.measure(_case(text, evidence), _show_indicator=False)
    if not metric.claims:
        return JudgeVerdict(
            verdict="undetermined", reason="deepeval found no claim in it"
        )
    return _folded(metric.verdicts, len(metric.claims), "claims")


def _hallucination(
    model: Any, text: str, evidence: Sequence[JudgeEvidence], _: _Steps
) -> JudgeVerdict:
    from deepeval.metrics import HallucinationMetric  # noqa: PLC0415 - see above

    metric = HallucinationMetric(model=model, async_mode=False, include_reason=False)
    metric.measure(_case(text, evidence), _show_indicator=False)
    return _folded(metric.verdicts, len(evidence), "sources")


def _folded(verdicts: Sequence[Any], asked: int, of: str) -> JudgeVerdict:
    """Fold deepeval's verdicts on what it made of one claim; never by its score."""
    words = [_word(one.verdict) for one in verdicts]
    if len(words) != asked:
        return JudgeVerdict(verdict=f"{len(words)} verdicts on {asked} {of}")
    reasons = [
        str(getattr(one, "reason", "") or "")
        for one, word in zip(verdicts, words, strict=True)
        if word == "no"
    ]
    if reasons:
        return JudgeVerdict(verdict="unsupported", reason=reasons[0])
    if words and all(word == "yes" for word in words):
        return JudgeVerdict(verdict="supported")  # unquoted: it decides nothing
    said = ", ".join(sorted(set(words)))
    return JudgeVerdict(verdict="undetermined", reason=f"deepeval said {said}")


def _word(verdict: Any) -> str:
    return str(getattr(verdict, "value", verdict)).strip().lower()


def _geval(
    model: Any, text: str, evidence: Sequence[JudgeEvidence], steps: _Steps
) -> JudgeVerdict:
    from deepeval.metrics import GEval  # noqa: PLC0415 - see above
    from deepeval.test_case import SingleTurnParams  # noqa: PLC0415 - see above

    metric = GEval(
        name="Grounded",
        evaluation_params=[
            SingleTurnParams.ACTUAL_OUTPUT,
            SingleTurnParams.RETRIEVAL_CONTEXT,
        ],
        evaluation_steps=list(steps),
        model=model,
        async_mode=False,
    )
    metric.measure(_case(text, evidence), _show_indicator=False)
    score, reason = metric.score, str(metric.reason or "")
    if not isinstance(score, (int, float)) or not math.isfinite(score):
        return JudgeVerdict(verdict=f"score {score}")
    if score <= GEVAL_UNSUPPORTED:
        return JudgeVerdict(verdict="unsupported", reason=reason)
    word = "supported" if score >= GEVAL_SUPPORTED else "undetermined"
    return JudgeVerdict(verdict=word, quote=_quote(reason, evidence), reason=reason)


def _quote(reason: str, evidence: Sequence[JudgeEvidence]) -> str:
    """Give the longest quotation in a reason that stands in a source."""
    quotes = sorted(_QUOTED.findall(reason), key=len, reverse=True)
    return next((q for q in quotes if source_of(q, evidence) is not None), "")
