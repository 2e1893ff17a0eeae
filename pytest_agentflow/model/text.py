"""Recorded text made fit to be read: hostile text stays visible, and short."""

from __future__ import annotations

import json
import re
import unicodedata

_ODD = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls, among them those of terminals
    "\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb"  # unseen
    "\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\U000e0000-\U0010ffff]"  # no characters
    "|[\ufffe\uffff]"
)
_PLANE_ENDS = re.compile(
    "["
    + "".join(chr(p << 16 | e) for p in range(1, 17) for e in (0xFFFE, 0xFFFF))
    + "]"
)


def visible(text: str) -> str:
    """Show what a reader would not see or what would change how the rest is read.

    Terminal controls become their pictures, direction marks and the like their code
    points; line breaks become plain ones. The text is normalised (NFC), as HTML wants.
    """
    plain = text.replace("\r\n", "\n")
    plain = _PLANE_ENDS.sub("\ufffd", _ODD.sub(_shown, plain))
    plain = unicodedata.normalize("NFC", plain)
    # A mark that has nothing to stand on would change the character before it.
    lonely = plain[:1] and unicodedata.category(plain[0]).startswith("M")
    return f"◌{plain}" if lonely else plain


def _shown(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if 0xD800 <= code <= 0xDFFF or code in (0xFFFE, 0xFFFF):
        return "\ufffd"
    return f"⟨U+{code:04X}⟩"


def plain_line(text: str) -> str:
    """Give `text` as one line of terminal output; its spaces stay as they are.

    A line break within a recorded name would let the name write lines of its own.
    """
    return visible(text).replace("\n", " ").replace("\t", " ")


def json_escaped(document: str) -> str:
    """Escape in a JSON text what a terminal would obey; its value stays the same.

    Args:
        document: JSON as `json.dumps` writes it, where such characters can only stand
            inside of strings.
    """
    shown = _ODD.sub(lambda match: json.dumps(match[0])[1:-1], document)
    return _PLANE_ENDS.sub(lambda match: json.dumps(match[0])[1:-1], shown)


def one_line(text: str, limit: int = 200) -> str:
    """Give `text` as one line for terminals and tables, cut with a count."""
    line = " ".join(visible(text).split())
    if len(line) <= limit:
        return line
    return f"{line[:limit].rstrip()} … {len(line) - limit:,} more characters"


def brief(text: str, limit: int) -> str:
    """Give `text` as one line for a link, whose target has the whole."""
    line = " ".join(visible(text[: 4 * limit]).split())
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"
