"""Every read over several tables: totals with their coverage, figures, worklists, comparisons.

All sums of what is verified come from `totals`: tiles, charts, tables, sentences and files alike. One report's
sheet, drafts and what was seen of it before included, is added up by `sum_of`.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from . import access, checks, months, numbers
from .checks import Entry
from .models import (
    Agency,
    Answer,
    Change,
    Extension,
    Factor,
    Figure,
    Indicator,
    Operation,
    Person,
    Pin,
    PublishedClaim,
    Question,
    Release,
    Report,
    Revision,
    Step,
)
from .selections import Selection

# ----------------------------------------------------------------------------------- sums, in one place

# One row a report of the selection, with the revision that counts or none: the pinned one of the release,
# or in the live view the newest one verified, by the moment looked at. Everything that is summed or listed begins here.
CHOSEN = """
    SELECT r.id AS report_id, r.month, a.id AS agency_id, a.code AS agency, a.position AS agency_position,
           c.code AS country, c.position AS country_position, v.id AS revision_id, v.number AS revision
      FROM operations_report r
      JOIN operations_agency a ON a.id = r.agency_id
      JOIN operations_country c ON c.id = a.country_id
      LEFT JOIN {basis} v ON v.report_id = r.id
     WHERE r.operation_id = %(operation)s AND r.month BETWEEN %(first)s AND %(last)s
       AND (%(countries)s::text[] IS NULL OR c.code = ANY(%(countries)s))
       AND (%(agencies)s::text[] IS NULL OR a.code = ANY(%(agencies)s))
"""
PINNED = """(
    SELECT p.report_id, v.id, v.number FROM operations_pin p JOIN operations_revision v ON v.id = p.revision_id
     WHERE p.release_id = %(release)s)"""
VERIFIED = """
      FROM operations_revision v
     WHERE v.state = 'verified'
       AND v.report_id IN (SELECT id FROM operations_report WHERE operation_id = %(operation)s)
       AND (%(as_of)s::timestamptz IS NULL OR EXISTS (
               SELECT FROM operations_step s
                WHERE s.revision_id = v.id AND s.verb = 'verify' AND s.at <= %(as_of)s))
"""
CURRENT = f"""(
    SELECT DISTINCT ON (v.report_id) v.report_id, v.id, v.number {VERIFIED} ORDER BY v.report_id, v.number DESC)"""

# The indicators entered: the operation's; in a release those it has figures of, so that an indicator which the
# operation takes up later adds nothing to what was released.
ENTERED = """
    SELECT oi.indicator_id AS id FROM operations_operation_indicators oi
     WHERE oi.operation_id = %(operation)s AND (%(release)s::bigint IS NULL OR EXISTS (
               SELECT FROM operations_pin p JOIN operations_figure f USING (revision_id)
                WHERE p.release_id = %(release)s AND f.indicator_id = oi.indicator_id))
"""

# Every leaf that is entered with each indicator above it and itself.
TREE = f"""
    SELECT i.id AS leaf, i.id AS total, i.parent_id FROM operations_indicator i JOIN ({ENTERED}) entered USING (id)
    UNION ALL
    SELECT t.leaf, i.id, i.parent_id FROM tree t JOIN operations_indicator i ON i.id = t.parent_id
