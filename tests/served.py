"""What gunicorn serves in tests/test_data_serving.py: the product, with the rows of the figures told by the test.

The rows come out of a query in the file named by FIGURES_SQL, as many, as slow or as broken as a test wants them (and
as they are while it is empty); all else, from COPY to the socket, is as it is.
"""

import os
from pathlib import Path

from django.conf import settings

from lmlecc.wsgi import application

settings.KEPT = Path(os.environ["KEPT"])

from operations import queries  # noqa: E402 — after the settings

true_sql = queries.figures_sql
queries.figures_sql = lambda *asked: Path(os.environ["FIGURES_SQL"]).read_text() or true_sql(*asked)

__all__ = ["application"]
