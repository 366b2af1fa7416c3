"""Each form of the files: exactly as written down, and read back by the programs that analysts use."""

import csv
import io
import json
import shutil
import subprocess
import zipfile
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import duckdb
import frictionless
import openpyxl
import pandas
import pytest
import sdmx
from django.conf import settings
from django.utils import translation
from sdmx.model import common
from sdmx.model import v30 as model
from stories import person
from two_months import two_months

from operations.data import codebook, tables
from operations.data.forms import FORMS
from operations.models import Indicator

pytestmark = pytest.mark.django_db

GOLDEN = Path(__file__).parent / "golden"
# Values as text, by agency, month and indicator; None is no value.
VALUES = {
    (row["agency"], row["month"], row["indicator"]): row["value"] or None
    for row in csv.DictReader((GOLDEN / "figures.csv").read_text().splitlines())
}
STATUSES = {
    (row["agency"], row["month"], row["indicator"]): row["obs_status"]
    for row in csv.DictReader((GOLDEN / "figures.csv").read_text().splitlines())
}


@pytest.fixture(autouse=True)
def open_results(settings):
    settings.PUBLIC_RESULTS = True
    settings.SITE_URL = "https://figures.example.org"


@pytest.fixture
def operation():
    return two_months()


@pytest.fixture
def get(client, operation):
    """The content of a file of the operation's release."""

    def content(address: str) -> bytes:
        response = client.get("/data/" + address)
        assert response.status_code == 200, response.content
        return b"".join(response) if response.streaming else response.content

    return content


@pytest.fixture
def placed(get, tmp_path):
    """The same in a folder, as its path."""

    def path(address: str) -> Path:
        place = tmp_path / address.partition("?")[0]
        place.write_bytes(get(address))
        return place

    return path


@pytest.mark.parametrize(
    ("address", "golden"),
    [
        ("figures.csv", "figures.csv"),
        ("figures.csv?layout=long", "figures.csv"),
        ("figures.csv?layout=wide", "figures-wide.csv"),
        ("figures.json", "figures.json"),
        ("figures.sdmx.csv", "figures.sdmx.csv"),
        ("totals.csv?layout=wide", "totals-wide.csv"),
        ("totals.csv?layout=wide&by=month&by=country", "totals-wide-by-country-month.csv"),
        ("manifest.json", "manifest.json"),
    ],
)
def test_each_form_is_the_golden_file(get, address, golden):
    assert get(address) == (GOLDEN / golden).read_bytes()


def test_every_form_has_a_test_of_its_own():
    tested = {"figures.csv", "figures.json", "figures.sdmx.csv", "totals.csv", "totals.json", "manifest.json"}
    assert tested | {"figures.xlsx", "figures.parquet", "package.zip"} == set(FORMS)


# ------------------------------------------------------------------------------------------------- CSV


def test_wide_figures_say_the_same_as_long_ones(get):
    found = pandas.read_csv(io.BytesIO(get("figures.csv?layout=wide")), dtype=str, keep_default_na=False)
    for place in found.to_dict("records"):
        for agency, month, indicator in VALUES:
            if (agency, month) == (place["agency"], place["month"]):
                assert (place[indicator] or None) == VALUES[agency, month, indicator]
                assert place[f"{indicator}.obs_status"] == STATUSES[agency, month, indicator]
    assert len(found) == len({(agency, month) for agency, month, _indicator in VALUES})


def test_wide_totals_say_the_same_as_long_ones(get):
    by = "by=country&by=month"
    wide = pandas.read_csv(io.BytesIO(get(f"totals.csv?layout=wide&{by}")), dtype=str, keep_default_na=False)
    long = pandas.read_csv(io.BytesIO(get(f"totals.csv?{by}")), dtype=str, keep_default_na=False)
    assert len(wide) * long.indicator.nunique() == len(long)
    for total in long.to_dict("records"):
        (place,) = wide[(wide.country == total["country"]) & (wide.month == total["month"])].to_dict(
            "records"
        )
        assert place[total["indicator"]] == total["value"]
        assert place[f"{total['indicator']}.not_available"] == total["not_available"]
        assert [place[name] for name in ("reports_expected", "reports_in", "complete")] == [
            total[name] for name in ("reports_expected", "reports_in", "complete")
        ]


