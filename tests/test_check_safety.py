"""Documents are untrusted: whatever stands in one, there is a report, in time, and neither a traceback nor a warning."""

import json
import math
import time
from typing import get_args

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nasty import FILES, MARKDOWN, NASTY, PIECES, TEXTS
from typer.testing import CliRunner

from handgrad.check import checking
from handgrad.check.checking import check_file, check_text
from handgrad.check.findings import Checked, Verdict
from handgrad.check.judging import limits
from handgrad.check.options import Options
from handgrad.check.parsing import parse
from handgrad.check.parsing.bounds import DEEPEST, LARGEST, bounded
from handgrad.check.tree import Unreadable
from handgrad.cli.check import check
from handgrad.errors import HandgradError


@pytest.fixture(autouse=True)
def _little_time(monkeypatch):
    """What takes long is cut short sooner than it is for people."""
    monkeypatch.setattr(checking, "SECONDS", 1.0)


def reported(checked: Checked) -> None:
    """Whatever a report holds, it can be written in every format, and its places are in order."""
    for finding in checked.findings:
        assert finding.verdict in get_args(Verdict)
        assert (finding.line, finding.column) <= (finding.end_line, finding.end_column)
        assert finding.message or finding.verdict != "unread"
        assert (finding.code is None) == (finding.verdict != "wrong")
    for text in (str(checked), checked.to_text(30, show=True, witness=True), checked.to_text(quiet=True), checked.to_markdown()):
        assert isinstance(text, str)
    json.loads(checked.to_json(), parse_constant=pytest.fail)  # NaN and Infinity are no JSON


def tried(text: str, name: str) -> Checked | None:
    """The report, or None where it is refused with a sentence."""
    try:
        return check_text(text, name, Options())
    except HandgradError:
        return None


def run(*arguments: str) -> tuple[int, str, str]:
    app = typer.Typer()
    app.command()(check)
    result = CliRunner().invoke(app, [*arguments], env={"COLUMNS": "100"})
    if isinstance(result.exception, HandgradError):
        raise result.exception
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("name", NASTY)
def test_a_nasty_text_gets_its_report_in_time(name):
    begin = time.monotonic()
    checked = tried(NASTY[name], "notes.md")
    assert time.monotonic() - begin < 10
    if checked is not None:
        reported(checked)


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_the_command_reports_each_file_and_stops_at_none(form, tmp_path, monkeypatch):
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "good.md").write_text(MARKDOWN)
    monkeypatch.chdir(tmp_path)
    code, out, err = run("--format", form, *FILES, "folder", "good.md")
    assert code in {1, 2}
    assert "good.md" in out
    assert "root:" not in out
    assert not any(word in err + out for word in ("Traceback", "Warning", "fault of handgrad"))


@pytest.mark.parametrize("name", FILES)
def test_a_nasty_file_gets_its_report(name, tmp_path):
    for each, content in FILES.items():
        (tmp_path / each).write_bytes(content)
    try:
        checked = check_file(tmp_path / name, Options())
    except HandgradError:
        assert name in {"cut.ipynb", "list.ipynb", "deep.ipynb", "number.ipynb", "zero.md"}
    else:
        reported(checked)


def test_what_nobody_foresaw_is_told_of_the_file_and_stops_nothing(monkeypatch):
    def failing(path, _options):
        if path.name == "bad.md":
            raise KeyError("gone")
        return Checked(str(path))

    monkeypatch.setattr(checking, "check_file", failing)
    code, out, err = run("bad.md", "good.md")
    assert code == 2
    assert "good.md" in out
    assert "bad.md" in err
    assert "please report it" in err
    assert "Traceback" not in out + err


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, str]:
    """A derivation with some characters and lines left out, doubled, exchanged or put in, and what kind of file it is."""
    suffix = draw(st.sampled_from(sorted(TEXTS)))
    text = TEXTS[suffix]
    for _ in range(draw(st.integers(1, 6))):
        lines = text.split("\n")
        at, other = draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))
        line, second = draw(st.integers(0, len(lines) - 1)), draw(st.integers(0, len(lines) - 1))
        match draw(st.integers(0, 6)):
            case 0:
                text = text[:at] + text[at + 1 :]
            case 1:
                text = text[: max(at, other)] + text[min(at, other) :][:200]
            case 2:
                text = text[:at] + draw(st.sampled_from(PIECES)) + text[at:]
            case 3:
                lines[line], lines[second] = lines[second], lines[line]
                text = "\n".join(lines)
            case 4:
                text = "\n".join([*lines[: line + 1], *lines[line:]])
            case 5:
                text = "\n".join(lines[:line] + lines[line + 1 :])
            case _:
                text = text[:at] + draw(st.text(max_size=8)) + text[at:]
    return suffix, text


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(mutated())
def test_a_mutated_derivation_gets_its_report(document):
    suffix, text = document
    checked = tried(text, f"notes{suffix}")
    if checked is not None:
        reported(checked)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from([*PIECES, " ", "a", "W", "z_1", "x", "+", "-", "1", "\n"]), max_size=40).map("".join),
    st.sampled_from(sorted(TEXTS)),
)
def test_any_tokens_get_a_report(text, suffix):
    checked = tried(text, f"notes{suffix}")
    if checked is not None:
        reported(checked)


def test_a_document_that_takes_too_long_says_so_of_each_relation(monkeypatch):
    monkeypatch.setattr(checking, "SECONDS", 0.0)
    monkeypatch.setattr(checking, "PARSED", math.inf)
    late = check_text(MARKDOWN, "notes.md", Options())
    monkeypatch.setattr(checking, "PARSED", 0.0)
    unread = check_text(MARKDOWN, "notes.md", Options())
    for checked, share in (
        (late, 6),
        (unread, 2),
    ):  # of inline formulas that are not parsed nobody knows whether they are relations
        assert len(checked.findings) >= share
        assert all("takes too long" in finding.message for finding in checked.findings)
        assert not checked.count("right", "wrong")


def test_what_is_larger_than_a_file_may_be_is_refused():
    with pytest.raises(HandgradError, match="more than 5000000 characters"):
        check_text("x = 1\n" * 900_000, "notes.md", Options())


def test_time_limits_nest():
    assert not limits.late()
    with limits.until(-math.inf):
        assert limits.late()
        with limits.until(math.inf):
            assert limits.late()
    assert not limits.late()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x = " + " + ".join(["a"] * (LARGEST + 1)), "more than"),
        ("x = " + "-" * (DEEPEST + 1) + "a", "too deeply"),
        ("x = 2 + 1e999", "too large"),
        ("x = a + b", None),
    ],
)
def test_a_side_that_is_too_large_is_told_as_such(text, reason):
    (statement,) = bounded(parse(text))
    side = statement.sides[1]
    assert reason in side.reason if isinstance(side, Unreadable) else reason is None
