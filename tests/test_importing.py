"""Loading files: rows become figures exactly, refused rows say why, and it is all or nothing."""

import io
import re
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.utils import timezone

from operations import access, actions, layouts, queries
from operations.models import Agency, Change, Figure, Operation, Person, Report, Revision, Step
from operations.selections import Selection

FILES = Path(__file__).parent / "files"
UNODC = settings.BASE_DIR.parent / "shared" / "data" / "unodc_ids_six_countries_monthly.csv"
HEADER = "agency,month,indicator,value,unit,note\n"
GOOD = "TH-RTP,2026-01,drug-cases,7,,\n"

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]


def person(username, role, agency=None):
    made = Person.objects.create_user(username, agency=agency and Agency.objects.get(code=agency))
    made.groups.set([Group.objects.get(name=role)])
    return made


@pytest.fixture
def officer():
    return person("thai", "officer", "TH-RTP")


@pytest.fixture
def reviewer():
    return person("rita", "reviewer")


@pytest.fixture(autouse=True)
def expected_reports():
    actions.expect_reports(Operation.objects.get(code="SLM-2026"))


@pytest.fixture
def administrator():
    return person("ada", "administrator")


def load(path, *options, by="thai", operation="SLM-2026"):
    """What the command prints, and the sentence it ends with if it fails ("" if not)."""
    out = io.StringIO()
    at = ["--operation", operation] if operation else []
    try:
        call_command("import_figures", str(path), *at, "--by", by, *options, stdout=out)
    except CommandError as problem:
        return out.getvalue(), str(problem)
    return out.getvalue(), ""


def load_ids(*options, path=FILES / "import_unodc_ids.csv"):
    return load(path, "--profile", "unodc-ids", "--as-officers", *options, by="ada", operation=None)


def figures(operation="SLM-2026"):
    found = Figure.objects.filter(revision__report__operation__code=operation)
    return {
        (one.revision.report.agency.code, f"{one.revision.report.month:%Y-%m}", one.indicator.code): one
        for one in found.select_related("revision__report__agency", "indicator", "unit", "factor")
    }


def records():
    return [model.objects.count() for model in (Operation, Report, Revision, Figure, Change, Step, Person)]


@pytest.fixture
def file(tmp_path):
    """A function that writes text or bytes as a file."""

    def write(content):
        path = tmp_path / "figures.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


# ------------------------------------------------------------------------------------------ our own layout


def test_every_row_becomes_the_figure_it_says(officer):
    out, failure = load(FILES / "import_long.csv")
    assert failure == ""
    assert {key: (one.value, one.quantity, one.unit.code, one.note) for key, one in figures().items()} == {
        ("TH-RTP", "2026-01", "drug-cases"): (Decimal(1204), Decimal(1204), "case", ""),
        ("TH-RTP", "2026-01", "drug-suspects"): (
            Decimal(0),
            Decimal(0),
            "person",
            "None arrested in January",
        ),
        ("TH-RTP", "2026-01", "drugs-heroin"): (Decimal("12.5"), Decimal("12.5"), "kg", ""),
        ("TH-RTP", "2026-01", "drugs-methamphetamine-tablets"): (
            Decimal("412.5"),
            Decimal(4583333),
            "tablet",
            "Two lorries",
        ),
        ("TH-RTP", "2026-01", "precursors-scheduled"): (Decimal(1500), Decimal("1.5"), "t", ""),
        ("TH-RTP", "2026-02", "drug-cases"): (Decimal(1100), Decimal(1100), "case", ""),
    }
    assert "2 reports: 6 figures new, 0 changed, 0 unchanged" in out


def test_the_changes_stand_under_the_name_of_the_officer(officer):
    load(FILES / "import_long.csv")
    assert set(
        Change.objects.filter(revision__report__month="2026-01-01").values_list("by__username", flat=True)
    ) == {"thai"}


