"""A database of a million figures to measure with: one operation of 1,200 agencies, 24 months and 35 indicators."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "var" / "bench" / "pg"
AGENCIES, MONTHS, OPERATION = 1200, 24, "BENCH"

# With the guards off: rows of records that nobody entered.
FILL = [
    "SET session_replication_role = replica",
    "SET statement_timeout = 0",
    """INSERT INTO operations_indicator (code, name, translations, position, decimals, short_name, definition,
              counting_rule, odd_ratio, unit_ratio, area_id, unit_id)
       SELECT 'bench-' || n, 'Bench ' || n, '{}', 900 + n, 0, '', '', '', 10, 1000, a.id, u.id
         FROM generate_series(1, 12) n, operations_focusarea a, operations_unit u
        WHERE a.code = 'drugs' AND u.code = 'case'""",
    """INSERT INTO operations_agency (code, name, translations, position, short_name, country_id)
       SELECT 'B-' || n, 'Agency ' || n, '{}', 100 + n, '', c.id
         FROM generate_series(1, %(agencies)s) n JOIN operations_country c ON c.position = 1 + n %% 6""",
    """INSERT INTO operations_operation (code, name, translations, position, first_day, last_day, due_day,
              is_demonstration)
       VALUES (%(operation)s, 'Bench', '{}', 0, '2020-01-01',
               date '2020-01-01' + %(months)s * interval '1 month' - interval '1 day', 10, true)""",
    """INSERT INTO operations_operation_agencies (operation_id, agency_id)
       SELECT o.id, a.id FROM operations_operation o, operations_agency a
        WHERE o.code = %(operation)s AND a.code LIKE 'B-%%'""",
    """INSERT INTO operations_operation_indicators (operation_id, indicator_id)
       SELECT o.id, i.id FROM operations_operation o, operations_indicator i
        WHERE o.code = %(operation)s
          AND NOT EXISTS (SELECT FROM operations_indicator child WHERE child.parent_id = i.id)""",
    """INSERT INTO operations_report (operation_id, agency_id, month)
       SELECT o.id, a.id, date '2020-01-01' + n * interval '1 month'
         FROM operations_operation o, operations_agency a, generate_series(0, %(months)s - 1) n
        WHERE o.code = %(operation)s AND a.code LIKE 'B-%%' ORDER BY n, a.position""",
    """INSERT INTO operations_revision (report_id, number, state, version, reason_code, reason)
       SELECT r.id, 1, 'verified', 1, '', ''
         FROM operations_report r JOIN operations_operation o ON o.id = r.operation_id
        WHERE o.code = %(operation)s ORDER BY r.id""",
    """INSERT INTO operations_figure (revision_id, indicator_id, value, quantity, unit_id, estimated, note, version)
       SELECT v.id, i.id, amount, amount, i.unit_id, false, '', 1
         FROM operations_revision v JOIN operations_report r ON r.id = v.report_id
         JOIN operations_operation o ON o.id = r.operation_id
         JOIN operations_operation_indicators oi ON oi.operation_id = o.id
         JOIN operations_indicator i ON i.id = oi.indicator_id,
              LATERAL (SELECT round((random() * 9000 + 0 * v.id)::numeric, i.decimals) AS amount) made
        WHERE o.code = %(operation)s ORDER BY v.id, i.id""",
]
PIN = """INSERT INTO operations_pin (release_id, report_id, revision_id)
         SELECT e.id, v.report_id, v.id FROM operations_revision v JOIN operations_report r ON r.id = v.report_id
           JOIN operations_release e ON e.operation_id = r.operation_id WHERE e.id = %s"""


def prepare() -> dict:
    """The database started and filled, if it is not yet; the environment in which the product uses it."""
    from lmlecc.embedded_pg import Server

    server = Server(FOLDER)
    server.hold()
    server.start()
    host = quote(str(server.socket_dir), safe="")
    told = {
        "DEMO": "1",
        "DATABASE_URL": f"postgresql://lmlecc@/lmlecc?host={host}",
        "DATABASE_OWNER_URL": f"postgresql://postgres@/lmlecc?host={host}",
    }
    os.environ |= told
    for command in (["migrate", "-v0"], ["load_catalogue", "-v0"]):
        subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, check=True)
    os.environ["DJANGO_SETTINGS_MODULE"] = "lmlecc.settings"
    import django

    django.setup()
    _fill()
    return {"server": server, **told}


def _fill() -> None:
    from django.db import connections, transaction
    from django.utils import timezone

    from operations.models import Operation, Person, Release

    if Operation.objects.filter(code=OPERATION).exists():
        return
    print("Making a million figures (once) …", flush=True)
    numbers = {"agencies": AGENCIES, "months": MONTHS, "operation": OPERATION}
    with transaction.atomic("owner"), connections["owner"].cursor() as cursor:
        for statement in FILL:
            cursor.execute(statement, numbers)
        operation = Operation.objects.using("owner").get(code=OPERATION)
        person = Person(username="bench", is_superuser=True)
        person.save(using="owner")
        release = Release(
            operation=operation, number=1, last_month=operation.last_month, by=person, at=timezone.now()
        )
        release.save(using="owner")
        cursor.execute(PIN, [release.pk])
    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
