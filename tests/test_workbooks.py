"""A month as a workbook: out, filled in, back, and every file that is not what it seems."""

import html
import io
import re
import resource
import shutil
import struct
import subprocess
import time
import warnings
import zipfile
from decimal import Decimal

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from stories import fill, joint_operation, person, report, submitted

from operations.actions import Entered
from operations.entry import workbooks
from operations.models import Figure, Indicator

pytestmark = pytest.mark.django_db

LEAVES = ["drug-cases", "drug-suspects", "drugs-methamphetamine-tablets", "drugs-heroin", "drugs-ketamine"]
HERE = "/reports/JT-2025/TH-RTP/2025-03/"
UPLOAD = HERE + "upload/"
VALUE, UNIT, MARK, NOTE = "E", "F", "G", "H"
ROW = {code: number for number, code in enumerate(LEAVES, 2)}


@pytest.fixture
def operation():
    return joint_operation("JT-2025", "2025-02-26", "2025-06-30", ["KH-NP", "TH-RTP"], LEAVES)


@pytest.fixture
def march(operation):
    return report(operation, "TH-RTP", "2025-03")


@pytest.fixture
def officer():
    return person("officer", "TH-RTP")


@pytest.fixture
def desk(march, officer):
    client = Client()
    client.force_login(officer)
    return client


def downloaded(desk, address=HERE, language=""):
    prefix = f"/{language}" if language else ""
    answer = desk.get(f"{prefix}{address}workbook.xlsx")
    assert answer.status_code == 200
    return openpyxl.load_workbook(io.BytesIO(answer.content))


def content(workbook) -> bytes:
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def upload(desk, given, name="figures.xlsx", **more):
    given = given if isinstance(given, bytes) else content(given)
    return desk.post(UPLOAD, {"file": SimpleUploadedFile(name, given), **more})


def confirm(desk, page, **more):
    offer = re.search(r'<input type="hidden" name="offer" value="([^"]*)"', page.content.decode())[1]
    return desk.post(UPLOAD, {"action": "save", "offer": html.unescape(offer), **more})


def saved(march) -> dict:
    figures = Figure.objects.filter(revision__report=march).select_related("indicator")
    return {one.indicator.code: one.value for one in figures if not one.is_empty}


def states(page) -> dict:
    return {line.row.code or line.row.name: line.state for line in page.context["offer"].lines}


def sentence(page) -> str:
    (error,) = page.context["errors"]
    return error["text"]


def table(*rows) -> openpyxl.Workbook:
    workbook = openpyxl.Workbook()
    for row in rows:
        workbook.active.append(row)
    return workbook