def test_a_mark_is_read_from_its_column_and_stays_different_from_zero(officer, file):
    path = file(
        "agency,month,indicator,value,unit,note,mark\nTH-RTP,2026-01,drugs-opium,,,Laboratory closed,L\n"
    )
    assert load(path)[1] == ""
    [figure] = figures().values()
    assert (figure.value, figure.mark, figure.note) == (None, "L", "Laboratory closed")


@pytest.mark.parametrize(
    ("text", "value"), [("1.204", "1.204"), ('"1,204"', "1204"), ("1204.350", "1204.350"), ("០", "0")]
)
def test_decimals_are_written_with_a_dot_so_that_a_number_has_one_reading(officer, file, text, value):
    assert load(file(f"{HEADER}TH-RTP,2026-01,drugs-heroin,{text},,\n"))[1] == ""
    assert [one.value for one in figures().values()] == [Decimal(value)]


def test_a_byte_order_mark_and_lines_of_windows_are_read(officer, file):
    assert load(file("\ufeff" + (HEADER + GOOD).replace("\n", "\r\n")))[1] == ""
    assert len(figures()) == 1


def test_blank_rows_are_no_rows_but_are_counted_as_a_spreadsheet_does(officer, file):
    out, _ = load(file(HEADER + GOOD + "\n,,,,,\nTH-RTP,2026-01,drug-suspects,x,,\n"))
    assert "row 5, value “x”" in out
    assert "2 rows, 1 of them refused" in out


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            "XX-PD,2026-01,drug-cases,7,,",
            "row 3, agency “XX-PD”: XX-PD does not take part in SLM-2026; those who do: KH-NP",
        ),
        ("TH-RTP,2025-12,drug-cases,7,,", "row 3, month “2025-12”: 2025-12 lies outside SLM-2026"),
        ("TH-RTP,2569-01,drug-cases,7,,", "row 3, month “2569-01”: .*Gregorian month, 2026-01"),
        ("TH-RTP,January,drug-cases,7,,", "row 3, month “January”: .*write it like 2025-03"),
        ("TH-RTP,2026-12,drug-cases,7,,", "row 3, month “2026-12”: 2026-12 has not begun"),
        (
            "TH-RTP,2026-01,drug-crimes,7,,",
            "row 3, indicator “drug-crimes”: .* does not collect “drug-crimes”",
        ),
        (
            "TH-RTP,2026-01,drugs-seized,7,,",
            "row 3, indicator “drugs-seized”: .*calculated from its parts; enter the parts",
        ),
        ("TH-RTP,2026-01,drug-suspects,twelve,,", "row 3, value “twelve”: .*not a number"),
        ("TH-RTP,2026-01,drug-suspects,-3,,", "row 3, value “-3”: .*never below zero"),
        ("TH-RTP,2026-01,drug-suspects,1.5,,", "row 3, value “1.5”: .*0 decimals"),
        ("TH-RTP,2026-01,drugs-heroin,1.2345,,", "row 3, value “1.2345”: .*3 decimals"),
        ("TH-RTP,2026-01,drugs-heroin,9999999999999999,,", "row 3, value “9999999999999999”: .*too large"),
        ("TH-RTP,2026-01,drugs-heroin,7,tablet,", "row 3, unit “tablet”: .*no conversion factor"),
        ("TH-RTP,2026-01,drug-suspects,7,kg,", "row 3, unit “kg”: .*no conversion factor"),
        ("TH-RTP,2026-01,drugs-heroin,7,stone,", "row 3, unit “stone”: .*no conversion factor"),
        ("TH-RTP,2026-01,drug-suspects,,,", "row 3, value “”: Empty says nothing"),
        ("TH-RTP,2026-01,drug-suspects,n/a,,", "row 3, value “n/a”: .*zero or unknown"),
        ("TH-RTP,2026-01,drug-cases,8,,", "row 3, indicator “drug-cases”: Row 2 has this figure already"),
        ("KH-NP,2026-01,drug-cases,8,,", "row 3, agency “KH-NP”: thai does not enter for this agency"),
        ("TH-RTP,2026-01,drug-suspects,7,," + "x" * 1001, "row 3, note .*at most 1000"),
        ("TH-RTP,2026-01,drug-suspects,7,", "row 3.*5 fields instead of 6"),
        ("TH-RTP,2026-01,drug-suspects,7,,one, two", "row 3.*7 fields instead of 6"),
    ],
)
def test_a_bad_row_is_refused_by_row_field_and_reason_and_nothing_is_written(officer, file, row, said):
    before = records()
    out, failure = load(file(HEADER + GOOD + row + "\n"))
    assert re.search("Refused rows:\n  " + said, out), out
    assert "2 rows, 1 of them refused" in out
    assert failure.startswith("Nothing was written.")
    assert records() == before


