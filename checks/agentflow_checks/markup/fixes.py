"""What to do about a message of the HTML checker, where it does not say so itself."""

from __future__ import annotations

import re

FIXES = (
    (
        r"^End of file|^Saw an end of file",
        (
            "The page breaks off here: let the model write more (its limit of output "
            "tokens), or add what is missing up to </html>."
        ),
    ),
    (
        r"^Stray doctype|^Almost standards mode doctype seen after",
        "Keep one <!doctype html>, as the first thing of the file.",
    ),
    (r"^Stray end tag", "Remove it, or add the start tag that it should close."),
    (
        r"^Stray start tag",
        "Move it: it stands outside its table, or behind the end of the page.",
    ),
    (
        r"^No “[^”]+” element in scope",
        "Remove it: the element has already ended, before a block inside it.",
    ),
    (
        r"^The heading “h\d” .* follows the heading “h(\d)”",
        r"Use the level right below <h\1> here, and CSS for its size.",
    ),
    (
        r"^Start tag “([^”]+)” seen but an element of the same type was already open",
        r"End the first <\1> before this one begins: they do not nest.",
    ),
    (
        r"violates nesting rules",
        "End elements in the reverse order in which they began.",
    ),
    (
        r"^Unclosed element|there were open elements|unclosed elements",
        "Add the missing end tag, innermost element first.",
    ),
    (
        r"An “img” element must have an “alt”",
        'Add alt="..." that says what it shows; alt="" where it only decorates.',
    ),
    (r"^Duplicate ID", "Give each element an id of its own; use class for groups."),
    (r"^Duplicate attribute", "Keep one of the two: browsers drop the second."),
    (
        r"^The “([^”]+)” (?:attribute|element).* is obsolete\. Use CSS instead",
        r"Remove \1, and say so in CSS.",
    ),
    (
        r"^The “([^”]+)” element is obsolete",
        r"Replace <\1> by what stands for it in HTML today, or take it out.",
    ),
    (
        r"^The “([^”]+)” attribute on the “[^”]+” element is obsolete",
        r"Remove \1; its content belongs into an element, or into CSS.",
    ),
    (
        r"^Element “li” not allowed as child",
        "Put it inside a <ul> or <ol>.",
    ),
    (
        r"^Element “(?:style|link|meta|title|base)” not allowed|“style” .* in “body”",
        "Move it into <head>.",
    ),
    (
        r"^Element “div” not allowed as child of element “(?:p|span|h\d|label|button)”",
        "Use a <span> here, or end the outer element before it.",
    ),
    (r"not allowed as child of element “[uo]l”", "Put it inside an <li>."),
    (
        r"not allowed as child of element “(?:table|tbody|thead|tr)”",
        "Put it inside a cell, <td> or <th>, of a row.",
    ),
    (
        r"^Element “[^”]+” not allowed as child of element “([^”]+)”",
        r"Move it out of <\1>, or wrap it in what <\1> may hold.",
    ),
    (
        r"must not appear as a descendant of (?:the|an?) “(?:a|button|label)”",
        "Take the inner element out: one control, one purpose.",
    ),
    (
        r"must not appear as a descendant of (?:the|an?) “([^”]+)”",
        r"Move it out of <\1>.",
    ),
    (
        r"^Attribute “(?:width|height|align|valign|bgcolor|border|size|color)” not",
        "Remove it, and say so in CSS.",
    ),
    (
        r"^Attribute “(aria-[\w-]+)” not allowed on element “([^”]+)”",
        r"Remove \1, or put it on an element whose role takes it: <\2> has none here.",
    ),
    (
        r"^Attribute “[^”]+” not allowed on element",
        "Remove it; data of your own belongs into a data-* attribute.",
    ),
    (
        (
            r"missing a required instance of child element “title”"
            r"|^Element “title” must not be empty"
        ),
        "Add <title> with words that tell this page from others.",
    ),
    (
        (
            r"^Element “([^”]+)” is missing a required (?:instance of )?child element"
            r"(?: “([^”]+)”)?"
        ),
        r"Put a <\2> into <\1>.",
    ),
    (
        r"^Text not allowed in element “([^”]+)”",
        r"Put the text into an element that may stand in <\1>.",
    ),
    (
        r"^The first “option” element in a “select”",
        'Begin the list with <option value="">Please choose</option>.',
    ),
    (
        r"without seeing a doctype first|Expected “<!DOCTYPE html>”|^Almost standards",
        "Begin the file with <!doctype html>, and nothing before it.",
    ),
    (
        r"“&” did not start a character reference|^Named character reference was not",
        "Write &amp; for a plain &, and end references with a semicolon.",
    ),
    (
        r"^The value of the “for” attribute",
        "Give the field this id, or point for= at the id that it has.",
    ),
    (
        r"must (?:be the ID of|point to|refer to)",
        "Correct the id, or give it to the element that is meant.",
    ),
    (
        r"must not (?:contain|include|have) more than one|^A document must not",
        "Keep one in the page; others may be a <section> or <div>.",
    ),
    (r"^Self-closing syntax", "Close it with an end tag: the slash is ignored."),
    (
        (
            r"^(?:Quote|“[<=\"'`]”) .*in (?:attribute name|an unquoted)"
            r"|^“[\"'=<]” (?:in|at)"
            r"|^Saw “[^”]+” when expecting an attribute name|^Bad character"
        ),
        (
            "Mend the quotation mark or bracket that is missing right before it; write "
            "&lt; for a plain <."
        ),
    ),
    (
        r"^Forbidden code point|^Malformed byte sequence|^Unmappable byte sequence",
        "Write and read the text as UTF-8: some step took it for another encoding.",
    ),
    (
        r"^The character encoding was not declared|encoding .* (?:not declared|utf-8)",
        'Begin <head> with <meta charset="utf-8">, and save the file as UTF-8.',
    ),
    (
        r"[Bb]ogus comment|^Consecutive hyphens|^The document .*comment",
        "Write comments as <!-- text -->, without -- inside.",
    ),
    (r"^No space between attributes", "Put a space between the attributes."),
    (
        r"^Bad value “[^”]*” for attribute “(?:src|href|action)”.*[Ss]pace",
        "Write spaces in addresses as %20.",
    ),
    (
        r"^Bad value .*URL includes credentials",
        "Take user name and password out of the address.",
    ),
    (r"^Bad value .*Backslash", "Write / instead of \\ in the address."),
    (
        r"^Bad value .*(?:Tab, new line|Line break|Tab) .*(?:found|allowed)",
        "Write the address on one line, without tabs.",
    ),
    (
        (
            r"^Bad value .*(?:Illegal character (?:in|after)|Percentage)"
            r"(?!.*(?:host|port))"
        ),
        "Write the character percent-encoded: a space %20, < %3C, > %3E, # %23.",
    ),
    (
        r"^Bad value .*(?:Invalid host|empty host|[Pp]ort )",
        "Correct the host and port of the address: https://host.example:8080/path.",
    ),
    (
        (
            r"^Bad value “[^”]*” for attribute “"
            r"(?:src|href|action|cite|formaction|poster)”"
            r".*(?:slash|not an absolute URL|scheme|Must be non-empty|Expected)"
        ),
        "Write a whole address, https://host/path, or a path such as images/a.png.",
    ),
    (
        r"^Bad value .*did not satisfy the (?:date|time|week|month)",
        "Write a day as 2026-12-31, a time as 14:30, both as 2026-12-31T14:30Z.",
    ),
    (
        r"^Bad value “[^”]*” for attribute “lang”",
        "Write a language code such as en, de or pt-BR.",
    ),
    (
        r"^Bad value “[^”]*” for attribute “(?:width|height)”",
        "Write a bare number of pixels; other sizes belong into CSS.",
    ),
    (
        (
            r"^Bad value “(alert|alertdialog|application|article|button|checkbox"
            r"|combobox|dialog|grid|img|link|list|listbox|listitem|log|main|menu|menubar|menuitem"
            r"|navigation|none|option|presentation|progressbar|radio|radiogroup|region|row"
            r"|search|searchbox|slider|spinbutton|status|switch|tab|table|tablist|tabpanel"
            r"|textbox|timer|toolbar|tooltip|tree|treeitem)”"
            r" for attribute “role” on element “([^”]+)”"
        ),
        r"Take the role \1 off this <\2>, or give it to an element that may have it.",
    ),
    (
        r"^Bad value “[^”]*” for attribute “role”",
        "Correct the role's spelling, or remove it and use a plain element.",
    ),
    (
        r"^Bad value “[^”]*” for attribute “id”",
        "Give the id at least one character, and no space.",
    ),
    (
        r"is missing (?:a )?required attribute “(aria-[\w-]+)”",
        r"Add \1 with the value that holds now.",
    ),
    (
        r"^Element “([^”]+)” is missing (?:a )?required attribute “([^”]+)”",
        r'Add \2="..." to <\1>, or take the element out.',
    ),
    (
        (
            r"^Element “([^”]+)” is missing one or more of the following attributes:"
            r" (.+?)\."
        ),
        r"Give <\1> one of \2, or take the element out.",
    ),
    (
        r"^The “(aria-[\w-]+)” attribute must not be",
        r"Remove \1, or give the element a role that takes it.",
    ),
    (
        (
            r"^The “([^”]+)” attribute is never allowed"
            r"|^The “([^”]+)” attribute must not"
            r"|^Attribute “([^”]+)” is only allowed when"
        ),
        r"Remove \1\2\3, or move it to an element that takes it.",
    ),
    (
        (
            r"^Bad value “[^”]*” for attribute “([^”]+)” on element “([^”]+)”.*"
            r"(?:[Mm]ust (?:be non-empty|not be empty))"
        ),
        r"Give \1 of <\2> a value, or remove the attribute.",
    ),
    (
        r"^Bad value “[^”]*” for attribute “([^”]+)” on element “([^”]+)”",
        r"Give \1 of <\2> a value of the form that is asked for, or remove it.",
    ),
    (
        r"“([^”]+)” element must not|“([^”]+)” attribute must",
        r"Change or remove \1\2 as the message says.",
    ),
)
"""Patterns of messages, the first that fits, with what to do."""

