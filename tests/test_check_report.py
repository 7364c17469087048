"""What a check says, from findings made by hand: every format, what fits a line, and how the command ends."""

import io
import json
import re
import sys

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from typer.testing import CliRunner

from handgrad.calculus.boxes import columns
from handgrad.check import checking
from handgrad.check.findings import Checked, Finding, Remark, Witness
from handgrad.check.options import Options
from handgrad.check.reporting.data import to_data
from handgrad.check.reporting.markdown import to_document
from handgrad.check.reporting.terminal import print_to, shortened, to_text
from handgrad.check.reporting.words import Tally, cleaned, in_order, next_steps, split
from handgrad.cli.check import check
from handgrad.errors import HandgradError

WIDTHS = (60, 80, 100)
WITNESS = Witness((("dA[2]", "[[-2, 1]]"), ("Z[2]", "[[0, 2],\n [1, 3]]")), "dZ[2]", "0.119", "-0.5", "-0.5", "entry (1, 1)")


def found(formula, verdict="right", line=12, column=5, part=None, **more):
    """A finding; `part` is what is marked of the formula."""
    marked = None if part is None else (formula.index(part), formula.index(part) + len(part))
    return Finding(line, column, line, column + len(formula), formula, "as read", verdict, marked=marked, **more)


SLOPE = found(
    r"dZ^{[2]} = \sigma(dA^{[2]})", "wrong", code="HG007", part=r"\sigma(dA^{[2]})", message="σ stands where its slope belongs.",
    correction=r"dZ^{[2]} = dA^{[2]} \odot \sigma'(Z^{[2]})", witness=WITNESS,
)  # fmt: skip
REPEATED = found("dA = 2", "wrong", 20, code="HG099", message="Not so.", follows=12)
NOTE = found("dZ = A - Y", "convention", 14, message="1/m is kept for dW.")
UNREAD = found(r"\frac{x}{", "unread", 15, message="a { is not closed")
OTHER = found("L = 3", "other", 16)
LOST = Remark(9, 1, None, "A $$ is opened here and not closed.")
ROWS = Remark(30, 2, "HG021", "Each row is said to be an example, but the equations need columns.")
NOTES = Checked(
    "notes.md",
    (("layers", "2: relu, sigmoid"), ("loss", "cross-entropy, which the gradient at the output is of")),
    (found("Z = W A", line=10), SLOPE, NOTE, UNREAD, OTHER, REPEATED),
    ("the loss", "the updates"),
    (ROWS, LOST),
)
CLEAN = Checked("clean.md", findings=(found("Z = W A"), found("A = relu(Z)", line=13)))
LOST_FILE = Checked("gone.md", error="there is no file gone.md")
EMPTY = Checked("empty.md")
LONG = found(
    r"\frac{\partial J}{\partial W^{[1]}} &=" + "\n\t" + r"\left(W^{[2]T} 誤差 \odot g^{[1]}(Z^{[1]})\right) X^T" + " 終" * 90,
    "wrong", code="HG007", part="g^{[1]}(Z^{[1]})", correction="g' " * 90, message="日本語 " * 40, witness=WITNESS,
)  # fmt: skip


def everything(width, **options):
    return to_text([NOTES, Checked("ノート.md", findings=(LONG,)), LOST_FILE, EMPTY, CLEAN], width, **options)


def test_a_mistake_as_a_compiler_says_it():
    assert r"""
notes.md:12:5: HG007 σ stands where its slope belongs.
    | dZ^{[2]} = \sigma(dA^{[2]})
    |            ^^^^^^^^^^^^^^^^
    = correction: dZ^{[2]} = dA^{[2]} \odot \sigma'(Z^{[2]})
    = witness: dZ[2] (entry (1, 1)): the formula gives 0.119, measured by nudging: -0.5; corrected: -0.5

notes.md:14:5: note: 1/m is kept for dW.

notes.md:20:5: HG099 Not so.
    | dA = 2
    = note: follows from the mistake in line 12
""" in to_text([NOTES], 120)


def test_the_setting_comes_first_and_what_was_not_read_last():
    lines = to_text([NOTES], 60).splitlines()
    assert lines[:4] == [
        "notes.md is read as",
        "  layers  2: relu, sigmoid",
        "  loss    cross-entropy, which the gradient at the output is",
        "          of",
    ]
    start = lines.index("never stated: the loss; the updates")
    assert " ".join("\n".join(lines[start - 3 : start]).split()) == str(Tally.of([NOTES]))
    assert lines[start + 1 : start + 4] == ["not read:", "  notes.md:15:5: a { is not closed", ""]
    assert lines[start + 4].startswith("next: Correct the first mistake")
    assert "`handgrad check --explain HG007`" in "\n".join(lines[start:])


