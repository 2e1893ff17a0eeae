"""What the checker calls a CSS error, put as a question that the browser can answer."""

from __future__ import annotations

import bisect
import functools
import re
from collections.abc import Mapping

CSS_MESSAGE = re.compile(r"^CSS: ")

DESCRIPTOR_RULES = re.compile(
    r"@(font-face|property|counter-style|page|font-palette-values|view-transition|"
    r"position-try|color-profile|font-feature-values)\b",
    re.IGNORECASE,
)
"""At-rules that hold descriptors, which ``CSS.supports`` does not know."""

STYLE_ATTRIBUTE = re.compile(
    r"""\sstyle\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))""", re.IGNORECASE
)
BLOCK = re.compile(
    r"<style\b[^<>]*+>(.*?)(?:</style\s*>|\Z)", re.IGNORECASE | re.DOTALL
)

Question = Mapping[str, str]
"""``{"property", "value"}``, ``{"rule"}``, or a rule and what it must still contain."""


def is_css(text: str) -> bool:
    """Whether a message of the checker is about CSS."""
    return CSS_MESSAGE.match(text) is not None


def question(source: str, text: str, start: int, end: int) -> Question | None:
    """Put what a CSS message is about as a question to the browser.

    Args:
        source: the whole page.
        text: the checker's message.
        start: offset of the marked stretch in `source`.
        end: offset behind it.

    Returns:
        None where there is nothing to ask: the braces of the style sheet do not match,
        or the stretch is in no style at all. The checker's word then stands.
    """
    if text.startswith("CSS: @import are not allowed"):
        # Whether a rule comes too late is not seen on the rule alone.
        return None
    block = _block_at(source, start)
    if block is None:
        return _in_attribute(source[start:end], text)
    begin, css = block
    if not balanced(css):
        return None
    at = min(max(start - begin, 0), len(css) - 1)
    return _in_block(without_comments(css), at, text)


def _block_at(source: str, at: int) -> tuple[int, str] | None:
    blocks = _blocks(source)
    found = bisect.bisect_right(blocks, at, key=lambda block: block[0]) - 1
    if found < 0:
        return None
    begin, end, css = blocks[found]
    return (begin, css) if at < end else None


# A page may have thousands of faults, and each is looked up in the same sheets.
@functools.lru_cache(maxsize=4)
def _blocks(source: str) -> tuple[tuple[int, int, str], ...]:
    found = BLOCK.finditer(source)
    return tuple((block.start(1), block.end(), block[1]) for block in found)


def _in_attribute(tag: str, text: str) -> Question | None:
    """Find the declaration of a style attribute that the message names."""
    found = STYLE_ATTRIBUTE.search(tag)
    if found is None:
        return None
    style = next(group for group in found.groups() if group is not None)
    named = _named(text)
    for declaration in split_declarations(style):
        name, value = declaration
        if named is None or name.lower() == named.lower():
            return {"property": name, "value": value}
    return None


def _in_block(css: str, at: int, text: str) -> Question | None:
    prelude, open_brace = _enclosing(css, at)
    begin = max(css.rfind(sign, 0, at + 1) for sign in "{};") + 1
    if css[at : at + 1] in ("{", "}", ";"):
        begin = max(css.rfind(sign, 0, at) for sign in "{};") + 1
    if _named(text) is None or open_brace < 0:
        return _rule_at(css, begin)
    stop = min(
        (i for i in (css.find(sign, at) for sign in "{};") if i >= 0), default=-1
    )
    declaration = css[begin : stop if stop >= 0 else len(css)]
    if stop >= 0 and css[stop] == "{":
        return _rule_at(css, begin)
    name, colon, value = declaration.partition(":")
    if not colon:
        return _rule_at(css, open_brace - len(prelude))
    if DESCRIPTOR_RULES.match(prelude.strip()):
        rule = f"{prelude.strip()}{{{declaration.strip()}}}"
        return {"rule": rule, "contains": name.strip()}
    return {"property": name.strip(), "value": _plain(value)}


def _enclosing(css: str, at: int) -> tuple[str, int]:
    """Give the prelude and the brace of the innermost block around an offset."""
    braces, opened = _braces(css)
    # A brace that closes belongs to its block, one that opens begins it.
    last = bisect.bisect_right(braces, at) - 1
    if last >= 0 and css[braces[last]] == "}" and braces[last] == at:
        last -= 1
    index = opened[last] if last >= 0 else -1
    if index < 0:
        return "", -1
    begin = max(css.rfind(sign, 0, index) for sign in "{};") + 1
    return css[begin:index], index


@functools.lru_cache(maxsize=4)
def _braces(css: str) -> tuple[list[int], list[int]]:
    """Give the places of all braces, and the innermost one open behind each."""
    braces, opened, stack = [], [], []
    for brace in re.finditer("[{}]", css):
        if brace[0] == "{":
            stack.append(brace.start())
        elif stack:
            stack.pop()
        braces.append(brace.start())
        opened.append(stack[-1] if stack else -1)
    return braces, opened


def _rule_at(css: str, begin: int) -> Question | None:
    """Take the statement that begins there, up to its semicolon or closing brace."""
    depth = 0
    for index in range(begin, len(css)):
        if css[index] == "{":
            depth += 1
        elif css[index] == "}":
            depth -= 1
            if depth <= 0:
                return {"rule": css[begin : index + 1].strip()}
        elif css[index] == ";" and not depth:
            return {"rule": css[begin : index + 1].strip()}
    rest = css[begin:].strip()
    return {"rule": rest} if rest else None


def _named(text: str) -> str | None:
    """Give the property that a message is about: ``CSS: “colr”: ...``."""
    found = re.match(r"CSS: “([\w-]+)”:", text)
    return found[1] if found else None


def split_declarations(style: str) -> list[tuple[str, str]]:
    """Split a style attribute into (property, value); brackets and quotes hold."""
    parts = re.findall(r"""(?:[^;"'(]|"[^"]*"|'[^']*'|\([^()]*\)|["'(])+""", style)
    pairs = (part.partition(":") for part in parts)
    return [(n.strip(), _plain(value)) for n, colon, value in pairs if colon]


def _plain(value: str) -> str:
    """Take ``!important`` off: it is no part of a value."""
    return re.sub(r"!\s*important\s*$", "", value.strip(), flags=re.IGNORECASE).strip()


@functools.lru_cache(maxsize=4)
def without_comments(css: str) -> str:
    """Blank comments out, every other character staying where it is."""
    return re.sub(r"/\*.*?(?:\*/|\Z)", lambda m: " " * len(m[0]), css, flags=re.DOTALL)


@functools.lru_cache(maxsize=4)
def balanced(css: str) -> bool:
    """Whether every brace of a style sheet has its partner."""
    bare = re.sub(r"""("[^"\n]*"|'[^'\n]*')""", "", without_comments(css))
    depth = 0
    for sign in bare:
        depth += (sign == "{") - (sign == "}")
        if depth < 0:
            return False
    return depth == 0
