"""The figures of the results, built with plotly; the browser only draws them. Floats are for drawing only."""

from decimal import Decimal

import plotly.graph_objects as go
import plotly.io as pio

pio.templates.default = None  # the house style stands in the style sheet and in static/charts.js


def stacked_by_month(labels: list[str], partial: list[bool], countries: list[dict]) -> dict:
    """Columns of months, stacked by country in the Centre's order.

    `countries` are {code, label, values}; a value of None is a gap, 0 a column of no height.
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
    figure.update_layout(barmode="stack", xaxis={"categoryorder": "array", "categoryarray": labels})
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
