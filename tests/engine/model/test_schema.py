from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from engine.model.schema import validate


def test_a_valid_file_has_no_problem(expedition_xml: str) -> None:
    assert validate(expedition_xml.encode(), "expedition.bpmn") == ()


def test_every_violation_is_named_with_element_and_line(expedition_xml: str) -> None:
    broken = expedition_xml.replace(
        '<bpmn:userTask id="load" name="Charger" />', '<bpmn:userTask id="load" nom="Charger" />'
    )
    broken = broken.replace('isSequential="true"', 'isSequential="perhaps"')
    problems = validate(broken.encode(), "expedition.bpmn")
    assert {(each.code, each.element_id) for each in problems} == {
        ("schema_violation", "load"),
        ("schema_violation", "pack"),
    }
    lines = broken.splitlines()
    for problem in problems:
        assert problem.place == str(problem.facts["line"])
        assert ("nom=" if problem.element_id == "load" else "perhaps") in lines[int(str(problem.place)) - 1]
        assert "{http" not in str(problem.facts["reason"])


def test_several_threads_validate_without_mixing_their_errors(expedition_xml: str) -> None:
    def count(number: int) -> tuple[int, int]:
        xml = expedition_xml.replace('id="load"', 'id="load" nom="x"') if number % 2 else expedition_xml
        return number % 2, len(validate(xml.encode(), f"{number}.bpmn"))

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(count, range(60))) == {(0, 0), (1, 1)}