"""

DIMENSIONS = {
    "country": ("country", "country_position"),
    "agency": ("agency", "agency_position"),
    "month": ("month",),
}


@dataclass(frozen=True)
class Total:
    """One calculated number with its coverage. `value` is None where no report gives a figure, never 0 for that.

    `unit` and `decimals` are the indicator's; `country`, `agency`, `month` are None where summed over.
    `not_available` counts the reports that gave the mark instead of one of the figures summed here.
    """

    area: str
    indicator: str
    country: str | None
    agency: str | None
    month: date | None
    value: Decimal | None
    unit: str
    reports_expected: int
    reports_in: int
    not_available: int

    @property
    def is_complete(self) -> bool:
        """Whether every expected report is in; otherwise the value is “at least”."""
        return self.reports_in == self.reports_expected


def totals(selection: Selection, by: tuple[str, ...] = ()) -> list[Total]:
    """Sums of every indicator of the selection, leaves and parents, by any of country, agency, month.

    In the Centre's order. Groups without any report are not there. Reads the figures of the selection once.
    """
    dims = [column for name in by for column in DIMENSIONS[name]]
    grouped = ", ".join(dims) or "()"
    listed = "".join(f"{column}, " for column in dims)
    same = " AND ".join(f"s.{column} = g.{column}" for column in dims) or "true"
    shown = [f"g.{name}" if name in by else "NULL" for name in ("country", "agency", "month")]
    order = ["i.position", "i.code"]
    order += [f"g.{DIMENSIONS[name][-1]}" for name in ("month", "country", "agency") if name in by]
    sql = f"""
        WITH RECURSIVE tree AS ({TREE}), chosen AS ({_chosen(selection)}),
        expected AS (
            SELECT {listed} count(*) AS reports_expected, count(revision_id) AS reports_in
              FROM chosen GROUP BY {grouped}),
        leaves AS (
            SELECT {listed} f.indicator_id AS leaf, sum(f.value) AS value,
                   count(*) FILTER (WHERE f.mark = 'L') AS not_available
              FROM chosen JOIN operations_figure f USING (revision_id) GROUP BY {listed} f.indicator_id),
        sums AS (
            SELECT {listed} t.total, sum(value) AS value, sum(not_available) AS not_available
              FROM leaves JOIN tree t USING (leaf) GROUP BY {listed} t.total)
        SELECT area.code, i.code, {", ".join(shown)}, round(s.value, i.decimals), u.code,
               g.reports_expected, g.reports_in, coalesce(s.not_available, 0)::int
          FROM expected g
         CROSS JOIN (SELECT DISTINCT total FROM tree) t
          JOIN operations_indicator i ON i.id = t.total
          JOIN operations_focusarea area ON area.id = i.area_id
          JOIN operations_unit u ON u.id = i.unit_id
          LEFT JOIN sums s ON s.total = i.id AND {same}
         WHERE {WANTED} ORDER BY area.position, {", ".join(order)}"""
    with connection.cursor() as cursor:
        cursor.execute(sql, _parameters(selection))
        return [Total(*row) for row in cursor.fetchall()]


WANTED = """(%(areas)s::text[] IS NULL OR area.code = ANY(%(areas)s))
           AND (%(indicators)s::text[] IS NULL OR i.code = ANY(%(indicators)s))"""


# What stands in one row of the figures, by name. Below, `report` is a report of the selection and `figure` what it has
# of one indicator, or nothing.
FIGURE = {
    "operation": "%(code)s",
    "country": "report.country",
    "agency": "report.agency",
    "month": "to_char(report.month, 'YYYY-MM')",
    "focus_area": "figure.focus_area",
    "indicator": "figure.indicator",
    "value": "figure.value",
    "unit": "figure.unit",
    "obs_status": "figure.obs_status",
    "revision": "report.revision",
    "release": "%(version)s",
}
# The same under the names of SDMX. Figures are monthly, and never in thousands.
SDMX = {
    "STRUCTURE": "'dataflow'",
    "STRUCTURE_ID": "'LMLECC:FIGURES(1.0)'",
    "ACTION": "'I'",
    "FREQ": "'M'",
    "REF_AREA": "report.country",
    "OPERATION": "%(code)s",
    "AGENCY": "report.agency",
    "FOCUS_AREA": "figure.focus_area",
    "INDICATOR": "figure.indicator",
    "TIME_PERIOD": "to_char(report.month, 'YYYY-MM')",
    "OBS_VALUE": "figure.value",
    "OBS_STATUS": "figure.obs_status",
    "UNIT_MEASURE": "figure.unit",
    "UNIT_MULT": "0",
    "DECIMALS": "figure.decimals",
    "REVISION": "report.revision",
    "RELEASE": "%(version)s",
}

# Report by report in order, so that the first rows come at once and no sort of all of them goes to the disk: a
# million rows take half the time. PostgreSQL sees the order that it has, and sorts within each report only.
LISTED = f"""
    WITH chosen AS ({{chosen}}),
    wanted AS MATERIALIZED (
        SELECT i.id, i.code AS indicator, i.decimals, area.code AS focus_area, u.code AS unit,
               row_number() OVER (ORDER BY area.position, i.position, i.code) AS place
          FROM ({ENTERED}) entered
          JOIN operations_indicator i USING (id)
          JOIN operations_focusarea area ON area.id = i.area_id
          JOIN operations_unit u ON u.id = i.unit_id
         WHERE {WANTED})
    SELECT {{columns}}
      FROM (SELECT * FROM chosen ORDER BY month, agency_position, agency) report
     CROSS JOIN LATERAL ({{figure}}) figure
     ORDER BY report.month, report.agency_position, report.agency{{then}}"""
_FIGURE = """
        SELECT wanted.*, round(f.value, wanted.decimals) AS value,
               CASE WHEN f.value IS NOT NULL THEN CASE WHEN f.estimated THEN 'E' ELSE 'A' END
                    ELSE coalesce(f.mark, 'O') END AS obs_status
          FROM wanted
          LEFT JOIN operations_figure f ON f.revision_id = report.revision_id AND f.indicator_id = wanted.id
        OFFSET 0"""


def figures_sql(selection: Selection, columns: dict[str, str] = FIGURE) -> str:
    """The tidy long rows of the contract as one SQL query, values as plain decimals, ready for COPY or a cursor.

    A row for every report and every indicator entered: a missing value is NULL and obs_status says why.
    """
    shown = ", ".join(f'{sql} AS "{name}"' for name, sql in columns.items())
    return _listed(selection, shown, _FIGURE, ", figure.place")


def figures_json_sql(selection: Selection) -> str:
    """The same rows, each as one JSON object without operation and release; values are text, as they are exact."""
    shown = [(name, sql) for name, sql in FIGURE.items() if name not in ("operation", "release")]
    pairs = ", ".join(f"'{name}', {sql}{'::text' if name == 'value' else ''}" for name, sql in shown)
    return _listed(selection, f"json_build_object({pairs})", _FIGURE, ", figure.place")


def figures_wide_sql(selection: Selection, codes: list[str]) -> str:
    """A row for every report, with a value and an obs_status for each of these indicators (those of `entered`)."""
    sides = [(code, "value", code) for code in codes]
    sides += [(code, "obs_status", f"{code}.obs_status") for code in codes]
    pivot = ", ".join(
        f"""max({what}) FILTER (WHERE indicator = '{code}') AS "{name}\"""" for code, what, name in sides
    )
    names = [name for code in codes for name in (code, f"{code}.obs_status")]
    shown = [f'{FIGURE[name]} AS "{name}"' for name in ("operation", "country", "agency", "month")]
    shown += [f'figure."{name}"' for name in names]
    shown += [f'{FIGURE[name]} AS "{name}"' for name in ("revision", "release")]
    return _listed(selection, ", ".join(shown), f"SELECT {pivot} FROM ({_FIGURE}) figure", "")


