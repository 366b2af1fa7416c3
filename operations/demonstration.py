"""The demonstration: invented reports that add up to the published totals, drawn by fixed rules, no clock.

`files()` gives the texts kept under fixtures/demonstration/, three for each operation: `SLM-2025.csv`, the
figures as first saved, in the long layout; `SLM-2025-changes.csv`, those saved again after a report was sent
back or opened for correction; `SLM-2025-steps.csv`, who did what when. What is asked about SLM-2026 is written
by hand. The published totals are cut into cells of agency, month and indicator by weights, and what rounding
leaves over goes to one cell, so that the sums are exact. The weights follow what the six countries publish
about themselves; nothing here was ever reported.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

from . import checks, months

AGENCIES = {
    "KH-NP": "officer.kh",
    "CN-MPS": "officer.cn",
    "LA-MPS": "officer.la.mps",
    "LA-MND": "officer.la.mnd",
    "MM-MHA": "officer.mm",
    "TH-RTP": "officer.th",
    "VN-MPS": "officer.vn",
}

# How much each agency (in the order above) weighs in each indicator: like counts, or like kilograms.
WEIGHTS = {
    "scam-cases": {
        "scam-cases-fraud": (690, 1480, 215, 0, 385, 1860, 840),
        "scam-cases-gambling": (290, 420, 105, 0, 175, 1240, 312),
    },
    "scam-suspects": {
        "scam-suspects-fraud": (1930, 2310, 430, 0, 2150, 1720, 1390),
        "scam-suspects-gambling": (770, 690, 215, 0, 750, 1180, 510),
    },
    "drug-cases": {"drug-cases": (7600, 12900, 3250, 250, 5200, 80000, 13300)},
    "drug-suspects": {"drug-suspects": (9600, 18400, 3600, 256, 5600, 79900, 22600)},
    "drugs-seized": {
        "drugs-methamphetamine-tablets": (70, 1150, 6300, 150, 5300, 14900, 640),
        "drugs-methamphetamine-crystal": (1250, 2900, 2500, 60, 9400, 12900, 1950),
        "drugs-heroin": (14, 520, 300, 6, 920, 1380, 270),
        "drugs-opium": (2, 480, 120, 12, 910, 140, 20),
        "drugs-ketamine": (2350, 480, 290, 4, 2150, 1900, 390),
        "drugs-cannabis": (690, 60, 2350, 40, 420, 3000, 880),
        "drugs-ecstasy": (115, 45, 30, 1, 95, 180, 350),
        "drugs-other": (60, 640, 45, 3, 240, 380, 190),
    },
    "precursors-seized": {
        "precursors-scheduled": (6200, 21500, 3800, 300, 17500, 12400, 4900),
        "precursors-other": (8400, 26300, 19700, 500, 26900, 17600, 3700),
    },
    "trafficking-cases": {"trafficking-cases": (135, 190, 95, 14, 178, 255, 150)},
    "trafficking-suspects": {"trafficking-suspects": (84, 150, 52, 8, 98, 178, 148)},
    "trafficking-victims": {
        "trafficking-victims-women": (90, 122, 62, 9, 146, 164, 88),
        "trafficking-victims-men": (62, 54, 30, 7, 92, 104, 44),
        "trafficking-victims-girls": (26, 30, 26, 4, 40, 48, 34),
        "trafficking-victims-boys": (14, 16, 11, 2, 19, 20, 12),
        "trafficking-victims-unstated": (12, 18, 7, 1, 26, 16, 13),
    },
}
CASES_OF = {
    "scam-suspects-fraud": "scam-cases-fraud",
    "scam-suspects-gambling": "scam-cases-gambling",
    "drug-suspects": "drug-cases",
    "trafficking-suspects": "trafficking-cases",
}
WEIGHED = ("drugs-seized", "precursors-seized")  # in grams here; all else is counted
OUTSIDE_MANDATE = {("LA-MND", "scam-cases"), ("LA-MND", "scam-suspects")}

# In what an agency reports a weight; kg where nothing is said.
UNITS = {
    "drugs-methamphetamine-tablets": dict.fromkeys(set(AGENCIES) - {"CN-MPS"}, "tablet"),
    "drugs-methamphetamine-crystal": {"LA-MND": "g"},
    "drugs-heroin": {"KH-NP": "g", "LA-MND": "g"},
    "drugs-opium": {"KH-NP": "g"},
    "drugs-ketamine": {"LA-MND": "g"},
    "drugs-cannabis": {"LA-MPS": "t"},
    "drugs-ecstasy": {"KH-NP": "g", "CN-MPS": "g", "LA-MND": "g"}
    | dict.fromkeys(("LA-MPS", "MM-MHA", "TH-RTP", "VN-MPS"), "tablet"),
    "drugs-other": {"LA-MND": "g"},
    "precursors-scheduled": {"CN-MPS": "t", "KH-NP": "litre", "VN-MPS": "litre"},
    "precursors-other": {"CN-MPS": "t", "LA-MPS": "t", "MM-MHA": "litre"},
}
# In grams: what a unit weighs, as the catalogue's factors say, and to what people round who report in it.
GRAMS = {"g": Decimal(1), "kg": Decimal(1000), "t": Decimal(1_000_000), "litre": Decimal(1000)}
TABLET = {"drugs-methamphetamine-tablets": Decimal("0.09"), "drugs-ecstasy": Decimal("0.27")}
ROUNDED_TO = {"g": 1, "kg": 50, "t": 1000, "litre": 500}
TABLETS_ROUNDED_TO = {"drugs-methamphetamine-tablets": 18, "drugs-ecstasy": 27}  # 200 and 100 tablets


@dataclass(frozen=True)
class Reported:
    """One figure as an officer reports it; `mark` is L or M for no figure, E for an estimated one."""

    value: Decimal | None
    unit: str = ""
    mark: str = ""
    note: str = ""


@dataclass(frozen=True)
class Plan:
    """What one operation's demonstration looks like, by (agency, month, indicator) or (agency, month)."""

    code: str
    first: date
    last: date
    totals: dict[str, int]  # by parent or lone indicator; grams for weights
    seasons: tuple[int, ...]  # a weight for each month
    nil: frozenset = frozenset()
    marks: dict = field(default_factory=dict)
    estimates: dict = field(default_factory=dict)
    peaks: dict = field(default_factory=dict)  # times the usual, and why
    mistakes: dict = field(default_factory=dict)  # how the figure was first reported, and the note beside it
    states: dict = field(default_factory=dict)  # verified where nothing is said
    reasons: dict = field(default_factory=dict)  # of corrections and returns: code and sentence
    release: tuple = ()