@pytest.mark.parametrize("query", ["layout=tall", "layout=wide&layout=wide", "by=focus_area&layout=wide"])
def test_a_layout_that_is_none_is_refused(client, operation, query):
    answer = client.get(f"/data/totals.csv?{query}")
    assert answer.status_code == 400 and answer.json()["error"]["field"] in ("layout", "by")


@pytest.mark.parametrize("name", sorted(set(FORMS) - {"figures.csv", "totals.csv"}))
def test_only_csv_has_two_layouts(client, operation, name):
    answer = client.get(f"/data/{name}?layout=wide")
    assert answer.status_code == 400 and answer.json()["error"]["field"] == "layout"


def test_duckdb_reads_the_very_decimals(placed):
    path = placed("figures.csv")
    found = duckdb.sql(
        f"SELECT agency, month, indicator, value FROM read_csv('{path}', types={{'value': 'DECIMAL(18,3)', 'month':"
        " 'VARCHAR'})"
    ).fetchall()
    assert {(agency, month, indicator): value for agency, month, indicator, value in found} == {
        key: value and Decimal(value) for key, value in VALUES.items()
    }


# ------------------------------------------------------------------------------------------------ JSON


def test_pandas_reads_the_json(get):
    content = json.loads(get("figures.json"))
    found = pandas.DataFrame(content["rows"])
    assert list(found) == [
        column.name for column in tables.FIGURES if column.name not in ("operation", "release")
    ]
    values = found.value.astype(object).where(found.value.notna(), None)
    assert (
        dict(zip(zip(found.agency, found.month, found.indicator, strict=True), values, strict=True)) == VALUES
    )
    assert content["reports"] == {"expected": 6, "in": 5} and content["demonstration"] is False


def test_json_without_rows_is_json(client, operation):
    content = b"".join(client.get("/data/figures.json?area=trafficking&indicator=drug-cases"))
    assert json.loads(content)["rows"] == []


# ------------------------------------------------------------------------------------------------ SDMX


def structure(columns: list[str]) -> model.DataStructureDefinition:
    """The structure that the rows follow, from the names of the columns alone."""
    measured, described = (
        "OBS_VALUE",
        ("OBS_STATUS", "UNIT_MEASURE", "UNIT_MULT", "DECIMALS", "REVISION", "RELEASE"),
    )
    found = model.DataStructureDefinition(id="FIGURES", maintainer=common.Agency(id="LMLECC"), version="1.0")
    for name in columns[3:]:
        if name == measured:
            found.measures.append(model.Measure(id=name))
        elif name in described:
            found.attributes.append(common.DataAttribute(id=name))
        else:
            found.dimensions.append(common.Dimension(id=name))
    return found


def test_sdmx1_reads_the_sdmx_csv(placed):
    path = placed("figures.sdmx.csv")
    columns = path.read_text().partition("\n")[0].split(",")
    assert [column.name for column in tables.SDMX] == columns
    message = sdmx.read_sdmx(path, structure=structure(columns), format="csv")
    found = {}
    for one in message.data[0].obs:
        key = {name: str(value.value) for name, value in one.dimension.values.items()}
        where = (key["AGENCY"], key["TIME_PERIOD"], key["INDICATOR"])
        found[where] = str(one.value) if one.value not in (None, "") else None
        assert str(one.attached_attribute["OBS_STATUS"].value) == STATUSES[where]
        assert key["FREQ"] == "M"
    assert found == VALUES


# --------------------------------------------------------------------------------------------- Parquet


