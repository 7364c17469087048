"""A report as plain data, for JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from handgrad.check.findings import Checked, Finding, Remark, Witness


def to_data(documents: Iterable[Checked]) -> dict[str, Any]:
    """The report of documents; every formula has all keys but those of its cell, file, what it follows from and what is marked."""
    return {"documents": [_unicode(_document(checked)) for checked in documents]}


def _document(checked: Checked) -> dict[str, Any]:
    setting: dict[str, str] = {}
    for what, value in checked.setting:  # one may be stated for several scopes
        setting[what] = f"{setting[what]}; {value}" if what in setting else value
    found: dict[str, Any] = {"file": checked.file, "setting": setting, "missing": list(checked.missing)}
    if checked.remarks:
        found["remarks"] = [_remark(remark) for remark in checked.remarks]
    if checked.error is not None:
        found["error"] = checked.error
    return found | {"formulas": [_formula(finding) for finding in checked.findings]}


def _formula(finding: Finding) -> dict[str, Any]:
    names = ("line", "column", "end_line", "end_column", "formula", "understood", "verdict", "code", "message", "correction")
    found = {name: getattr(finding, name) for name in names}
    found["witness"] = None if finding.witness is None else _witness(finding.witness)
    return found | {name: value for name in ("cell", "file", "follows", "marked") if (value := getattr(finding, name)) is not None}


def _remark(remark: Remark) -> dict[str, Any]:
    return {name: value for name, value in asdict(remark).items() if name != "cell" or value is not None}


def _witness(witness: Witness) -> dict[str, Any]:
    return asdict(witness) | {"inputs": [{"name": name, "value": value} for name, value in witness.inputs], "text": str(witness)}


def _unicode(value: Any) -> Any:
    """The same without halves of characters, which a file's name may hold and UTF-8 cannot."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case Mapping():
            return {_unicode(key): _unicode(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_unicode(inner) for inner in value]
        case _:
            return value