def test_a_mark_beside_a_value_and_an_unknown_mark_are_refused(officer, file):
    path = file(
        "agency,month,indicator,value,unit,note,mark\n"
        "TH-RTP,2026-01,drugs-opium,7,,,L\nTH-RTP,2026-01,drugs-heroin,,,,N\n"
    )
    out, _ = load(path)
    assert re.search("row 2, value “7”: .*a figure and a mark; keep one", out)
    assert "row 3, mark “N”: A mark is L (not available) or M (not applicable)." in out


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The first row must be “agency,month,indicator,value,unit,note”"),
        (b"agency,month,indicator,value\n", "it is “agency,month,indicator,value”"),
        ((HEADER + GOOD).replace(",", ";").encode(), "separated by commas"),
        ((HEADER + GOOD).encode("utf-16"), "Line 1 is not in UTF-8; save the file as “CSV UTF-8”"),
        (HEADER.encode() + "TH-RTP,2026-01,drug-cases,7,,ยาบ้า\n".encode("cp874"), "Line 2 is not in UTF-8"),
        (HEADER.encode() + b"TH-RTP,2026-01,drug-cases,7\0,,\n", "Line 2 has a NUL character"),
        (HEADER.encode() + b'TH-RTP,2026-01,drug-cases,7,,"open\n', "Line 2 cannot be read as CSV"),
    ],
)
def test_a_file_that_cannot_be_relied_on_is_refused_whole_even_when_skipping(officer, file, content, said):
    before = records()
    out, failure = load(file(content), "--skip-refused")
    assert said in failure
    assert records() == before


def test_what_is_not_there_is_named(officer, tmp_path):
    assert "No such file" in load(tmp_path / "missing.csv")[1]
    assert "no operation “SLM-1999”; known are: " in load(FILES / "import_long.csv", operation="SLM-1999")[1]
    assert "no active account “nobody”" in load(FILES / "import_long.csv", by="nobody")[1]
    assert "unodc.toml" in load(FILES / "import_long.csv", "--profile", "unodc")[1]
    assert "Name the operation" in load(FILES / "import_long.csv", operation=None)[1]


def test_skipping_writes_the_other_rows_and_lists_the_refused(officer, file):
    out, failure = load(file(HEADER + GOOD + "TH-RTP,2026-01,drugs-heroin,much,,\n"), "--skip-refused")
    assert failure == ""
    assert "row 3, value “much”" in out
    assert [key[2] for key in figures()] == ["drug-cases"]


def test_a_dry_run_writes_nothing_and_says_what_would_happen(officer):
    before = records()
    out, failure = load(FILES / "import_long.csv", "--dry-run")
    assert failure == ""
    assert "Nothing was written. It would be 2 reports: 6 figures new, 0 changed, 0 unchanged" in out
    assert records() == before


def test_the_same_file_again_changes_nothing(officer):
    load(FILES / "import_long.csv")
    before = records()
    assert "0 figures new, 0 changed, 6 unchanged" in load(FILES / "import_long.csv")[0]
    assert records() == before


def test_a_changed_row_changes_its_figure_only(officer, file):
    load(FILES / "import_long.csv")
    text = (FILES / "import_long.csv").read_text().replace("1204", "1205")
    assert "0 figures new, 1 changed, 5 unchanged" in load(file(text))[0]
    assert figures()["TH-RTP", "2026-01", "drug-cases"].value == 1205


