"""Which language a text is written in, where that is beyond doubt."""

from __future__ import annotations

import dataclasses
import functools
import importlib.resources
import importlib.util
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

SHORTEST = 25
"""Characters below which no language is told; a sign of Chinese counts as two."""

CERTAIN = 0.95
"""Probability that the model gives a language of which we are sure."""

FIRST = 0.3
"""Probability at which the declared language is believed where it comes out first of
the 141 that the model knows."""

LIKELY = 0.6
"""Probability that is asked of the model where other things speak for a language."""

FEW = 3
"""Different function words that a language has to show before it is believed."""

SHARE = 0.12
"""Part of a text's words that are function words of its language, at least; running
text has 0.3 to 0.5."""

CAPITALS = 0.4
"""Part of a text's words with a capital, at most: beyond it they are names, titles.
German writes all nouns so, and has up to 0.5."""

AHEAD = 8
"""How many times more function words of one language than of the other."""

NEAR = (
    frozenset({"da", "nb", "nn", "no", "sv", "fo"}),
    frozenset({"af", "nl", "fy", "li"}),
    frozenset({"bs", "hr", "sh", "sr", "sl", "mk", "bg"}),
    frozenset({"ca", "es", "gl", "pt", "ast", "an", "oc"}),
    frozenset({"cs", "sk"}),
    frozenset({"de", "lb", "gsw", "nds", "bar"}),
    frozenset({"fr", "oc", "wa", "br", "ht"}),
    frozenset({"it", "sc", "co", "scn", "vec", "lmo", "la"}),
    frozenset({"id", "ms", "jv", "su"}),
    frozenset({"en", "sco"}),
    frozenset({"et", "fi"}),
    frozenset({"tr", "az", "tk"}),
    frozenset({"pl", "csb", "szl"}),
    frozenset({"zh", "cmn", "yue", "wuu", "lzh"}),
)
"""Languages that one another's texts may be taken for: never called wrong."""

_SCRIPTS = {
    "ja": re.compile("[\u3041-\u30ff]"),
    "ko": re.compile("[\uac00-\ud7a3]"),
    "zh": re.compile("[\u4e00-\u9fff]"),
    "ru": re.compile("[\u0400-\u04ff]"),
    "el": re.compile("[\u0370-\u03ff\u1f00-\u1fff]"),
    "ar": re.compile("[\u0600-\u06ff]"),
    "he": re.compile("[\u0590-\u05ff]"),
    "hi": re.compile("[\u0900-\u097f]"),
    "th": re.compile("[\u0e00-\u0e7f]"),
}
SCRIPT_NAMES = {
    "ja": "Japanese",
    "ko": "Korean",
    "zh": "Chinese",
    "ru": "Cyrillic",
    "el": "Greek",
    "ar": "Arabic",
    "he": "Hebrew",
    "hi": "Devanagari",
    "th": "Thai",
}
_WIDE = frozenset({"ja", "ko", "zh"})
_TOKEN = re.compile(r"\S+")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_CODE = re.compile(r"[@#/\\_=<>{}]|\d|\w\.\w|::")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a text says of its language."""

    verdict: bool | None
    """Whether it is in the declared one; None: that cannot be told."""
    found: str = ""
    """The language it is in, where it is another."""
    why: str = ""
    """What speaks for it; or what keeps it from being told."""


class NoModel(RuntimeError):
    """The package that tells languages is not installed."""


def tell(text: str, declared: str) -> Told:
    """Tell whether a text is in the language that is declared for it.

    A text is in the declared language where function words say so; in another one where
    its script does, or where function words and a model of character sequences (the
    package ``py3langid``) agree on it without the text's capitalised words, too.

    Args:
        text: what people read.
        declared: primary subtag of a language tag, ``de``.

    Raises:
        NoModel: the model is needed and not installed.
    """
    declared = {"no": "nb", "nn": "nb"}.get(declared, declared)
    words = words_of(text)
    letters = sum(map(len, words)) + len(words) - 1
    if foreign := _by_script(text, declared):
        return foreign
    if letters + _wide(text) < SHORTEST:
        return Told(verdict=None, why=f"{letters} letters are too few to tell")
    counts = function_words(words)
    mine = counts.get(declared, Counter())
    most = max((_weight(c) for k, c in counts.items() if k != declared), default=0)
    if len(mine) >= FEW and _weight(mine) > most:
        return Told(verdict=True)
    return _by_model(words, declared)


def words_of(text: str) -> list[str]:
    """Give the words of a text, without addresses, numbers, names of code."""
    kept = [token for token in _TOKEN.findall(text) if not _CODE.search(token)]
    return [word for token in kept for word in _WORD.findall(token)]


def function_words(words: Sequence[str]) -> Mapping[str, Counter[str]]:
    """Count each language's function words among words, elisions taken apart."""
    small = Counter(
        part
        for word in words
        for part in re.split("['\u2019]", word.casefold())
        # One letter is an initial, an item of a list, a unit.
        if len(part) > 1
    )
    return {
        language: Counter({word: small[word] for word in small.keys() & known})
        for language, known in lists().items()
    }


