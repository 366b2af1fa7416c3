"""Having a file made: by a thread with a connection and one moment of the database of its own, until it is written."""

import contextlib
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from django.conf import settings
from django.db import connection, transaction
from django.utils import translation

from .. import queries
from . import flows, kept, versions
from .asked import Asked
from .flows import Flow
from .kept import About, Kept

PACKED = 1000  # bytes from which a file is kept compressed too


@dataclass(frozen=True)
class Document:
    """A file that is ready to be written: how many rows it will have, and how."""

    rows: int
    write: Callable[[BinaryIO], None]


@dataclass(frozen=True)
class Form:
    """A form in which figures can be had.

    `document` makes a Document of what is asked and of the coverage (reports in, reports expected), in a `snapshot`.
    `splits`: totals may be split; `calculated`: calculated indicators may be named; `wide`: there is a wide layout;
    `labelled`: there are words in it; `packs`: it is smaller compressed.
    """

    name: str
    type: str
    document: Callable[[Asked, tuple[int, int]], Document]
    splits: bool = False
    calculated: bool = False
    wide: bool = False
    labelled: bool = False
    packs: bool = True

    def key(self, question: Asked, language: str) -> str:
        return versions.key(self.name, question, language, labelled=self.labelled)


@contextlib.contextmanager
def snapshot():
    """All queries inside see the database at one moment, and none can write.

    Where a transaction has begun already its own rules hold; requests have none around, tests have.
    """
    begun = connection.in_atomic_block
    with transaction.atomic():
        if not begun:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                # A file may take longer than a page, and a workbook is packed when its last row is read.
                cursor.execute("SET LOCAL statement_timeout = '300s'")
                cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '120s'")
        yield


def find(question: Asked, key: str) -> Kept | None:
    """The file as it is kept; only releases are."""
    return None if question.selection.is_live else kept.find(key)


def start(form: Form, question: Asked, language: str) -> Flow:
    """Begin to make a file; what comes back is to be waited for and read. A release's file is kept when it is whole.

    The thread is none of the request's: a reader who leaves does not undo what is kept for the next one. Inside a
    transaction, which is the caller's alone, all is done before this returns.
    """
    settings.KEPT.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.ExitStack() as made:
        if question.selection.is_live:
            flow = Flow(tempfile.TemporaryFile(buffering=0, dir=settings.KEPT))  # noqa: SIM115 — closed by the flow
            work = _written
            arguments = (form, question, language, flow)
        else:
            folder = made.enter_context(kept.making())
            flow = Flow(open(folder / "file", "xb+", buffering=0), kept=True)  # noqa: SIM115 — likewise
            work = _written_and_kept
            arguments = (form, question, language, flow, folder, made.pop_all())
        if connection.in_atomic_block:
            work(*arguments)
        else:
            threading.Thread(target=_alone, args=(work, *arguments), name=form.name, daemon=True).start()
    return flow


def _alone(work, *arguments) -> None:
    try:
        work(*arguments)
    finally:
        connection.close()


def _written(form: Form, question: Asked, language: str, flow: Flow) -> None:
    def write(flow, sink):
        with translation.override(language), snapshot():
            coverage = queries.reports_in(question.selection)
            document = form.document(question, coverage)
            flow.tell_about(About(form.key(question, language), document.rows, coverage))
            document.write(sink)

    flows.write(flow, write)


def _written_and_kept(form: Form, question: Asked, language: str, flow: Flow, folder, made) -> None:
    with made:
        _written(form, question, language, flow)
        if flow.ended:
            kept_file = kept.keep(folder, flow.about)
    if flow.ended:
        if form.packs and kept_file.size >= PACKED:
            kept.compress(kept_file)
        kept.tidy()