def _listed(selection: Selection, columns: str, figure: str, then: str) -> str:
    sql = LISTED.format(chosen=_chosen(selection), columns=columns, figure=figure, then=then)
    with connection.cursor() as cursor:
        return cursor.mogrify(sql, _parameters(selection)).decode()


def entered(selection: Selection) -> list[str]:
    """The codes of the indicators that the figures of a selection have, in order."""
    sql = f"""
        SELECT i.code FROM ({ENTERED}) entered
          JOIN operations_indicator i USING (id)
          JOIN operations_focusarea area ON area.id = i.area_id
         WHERE {WANTED} ORDER BY area.position, i.position, i.code"""
    with connection.cursor() as cursor:
        cursor.execute(sql, _parameters(selection))
        return [code for (code,) in cursor.fetchall()]


def figures_count(selection: Selection) -> int:
    """How many rows `figures_sql` has: one for every report and indicator, so that none of them need be counted."""
    _found, expected = reports_in(selection)
    return expected * len(entered(selection))


def figures(selection: Selection) -> Iterator[tuple]:
    """The rows of `figures_sql` one by one, kept in the database until they are wanted. Needs a transaction."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(figures_sql(selection).replace("%", "%%"), ())
        while rows := cursor.fetchmany(2000):
            yield from rows


# What of the catalogue stands in rows of codes, or puts them in their order.
CATALOGUE = {
    "country": "concat_ws(' ', code, position)",
    "agency": "concat_ws(' ', code, position, country_id)",
    "focusarea": "concat_ws(' ', code, position)",
    "unit": "concat_ws(' ', code, id)",
    "indicator": "concat_ws(' ', code, position, parent_id, area_id, unit_id, decimals)",
}


def state(selection: Selection, *, words: bool) -> tuple:
    """What the figures and totals of a selection can be told apart by, without reading them; for one database only.

    A release stands by itself. What is verified is never altered or taken back, so by the count of it (and by its
    newest) two moments of the live view are told apart; by a number from a sequence they would not be, since a lower
    one can be committed later. The order of rows comes from the catalogue; with `words`, all that it says counts.
    """
    catalogue = " UNION ALL ".join(
        f"SELECT '{table}' AS kind, code, {'one::text' if words else columns} AS content FROM operations_{table} one"
        for table, columns in CATALOGUE.items()
    )
    sql = f"""
        SELECT (SELECT system_identifier FROM pg_control_system()),
               (SELECT oid FROM pg_database WHERE datname = current_database()),
               (SELECT count(*) FROM operations_report WHERE operation_id = %(operation)s),
               (SELECT md5(string_agg(content, ' ' ORDER BY kind, code)) FROM ({catalogue}) catalogue)"""
    if selection.is_live:
        sql += """,
               (SELECT string_agg(indicator_id::text, ' ' ORDER BY indicator_id)
                  FROM operations_operation_indicators WHERE operation_id = %(operation)s),
               v.* FROM (
            SELECT count(*), max(v.id) FROM operations_revision v JOIN operations_report r ON r.id = v.report_id
             WHERE r.operation_id = %(operation)s AND v.state = 'verified') v"""
    with connection.cursor() as cursor:
        cursor.execute(sql, _parameters(selection))
        found = cursor.fetchone()
    operation, release = selection.operation, selection.release
    return *found, operation.pk, operation.is_demonstration, release and (release.pk, release.at.isoformat())


# Which of them are in, for counting only: half the time. The second revision of a report follows a verified first one.
PINNED_ANY = (
    "(SELECT report_id, revision_id AS id, 0 AS number FROM operations_pin WHERE release_id = %(release)s)"
)
CURRENT_ANY = f"(SELECT v.report_id, v.id, v.number {VERIFIED} AND v.number = 1)"


def reports_in(selection: Selection) -> tuple[int, int]:
    """How many reports of the selection are in, and how many were expected."""
    chosen = CHOSEN.format(basis=PINNED_ANY if selection.release else CURRENT_ANY)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(revision_id), count(*) FROM ({chosen}) AS chosen", _parameters(selection)
        )
        return cursor.fetchone()


def _chosen(selection: Selection) -> str:
    return CHOSEN.format(basis=PINNED if selection.release else CURRENT)


def _parameters(selection: Selection) -> dict:
    return {
        "operation": selection.operation.pk,
        "code": selection.operation.code,
        "release": selection.release.pk if selection.release else None,
        "version": selection.version,
        "first": selection.first,
        "last": selection.last,
        "as_of": selection.as_of,
        "countries": list(selection.countries) or None,
        "agencies": list(selection.agencies) or None,
        "areas": list(selection.areas) or None,
        "indicators": list(selection.indicators) or None,
    }


# ------------------------------------------------------------------------------------------- worklists


def worklist(reports, today: date):
    """Those of the reports whose month has begun, newest first, each with its standing (`with_latest`)
    and `filled`: how many figures or marks its newest revision holds (None: none), and `open_questions`."""
    filled = (
        Figure.objects.filter(revision__report=OuterRef("pk"), revision__number=OuterRef("latest_number"))
        .filter(Q(value__isnull=False) | Q(mark__isnull=False))
        .order_by()
        .values("revision")
        .annotate(count=Count("pk"))
        .values("count")
    )
    asked = (
        Question.objects.open()
        .filter(revision__report=OuterRef("pk"))
        .order_by()
        .values("revision__report")
        .annotate(count=Count("pk"))
        .values("count")
    )
    return (
        reports.filter(month__lte=months.of(today))
        .with_latest()
        .annotate(filled=Subquery(filled), open_questions=Coalesce(Subquery(asked), 0))
        .select_related("operation", "agency__country")
        .order_by("-operation__first_day", "operation__code", "-month", "agency__position")
    )


def queue(revisions) -> list[Revision]:
    """Of a set of revisions those waiting for a decision, the most urgent first.

    A correction of released figures comes before all, since the public reads the wrong ones; then what is due, or was,
    the earliest. Each has `submitted_at`, `first_submitted_at`, `is_resubmitted`, `is_released` (an earlier revision
    of its report is) and `open_questions`.
    """
    submitted = Step.objects.filter(revision=OuterRef("pk"), verb=Step.Verb.SUBMIT).order_by("-id")
    extension = Extension.objects.filter(report=OuterRef("report")).order_by("-id")
    asked = Question.objects.open().filter(revision__report=OuterRef("report")).order_by()
    asked = asked.values("revision__report").annotate(count=Count("pk")).values("count")
    waiting = list(
        revisions.filter(state=Revision.State.SUBMITTED)
        .annotate(
            submitted_at=Subquery(submitted.values("at")[:1]),
            first_submitted_at=Subquery(submitted.order_by("id").values("at")[:1]),
            is_resubmitted=Exists(submitted.values("pk")[1:2]),
            is_released=Exists(Pin.objects.filter(report=OuterRef("report"), release__at__isnull=False)),
            open_questions=Coalesce(Subquery(asked), 0),
            extended_to=Subquery(extension.values("until")[:1]),
        )
        .select_related("report__operation", "report__agency__country")
        .order_by("submitted_at", "report__agency__position", "pk")
    )
    for revision in waiting:
        revision.report.extended_to = revision.extended_to
    return sorted(waiting, key=lambda one: (not one.is_released, one.report.due))


def last_steps(reports: Iterable[Report]) -> dict[int, Step]:
    """The newest step of each report that has any, by the report's key, with who took it."""
    steps = Step.objects.filter(revision__report__in=[report.pk for report in reports])
    newest = steps.order_by("revision__report_id", "-id").distinct("revision__report_id")
    return {step.revision.report_id: step for step in newest.select_related("by", "revision")}


