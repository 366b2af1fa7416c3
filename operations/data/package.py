"""All of a selection in one archive: a Frictionless Data Package with its codebook, its citation and its manifest."""

import hashlib
import io
import json
import zipfile
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .. import queries
from ..selections import Selection
from . import codebook, writers
from .asked import Asked
from .citing import CENTRE, address, citation
from .making import Document
from .tables import FIGURES, STATUSES, Column, totals_columns

PIECE = 256 * 1024
TYPES = {
    "month": "yearmonth",
    "value": "number",
    "revision": "integer",
    "reports_expected": "integer",
    "reports_in": "integer",
    "not_available": "integer",
    "complete": "boolean",
    "decimals": "integer",
    "valid_from": "date",
    "valid_to": "date",
}
OPTIONAL = (
    "value",
    "revision",
    "parent",
    "short_name",
    "definition",
    "counting_rule",
    "valid_from",
    "valid_to",
)


def package_zip(question: Asked, coverage: tuple[int, int]) -> Document:
    """The archive; it counts the rows of the figures in it."""
    plain = Asked(question.selection)
    figures = writers.figures_csv(plain, coverage)
    totals = writers.totals_csv(plain, coverage)
    words = codebook.rows(question.selection.operation, queries.entered(question.selection))

    def write(sink):
        # What cannot be sought in is never gone back to: what is written can be sent at once.
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            files = [
                _add(archive, "figures.csv", figures.rows, figures.write),
                _add(archive, "totals.csv", totals.rows, totals.write),
                _add_bytes(archive, "codebook.csv", len(words), codebook.written_csv(words)),
            ]
            read_me = _read_me(question.selection, coverage, files)
            files.append(_add_bytes(archive, "README.md", None, read_me.encode()))
            files.append(_add_bytes(archive, "datapackage.json", None, _json(descriptor(question, files))))
            _add_bytes(archive, "manifest.json", None, _json(manifest(question.selection, coverage, files)))

    return Document(figures.rows, write)


def manifest_json(question: Asked, coverage: tuple[int, int]) -> Document:
    """What the files of a selection are to be: rows, bytes, SHA-256, and the sum of each indicator."""
    plain = Asked(question.selection)
    documents = {
        "figures.csv": writers.figures_csv(plain, coverage),
        "totals.csv": writers.totals_csv(plain, coverage),
    }

    def write(sink):
        files = []
        for name, document in documents.items():
            counted = Counted(None)
            with io.BufferedWriter(counted, PIECE) as output:
                document.write(output)
            files.append(counted.told(name, document.rows) | {"address": address(question.selection, name)})
        sink.write(_json(manifest(question.selection, coverage, files)))

    return Document(len(documents), write)


def manifest(selection: Selection, coverage: tuple[int, int], files: list[dict]) -> dict:
    """By what it can be proved that the files are whole and which they are. Sums are text, exact, or null."""
    found, expected = coverage
    entered = set(queries.entered(selection))
    return {
        "operation": selection.operation.code,
        "release": selection.version,
        "released_at": selection.release.at.isoformat() if selection.release else None,
        "demonstration": selection.operation.is_demonstration,
        "address": address(selection, "figures.csv"),
        "reports": {"expected": expected, "in": found},
        "files": files,
        "sums": {
            total.indicator: {"value": _number(total.value), "unit": total.unit}
            for total in queries.totals(selection)
            if total.indicator in entered
        },
    }