@pytest.mark.parametrize("group", [50_000, 7, 8, 1])
def test_duckdb_reads_the_parquet(placed, monkeypatch, group):
    monkeypatch.setattr("operations.data.parquet.GROUP", group)
    path = placed("figures.parquet")
    found = duckdb.sql(f"SELECT * FROM read_parquet('{path}')")
    golden = list(csv.reader((GOLDEN / "figures.csv").read_text().splitlines()))
    assert found.columns == golden[0]
    kinds = dict(zip(found.columns, map(str, found.types), strict=True))
    assert kinds == dict.fromkeys(golden[0], "VARCHAR") | {"value": "DECIMAL(18,3)", "revision": "INTEGER"}
    for row, line in zip(found.fetchall(), golden[1:], strict=True):
        one, told = dict(zip(golden[0], row, strict=True)), dict(zip(golden[0], line, strict=True))
        assert one["value"] == (Decimal(told["value"]) if told["value"] else None)
        assert one["revision"] == (int(told["revision"]) if told["revision"] else None)
        assert all(one[name] == told[name] for name in golden[0] if name not in ("value", "revision"))


def test_parquet_without_rows_is_parquet(placed):
    path = placed("figures.parquet?area=trafficking&indicator=drug-cases")
    assert duckdb.sql(f"SELECT count(*) FROM read_parquet('{path}')").fetchall() == [(0,)]


# ----------------------------------------------------------------------------------------------- Excel


def opened(content: bytes):
    return openpyxl.load_workbook(io.BytesIO(content))


def read_value(cell) -> str | None:
    """What a figure's cell says, with the decimals that its format shows."""
    if cell.value is None:
        return None
    if cell.data_type == "s":
        return cell.value
    places = len(cell.number_format.partition(".")[2])
    return f"{cell.value:.{places}f}"


def test_workbook_has_numbers_that_are_numbers_to_the_last_digit(get):
    sheet = opened(get("figures.xlsx"))["Figures"]
    heads = [cell.value for cell in sheet[1]]
    assert heads == [column.name for column in tables.FIGURES]
    found = {}
    for row in sheet.iter_rows(min_row=2):
        one = dict(zip(heads, row, strict=True))
        value = one["value"]
        found[one["agency"].value, one["month"].value, one["indicator"].value] = read_value(value)
        long = value.value is not None and len(str(value.value).replace(".", "")) > 15
        assert value.data_type == ("s" if long else "n")
        assert one["revision"].data_type == "n"
    assert found == VALUES
    assert sheet.freeze_panes == "A2"


def test_workbook_keeps_a_number_that_excel_would_round_as_text_and_says_so(get):
    book = opened(get("figures.xlsx"))
    text = [
        cell.value
        for row in book["Figures"].iter_rows()
        for cell in row
        if cell.value == "123456789012345.678"
    ]
    assert len(text) == 1
    assert any("more than 15 digits" in str(cell.value) for row in book["Notes"].iter_rows() for cell in row)


def test_workbook_has_no_formula(get):
    Indicator.objects.filter(code="drug-cases").update(name="=1+1", definition="@SUM(A1)", counting_rule="-1")
    book = opened(get("figures.xlsx"))
    kinds = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
    assert "f" not in kinds
    assert "=1+1" in {cell.value for row in book["Codebook"].iter_rows() for cell in row}


def test_workbook_tells_release_coverage_and_how_to_cite(get):
    notes = opened(get("figures.xlsx"))["Notes"]
    said = " ".join(str(cell.value) for row in notes.iter_rows() for cell in row)
    assert "Release 1, 27 January 2026" in said and "5 of 6 reports" in said
    assert "https://figures.example.org/data/figures.csv?operation=JT-2025&release=1" in said


def test_workbook_speaks_the_language_asked_for_and_its_codes_do_not(get):
    english, khmer = opened(get("figures.xlsx")), opened(get("figures.xlsx?lang=km"))
    rows = [
        [[cell.value for cell in row] for row in book["Figures"].iter_rows()] for book in (english, khmer)
    ]
    assert rows[0] == rows[1]
    names = {cell.value for row in khmer["Codebook"].iter_rows() for cell in row}
    assert Indicator.objects.get(code="drug-cases").text("name", "km") in names


def test_workbook_of_more_rows_than_excel_has_is_refused(client, operation, monkeypatch):
    monkeypatch.setattr("operations.data.workbook.ROWS", 23)
    answer = client.get("/data/figures.xlsx")
    assert answer.status_code == 400 and "take the CSV" in answer.json()["error"]["message"]
    page = client.get("/data/")
    assert [file["url"] for file in page.context["files"] if file["name"] == "figures.xlsx"] == [None]


