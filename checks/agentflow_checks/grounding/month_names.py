"""Names of months in the languages whose dates are read."""

from __future__ import annotations

from typing import Final

#: English, German, French, Spanish, Italian, Dutch, Swedish, Polish (both cases).
_ROWS = (
    "january jan januar janvier enero gennaio januari styczeń stycznia",
    "february feb februar février fevrier febrero febbraio februari luty lutego",
    "march mar märz maerz mars marzo maart mrt marzec marca",
    "april apr avril abril aprile kwiecień kwietnia",
    "may mai mayo maggio mei maj maja",
    "june jun juni juin junio giugno czerwiec czerwca",
    "july jul juli juillet julio luglio lipiec lipca",
    "august aug août aout agosto augustus augusti sierpień sierpnia",
    "september sep sept septembre septiembre settembre wrzesień września",
    "october oct oktober okt octobre octubre ottobre październik października",
    "november nov novembre noviembre listopad listopada",
    "december dec dezember dez décembre decembre diciembre dicembre grudzień grudnia",
)
_ENGLISH = """
    january jan february feb march mar april apr may june jun july jul august aug
    september sep sept october oct november nov december dec
"""
#: English names: only there the day may follow the month.
ENGLISH: Final = frozenset(_ENGLISH.split())
MONTHS: Final[dict[str, int]] = {
    name: number for number, row in enumerate(_ROWS, start=1) for name in row.split()
}
_SOMETHING_ELSE = "march mars may mai mei maj maja mayo marca luty avril sept august"
#: Months that a small letter does not make doubtful: "3 may also work" is no date.
SURE: Final = frozenset(
    name for name in MONTHS if len(name) > 3 and name not in _SOMETHING_ELSE.split()
)