def test_the_counts():
    assert str(Tally.of([NOTES])) == (
        "read 4 of 5 relations: 1 right, 1 by convention, 2 wrong from 1 slip; 1 not read; 1 about something else; "
        "1 mistake outside the relations"
    )
    assert str(Tally.of([CLEAN])) == "read 2 of 2 relations: 2 right, none wrong"
    assert str(Tally.of([EMPTY])) == "no relations about dense networks were found"
    assert str(Tally.of([Checked("", findings=(UNREAD,))])) == "read 0 of 1 relation; 1 not read"
    assert str(Tally(wrong=9, slips=9, right=9, convention=1, unread=1)) == (
        "read 19 of 20 relations: 9 right, 1 by convention, 9 wrong from 9 different slips; 1 not read"
    )
    assert Tally.of([NOTES, CLEAN]) == Tally(right=3, convention=1, wrong=2, slips=1, unread=1, other=1, remarks=1)
    assert (Tally.of([EMPTY]).share, Tally.of([NOTES]).share) == (0, 0.8)


@pytest.mark.parametrize("documents", [[CLEAN], [EMPTY], [CLEAN, EMPTY], [Checked("", findings=(OTHER,))]])
@pytest.mark.parametrize("quiet", [True, False])
def test_nothing_is_called_right_without_how_many_were_read(documents, quiet):
    text = to_text(documents, quiet=quiet)
    for checked in documents:
        assert str(Tally.of([checked])) in text
    assert not re.search("all (right|good|correct)|no mistakes", text)


def test_remarks_stand_where_they_belong():
    places = [(each.line, type(each)) for each in in_order(NOTES)]
    assert [line for line, _ in places] == [9, 10, 12, 14, 15, 16, 20, 30]
    included = Checked("", findings=(found("a", line=50, file="other.tex"), found("b", line=12)), remarks=(LOST,))
    assert [each.line for each in in_order(included)] == [50, 9, 12]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("options", [{}, {"witness": True}, {"show": True}, {"witness": True, "show": True}])
def test_no_line_is_wider_than_the_terminal(width, options):
    lines = everything(width, **options).splitlines()
    assert max(map(columns, lines)) <= width
    assert not any(line != line.rstrip() for line in lines)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_carets_are_under_what_is_wrong(width):
    lines = to_text([Checked("ノート.md", findings=(LONG,))], width).splitlines()
    (number,) = (n for n, line in enumerate(lines) if "^^^" in line)
    formula, carets = lines[number - 1], lines[number]
    start = columns(formula[: formula.index("g^{[1]}(Z^{[1]})")])
    assert carets == "    |" + " " * (start - 5) + "^" * 16
    assert formula.endswith("…")
    assert "\t" not in formula


@given(st.text("a 終\u0301ü", max_size=40), st.text("w 誤", max_size=12), st.text("b終", max_size=40), st.integers(20, 70))
def test_a_formula_is_cut_around_what_is_marked(before, inside, after, room):
    parts = shortened(before, inside, after, room)
    text = "".join(parts)
    assert columns(text) <= room
    if columns(before + inside + after) <= room:
        assert parts == (before, inside, after)
    else:
        assert "…" in text
        assert before.endswith(parts[0].removeprefix("…"))
        assert after.startswith(parts[2].removesuffix("…"))
        if columns(inside) + 2 < room:
            assert parts[1] == inside


@given(st.text("ab \n\t終\u202e\x1b", max_size=30), st.data())
def test_a_formula_on_one_line_keeps_its_mark(formula, data):
    start = data.draw(st.integers(0, len(formula)))
    end = data.draw(st.integers(start, len(formula)))
    before, inside, after = split(formula, (start, end))
    assert before + inside + after == cleaned(formula).strip()
    assert inside.strip() == cleaned(formula[start:end]).strip()


def test_nothing_steers_the_terminal():
    nasty = found("a = \x1b[31m\u202eb\x07", "wrong", code="HG003", message="\x1b]0;x\x07", correction="\x1b[2J", part="a")
    for text in (to_text([Checked("\x1b.md", (("a\x1b", "b\x1b"),), (nasty,))], show=True, witness=True), cleaned("\x1b")):
        assert not set(text) & {"\x1b", "\x07", "\u202e"}
        assert "\ufffd" in text


