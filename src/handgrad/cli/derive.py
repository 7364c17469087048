"""handgrad derive: the whole derivation of a network, in the reader's notation."""

from pathlib import Path
from typing import Annotated

import typer

from handgrad.calculus.notation import NOTATIONS, find_notation
from handgrad.catalogue.optimisers import RULES
from handgrad.catalogue.schedules import SCHEDULES
from handgrad.cli.output import SET, SUFFIXES, deliver, format_of, is_model, require_apart
from handgrad.derivation import derive as derive_network
from handgrad.derivation.names import require_names
from handgrad.document.formats import FORMATS
from handgrad.errors import HandgradError
from handgrad.model import Model
from handgrad.network import Network

PROGRAM = "numpy"


def derive(
    network: Annotated[str, typer.Argument(help="Widths and activations, as 4-3:relu-2:softmax, or a .safetensors model file.")],
    loss: Annotated[str | None, typer.Option(help="A loss, as squared_error. By default the one the outputs go with.")] = None,
    notation: Annotated[str, typer.Option(help=f"The notation: {', '.join(NOTATIONS)}.")] = "ng",
    choices: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="CHOICE=VALUE", help=SET),
    ] = None,
    layers: Annotated[
        str, typer.Option(help="numbered (1, 2, 3), general (any layer l, the last L) or from_output (L, L-1).")
    ] = "numbered",
    one_over_m: Annotated[str, typer.Option(help="Where the mean over the examples is taken: dW or dZ.")] = "dW",
    optimiser: Annotated[
        str, typer.Option(help=f"The update rule: {', '.join(RULES)}; with other numbers as adam(beta1=0.9, weight_decay=0.1).")
    ] = "gradient_descent",
    schedule: Annotated[
        str | None, typer.Option(help=f"The learning rate's schedule: {', '.join(SCHEDULES)}; as cosine(warmup=0.05).")
    ] = None,
    l2: Annotated[float, typer.Option(help="λ of the penalty λ/2 ΣW² in the loss.")] = 0.0,
    label_smoothing: Annotated[float, typer.Option(help="The share ε that label smoothing moves.")] = 0.0,
    short: Annotated[bool, typer.Option("--short", help="The equations alone, without the reasoning.")] = False,
    step: Annotated[list[str] | None, typer.Option(help="Only the step of this name, as dZ2; it can be given again.")] = None,
    format_name: Annotated[
        str | None, typer.Option("--format", help=f"{', '.join(FORMATS)} or {PROGRAM} (a program to run).")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write to this file; its ending says the format where none is named.")] = None,
) -> None:
    """Write out forward pass, loss, backward pass and update of a network, with the reasons, every step checked by numbers."""
    require_apart(out, "the derivation", network)
    given = {"--loss": loss, "--l2": l2 or None, "--label-smoothing": label_smoothing or None}
    if is_model(network, given):
        made = Model.load(Path(network)).network
    else:
        made = Network(network, loss=loss, l2=l2, label_smoothing=label_smoothing)
    derivation = derive_network(made, one_over_m=one_over_m, optimiser=optimiser, schedule=schedule, layers=layers)
    written = find_notation(notation).choose(choices or ())
    require_names(derivation, written)
    name = format_of(format_name, out, {**SUFFIXES, PROGRAM: ".py"})
    if name == PROGRAM:
        if step or short:
            raise HandgradError("a program is whole: --step and --short do not go with it")
        deliver(derivation.to_numpy(written), out)
    else:
        deliver(derivation.document(written, reasons=not short, only=step or ()), out, name)