def whole_report(values="7"):
    codes = Operation.objects.get(code="SLM-2026").indicators.values_list("code", flat=True)
    return HEADER + "".join(f"TH-RTP,2026-01,{code},{values},,\n" for code in codes)


def test_a_verified_report_stays_and_asks_for_a_correction(officer, reviewer, file):
    out, failure = load(file(whole_report()), "--submit", "--verified-by", "rita")
    assert (failure, "1 reports submitted, 1 verified" in out) == ("", True)
    before = records()
    out, failure = load(file(whole_report().replace("drug-cases,7", "drug-cases,8")))
    assert "already verified; open a correction" in out
    assert failure.startswith("Nothing was written.")
    assert records() == before
    assert "0 figures new, 0 changed, 23 unchanged" in load(file(whole_report()))[0]
    assert records() == before


def test_a_report_that_cannot_be_submitted_stops_the_import(officer, file):
    before = records()
    out, failure = load(file(HEADER + GOOD), "--submit")
    assert re.search("Not submitted:\n  SLM-2026 TH-RTP 2026-01: .*is empty", out)
    assert failure.startswith("Nothing was written.")
    assert records() == before


@pytest.mark.parametrize(
    "options",
    [["--submit", "--verified-by", "thai"], ["--verified-by", "rita"], ["--submit", "--verified-by", "ada"]],
)
def test_verifying_needs_a_submission_and_a_reviewer_who_did_not_load_it(
    officer, reviewer, administrator, file, options
):
    before = records()
    assert load(file(whole_report()), *options)[1] != ""
    assert records() == before


def test_the_one_who_runs_an_import_for_officers_does_not_verify_it(reviewer, file):
    assert (
        "Nobody verifies what they loaded themselves"
        in load(file(whole_report()), "--as-officers", "--submit", "--verified-by", "rita", by="rita")[1]
    )


# ---------------------------------------------------------------------------------------- foreign layouts

IDS = {  # written by hand from tests/files/import_unodc_ids.csv
    ("TH-RTP", "2012-01", "drugs-heroin"): (
        "3.255",
        "3.255 kg",
        "2 rows: Heroin 255 Gram, Heroin 3 Kilogram",
    ),
    ("TH-RTP", "2012-01", "drugs-methamphetamine-tablets"): (
        "90.001",
        "1000008 tablet",
        "2 rows: Methamphetamine 1000003 Tablet, Amphetamine 5 Tablet",
    ),
    ("TH-RTP", "2012-01", "drugs-other"): (
        "2.320",
        "2.32 kg",
        "2 rows: Cough sirups 1500 Millilitre, Kratom 819.7130000000001 Gram; "
        "1 row not converted: Diazepam 100 Tablet",
    ),
    ("TH-RTP", "2012-01", "drugs-ketamine"): ("L", "", "1 row not converted: Ketamine 12 Bottles"),
    ("MM-MHA", "2012-02", "drugs-heroin"): (
        "4.316",
        "4.316 kg",
        "2 rows: Heroin 2 Viss, Heroin 3 Block (350gr)",
    ),
    ("MM-MHA", "2012-02", "drugs-opium"): (
        "0.001",
        "0.5 g",
        "3 rows: Opium 0.0004 Gram, Opium 0.4 Milligram, Opium 0.4992 Gram",
    ),
    ("MM-MHA", "2012-02", "precursors-other"): ("1500.000", "1.5 t", "1 row: Caffeine 1.5 Ton"),
    ("CN-MPS", "2012-03", "drugs-methamphetamine-crystal"): (
        "500.000",
        "0.5 t",
        "1 row: Methamphetamine 0.5 Ton",
    ),
    ("CN-MPS", "2012-03", "drugs-methamphetamine-tablets"): (
        "L",
        "",
        "1 row not converted: Methamphetamine 7 Thousand of doses",
    ),
}


def test_rows_of_a_foreign_file_are_converted_added_and_rounded_once(administrator):
    out, failure = load_ids("--skip-refused")
    assert failure == ""
    shown = {
        key: (
            one.mark or str(one.value),
            one.unit and f"{layouts.shortest(one.quantity)} {one.unit.code}" or "",
            one.note,
        )
        for key, one in figures("UNODC-IDS").items()
        if one.note != "Not in the source file."
    }
    assert shown == IDS


