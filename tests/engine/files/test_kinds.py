"""Files are what their bytes are; names are made harmless."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.files.kinds import kind_of
from engine.files.names import LONGEST, safe_name


def archive(**members: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name, content in members.items():
            file.writestr(name.replace("__", "/"), content)
    return made.getvalue()


WORD = {"[Content_Types].xml": b"<x/>", "word__document.xml": b"<x/>"}
ODT = {"mimetype": b"application/vnd.oasis.opendocument.text"}


@pytest.mark.parametrize(
    ("content", "name", "extension"),
    [
        (b"%PDF-1.7 ...", "a.exe", "pdf"),
        (b"\x89PNG\r\n\x1a\n....", "a", "png"),
        (b"\xff\xd8\xff\xe0", "a.html", "jpg"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "a", "webp"),
        ("Bonjour à tous\r\n".encode(), "a.html", "txt"),
        (b"a;b\n1;2\n", "a.CSV", "csv"),
        (archive(**WORD), "a.zip", "docx"),
        (archive(**ODT), "a.zip", "odt"),
        (archive(**WORD, **{"word__vbaProject.bin": b"x"}), "a.docx", None),
        (archive(readme=b"x"), "a.docx", None),
        (b"PK\x03\x04 broken", "a.docx", None),
        (b"<html><script>alert(1)</script>", "a.txt", None),
        (b"  \n<svg onload=alert(1)>", "a.png", None),
        ("\ufeff<!doctype html>".encode(), "a.txt", None),
        (b"#!/bin/sh\nrm -rf /\n", "a.txt", None),
        (b"MZ\x90\x00", "a.pdf", None),
        (b"\x7fELF", "a.pdf", None),
        (b"GIF89a;<script>", "a.gif", "txt"),
        (b"caf\xe9", "a.txt", None),
        (b"a\0b", "a.txt", None),
        (b"   ", "a.txt", None),
        (b"", "a.pdf", None),
    ],
)
def test_what_a_file_is(content: bytes, name: str, extension: str | None) -> None:
    found = kind_of(content, name)
    assert (None if found is None else found.extension) == extension


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Devis n° 12.pdf", "Devis n° 12.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\a\\facture.PDF", "facture.pdf"),
        ("facture\u202efdp.exe", "facturefdp.exe.pdf"),
        ('a"; filename="b.exe', "a_ filename=_b.exe.pdf"),
        ("a\r\nSet-Cookie: x", "aSet-Cookie_ x.pdf"),
        ("<script>.pdf", "_script_.pdf"),
        ("", "fichier.pdf"),
        ("....", "fichier.pdf"),
        ("con", "fichier.pdf"),
        ("a.pdf.pdf", "a.pdf.pdf"),
        ("\0", "fichier.pdf"),
    ],
)
def test_names_are_made_harmless(name: str, expected: str) -> None:
    assert safe_name(name, "pdf") == expected


@given(st.text(max_size=300), st.sampled_from(["pdf", "txt"]))
def test_any_name_becomes_one_short_harmless_name(name: str, extension: str) -> None:
    found = safe_name(name, extension)
    assert found.endswith(f".{extension}")
    assert len(found) <= LONGEST
    assert not set(found) & set('/\\<>:"|?*%;\r\n\0')
    assert not found.startswith(".")
    assert safe_name(found, extension) == found or extension in found[:-4]


@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail(content: bytes) -> None:
    kind_of(content)
    kind_of(b"PK\x03\x04" + content)
