"""handgrad explain: iterations of training worked through with numbers."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, NoReturn

import numpy as np
import typer

from handgrad.calculus.notation import NOTATIONS, find_notation
from handgrad.catalogue.optimisers import OPTIMISERS
from handgrad.catalogue.schedules import SCHEDULES
from handgrad.cli.console import note
from handgrad.cli.output import SET, SUFFIXES, deliver, format_of, is_model, require_apart, require_writable
from handgrad.cli.tables import DATA, Decimal, Delimiter, Encoding, Header, Reading, is_dataset, known, with_labels
from handgrad.document.blocks import Document
from handgrad.document.formats import FORMATS
from handgrad.errors import HandgradError
from handgrad.explain.explanation import Explanation
from handgrad.explain.explanation import explain as work_through
from handgrad.explain.inputs import (
    Table,
    data_set,
    explain_model,
    parse_examples,
    parse_rows,
    parse_targets,
    read_parameters,
    rows_for,
    untrained,
    whole_table,
)
from handgrad.model import Model
from handgrad.network import Network, Parameters
from handgrad.tables.frames import as_frame
from handgrad.tables.reading import open_table


@dataclass(frozen=True)
class Asked:
    """The examples as the options have them."""

    x: str | None
    y: str | None
    data: str | None
    rows: str | None
    target: str | None
    reading: Reading


ON_PAGE = 10
"""So many iterations are on a page by default, so that there is a curve of the loss."""
HEAVY = 20_000_000
"""A page of more characters takes seconds to open."""
NEEDED = 'give examples as --x "0.5,-1; 2,0.3" --y "1; 0", or rows of a table as --data iris --rows 0,5,7'


def explain(
    network: Annotated[str, typer.Argument(help="Widths and activations, as 2-3:tanh-1:sigmoid, or a .safetensors model file.")],
    x: Annotated[str | None, typer.Option(help='Inputs of the examples: "0.5,-1; 2,0.3" is two examples of two inputs.')] = None,
    y: Annotated[
        str | None, typer.Option(help='Targets of the examples, as "1; 0"; classes by number from 0, or by a model\'s names.')
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help=f"{DATA} A model scales or encodes it "
            "as when it was trained; with drawn weights inputs and numbers to predict are standardised over the table, with "
            "--weights they are taken as they are."
        ),
    ] = None,
    rows: Annotated[
        str | None, typer.Option(help="Rows of --data, counted from 0 (the first after a CSV file's header). By default 0.")
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="The column of a file that holds the targets. By default the one that the model learnt.")
    ] = None,
    delimiter: Delimiter = None,
    header: Header = None,
    encoding: Encoding = None,
    decimal: Decimal = None,
    weights: Annotated[
        Path | None, typer.Option(help='A JSON file {"W": \\[W1, W2, …], "b": \\[b1, b2, …]}, W as rows, one for each unit.')
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seeds the first weights, where none are given. By default 0.")] = None,
    loss: Annotated[str | None, typer.Option(help="A loss, as cross_entropy. By default the one the outputs go with.")] = None,
    l2: Annotated[float | None, typer.Option(help="λ of the penalty λ/2 ΣW² in the loss.")] = None,
    iterations: Annotated[
        int | None, typer.Option(help=f"How many steps, all with these examples. By default 1, on a page {ON_PAGE}.")
    ] = None,
    learning_rate: Annotated[float | None, typer.Option(help="The step size α. By default the update rule's usual one.")] = None,
    optimiser: Annotated[
        str,
        typer.Option(help=f"The update rule: {', '.join(OPTIMISERS)}; with other numbers as adam(beta1=0.9, weight_decay=0.1)."),
    ] = "gradient_descent",
    schedule: Annotated[
        str | None,
        typer.Option(help=f"The learning rate's schedule: {', '.join(SCHEDULES)}; as cosine(warmup=0.05). A step is an epoch."),
    ] = None,
    notation: Annotated[str, typer.Option(help=f"How equations are written: {', '.join(NOTATIONS)}.")] = "ng",
    choices: Annotated[list[str] | None, typer.Option("--set", metavar="CHOICE=VALUE", help=SET)] = None,
    one_over_m: Annotated[str, typer.Option(help="Where 1/m stands: in dW (and db), or in dZ.")] = "dW",
    neuron: Annotated[str | None, typer.Option(help="One unit alone: 2:5 is unit 5 of layer 2, counted from 1.")] = None,
    weight: Annotated[
        str | None,
        typer.Option(
            help="One weight alone: 1:3,7 is the weight from input 7 to unit 3 of layer 1, which is w_37, or w_73 in "
            "notations where W is turned; 1:3 is the unit's bias."
        ),
    ] = None,
    example: Annotated[int | None, typer.Option(help="One example alone, counted from 1; with --neuron, the unit on it.")] = None,
    digits: Annotated[int, typer.Option(help="Significant digits of the numbers.")] = 4,
    full: Annotated[bool, typer.Option("--full", help="Work every layer and every iteration through.")] = False,
    format_name: Annotated[
        str | None, typer.Option("--format", help=f"{', '.join(FORMATS)}. By default text, or what --out ends in.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write to this file.")] = None,
    page: Annotated[
        Path | None,
        typer.Option(
            help="Write a page, one HTML file, on which one steps through the iterations, forward and back; --neuron, --weight and "
            "--example are what it opens with; - is standard output. Text is written as well where --out or --format ask for it."
        ),
    ] = None,
) -> None:
    """Work iterations of training through: symbols = numbers = result, what moved and why, and the health of the run.

    handgrad explain 2-3:sigmoid-2:sigmoid --loss squared_error --x "0.5,-1" --y "1,0"
    """
    form = format_of(format_name, out, SUFFIXES)
    given = Asked(x, y, data, rows, target, Reading(delimiter, header, encoding, decimal))
    _check_together(given)
    require_apart(out, "the explanation", network, data, weights)
    place = None if page is not None and str(page) == "-" else page
    require_apart(place, "the page", network, data, weights, others=[out])
    require_writable(place, "the page")
    alone = page is not None and out is None and format_name is None
    if page is not None and place is None and format_name is not None and out is None:
        raise HandgradError("the page and the text cannot both go to standard output; name a file for one")
    if alone and full:
        raise HandgradError("a page has every layer and iteration, so that --full goes with --out or --format alone")
    if not alone:
        _check_parts({"--neuron": neuron, "--weight": weight, "--example": example, "--full": full or None})
    chosen = _chosen(neuron, weight, example)
    if seed is not None and seed < 0:
        raise HandgradError(f"--seed is a whole number, 0 or more, but {seed} was given")
    if iterations is None:
        iterations = 1 if page is None else ON_PAGE
    options: dict[str, Any] = {
        "iterations": iterations, "learning_rate": learning_rate, "optimiser": optimiser, "schedule": schedule, "digits": digits,
        "one_over_m": one_over_m, "notation": find_notation(notation).choose(choices or ()),
    }  # fmt: skip
    if is_model(network, {"--loss": loss, "--l2": l2, "--weights": weights, "--seed": seed}):
        found = _of_model(Path(network), given, options)
    else:
        found = _of_network(Network(network, loss=loss, l2=l2 or 0.0), (weights, seed), given, options)
    if page is not None:
        written = found.to_page(**chosen)
        deliver(written, place)
        if len(written) > HEAVY:
            note(f"it has {len(written) / 1e6:.0f} MB, which a browser opens slowly; with fewer --iterations or rows it is smaller")
    if not alone:
        deliver(_document(found, chosen, full=full), out, form)


def _check_together(given: Asked) -> None:
    """Refuse options of which one would be left aside: examples come from --x and --y, or from a table."""
    if given.data is not None and given.x is not None:
        raise HandgradError("examples come from --x and --y or are rows of --data, but both were given")
    if given.data is not None and given.y is not None and given.target is not None:
        raise HandgradError("targets come from --y or from the column --target, but both were given")
    of_table = {"rows": given.rows, "target": given.target, **given.reading.given}
    lonely = next((name for name, value in of_table.items() if value is not None), None)
    if given.data is None and lonely is not None:
        raise HandgradError(f"--{lonely} is of a table, but no --data was given")
    if given.data is not None:
        given.reading.require_file(given.data, target=given.target)


def _check_parts(given: dict[str, object]) -> None:
    """Refuse two parts at once; an example goes with a neuron, which is shown on it."""
    named = [name for name, value in given.items() if value is not None]
    if len(named) > 1 and named != ["--neuron", "--example"]:
        raise HandgradError(f"{named[0]} and {named[1]} ask for two things; give one of them")


def _of_model(path: Path, given: Asked, options: Any) -> Explanation:
    model = Model.load(path)
    how = "scaled" if model.table is None else "encoded from a table's columns"
    remark = f"The weights are those of {path.name}; inputs are {how} as when it was trained."
    if given.data is not None:
        places = _places(given)
        return _rows(model, _of_data(model, given.data, given, places), places, given, [remark], options)
    if model.table is not None:
        raise HandgradError(f"the inputs of {path.name} are encoded from a table's columns: give rows as --data FILE --rows 0,5,7")
    X, y = _examples(given)
    return explain_model(model, parse_examples(X, "x"), _answers(y, model), remarks=[remark], **options)


def _of_data(model: Model, data: str, given: Asked, places: list[int]) -> Table:
    """The rows asked for, as the model takes them; their targets are those of --target or else the column that it learnt."""
    if is_dataset(data):
        return data_set(data).rows(places)
    target = None if given.y is not None else given.target or model.target or _no_targets(data)
    wanted = [*(model.features if model.table is None else model.table.inputs), *([] if target is None else [target])]
    with known(data):
        file = given.reading.open(Path(data), Reading.of_training(model), wanted)
    file, target = with_labels(file, target)
    return rows_for(model, file, places, target)


def _of_network(network: Network, start: tuple[Path | None, int | None], given: Asked, options: Any) -> Explanation:
    weights, seed = start
    if weights is not None and seed is not None:
        raise HandgradError("weights come from --weights or are drawn with --seed, but both were given")
    parameters = Parameters.draw(network, seed or 0) if weights is None else read_parameters(weights, network)
    remark = f"First weights are drawn with seed {seed or 0}." if weights is None else f"First weights are those of {weights.name}."
    if given.data is not None:
        places, read = _places(given), _whole(given.data, given)
        model = untrained(network, parameters, read, scaled=weights is None)
        scaling = (
            f"Inputs are standardised over all {len(read.X)} rows of {read.name}." if weights is None else "Inputs are not scaled."
        )
        return _rows(model, read.rows(places), places, given, [remark, scaling], options)
    X, y = _examples(given)
    return replace(
        work_through(network, parameters, parse_examples(X, "x"), parse_targets(y, network), **options), remarks=(remark,)
    )


def _whole(data: str, given: Asked) -> Table:
    """A table with all of its rows."""
    if is_dataset(data):
        return data_set(data)
    with known(data):
        file = open_table(data, **given.reading.given)
    return whole_table(*with_labels(file, None if given.y is not None else given.target or _no_targets(data)))


def _no_targets(data: str) -> NoReturn:
    raise HandgradError(f"{data} needs targets: name their column with --target, or give them with --y")


def _examples(given: Asked) -> tuple[str, str]:
    if given.x is None or given.y is None:
        missing = "no examples were given" if given.x is None and given.y is None else "--x and --y go together, but one is missing"
        raise HandgradError(f"{missing}: {NEEDED}")
    return given.x, given.y


def _answers(y: str, model: Model) -> list[Any]:
    """Targets as text: classes by name or number, or numbers."""
    if model.classes is not None or model.table is not None:
        return [part.strip() for part in y.split(";") if part.strip()]
    return list(parse_examples(y, "y"))


def _places(given: Asked) -> list[int]:
    return parse_rows("0" if given.rows is None else given.rows)


def _rows(model: Model, read: Table, places: list[int], given: Asked, remarks: list[str], options: Any) -> Explanation:
    """The rows asked for, explained."""
    answers = _answers(given.y, model) if given.y is not None else list(read.y or ())
    if len(answers) != len(places):
        raise HandgradError(f"--rows and --y have as many entries, but {len(places)} and {len(answers)} were given")
    labels = [f"row {place}" for place in places]
    where = f"The examples are rows of {read.name}, counted from 0."
    X = read.X if model.table is None or not isinstance(read.X, np.ndarray) else as_frame(read.X, read.features)
    return explain_model(model, X, answers, labels=labels, remarks=[*remarks, where], **options)


def _chosen(neuron: str | None, weight: str | None, example: int | None) -> dict[str, Any]:
    """The parts that were asked for, as numbers."""
    found: dict[str, Any] = {} if example is None else {"example": example}
    if neuron is not None:
        found["neuron"] = _numbers(neuron, 2, "--neuron is layer:unit, as in 2:5")
    if weight is not None:
        found["weight"] = _numbers(weight, 3, "--weight is layer:unit,input, as in 1:3,7, or layer:unit for a bias")
    return found


def _document(found: Explanation, chosen: dict[str, Any], *, full: bool) -> Document:
    """The whole, or the part that was asked for."""
    if "neuron" in chosen:
        layer, unit = chosen["neuron"]
        return found.neuron(layer, unit, chosen.get("example", 1))
    if "weight" in chosen:
        layer, j, *k = chosen["weight"]
        return found.weight(layer, j, *k) if k else found.bias(layer, j)
    return found.example(chosen["example"]) if "example" in chosen else found.document(full=full)


def _numbers(text: str, most: int, form: str) -> tuple[int, ...]:
    words = text.replace(":", ",", 1).split(",")
    if ":" not in text or not 2 <= len(words) <= most or not all(word.strip().isdecimal() for word in words):
        raise HandgradError(f"{form}, but {text!r} was given")
    return tuple(int(word) for word in words)
