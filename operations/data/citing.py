"""Where a file of a selection is, for ever, and how to cite it."""

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from ..selections import Selection
from ..templatetags.show import day

CENTRE = "Lancang–Mekong Integrated Law Enforcement and Security Cooperation Center (LMLECC)"


def address(selection: Selection, name: str, more: str = "") -> str:
    """The whole address of the file of that name; `more` goes to its end, such as `&layout=wide`."""
    path = reverse(f"data:{name.replace('.', '_')}")
    return f"{settings.SITE_URL}{path}?operation={selection.operation.code}&{selection.query()}{more}"


def citation(selection: Selection, name: str, where: str = "") -> str:
    """How to cite that file, in the reader's language; `where` is its address if the site has no other (SITE_URL)."""
    said = {
        "centre": CENTRE,
        "operation": selection.operation.label,
        "address": where if where and not settings.SITE_URL else address(selection, name),
        "number": selection.version,
        "day": day(selection.release.at) if selection.release else "",
    }
    if selection.is_live:
        return _("%(centre)s: %(operation)s, verified but not released. %(address)s") % said
    return _("%(centre)s: %(operation)s, release %(number)s of %(day)s. %(address)s") % said
