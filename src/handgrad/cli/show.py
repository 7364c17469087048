"""handgrad show: what is in a model file."""

import json
from pathlib import Path
from typing import Annotated

import typer

from handgrad.cli.console import emit
from handgrad.cli.model_page import describe, page
from handgrad.cli.output import SUFFIXES, deliver, format_of, require_apart
from handgrad.document.formats import FORMATS
from handgrad.errors import HandgradError, ModelFileError
from handgrad.model import Model
from handgrad.model_file import read_model_file


def show(
    model: Annotated[Path, typer.Argument(help="A model file: of handgrad train, or of an estimator's save.")],
    full: Annotated[bool, typer.Option("--full", help="All columns and classes, and all that is kept of the training.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
    format_name: Annotated[str | None, typer.Option("--format", help=f"{', '.join(FORMATS)}.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write to this file; its ending says the format where none is named.")] = None,
) -> None:
    """Show the network in a model file, how it takes a table, and how it was trained."""
    if as_json and format_name is not None:
        raise HandgradError("--json prints JSON, so that --format does not go with it")
    name = format_of(format_name, out, SUFFIXES)
    require_apart(out, "the description", model)
    loaded = Model.load(model)
    about, _ = read_model_file(model)
    names: tuple[str, ...] = ("handgrad", "numpy")
    versions = {library: str(about[library]) for library in names if library in about}
    try:
        if as_json:
            emit(json.dumps(describe(loaded, versions)) + "\n")
        if out is not None or not as_json:
            deliver(page(loaded, model, versions, full=full), out, name)
    except (RecursionError, UnicodeEncodeError) as error:
        why = "is nested too deeply" if isinstance(error, RecursionError) else "is no valid Unicode"
        raise ModelFileError(f"{model} is not a valid handgrad model: what it says of its training {why}") from None
