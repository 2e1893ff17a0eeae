"""Growth classes as users write them: "1", "log n", "n log n", "n^1.5", "2^n"."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_NUMBER = r"(\d+(?:\.\d+)?)"
_FACTOR = re.compile(
    rf"(?P<log>(?:log|lg|ln)(?:\^(?P<log_power>\d+))?(?:\(n\)|n))"
    rf"|(?P<root>sqrt(?:\(n\)|n))"
    rf"|(?P<exponential>{_NUMBER}\^n)"
    rf"|(?P<power>n(?:\^(?:\({_NUMBER}\)|{_NUMBER}))?)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthClass:
    """n^power * (log n)^logs * base^n, up to a constant factor."""

    power: float = 0.0
    logs: int = 0
    base: float = 1.0

    @property
    def constant(self) -> bool:
        """Whether it does not grow at all."""
        return not self.power and not self.logs and self.base == 1

    def relative(self, n: float, largest: float) -> float:
        """Give f(`n`) / f(`largest`), without overflow; both sizes are at least 1."""
        log = self.power * math.log(n / largest)
        log += (n - largest) * math.log(self.base)
        if self.logs:
            if n <= 1 or largest <= 1:
                return 0.0
            log += self.logs * math.log(math.log(n) / math.log(largest))
        return math.exp(log) if log < 700 else math.inf

    def span(self, least: float, largest: float) -> float:
        """Say how many times sizes span, in n; in base^n where that is a factor."""
        if self.base == 1:
            return largest / least
        log = (largest - least) * math.log(self.base)
        # Of whole sizes a power is exact, where exp of a logarithm is not.
        return float(self.base ** (largest - least)) if log < 700 else math.inf

    def __str__(self) -> str:
        power = f"n^{self.power:g}" if self.power not in (0, 1) else "n"
        logs = f"log^{self.logs} n" if self.logs > 1 else "log n"
        factors = [
            power if self.power else "",
            logs if self.logs else "",
            f"{self.base:g}^n" if self.base != 1 else "",
        ]
        return " ".join(filter(None, factors)) or "1"


def growth_class(text: str) -> GrowthClass:
    """Read a growth class.

    Args:
        text: a product of powers of n, logarithms and exponentials, as in "n log n",
            "n^1.5", "n²", "sqrt(n)", "n 2^n" or "O(n^2)". Constant factors mean
            nothing here and are refused.

    Raises:
        ValueError: for anything else; the message shows what can be written.
    """
    factors = re.sub(r"\s*[*·]\s*(?=\S)", " ", _plain(text))
    # The space in "n^2 2^n" is the only one that separates.
    rest = re.sub(r"(?<!\d) +| +(?!\d)", "", factors)
    found = GrowthClass()
    if rest == "1":
        return found
    while rest:
        match = _FACTOR.match(rest)
        if match is None:
            raise _unreadable(text)
        found = _times(found, match)
        rest = rest[match.end() :].removeprefix(" ")
    if found == GrowthClass() or not _possible(found):
        raise _unreadable(text)
    return found


def excess_term(declared: GrowthClass) -> GrowthClass:
    """Give the next class up, in which growth beyond the declared one is sought.

    The next whole power that is at least half a power away: 1 and log n to n, n and
    n log n to n^2, n^1.5 to n^2, n^1.9 to n^3; 2^n to n 2^n.
    """
    if declared.base > 1:
        return GrowthClass(
            power=declared.power + 1, logs=declared.logs, base=declared.base
        )
    whole = math.floor(declared.power) + 1
    return GrowthClass(power=whole if whole - declared.power >= 0.5 else whole + 1)


def _plain(text: str) -> str:
    lowered = re.sub(
        r"[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: "^" + m[0].translate(_SUPERSCRIPTS), text.lower()
    )
    lowered = lowered.replace("**", "^").strip()
    wrapped = re.fullmatch(r"[oθ]\s*\((.*)\)", lowered)
    return wrapped[1] if wrapped else lowered


def _times(found: GrowthClass, match: re.Match[str]) -> GrowthClass:
    power, logs, base = found.power, found.logs, found.base
    numbers = [g for g in match.groups() if g and re.fullmatch(_NUMBER, g)]
    if match["log"]:
        logs += int(match["log_power"] or 1)
    elif match["root"]:
        power += 0.5
    elif match["exponential"]:
        base *= float(numbers[-1])
    else:
        power += float(numbers[-1]) if numbers else 1.0
    return GrowthClass(power=power, logs=logs, base=base)


def _possible(found: GrowthClass) -> bool:
    return found.power <= 100 and found.logs <= 100 and 1 <= found.base <= 1e6


def _unreadable(text: str) -> ValueError:
    return ValueError(
        f"growth {text!r} cannot be read: write a class without constant factors, like "
        '"1", "log n", "n", "n log n", "n^1.5", "n^2" or "2^n"'
    )
