"""How a file is written: whole before its first byte is sent, so that it is complete or not there at all."""

import csv
import hashlib
import io
import json
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile

from django.db import connection, transaction

from .. import queries, selections
from ..selections import Selection
from .tables import totals_columns, totals_rows

IN_MEMORY = 4 * 1024 * 1024  # bytes; a larger file waits on disk, so that many readers do not fill the memory
BOM = "\ufeff".encode()  # without it a spreadsheet takes UTF-8 for something else


class Document:
    """A finished file: its bytes, how many there are, their SHA-256 and how many rows they hold.

    `coverage` is (reports in, reports expected), read in the same moment as the rows.
    """

    def __init__(self, bom: bool = False):
        self.content = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 — closed with the response
        self.size = self.rows = 0
        self.coverage = (0, 0)
        self._digest = hashlib.sha256()
        if bom:
            self.write(BOM)

    def write(self, piece: bytes) -> None:
        self.content.write(piece)
        self.size += len(piece)
        self._digest.update(piece)

    @property
    def fingerprint(self) -> str:
        return self._digest.hexdigest()


def figures_csv(selection: Selection, *, bom: bool = False) -> Document:
    """The entered figures of a selection, written by PostgreSQL itself. Call it in a `snapshot`.

    No cell can be taken for a formula: all text is codes, which begin with a letter or a digit, and no value
    is negative.
    """
    document = Document(bom)
    document.coverage = queries.reports_in(selection)
    # COPY is no query of Django's, so its errors have to be made Django's here.
    with connection.cursor() as cursor, connection.wrap_database_errors:
        rows = queries.figures_sql(selection)
        cursor.copy_expert(f"COPY ({rows}) TO STDOUT WITH (FORMAT csv, HEADER)", document)
        document.rows = cursor.rowcount
    return document


def totals_csv(selection: Selection, by: tuple[str, ...], *, bom: bool = False) -> Document:
    """The sums of a selection split by these columns. Call it in a `snapshot`."""
    document = Document(bom)
    document.coverage = queries.reports_in(selection)
    rows = totals_rows(selection, by)
    text = io.StringIO(newline="")
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(column.name for column in totals_columns(by))
    lines.writerows([cell(value) for value in row.values()] for row in rows)
    document.write(text.getvalue().encode())
    document.rows = len(rows)
    return document


def totals_json(selection: Selection, by: tuple[str, ...]) -> Document:
    """The same sums as JSON; values are text, exact to the last digit, or null. Call it in a `snapshot`."""
    document = Document()
    document.coverage = queries.reports_in(selection)
    rows = totals_rows(selection, by)
    for row in rows:
        del row["operation"], row["release"]
    found, expected = document.coverage
    content = {
        "operation": selection.operation.code,
        "release": selection.version,
        **({"as_of": selections.written(selection.as_of)} if selection.as_of else {}),
        "demonstration": selection.operation.is_demonstration,
        "reports": {"expected": expected, "in": found},
        "rows": rows,
    }
    document.write(json.dumps(content, ensure_ascii=False).encode())
    document.rows = len(rows)
    return document


@contextmanager
def snapshot():
    """All queries inside see the database at one moment, and none can write.

    Where a transaction has begun already its own rules hold; requests have none around, tests have.
    """
    begun = connection.in_atomic_block
    with transaction.atomic():
        if not begun:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                cursor.execute("SET LOCAL statement_timeout = '60s'")  # a file may take longer than a page
        yield


def cell(value) -> str:
    """A value of a row as a CSV file has it; "" for none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
