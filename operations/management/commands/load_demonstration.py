"""Put the demonstration into the database, once: the accounts, the reports with their steps, the release."""

import csv
from collections import defaultdict
from datetime import date, datetime
from decimal import Decimal

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.core.management import BaseCommand, CommandError
from django.db import transaction

from operations import actions, months
from operations.actions import Entered
from operations.models import Agency, Operation, Person, Question, Release

OPERATIONS = ("SLM-2025", "SLM-2026")  # in the order of their days

# Username: the person's name, the role, the agency.
ACCOUNTS = {
    "officer.kh": ("Liaison officer, National Police of Cambodia", "officer", "KH-NP"),
    "officer.cn": ("Liaison officer, Ministry of Public Security of China", "officer", "CN-MPS"),
    "officer.la.mps": ("Liaison officer, Ministry of Public Security of Laos", "officer", "LA-MPS"),
    "officer.la.mnd": ("Liaison officer, Ministry of National Defense of Laos", "officer", "LA-MND"),
    "officer.mm": ("Liaison officer, Ministry of Home Affairs of Myanmar", "officer", "MM-MHA"),
    "officer.th": ("Liaison officer, Royal Thai Police", "officer", "TH-RTP"),
    "officer.vn": ("Liaison officer, Ministry of Public Security of Vietnam", "officer", "VN-MPS"),
    "reviewer": ("Reviewer at the Centre", "reviewer", None),
    "publisher": ("Publisher at the Centre", "publisher", None),
    "official": ("Senior official", "official", None),
    "analyst": ("Analyst", "analyst", None),
    "administrator": ("Administrator", "administrator", None),
}

VERBS = {"submit": actions.submit, "send_back": actions.send_back, "verify": actions.verify}


class Command(BaseCommand):
    help = __doc__

    @transaction.atomic
    def handle(self, *args, verbosity, **options):
        if not settings.DEMO:
            raise CommandError("The demonstration is loaded with DEMO=1 only; this site is for real figures.")
        if Release.objects.filter(operation__code="SLM-2025").exists():
            return
        people = accounts()
        for code in OPERATIONS:
            play(Operation.objects.get(code=code), people)
        talk(Operation.objects.get(code="SLM-2026"), people)
        if verbosity:
            self.stdout.write(f"Loaded the demonstration with {len(people)} accounts.")


def accounts() -> dict[str, Person]:
    """The twelve people by username, made where they are missing."""
    groups = {group.name: group for group in Group.objects.all()}
    agencies = {agency.code: agency for agency in Agency.objects.all()}
    password = make_password(settings.DEMO_PASSWORD)  # hashed once: twelve times would take a second
    people = {}
    for username, (name, role, agency) in ACCOUNTS.items():
        given = {
            "first_name": name,
            "email": f"{username}@example.org",  # of nobody: this name is kept free for examples
            "password": password,
            "agency": agencies.get(agency),
            "is_staff": role == "administrator",
        }
        people[username], _new = Person.objects.get_or_create(username=username, defaults=given)
        people[username].groups.add(groups[role])
    return people


def play(operation: Operation, people: dict[str, Person]) -> None:
    """Do every step of the operation's file by the verbs that people use, each at its moment."""
    expected = operation.reports.select_related("agency")
    reports = {(report.agency.code, months.written(report.month)): report for report in expected}
    saves = {key: iter([figures]) for key, figures in read_figures(f"{operation.code}.csv").items()}
    again = read_figures(f"{operation.code}-changes.csv")
    for row in rows(f"{operation.code}-steps.csv"):
        key, by, at = (row["agency"], row["month"]), people[row["by"]], datetime.fromisoformat(row["at"])
        if row["verb"] == "release":
            actions.release(operation, last_month=months.read(row["month"]), by=by, at=at, note=row["note"])
            continue
        report = reports[key]
        if row["verb"] == "save":
            actions.save_figures(report, next(saves[key], None) or again[key], by=by, at=at)
        elif row["verb"] == "correct":
            actions.correct(report, reason_code=row["reason_code"], reason=row["note"], by=by, at=at)
        else:
            version = report.revisions.latest("number").version
            VERBS[row["verb"]](report, version=version, by=by, at=at, note=row["note"])


def talk(operation: Operation, people: dict[str, Person]) -> None:
    """What the Centre and its officers said to each other about the reports as they now are."""
    for row in rows(f"{operation.code}-questions.csv"):
        report = operation.reports.get(agency__code=row["agency"], month=months.read(row["month"]))
        said = {"by": people[row["by"]], "at": datetime.fromisoformat(row["at"])}
        if row["verb"] == "extend":
            actions.extend(report, until=date.fromisoformat(row["until"]), reason=row["note"], **said)
        elif row["verb"] == "ask":
            due = date.fromisoformat(row["until"])
            actions.ask(report, row["indicator"], text=row["note"], due=due, **said)
        else:
            about = {"revision__report": report, "indicator__code": row["indicator"]}
            actions.answer(Question.objects.open().get(**about), text=row["note"], **said)


def read_figures(name: str) -> dict[tuple[str, str], dict[str, Entered]]:
    """The figures of a file by (agency, month) and indicator."""
    figures = defaultdict(dict)
    for row in rows(name):
        figures[row["agency"], row["month"]][row["indicator"]] = Entered(
            quantity=Decimal(row["value"]) if row["value"] else None,
            unit=row["unit"],
            mark=row["mark"] if row["mark"] in ("L", "M") else None,
            note=row["note"],
            estimated=row["mark"] == "E",
        )
    return figures


def rows(name: str) -> list[dict[str, str]]:
    with (settings.BASE_DIR / "fixtures" / "demonstration" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