SLM_2025 = Plan(
    code="SLM-2025",
    first=date(2025, 2, 1),
    last=date(2025, 12, 1),
    # The summary meeting of 27 January 2026; “over 82 tonnes” is drawn as 82.417263 t.
    totals={
        "scam-cases": 8012,
        "scam-suspects": 14047,
        "drug-cases": 122503,
        "drug-suspects": 139956,
        "drugs-seized": 82_417_263,
        "precursors-seized": 169_730_000,
        "trafficking-cases": 1017,
        "trafficking-suspects": 718,
        "trafficking-victims": 1469,
    },
    # February has three days only, with a strong start.
    seasons=(17, 96, 92, 98, 103, 100, 97, 101, 105, 108, 102),
    nil=frozenset({("LA-MND", "2025-02"), ("LA-MND", "2025-07"), ("LA-MND", "2025-10")}),
    marks={
        ("VN-MPS", "2025-05", "drugs-cannabis"): ("L", "The provinces have not finished weighing."),
        ("MM-MHA", "2025-11", "drugs-other"): ("L", "Laboratory results are due in January."),
        ("KH-NP", "2025-12", "drugs-ketamine"): ("L", "Laboratory results are pending."),
    },
    estimates={
        ("LA-MPS", "2025-06", "precursors-other"): "Estimated from the number of drums.",
        ("MM-MHA", "2025-09", "drugs-cannabis"): "Estimated in the field; not weighed.",
    },
    peaks={
        ("TH-RTP", "2025-07", "drugs-methamphetamine-crystal"): (3, "Includes one very large seizure."),
        ("LA-MPS", "2025-05", "precursors-other"): (4, "Includes one consignment of chemicals in drums."),
        ("MM-MHA", "2025-10", "scam-suspects-fraud"): (4, "Includes the suspects of one large joint action."),
        ("CN-MPS", "2025-11", "scam-cases-fraud"): (2, "Several investigations were opened together."),
        ("VN-MPS", "2025-09", "trafficking-victims-women"): (3, "Many victims were rescued in one action."),
    },
    mistakes={
        ("KH-NP", "2025-08", "drugs-ketamine"): ("g", "As in the register of the provincial office."),
        ("TH-RTP", "2025-04", "drug-suspects"): ("digits", ""),
    },
    states={("KH-NP", "2025-08"): "corrected", ("TH-RTP", "2025-04"): "corrected"},
    reasons={
        ("KH-NP", "2025-08"): ("unit", "The ketamine was weighed in kilograms; grams were entered."),
        ("TH-RTP", "2025-04"): ("typing", "Two digits of the drug suspects were exchanged."),
    },
    release=(
        date(2025, 12, 1),
        datetime(2026, 1, 27, 2, tzinfo=UTC),
        "The totals announced on 27 January 2026. Their split by country and month is invented.",
    ),
)