def spent() -> float:
    """Seconds of the processor, with the programs that were started: what others do meanwhile is no matter."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def repacked(given: bytes, **parts: bytes | None) -> bytes:
    """The same zip with parts replaced, added or (None) left out; `__` in a name stands for `/`, `_dot_` for a dot."""
    parts = {name.replace("__", "/").replace("_dot_", "."): part for name, part in parts.items()}
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(given)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, part in parts.items():
            if part is not None:
                new.writestr(name, part)
    return out.getvalue()


# ------------------------------------------------------------------------------------------------- out


def test_the_workbook_has_the_saved_figures_as_exact_numbers(desk, march, officer):
    submitted(report(march.operation, "TH-RTP", "2025-02"), officer, drugs_heroin="3.25", drug_cases="L")
    fill(
        march, officer, drug_cases=5310, drugs_heroin="1204.350", drugs_ketamine="L",
        drugs_methamphetamine_tablets=Entered(Decimal(4_583_333), "tablet", note="Seized at the bridge."),
    )  # fmt: skip
    workbook = downloaded(desk)
    sheet = workbook.worksheets[0]
    heroin, tablets = ROW["drugs-heroin"], ROW["drugs-methamphetamine-tablets"]
    assert [cell.value for cell in sheet[1]][:8] == [
        "Code", "Indicator", "February 2025", "Counted in", "March 2025", "Unit", "No figure because", "Note",
    ]  # fmt: skip
    assert sheet[f"E{ROW['drug-cases']}"].value == 5310
    assert (sheet[f"E{heroin}"].value, sheet[f"E{heroin}"].number_format) == (1204.35, "#,##0.000")
    assert (sheet[f"E{tablets}"].value, sheet[f"F{tablets}"].value) == (4_583_333, "tablet")
    assert sheet[f"H{tablets}"].value == "Seized at the bridge."
    assert (sheet[f"E{ROW['drugs-ketamine']}"].value, sheet[f"G{ROW['drugs-ketamine']}"].value) == (
        None,
        "not available",
    )
    assert (sheet[f"C{heroin}"].value, sheet[f"C{ROW['drug-cases']}"].value) == (3.25, "not available")
    assert [column for column in "IJ" if sheet.column_dimensions[column].hidden] == ["I", "J"]
    assert "TH-RTP" in " ".join(str(row[1].value) for row in workbook["About"].iter_rows())


def test_units_and_marks_are_chosen_from_a_list(desk, march):
    sheet = downloaded(desk).worksheets[0]
    lists = {str(one.sqref): one.formula1 for one in sheet.data_validations.dataValidation}
    assert '"not available,not applicable"' in lists.values()
    assert any("kg" in words and "tablet" in words for words in lists.values())


def test_a_number_with_more_digits_than_a_spreadsheet_keeps_goes_out_as_text_and_comes_back(
    desk, march, officer
):
    Indicator.objects.filter(code="drugs-heroin").update(impossible_from=None)
    fill(march, officer, drugs_heroin="123456789012345.678")
    workbook = downloaded(desk)
    assert workbook.worksheets[0][f"E{ROW['drugs-heroin']}"].value == "123456789012345.678"
    assert states(upload(desk, workbook))["drugs-heroin"] == "unchanged"


@pytest.mark.parametrize(
    "note", ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "'=1", '=HYPERLINK("http://e.example")']
)
def test_no_text_of_the_workbook_can_become_a_formula(desk, march, officer, note):
    fill(march, officer, drug_cases=Entered(Decimal(5), note=note))
    workbook = downloaded(desk)
    for sheet in workbook:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f"
                assert not isinstance(cell.value, str) or cell.value[:1] not in tuple("=+-@\t\r＝＋－＠")
    assert set(states(upload(desk, workbook)).values()) == {"unchanged", "empty"}


# -------------------------------------------------------------------------------------------- and back


def test_what_comes_back_untouched_changes_nothing(desk, march, officer):
    fill(march, officer, drug_cases=5310, drugs_heroin="1204.350", drugs_ketamine="L", drug_suspects=0)
    page = upload(desk, downloaded(desk))
    assert page.status_code == 200
    assert set(states(page).values()) == {"unchanged", "empty"}
    assert page.context["offer"].entered == {}


@pytest.mark.parametrize("language", ["", "zh-hans", "km", "lo", "my", "th", "vi"])
def test_a_filled_workbook_is_saved_when_confirmed_whatever_its_language(desk, march, language):
    workbook = downloaded(desk, language=language)
    sheet = workbook.worksheets[0]
    sheet[f"E{ROW['drug-cases']}"] = 5310
    sheet[f"E{ROW['drugs-heroin']}"] = 1204.35
    sheet[f"E{ROW['drug-suspects']}"] = "៥៣១០"
    page = upload(desk, workbook)
    assert saved(march) == {}
    answer = confirm(desk, page)
    assert answer["Location"].endswith("?undo=0-1")
    assert saved(march) == {"drug-cases": 5310, "drugs-heroin": Decimal("1204.350"), "drug-suspects": 5310}


def test_unit_mark_and_note_come_back_too(desk, march):
    workbook = downloaded(desk)
    sheet = workbook.worksheets[0]
    tablets, ketamine = ROW["drugs-methamphetamine-tablets"], ROW["drugs-ketamine"]
    sheet[f"E{tablets}"], sheet[f"F{tablets}"] = 4_583_333, "tablet"
    sheet[f"G{ketamine}"], sheet[f"H{ketamine}"] = "not available", "Laboratory closed"
    confirm(desk, upload(desk, workbook))
    figure = Figure.objects.get(indicator__code="drugs-methamphetamine-tablets")
    assert (figure.quantity, figure.unit.code, figure.value) == (4_583_333, "tablet", Decimal("412.500"))
    mark = Figure.objects.get(indicator__code="drugs-ketamine")
    assert (mark.mark, mark.note) == ("L", "Laboratory closed")


def test_what_others_changed_since_the_download_is_said_and_left_unless_overruled(desk, march, officer):
    fill(march, officer, drug_cases=5, drugs_heroin=1, drugs_ketamine=1)
    workbook = downloaded(desk)
    colleague = person("officer", "TH-RTP", username="malee")
    fill(march, colleague, drug_cases=6, drugs_heroin=2)
    workbook.worksheets[0][f"E{ROW['drug-cases']}"] = 7
    workbook.worksheets[0][f"E{ROW['drugs-ketamine']}"] = 3
    page = upload(desk, workbook)
    found = {line.row.code: line for line in page.context["offer"].lines}
    assert (found["drug-cases"].state, found["drug-cases"].old, found["drug-cases"].new) == (
        "moved",
        "6 cases",
        "7 cases",
    )
    assert "malee" in found["drug-cases"].sentence
    # What the workbook has as it was downloaded was not touched in it, and takes back nobody's change.
    assert found["drugs-heroin"].state == "unchanged"
    assert confirm(desk, page).status_code == 302
    assert (saved(march)["drug-cases"], saved(march)["drugs-heroin"], saved(march)["drugs-ketamine"]) == (
        6,
        2,
        3,
    )
    confirm(desk, upload(desk, workbook), take="drug-cases")
    assert saved(march)["drug-cases"] == 7


def test_any_table_with_names_and_figures_will_do(desk, march):
    workbook = table(
        ["Monthly report"], [], ["No.", "ตัวชี้วัด", "ก.พ. 2568", "มี.ค. 2568", "หน่วย"],
        [1, "คดียาเสพติดที่สืบสวน", 4, 5, None], [2, "เฮโรอีน", 10, 1500, "กรัม"], [3, "Vehicles", 1, 2, None],
    )  # fmt: skip
    page = upload(desk, workbook)
    assert states(page) == {"drug-cases": "new", "drugs-heroin": "new", "Vehicles": "unknown"}
    confirm(desk, page)
    assert saved(march) == {"drug-cases": 5, "drugs-heroin": Decimal("1.5")}


@pytest.mark.parametrize(
    "given",
    [
        b"code,value\ndrug-cases,5310\ndrugs-heroin,1.5\n",
        "\ufeffcode;value\r\ndrug-cases;5310\r\ndrugs-heroin;1,5\r\n".encode(),
        "code\tvalue\ndrug-cases\t5310\ndrugs-heroin\t1.5\n".encode("utf-16"),
        b"agency,month,indicator,value,unit,note\nTH-RTP,2025-03,drug-cases,5310,,\n"
        b"TH-RTP,2025-03,drugs-heroin,1500,g,\n",
    ],
    ids=["utf-8", "bom-semicolon", "utf-16-tab", "our layout"],
)
def test_a_csv_is_read(desk, march, given):
    confirm(desk, upload(desk, given, "figures.csv"))
    assert saved(march) == {"drug-cases": 5310, "drugs-heroin": Decimal("1.5")}


def test_a_number_of_a_workbook_has_one_reading(desk, march):
    """A cell that holds 1.234 is a number already; only text asks which sign stands before the decimals."""
    page = upload(desk, table(["code", "value"], ["drugs-heroin", 1.234], ["drugs-ketamine", "1.234"]))
    assert states(page) == {"drugs-heroin": "new", "drugs-ketamine": "ambiguous"}
    confirm(desk, page, means=",")
    assert saved(march) == {"drugs-heroin": Decimal("1.234"), "drugs-ketamine": 1234}


def test_digits_that_a_spreadsheet_made_up_are_not_taken(desk, march):
    page = upload(
        desk,
        table(["code", "value"], ["drugs-heroin", 0.1 + 0.2], ["drugs-ketamine", 123456789012345.678]),
    )
    found = {line.row.code: line for line in page.context["offer"].lines}
    assert found["drugs-heroin"].new == "0.300 kg"
    assert "more digits than a spreadsheet keeps" in found["drugs-ketamine"].sentence


def test_a_choice_of_columns_does_not_need_the_file_again(desk, march):
    page = upload(desk, table(["code", "A", "B"], ["drug-cases", 4, 5]))
    assert page.context["offer"] is None
    kept = html.unescape(re.search(r'name="table" value="([^"]*)"', page.content.decode())[1])
    page = desk.post(UPLOAD, {"action": "column", "column": "2", "table": kept})
    confirm(desk, page)
    assert saved(march) == {"drug-cases": 5}


# -------------------------------------------------------------------------------------------- wrong cells


def test_formulas_are_not_evaluated_and_named(desk, march):
    page = upload(desk, table(["code", "value"], ["drug-cases", "=2+3"], ["drugs-heroin", 1]))
    line = next(line for line in page.context["offer"].lines if line.row.code == "drug-cases")
    assert "B2 holds a formula; paste its value" in line.sentence
    assert confirm(desk, page).status_code == 422
    assert saved(march) == {}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (True, "TRUE or FALSE"),
        ("#REF!", "B2 holds an error"),
        (__import__("datetime").date(2025, 3, 5), "B2 holds a date"),
        (1.5, "whole number"),
        (-3, "has a sign"),
        ("1e3", "exponent"),
    ],
)
def test_a_cell_that_is_no_figure_says_why(desk, march, value, said):
    page = upload(desk, table(["code", "value"], ["drug-cases", value], ["drugs-heroin", 1]))
    assert said in next(
        line.sentence for line in page.context["offer"].lines if line.row.code == "drug-cases"
    )


def test_the_same_workbook_comes_back_with_its_wrong_cells_marked(desk, march):
    workbook = downloaded(desk)
    sheet = workbook.worksheets[0]
    sheet["E2"], sheet["E5"] = "about 5", "=1+1"
    sheet["E3"] = 12
    sheet["E3"].fill = openpyxl.styles.PatternFill("solid", fgColor="FF00FF00")
    sheet.row_dimensions[3].height = 77
    answer = upload(desk, workbook, action="mark")
    assert answer["Content-Type"] == workbooks.TYPE
    assert answer["Content-Disposition"] == 'attachment; filename="JT-2025-TH-RTP-2025-03-marked.xlsx"'
    marked = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0]
    assert "is not one exact number" in marked["E2"].comment.text
    assert "holds a formula" in marked["E5"].comment.text
    assert marked["E2"].fill.fgColor.rgb == marked["E5"].fill.fgColor.rgb == "FFF4B6AE"
    assert (marked["E3"].comment, marked["E3"].fill.fgColor.rgb) == (None, "FF00FF00")
    assert (marked["E5"].value, marked.row_dimensions[3].height) == ("=1+1", 77)
    assert saved(march) == {}


def test_a_marked_workbook_can_be_mended_and_uploaded_again(desk, march):
    workbook = downloaded(desk)
    workbook.worksheets[0]["E2"] = "about 5"
    marked = openpyxl.load_workbook(io.BytesIO(upload(desk, workbook, action="mark").content))
    marked.worksheets[0]["E2"] = 5
    assert confirm(desk, upload(desk, marked)).status_code == 302
    assert saved(march) == {"drug-cases": 5}


def test_a_csv_and_a_workbook_without_fault_cannot_be_marked(desk, march):
    assert "Only a workbook" in sentence(upload(desk, b"code,value\ndrug-cases,x\n", "a.csv", action="mark"))
    right = table(["code", "value"], ["drug-cases", 5])
    assert "nothing to mark" in sentence(upload(desk, right, action="mark"))


# -------------------------------------------------------------------------------------- files to be refused


def test_a_workbook_of_another_month_or_agency_is_refused(desk, march, officer):
    april = report(march.operation, "TH-RTP", "2025-04")
    other = downloaded(desk, april.get_absolute_url())
    answer = upload(desk, other)
    assert answer.status_code == 422
    assert "is for JT-2025 TH-RTP 2025-04, and this report is JT-2025 TH-RTP 2025-03" in sentence(answer)
    foreign = b"agency,month,indicator,value,unit,note\nKH-NP,2025-03,drug-cases,5310,,\n"
    assert "KH-NP" in sentence(upload(desk, foreign, "a.csv"))


RIGHT = content(table(["code", "value"], ["drug-cases", 5]))
DOCTYPE = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
LAUGHS = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">' + b"".join(
    b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 20) for n in range(8)
) + b"]><x>&i;</x>"  # fmt: skip


def many_parts() -> bytes:
    return repacked(RIGHT, **{f"xl__media__{n}_dot_png": b"x" for n in range(300)})


def overlapping() -> bytes:
    """A zip that has one name several times."""
    file = io.BytesIO(RIGHT)
    with warnings.catch_warnings(), zipfile.ZipFile(file, "a") as packed:
        warnings.simplefilter("ignore")
        for _ in range(20):
            packed.writestr("xl/worksheets/sheet1.xml", b"<x/>")
    return file.getvalue()


def sheet_of(rows: bytes) -> bytes:
    """A workbook whose only sheet has these rows as XML."""
    named = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    return repacked(RIGHT, xl__worksheets__sheet1_dot_xml=named + rows + b"</sheetData></worksheet>")


def said_to_be(old: bytes, new: bytes, part: str = "[Content_Types].xml") -> bytes:
    """A workbook with a harmless part, something else said of it or of another in the list of what the parts are."""
    listed = zipfile.ZipFile(io.BytesIO(RIGHT)).read(part)
    assert old in listed
    return repacked(RIGHT, **{part: listed.replace(old, new, 1), "xl/harmless.bin": b"\0" * 100})


OFFICE = b"application/vnd.ms-office."
OVERRIDE = b'<Override PartName="/xl/harmless.bin" ContentType="%s"/></Types>'
RELATION = b'<Relationship Id="r9" Target="/xl/harmless.bin" Type="http://schemas.microsoft.com/office/2006/relationships/%s"/>'


def listed_without_end() -> bytes:
    """A zip whose list of parts is as long as the file allows."""
    one = b"PK\x01\x02" + bytes(24) + b"\x05\0" + bytes(16)
    parts = b"".join(one + b"%05d" % number for number in range(40_000))
    end = b"PK\x05\x06" + bytes(4) + struct.pack("<2H2IH", 40_000, 40_000, len(parts), 34, 0)
    return b"PK\x03\x04" + bytes(30) + parts + end


def many_styles() -> bytes:
    xf = b"".join(b'<xf numFmtId="%d"/>' % (number % 7919) for number in range(200_000))
    name = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    return repacked(
        RIGHT, xl__styles_dot_xml=b"<styleSheet %s><cellXfs>%s</cellXfs></styleSheet>" % (name, xf)
    )


def deep_sheet() -> bytes:
    return sheet_of(
        b"".join(b'<row r="%d"><c r="A%d"><v>1</v></c></row>' % (n, n) for n in range(1, 150_000))
    )


def nested_xml() -> bytes:
    return repacked(RIGHT, xl__worksheets__sheet1_dot_xml=b"<a>" * 100_000 + b"</a>" * 100_000)


HOSTILE = {
    "nothing": (b"", "is empty"),
    "text": (b"hello there", "No figure of this report"),
    "image": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "neither a workbook nor a CSV"),
    "nul": (b"code,value\ndrug-cases,\x005\n", "no text and no workbook"),
    "latin-1": ("code,value\ndrug-cases,5é\n".encode("latin-1"), "CSV UTF-8"),
    "quotes": (b'code,value\n"drug-cases,5\n', "quotation mark"),
    "encrypted": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000, "password"),
    "too large": (b"x" * (2 * 2**20 + 1), "larger than 2 MB"),
    "cut off": (RIGHT[: len(RIGHT) // 2], "damaged"),
    "only magic": (b"PK\x03\x04", "damaged"),
    "other zip": (repacked(RIGHT, xl__workbook_dot_xml=None), "no Excel workbook"),
    "macros": (repacked(RIGHT, xl__vbaProject_dot_bin=b"\0" * 100), "macros"),
    "macros by the kind of the workbook": (
        said_to_be(b"openxmlformats-officedocument.spreadsheetml.sheet.main", b"ms-excel.sheet.macroEnabled.main"),
        "macros"),
    "macros by the kind of a part": (said_to_be(b"</Types>", OVERRIDE % (OFFICE + b"vbaProject")), "macros"),
    "macros by a kind in disguise": (said_to_be(b"</Types>", OVERRIDE % (OFFICE + b"vba&#80;roject")), "macros"),
    "macros by a relation": (
        said_to_be(b"</Relationships>", RELATION % b"vbaProject" + b"</Relationships>", "xl/_rels/workbook.xml.rels"),
        "macros"),
    "a bomb": (repacked(RIGHT, xl__worksheets__sheet1_dot_xml=b" " * 2**27), "too large when unpacked"),
    "a tight bomb": (repacked(RIGHT, xl__worksheets__sheet1_dot_xml=b" " * (4 * 2**20)), "too large when unpacked"),
    "many parts": (many_parts(), "too large when unpacked"),
    "one part many times": (overlapping(), "parts that no spreadsheet writes"),
    "a way out": (repacked(RIGHT, xl__etc=b"", **{"xl/../../etc/passwd": b"x"}), "parts that no spreadsheet writes"),
    "a foreign part": (repacked(RIGHT, evil_dot_exe=b"MZ"), "parts that no spreadsheet writes"),
    "an entity": (repacked(RIGHT, xl__sharedStrings_dot_xml=DOCTYPE), "cannot be read"),
    "a billion laughs": (repacked(RIGHT, xl__worksheets__sheet1_dot_xml=LAUGHS), "cannot be read"),
    "an entity in a relation": (repacked(RIGHT, xl___rels__workbook_dot_xml_dot_rels=DOCTYPE), "cannot be read"),
    "an entity in a part of any name": (repacked(RIGHT, xl__media__image1_dot_png=DOCTYPE), "cannot be read"),
    "an entity in other letters": (
        repacked(RIGHT, xl__sheet_dot_bin=DOCTYPE.decode().encode("utf-16")), "cannot be read"),
    "broken xml": (repacked(RIGHT, xl__workbook_dot_xml=b"<workbook"), "cannot be read"),
    "nested xml": (nested_xml(), ""),
    "a sheet without end": (deep_sheet(), ""),
    "a list without end": (listed_without_end(), "too large when unpacked"),
    "many styles": (many_styles(), "too large when unpacked"),
    "lines": (b"\n" * 2_000_000, "larger than 500 rows"),
    "commas": (b"," * 2_000_000, "larger than 500 rows"),
    "cells": ((b",".join([b"kg"] * 40) + b"\n") * 499 + b",".join([b"x"] * 40), "No figure of this report"),
    "no figures": (content(table(["a", "b"], [1, 2])), "No sheet that can be seen"),
    "no sheet": (repacked(RIGHT, xl__worksheets__sheet1_dot_xml=None), "No sheet that can be seen"),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_is_one_clear_sentence_within_a_second_and_nothing_saved(desk, march, kind):
    given, said = HOSTILE[kind]
    upload(desk, b"code,value\n")  # what is made once is made by now
    began = spent()
    answer = upload(desk, given)
    assert spent() - began < 1
    assert answer.status_code == 422
    assert said in sentence(answer)
    assert len(sentence(answer)) < 300
    assert not march.revisions.exists()


def test_what_else_a_workbook_has_in_it_does_no_harm(desk, march):
    settings = {"xl__printerSettings__printerSettings1_dot_bin": b"\x01\0" * 500}
    page = upload(
        desk, repacked(RIGHT, **settings, xl__media__image1_dot_png=b"\x89PNG\r\n\x1a\n" + bytes(500))
    )
    assert states(page) == {"drug-cases": "new"}


def test_the_largest_sheet_within_the_bounds_is_read(desk, march):
    rows = [[f"row {number}", *range(39)] for number in range(498)]
    page = upload(desk, table(["code", "value"], *rows, ["drug-cases", 5]))
    assert states(page)["drug-cases"] == "new"


@pytest.mark.parametrize("kind", ["hidden", "very hidden"])
def test_a_hidden_sheet_is_not_read(desk, march, kind):
    workbook = table(["hello"])
    hidden = workbook.create_sheet("hidden")
    hidden.append(["drug-cases", 5])
    hidden.sheet_state = "hidden" if kind == "hidden" else "veryHidden"
    assert "No sheet that can be seen" in sentence(upload(desk, workbook))


def test_of_several_sheets_none_is_chosen_in_silence(desk, march):
    workbook = table(["code", "value"], ["drug-cases", 5])
    second = workbook.create_sheet("Other")
    second.append(["drug-cases", 6])
    assert "Several sheets have figures: Sheet, Other" in sentence(upload(desk, workbook))
    second.title = "March 2025"
    confirm(desk, upload(desk, workbook))
    assert saved(march) == {"drug-cases": 6}


def test_one_file_is_wanted_not_none_and_not_several(desk, march):
    assert "Choose one file" in sentence(desk.post(UPLOAD, {}))
    two = [SimpleUploadedFile("a.xlsx", RIGHT), SimpleUploadedFile("b.xlsx", RIGHT)]
    assert "Choose one file" in sentence(desk.post(UPLOAD, {"file": two}))
    assert "Choose one file" in sentence(desk.post(UPLOAD, {"file": two[0], "other": two[1]}))


def test_the_name_of_a_file_is_of_no_consequence(desk, march):
    for name in ("../../../etc/passwd", "<script>alert(1)</script>.xlsx", "a" * 300 + ".exe", "=1+1.csv"):
        page = upload(desk, RIGHT, name)
        assert page.status_code == 200
        assert "<script>alert" not in page.content.decode()


def test_what_no_bound_has_seen_ends_with_the_program_that_reads_it():
    """A part far beyond all bounds, given to the program itself: it stops by its own limits, and soon."""
    endless = sheet_of(b"<row><c><v>1</v></c></row>" * 3_000_000)
    bounds = {"rows": 10**9, "columns": 100, "characters": 10**9}
    began = spent()
    with pytest.raises(subprocess.CalledProcessError):
        workbooks._run("read", bounds, endless)
    assert spent() - began < 1


def test_a_sheet_of_long_texts_is_bounded(desk, march):
    rows = [["drug-cases" if not number else "", "x" * 1999] for number in range(400)]
    assert "larger than" in sentence(upload(desk, table(*rows)))


def test_strings_that_a_sheet_shares_as_excel_writes_them_are_read(desk, march):
    name = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    strings = b"<sst %s><si><t>drug-cases</t></si><si><r><t>5 </t></r><r><t>310</t></r></si></sst>" % name
    cells = b'<c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c>'
    sheet = b'<worksheet %s><sheetData><row r="1">%s</row></sheetData></worksheet>' % (name, cells)
    types = zipfile.ZipFile(io.BytesIO(RIGHT)).read("[Content_Types].xml")
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    if b"sharedStrings" not in types:
        one = b'<Override PartName="/xl/sharedStrings.xml" ContentType="%s"/></Types>' % kind
        types = types.replace(b"</Types>", one)
    parts = {"xl/worksheets/sheet1.xml": sheet, "xl/sharedStrings.xml": strings, "[Content_Types].xml": types}
    confirm(desk, upload(desk, repacked(RIGHT, **parts)))
    assert saved(march) == {"drug-cases": 5310}


def test_strings_of_a_workbook_are_bounded_in_time(desk, march):
    strings = b"<si><t>" + b"x" * 30 + b"</t></si>"
    head = b'<?xml version="1.0"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    many = b"".join(strings.replace(b"x" * 30, b"%030d" % (n * 7919)) for n in range(150_000))
    began = spent()
    answer = upload(desk, repacked(RIGHT, xl__sharedStrings_dot_xml=head + many + b"</sst>"))
    assert answer.status_code in (200, 422)
    assert spent() - began < 1


# ------------------------------------------------------------------------------------------- LibreOffice


def soffice():
    return shutil.which("soffice") or shutil.which("libreoffice")


@pytest.mark.skipif(
    not soffice(), reason="no LibreOffice: apt install libreoffice-calc-nogui, or soffice on the PATH"
)
def test_libreoffice_saves_the_workbook_and_nothing_changes(desk, march, officer, tmp_path):
    fill(march, officer, drug_cases=5310, drugs_heroin="1204.350", drugs_ketamine="L")
    (tmp_path / "month.xlsx").write_bytes(desk.get(HERE + "workbook.xlsx").content)
    command = [soffice(), f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to"]
    command += [
        "xlsx:Calc MS Excel 2007 XML",
        "--outdir",
        str(tmp_path / "out"),
        str(tmp_path / "month.xlsx"),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    page = upload(desk, (tmp_path / "out/month.xlsx").read_bytes())
    assert set(states(page).values()) == {"unchanged", "empty"}