def extensions(reports: Iterable[Report]) -> dict[int, Extension]:
    """The extension that counts of each report that has one, by the report's key, with who gave it."""
    given = Extension.objects.filter(report__in=[report.pk for report in reports])
    return {
        one.report_id: one
        for one in given.order_by("report_id", "-id").distinct("report_id").select_related("by")
    }


def questions_for(person):
    """The open questions that this person is to answer, or waits for an answer to; the most urgent first."""
    concerned = Q(pk__in=[])
    if access.is_officer(person):
        concerned |= Q(revision__report__agency=person.agency_id)
    if access.may_ask(person):
        concerned = Q()
    asked = Question.objects.open().filter(concerned).order_by("due", "id")
    return asked.select_related(
        "by", "indicator__unit", "revision__report__operation", "revision__report__agency__country"
    )


def grid(reports: Iterable[Report]) -> tuple[list[date], list[tuple[Agency, list[Report | None]]]]:
    """Reports as agencies by months: the months, and each agency in order with its report of each (None: none)."""
    found = {(report.agency, report.month): report for report in reports}
    span = sorted({month for _agency, month in found})
    agencies = sorted({agency for agency, _month in found}, key=lambda one: (one.position, one.code))
    return span, [(agency, [found.get((agency, month)) for month in span]) for agency in agencies]


# ------------------------------------------------------------------------------------- one report's sheet


def leaves(operation: Operation) -> list[Indicator]:
    """The indicators an operation enters, in order, with area and unit."""
    entered = operation.indicators.select_related("area", "unit", "parent__area", "parent__unit", "cases")
    return list(entered.order_by("area__position", "position", "code"))


def in_order(leaves: Iterable[Indicator]) -> Iterator[tuple[Indicator, list[str]]]:
    """Leaves as they come and, after the last of its parts, each total, with the codes of its leaves."""
    leaves = list(leaves)
    parts: dict[Indicator, list[str]] = {}
    for leaf in leaves:
        for total in _above(leaf):
            parts.setdefault(total, []).append(leaf.code)
    for leaf in leaves:
        yield leaf, []
        for total in _above(leaf):
            if parts[total][-1] == leaf.code:
                yield total, parts[total]


def calculated(operation: Operation) -> dict[str, Indicator]:
    """The indicators above an operation's leaves, which nobody enters, by code."""
    return {total.code: total for leaf in leaves(operation) for total in _above(leaf)}


def _above(indicator: Indicator) -> Iterator[Indicator]:
    while indicator := indicator.parent:
        yield indicator


def factors(indicators, month: date) -> dict[tuple[str, str], Factor]:
    """For each (indicator, reported unit) that can be converted, the factor in force in that month.

    The indicator's own factor comes before the general one, the latest before earlier ones.
    Units that are missing here, other than the indicator's own, cannot be entered for it.
    """
    found = {}
    in_force = Factor.objects.filter(valid_from__lt=months.shift(month, 1)).select_related(
        "unit", "indicator"
    )
    for factor in in_force.order_by("valid_from"):
        for indicator in indicators:
            if factor.into_id == indicator.unit_id and factor.indicator_id in (None, indicator.pk):
                key = (indicator.code, factor.unit.code)
                if factor.indicator_id or key not in found or found[key].indicator_id is None:
                    found[key] = factor
    return found


