"""Sentences with numbers in them: plain, as a name for who hears the page, and with each number linked."""

from dataclasses import dataclass

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe


@dataclass(frozen=True)
class Said:
    """The same words twice; `linked` is HTML, with everything in it escaped."""

    plain: str
    linked: SafeString

    def __str__(self) -> str:
        return self.plain


def said(words: str, **parts) -> Said:
    """A sentence with named places (`%(total)s`) filled by text or by what is Said."""
    plain = words % {name: str(part) for name, part in parts.items()}
    linked = escape(words) % {name: _linked(part) for name, part in parts.items()}
    return Said(plain, mark_safe(linked))


def number(text: str, href: str) -> Said:
    """A number with the address of its receipt."""
    return Said(text, format_html('<a href="{}">{}</a>', href, text))


def listed(parts) -> Said:
    """Several one after the other, with commas between."""
    parts = list(parts)
    return Said(
        ", ".join(str(part) for part in parts),
        mark_safe(", ".join(_linked(part) for part in parts)),
    )


def _linked(part) -> str:
    return part.linked if isinstance(part, Said) else escape(part)