def test_a_witness_in_full():
    assert """
    = witness: dZ[2], entry (1, 1), worked out with
        dA[2]  [[-2, 1]]
        Z[2]   [[0, 2],
                [1, 3]]

        the formula gives     0.119
        measured by nudging   -0.5
        the correction gives  -0.5
""" in to_text([NOTES], witness=True)
    true = Witness((), "A[1]", "-2", "0", how="true")
    assert str(true) == "A[1]: the formula gives -2, true: 0"


def test_right_ones_are_listed_where_that_is_asked_for():
    assert "notes.md:10:5" not in to_text([NOTES])
    text = to_text([NOTES], show=True)
    assert "notes.md:10:5: right\n    | Z = W A\n    = understood: as read\n" in text
    assert "notes.md:15:5: not read: a { is not closed\n" in text
    assert "notes.md:16:5: other: not an equation about a dense network\n" in text


def test_places_in_notebooks_and_included_files():
    each = (found("a", "wrong", code="HG003", cell=3), found("b", "wrong", code="HG003", file="part.tex"))
    text = to_text([Checked("a.ipynb", findings=each)], quiet=True)
    assert text.startswith("a.ipynb:cell 3:12:5: HG003\npart.tex:12:5: HG003\n")


def test_quiet_is_a_line_for_each_mistake_and_the_counts():
    lines = to_text([NOTES, CLEAN], 60, quiet=True).splitlines()
    assert [line.split(" ")[0] for line in lines] == [
        "notes.md:9:1:", "notes.md:12:5:", "notes.md:20:5:", "notes.md:30:2:", "notes.md:", "clean.md:",
    ]  # fmt: skip


def test_many_files_end_in_a_table():
    lines = [line.split() for line in everything(100).splitlines()]
    table = lines[lines.index(["5", "files"]) :]
    assert ["file", "read", "right", "convention", "wrong", "slips", "remarks"] in table
    assert ["notes.md", "4", "of", "5", "1", "1", "2", "1", "1"] in table
    assert ["gone.md", "not", "checked"] in table
    assert ["empty.md", "0", "of", "0", "0", "0", "0", "0", "0"] in table


@pytest.mark.parametrize("colour", [True, False])
def test_on_a_terminal_there_are_colours_unless_they_are_not_wanted(colour):
    console = Console(file=io.StringIO(), force_terminal=True, color_system="standard", no_color=not colour, width=80)
    print_to([NOTES], console)
    text = console.file.getvalue()
    assert ("\x1b[1;31m" in text) is colour
    plain = "\n".join(line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines())
    assert plain + "\n" == to_text([NOTES], 80)


def test_a_document_of_a_megabyte_is_reported_in_time():
    huge = found("a " * 500_000, "wrong", code="HG003", part="a", correction="b " * 500_000, message="c" * 500_000)
    assert max(map(len, to_text([Checked("huge.md", findings=(huge,))]).splitlines())) <= 100


FORMULA_KEYS = [
    "line", "column", "end_line", "end_column", "formula", "understood", "verdict", "code", "message", "correction", "witness",
]  # fmt: skip


def test_the_data_of_a_report():
    data = json.loads(to_document([NOTES, LOST_FILE]).to("json"))
    assert data == json.loads(json.dumps(to_data([NOTES, LOST_FILE])))
    notes, gone = data["documents"]
    assert list(notes) == ["file", "setting", "missing", "remarks", "formulas"]
    assert notes["setting"]["layers"] == "2: relu, sigmoid"
    assert notes["missing"] == ["the loss", "the updates"]
    assert notes["remarks"][1] == {"line": 9, "column": 1, "code": None, "message": LOST.message}
    right, wrong, *_, repeated = notes["formulas"]
    assert list(right) == FORMULA_KEYS
    assert list(wrong) == [*FORMULA_KEYS, "marked"]
    assert wrong["marked"] == [11, 27]
    assert wrong["formula"][11:27] == r"\sigma(dA^{[2]})"
    assert wrong["witness"] == {
        "inputs": [{"name": "dA[2]", "value": "[[-2, 1]]"}, {"name": "Z[2]", "value": "[[0, 2],\n [1, 3]]"}],
        "quantity": "dZ[2]", "author": "0.119", "measured": "-0.5", "corrected": "-0.5", "entry": "entry (1, 1)",
        "how": "measured by nudging", "text": str(WITNESS),
    }  # fmt: skip
    assert repeated["follows"] == 12
    assert (gone["error"], gone["formulas"]) == ("there is no file gone.md", [])