def entries(revision: Revision | None) -> dict[str, Entry]:
    """The figures of a revision by indicator, as plain values; empty for no revision."""
    return {} if revision is None else entries_of([revision])[revision.pk]


def entries_of(revisions: Iterable[Revision]) -> dict[int, dict[str, Entry]]:
    """The same for several revisions, by their keys, in one query."""
    found = {revision.pk: {} for revision in revisions}
    figures = Figure.objects.filter(revision__in=found)
    for revision, code, *figure in figures.values_list("revision", "indicator__code", *ENTRY):
        found[revision][code] = Entry(*figure)
    return found


ENTRY = ("value", "mark", "note")


def earlier_entries(
    report: Report, count: int = checks.MONTHS_LOOKED_AT, among=None
) -> list[dict[str, Entry]]:
    """What the same agency handed in for the months before, newest first; {} for a month with nothing handed in.

    `among` are the revisions that the reader may see; without it all count, as for the rules.
    """
    return earlier_entries_of([report], count, among)[report.pk]


def earlier_entries_of(
    reports: Iterable[Report], count: int = checks.MONTHS_LOOKED_AT, among=None
) -> dict[int, list[dict[str, Entry]]]:
    """The same for several reports, by their keys, in one query."""
    spans = {
        report.pk: list(
            months.span(
                max(months.shift(report.month, -count), report.operation.first_month),
                months.previous(report.month),
            )
        )
        for report in reports
    }
    owners = {report.pk: (report.operation_id, report.agency_id) for report in reports}
    wanted: dict[tuple[int, int], set[date]] = {}
    for pk, owner in owners.items():
        wanted.setdefault(owner, set()).update(spans[pk])
    its_months = Q(pk__in=[])
    for (operation, agency), span in wanted.items():
        its_months |= Q(
            revision__report__operation=operation,
            revision__report__agency=agency,
            revision__report__month__in=span,
        )
    # A correction has every figure of the revision before it, so the newest revision comes to stand for its month.
    handed_in = (
        Figure.objects.filter(its_months)
        .exclude(revision__state=Revision.State.DRAFT)
        .order_by("revision__number")
        .annotate(
            operation=F("revision__report__operation"),
            agency=F("revision__report__agency"),
            month=F("revision__report__month"),
        )
    )
    if among is not None:
        handed_in = handed_in.filter(revision__in=among)
    found: dict[tuple, dict[str, Entry]] = {}
    for operation, agency, month, code, *figure in handed_in.values_list(
        "operation", "agency", "month", "indicator__code", *ENTRY
    ):
        found.setdefault((operation, agency, month), {})[code] = Entry(*figure)
    return {
        pk: [found.get((*owners[pk], month), {}) for month in reversed(span)] for pk, span in spans.items()
    }


def year_earlier_entries(report: Report) -> dict[str, Entry] | None:
    """What is verified of the same agency for the same month a year earlier, in this operation or the one before it
    that had this month; None where there is nothing."""
    earlier = Revision.objects.verified().filter(
        report__agency=report.agency_id, report__month=months.shift(report.month, -12)
    )
    newest = earlier.exclude(report__operation__first_day__gt=report.operation.first_day).order_by(
        "-report__operation__first_day", "-number"
    )
    revision = newest.first()
    return entries(revision) if revision else None


def sum_of(entries: dict[str, Entry], codes: Iterable[str]) -> Decimal | None:
    """The figure of one code, or the sum of a total's parts; None where none of them has a value.

    Not in SQL, because what stood before is rebuilt from changes and is in no table.
    """
    values = [value for code in codes if (value := entries.get(code, checks.EMPTY).value) is not None]
    return sum(values) if values else None


def entries_at(revision: Revision, version: int) -> dict[str, Entry]:
    """The figures of a revision as they stood at one of its versions, rebuilt from the changes on record."""
    earlier = Revision.objects.filter(report=revision.report_id, number=revision.number - 1).first()
    found = entries(earlier)
    changes = Change.objects.filter(revision=revision, version__lte=version).select_related("indicator")
    for change in changes.order_by("id"):
        value = change.after["value"]
        found[change.indicator.code] = Entry(
            None if value is None else Decimal(value), change.after["mark"], change.after["note"]
        )
    return found


def entries_before(revision: Revision) -> dict[str, Entry]:
    """What a reviewer has seen of this report before: its last submission, or the revision a correction corrects.

    {} for a report submitted for the first time.
    """
    submissions = list(revision.steps.filter(verb=Step.Verb.SUBMIT).order_by("-id")[:2])
    if len(submissions) == 2:
        return entries_at(revision, submissions[1].version)
    return entries(Revision.objects.filter(report=revision.report_id, number=revision.number - 1).first())


def findings(report: Report, revision: Revision | None, among=None) -> list[checks.Finding]:
    """What the checks find in a revision's figures, against what the agency handed in for the months before."""
    earlier = earlier_entries(report, among=among)
    return findings_among(leaves(report.operation), entries(revision), earlier)


def findings_among(
    leaves: Iterable[Indicator], entries: dict[str, Entry], earlier: list[dict[str, Entry]]
) -> list[checks.Finding]:
    """The same for figures that are read already."""
    return checks.findings(
        [
            checks.Leaf(
                code=one.code,
                area=one.area.code,
                unit=one.unit.code,
                decimals=one.decimals,
                label=one.label,
                odd_ratio=one.odd_ratio,
                unit_ratio=one.unit_ratio,
            )
            for one in leaves
        ],
        entries,
        earlier,
        pairs=[(one.code, one.cases.code) for one in leaves if one.cases],
    )


