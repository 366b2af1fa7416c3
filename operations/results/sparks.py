"""The small line beside a headline number: months from left to right, above a base of zero."""

from decimal import Decimal

WIDTH, HEIGHT, MARGIN = 100, 24, 2


def path(values: list[Decimal | None]) -> str:
    """The line as an SVG path in 100 by 24; a month without a figure is a gap, one month between gaps a dot.

    Nothing for fewer than two months, or where there is no figure at all. Only for drawing.
    """
    if len(values) < 2 or all(value is None for value in values):
        return ""
    highest = max(value for value in values if value is not None) or Decimal(1)
    drawn, pen_is_up = [], True
    for index, value in enumerate(values):
        if value is None:
            pen_is_up = True
            continue
        x = round(index * WIDTH / (len(values) - 1), 1)
        y = round(HEIGHT - MARGIN - float(value / highest) * (HEIGHT - 2 * MARGIN), 1)
        # A line of no length: with round ends it is a dot, should no other month follow.
        drawn.append(f"M{x:g},{y:g}h0" if pen_is_up else f"L{x:g},{y:g}")
        pen_is_up = False
    return "".join(drawn)