SLM_2026 = Plan(
    code="SLM-2026",
    first=date(2026, 1, 1),
    last=date(2026, 10, 1),
    totals={
        "scam-cases": 8361,
        "scam-suspects": 13904,
        "drug-cases": 118742,
        "drug-suspects": 134615,
        "drugs-seized": 84_963_408,
        "precursors-seized": 158_412_500,
        "trafficking-cases": 1064,
        "trafficking-suspects": 781,
        "trafficking-victims": 1522,
    },
    seasons=(98, 91, 97, 93, 99, 102, 101, 98, 102, 104),
    nil=frozenset({("LA-MND", "2026-03")}),
    marks={
        ("LA-MPS", "2026-07", "drugs-other"): ("L", "Laboratory results are pending."),
        ("CN-MPS", "2026-09", "precursors-other"): ("L", "Weighing is not finished; it will follow."),
    },
    estimates={("MM-MHA", "2026-06", "drugs-cannabis"): "Estimated in the field; not weighed."},
    peaks={
        ("MM-MHA", "2026-05", "drugs-methamphetamine-crystal"): (3, "Includes one very large seizure."),
        ("CN-MPS", "2026-10", "scam-suspects-fraud"): (3, "Includes the suspects of one large joint action."),
    },
    mistakes={
        ("LA-MPS", "2026-06", "drug-cases"): ("digits", ""),
        ("VN-MPS", "2026-05", "drugs-heroin"): ("g", "As in the provincial register."),
        ("KH-NP", "2026-08", "drug-suspects"): ("digits", ""),
    },
    states={
        ("TH-RTP", "2026-02"): "sent back",
        ("CN-MPS", "2026-04"): "being corrected",
        ("VN-MPS", "2026-05"): "correction submitted",
        ("LA-MPS", "2026-06"): "corrected",
        ("KH-NP", "2026-08"): "resubmitted",
        ("LA-MND", "2026-08"): "expected",
        ("MM-MHA", "2026-08"): "sent back",
        ("KH-NP", "2026-09"): "submitted",
        ("CN-MPS", "2026-09"): "submitted",
        ("LA-MPS", "2026-09"): "submitted",
        ("LA-MND", "2026-09"): "draft",
        ("MM-MHA", "2026-09"): "draft",
        ("VN-MPS", "2026-09"): "submitted",
        ("KH-NP", "2026-10"): "draft",
        ("CN-MPS", "2026-10"): "submitted",
        ("LA-MPS", "2026-10"): "expected",
        ("LA-MND", "2026-10"): "expected",
        ("MM-MHA", "2026-10"): "expected",
        ("TH-RTP", "2026-10"): "expected",
        ("VN-MPS", "2026-10"): "submitted",
    },
    reasons={
        ("TH-RTP", "2026-02"): ("", "The drug suspects differ from your signed sheet; please check them."),
        ("CN-MPS", "2026-04"): ("late", "Two provinces reported after the deadline."),
        ("VN-MPS", "2026-05"): ("unit", "The heroin was weighed in kilograms; grams were entered."),
        ("LA-MPS", "2026-06"): ("typing", "Two digits of the drug cases were exchanged."),
        ("KH-NP", "2026-08"): ("", "Drug suspects: are two digits exchanged? Please check your register."),
        ("MM-MHA", "2026-08"): ("", "Please say in a note which drugs are meant by “other drugs”."),
    },
)


def files() -> dict[str, str]:
    """The text of each file by its name; the same at every call, on every machine."""
    texts = {}
    for plan in (SLM_2025, SLM_2026):
        right = _explained(plan, _drawn(plan))
        texts[f"{plan.code}.csv"] = _figures_csv(_first_saved(plan, right))
        texts[f"{plan.code}-changes.csv"] = _figures_csv({key: right[key] for key in plan.mistakes})
        texts[f"{plan.code}-steps.csv"] = _csv(
            ("at", "agency", "month", "verb", "by", "reason_code", "note"), sorted(_steps(plan))
        )
    return texts


# ---------------------------------------------------------------------------------------- the figures