def test_data_of_scopes_notebooks_and_odd_names():
    each = found("a\ud800", cell=3, file="b.tex")
    data = to_data([Checked("\udcff.md", (("loss", "one"), ("loss", "two")), (each,))])["documents"][0]
    assert data["setting"] == {"loss": "one; two"}
    assert (data["formulas"][0]["cell"], data["formulas"][0]["file"], data["formulas"][0]["formula"]) == (3, "b.tex", "a?")
    json.dumps(data, ensure_ascii=False).encode()


def test_markdown():
    text = to_document([NOTES, LOST_FILE], witness=True, show=True).to("markdown")
    assert "### notes.md:12:5: HG007 function for its slope" in text
    assert f"```diff\n- {SLOPE.formula}\n+ {SLOPE.correction}\n```" in text
    assert "| measured by nudging | `-0.5` |" in text
    assert "- notes.md:15:5: `\\frac{x}{` a { is not closed" in text
    assert "Follows from the mistake in line 12." in text
    assert "| 10:5 | `Z = W A` | `as read` | right |" in text
    assert "- the updates" in text
    assert "> there is no file gone.md" in text
    assert "| gone.md | not checked |" in text
    assert "Witness: dZ" in to_document([NOTES]).to("markdown")


@pytest.mark.parametrize("checked", [NOTES, CLEAN, EMPTY, Checked("", findings=(UNREAD,))])
def test_every_reader_is_told_what_to_do_next(checked):
    steps = next_steps(checked)
    assert steps
    assert all(step.endswith(".") for step in steps)


# The command, with a check that finds what was made by hand


