"""What must never be is refused by the database itself, to raw SQL too, to the web role and to the tables' owner."""

from datetime import date
from decimal import Decimal

import pytest
from conftest import as_owner
from django.db import DatabaseError, connection, transaction
from stories import (
    corrected,
    fill,
    joint_operation,
    just_after,
    person,
    released,
    report,
    submitted,
    verified,
)

from operations import actions
from operations.actions import Entered
from operations.models import Agency, Change, Country, Figure, FocusArea, Indicator, Release, Revision, Unit

pytestmark = pytest.mark.django_db

LEAVES = ["drug-cases", "drug-suspects", "drugs-heroin", "drugs-methamphetamine-tablets", "trafficking-cases"]
ROLES = ["web", "owner"]
DENIED = "permission denied"
DONE = "done"
TABLETS = Entered(Decimal(20_000), "tablet", note="Counted twice.")


@pytest.fixture
def names():
    """A report in each state, a release and an unpublished one, and their ids by the names that the SQL uses."""
    operation = joint_operation("JT-2025", "2025-02-26", "2025-06-30", ["KH-NP"], LEAVES)
    other = joint_operation("JT-OTHER", "2025-02-26", "2025-06-30", ["KH-NP"], LEAVES)
    officer, reviewer = person("officer", "KH-NP"), person("reviewer")
    months = {name: report(operation, "KH-NP", f"2025-0{number}") for number, name in enumerate(
        ["corrected", "verified", "submitted", "draft", "expected"], start=2
    )}  # fmt: skip
    verified(months["corrected"], officer, reviewer, drug_cases=1)
    new = corrected(months["corrected"], officer, reviewer, drug_cases=2)
    pinned = verified(months["verified"], officer, reviewer, drug_cases=5, drugs_methamphetamine_tablets=TABLETS)
    foreign = verified(report(other, "KH-NP", "2025-03"), officer, reviewer)
    release = released(operation, "2025-03", person("publisher"))
    late = verified(report(other, "KH-NP", "2025-04"), officer, reviewer)
    waiting = submitted(months["submitted"], officer, drug_cases=6)
    draft = fill(months["draft"], officer, drug_cases=7)
    now = {"by": reviewer, "at": just_after(months["draft"])}
    actions.extend(months["draft"], until=date(2025, 7, 1), reason="Flood.", **now)
    question = actions.ask(waiting.report, "drug-cases", text="Really six?", due=date(2025, 7, 1), **now)
    actions.withdraw(question, text="Read it again.", **now)
    unpublished = Release.objects.create(
        operation=other, number=1, last_month=late.report.month.replace(month=3), by=person("publisher")
    )
    with connection.cursor() as cursor:  # nothing left to judge at the end: TRUNCATE would be refused for that
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    return {
        **{f"{name}_report": one.pk for name, one in months.items()},
        "corrected": new.pk, "verified": pinned.pk, "submitted": waiting.pk, "draft": draft.pk,
        "foreign": foreign.pk, "foreign_report": foreign.report_id, "late": late.pk, "late_report": late.report_id,
        "release": release.pk, "unpublished": unpublished.pk, "operation": operation.pk, "other": other.pk,
        "officer": officer.pk, "reviewer": reviewer.pk, "publisher": person("publisher").pk,
        "agency": Agency.objects.get(code="KH-NP").pk, "thai": Agency.objects.get(code="TH-RTP").pk,
        "person": Unit.objects.get(code="person").pk,
        "case": Unit.objects.get(code="case").pk, "kg": Unit.objects.get(code="kg").pk,
        "drugs": FocusArea.objects.get(code="drugs").pk,
        "thailand": Country.objects.get(code="TH").pk,
        **{one.code.replace("-", "_"): one.pk for one in Indicator.objects.all()},
    }  # fmt: skip


@pytest.fixture(params=ROLES)
def role(request):
    return request.param


def tell(role, *statements, names):
    """What the database says to the statements: the name of the rule broken, a denial, or that it did them."""
    with transaction.atomic(), connection.cursor() as cursor:
        if role == "owner":
            cursor.execute("RESET ROLE")
        try:
            with transaction.atomic():
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
                for sql in statements:
                    cursor.execute(sql, names)
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        except DatabaseError as error:
            found = error.__cause__.diag
            return found.constraint_name or (DENIED if found.sqlstate == "42501" else found.message_primary)
        finally:
            transaction.set_rollback(True)
    return DONE