IDS_HEADER = "ISO3,TIME_PERIOD,DRUG_NAME,DRUG_UNIT,EVENTS,AMOUNT\n"


@pytest.mark.parametrize(
    ("unit", "amount", "quantity", "value"),
    [
        ("Gram", "1.234567", "1.234567 g", "0.001"),
        ("Gram", "500.4999999", "0.5 kg", "0.500"),  # more decimals than a quantity keeps
        ("Gram", "500.5000001", "0.501 kg", "0.501"),
        ("Viss", "1234567.891234", "2015962.947 kg", "2015962.947"),
    ],
)
def test_a_quantity_is_kept_as_reported_only_where_no_digit_is_lost(
    administrator, file, unit, amount, quantity, value
):
    assert load_ids(path=file(f"{IDS_HEADER}THA,2012-01,Heroin,{unit},1,{amount}\n"))[1] == ""
    figure = figures("UNODC-IDS")["TH-RTP", "2012-01", "drugs-heroin"]
    assert f"{layouts.shortest(figure.quantity)} {figure.unit.code}" == quantity
    assert figure.value == Decimal(value)


def test_a_note_of_many_rows_is_cut_to_what_a_note_holds(administrator, file):
    rows = "".join(f"THA,2012-01,Heroin,Gram,1,{number}.5\n" for number in range(100))
    assert load_ids(path=file(IDS_HEADER + rows))[1] == ""
    note = figures("UNODC-IDS")["TH-RTP", "2012-01", "drugs-heroin"].note
    assert note.startswith("100 rows: Heroin 0.5 Gram, Heroin 1.5 Gram, ")
    assert (len(note), note[-1]) == (1000, "…")


def test_what_a_month_does_not_mention_is_marked_not_available_and_never_zero(administrator):
    load_ids("--skip-refused")
    rest = [one for key, one in figures("UNODC-IDS").items() if key not in IDS]
    assert len(rest) == 3 * 9 - len(IDS)
    assert {(one.value, one.mark, one.note) for one in rest} == {(None, "L", "Not in the source file.")}


def test_a_month_without_any_good_row_stays_expected(administrator):
    load_ids("--skip-refused")
    assert not Revision.objects.filter(
        report__operation__code="UNODC-IDS", report__agency__code="LA-MPS"
    ).exists()


def test_rows_without_a_home_are_refused_each_with_its_reason(administrator):
    before = records()
    out, failure = load_ids()
    listed = re.findall(r"^  (row \d+, \w* ?“.*)$", out, re.M)
    assert listed == [
        "row 8, DRUG_UNIT “Tablet”: Other drugs has no conversion factor from “tablet” to kg.",
        "row 9, DRUG_UNIT “Bottles”: A bottle has no known content.",
        "row 10, ISO3 “MAC”: Macao has no agency of its own among the seven that report.",
        "row 11, ISO3 “XYZ”: The profile does not know it; add it there, or correct the row.",
        "row 18, DRUG_NAME “Moonshine”: The profile does not know it; add it there, or correct the row.",
        "row 19, TIME_PERIOD “2017-01”: 2017-01 lies outside UNODC-IDS, which runs from 2011-01 to 2016-12.",
        "row 20, TIME_PERIOD “2012-13”: “2012-13” is not a month; write it like 2025-03.",
        "row 21, AMOUNT “1e3”: “1e3” is written with an exponent. Write the number out in full with all its zeros.",
        "row 22, DRUG_UNIT “Viss of wet leaf”: The profile does not know it; add it there, or correct the row.",
        "row 23,  “LAO,2012-03,Heroin,Kilogram,1”: 5 fields instead of 6; put a text with a comma in quotation marks.",
        "row 24, DRUG_UNIT “Unit”: A unit of what is not said.",
        "row 25, DRUG_UNIT “Thousand of doses”: A dose has no sourced weight in the catalogue.",
    ]
    assert failure.startswith("Nothing was written.")
    assert records() == before