DOCUMENTS = {each.file: each for each in (NOTES, CLEAN, EMPTY, Checked("unread.md", findings=(UNREAD,)))}
HALF = Checked("half.md", findings=(found("a"), UNREAD))


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run the command: (exit code, standard output, standard error); `run.options` are those of the last check."""

    def check_file(path, options):
        call.options = options
        if str(path) == "deep.md":
            raise RecursionError
        if str(path) == "half.md":
            return HALF
        if str(path) not in DOCUMENTS:
            raise HandgradError(f"there is no file {path}")
        return DOCUMENTS[str(path)]

    def check_text(text, name, options):
        call.options = options
        return Checked(name, findings=(found(text),))

    def call(*arguments, given=b""):
        app = typer.Typer()
        app.command()(check)
        result = CliRunner().invoke(app, list(map(str, arguments)), input=given, env={"COLUMNS": "100"})
        if isinstance(result.exception, Exception):
            raise result.exception
        return result.exit_code, result.stdout, result.stderr

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(checking, "check_file", check_file)
    monkeypatch.setattr(checking, "check_text", check_text)
    return call


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["clean.md"], 0),
        (["notes.md"], 1),
        (["clean.md", "notes.md"], 1),
        (["gone.md"], 2),
        (["notes.md", "gone.md", "clean.md"], 2),
        (["clean.md", "deep.md"], 2),
        (["empty.md"], 3),
        (["unread.md"], 3),
        (["clean.md", "unread.md"], 3),
        (["clean.md", "empty.md"], 0),
        (["half.md"], 0),
        (["half.md", "--min-read", "0.5"], 0),
        (["half.md", "--min-read", "0.51"], 3),
        (["clean.md", "half.md", "--min-read", "1"], 3),
        (["notes.md", "--min-read", "1"], 1),
        (["clean.md", "--min-read", "1"], 0),
    ],
)
@pytest.mark.parametrize("form", [[], ["--format", "json"], ["--format", "markdown"]])
def test_how_it_ends(run, arguments, code, form):
    assert run(*arguments, *form)[0] == code


def test_one_bad_file_never_stops_the_rest(run):
    _, out, err = run("gone.md", "notes.md", "deep.md", "clean.md")
    assert err == "handgrad: there is no file gone.md\nhandgrad: deep.md: something is nested too deeply\n"
    assert "notes.md:12:5: HG007" in out
    assert "clean.md: no setting" in out
    assert "4 files" in out
    _, out, err = run("gone.md", "notes.md", "--format", "json")
    assert [each.get("error") for each in json.loads(out)["documents"]] == ["there is no file gone.md", None]
    assert run("gone.md") == (2, "", "handgrad: there is no file gone.md\n")


def test_standard_input(run):
    code, out, _ = run("-", "--format", "json", given="\ufeffdZ = dA ⊙ σ'(Z)".encode())
    (document,) = json.loads(out)["documents"]
    assert (code, document["file"], document["formulas"][0]["formula"]) == (0, "<stdin>", "dZ = dA ⊙ σ'(Z)")
    code, out, err = run("-", given=b"a\xff")
    assert (code, out, err) == (2, "", "handgrad: <stdin>: not UTF-8 at byte 2\n")


def test_what_is_stated_reaches_the_check(run):
    run("clean.md", "--network", "2-3:tanh-1", "--loss", "huber", "--layout", "rows", "--weights", "in-out")
    assert run.options == Options("2-3:tanh-1", "huber", "rows", "in-out")


def test_piped_text_has_no_colour(run):
    assert "\x1b" not in run("notes.md")[1]
    assert run("notes.md")[1] == to_text([NOTES], 100)
    assert run("notes.md", "--show", "--witness")[1] == to_text([NOTES], 100, show=True, witness=True)
    assert run("notes.md", "--quiet")[1] == to_text([NOTES], quiet=True)


@pytest.mark.parametrize(("name", "starts"), [("r.txt", "notes.md is read as"), ("r.md", "# Der"), ("r.json", "{")])
def test_a_report_is_written_to_a_file(run, tmp_path, name, starts):
    assert run("notes.md", "--out", name) == (1, "", f"written to {name}\n")
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(starts)


def test_a_kind_is_explained(run):
    code, out, _ = run("--explain", "HG007")
    assert code == 0
    assert "HG007 function for its slope" in out
    assert "dZ = relu(dA)" in out
    assert re.search(r"measured by nudging +-3\n", out)
    assert "HG099" in run("--explain", "all")[1]
    assert json.loads(run("--explain", "sign", "--format", "json")[1])["code"] == "HG003"
    assert run("--explain", "HG019", "--format", "markdown")[1].startswith("# HG019 undefined symbol\n")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "name files to check, or - for standard input"),
        (["-", "-"], "standard input can be read once"),
        (["notes.md", "--min-read", "2"], "a share from 0 to 1, but 2"),
        (["notes.md", "--min-read", "nan"], "a share from 0 to 1, but nan"),
        (["notes.md", "--layout", "cols"], "layout is one of columns, rows, single, but 'cols'"),
        (["notes.md", "--weights", "rows"], "weights is one of out-in, in-out, but 'rows'"),
        (["notes.md", "--loss", "hubr"], "did you mean 'huber'"),
        (["notes.md", "--network", "3"], "3"),
        (["notes.md", "--network", "3-2:sofmax"], "did you mean 'softmax'"),
        (["notes.md", "--format", "jsn"], "did you mean 'json'"),
        (["notes.md", "--format", "html"], "there is no format 'html'"),
        (["notes.md", "--quiet", "--show"], "--quiet leaves one line"),
        (["notes.md", "--quiet", "--format", "json"], "--quiet leaves one line"),
        (["--explain", "HG098"], "there is no kind of mistake 'HG098'"),
        (["notes.md", "--explain", "HG001"], "checks no files"),
        (["notes.md", "--out", "nowhere/r.md"], "cannot write to nowhere/r.md"),
        (["kept.md", "--out", "kept.md"], "would write over kept.md"),
        (["kept.md", "--out", "./kept.md"], "would write over kept.md"),
    ],
)
def test_bad_input_is_one_clear_error(run, tmp_path, arguments, says):
    (tmp_path / "kept.md").write_text("kept")
    with pytest.raises(HandgradError, match=re.escape(says)) as caught:
        run(*arguments)
    assert "\n" not in str(caught.value)
    assert (tmp_path / "kept.md").read_text() == "kept"


# Options


def test_front_matter_is_below_what_is_given():
    matter = {"layout": "rows", "handgrad-loss": "huber(2)", "weights": "in_out", "network": "2-3:tanh-1", "title": "x"}
    assert Options(loss="squared_error").merged(matter) == Options("2-3:tanh-1", "squared_error", "rows", "in-out")
    assert Options().merged(matter).loss == "huber(2)"
    assert Options().merged({}) == Options()


def test_front_matter_of_other_programs_is_left_aside():
    assert Options().merged({"layout": "post", "network": "social", "loss": "none", "weights": "bold"}) == Options()
    assert Options().merged({"layout": "post", "handgrad-layout": "rows"}).layout == "rows"
    with pytest.raises(HandgradError, match="layout is one of"):
        Options().merged({"handgrad-layout": "post"})


def test_the_command_is_there_and_loads_what_it_needs_when_it_is_used(monkeypatch):
    from handgrad.cli import app

    monkeypatch.delitem(sys.modules, "handgrad.check.reporting.terminal", raising=False)
    result = CliRunner().invoke(app, ["check", "--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    assert all(word in result.stdout for word in ("--min-read", "--explain", "--witness", "standard input", "Exit codes"))
    assert "handgrad.check.reporting.terminal" not in sys.modules
