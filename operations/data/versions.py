"""Which file it is: one key for all that its bytes depend on, known before they are written. It is the file's ETag.

For a release these are the release, the filters and the code that writes; for the live view also how much is verified.
The catalogue is in it by the order it gives to rows, and for files with words by all its words.
"""

import functools
import hashlib
import importlib.metadata
import json
from pathlib import Path

from django.conf import settings

from .. import months, queries
from .asked import Asked

FACE = Path(__file__).resolve().parent
CODE = (FACE.parent / "queries.py", *sorted(FACE.glob("*.py")))


@functools.cache
def code() -> str:
    """The digest of the code that writes the files: what is kept of older code is not served for new."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in CODE)).hexdigest()


@functools.cache
def words() -> str:
    """The digest of what is said in files with words beside the catalogue: translations, and who writes workbooks."""
    catalogues = sorted(settings.BASE_DIR.glob("locale/*/LC_MESSAGES/django.mo"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in catalogues))
    digest.update(f"{importlib.metadata.version('xlsxwriter')} {settings.SITE_URL}".encode())
    return digest.hexdigest()


def key(name: str, question: Asked, language: str, *, labelled: bool) -> str:
    """The key of the file of this name for what is asked, as 64 hexadecimal digits.

    `labelled` says whether there are words in it, which depend on the language and the catalogue.
    """
    selection = question.selection
    parts = [code(), name, question.by, question.bom, question.layout, selection.version]
    parts += [months.written(selection.first), months.written(selection.last), str(selection.as_of)]
    parts += [selection.countries, selection.agencies, selection.areas, selection.indicators]
    parts += map(str, queries.state(selection, words=labelled))
    if labelled:
        operation = selection.operation
        parts += [language, words(), operation.name, operation.translations, str(operation.last_day)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