def figure(revision, indicator, value="1", quantity="1", unit="case", mark="NULL"):
    unit = f"%({unit})s" if unit else "NULL"
    return (
        "INSERT INTO operations_figure (revision_id, indicator_id, value, mark, quantity, unit_id, estimated, note,"
        f" version) VALUES (%({revision})s, %({indicator})s, {value}, {mark}, {quantity}, {unit}, false, '', 1)"
    )


def begun(report, number, state="draft", reason=""):
    return (
        "INSERT INTO operations_revision (report_id, number, state, version, reason_code, reason)"
        f" VALUES (%({report})s, {number}, '{state}', 0, '{reason}', '{reason}')"
    )


def step(revision, verb, to, by="reviewer", before="submitted"):
    revision = f"%({revision})s" if revision else "(SELECT max(id) FROM operations_revision)"
    return (
        "INSERT INTO operations_step (revision_id, verb, from_state, to_state, version, by_id, at, note)"
        f" VALUES ({revision}, '{verb}', '{before}', '{to}', 1, %({by})s, now(), '')"
    )


def moved(revision, state):
    return f"UPDATE operations_revision SET state = '{state}' WHERE id = %({revision})s"


def pin(release, report, revision):
    return (
        "INSERT INTO operations_pin (release_id, report_id, revision_id)"
        f" VALUES (%({release})s, %({report})s, %({revision})s)"
    )


def expected(month, operation="operation", agency="agency"):
    return (
        "INSERT INTO operations_report (operation_id, agency_id, month)"
        f" VALUES (%({operation})s, %({agency})s, '{month}')"
    )


def below(parent, unit="case", decimals=0, code="new"):
    """A new indicator of drugs, under a parent or under none."""
    parent = f"%({parent})s" if parent else "NULL"
    return (
        "INSERT INTO operations_indicator (code, name, translations, position, area_id, parent_id, unit_id, decimals,"
        f" short_name, definition, counting_rule, odd_ratio) VALUES ('{code}', '', '{{}}', 0, %(drugs)s, {parent},"
        f" %({unit})s, {decimals}, '', '', '', 10)"
    )


# ---------------------------------------------------------------------------- refused, whoever asks

