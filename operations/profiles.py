"""Foreign layouts: a small TOML file says which column is what and which code means which."""

import tomllib
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal, localcontext
from pathlib import Path

from django.utils.translation import gettext as _

from .layouts import FileRefused, Layout, Part, RowRefused, read_month, read_quantity, shortest
from .models import Mark

PROFILES = Path(__file__).resolve().parent.parent / "fixtures" / "profiles"
SOURCE_DECIMALS = 40  # foreign files carry float noise such as 819.7130000000001; it is read as it stands


@dataclass(frozen=True)
class Rest:
    """The mark, and the reason, for figures that a month's rows do not mention: missing is not zero."""

    mark: str
    note: str


@dataclass(frozen=True)
class Profile(Layout):
    """A foreign layout, from a TOML file: which column is what, which code means which, what has no home.

    Several rows may make one figure. fixtures/profiles/README.md explains the file.
    """

    agencies: dict[str, str] = field(default_factory=dict)
    indicators: dict[str, str | dict[str, str]] = field(default_factory=dict)
    units: dict[str, tuple[str, Decimal]] = field(default_factory=dict)
    refused: dict[str, dict[str, str]] = field(default_factory=dict)
    operation: dict | None = None
    rest: Rest | None = None
    acknowledgement: str = ""
    merges = True

    def part(self, row: int, texts: dict[str, str]) -> Part:
        thing, unit = texts["indicator"], texts["unit"]
        agency = self._meaning("agency", texts["agency"], self.agencies)
        month = read_month(texts["month"])
        indicator = self._meaning("indicator", thing, self.indicators)
        if isinstance(indicator, dict):
            if unit not in indicator and "*" not in indicator:
                raise RowRefused(
                    "unit",
                    _("The profile does not say what “%(thing)s” in this unit is; add it.")
                    % {"thing": thing[:40]},
                )
            indicator = indicator.get(unit, indicator.get("*"))
        part = Part(row, texts, agency, month, indicator, words=f"{thing} {texts['value']} {unit}")
        try:
            amount = read_quantity(texts["value"], SOURCE_DECIMALS)
            part = replace(part, words=f"{thing} {shortest(amount)} {unit}")
            ours, times = self._meaning("unit", unit, self.units)
        except RowRefused as problem:
            problem.part = part
            raise
        with localcontext(prec=80):
            return replace(part, quantity=amount * times, unit=ours)

    def _meaning(self, name: str, text: str, known: dict):
        if text in known:
            return known[text]
        raise RowRefused(
            name,
            self.refused.get(name, {}).get(text)
            or _("The profile does not know it; add it there, or correct the row."),
        )


def read_profile(name: str) -> Profile:
    """The profile of that name in fixtures/profiles, or at that path. FileRefused says what is wrong."""
    path = Path(name) if name.endswith(".toml") else PROFILES / f"{name}.toml"
    try:
        told = tomllib.loads(path.read_text("utf-8"), parse_float=Decimal)
        return _profile(told)
    except KeyError as problem:
        reason = _("it lacks “%(key)s”") % {"key": problem.args[0]}
    except OSError as problem:
        reason = problem.strerror
    except (ValueError, TypeError, AttributeError, ArithmeticError) as problem:
        reason = problem
    raise FileRefused(
        _("The profile %(name)s cannot be used: %(reason)s.")
        % {"name": path, "reason": str(reason).rstrip(".")}
    )


def _profile(told: dict) -> Profile:
    """The profile that a TOML file says. KeyError for what is missing, ValueError for what cannot be."""
    header, columns, operation, rest = (
        told["header"],
        told["columns"],
        told.get("operation"),
        told.get("rest"),
    )
    _need(columns, "columns", dict.fromkeys(("agency", "month", "indicator", "unit", "value"), str))
    if unknown := set(columns.values()) - set(header):
        raise ValueError(_("its header has no column “%(column)s”") % {"column": min(unknown)})
    if operation is not None:
        days = {"first_day": date, "last_day": date}
        _need(operation, "operation", {"code": str, "name": str, "agencies": list, "indicators": list} | days)
    if rest is not None:
        _need(rest, "rest", {"mark": str, "note": str})
        if rest["mark"] not in Mark.values:
            raise ValueError(_("the mark of the rest is L or M"))
    units = {}
    for code, ours in told["units"].items():
        ours = {"unit": ours} if isinstance(ours, str) else ours
        units[code] = (ours["unit"], Decimal(ours.get("times", 1)))
    return Profile(
        headers=(tuple(header),),
        columns=columns,
        agencies=told["agencies"],
        indicators=told["indicators"],
        units=units,
        refused=told.get("refused", {}),
        operation=operation,
        rest=rest and Rest(rest["mark"], rest["note"]),
        acknowledgement=told.get("acknowledgement", ""),
    )


def _need(table: dict, name: str, kinds: dict[str, type]) -> None:
    for key, kind in kinds.items():
        if key not in table:
            raise KeyError(f"{name}.{key}")
        if not isinstance(table[key], kind):
            raise ValueError(_("“%(key)s” has the wrong kind of value") % {"key": f"{name}.{key}"})
