"""bpmn.io opens what we draw: without a warning, with every name inside the room that was kept for it, and saves it as the same process."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route

from engine.definitions.store import read_folder
from engine.model.bpmn_reader import read_processes
from engine.model.bpmn_writer_diagram import draw_processes
from engine.model.bundle import read_bundle
from engine.model.elements import Process
from engine.model.short_form import read_short_form
from tests.browser.frontend.harness import DIST, ROOT, Harness
from tests.engine.model.drawn import random_processes
from tests.engine.model.short_form.drawing import text

logging.getLogger("werkzeug").setLevel(logging.ERROR)

FILES = (
    "tests/benchmarks/inputs/o2c-30.bpmn",
    "tests/golden/bundles/expedition/expedition.bpmn",
    "tests/engine/model/files/events.bpmn",
    "tests/engine/model/files/undoing.bpmn",
)
SHIPPED = sorted((ROOT / "processes").glob("*/process.yaml"))
FEW, MANY = 8, int(os.environ.get("PROPERTIES", "500"))
PARTS = range(4)
"""The many go over the processors in that many parts."""
PAGE = (
    '<!doctype html><html lang="fr"><head><title>Drawings</title><link rel="icon" href="/icon.svg"></head>'
    '<body><div id="canvas" style="height: 800px"></div></body></html>'
)
FONTS = ("Liberation Sans", "DejaVu Sans")
"""As wide as Arial, and what a Debian machine without it draws in. Of those that are missing here the browser takes another."""
OPEN = """async ([chunk, xml, fontFamily, labels]) => {
  const found = Object.values(await import(chunk));
  const Viewer = found.find((each) => typeof each === "function" && each.prototype?._navigationModules);
  const container = document.querySelector("#canvas");
  container.replaceChildren();
  const viewer = new Viewer({ container, textRenderer: { defaultStyle: { fontFamily }, externalStyle: { fontFamily } } });
  viewer.on("import.parse.complete", ({ elementsById }) => {
    for (const [id, name] of Object.entries(labels)) if (elementsById[id]) elementsById[id].name = name;
  });
  const { warnings } = await viewer.importXML(xml);
  const tight = [];
  const broken = [];
  let names = 0;
  for (const element of viewer.get("elementRegistry").getAll()) {
    const text = viewer.get("elementRegistry").getGraphics(element)?.querySelector(":scope > .djs-visual > text");
    if (!text || !text.textContent) continue;
    names += 1;
    const words = new Set(element.businessObject.name.split(/[\\s-]+/));
    const isRole = /Lane|Participant/.test(element.type); // as high as its rows, and a role asks nothing
    for (const line of text.querySelectorAll("tspan")) {
      const found = line.textContent.trim().split(/[\\s-]+/).filter(Boolean);
      const isAlone = !isRole && /^[?!:;»]$/.test(found.join(""));
      if (isAlone || found.some((each) => !words.has(each))) broken.push([element.id, line.textContent]);
    }
    const kept = element.type === "label" ? element.di.label?.bounds : element;
    const box = text.getBBox();
    if (!kept || box.width > kept.width + 4 || box.height > kept.height + 3) {
      tight.push([element.id, text.textContent, box.width, box.height, kept?.width, kept?.height]);
    }
  }
  const saved = await viewer.saveXML();
  viewer.destroy();
  return { warnings: warnings.map((each) => each.message), names, tight, broken, saved: saved.xml };
}"""


@pytest.fixture
def drawings(clean_page: Page) -> Iterator[Page]:
    """An empty page beside the built viewer."""

    def answer(route: Route) -> None:
        route.fulfill(content_type="text/html", body=PAGE)

    with Harness() as harness:
        clean_page.route("**/drawings", answer)
        clean_page.goto(f"{harness.url}/drawings")
        yield clean_page


def chunk() -> str:
    """The address of the built viewer."""
    manifest = json.loads((DIST / "manifest.json").read_text("utf-8"))
    (name,) = (each["file"] for each in manifest.values() if each.get("name") == "NavigatedViewer")
    return f"/static/dist/{name}"


def look(page: Page, xml: bytes, labels: Mapping[str, str]) -> dict[str, Any]:
    """What bpmn.io makes of a file whose elements are called as ``labels`` say: in every font nothing is too tight."""
    found: dict[str, Any] = {}
    for font in FONTS:
        found = page.evaluate(OPEN, [chunk(), xml.decode("utf-8"), font, labels])
        assert found["warnings"] == []
        assert found["tight"] == []
        assert found["broken"] == []
    return found


def open_(page: Page, processes: tuple[Process, ...]) -> None:
    found = look(page, draw_processes(processes), {})
    assert found["names"] >= sum(bool(node.name) for process in processes for node in process.nodes.values())
    if (
        "complexBehaviorDefinition" not in found["saved"]
    ):  # bpmn.io saves what is in it under other names, whoever drew it
        assert read_processes(found["saved"].encode(), "x.bpmn") == processes


def short_form(seed: int) -> tuple[Process]:
    """A random process written in YAML."""
    return (read_short_form(text(seed).encode(), "p.yaml").process,)


def test_drawings_open_in_the_viewer(drawings: Page) -> None:
    for name in FILES:
        open_(drawings, read_processes(Path(ROOT / name).read_bytes(), name))
    for seed in range(1, 1 + FEW):
        open_(drawings, random_processes(seed))
        open_(drawings, short_form(seed))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_what_ships_is_drawn_with_room_for_both_languages(drawings: Page, path: Path) -> None:
    bundle = read_bundle(read_folder(path.parent))
    for identity, process in bundle.model.processes.items():
        found = look(drawings, bundle.diagram_of(identity), {})
        assert found["names"] >= sum(bool(node.name) for node in process.nodes.values())
        assert read_processes(found["saved"].encode(), "x.bpmn") == (process,)
        look(drawings, bundle.diagram_of(identity), {each: names["en"] for each, names in bundle.names.items()})


@pytest.mark.long(minutes=2)
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("part", PARTS)
def test_many_drawings_open_in_the_viewer(drawings: Page, part: int) -> None:
    for seed in range(1 + FEW, 1 + FEW + MANY)[part :: len(PARTS)]:
        open_(drawings, random_processes(seed))


@pytest.mark.long(minutes=3)
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("part", PARTS)
def test_many_short_forms_open_in_the_viewer(drawings: Page, part: int) -> None:
    for seed in range(1 + FEW, 1 + FEW + MANY)[part :: len(PARTS)]:
        open_(drawings, short_form(seed))