REFUSED = [
    # a verified revision and its figures
    ("revision_verified_is_frozen", "UPDATE operations_figure SET value = 1 WHERE revision_id = %(verified)s"),
    ("revision_verified_is_frozen", "UPDATE operations_figure SET note = 'x' WHERE revision_id = %(verified)s"),
    ("revision_verified_is_frozen", "UPDATE operations_figure SET value = 1"),
    ("revision_verified_is_frozen", figure("verified", "scam_cases_fraud")),
    ("revision_verified_is_frozen", moved("verified", "draft")),
    ("revision_verified_is_frozen", moved("verified", "submitted")),
    ("revision_verified_is_frozen", "UPDATE operations_revision SET version = 9 WHERE id = %(verified)s"),
    ("revision_verified_is_frozen", "UPDATE operations_revision SET reason = 'x' WHERE id = %(corrected)s"),
    # a submitted one
    ("figure_changes_in_drafts_only", "UPDATE operations_figure SET value = 1 WHERE revision_id = %(submitted)s"),
    ("figure_changes_in_drafts_only", figure("submitted", "scam_cases_fraud")),
    # moves
    ("revision_begins_as_draft", begun("expected_report", 1, "submitted")),
    ("revision_begins_as_draft", begun("expected_report", 1, "verified")),
    ("revision_follows_a_verified_one", begun("expected_report", 2, reason="typing")),
    ("revision_follows_a_verified_one", begun("draft_report", 2, reason="typing")),
    ("revision_follows_a_verified_one", begun("verified_report", 3, reason="typing")),
    ("revision_number_once", begun("draft_report", 1)),
    ("revision_correction_has_a_reason", begun("verified_report", 2)),
    ("revision_correction_has_a_reason", begun("expected_report", 1, reason="typing")),
    ("revision_moves_in_order", moved("draft", "verified")),
    ("revision_moves_in_order", moved("draft", "nonsense")),
    ("revision_is_kept", "UPDATE operations_revision SET number = 2 WHERE id = %(draft)s"),
    ("revision_is_kept", "UPDATE operations_revision SET report_id = %(expected_report)s WHERE id = %(draft)s"),
    # a move without its step, at the end of the transaction
    ("revision_has_its_step", begun("expected_report", 1)),
    ("revision_has_its_step", moved("draft", "submitted")),
    ("revision_has_its_step", moved("submitted", "draft")),
    ("revision_has_its_step", moved("submitted", "verified")),
    # four eyes
    (
        "step_verified_by_another",
        moved("submitted", "verified") + ";" + step("submitted", "verify", "verified", by="officer"),
    ),
    # a step without its move
    ("step_tells_the_state", step("verified", "send_back", "draft", before="verified")),
    ("step_tells_the_state", step("submitted", "verify", "verified")),
    ("step_verified_once", step("verified", "verify", "verified")),
    (
        "step_is_a_move",  # verified without the verb that four eyes are asked for
        moved("submitted", "verified") + ";" + step("submitted", "open", "verified", by="officer"),
    ),
    (
        "step_is_a_move",
        moved("submitted", "verified") + ";" + step("submitted", "verify", "verified", before="draft"),
    ),
    # figures
    ("figure_on_leaves_only", figure("draft", "drugs_seized", unit="kg")),
    ("figure_of_the_operation", figure("draft", "scam_cases_fraud")),
    ("figure_at_most_the_decimals", figure("draft", "drug_suspects", unit="person", value="1.5")),
    ("figure_never_negative", figure("draft", "drug_suspects", unit="person", value="-1")),
    ("figure_value_or_mark", figure("draft", "drug_suspects", unit="person", mark="'L'")),
    ("figure_mark_is_known", figure("draft", "drug_suspects", value="NULL", quantity="NULL", unit="", mark="'X'")),
    ("figure_value_has_quantity_and_unit", figure("draft", "drug_suspects", unit="")),
    ("figure_value_has_quantity_and_unit", figure("draft", "drug_suspects", quantity="NULL", unit="person")),
    ("figure_value_has_quantity_and_unit", figure("draft", "drug_suspects", unit="person", quantity="-1")),
    ("figure_value_has_quantity_and_unit", figure("draft", "drug_suspects", unit="person", value="NULL")),
    ("figure_value_follows_from_its_quantity", figure("draft", "drug_suspects", value="2", unit="person")),
    ("figure_value_follows_from_its_quantity", figure("draft", "drug_suspects", unit="case")),
    ("figure_is_a_number", figure("draft", "drug_suspects", value="'NaN'", unit="person")),
    ("figure_is_a_number", figure("draft", "drug_suspects", value="'NaN'", quantity="'NaN'", unit="person")),
    ("figure_once_a_revision", figure("draft", "drug_cases")),
    (
        "figure_is_kept",
        "UPDATE operations_figure SET indicator_id = %(trafficking_cases)s WHERE revision_id = %(draft)s",
    ),
    # reports and operations
    ("report_month_is_a_first_day", expected("2025-03-02", agency="thai")),
    ("report_month_within_operation", expected("2025-01-01")),
    ("report_month_within_operation", expected("2025-07-01")),
    ("report_once_a_month", expected("2025-03-01", operation="other")),
    ("report_before_its_release", expected("2025-03-01", agency="thai")),
    ("report_is_kept", "UPDATE operations_report SET agency_id = %(thai)s WHERE id = %(expected_report)s"),
    ("report_is_kept", "UPDATE operations_report SET month = '2025-02-01' WHERE id = %(expected_report)s"),
    (
        "operation_contains_its_reports",
        "UPDATE operations_operation SET first_day = '2025-03-01' WHERE id = %(operation)s",
    ),
    (
        "operation_contains_its_reports",
        "UPDATE operations_operation SET last_day = '2025-05-31' WHERE id = %(operation)s",
    ),
    (
        "operation_ends_after_it_begins",
        "INSERT INTO operations_operation (code, name, translations, position, first_day, last_day, due_day,"
        " is_demonstration) VALUES ('JT-NEW', '', '{}', 0, '2025-03-02', '2025-03-01', 10, false)",
    ),
    (
        "operation_enters_leaves_only",
        "INSERT INTO operations_operation_indicators (operation_id, indicator_id) VALUES (%(other)s, %(drugs_seized)s)",
    ),
    (
        "operation_keeps_reported_indicators",
        "DELETE FROM operations_operation_indicators WHERE operation_id = %(operation)s",
    ),
    # the catalogue
    *(
        (f"{table}_code_is_kept", f"UPDATE operations_{table} SET code = 'changed'")
        for table in ("country", "agency", "focusarea", "unit", "indicator", "operation")
    ),
    (
        "indicator_in_use_is_kept",
        "UPDATE operations_indicator SET decimals = 3 WHERE id = %(drug_cases)s",
    ),
    (
        "indicator_in_use_is_kept",
        "UPDATE operations_indicator SET unit_id = %(kg)s WHERE id = %(drug_cases)s",
    ),
    (
        "indicator_in_use_is_kept",
        "UPDATE operations_indicator SET parent_id = NULL WHERE id = %(drugs_heroin)s",
    ),
    (
        "indicator_in_use_is_kept",
        "UPDATE operations_indicator SET decimals = 2 WHERE id = %(drugs_seized)s",
    ),
    ("indicator_parent_has_no_figures", below("drug_cases")),
    ("indicator_like_its_parent", below("drug_cases", unit="kg")),
    ("indicator_at_most_3_decimals", below("", decimals=4)),
    (
        "indicator_tree_has_no_circle",
        "UPDATE operations_indicator SET parent_id = %(scam_cases_fraud)s WHERE id = %(scam_cases)s",
    ),
    ("indicator_code_is_plain", below("", code="=1")),
    (
        "factor_in_use_is_kept",
        "UPDATE operations_factor SET factor = 2 WHERE id IN (SELECT factor_id FROM operations_figure)",
    ),
    (
        "factor_positive",
        "UPDATE operations_factor f SET factor = 0"
        " WHERE NOT EXISTS (SELECT FROM operations_figure WHERE factor_id = f.id)",
    ),
    ("agency_keeps_its_country", "UPDATE operations_agency SET country_id = %(thailand)s WHERE id = %(agency)s"),
    # releases and what they pin
    ("operation_released_is_kept", "UPDATE operations_operation SET first_day = '2025-02-01' WHERE code = 'JT-2025'"),
    ("release_is_frozen", "UPDATE operations_release SET note = 'x' WHERE id = %(release)s"),
    ("release_is_frozen", "UPDATE operations_release SET at = NULL WHERE id = %(release)s"),
    ("release_is_frozen", "UPDATE operations_release SET last_month = '2025-02-01' WHERE id = %(release)s"),
    ("release_is_kept", "UPDATE operations_release SET number = 9 WHERE id = %(unpublished)s"),
    ("release_is_not_empty", "UPDATE operations_release SET at = now() WHERE id = %(unpublished)s"),
    (
        "release_is_filled_first",
        "INSERT INTO operations_release (operation_id, number, last_month, note, by_id, at)"
        " VALUES (%(operation)s, 2, '2025-03-01', '', %(publisher)s, now())",
    ),
    (
        "release_number_once",
        "INSERT INTO operations_release (operation_id, number, last_month, note, by_id)"
        " VALUES (%(operation)s, 1, '2025-03-01', '', %(publisher)s)",
    ),
    (
        "release_month_is_a_first_day",
        "INSERT INTO operations_release (operation_id, number, last_month, note, by_id)"
        " VALUES (%(operation)s, 2, '2025-03-02', '', %(publisher)s)",
    ),
    ("pin_fits_its_release", pin("release", "draft_report", "draft")),
    ("pin_fits_its_release", pin("unpublished", "verified_report", "verified")),
    ("pin_fits_its_release", pin("unpublished", "late_report", "late")),
    ("pin_fits_its_release", pin("unpublished", "late_report", "foreign")),
]