SCRIPTED = "Look at the script that makes this element, not at the page's source."

ALWAYS = {
    "html.css": "Correct the property or value: browsers drop what they do not know.",
    "html.warning": "Mend it, or leave warnings out with warnings='ignore'.",
}

_FEW_WORDS = 5


def fix(rule: str, text: str) -> str:
    """Say what to do about one message; never empty.

    Args:
        rule: ``html.source``, ``html.css``, ``html.dom`` or ``html.warning``.
        text: the checker's message.
    """
    known = next(filter(None, (_apply(text, f) for f in FIXES)), "")
    if text.startswith("CSS: ") and "““" in text:
        return "Write straight quotes, \" or ': typographic ones begin no text in CSS."
    own = ALWAYS.get(rule) or known or _of_last_resort(text)
    return f"{own} {SCRIPTED}".strip() if rule == "html.dom" else own


def _of_last_resort(text: str) -> str:
    start = " ".join(text.split()[:_FEW_WORDS]).rstrip(".,:")
    return (
        "Change the marked markup so that the message no longer holds, or, where it "
        f"must stay: html_validity(ignore=[{start!r}])"
    )


def _apply(text: str, candidate: tuple[str, str]) -> str:
    pattern, words = candidate
    found = re.search(pattern, text, re.DOTALL)
    return found.expand(words).replace("“", "").replace("”", "") if found else ""
