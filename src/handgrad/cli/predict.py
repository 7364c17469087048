"""handgrad predict: read a model file back and predict."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from handgrad.cli.console import emit, note
from handgrad.datasets import READERS, read_dataset, read_inputs
from handgrad.errors import DataError
from handgrad.model import Model
from handgrad.model_file import write_beside


def predict(
    model: Annotated[Path, typer.Argument(help="A model file that handgrad train wrote.")],
    data: Annotated[str, typer.Argument(help=f"A .csv or .npy file of inputs, or a bundled data set: {', '.join(READERS)}.")],
    out: Annotated[Path | None, typer.Option(help="Write the predictions to this file, one a line.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one line of JSON: the predictions and, where known, the score.")
    ] = False,
) -> None:
    """Predict with a trained model: one class or number a line, in the order of the rows.

    Columns of a CSV file are found by the names that the model knows, in any order. For a bundled data set the score over all
    of its rows goes to the error stream.
    """
    loaded = Model.load(model)
    score = None
    if data in READERS and not Path(data).is_file():
        examples = read_dataset(data)
        X = examples.X
        score = (
            loaded.score(X, examples.y) if (examples.classes, X.shape[1]) == (loaded.classes, loaded.network.widths[0]) else None
        )
    else:
        X = read_inputs(Path(data), loaded.features)
    predicted = loaded.predict(X)
    shown: list[Any] = [loaded.classes[c] for c in predicted] if loaded.classes else predicted.tolist()
    lines = "".join(f"{' '.join(map(str, line)) if isinstance(line, list) else line}\n" for line in shown)
    if out is not None:
        try:
            write_beside(out, lines.encode())
        except OSError as error:
            raise DataError(f"cannot write the predictions to {out}: {error.strerror or error}") from None
    if as_json:
        emit(json.dumps({"predictions": shown} | ({} if score is None else {"score": score})) + "\n")
    elif out is None:
        emit(lines)
    if score is not None and not as_json:
        note(f"{loaded.metric} over all {len(X)} rows of {data}, those trained on included: {score:.4f}")
