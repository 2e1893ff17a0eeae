"""The text of a first test, made for the function that it runs."""

from __future__ import annotations

import ast
import json

from pytest_agentflow.cli.workflow import Parameter, Workflow

TODO = 'pytest.fail("TODO: '
"""How a value begins that only the user knows; such a test fails and says so."""

_TAKEN = ("agentflow", "af", "asyncio", "case", "pytest")

_WIDTH = 84
"""Of a line in the test's body, as formatters have it."""

_TEXT = '"first"'
_VALUES = {
    "str": _TEXT,
    "int": "1",
    "float": "1.0",
    "bool": "True",
    "bytes": 'b"first"',
    "None": "None",
}


def first_test(workflow: Workflow, *, toml: bool) -> str:
    """Write a test that runs `workflow` once.

    Args:
        workflow: its function and what it must be given.
        toml: whether the settings of pytest are written as TOML, for the hint.
    """
    parameters = workflow.parameters or ()
    texts = (p for p in parameters if _value(p.annotation) == _TEXT)
    cases = next(texts, None)
    call = _call(workflow, cases)
    head = ['"""The workflow keeps its promises."""', ""]
    head += ["import asyncio", ""] if workflow.is_async else []
    head += ["import pytest"] if cases or any(TODO in line for line in call) else []
    head += ["import pytest_agentflow as af", *_import(workflow), ""]
    head += _hint(workflow, toml=toml)
    given = ""
    mark = []
    if cases:
        head += [f"# A placeholder: write a {cases.name} for each run to record."]
        head += [f"CASES = [{_TEXT}]", ""]
        mark = ['@pytest.mark.parametrize("case", CASES)']
        given = ", case: str"
    body = [
        f"def test_{workflow.function}(agentflow: af.AgentFlow{given}) -> None:",
        *(f"    {line}" for line in call),
        "    assert run.calls",
        "    # Then judge it by marks, such as @pytest.mark.cost(total=0.10) above.",
    ]
    return "\n".join([*head, "", *mark, *body, ""])


def _import(workflow: Workflow) -> list[str]:
    name, taken = _imported(workflow), workflow.owner or workflow.function
    renamed = f" as {name}" if name != taken else ""
    return [f"from {workflow.module} import {taken}{renamed}"]


def _imported(workflow: Workflow) -> str:
    # pytest would take a function test_... or a class Test... for a test of its own.
    name = workflow.owner or workflow.function
    odd = name in _TAKEN or name.lower().startswith("test")
    return ("Workflow" if workflow.owner else "workflow") if odd else name


def _called(workflow: Workflow) -> list[str]:
    """Write what is run: the function, or the method of an object made for it."""
    name = _imported(workflow)
    if workflow.owner is None:
        return [f"{name},"]
    if workflow.made_of is None:
        return [f"{name}.{workflow.function},"]
    given = [_argument(name, parameter, None) for parameter in workflow.made_of]
    if not given:
        return [f"{name}().{workflow.function},"]
    return [f"{name}(", *(f"    {g}" for g in given), f").{workflow.function},"]


def _call(workflow: Workflow, cases: Parameter | None) -> list[str]:
    """Write the call of the workflow, on several lines where it needs them."""
    name = workflow.function
    arguments = [_argument(name, p, cases) for p in workflow.parameters or ()]
    if workflow.parameters is None:
        why = f"write what {name} is given, or nothing"
        arguments = [f'{TODO}{why}"),']
    called = _called(workflow)
    words = [*called, *arguments]
    note = "# Replayed, unless pytest is called with --agentflow=record."
    opened, closed = "agentflow.run(", ")"
    line = f"{opened}{' '.join(words).rstrip(',')}{closed}"
    one = f"run = asyncio.run({line})" if workflow.is_async else f"run = {line}"
    if len(called) == 1 and set(arguments) <= _cases(cases) and len(one) <= _WIDTH:
        return [note, one]
    lines = [opened, *(f"    {word}" for word in words), closed]
    if workflow.is_async:
        lines = ["asyncio.run(", *(f"    {line}" for line in lines), ")"]
    return [note, f"run = {lines[0]}", *lines[1:]]


def _cases(cases: Parameter | None) -> set[str]:
    return {_passed(cases, "case")} if cases is not None else set()


def _passed(parameter: Parameter, value: str) -> str:
    return f"{value}," if parameter.by_position else f"{parameter.name}={value},"


def _argument(name: str, parameter: Parameter, cases: Parameter | None) -> str:
    if parameter is cases:
        return _passed(parameter, "case")
    if value := _value(parameter.annotation):
        return f"{_passed(parameter, value)}  # a placeholder"
    kind = f", a {ast.unparse(parameter.annotation)}" if parameter.annotation else ""
    why = json.dumps(f"give {name} its {parameter.name}{kind}")
    return _passed(parameter, f"{TODO}{why[1:]})")


def _value(annotation: ast.expr | None) -> str | None:
    """Give an example for a plain type; for ``X | None`` that of X."""
    match annotation:
        case ast.Constant(value=str() as written):  # a type in quotes
            try:
                return _value(ast.parse(written, mode="eval").body)
            except (SyntaxError, ValueError):
                return None
        case ast.Constant(value=None):
            return _VALUES["None"]
        case ast.Name(id=name):
            return _VALUES.get(name)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            values = [_value(left), _value(right)]
            return values[values[0] == "None"] if None not in values else None
        case ast.Subscript(value=ast.Name(id="Optional"), slice=inner):
            return _value(inner)
    return None


def _hint(workflow: Workflow, *, toml: bool) -> list[str]:
    """Show how stages get names: by configuration for functions, else in code."""
    found = workflow.proposal
    lines = [f"{name} = {line}" for name, line in found.stages]
    setting = _setting("agentflow_stages", lines, toml=toml)
    head = [
        "# Findings and costs name the stage, where the workflow's code says one:",
        '#     with af.stage("draft") as stage: stage.output(...)',
    ]
    if setting:
        head = [
            "# Findings and costs name the stage, where pytest's settings say which",
            "# function is one. These seem to be, by the workflow's source:",
            *setting,
        ]
    if found.retrievers:
        lines = _setting("agentflow_retrievers", list(found.retrievers), toml=toml)
        head += ["# What a retriever returns are the sources of the run:", *lines]
    return [*head, ""]


def _setting(name: str, lines: list[str], *, toml: bool) -> list[str]:
    quotes = ['"""'] * toml
    if not lines:
        return []
    setting = [f"{name} = {''.join(quotes)}".rstrip()]
    setting += [*(f"    {line}" for line in lines), *quotes]
    return [f"#     {line}" for line in setting]