def canonical(revision: Revision) -> str:
    """The figures of a revision as one exact text, whose bytes in UTF-8 a receipt's digest is taken over.

    A line for the report and its revision, then one for each figure in the order of codes, with fields between
    tabs: indicator, value, mark, quantity, unit, factor, estimated, note; plain decimals, nothing for none.
    """
    report = revision.report
    lines = [
        f"{report.operation.code}\t{report.agency.code}\t{months.written(report.month)}\t{revision.number}"
    ]
    figures = revision.figures.select_related("indicator", "unit", "factor").order_by("indicator__code")
    for one in figures:
        unit, factor = one.unit.code if one.unit else "", one.factor.factor if one.factor else None
        numerals = [_plain(one.value), one.mark or "", _plain(one.quantity), unit, _plain(factor)]
        # A note is one field and one line, whatever was typed into it.
        lines.append("\t".join([one.indicator.code, *numerals, str(one.estimated), json.dumps(one.note)]))
    return "\n".join(lines)


def digest(revision: Revision) -> str:
    """SHA-256, as hex, over the canonical text of a revision: what a receipt of submission proves."""
    return hashlib.sha256(canonical(revision).encode()).hexdigest()


def _plain(number: Decimal | None) -> str:
    return "" if number is None else f"{number.normalize():f}"


@dataclass(frozen=True)
class Remark:
    """One thing said about a figure; `kind` is note, question, or the answer's, `by` None past the application."""

    kind: str
    text: str
    by: Person | None
    at: datetime


def thread(report: Report, upto: int, *, drafts: bool) -> dict[str, list[Remark]]:
    """What was said about each figure of a report up to a revision, by indicator, the oldest first.

    Notes are taken from the changes on record; of one person's notes in a row only the last one stands, since the
    others were on the way to it. Without `drafts` only notes that stood there at a submission: what was typed and
    taken back in a draft is nobody else's.
    """
    said: dict[str, list[Remark]] = {}
    revisions = Revision.objects.filter(report=report, number__lte=upto)
    handed_in: dict[int, list[int]] = {}
    for step in Step.objects.filter(revision__in=revisions, verb=Step.Verb.SUBMIT):
        handed_in.setdefault(step.revision_id, []).append(step.version)
    changes = Change.objects.filter(revision__in=revisions).select_related("by", "indicator").order_by("-id")
    until: dict[tuple[int, int], int] = {}  # the version with which the next change of the note came
    for change in changes:
        note, before = ((one or {}).get("note", "") for one in (change.after, change.before))
        if note == before:
            continue
        figure = (change.revision_id, change.indicator_id)
        end = until.get(figure)
        until[figure] = change.version
        stood = any(
            change.version <= version and (end is None or version < end)
            for version in handed_in.get(change.revision_id, [])
        )
        if note and (drafts or stood):
            said.setdefault(change.indicator.code, []).append(Remark("note", note, change.by, change.at))
    for remarks in said.values():
        remarks.reverse()
    questions = Question.objects.filter(revision__in=revisions).select_related(
        "by", "indicator", "answer__by"
    )
    for one in questions:
        remarks = said.setdefault(one.indicator.code, [])
        remarks.append(Remark("question", one.text, one.by, one.at))
        if reply := getattr(one, "answer", None):
            remarks.append(Remark(reply.kind, reply.text, reply.by, reply.at))
    for code, remarks in said.items():
        remarks.sort(key=lambda remark: remark.at)
        pairs = zip(remarks, [*remarks[1:], None], strict=True)
        said[code] = [one for one, after in pairs if not _is_outdated(one, after)]
    return said


def _is_outdated(remark: Remark, after: Remark | None) -> bool:
    """Whether the same writer's next note replaces this one, or the answer says the same with more weight."""
    if after is None or remark.kind != "note" or remark.by != after.by:
        return False
    return after.kind == "note" or (after.kind in Answer.Kind.values and after.text == remark.text)


def has_worked_on(person, report: Report) -> bool:
    """Whether this person entered or submitted any figure of the report, in whatever revision."""
    return report.pk in worked_on(person, [report])


def worked_on(person, reports: Iterable[Report]) -> set[int]:
    """The keys of those reports of which this person entered or submitted any figure."""
    changed = Change.objects.filter(revision__report__in=reports, by=person)
    submitted = Step.objects.filter(revision__report__in=reports, by=person, verb=Step.Verb.SUBMIT)
    keys = [
        rows.order_by().values_list("revision__report", flat=True).distinct() for rows in (changed, submitted)
    ]
    return {*keys[0], *keys[1]}


# ------------------------------------------------------------------------------------------- receipts


@dataclass(frozen=True)
class Line:
    """One figure that a total sums, or the gap where none is: value in the indicator's unit, as reported, by whom."""

    agency: str
    month: date
    indicator: str
    revision: int | None
    value: Decimal | None
    mark: str | None
    estimated: bool | None
    quantity: Decimal | None
    unit: str | None
    factor: Decimal | None
    note: str | None
    entered_by: str | None
    entered_at: datetime | None
    verified_by: str | None
    verified_at: datetime | None