def _weight(counts: Counter[str]) -> int:
    return sum(counts.values())


@functools.cache
def lists() -> Mapping[str, frozenset[str]]:
    """Read the function words of each language that has a list of them."""
    import yaml  # noqa: PLC0415 - only where a language is told

    file = importlib.resources.files(__package__).joinpath("function_words.yaml")
    read = yaml.safe_load(file.read_text("utf-8"))
    return {language: frozenset(words.split()) for language, words in read.items()}


def near(one: str, other: str) -> bool:
    """Whether two languages may be taken for one another."""
    return one == other or any(one in group and other in group for group in NEAR)


def _wide(text: str) -> int:
    return sum(len(_SCRIPTS[language].findall(text)) for language in _WIDE)


def _by_script(text: str, declared: str) -> Told | None:
    """Compare scripts; None where the text's script is one that the language has."""
    counts = {language: len(p.findall(text)) for language, p in _SCRIPTS.items()}
    foreign = sum(counts.values())
    letters = sum(character.isalpha() for character in text)
    if not foreign or foreign < 0.7 * letters:
        return None
    script = max(counts, key=counts.__getitem__)
    if script == "zh" and counts["ja"] > 0.1 * foreign:
        script = "ja"
    if declared == script:
        return Told(verdict=True)
    size = foreign + sum(counts[language] for language in _WIDE)
    if declared in lists() and size >= SHORTEST:
        why = f"{foreign} of its {letters} letters are {SCRIPT_NAMES[script]}"
        return Told(verdict=False, found=script, why=why)
    return Told(verdict=None, why="the script alone does not tell")


def _by_model(words: Sequence[str], declared: str) -> Told:
    """Ask the model; it is believed where function words say the same."""
    whole, sure = guess(" ".join(words))
    if whole == declared and sure >= FIRST:
        return Told(verdict=True)
    if near(whole, declared):
        return Told(verdict=None, why="too few words to tell it from its kin")
    # German writes nouns, every language names with a capital.
    small = [word for word in words if not word[0].isupper()]
    plain, certain = guess(" ".join(small))
    agreed = whole == plain and sure >= CERTAIN and certain >= LIKELY
    counts = function_words(words)
    mine, other = counts.get(declared, Counter()), counts.get(whole, Counter())
    # A word of both languages speaks for neither.
    only = Counter({word: n for word, n in other.items() if word not in mine})
    against = sum(n for word, n in mine.items() if word not in other)
    if (
        agreed
        and declared in known()
        and sum(map(len, small)) + len(small) > SHORTEST
        and 1 - len(small) / len(words) <= CAPITALS + 0.1 * (whole == "de")
        and len(only) >= FEW
        and _weight(other) >= SHARE * len(words)
        and _weight(only) >= AHEAD * against
    ):
        shown = ", ".join(repr(word) for word, _ in only.most_common(4))
        why = f"{_weight(only)} words such as {shown}, {against} of {declared!r}"
        return Told(verdict=False, found=whole, why=why)
    return Told(verdict=None, why="names, borrowed words or several languages")


def guess(text: str) -> tuple[str, float]:
    """Ask the model for a text's most likely language and its probability.

    Raises:
        NoModel: it is not installed.
    """
    language, probability = _model().classify(text)
    return {"no": "nb", "nn": "nb"}.get(language, language), float(probability)


def known() -> frozenset[str]:
    """Give the languages that the model knows."""
    labels = frozenset(map(str, _model().labels))
    return labels | {"nb"}


@functools.cache
def _model() -> Any:
    if importlib.util.find_spec("py3langid") is None:
        message = (
            "telling languages needs the Python package py3langid, and it is not "
            "installed. Install it with: pip install 'pytest-agentflow[web]'"
        )
        raise NoModel(message)
    from py3langid.langid import (  # noqa: PLC0415 - heavy
        MODEL_FILE,
        LanguageIdentifier,
    )

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