@pytest.mark.parametrize(("rule", "sql"), REFUSED)
def test_what_must_never_be_is_refused_to_everyone(names, role, rule, sql):
    assert tell(role, sql, names=names) == rule



# ------------------------------------- refused to the owner by a guard; the web role may not even ask

SAID = ("extension", "question", "answer")  # each has a row
REFUSED_TO_THE_OWNER = [
    ("figure_is_never_deleted", "DELETE FROM operations_figure WHERE revision_id = %(draft)s"),
    ("figure_is_never_deleted", "DELETE FROM operations_figure WHERE revision_id = %(verified)s"),
    ("revision_is_never_deleted", "DELETE FROM operations_revision WHERE id = %(draft)s"),
    ("step_is_append_only", "UPDATE operations_step SET note = 'x'"),
    ("step_is_append_only", "DELETE FROM operations_step"),
    ("change_is_append_only", "UPDATE operations_change SET by_id = NULL"),
    ("change_is_append_only", "DELETE FROM operations_change"),
    ("release_is_frozen", "DELETE FROM operations_release WHERE id = %(release)s"),
    ("release_is_frozen", "DELETE FROM operations_pin WHERE release_id = %(release)s"),
    ("release_is_frozen", "UPDATE operations_pin SET revision_id = %(foreign)s WHERE release_id = %(release)s"),
    *((f"{table}_is_append_only", f"UPDATE operations_{table} SET at = now()") for table in SAID),
    *((f"{table}_is_append_only", f"DELETE FROM operations_{table}") for table in SAID),
    *(
        (f"{table}_is_never_emptied", f"TRUNCATE operations_{table} CASCADE")
        for table in ("report", "revision", "figure", "step", "change", "release", "pin", *SAID)
    ),
]