def test_pandas_reads_the_workbook(get):
    found = pandas.read_excel(io.BytesIO(get("figures.xlsx")), dtype={"value": object})
    short = {key: Decimal(value) for key, value in VALUES.items() if value and len(value) <= 16}
    for one in found.itertuples():
        if (expected := short.get((one.agency, one.month, one.indicator))) is not None:
            assert Decimal(str(one.value)) == expected


OFFICE = shutil.which("soffice") or shutil.which("libreoffice")


@pytest.mark.skipif(not OFFICE, reason="no LibreOffice: apt install libreoffice-calc-nogui")
@pytest.mark.parametrize("name", ["figures.xlsx", "figures.csv"])
def test_libreoffice_reads_the_same_numbers(placed, tmp_path, name):
    path = placed(f"{name}?bom=1" if name.endswith("csv") else name)
    command = [OFFICE, "--headless", f"-env:UserInstallation=file://{tmp_path}/office", "--convert-to"]
    # In UTF-8, the first sheet.
    command += ["csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,1", "--outdir"]
    subprocess.run(
        [*command, str(tmp_path / "read"), str(path)], check=True, capture_output=True, timeout=120
    )
    (found,) = (tmp_path / "read").iterdir()
    rows = list(csv.DictReader(found.read_text(encoding="utf-8-sig").splitlines()))
    assert len(rows) == len(VALUES)
    for row in rows:
        expected = VALUES[row["agency"], row["month"], row["indicator"]]
        if expected is None:
            assert row["value"] == ""
        elif (
            name == "figures.xlsx" or len(expected) <= 16
        ):  # from CSV it takes a longer number for a rounded one
            assert Decimal(row["value"]) == Decimal(expected)


# ------------------------------------------------------------------------------------------- the package


@pytest.fixture
def package(get, tmp_path):
    """The unpacked package."""
    with zipfile.ZipFile(io.BytesIO(get("package.zip"))) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path / "package")
    return tmp_path / "package"


def test_package_is_valid_by_its_own_schema(package, monkeypatch):
    monkeypatch.chdir(package)
    found = frictionless.validate("datapackage.json")
    assert found.valid, found.flatten(["taskName", "rowNumber", "fieldName", "message"])
    assert {task.name: task.stats["rows"] for task in found.tasks} == {
        "figures": 24,
        "totals": 5,
        "codebook": 5,
    }


def test_package_with_a_changed_value_is_not(package, monkeypatch):
    monkeypatch.chdir(package)
    figures = package / "figures.csv"
    figures.write_bytes(figures.read_bytes().replace(b",12,case", b",13,case"))
    assert not frictionless.validate("datapackage.json").valid


def test_manifest_proves_each_file_and_the_sums(package):
    manifest = json.loads((package / "manifest.json").read_text())
    told = {file["path"]: file for file in manifest["files"]}
    assert set(told) == {path.name for path in package.iterdir()} - {"manifest.json"}
    for path, file in told.items():
        content = (package / path).read_bytes()
        assert (file["bytes"], file["sha256"]) == (len(content), sha256(content).hexdigest())
        if path.endswith(".csv"):
            assert file["rows"] == len(list(csv.reader(content.decode().splitlines()))) - 1
    for indicator, total in manifest["sums"].items():
        values = [Decimal(value) for key, value in VALUES.items() if key[2] == indicator and value]
        assert Decimal(total["value"]) == sum(values)
    assert manifest["release"] == "1" and manifest["reports"] == {"expected": 6, "in": 5}


def test_package_has_the_very_files_of_their_own_addresses(get, package):
    assert (package / "figures.csv").read_bytes() == get("figures.csv?release=1")
    assert (package / "totals.csv").read_bytes() == get("totals.csv?release=1")
    assert (package / "codebook.csv").read_bytes() == get("codebook.csv?operation=JT-2025")
    alone = json.loads(get("manifest.json"))["files"]
    packed = json.loads((package / "manifest.json").read_text())["files"]
    assert {one["path"]: one["sha256"] for one in alone}.items() <= {
        one["path"]: one["sha256"] for one in packed
    }.items()