def receipt(selection: Selection, indicator: Indicator) -> list[Line]:
    """Every figure behind a total, by the same rows of which `totals` makes its sum, with who entered and verified.

    A report that is not in, or an emptied figure, is a line without value and mark.
    """
    sql = f"""
        WITH RECURSIVE tree AS ({TREE}), chosen AS ({_chosen(selection)})
        SELECT chosen.agency, chosen.month, i.code, chosen.revision, round(f.value, i.decimals), f.mark, f.estimated,
               trim_scale(f.quantity), unit.code, trim_scale(factor.factor), f.note,
               enterer.username, entered.at, verifier.username, verified.at
          FROM chosen
          JOIN tree t ON t.total = %(indicator)s
          JOIN operations_indicator i ON i.id = t.leaf
          LEFT JOIN operations_figure f ON f.revision_id = chosen.revision_id AND f.indicator_id = t.leaf
          LEFT JOIN operations_unit unit ON unit.id = f.unit_id
          LEFT JOIN operations_factor factor ON factor.id = f.factor_id
          LEFT JOIN LATERAL (
              SELECT c.by_id, c.at FROM operations_change c JOIN operations_revision v ON v.id = c.revision_id
               WHERE v.report_id = chosen.report_id AND v.number <= chosen.revision AND c.indicator_id = t.leaf
               ORDER BY c.id DESC LIMIT 1) entered ON true
          LEFT JOIN operations_person enterer ON enterer.id = entered.by_id
          LEFT JOIN LATERAL (
              SELECT s.by_id, s.at FROM operations_step s
               WHERE s.revision_id = chosen.revision_id AND s.verb = 'verify') verified ON true
          LEFT JOIN operations_person verifier ON verifier.id = verified.by_id
         ORDER BY chosen.month, chosen.agency_position, chosen.agency, i.position, i.code"""
    with connection.cursor() as cursor:
        cursor.execute(sql, _parameters(selection) | {"indicator": indicator.pk})
        return [Line(*row) for row in cursor.fetchall()]


@dataclass(frozen=True)
class Stand:
    """A figure in one verified revision: what it was, why it was corrected, by whom, and in which releases."""

    revision: int
    value: Decimal | None
    mark: str | None
    estimated: bool | None
    reason_code: str
    reason: str
    note: str | None
    entered_by: str | None
    entered_at: datetime | None
    verified_by: str | None
    verified_at: datetime | None
    releases: list[int]


def history(selection: Selection, agency: str, indicator: Indicator) -> list[Stand]:
    """How one figure came to be what it is: an agency's entered indicator in the selection's first month, oldest first.

    Of a release only what was ever published; of the live view all that was verified by the moment looked at.
    """
    sql = """
        SELECT v.number, round(f.value, %(decimals)s), f.mark, f.estimated, v.reason_code, v.reason, f.note,
               enterer.username, entered.at, verifier.username, verified.at,
               ARRAY(SELECT q.number FROM operations_pin p JOIN operations_release q ON q.id = p.release_id
                      WHERE p.revision_id = v.id AND q.at IS NOT NULL ORDER BY q.number) AS releases
          FROM operations_report r
          JOIN operations_agency a ON a.id = r.agency_id AND a.code = %(agency)s
          JOIN operations_revision v ON v.report_id = r.id
          JOIN operations_step verified ON verified.revision_id = v.id AND verified.verb = 'verify'
          JOIN operations_person verifier ON verifier.id = verified.by_id
          LEFT JOIN operations_figure f ON f.revision_id = v.id AND f.indicator_id = %(indicator)s
          LEFT JOIN LATERAL (
              SELECT c.by_id, c.at FROM operations_change c JOIN operations_revision w ON w.id = c.revision_id
               WHERE w.report_id = r.id AND w.number <= v.number AND c.indicator_id = %(indicator)s
               ORDER BY c.id DESC LIMIT 1) entered ON true
          LEFT JOIN operations_person enterer ON enterer.id = entered.by_id
         WHERE r.operation_id = %(operation)s AND r.month = %(first)s
           AND (%(as_of)s::timestamptz IS NULL OR verified.at <= %(as_of)s)
           AND (%(release)s::bigint IS NULL OR EXISTS (
               SELECT FROM operations_pin p JOIN operations_release q ON q.id = p.release_id
                WHERE p.revision_id = v.id AND q.at IS NOT NULL))
         ORDER BY v.number"""
    named = {"agency": agency, "indicator": indicator.pk, "decimals": indicator.decimals}
    with connection.cursor() as cursor:
        cursor.execute(sql, _parameters(selection) | named)
        return [Stand(*row) for row in cursor.fetchall()]


def coverage(selection: Selection) -> dict[tuple[str, date], int | None]:
    """For each agency and month of the selection the number of the revision that counts; None where none is in."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT agency, month, revision FROM ({_chosen(selection)}) AS chosen", _parameters(selection)
        )
        return {(agency, month): revision for agency, month, revision in cursor.fetchall()}


def releases():
    """The published releases, newest first, each with how many reports it pins (`report_count`)."""
    return (
        Release.objects.published()
        .select_related("operation", "by")
        .annotate(report_count=Count("pins"))
        .order_by("-operation__first_day", "-number")
    )


def release_before(release: Release) -> Release | None:
    return releases().filter(operation=release.operation, number__lt=release.number).first()


def superseded_by(release: Release) -> Release | None:
    """The newest release of the same operation, if that is a later one."""
    return releases().filter(operation=release.operation, number__gt=release.number).first()


def moved_since(release: Release) -> list[tuple[Report, Revision | None, Revision]]:
    """What a release took in that the one before had not: (report, revision before or None, revision now)."""
    earlier = release_before(release)
    old = {pin.report_id: pin.revision for pin in earlier.pins.select_related("revision")} if earlier else {}
    pins = release.pins.select_related("revision", "report__agency__country", "report__operation")
    return [
        (pin.report, old.get(pin.report_id), pin.revision)
        for pin in pins.order_by("report__month", "report__agency__position")
        if old.get(pin.report_id) != pin.revision
    ]


# ------------------------------------------------------------------------------ what was said in public


def claims(operation: Operation) -> list[PublishedClaim]:
    """The numbers said in public of an operation, each with `factor`: what one of its units is in the indicator's.

    In the order of the days and the Centre's texts. `factor` is None where nothing converted them on that day.
    """
    found = operation.claims.select_related("indicator__unit", "indicator__area", "unit", "operation")
    found = list(found.order_by("said_on", "where", "indicator__area__position", "indicator__position"))
    for claim in found:
        claim.factor = factor_of(claim.indicator, claim.unit.code, months.of(claim.said_on))
    return found


def factor_of(indicator: Indicator, unit: str, month: date) -> Decimal | None:
    """What one of a unit is in the indicator's own, in that month; None where nothing converts it."""
    if unit == indicator.unit.code:
        return Decimal(1)
    found = factors([indicator], month).get((indicator.code, unit))
    return found.factor if found else None