def descriptor(question: Asked, files: list[dict]) -> dict:
    """datapackage.json: what is in the archive, with a schema for each table."""
    selection = question.selection
    operation = selection.operation
    version = "live" if selection.is_live else f"release-{selection.version}"
    told = {file["path"]: file for file in files}
    demonstration = [_("A demonstration: the figures are invented.")] if operation.is_demonstration else []
    content = {
        "profile": "data-package",
        "name": f"{operation.code}-{version}".lower().replace("_", "-"),
        "title": f"{operation.label}, {version}",
        "description": " ".join([*demonstration, citation(selection, "figures.csv")]),
        "homepage": address(selection, "figures.csv"),
        "version": selection.version,
        "contributors": [{"title": CENTRE, "role": "publisher"}],
        "resources": [
            _resource(
                told["figures.csv"],
                FIGURES,
                ["agency", "month", "indicator"],
                foreignKeys=[
                    {
                        "fields": ["indicator"],
                        "reference": {"resource": "codebook", "fields": ["indicator"]},
                    }
                ],
            ),
            _resource(told["totals.csv"], totals_columns(()), ["indicator"]),
            _resource(told["codebook.csv"], codebook.COLUMNS, ["indicator"]),
        ],
    }
    if selection.release:
        content["created"] = selection.release.at.isoformat()
    return content


def _resource(file: dict, columns: tuple[Column, ...], key: list[str], **more) -> dict:
    return {
        "profile": "tabular-data-resource",
        "name": file["path"].partition(".")[0],
        "path": file["path"],
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": file["bytes"],
        "hash": f"sha256:{file['sha256']}",
        "schema": {
            "fields": [_field(column) for column in columns],
            "missingValues": [""],
            "primaryKey": key,
            **more,
        },
    }


def _field(column: Column) -> dict:
    field = {
        "name": column.name,
        "type": TYPES.get(column.name, "string"),
        "description": str(column.meaning),
    }
    constraints = {} if column.name in OPTIONAL or column.name == "operations" else {"required": True}
    if column.name == "obs_status":
        constraints["enum"] = list(STATUSES)
    return field | ({"constraints": constraints} if constraints else {})


def _read_me(selection: Selection, coverage: tuple[int, int], files: list[dict]) -> str:
    """A page of Markdown for people, in the language asked for."""
    found, expected = coverage
    reports = ngettext("%(in)s of %(expected)s report", "%(in)s of %(expected)s reports", expected)
    lines = [f"# {selection.operation.label}", ""]
    if selection.operation.is_demonstration:
        lines += [_("A demonstration: the figures are invented."), ""]
    lines += [reports % {"in": found, "expected": expected}, ""]
    lines += [f"- `{file['path']}`: {_rows(file)}" for file in files]
    lines += [
        "- `datapackage.json`: " + _("what the columns mean, for programs (frictionlessdata.io)"),
        "- `manifest.json`: " + _("rows, sums and SHA-256, to prove that the files are whole"),
        "",
        _("Values are exact decimals. An empty value is not 0: obs_status says why there is none."),
        "",
        *[f"- `{code}`: {meaning}" for code, meaning in STATUSES.items()],
        "",
        _("Cite as:"),
        "",
        f"> {citation(selection, 'figures.csv')}",
        "",
    ]
    return "\n".join(lines)


def _rows(file: dict) -> str:
    return ngettext("%(count)s row", "%(count)s rows", file["rows"]) % {"count": file["rows"]}


class Counted(io.RawIOBase):
    """Hands on what is written (None: to nobody) and knows how much it was and its SHA-256."""

    def __init__(self, sink):
        self._sink, self._size, self._digest = sink, 0, hashlib.sha256()

    def writable(self):
        return True

    def write(self, piece):
        if self._sink:
            self._sink.write(piece)
        self._digest.update(piece)
        self._size += len(piece)
        return len(piece)

    def told(self, path: str, rows: int | None) -> dict:
        told = {"path": path, "bytes": self._size, "sha256": self._digest.hexdigest()}
        return told if rows is None else told | {"rows": rows}


def _add(archive: zipfile.ZipFile, path: str, rows: int | None, write) -> dict:
    info = zipfile.ZipInfo(path)  # dated 1980, so that the same files make the same archive
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    with archive.open(info, "w", force_zip64=True) as entry:
        counted = Counted(entry)
        output = io.BufferedWriter(counted, PIECE)
        write(output)
        output.flush()
    return counted.told(path, rows)


def _add_bytes(archive: zipfile.ZipFile, path: str, rows: int | None, content: bytes) -> dict:
    return _add(archive, path, rows, lambda output: output.write(content))


def _json(content) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n"


def _number(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