def _drawn(plan: Plan) -> dict[tuple, Reported]:
    """All figures of the plan by (agency, month, indicator), months as `2025-03`, by month and agency."""
    chance = Random(int(plan.code[-4:]))
    written = _months(plan)
    drawn = {}
    for family, weights in WEIGHTS.items():
        cells = {}
        for indicator, shares in weights.items():
            for agency, share in zip(AGENCIES, shares, strict=True):
                for month, season in zip(written, plan.seasons, strict=True):
                    key = (agency, month, indicator)
                    # Seizures come in lumps, counts are steady.
                    least, span = (40, 120) if family in WEIGHED else (86, 29)
                    noise = least + int(chance.random() * span)
                    times, _why = plan.peaks.get(key, (1, ""))
                    silent = key in plan.marks or (agency, month) in plan.nil
                    cells[key] = 0 if silent else share * season * noise * times
        drawn |= _reported(plan, family, _cut(family, plan.totals[family], cells))
    return {
        (agency, month, indicator): drawn[agency, month, indicator]
        for month in written
        for agency in AGENCIES
        for weights in WEIGHTS.values()
        for indicator in weights
    }


def _cut(family: str, total: int, weights: dict[tuple, int]) -> dict[tuple, int]:
    """The total cut by the weights into whole numbers that add up to it exactly (by largest remainder).

    Grams are rounded down to what somebody would write in that unit; the largest cell in kg takes the rest.
    """
    whole = sum(weights.values())
    cut = {key: total * weight // whole for key, weight in weights.items()}
    by_remainder = sorted(weights, key=lambda key: (-(total * weights[key] % whole), key))
    for key in by_remainder[: total - sum(cut.values())]:
        cut[key] += 1
    if family in WEIGHED:
        for agency, month, indicator in cut:
            unit = _unit(agency, indicator)
            step = TABLETS_ROUNDED_TO[indicator] if unit == "tablet" else ROUNDED_TO[unit]
            cut[agency, month, indicator] -= cut[agency, month, indicator] % step
        largest = max((key for key in cut if _unit(key[0], key[2]) == "kg"), key=lambda key: (cut[key], key))
        cut[largest] += total - sum(cut.values())
    return cut


def _reported(plan: Plan, family: str, amounts: dict[tuple, int]) -> dict[tuple, Reported]:
    figures = {}
    for key, amount in amounts.items():
        agency, month, indicator = key
        if key in plan.marks:
            mark, why = plan.marks[key]
            figures[key] = Reported(None, mark=mark, note=why)
        elif (agency, family) in OUTSIDE_MANDATE and (agency, month) != ("LA-MND", "2025-02"):
            figures[key] = Reported(None, mark="M", note="Outside the mandate of the ministry.")
        elif family in WEIGHED:
            unit = _unit(agency, indicator)
            grams = TABLET[indicator] if unit == "tablet" else GRAMS[unit]
            figures[key] = Reported(amount / grams, unit)
        else:
            figures[key] = Reported(Decimal(amount), "case" if family.endswith("-cases") else "person")
        if key in plan.estimates:
            figures[key] = replace(figures[key], mark="E", note=plan.estimates[key])
        if key in plan.peaks:
            figures[key] = replace(figures[key], note=plan.peaks[key][1])
    return figures


def _unit(agency: str, indicator: str) -> str:
    return UNITS.get(indicator, {}).get(agency, "kg")


DRAFTED = 9  # so many figures are in a report that its officer has only begun

REASONS = {
    "far-above": "Several seizures late in the month; the figure is right.",
    "unit-above": "One very large seizure; the figure is right.",
    "unit-below": "A very small seizure; the figure is right.",
    "same-as-last-month": "Compared with the register: the same as last month.",
    "suspects-without-case": "Suspects of a case reported in an earlier month.",
    "mark-after-figures": "Not finished in time.",
    "figure-after-not-applicable": "New in the mandate.",
}


def _explained(plan: Plan, drawn: dict[tuple, Reported]) -> dict[tuple, Reported]:
    """The figures with a reason beside each that the checks find odd."""
    leaves = [
        checks.Leaf(indicator, _area(family), "kg" if family in WEIGHED else "", 0, indicator)
        for family, weights in WEIGHTS.items()
        for indicator in weights
    ]
    explained = dict(drawn)
    for agency in AGENCIES:
        earlier = []
        for month in _months(plan):
            entries = {leaf.code: _entry(explained[agency, month, leaf.code], leaf.code) for leaf in leaves}
            found = checks.findings(leaves, entries, earlier, CASES_OF.items())
            for finding in checks.unanswered(found, entries):
                key = (agency, month, finding.indicator)
                reason = REASONS[finding.code]
                if finding.code.endswith("-above") and len(earlier) == 1 and plan is SLM_2025:
                    reason = "February had three days only."
                explained[key] = replace(explained[key], note=reason)
            earlier.insert(0, entries)
    return explained


def _area(family: str) -> str:
    area = family.partition("-")[0]
    return area if area in ("scam", "trafficking") else "drugs"


def _entry(figure: Reported, indicator: str) -> checks.Entry:
    """The figure as the checks see it: a weight in kg."""
    if figure.value is None:
        return checks.Entry(mark=figure.mark, note=figure.note)
    grams = TABLET[indicator] if figure.unit == "tablet" else GRAMS.get(figure.unit)
    return checks.Entry(figure.value * grams / 1000 if grams else figure.value, note=figure.note)


def _first_saved(plan: Plan, right: dict[tuple, Reported]) -> dict[tuple, Reported]:
    """What officers saved at first: with their mistakes, without what nobody has entered yet."""
    saved, filled = {}, Counter()
    for key, figure in right.items():
        report = key[:2]
        state = plan.states.get(report)
        if state == "expected" or (state == "draft" and filled[report] == DRAFTED):
            continue
        if key in plan.mistakes:
            kind, note = plan.mistakes[key]
            wrong = {"value": _exchanged(figure.value)} if kind == "digits" else {"unit": kind}
            figure = replace(figure, **wrong, note=note or figure.note)
        saved[key] = figure
        filled[report] += 1
    return saved


def _exchanged(value: Decimal) -> Decimal:
    """The number with its second digit and the next different one exchanged, as fingers do."""
    digits = list(str(value))
    other = next(n for n in range(2, len(digits)) if digits[n] != digits[1])
    digits[1], digits[other] = digits[other], digits[1]
    return Decimal("".join(digits))


# ------------------------------------------------------------------------------------------ the steps


def _steps(plan: Plan) -> Iterator[tuple]:
    """Rows of the steps file: save, submit, send_back, correct, verify, release, each with its moment.

    A second save of a report takes its figures from the changes.
    """
    chance = Random(int(plan.code[-4:]) + 1)
    for month in months.span(plan.first, plan.last):
        for agency, officer in AGENCIES.items():
            due_month = months.shift(month, 1)
            day, hour, minute = (int(chance.random() * most) for most in (6, 8, 60))
            saved = datetime(due_month.year, due_month.month, 2 + day, 1 + hour, minute, tzinfo=UTC)
            submitted = saved + timedelta(hours=6 + int(chance.random() * 40))
            decided = submitted + timedelta(hours=48 + int(chance.random() * 60))
            where = (agency, months.written(month))
            state = plan.states.get(where, "verified")
            code, why = plan.reasons.get(where, ("", ""))

            def step(at, verb, by, reason_code="", note="", where=where):
                return (f"{at:%Y-%m-%dT%H:%M:%SZ}", *where, verb, by, reason_code, note)

            if state == "expected":
                continue
            yield step(saved, "save", officer)
            if state == "draft":
                continue
            yield step(submitted, "submit", officer)
            if state == "submitted":
                continue
            if state in ("sent back", "resubmitted"):
                yield step(decided, "send_back", "reviewer", note=why)
                if state == "resubmitted":
                    yield step(decided + timedelta(hours=20), "save", officer)
                    yield step(decided + timedelta(hours=21), "submit", officer)
                continue
            yield step(decided, "verify", "reviewer")
            if state == "verified":
                continue
            noticed = decided + timedelta(days=5, hours=3)
            yield step(noticed, "correct", officer, code, why)
            if state == "being corrected":
                continue
            yield step(noticed + timedelta(minutes=8), "save", officer)
            yield step(noticed + timedelta(minutes=15), "submit", officer)
            if state == "corrected":
                yield step(noticed + timedelta(days=1), "verify", "reviewer")
    if plan.release:
        last_month, at, note = plan.release
        yield (f"{at:%Y-%m-%dT%H:%M:%SZ}", "", months.written(last_month), "release", "publisher", "", note)


# ------------------------------------------------------------------------------------------ the files


def _months(plan: Plan) -> list[str]:
    return [months.written(month) for month in months.span(plan.first, plan.last)]


def _figures_csv(figures: dict[tuple, Reported]) -> str:
    return _csv(
        ("agency", "month", "indicator", "value", "unit", "mark", "note"),
        [
            (*key, _plain(figure.value), figure.unit, figure.mark, figure.note)
            for key, figure in figures.items()
        ],
    )


def _plain(value: Decimal | None) -> str:
    """The value without zeros at its end; empty for none."""
    if value is None:
        return ""
    return f"{value:f}".rstrip("0") if value % 1 else f"{int(value)}"


def _csv(header: tuple, rows: list[tuple]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