@pytest.mark.parametrize(("rule", "sql"), REFUSED_TO_THE_OWNER)
def test_records_are_neither_deleted_nor_rewritten(names, rule, sql):
    assert tell("web", sql, names=names) == DENIED
    assert tell("owner", sql, names=names) == rule


def test_a_second_open_revision_is_refused_even_with_the_guards_off(names):
    with as_owner() as cursor:
        try:
            with transaction.atomic():
                cursor.execute(begun("draft_report", 5, reason="typing"), names)
        except DatabaseError as error:
            assert error.__cause__.diag.constraint_name == "revision_one_open_a_report"
        else:
            pytest.fail("a second draft was taken")


# ------------------------------------------------------------------- allowed, so that a refusal means something

ALLOWED = [
    ["UPDATE operations_figure SET value = 8, quantity = 8 WHERE revision_id = %(draft)s"],
    [figure("draft", "drug_suspects", unit="person")],
    [moved("draft", "submitted"), step("draft", "submit", "submitted", by="officer", before="draft")],
    [moved("submitted", "draft"), step("submitted", "send_back", "draft")],
    [moved("submitted", "verified"), step("submitted", "verify", "verified")],
    [begun("expected_report", 1), step("", "open", "draft", by="officer", before="")],
    [
        pin("unpublished", "foreign_report", "foreign"),
        "UPDATE operations_release SET at = now() WHERE id = %(unpublished)s",
    ],
    ["UPDATE operations_operation SET last_day = '2025-07-31' WHERE id = %(operation)s"],
    ["UPDATE operations_indicator SET name = 'Cases of drugs' WHERE id = %(drug_cases)s"],
]


@pytest.mark.parametrize("statements", ALLOWED)
def test_what_is_right_goes_through(names, role, statements):
    assert tell(role, *statements, names=names) == DONE


# ------------------------------------------------------------------------------------ changes on record

WORDS = ["value", "mark", "estimated", "note", "quantity", "unit", "factor"]


def test_raw_sql_leaves_its_change_without_a_name(names, role):
    last = Change.objects.latest("id")
    with connection.cursor() as cursor:
        if role == "owner":
            cursor.execute("RESET ROLE")
        # What a verb leaves in the session ends with its transaction, which is this test's.
        cursor.execute("SELECT set_config('operations.by', '', true), set_config('operations.at', '', true)")
        cursor.execute("UPDATE operations_figure SET value = 8, quantity = 8 WHERE revision_id = %(draft)s", names)
        cursor.execute(figure("draft", "drug_suspects", unit="person"), names)
    changed, new = Change.objects.filter(id__gt=last.pk)
    assert (changed.by, new.by) == (None, None)
    assert list(changed.after) and set(changed.after) == set(WORDS)
    assert (changed.before["value"], changed.after["value"]) == ("7.000", "8.000")
    assert (new.before, new.after["value"]) == (None, "1.000")


def test_a_verb_leaves_its_change_with_a_name(names):
    assert set(Change.objects.values_list("by__username", flat=True)) == {"officer.kh-np"}


def test_what_is_written_unchanged_is_no_change(names, role):
    before = Change.objects.count()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE operations_figure SET value = value WHERE revision_id = %(draft)s", names)
    assert Change.objects.count() == before


