"""Debugging: a program of k functions, each of l tokens, has b bugs; n = k l.

Intuitive: one conversation about the whole program. QA reads all that was said and
reports a bug, the developer reads all that was said and writes the whole program again.
Careful: QA reads one function at a time; the developer gets only a function with a bug,
and writes only that. The paper's costs of the developer: m b^2 n^2 against m l^2 b.
"""

from __future__ import annotations

from openai import OpenAI

from position_paper.asking import ask

MODEL = "gpt-5-mini"
QA = "You are QA. Name one function with a bug, or say: none."
DEVELOPER = "You are the developer. Write the program without the reported bug."
ONE_QA = "You are QA. Say: bug, or: none."
ONE_DEVELOPER = "You are the developer. Write the function without its bug."

FUNCTION = """\
def step_{number:02}(value: int) -> int:
    return value {sign} {case} // {number:02}
"""


def debug_whole(case: str, functions: int, bugs: int) -> str:
    """Mend a program in one conversation about the whole of it."""
    code = program(case, functions, bugs)
    told = [code]
    with OpenAI() as client:
        for _ in range(bugs):
            report = find_bug(client, told)
            code = write_program(client, [*told, report, "Please."])
            told += [report, code]
    return code


def debug_each(case: str, functions: int, bugs: int) -> str:
    """Mend a program function by function."""
    code = [function(case, n, bugs) for n in range(functions)]
    with OpenAI() as client:
        for number, one in enumerate(code):
            if look_at(client, one) == "bug":
                code[number] = write_function(client, one)
    return "\n".join(code)


def find_bug(client: OpenAI, told: list[str]) -> str:
    """Report one bug of the program as it stands."""
    return ask(client, MODEL, QA, "\n".join(told))


def write_program(client: OpenAI, told: list[str]) -> str:
    """Write the whole program again."""
    return ask(client, MODEL, DEVELOPER, "\n".join(told))


def look_at(client: OpenAI, one: str) -> str:
    """Say whether one function has a bug."""
    return ask(client, MODEL, ONE_QA, one)


def write_function(client: OpenAI, one: str) -> str:
    """Write one function again."""
    return ask(client, MODEL, ONE_DEVELOPER, one)


def program(case: str, functions: int, bugs: int) -> str:
    """A program of so many functions; the first ones have a bug."""
    return "\n".join(function(case, n, bugs) for n in range(functions))


def function(case: str, number: int, bugs: int) -> str:
    """A function of about 20 tokens; a bug is a sign that should be a plus."""
    sign = "-" if number < bugs else "+"
    return FUNCTION.format(case=case, number=number, sign=sign)
