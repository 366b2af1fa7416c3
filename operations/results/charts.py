"""The figures of the results, built with plotly; the browser only draws them. Floats are for drawing only."""

from decimal import Decimal

import plotly.graph_objects as go
import plotly.io as pio

pio.templates.default = None  # the house style stands in the style sheet and in static/charts.js

# Signs beside the figures: in the colour of text, in no legend and under no pointer.
BESIDE = {"showlegend": False, "hoverinfo": "skip", "cliponaxis": False, "meta": {"beside": True}}
DASHES = ("solid", "dash", "dot", "dashdot")
SHAPES = ("circle", "square", "diamond", "triangle-up")


def stacked_by_month(
    labels: list[str],
    partial: list[bool],
    countries: list[dict],
    sums: list[Decimal | None],
    complete: list[bool],
) -> dict:
    """Columns of months, stacked by country in the Centre's order.

    `countries` are {code, label, values}; a value of None is a gap, 0 a column of no height, and a month whose sum is
    0 has a point. Above a column that stands on fewer reports than expected is “≥”.
    Months that the operation covers in part only are hatched, in a series of their own: a legend shows the
    pattern of a series' first column.
    """
    figure = go.Figure()
    for country in countries:
        values = _floats(country["values"])
        series = {
            "name": country["label"],
            "x": labels,
            "meta": {"country": country["code"]},
            "hovertemplate": "%{y:,}",
        }
        figure.add_bar(y=[None if part else one for one, part in zip(values, partial, strict=True)], **series)
        if any(partial):
            hatched = [one if part else None for one, part in zip(values, partial, strict=True)]
            figure.add_bar(y=hatched, marker_pattern_shape="/", showlegend=False, **series)
    heights = _floats(sums)
    zeros = [0.0 if height == 0 else None for height in heights]
    if 0.0 in zeros:
        figure.add_scatter(x=labels, y=zeros, mode="markers", **BESIDE)
    least = [None if whole else height for height, whole in zip(heights, complete, strict=True)]
    if any(height is not None for height in least):
        signs = ["" if height is None else "≥" for height in least]
        figure.add_scatter(x=labels, y=least, mode="text", text=signs, textposition="top center", **BESIDE)
    figure.update_layout(barmode="stack", xaxis={"categoryorder": "array", "categoryarray": labels})
    return _plain(figure)


def stacked_by_part(
    labels: list[str], countries: list[dict], sums: list[Decimal | None], texts: list[str]
) -> dict:
    """One bar a part, from the top in the catalogue's order, stacked by country, with the sum written at its end.

    `countries` are {code, label, values}, a value for each part.
    """
    figure = go.Figure()
    for country in countries:
        figure.add_bar(
            orientation="h",
            name=country["label"],
            x=_floats(country["values"]),
            y=labels,
            meta={"country": country["code"]},
            hovertemplate="%{x:,}",
        )
    ends = _floats(sums)
    figure.add_scatter(x=ends, y=labels, mode="text", text=texts, textposition="middle right", **BESIDE)
    longest = max((end for end in ends if end), default=1.0)
    figure.update_layout(xaxis={"type": "linear", "range": [0, longest * 1.35]})
    return _plain(figure)


def lines_by_month(labels: list[str], area: str, lines: list[dict]) -> dict:
    """Lines over months, told apart by dashes and by the shape of their points, all in the colour of their area.

    `lines` are {label, values, complete}; None is a gap, and a sum that stands on fewer reports than expected an open
    point.
    """
    figure = go.Figure()
    for index, line in enumerate(lines):
        shape = SHAPES[index % len(SHAPES)]
        figure.add_scatter(
            mode="lines+markers",
            name=line["label"],
            x=labels,
            y=_floats(line["values"]),
            connectgaps=False,
            line_dash=DASHES[index % len(DASHES)],
            marker_symbol=[shape if whole else f"{shape}-open" for whole in line["complete"]],
            meta={"area": area, "column": index},
            hovertemplate="%{y:,}",
        )
    figure.update_layout(xaxis={"categoryorder": "array", "categoryarray": labels})
    return _plain(figure)


def bars_by_country(countries: list[dict]) -> dict:
    """One bar a country, from the top in the Centre's order. `countries` are {code, label, value, text}."""
    values = _floats([country["value"] for country in countries])
    longest = max((value for value in values if value), default=1.0)
    figure = go.Figure(
        go.Bar(
            orientation="h",
            y=[country["label"] for country in countries],
            x=values,
            text=[country["text"] for country in countries],
            textposition="outside",
            meta={"countries": [country["code"] for country in countries]},
            hovertemplate="%{x:,}<extra></extra>",
        )
    )
    # Room for the number beyond the longest bar: plotly leaves none for text outside a bar.
    figure.update_layout(xaxis={"type": "linear", "range": [0, longest * 1.25]}, showlegend=False)
    return _plain(figure)


def _floats(values: list[Decimal | None]) -> list[float | None]:
    return [None if value is None else float(value) for value in values]


def _plain(figure: go.Figure) -> dict:
    """As plain lists and numbers, which `json_script` writes and plotly.js reads."""
    return figure.to_plotly_json()
