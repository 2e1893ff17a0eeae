"""The public names of pytest-agentflow, each loaded when it is first used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_agentflow.attribution.trace import Attribution as Attribution
    from pytest_agentflow.attribution.trace import ancestors as ancestors
    from pytest_agentflow.attribution.trace import attribute as attribute
    from pytest_agentflow.attribution.trace import (
        attribute_in_artefacts as attribute_in_artefacts,
    )
    from pytest_agentflow.checking.check import BadArgument as BadArgument
    from pytest_agentflow.checking.check import Check as Check
    from pytest_agentflow.checking.check import CheckError as CheckError
    from pytest_agentflow.checking.check import CheckFactory as CheckFactory
    from pytest_agentflow.checking.check import check as check
    from pytest_agentflow.checking.content import expect_content as expect_content
    from pytest_agentflow.checking.discovery import (
        CheckNotInstalled as CheckNotInstalled,
    )
    from pytest_agentflow.checking.discovery import UnknownCheck as UnknownCheck
    from pytest_agentflow.checking.discovery import check_names as check_names
    from pytest_agentflow.checking.discovery import find_check as find_check
    from pytest_agentflow.checking.evaluate import evaluate as evaluate
    from pytest_agentflow.checking.expression import BadExpression as BadExpression
    from pytest_agentflow.checking.expression import parse_check as parse_check
    from pytest_agentflow.checking.judges import JudgeCapped as JudgeCapped
    from pytest_agentflow.checking.judges import JudgeMiss as JudgeMiss
    from pytest_agentflow.checking.message import failure_message as failure_message
    from pytest_agentflow.checking.message import finding_lines as finding_lines
    from pytest_agentflow.checking.require import CheckFailure as CheckFailure
    from pytest_agentflow.checking.require import require as require
    from pytest_agentflow.checking.results import CheckResult as CheckResult
    from pytest_agentflow.checking.results import Evaluation as Evaluation
    from pytest_agentflow.checking.results import Examined as Examined
    from pytest_agentflow.checking.results import Note as Note
    from pytest_agentflow.checking.results import Rule as Rule
    from pytest_agentflow.checking.results import RuleResult as RuleResult
    from pytest_agentflow.checking.waivers import BadWaiver as BadWaiver
    from pytest_agentflow.checking.waivers import Waiver as Waiver
    from pytest_agentflow.checking.waivers import load_waivers as load_waivers
    from pytest_agentflow.checking.waivers import waiver_from as waiver_from
    from pytest_agentflow.decomposition.bound import Bound as Bound
    from pytest_agentflow.decomposition.bound import Decomposition as Decomposition
    from pytest_agentflow.decomposition.bound import (
        DecompositionFailure as DecompositionFailure,
    )
    from pytest_agentflow.decomposition.gate import (
        require_decomposition as require_decomposition,
    )
    from pytest_agentflow.decomposition.growth import measure_growth as measure_growth
    from pytest_agentflow.decomposition.growth import require_growth as require_growth
    from pytest_agentflow.decomposition.growth_claim import GrowthClaim as GrowthClaim
    from pytest_agentflow.decomposition.growth_claim import growth_claim as growth_claim
    from pytest_agentflow.decomposition.growth_claim import takes_claim as takes_claim
    from pytest_agentflow.decomposition.growth_outcome import (
        GrowthFailure as GrowthFailure,
    )
    from pytest_agentflow.decomposition.growth_outcome import (
        GrowthOutcome as GrowthOutcome,
    )
    from pytest_agentflow.decomposition.growth_outcome import (
        QuantityGrowth as QuantityGrowth,
    )
    from pytest_agentflow.decomposition.growth_within import (
        context_growth_within as context_growth_within,
    )
    from pytest_agentflow.decomposition.strategies import (
        growing_inputs as growing_inputs,
    )
    from pytest_agentflow.decomposition.strategies import (
        inputs_of_size as inputs_of_size,
    )
    from pytest_agentflow.decomposition.tradeoff import Tradeoff as Tradeoff
    from pytest_agentflow.decomposition.tradeoff import tradeoff as tradeoff
    from pytest_agentflow.decomposition.tradeoff_money import Declared as Declared
    from pytest_agentflow.model.call import Attempt as Attempt
    from pytest_agentflow.model.call import Call as Call
    from pytest_agentflow.model.call import Invocation as Invocation
    from pytest_agentflow.model.call import Message as Message
    from pytest_agentflow.model.call import Picture as Picture
    from pytest_agentflow.model.call import Request as Request
    from pytest_agentflow.model.call import Response as Response
    from pytest_agentflow.model.call import ToolCall as ToolCall
    from pytest_agentflow.model.codec import Malformed as Malformed
    from pytest_agentflow.model.codec import from_json as from_json
    from pytest_agentflow.model.codec import to_json as to_json
    from pytest_agentflow.model.computed import Computed as Computed
    from pytest_agentflow.model.event import Event as Event
    from pytest_agentflow.model.exhibit import Bar as Bar
    from pytest_agentflow.model.exhibit import Bars as Bars
    from pytest_agentflow.model.exhibit import Exhibit as Exhibit
    from pytest_agentflow.model.exhibit import Line as Line
    from pytest_agentflow.model.exhibit import Mark as Mark
    from pytest_agentflow.model.exhibit import MarkedText as MarkedText
    from pytest_agentflow.model.exhibit import PictureBox as PictureBox
    from pytest_agentflow.model.exhibit import PictureExhibit as PictureExhibit
    from pytest_agentflow.model.exhibit import Swatch as Swatch
    from pytest_agentflow.model.exhibit import Swatches as Swatches
    from pytest_agentflow.model.exhibit import Table as Table
    from pytest_agentflow.model.finding import Finding as Finding
    from pytest_agentflow.model.money import Money as Money
    from pytest_agentflow.model.place import Box as Box
    from pytest_agentflow.model.place import Place as Place
    from pytest_agentflow.model.price import Charge as Charge
    from pytest_agentflow.model.price import Fee as Fee
    from pytest_agentflow.model.price import ModelSize as ModelSize
    from pytest_agentflow.model.price import PriceLock as PriceLock
    from pytest_agentflow.model.price import UnitPrice as UnitPrice
    from pytest_agentflow.model.rate import Rate as Rate
    from pytest_agentflow.model.run import UNATTRIBUTED as UNATTRIBUTED
    from pytest_agentflow.model.run import Artefact as Artefact
    from pytest_agentflow.model.run import Drift as Drift
    from pytest_agentflow.model.run import Recorded as Recorded
    from pytest_agentflow.model.run import Retake as Retake
    from pytest_agentflow.model.run import Run as Run
    from pytest_agentflow.model.run import Source as Source
    from pytest_agentflow.model.run import Stage as Stage
    from pytest_agentflow.model.run import Takes as Takes
    from pytest_agentflow.model.run import Timing as Timing
    from pytest_agentflow.model.run import UnknownStage as UnknownStage
    from pytest_agentflow.model.run import Unseen as Unseen
    from pytest_agentflow.model.unknown import UnknownPrice as UnknownPrice
    from pytest_agentflow.model.unknown import UnknownRate as UnknownRate
    from pytest_agentflow.model.usage import Usage as Usage
    from pytest_agentflow.model.verdict import Severity as Severity
    from pytest_agentflow.model.verdict import Verdict as Verdict
    from pytest_agentflow.pricing.book import PriceBook as PriceBook
    from pytest_agentflow.pricing.book import load_book as load_book
    from pytest_agentflow.pricing.cost import Cost as Cost
    from pytest_agentflow.pricing.cost import attempts_cost as attempts_cost
    from pytest_agentflow.pricing.cost import cost_of as cost_of
    from pytest_agentflow.pricing.cost_change import CostCause as CostCause
    from pytest_agentflow.pricing.cost_change import CostChange as CostChange
    from pytest_agentflow.pricing.cost_change import cost_change as cost_change
    from pytest_agentflow.pricing.cost_change import cost_changes as cost_changes
    from pytest_agentflow.pricing.cost_model import CostModel as CostModel
    from pytest_agentflow.pricing.cost_model import aalp as aalp
    from pytest_agentflow.pricing.cost_model import busy_time as busy_time
    from pytest_agentflow.pricing.cost_model import cost_model as cost_model
    from pytest_agentflow.pricing.cost_model import gpu_hour as gpu_hour
    from pytest_agentflow.pricing.cost_model import priced as priced
    from pytest_agentflow.pricing.drift import PriceDrift as PriceDrift
    from pytest_agentflow.pricing.drift import price_drifts as price_drifts
    from pytest_agentflow.pricing.drift import repriced as repriced
    from pytest_agentflow.pricing.fields import BadPrice as BadPrice
    from pytest_agentflow.pricing.idle_fees import idle_fees as idle_fees
    from pytest_agentflow.pricing.lock import lock_prices as lock_prices
    from pytest_agentflow.recording.beside import runs_beside as runs_beside
    from pytest_agentflow.recording.load import RecordingError as RecordingError
    from pytest_agentflow.recording.load import find_recordings as find_recordings
    from pytest_agentflow.recording.load import load as load
    from pytest_agentflow.recording.personal import (
        PersonalDataError as PersonalDataError,
    )
    from pytest_agentflow.recording.redact import RedactionRefused as RedactionRefused
    from pytest_agentflow.recording.redaction_hooks import HookFailed as HookFailed
    from pytest_agentflow.recording.revision import RevisionError as RevisionError
    from pytest_agentflow.recording.save import save as save
    from pytest_agentflow.recording.values import UnstorableValue as UnstorableValue
    from pytest_agentflow.report.build import UnreadableReport as UnreadableReport
    from pytest_agentflow.report.write import ReportNotWritten as ReportNotWritten
    from pytest_agentflow.running.agentflow import AgentFlow as AgentFlow
    from pytest_agentflow.running.doors import OpenStage as OpenStage
    from pytest_agentflow.running.doors import StageMark as StageMark
    from pytest_agentflow.running.doors import artefact as artefact
    from pytest_agentflow.running.doors import retriever as retriever
    from pytest_agentflow.running.doors import stage as stage
    from pytest_agentflow.running.doors import tool as tool
    from pytest_agentflow.running.instrument import CannotInstrument as CannotInstrument
    from pytest_agentflow.running.judging import AskedJudge as AskedJudge
    from pytest_agentflow.running.judging_beside import recorded_judge as recorded_judge
    from pytest_agentflow.running.many import evaluate_many as evaluate_many
    from pytest_agentflow.running.page_run import page_run as page_run
    from pytest_agentflow.running.settings import BadSetting as BadSetting
    from pytest_agentflow.running.spend import OverBudget as OverBudget
    from pytest_agentflow.statistics.agreement import Agreement as Agreement
    from pytest_agentflow.statistics.agreement import agreement as agreement
    from pytest_agentflow.statistics.agreement import cohen_kappa as cohen_kappa
    from pytest_agentflow.statistics.calibration import Calibration as Calibration
    from pytest_agentflow.statistics.calibration import (
        expected_calibration_error as expected_calibration_error,
    )
    from pytest_agentflow.statistics.calibration import (
        fit_calibration as fit_calibration,
    )
    from pytest_agentflow.statistics.economics import cost_of_pass as cost_of_pass
    from pytest_agentflow.statistics.economics import (
        max_token_multiplier as max_token_multiplier,
    )
    from pytest_agentflow.statistics.growth import GrowthProjection as GrowthProjection
    from pytest_agentflow.statistics.outcome import Decision as Decision
    from pytest_agentflow.statistics.outcome import Outcome as Outcome
    from pytest_agentflow.statistics.overhead import Exponent as Exponent
    from pytest_agentflow.statistics.overhead import Mixture as Mixture
    from pytest_agentflow.statistics.overhead import imbalance as imbalance
    from pytest_agentflow.statistics.overhead import (
        overhead_exponent as overhead_exponent,
    )
    from pytest_agentflow.statistics.overhead import pairwise_share as pairwise_share
    from pytest_agentflow.statistics.overhead import (
        single_trace_exponent as single_trace_exponent,
    )
    from pytest_agentflow.statistics.permutation import Permutation as Permutation
    from pytest_agentflow.statistics.permutation import holm as holm
    from pytest_agentflow.statistics.permutation import (
        permutation_test as permutation_test,
    )
    from pytest_agentflow.statistics.prediction_powered import (
        PoweredRate as PoweredRate,
    )
    from pytest_agentflow.statistics.prediction_powered import (
        prediction_powered_rate as prediction_powered_rate,
    )
    from pytest_agentflow.statistics.proportion import Proportion as Proportion
    from pytest_agentflow.statistics.reliability import Sprt as Sprt
    from pytest_agentflow.statistics.reliability import absorption as absorption
    from pytest_agentflow.statistics.reliability import (
        error_amplification as error_amplification,
    )
    from pytest_agentflow.statistics.reliability import k_min as k_min
    from pytest_agentflow.statistics.reliability import pass_at_k as pass_at_k
    from pytest_agentflow.statistics.reliability import pass_hat_k as pass_hat_k
    from pytest_agentflow.statistics.reliability import (
        series_reliability as series_reliability,
    )
    from pytest_agentflow.statistics.reliability import sprt as sprt
    from pytest_agentflow.statistics.reliability import vote_calls as vote_calls
    from pytest_agentflow.statistics.reliability import (
        vote_reliability as vote_reliability,
    )
    from pytest_agentflow.wire.guard import allow_connection as allow_connection
    from pytest_agentflow.wire.guard import forbid_connection as forbid_connection
    from pytest_agentflow.wire.miss import Miss as Miss
    from pytest_agentflow.wire.miss import NetworkRefused as NetworkRefused
    from pytest_agentflow.wire.proxy import Proxy as Proxy
    from pytest_agentflow.wire.proxy import proxy as proxy
    from pytest_agentflow.wire.rivals import Intercepted as Intercepted

#: Public name -> module that holds it.
_HOMES = {
    "AgentFlow": "running.agentflow",
    "Agreement": "statistics.agreement",
    "Artefact": "model.run",
    "AskedJudge": "running.judging",
    "Attempt": "model.call",
    "Attribution": "attribution.trace",
    "BadArgument": "checking.check",
    "BadExpression": "checking.expression",
    "BadPrice": "pricing.fields",
    "BadSetting": "running.settings",
    "BadWaiver": "checking.waivers",
    "Bar": "model.exhibit",
    "Bars": "model.exhibit",
    "Bound": "decomposition.bound",
    "Box": "model.place",
    "Calibration": "statistics.calibration",
    "Call": "model.call",
    "CannotInstrument": "running.instrument",
    "Charge": "model.price",
    "Check": "checking.check",
    "CheckError": "checking.check",
    "CheckFactory": "checking.check",
    "CheckFailure": "checking.require",
    "CheckNotInstalled": "checking.discovery",
    "CheckResult": "checking.results",
    "Computed": "model.computed",
    "Cost": "pricing.cost",
    "CostCause": "pricing.cost_change",
    "CostChange": "pricing.cost_change",
    "CostModel": "pricing.cost_model",
    "Decision": "statistics.outcome",
    "Declared": "decomposition.tradeoff_money",
    "Decomposition": "decomposition.bound",
    "DecompositionFailure": "decomposition.bound",
    "Drift": "model.run",
    "Evaluation": "checking.results",
    "Event": "model.event",
    "Examined": "checking.results",
    "Exhibit": "model.exhibit",
    "Exponent": "statistics.overhead",
    "Fee": "model.price",
    "Finding": "model.finding",
    "GrowthClaim": "decomposition.growth_claim",
    "GrowthFailure": "decomposition.growth_outcome",
    "GrowthOutcome": "decomposition.growth_outcome",
    "GrowthProjection": "statistics.growth",
    "HookFailed": "recording.redaction_hooks",
    "Intercepted": "wire.rivals",
    "Invocation": "model.call",
    "JudgeCapped": "checking.judges",
    "JudgeMiss": "checking.judges",
    "Line": "model.exhibit",
    "Malformed": "model.codec",
    "Mark": "model.exhibit",
    "MarkedText": "model.exhibit",
    "Message": "model.call",
    "Miss": "wire.miss",
    "Mixture": "statistics.overhead",
    "ModelSize": "model.price",
    "Money": "model.money",
    "NetworkRefused": "wire.miss",
    "Note": "checking.results",
    "OpenStage": "running.doors",
    "Outcome": "statistics.outcome",
    "OverBudget": "running.spend",
    "Permutation": "statistics.permutation",
    "PersonalDataError": "recording.personal",
    "Picture": "model.call",
    "PictureBox": "model.exhibit",
    "PictureExhibit": "model.exhibit",
    "Place": "model.place",
    "PoweredRate": "statistics.prediction_powered",
    "PriceBook": "pricing.book",
    "PriceDrift": "pricing.drift",
    "PriceLock": "model.price",
    "Proportion": "statistics.proportion",
    "Proxy": "wire.proxy",
    "QuantityGrowth": "decomposition.growth_outcome",
    "Rate": "model.rate",
    "Recorded": "model.run",
    "RecordingError": "recording.load",
    "RedactionRefused": "recording.redact",
    "ReportNotWritten": "report.write",
    "Request": "model.call",
    "Response": "model.call",
    "Retake": "model.run",
    "RevisionError": "recording.revision",
    "Rule": "checking.results",
    "RuleResult": "checking.results",
    "Run": "model.run",
    "Severity": "model.verdict",
    "Source": "model.run",
    "Sprt": "statistics.reliability",
    "Stage": "model.run",
    "StageMark": "running.doors",
    "Swatch": "model.exhibit",
    "Swatches": "model.exhibit",
    "Table": "model.exhibit",
    "Takes": "model.run",
    "Timing": "model.run",
    "ToolCall": "model.call",
    "Tradeoff": "decomposition.tradeoff",
    "UNATTRIBUTED": "model.run",
    "UnitPrice": "model.price",
    "UnknownCheck": "checking.discovery",
    "UnknownPrice": "model.unknown",
    "UnknownRate": "model.unknown",
    "UnknownStage": "model.run",
    "UnreadableReport": "report.build",
    "Unseen": "model.run",
    "UnstorableValue": "recording.values",
    "Usage": "model.usage",
    "Verdict": "model.verdict",
    "Waiver": "checking.waivers",
    "aalp": "pricing.cost_model",
    "absorption": "statistics.reliability",
    "agreement": "statistics.agreement",
    "allow_connection": "wire.guard",
    "ancestors": "attribution.trace",
    "artefact": "running.doors",
    "attempts_cost": "pricing.cost",
    "attribute": "attribution.trace",
    "attribute_in_artefacts": "attribution.trace",
    "busy_time": "pricing.cost_model",
    "check": "checking.check",
    "check_names": "checking.discovery",
    "cohen_kappa": "statistics.agreement",
    "context_growth_within": "decomposition.growth_within",
    "cost_change": "pricing.cost_change",
    "cost_changes": "pricing.cost_change",
    "cost_model": "pricing.cost_model",
    "cost_of": "pricing.cost",
    "cost_of_pass": "statistics.economics",
    "error_amplification": "statistics.reliability",
    "evaluate": "checking.evaluate",
    "evaluate_many": "running.many",
    "expect_content": "checking.content",
    "expected_calibration_error": "statistics.calibration",
    "failure_message": "checking.message",
    "find_check": "checking.discovery",
    "find_recordings": "recording.load",
    "finding_lines": "checking.message",
    "fit_calibration": "statistics.calibration",
    "forbid_connection": "wire.guard",
    "from_json": "model.codec",
    "gpu_hour": "pricing.cost_model",
    "growing_inputs": "decomposition.strategies",
    "growth_claim": "decomposition.growth_claim",
    "holm": "statistics.permutation",
    "idle_fees": "pricing.idle_fees",
    "imbalance": "statistics.overhead",
    "inputs_of_size": "decomposition.strategies",
    "k_min": "statistics.reliability",
    "load": "recording.load",
    "load_book": "pricing.book",
    "load_waivers": "checking.waivers",
    "lock_prices": "pricing.lock",
    "max_token_multiplier": "statistics.economics",
    "measure_growth": "decomposition.growth",
    "overhead_exponent": "statistics.overhead",
    "page_run": "running.page_run",
    "pairwise_share": "statistics.overhead",
    "parse_check": "checking.expression",
    "pass_at_k": "statistics.reliability",
    "pass_hat_k": "statistics.reliability",
    "permutation_test": "statistics.permutation",
    "prediction_powered_rate": "statistics.prediction_powered",
    "price_drifts": "pricing.drift",
    "priced": "pricing.cost_model",
    "proxy": "wire.proxy",
    "recorded_judge": "running.judging_beside",
    "repriced": "pricing.drift",
    "require": "checking.require",
    "require_decomposition": "decomposition.gate",
    "require_growth": "decomposition.growth",
    "retriever": "running.doors",
    "runs_beside": "recording.beside",
    "save": "recording.save",
    "series_reliability": "statistics.reliability",
    "single_trace_exponent": "statistics.overhead",
    "sprt": "statistics.reliability",
    "stage": "running.doors",
    "takes_claim": "decomposition.growth_claim",
    "to_json": "model.codec",
    "tool": "running.doors",
    "tradeoff": "decomposition.tradeoff",
    "vote_calls": "statistics.reliability",
    "vote_reliability": "statistics.reliability",
    "waiver_from": "checking.waivers",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605 - one list of names, not two


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    module = importlib.import_module(f"{__name__}.{_HOMES[name]}")
    return getattr(module, name)


def __dir__() -> list[str]:
    return sorted(_HOMES)