def test_the_profile_makes_its_operation_once_and_as_no_demonstration(administrator):
    load_ids("--skip-refused")
    operation = Operation.objects.get(code="UNODC-IDS")
    assert not operation.is_demonstration
    assert operation.reports.count() == 5 * 72
    before = records()
    assert "0 figures new, 0 changed, 27 unchanged" in load_ids("--skip-refused")[0]
    assert records() == before


def test_accounts_for_imports_enter_for_their_agency_and_cannot_sign_in(administrator):
    load_ids("--skip-refused")
    made = Person.objects.get(username="import.th-rtp")
    assert (made.agency.code, made.has_usable_password()) == ("TH-RTP", False)
    assert access.is_officer(made)
    assert {change.by.agency for change in Change.objects.all()} == {
        Agency.objects.get(code=code) for code in ("TH-RTP", "MM-MHA", "CN-MPS")
    }
    assert {change.by.agency_id for change in Change.objects.all()} <= {
        change.revision.report.agency_id for change in Change.objects.all()
    }


def test_the_rest_never_takes_away_a_figure(administrator):
    load_ids("--skip-refused")
    made = Person.objects.get(username="import.th-rtp")
    report = Report.objects.get(operation__code="UNODC-IDS", agency__code="TH-RTP", month="2012-01-01")
    actions.save_figures(
        report, {"drugs-opium": actions.Entered(Decimal(5), "kg", note="By hand")}, by=made, at=timezone.now()
    )
    load_ids("--skip-refused")
    assert figures("UNODC-IDS")["TH-RTP", "2012-01", "drugs-opium"].value == 5


def test_several_agencies_need_the_officers_accounts(officer):
    out, _ = load(FILES / "import_unodc_ids.csv", "--profile", "unodc-ids", operation=None)
    assert (
        "row 12, ISO3 “MMR”: thai does not enter for this agency; let its officer do it, or add --as-officers."
        in out
    )
    assert "row 2, " not in out


COLUMNS = "header = ['a']\n[columns]\nagency = 'a'\nmonth = 'a'\nindicator = 'a'\nunit = 'a'\nvalue = 'a'\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("header = [", "cannot be used: Invalid value (at end of document)"),
        ("header = ['a']", "it lacks “columns”"),
        ("header = ['a']\n[columns]\nagency = 'a'\nmonth = 'a'", "it lacks “columns.indicator”"),
        (COLUMNS.replace("month = 'a'", "month = 'b'"), "its header has no column “b”"),
        (COLUMNS, "it lacks “units”"),
        (COLUMNS + "[rest]\nmark = '0'\nnote = 'none'", "the mark of the rest is L or M"),
        (COLUMNS + "[units]\nGram = { times = 2 }", "it lacks “unit”"),
        (COLUMNS + "[operation]\ncode = 'X'", "it lacks “operation.name”"),
        (
            COLUMNS + "[operation]\ncode='X'\nname='X'\nagencies=[]\nindicators=[]\nfirst_day='today'",
            "“operation.first_day” has the wrong kind of value",
        ),
    ],
)
def test_a_profile_with_a_mistake_says_which(officer, tmp_path, text, said):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    assert said in load(FILES / "import_long.csv", "--profile", str(path))[1]


# ------------------------------------------------------------------------------------------ the real file

TABLET = {"Methamphetamine": "0.00009", "Amphetamine": "0.00009", "Ecstasy": "0.00027"}
IN_KG = {
    "Kilogram": "1",
    "Gram": "0.001",
    "Ton": "1000",
    "Litre": "1",
    "Millilitre": "0.001",
    "Milligram": "0.000001",
    "Block (350gr)": "0.35",
    "Viss": "1.63293",
}
LIQUID_DRUGS = {"Opium", "Ketamine", "Acetylated Opium", "Codeine", "Cough sirups", "Other"}
SCHEDULED = {
    "Acetic Anhydride",
    "Acetone/Ethyl Ether",
    "Ephedrine",
    "Hydrochloric Acid",
    "Pseudoephedrine",
    "Sulphuric Acid",
}
UNSCHEDULED = {
    "Ammonium chloride",
    "Caffeine",
    "Non-specified precursors",
    "Other precursors",
    "Sodium Carbonate",
    "Sodium hydroxide",
}
NAMED = {
    "Heroin": "heroin",
    "Heroin Base": "heroin",
    "Opium": "opium",
    "Ketamine": "ketamine",
    "Ecstasy": "ecstasy",
}


