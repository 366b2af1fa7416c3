"""How the files of rows are written: what each form is, and that its rows come from PostgreSQL as they are."""

import csv
import io
import json

from django.db import connection

from .. import queries, selections
from .asked import Asked
from .making import Document
from .tables import FIGURES, figures_wide_names, totals_columns, totals_rows, totals_wide

BOM = "\ufeff".encode()  # without it a spreadsheet takes UTF-8 for something else


def figures_csv(question: Asked, coverage: tuple[int, int]) -> Document:
    """The entered figures of a selection, one a row; in the wide layout a row for every report.

    No cell can be taken for a formula: all text is codes, which begin with a letter or a digit, and no value
    is negative.
    """
    selection = question.selection
    codes = queries.entered(selection)
    if question.is_wide:
        names, sql = figures_wide_names(codes), queries.figures_wide_sql(selection, codes)
        rows = coverage[1]
    else:
        names, sql = [column.name for column in FIGURES], queries.figures_sql(selection)
        rows = coverage[1] * len(codes)
    return Document(rows, lambda sink: _copy_csv(sink, names, sql, bom=question.bom))


def figures_sdmx_csv(question: Asked, coverage: tuple[int, int]) -> Document:
    """The same rows as SDMX-CSV 2.0. In SDMX too A, E, L, M and O say what they say here."""
    selection = question.selection
    sql = queries.figures_sql(selection, queries.SDMX)
    rows = coverage[1] * len(queries.entered(selection))
    return Document(rows, lambda sink: _copy_csv(sink, list(queries.SDMX), sql, bom=question.bom))


def figures_json(question: Asked, coverage: tuple[int, int]) -> Document:
    """The same rows as JSON; values are text, exact to the last digit, or null."""
    selection = question.selection
    sql = queries.figures_json_sql(selection)

    def write(sink):
        head = json.dumps(_head(question, coverage), ensure_ascii=False).encode()
        sink.write(head[:-1] + b', "rows": [\n')
        sink.flush()
        _copy(_Listed(sink), f"COPY ({sql}) TO STDOUT")  # no code has a character to escape
        sink.write(b"\n]}\n")

    return Document(coverage[1] * len(queries.entered(selection)), write)


def totals_csv(question: Asked, coverage: tuple[int, int]) -> Document:
    """The sums of a selection split by the columns asked for; in the wide layout the indicators side by side."""
    rows = totals_rows(question.selection, question.by)
    names = [column.name for column in totals_columns(question.by)]
    if question.is_wide:
        names, rows = totals_wide(rows, question.by)

    def write(sink):
        if question.bom:
            sink.write(BOM)
        text = io.TextIOWrapper(sink, encoding="utf-8", newline="")
        lines = csv.writer(text, lineterminator="\n")
        lines.writerow(names)
        lines.writerows([cell(row[name]) for name in names] for row in rows)
        text.detach()

    return Document(len(rows), write)


def totals_json(question: Asked, coverage: tuple[int, int]) -> Document:
    """The same sums as JSON; values are text, exact to the last digit, or null."""
    rows = totals_rows(question.selection, question.by)
    for row in rows:
        del row["operation"], row["release"]
    content = _head(question, coverage) | {"rows": rows}
    return Document(len(rows), lambda sink: sink.write(json.dumps(content, ensure_ascii=False).encode()))


def _head(question: Asked, coverage: tuple[int, int]) -> dict:
    selection, (found, expected) = question.selection, coverage
    return {
        "operation": selection.operation.code,
        "release": selection.version,
        **({"as_of": selections.written(selection.as_of)} if selection.as_of else {}),
        "demonstration": selection.operation.is_demonstration,
        "reports": {"expected": expected, "in": found},
    }


def _copy_csv(sink, names: list[str], sql: str, *, bom: bool) -> None:
    sink.write(BOM * bom + ",".join(names).encode() + b"\n")
    sink.flush()  # so that a reader hears at once that the file has begun
    _copy(sink, f"COPY ({sql}) TO STDOUT WITH (FORMAT csv)")


def _copy(sink, command: str) -> None:
    # COPY is no query of Django's, so its errors have to be made Django's here.
    with connection.cursor() as cursor, connection.wrap_database_errors:
        cursor.copy_expert(command, sink)


class _Listed:
    """Lines as the members of a list in JSON."""

    def __init__(self, sink):
        self._sink, self._between = sink, b""

    def write(self, line: bytes) -> None:
        self._sink.write(self._between + line[:-1])
        self._between = b",\n"


def cell(value) -> str:
    """A value of a row as a CSV file has it; "" for none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
