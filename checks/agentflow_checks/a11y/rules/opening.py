"""Dialogs and disclosures: what opens says so, takes the focus and gives it back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest_agentflow as af
from agentflow_checks.a11y.openers import COLLAPSED, OPENED
from agentflow_checks.a11y.rules.rule import Facts, OwnRule, Subject
from agentflow_checks.web.page import Visit


def _dialogs(facts: Facts) -> Iterator[Mapping[str, Any]]:
    """Give each dialog once, however many controls open it."""
    seen = set()
    for opener in facts[OPENED.name]["openers"]:
        dialog = opener["dialog"]
        if dialog and dialog["selector"] not in seen:
            seen.add(dialog["selector"])
            yield dialog


def _of(found: Mapping[str, Any], verdict: af.Verdict, message: str = "") -> Subject:
    return Subject(
        verdict=verdict,
        selector=found["selector"],
        html=found["html"],
        box=af.Box(*found["box"]),
        message=message,
    )


def _decided(
    found: Mapping[str, Any], holds: object, message: str, *, sure: bool = True
) -> Subject:
    if holds:
        return _of(found, af.Verdict.PASSED)
    wrong = af.Verdict.FAILED if sure else af.Verdict.UNDETERMINED
    return _of(found, wrong, message)


def role(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge each dialog by its role."""
    del visited
    for dialog in _dialogs(facts):
        good = dialog["role"] in {"dialog", "alertdialog"}
        shown = f"role={dialog['role']!r}" if dialog["role"] else "no role"
        message = f"it lies over the page as a dialog does, and has {shown}"
        yield _decided(dialog, good, message)


def takes_focus(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge each dialog by where the focus is when it has opened."""
    del visited
    for dialog in _dialogs(facts):
        message = "it opened, and the focus stayed outside of it"
        yield _decided(dialog, dialog["focus"], message, sure=dialog["modal"])


def keeps_focus(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge each modal dialog by where Tab leads, and by what is read behind it."""
    del visited
    for dialog in _dialogs(facts):
        if not dialog["modal"]:
            continue
        if dialog["escaped_to"]:
            message = f"Tab leads out of it, to {dialog['escaped_to']}, which it covers"
            yield _of(dialog, af.Verdict.FAILED, message)
        else:
            message = "the page behind it is still read out; it is hidden for eyes only"
            yield _decided(dialog, dialog["covered"], message)


def gives_back(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge each dialog by where the focus is when it has closed."""
    del visited
    for dialog in _dialogs(facts):
        if not dialog["closed"]:
            message = "neither Escape nor a button that says so closed it: how does it?"
            yield _of(dialog, af.Verdict.UNDETERMINED, message)
        elif not dialog["back"]:
            message = "it closed, and the focus was lost: the next Tab begins anew"
            yield _of(dialog, af.Verdict.FAILED, message)
        else:
            message = (
                f"it closed, and the focus went to {dialog['back']}, not to what "
                "opened it: is that where people go on?"
            )
            holds = dialog["back"] == "opener"
            yield _decided(dialog, holds, message, sure=False)


def escape(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge each dialog by whether Escape closes it."""
    del visited
    for dialog in _dialogs(facts):
        yield _decided(dialog, dialog["escape"], "Escape does not close it")


def told(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge each control that shows and hides content by whether it says which."""
    del visited
    for control in facts[OPENED.name]["openers"]:
        if not control["shown"] or control["dialog"]:
            continue
        says = "aria-expanded" in control["html"]
        native = control["html"].startswith("<summary")
        popover = "popovertarget" in control["html"] or "commandfor" in control["html"]
        if native or popover or control["expanded"] == "true":
            yield _of(control, af.Verdict.PASSED)
        elif says:
            message = f"it opened, and aria-expanded is still {control['expanded']!r}"
            yield _of(control, af.Verdict.FAILED, message)
        elif control["hides"] and not control["renamed"]:
            message = (
                "it shows something, and hides it when used again: is what it stands "
                "at told, as aria-expanded does?"
            )
            yield _of(control, af.Verdict.UNDETERMINED, message)


def out_of_the_way(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge the content of collapsed controls by whether it is still read out."""
    del visited
    for content in facts[COLLAPSED.name]:
        message = (
            f"{content['control']} says that it is collapsed, and this is only "
            "invisible: it is still read out"
        )
        if content["gone"] or content["invisible"]:
            yield _decided(content, content["gone"], message)


RULES = (
    OwnRule(
        id="dialog-role",
        title="Dialogs say that they are dialogs",
        criteria=("4.1.2",),
        category="aria",
        fix='Use <dialog> and showModal(), or role="dialog" with a name.',
        probes=(OPENED,),
        judge=role,
    ),
    OwnRule(
        id="dialog-takes-focus",
        title="Dialogs take the focus when they open",
        criteria=("2.4.3",),
        category="keyboard",
        fix="Use <dialog> and showModal(), or focus something in it when it opens.",
        probes=(OPENED,),
        judge=takes_focus,
    ),
    OwnRule(
        id="dialog-keeps-focus",
        title="What a dialog covers is out of reach",
        criteria=("2.4.3",),
        category="keyboard",
        fix="Use <dialog> and showModal(), or make the rest of the page inert.",
        probes=(OPENED,),
        judge=keeps_focus,
    ),
    OwnRule(
        id="dialog-gives-focus-back",
        title="Dialogs give the focus back when they close",
        criteria=("2.4.3",),
        category="keyboard",
        fix="Focus what opened it when it closes; <dialog> does so by itself.",
        probes=(OPENED,),
        judge=gives_back,
    ),
    OwnRule(
        id="dialog-escape",
        title="Escape closes dialogs",
        criteria=(),
        category="keyboard",
        impact="moderate",
        fix="Use <dialog> and showModal(), or close it when Escape is pressed.",
        probes=(OPENED,),
        judge=escape,
    ),
    OwnRule(
        id="disclosure-told",
        title="What opens and closes content says how it stands",
        criteria=("4.1.2",),
        category="aria",
        fix="Use <details>, or set aria-expanded on the control each time.",
        probes=(OPENED,),
        judge=told,
    ),
    OwnRule(
        id="collapsed-hidden",
        title="Collapsed content is hidden from everybody",
        criteria=("1.3.2",),
        category="aria",
        fix="Hide it with hidden or display: none, not by opacity.",
        probes=(COLLAPSED,),
        judge=out_of_the_way,
    ),
)