def in_kilograms(row):
    """One row's exact weight, or None if it has none; written without looking at the profile."""
    if row.ISO3 == "MAC" or row.DRUG_NAME in ("Karcidone", "Poppy Seeds"):
        return None
    if row.DRUG_UNIT == "Tablet":
        factor = TABLET.get(row.DRUG_NAME)
    elif "litre" in row.DRUG_UNIT.lower() and row.DRUG_NAME not in LIQUID_DRUGS | SCHEDULED | UNSCHEDULED:
        factor = None
    else:
        factor = IN_KG.get(row.DRUG_UNIT)
    return None if factor is None else Decimal(row.AMOUNT) * Decimal(factor)


def indicator(row):
    if row.DRUG_NAME in SCHEDULED | UNSCHEDULED:
        return "precursors-scheduled" if row.DRUG_NAME in SCHEDULED else "precursors-other"
    if row.DRUG_NAME in ("Methamphetamine", "Amphetamine") and row.DRUG_UNIT == "Tablet":
        return "drugs-methamphetamine-tablets"
    if row.DRUG_NAME == "Methamphetamine":
        return "drugs-methamphetamine-crystal"
    return f"drugs-{NAMED.get(row.DRUG_NAME, 'other')}"


@pytest.mark.skipif(
    not UNODC.exists(), reason="the UNODC file is not shipped; put it at ../shared/data to run this"
)
def test_the_unodc_file_loads_and_its_totals_are_those_that_pandas_computes(administrator, reviewer):
    import pandas

    table = pandas.read_csv(UNODC, dtype=str, keep_default_na=False)
    table["kg"] = table.apply(in_kilograms, axis=1).astype(object)
    table["indicator"] = table.apply(indicator, axis=1)
    good = table[table.kg.notna()]
    by_figure = good.groupby(["ISO3", "TIME_PERIOD", "indicator"]).kg.agg(lambda rows: sum(rows, Decimal(0)))
    rounded = by_figure.map(lambda kg: kg.quantize(Decimal("0.001"), ROUND_HALF_UP))
    wanted = rounded.groupby("indicator").agg(lambda rows: sum(rows, Decimal(0))).to_dict()

    out, failure = load_ids("--skip-refused", "--submit", "--verified-by", "rita", path=UNODC)
    assert failure == ""
    operation = Operation.objects.get(code="UNODC-IDS")
    selection = Selection(operation, None, operation.first_month, operation.last_month)
    totals = {total.indicator: total.value for total in queries.totals(selection)}
    assert {code: totals[code] for code in wanted} == wanted
    assert totals["drugs-seized"] == sum(kg for code, kg in wanted.items() if code.startswith("drugs-"))

    refused = [int(row) for row in re.findall(r"^  row (\d+), ", out, re.M)]
    assert refused == [index + 2 for index in table.index[table.kg.isna()]]
    months = good.groupby(["ISO3", "TIME_PERIOD"]).ngroups
    assert Counter(operation.reports.with_latest().values_list("latest_state", flat=True)) == {
        "verified": months,
        None: 5 * 72 - months,
    }
    assert re.search(r"^  UNODC-IDS TH-RTP 2013-05: Other drugs is 1000 times", out, re.M)
    assert figures("UNODC-IDS")["TH-RTP", "2013-05", "drugs-other"].value == 4_500_000

    before = records()
    assert (
        "0 figures new, 0 changed"
        in load_ids("--skip-refused", "--submit", "--verified-by", "rita", path=UNODC)[0]
    )
    assert records() == before
