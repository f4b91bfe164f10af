"""``data/datapackage.json``: the tables described for other programs (Frictionless), made from the models."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from toolkit.errors import Finding, Severity
from toolkit.records.estimate import Estimate
from toolkit.records.search import Search
from toolkit.records.study import INHERITED, Study

if TYPE_CHECKING:
    from pathlib import Path

    from toolkit.records.fields import Record

DATAPACKAGE = "data/datapackage.json"


def datapackage() -> dict[str, Any]:
    """The description of ``data/`` as a Frictionless Data Package (specifications at specs.frictionlessdata.io)."""
    studies = _resource("studies", "The studies: one row a piece of research on one sample.", Study)
    estimates = _resource("estimates", "The estimates: one row an effect, figures as printed.", Estimate)
    estimates["schema"]["foreignKeys"] = [
        {"fields": "study", "reference": {"resource": "studies", "fields": "study"}},
    ]
    searches = _resource("searches", "The searches: one row a file of one search, as it was imported.", Search)
    texts = [
        ("principle", "The document under review and its claims."),
        ("questions", "The questions (PECO) by which each claim is tested, with their plans."),
    ]
    return {
        "profile": "data-package",
        "name": "evidence-review",
        "title": "Evidence on the claims of a drug policy principle",
        "resources": [
            *(
                {"name": name, "path": f"{name}.toml", "description": text, "format": "toml", "encoding": "utf-8"}
                for name, text in texts
            ),
            studies,
            estimates,
            searches,
        ],
    }


def datapackage_text() -> str:
    """The description as it stands in the file."""
    return json.dumps(datapackage(), indent=2, ensure_ascii=False) + "\n"


def schema_findings(root: Path) -> list[Finding]:
    """A finding where ``data/datapackage.json`` is not what the models say."""
    hint = "run `evidence schema` to write it anew"
    try:
        current = (root / DATAPACKAGE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return [Finding(Severity.ERROR, DATAPACKAGE, "missing-file", "the file is missing", hint)]
    except UnicodeDecodeError:
        return [Finding(Severity.ERROR, DATAPACKAGE, "encoding", "is not UTF-8", hint)]
    if current == datapackage_text():
        return []
    return [Finding(Severity.ERROR, DATAPACKAGE, "stale-schema", "differs from the models of the records", hint)]


def _resource(name: str, description: str, model: type[Record]) -> dict[str, Any]:
    schema = model.model_json_schema()
    fields = [_field(column, model, schema) for column in model.model_fields]
    return {
        "profile": "tabular-data-resource",
        "name": name,
        "path": f"{name}.csv",
        "description": description,
        "format": "csv",
        "encoding": "utf-8",
        "schema": {"fields": fields, "primaryKey": fields[0]["name"], "missingValues": [""]},
    }


def _field(column: str, model: type[Record], schema: dict[str, Any]) -> dict[str, Any]:
    info = model.model_fields[column]
    definition = schema["properties"][column]
    options = [_resolved(option, schema) for option in definition.get("anyOf", [definition])]
    constraints: dict[str, Any] = {}
    for option in options:
        constraints |= {name: option[name] for name in ("enum", "pattern") if name in option}
    inherited = model is Estimate and column in INHERITED
    if info.is_required() and not inherited:
        constraints["required"] = True
    if column == next(iter(model.model_fields)):
        constraints["unique"] = True
    field = {
        "name": column,
        "type": "number" if any(_is_number(option) for option in options) else "string",
        "description": info.description,
    }
    return field | ({"constraints": constraints} if constraints else {})


def _resolved(option: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    reference = option.get("$ref")
    return schema["$defs"][reference.rsplit("/", 1)[-1]] if reference else option


def _is_number(option: dict[str, Any]) -> bool:
    """Whether a branch of a field's JSON schema takes numbers (a ``Decimal`` takes a number or its text)."""
    return option.get("type") == "number" or any(_is_number(branch) for branch in option.get("anyOf", ()))
