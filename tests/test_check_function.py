"""check() from Python: what it returns is what the command says, in every form."""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from judged import BACKWARD, FORWARD, LOSS, displayed

import handgrad
from handgrad.check.checking import check_file
from handgrad.check.options import Options
from handgrad.check.reporting.terminal import to_text

NOTES = Path(__file__).parents[1] / "examples" / "notes.md"


@pytest.fixture(scope="module")
def checked():
    return handgrad.check(NOTES.read_text(encoding="utf-8"), name="notes.md")


def test_it_is_the_function_also_after_its_rooms_were_imported():
    module = import_module("handgrad.check.checking")
    assert handgrad.check is module.check
    code = "import handgrad.check.reporting.terminal, handgrad; from handgrad.check import tree; print(callable(handgrad.check))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "True\n"


def test_the_notes_have_the_mistakes_that_were_put_into_them(checked):
    assert isinstance(checked, handgrad.Checked)
    assert [finding.code for finding in checked.findings if finding.verdict == "wrong"] == ["HG002", "HG001", "HG006", "HG004"]
    assert checked.count("unread", "other") == 0
    assert checked.missing == ("the updates of W and b",)


def test_corrected_notes_are_clean():
    text = NOTES.read_text(encoding="utf-8")
    for finding in handgrad.check(text).findings:
        if finding.correction is not None:
            text = text.replace(finding.formula, finding.correction)
    again = handgrad.check(text)
    assert (again.count("right", "convention"), again.count("wrong", "unread")) == (12, 0)


FILES = {
    "main.tex": [*FORWARD, LOSS, BACKWARD["dW1"], BACKWARD["db1"], r"b^{[1]} = b^{[1]} - \alpha dW^{[1]}"],
    "back.tex": [BACKWARD["dZ2"], BACKWARD["dW2"].replace("]T}", "]}"), BACKWARD["dZ1"].replace("]T}", "]}")],
}
CORRECTIONS = [
    ("back.tex", 4, "HG002", r"dW^{[2]} = \frac{1}{m} dZ^{[2]} (A^{[1]})^{T}"),
    ("back.tex", 6, "HG002", r"dZ^{[1]} = (W^{[2]})^{T} dZ^{[2]} \odot relu'(Z^{[1]})"),
    (None, 16, "HG013", r"b^{[1]} = b^{[1]} - \alpha db^{[1]}"),
]


def test_files_of_one_document_are_read_in_order_each_with_its_own_lines(tmp_path):
    first, back = (displayed(*formulas) for formulas in FILES.values())
    forward, rest = first[: first.index("$$dW")], first[first.index("$$dW") :]
    (tmp_path / "main.tex").write_text(f"{forward}Now back: \\input{{back}} and\n{rest}", encoding="utf-8")
    (tmp_path / "back.tex").write_text(f"\n{back}", encoding="utf-8")
    checked = check_file(tmp_path / "main.tex", Options())
    wrong = [finding for finding in checked.findings if finding.verdict == "wrong"]
    assert [(f.file and Path(f.file).name, f.line, f.code, f.correction) for f in wrong] == CORRECTIONS
    joined = handgrad.check(forward + back + rest, name="joined.tex")
    assert [(f.formula, f.verdict, f.correction, f.marked) for f in joined.findings] == [
        (f.formula, f.verdict, f.correction, f.marked) for f in checked.findings
    ]


def test_its_text_is_the_report(checked):
    assert f"{checked}\n" == checked.to_text() == to_text([checked])
    assert len(checked.to_text(quiet=True).splitlines()) == 5
    assert "the correction gives" in checked.to_text(witness=True)
    assert "understood: " in checked.to_text(show=True)
    assert max(map(len, checked.to_text(60).splitlines())) <= 60


def test_its_other_forms_have_every_mistake(checked):
    corrections = {finding.correction for finding in checked.findings if finding.correction}
    assert len(corrections) == 4
    for correction in corrections:
        assert f"+ {correction}" in checked.to_markdown()
    assert "HG006" in checked._repr_html_()
    assert checked.to_html().startswith("<!DOCTYPE html>")
    (document,) = json.loads(checked.to_json())["documents"]
    assert {formula["correction"] for formula in document["formulas"]} == {*corrections, None}


def test_what_is_stated_counts():
    text = "$dZ = A - Y$, where $A = \\sigma(Z)$ and $Z = W X + b$"
    settings = [dict(handgrad.check(text, loss=loss).setting) for loss in ("binary_cross_entropy", "half_squared_error")]
    assert settings[0] != settings[1]
    with pytest.raises(handgrad.HandgradError, match="layout is one of columns, rows, single"):
        handgrad.check(text, layout="diagonal")
    with pytest.raises(TypeError, match="colour"):
        handgrad.check(text, colour="red")


def test_the_name_says_what_kind_of_text_it_is():
    code = "dZ = A - Y\nfor i in range(3):\n    A = 2\n"
    assert any("a loop is not read" in remark.message for remark in handgrad.check(code, name="notes.py").remarks)
