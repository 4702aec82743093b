"""The program that draws one document, alone in its process: a JSON object on standard input, the PDF on standard output.

``press`` starts it. It has no database, no network and no secrets, little memory and little time; what it draws sits in a folder of its
own, so that nothing else can be read. A document that cannot be drawn ends it with 1 and a reason on standard error.
"""

from __future__ import annotations

import base64
import json
import resource
import shutil
import sys
import tempfile
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, Self

MEMORY = 2 * 1024**3
"""Bytes of addresses; a document of a thousand lines takes an eighth of them."""
SECONDS = 20
"""Of the processor."""

_HERE = Path(__file__).parent


def main() -> int:
    """Read, draw, write."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    given = json.load(sys.stdin.buffer)
    try:
        content = _draw(given)
        if given["xml"]:
            content = _with_xml(content, given)
    except (RuntimeError, MemoryError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.buffer.write(content)
    return 0


def _draw(given: dict[str, Any]) -> bytes:
    import typst

    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(_HERE / "fonts")]
    )  # the same on every machine
    with tempfile.TemporaryDirectory(prefix="bordereau-") as folder:
        root = Path(folder)
        shutil.copy(_HERE / "style.typ", root)
        (root / "data.json").write_text(json.dumps(given["sheet"]), encoding="utf-8")
        if given["logo"]:
            (root / given["sheet"]["logo"]).write_bytes(base64.b64decode(given["logo"]))
        compiler = typst.Compiler(
            str(root / "style.typ"),
            root=str(root),
            font_paths=fonts,
            ignore_system_fonts=True,
            package_path=str(root),  # no package is ever looked up or fetched
            package_cache_path=str(root),
        )
        made = compiler.compile(format="pdf", pdf_standards=["a-3b"], timestamp=given["timestamp"])
    if not isinstance(made, bytes):
        raise RuntimeError("no PDF was made")  # noqa: TRY004 - said as every other failure
    return made


def _with_xml(content: bytes, given: dict[str, Any]) -> bytes:
    """The PDF with the invoice for machines inside, as Factur-X asks. ``factur-x`` writes the moment of its work into it three times: here
    time stands still at the document's own, so that the same document stays the same bytes.
    """
    import facturx.facturx

    moment = datetime.fromtimestamp(given["timestamp"], UTC)

    class Standing(datetime):
        """A clock for one document."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls.fromtimestamp(moment.timestamp(), tz)

    facturx.facturx.datetime = Standing
    sheet = given["sheet"]
    made = facturx.facturx.generate_from_binary(
        content,
        given["xml"].encode("utf-8"),
        flavor="factur-x",
        level="en16931",
        check_xsd=False,  # judged before, with more than that (`checking`)
        pdf_metadata={
            "author": sheet["seller"]["name"],
            "title": sheet["heading"],
            "subject": sheet["heading"],
            "keywords": "Factur-X",
        },
        lang=sheet["lang"],
        afrelationship="data",
    )
    assert isinstance(made, bytes)
    return made


if __name__ == "__main__":
    sys.exit(main())
