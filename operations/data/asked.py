"""What a reader of the files asks for: the selection, how totals are split, and in which form."""

from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.utils.translation import gettext as _

from .. import queries, selections
from ..models import Operation
from ..selections import Selection, Unselectable
from .tables import BY

PARAMETERS = ("operation", *selections.FILTERS, "bom", "lang")


@dataclass(frozen=True)
class Asked:
    """`by` names further columns of the totals, in the file's order; `bom` is for spreadsheets.

    `layout` is long, a row for every figure, or wide, with the indicators side by side.
    """

    selection: Selection
    by: tuple[str, ...] = ()
    bom: bool = False
    layout: str = "long"

    @property
    def is_wide(self) -> bool:
        return self.layout == "wide"


def read(params, *, person, today: date, splits: bool, calculated: bool, wide: bool = False) -> Asked:
    """What query parameters (a QueryDict) ask for; Unselectable for a name or a value that means nothing.

    `splits` says whether totals may be split (`by`), `calculated` whether calculated indicators may be named, `wide`
    whether there are two layouts.
    """
    allowed = PARAMETERS + ("by",) * splits + ("layout",) * wide
    known(params, allowed)
    language(params)
    marked = bom(params)
    layout = _one(params, "layout", ("", "long", "wide")) or "long"
    by = _by(params)
    if layout == "wide" and "focus_area" in by:
        raise Unselectable(
            _("A wide file has a column for every indicator and so every area; leave out “by=focus_area”."),
            "by",
        )
    selection = selections.read(params, operation=operation(params), person=person, today=today)
    _collected(selection, calculated)
    return Asked(selection, by, marked, layout)


def known(params, allowed: tuple[str, ...]) -> None:
    """Refuse a parameter that is not among the allowed: one misspelt would otherwise give more than was asked for."""
    for name in params:
        if name not in allowed:
            raise Unselectable(
                _("There is no parameter “%(name)s” here; known are: %(names)s.")
                % {"name": name[:40], "names": ", ".join(allowed)},
                name[:40],
            )


def language(params) -> str:
    """The code of the language asked for with `lang`, "" for none; Unselectable for one not spoken here."""
    return _one(params, "lang", ("", *dict(settings.LANGUAGES)))


def bom(params) -> bool:
    """Whether a byte order mark is asked for; Unselectable for what is neither yes nor no."""
    return _one(params, "bom", ("", "0", "1")) == "1"


def _one(params, name: str, known) -> str:
    values = params.getlist(name)
    if len(values) > 1:
        raise Unselectable(_("“%(name)s” can be given once only.") % {"name": name}, name)
    value = values[0] if values else ""
    if value not in known:
        raise Unselectable(
            _("There is no %(name)s “%(code)s” here; known are: %(codes)s.")
            % {"name": name, "code": value[:40], "codes": ", ".join(code for code in known if code)},
            name,
        )
    return value


def operation(params) -> Operation:
    """The operation named, the newest that is released if none is; Unselectable where there is none."""
    # Compared here and not in the database, which takes no NUL.
    operations = {operation.code: operation for operation in Operation.objects.all()}
    code = _one(params, "operation", ("", *operations))
    operation = operations[code] if code else selections.newest_operation()
    if operation is None:
        raise Unselectable(_("Nothing is released yet."), "release", 404)
    return operation


def _by(params) -> tuple[str, ...]:
    wanted = set(params.getlist("by")) - {""}
    if unknown := sorted(wanted - {"indicator", *BY}):
        raise Unselectable(
            _("Totals cannot be split by “%(name)s”; they can by: %(names)s.")
            % {"name": unknown[0][:40], "names": ", ".join(("indicator", *BY))},
            "by",
        )
    return tuple(name for name in BY if name in wanted)


def _collected(selection: Selection, calculated: bool) -> None:
    """Refuse an indicator of which the file could say nothing: an empty file would look like an answer."""
    if not selection.indicators:
        return
    entered = [leaf.code for leaf in queries.leaves(selection.operation)]
    above = queries.calculated(selection.operation)
    for code in selection.indicators:
        if code in above and not calculated:
            raise Unselectable(
                _("“%(code)s” is calculated; take it from the totals, or name its parts here.")
                % {"code": code},
                "indicator",
            )
        if code not in entered and code not in above:
            raise Unselectable(
                _("%(operation)s does not collect “%(code)s”; it collects: %(codes)s.")
                % {"operation": selection.operation.label, "code": code, "codes": ", ".join(entered)},
                "indicator",
            )
