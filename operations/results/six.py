"""The six countries as equal tiles in a schematic arrangement, which is no map."""

from django.utils.translation import gettext as _

from ..models import Country
from .heat import level
from .tables import Board


def arrangements(board: Board) -> list[dict]:
    """One for the first indicator of each focus area: {area, heading, csv_url, tiles, note}; see templates/_six.html.

    A country that the selection leaves out keeps its place and says so.
    """
    places = list(Country.objects.filter(agencies__operations=board.selection.operation).distinct())
    firsts = {}
    for code, indicator in board.indicators.items():
        if code in board.totals:
            firsts.setdefault(indicator.area, indicator)
    return [_arrangement(board, indicator, places) for indicator in firsts.values()]


def _arrangement(board: Board, indicator, places) -> dict:
    chosen = {one.code for one in board.countries}
    totals = {one.code: board.by_country.get((indicator.code, one.code)) for one in places}
    highest = max((total.value for total in totals.values() if total and total.value), default=None)
    tiles = []
    for country in places:
        total = totals[country.code]
        cell = board.cell(total, indicator, countries=(country.code,))
        if country.code not in chosen:
            cell["why"] = _("not in this selection")
        tiles.append(
            cell
            | {
                "country": country.code,
                "label": country.label,
                "level": level(total.value, highest) if total and total.value is not None else 0,
            }
        )
    return {
        "id": f"{indicator.code}-six",
        "area": indicator.area.code,
        "heading": f"{indicator.area.label}: {indicator.short_label}",
        "csv_url": board.csv([indicator.code], "country"),
        "tiles": tiles,
    }
