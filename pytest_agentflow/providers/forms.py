"""The fields of a multipart form, which picture edits are sent as."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pytest_agentflow.model.call import Request

_BOUNDARY = re.compile(rb'boundary="?([^";,\s]+)')
_NAME = re.compile(rb'name="([^"]*)"')


def form_fields(request: Request) -> Mapping[str, str]:
    """Give the text fields of a multipart form; of a file only its field's name.

    The boundary is read off the body where the header was not kept; the first of
    several fields with one name counts. What is no form has no fields.
    """
    fields: dict[str, str] = {}
    for head, content in _parts(request):
        name = _NAME.search(head)
        if name is not None:
            value = "" if b"filename=" in head else content.decode("utf-8", "replace")
            fields.setdefault(name[1].decode("utf-8", "replace"), value)
    return fields


def _parts(request: Request) -> Iterator[tuple[bytes, bytes]]:
    boundary = _boundary(request)
    if not boundary:
        return
    for part in request.body.split(b"--" + boundary)[1:]:
        head, blank, content = part.partition(b"\r\n\r\n")
        if blank:
            yield head, content.removesuffix(b"\r\n")


def _boundary(request: Request) -> bytes:
    for name, value in request.headers:
        found = _BOUNDARY.search(value.encode("utf-8", "replace"))
        if name == "content-type" and found:
            return found[1]
    first, _, _ = request.body.partition(b"\r\n")
    return first[2:] if first.startswith(b"--") else b""
