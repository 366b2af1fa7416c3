"""How log lines look."""

import logging


class OneLine(logging.Formatter):
    """One event, one line: no line break or other control character in a value can forge a second event."""

    def format(self, record):
        line = super().format(record)
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