def release_at(operation: Operation, day: date) -> Release | None:
    """The newest release on a day (of UTC), else the first one after it; None for none at all."""
    published = operation.releases.published().select_related("operation")
    by_then = published.filter(at__date__lte=day).order_by("-number").first()
    return by_then or published.order_by("number").first()


@dataclass(frozen=True)
class Cause:
    """Why a report's figure of one entered indicator counts for more, or less, in one selection than in another.

    `kind` is `report` (a late one), `month` (of a month after those of the first selection), `withdrawn`, `factor`
    (converted by another one), or a reason code of Revision. `before` and `after` number the revisions, None for
    none; `reason` is the correction's own; `amount` is in the indicator's unit.
    """

    agency: str
    month: date
    indicator: str
    before: int | None
    after: int | None
    kind: str
    reason: str
    amount: Decimal


def causes(before: Selection, now: Selection, *, released_only: bool) -> list[Cause]:
    """Each revision that moved a figure between two selections of one operation, in the order of months and agencies.

    Together they are the difference of the two totals. With `released_only` a revision that no release ever had is
    not shown by itself: what it moved stands with the next one that was released.
    """
    old, new = _counting(before), _counting(now)
    moved = {pk for pk in old.keys() | new.keys() if old.get(pk) != new.get(pk)}
    revisions = Revision.objects.verified().filter(report__in=moved).select_related("report__agency")
    by_report: dict[int, dict[int, Revision]] = {}
    for revision in revisions.order_by("report__month", "report__agency__position", "number"):
        by_report.setdefault(revision.report_id, {})[revision.number] = revision
    known = set(
        Pin.objects.filter(report__in=moved, release__at__isnull=False).values_list("revision", flat=True)
    )
    pairs = []
    for pk, verified in by_report.items():
        first, last = old.get(pk), new.get(pk)
        if last is None or (first or 0) > last:
            pairs.append((verified[first], verified.get(last), "withdrawn"))
            continue
        chain = [one for number, one in verified.items() if (first or 0) < number <= last]
        if released_only:
            chain = [one for one in chain if one.pk in known or one.number == last]
        earlier = verified.get(first)
        for one in chain:
            late = "month" if one.report.month > before.last else "report"
            pairs.append((earlier, one, one.reason_code if earlier else late))
            earlier = one
    figures = _figures_of(before.operation, {one.pk for pair in pairs for one in pair[:2] if one})
    return [cause for pair in pairs for cause in _causes_between(*pair, figures)]


def _counting(selection: Selection) -> dict[int, int]:
    """By the key of each report of the selection that is in, the number of the revision that counts."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT report_id, revision FROM ({_chosen(selection)}) AS chosen WHERE revision IS NOT NULL",
            _parameters(selection),
        )
        return dict(cursor.fetchall())


def _figures_of(operation: Operation, revisions: Iterable[int]) -> dict[int, dict[str, Figure]]:
    """The figures with a value of each revision, by its key and their indicator; of those the operation enters."""
    found: dict[int, dict[str, Figure]] = {pk: {} for pk in revisions}
    figures = Figure.objects.filter(revision__in=found, value__isnull=False, indicator__operations=operation)
    for figure in figures.select_related("indicator", "factor").order_by(
        "indicator__position", "indicator__code"
    ):
        found[figure.revision_id][figure.indicator.code] = figure
    return found


def _causes_between(before: Revision | None, after: Revision | None, kind: str, figures) -> Iterator[Cause]:
    """What one revision moved against another, indicator by indicator; a change of factor apart from the rest."""
    report = (after or before).report
    olds, news = (figures[one.pk] if one else {} for one in (before, after))
    for code in news | olds:
        old, new = olds.get(code), news.get(code)
        amount = (new.value if new else 0) - (old.value if old else 0)
        by_factor = _by_factor(old, new)
        for moved, why in ((by_factor, "factor"), (amount - by_factor, kind)):
            if moved:
                yield Cause(
                    agency=report.agency.code,
                    month=report.month,
                    indicator=code,
                    before=before.number if before else None,
                    after=after.number if after else None,
                    kind=why,
                    reason=after.reason if after else "",
                    amount=moved,
                )


def _by_factor(old: Figure | None, new: Figure | None) -> Decimal:
    """By how much a figure would have moved had only its factor changed; 0 unless the same unit has another one."""
    if not (old and new and old.factor and new.factor) or old.unit_id != new.unit_id:
        return Decimal(0)
    if old.factor.factor == new.factor.factor:
        return Decimal(0)
    return numbers.convert(old.quantity, new.factor.factor, new.indicator.decimals) - old.value
