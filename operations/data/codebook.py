"""What every indicator means, how it is counted and in what: as rows, for CSV, JSON, the workbook and the page."""

import csv
import io
import json
from collections.abc import Iterable
from datetime import date

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from ..models import Agency, Country, FocusArea, Indicator, Operation, Unit
from .tables import STATUSES, Column

COLUMNS = (
    Column("indicator", _("Code of the indicator, as in the files")),
    Column(
        "parent", _("Code of the indicator that this one is a part of; empty for one that stands by itself")
    ),
    Column("focus_area", _("Code of the focus area")),
    Column("focus_area_name", _("Name of the focus area")),
    Column("kind", _("“entered” by the agencies, or “calculated” as the sum of its parts")),
    Column("unit", _("Code of the unit of its values")),
    Column("unit_name", _("Name of the unit")),
    Column("decimals", _("How many decimals its values have")),
    Column("name", _("Name of the indicator")),
    Column("short_name", _("Its name where there is little room")),
    Column("definition", _("What is counted, and what is not")),
    Column("counting_rule", _("How it is counted: what counts once, and in which month")),
    Column("valid_from", _("First day of the first operation that collects it; empty where none does")),
    Column("valid_to", _("Last day of the last operation that collects it")),
    Column("operations", _("Codes of the operations that collect it")),
)
TEXTS = ("name", "short_name", "definition", "counting_rule")
# What a spreadsheet takes for the beginning of a formula, the full-width forms too.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")


def rows(operation: Operation | None = None, entered: Iterable[str] | None = None) -> list[dict]:
    """A row by COLUMNS for every indicator, of one operation (and of no other) or of all, in the Centre's order.

    With `entered` only those of these codes, and what is calculated from them: a release has those it has figures of.
    Texts are in the active language, and in English where they are not translated.
    """
    return [
        {
            "indicator": one.code,
            "parent": one.parent.code if one.parent else "",
            "focus_area": one.area.code,
            "focus_area_name": one.area.label,
            "kind": "entered" if one.is_leaf else "calculated",
            "unit": one.unit.code,
            "unit_name": one.unit.label,
            "decimals": one.decimals,
            **{text: one.text(text) for text in TEXTS},
            "valid_from": min((each.first_day for each in collecting), default=None),
            "valid_to": max((each.last_day for each in collecting), default=None),
            "operations": [each.code for each in collecting],
        }
        for one, collecting in _collected(operation, entered)
    ]


def by_area() -> list[tuple[FocusArea, list[dict]]]:
    """The rows of all indicators under their focus areas, in order."""
    areas = {area.code: (area, []) for area in FocusArea.objects.all()}
    for row in rows():
        areas[row["focus_area"]][1].append(row)
    return [(area, found) for area, found in areas.values() if found]


def _collected(
    operation: Operation | None, entered: Iterable[str] | None
) -> list[tuple[Indicator, list[Operation]]]:
    """Every indicator with the operations that collect it or a part of it, the earliest first."""
    found = list(
        Indicator.objects.select_related("area", "unit", "parent").order_by(
            "area__position", "position", "code"
        )
    )
    by_key = {one.pk: one for one in found}
    parents = {one.parent_id for one in found}
    collecting: dict[int, set[Operation]] = {one.pk: set() for one in found}
    for each in [operation] if operation else Operation.objects.prefetch_related("indicators"):
        for leaf in each.indicators.all():
            one = by_key[leaf.pk] if entered is None or leaf.code in entered else None
            while one:
                collecting[one.pk].add(each)
                one = by_key.get(one.parent_id)
    for one in found:
        one.is_leaf = one.pk not in parents
    return [
        (one, sorted(collecting[one.pk], key=lambda each: (each.first_day, each.code)))
        for one in found
        if operation is None or collecting[one.pk]
    ]


def written_csv(found: list[dict]) -> bytes:
    """Rows as CSV; no text of the catalogue can be taken for a formula."""
    text = io.StringIO(newline="")
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(column.name for column in COLUMNS)
    lines.writerows([plain(_cell(row[column.name])) for column in COLUMNS] for row in found)
    return text.getvalue().encode()


def _cell(value) -> str:
    if isinstance(value, list):
        return " ".join(value)
    # A carriage return by itself would end the row for some readers, and csv does not quote it.
    return "" if value is None else "\n".join(str(value).splitlines())


def plain(text: str) -> str:
    """Text for a cell, with an apostrophe before what a spreadsheet could take for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def written_json(operation: Operation | None, languages: Iterable[str]) -> tuple[int, bytes]:
    """How many indicators, and the codebook as JSON: every text by language, only where it is translated."""
    languages = list(languages)
    found = rows(operation)
    things = {one.code: one for one in Indicator.objects.all()}
    content = {
        "languages": languages,
        "indicators": [
            {name: _json(value) for name, value in row.items() if name not in (*TEXTS, *NAMES)}
            | {text: _texts(things[row["indicator"]], text, languages) for text in TEXTS}
            for row in found
        ],
        "focus_areas": _names(FocusArea.objects.all(), languages),
        "units": _names(Unit.objects.all(), languages),
        "countries": _names(Country.objects.all(), languages),
        "agencies": [
            {"code": one.code, "country": one.country.code, "name": _texts(one, "name", languages)}
            for one in Agency.objects.select_related("country")
        ],
        "obs_status": [{"code": code, "name": _said(said, languages)} for code, said in STATUSES.items()],
    }
    return len(found), json.dumps(content, ensure_ascii=False, indent=1).encode()


NAMES = ("focus_area_name", "unit_name")


def _json(value):
    return value.isoformat() if isinstance(value, date) else value or (None if value == "" else value)


def _names(things, languages: list[str]) -> list[dict]:
    return [{"code": one.code, "name": _texts(one, "name", languages)} for one in things]


def _texts(thing, field: str, languages: list[str]) -> dict[str, str]:
    texts = {settings.LANGUAGE_CODE: getattr(thing, field)}
    texts |= {language: told.get(field) for language, told in thing.translations.items()}
    return {language: texts[language] for language in languages if texts.get(language)}


def _said(sentence, languages: list[str]) -> dict[str, str]:
    said = {}
    for language in languages:
        with translation.override(language):
            said[language] = str(sentence)
    return said