def test_changes_played_again_give_the_figures(names):
    """Each revision begins with the figures of the one before; its changes lead to what it holds."""
    played = {}
    for revision in Revision.objects.order_by("report", "number"):
        sheet = dict(played.get((revision.report_id, revision.number - 1), {}))
        for change in Change.objects.filter(revision=revision).order_by("id"):
            assert change.before == sheet.get(change.indicator_id)
            sheet[change.indicator_id] = change.after
        played[revision.report_id, revision.number] = sheet
        held = {
            one.indicator_id: {
                "value": None if one.value is None else str(one.value),
                "mark": one.mark,
                "estimated": one.estimated,
                "note": one.note,
                "quantity": None if one.quantity is None else f"{one.quantity.normalize():f}",
                "unit": one.unit and one.unit.code,
                "factor": one.factor and f"{one.factor.factor.normalize():f}",
            }
            for one in Figure.objects.filter(revision=revision).select_related("unit", "factor")
        }
        assert sheet == held, revision
    assert len(played) == Revision.objects.count()


# ------------------------------------------------------------------------------------- the web role itself


def test_the_web_role_owns_nothing_and_is_above_nothing():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls,"
            " (SELECT count(*) FROM pg_class WHERE relowner = r.oid AND relkind IN ('r', 'S', 'v')),"
            " (SELECT count(*) FROM pg_proc WHERE proowner = r.oid),"
            " (SELECT count(*) FROM pg_auth_members WHERE member = r.oid)"
            " FROM pg_roles r WHERE rolname = current_user"
        )
        assert cursor.fetchone() == (False, 0, 0, 0)


FORBIDDEN = [
    "ALTER TABLE operations_figure DISABLE TRIGGER figure_updated",
    "ALTER TABLE operations_revision DISABLE TRIGGER ALL",
    "ALTER TABLE operations_figure DROP CONSTRAINT figure_never_negative",
    "ALTER TABLE operations_change RENAME TO elsewhere",
    "DROP TRIGGER revision_guard ON operations_revision",
    "DROP TABLE operations_change",
    "DROP FUNCTION refuse(text, text) CASCADE",
    "CREATE OR REPLACE FUNCTION refuse(rule text, sentence text) RETURNS void LANGUAGE sql AS ''",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE TABLE mine (x int)",
    "CREATE TRIGGER mine AFTER INSERT ON operations_figure FOR EACH ROW EXECUTE FUNCTION refuse_always()",
    "CREATE TEMP TABLE operations_step AS SELECT 1 AS id, 'verified' AS to_state",
    "CREATE ROLE mine",
    "SET session_replication_role = replica",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "GRANT ALL ON operations_change TO PUBLIC",
    "INSERT INTO operations_change (revision_id, indicator_id, version, at)"
    " VALUES (%(draft)s, %(drug_cases)s, 1, now())",
    "SELECT setval('operations_change_id_seq', 1)",
]


@pytest.mark.parametrize("sql", FORBIDDEN)
def test_the_web_role_cannot_take_a_guard_away(names, sql):
    if sql.startswith("GRANT"):  # PostgreSQL only warns; what counts is that nothing was granted
        tell("web", sql, names=names)
        with connection.cursor() as cursor:
            cursor.execute("SELECT has_table_privilege(current_user, 'operations_change', 'INSERT')")
            assert cursor.fetchone() == (False,)
    else:
        assert tell("web", sql, names=names) == DENIED


# --------------------------------------------------------------------------- what the application says


def test_a_refusal_of_the_database_carries_a_sentence(names):
    with pytest.raises(DatabaseError) as refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE operations_figure SET value = 1 WHERE revision_id = %(verified)s", names)
    assert "open a correction instead" in str(refused.value)


def test_every_function_names_the_schemas_it_reads():
    """Else a table of the caller's own could stand in for a record."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname, coalesce(array_to_string(proconfig, ' '), '') FROM pg_proc"
            " WHERE pronamespace = 'public'::regnamespace"
        )
        functions = dict(cursor.fetchall())
    assert "figure_changed" in functions
    assert {name for name, settings in functions.items() if "search_path=" not in settings} == set()


def test_the_web_role_calls_no_function_but_those_of_its_guards():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
            " AND has_function_privilege(current_user, oid, 'EXECUTE')"
        )
        assert {name for (name,) in cursor.fetchall()} == {"refuse", "indicator_in_use"}