def test_package_says_how_to_cite_it_and_that_figures_are_invented(get, operation):
    operation.is_demonstration = True
    operation.save()
    with zipfile.ZipFile(io.BytesIO(get("package.zip"))) as archive:
        read_me = archive.read("README.md").decode()
    assert "release 1 of 27 January 2026. https://figures.example.org/data/figures.csv?" in read_me
    assert "the figures are invented" in read_me


@pytest.mark.parametrize("name", sorted(FORMS))
def test_the_same_file_made_again_has_the_same_bytes(get, settings, name):
    first = get(f"{name}?release=1")
    shutil.rmtree(settings.KEPT)
    assert get(f"{name}?release=1") == first


# ------------------------------------------------------------------------------------------ the codebook


def test_codebook_explains_every_indicator_of_the_files(get):
    found = list(csv.DictReader(get("codebook.csv?operation=JT-2025").decode().splitlines()))
    assert [column.name for column in codebook.COLUMNS] == list(found[0])
    named = {row["indicator"]: row for row in found}
    assert set(named) == {key[2] for key in VALUES} | {"drugs-seized"}
    opium = named["drugs-opium"]
    assert (opium["kind"], opium["parent"], opium["unit"], opium["decimals"]) == (
        "entered",
        "drugs-seized",
        "kg",
        "3",
    )
    assert (opium["valid_from"], opium["valid_to"], opium["operations"]) == (
        "2025-02-26",
        "2025-03-31",
        "JT-2025",
    )
    assert named["drugs-seized"]["kind"] == "calculated"
    assert all(row["definition"] and row["counting_rule"] for row in found)


def test_codebook_speaks_each_language(get):
    names = set()
    for language, _name in settings.LANGUAGES:
        found = list(csv.DictReader(get(f"codebook.csv?lang={language}").decode().splitlines()))
        names.add(next(row["name"] for row in found if row["indicator"] == "drug-cases"))
    assert len(names) == len(settings.LANGUAGES)
    content = json.loads(get("codebook.json"))
    cases = next(one for one in content["indicators"] if one["indicator"] == "drug-cases")
    assert set(cases["name"].values()) == names
    assert {one["code"] for one in content["obs_status"]} == set(tables.STATUSES)
    assert json.loads(get("codebook.json?lang=km"))["languages"] == ["km"]


@pytest.mark.parametrize("begin", codebook.FORMULA)
def test_codebook_neutralises_what_could_be_a_formula(get, begin):
    if begin == "\0":
        assert codebook.plain("\0x") == "'\0x"  # no text of the database has it
        return
    Indicator.objects.filter(code="drug-cases").update(definition=f"{begin}cmd|calc")
    (row,) = [
        row
        for row in csv.DictReader(io.StringIO(get("codebook.csv").decode(), newline=""))
        if row["indicator"] == "drug-cases"
    ]
    assert row["definition"] == f"'{begin}cmd|calc".replace("\r", "\n")


def test_codebook_page_shows_every_indicator(client, operation):
    for language in ("en", "km"):
        with translation.override(language):
            page = client.get(
                "/data/codebook/" if language == "en" else "/km/data/codebook/"
            ).content.decode()
            for one in Indicator.objects.all():
                assert f'id="{one.code}"' in page and one.label in page


@pytest.mark.parametrize("query", ["release=1", "by=month", "operation=NONE", "lang=xx", "bom=2"])
@pytest.mark.parametrize("ending", ["csv", "json"])
def test_codebook_refuses_what_means_nothing(client, operation, query, ending):
    answer = client.get(f"/data/codebook.{ending}?{query}")
    assert answer.status_code == 400 and answer.json()["error"]["field"] == query.partition("=")[0]


def test_codebook_is_not_sent_again_to_who_has_it(client, operation):
    first = client.get("/data/codebook.csv")
    again = client.get("/data/codebook.csv", headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 304
    client.force_login(person("analyst"))
    assert client.get("/data/codebook.csv")["Cache-Control"] == "private, no-cache"
