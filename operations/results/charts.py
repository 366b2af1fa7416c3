"""The figures of the results, built with plotly; the browser only draws them. Floats are for drawing only."""

from decimal import Decimal

import plotly.graph_objects as go
import plotly.io as pio

pio.templates.default = None  # the house style stands in the style sheet and in static/charts.js


def stacked_by_month(labels: list[str], partial: list[bool], countries: list[dict]) -> dict:
    """Columns of months, stacked by country in the Centre's order.

    `countries` are {code, label, values}; a value of None is a gap, 0 a column of no height.
    Months that the operation covers in part only are hatched.
    """
    figure = go.Figure(
        [
            go.Bar(
                name=country["label"],
                x=labels,
                y=_floats(country["values"]),
                meta={"country": country["code"]},
                marker_pattern_shape=["/" if part else "" for part in partial],
                hovertemplate="%{y:,}",
            )
            for country in countries
        ]
    )
    figure.update_layout(barmode="stack")
    return _plain(figure)


def bars_by_country(countries: list[dict]) -> dict:
    """One bar a country, from the top in the Centre's order. `countries` are {code, label, value, text}."""
    figure = go.Figure(
        go.Bar(
            orientation="h",
            y=[country["label"] for country in countries],
            x=_floats([country["value"] for country in countries]),
            text=[country["text"] for country in countries],
            textposition="outside",
            cliponaxis=False,
            meta={"countries": [country["code"] for country in countries]},
            hovertemplate="%{x:,}<extra></extra>",
        )
    )
    figure.update_layout(xaxis_type="linear", showlegend=False)
    return _plain(figure)


def _floats(values: list[Decimal | None]) -> list[float | None]:
    return [None if value is None else float(value) for value in values]


def _plain(figure: go.Figure) -> dict:
    """As plain lists and numbers, which `json_script` writes and plotly.js reads."""
    return figure.to_plotly_json()
