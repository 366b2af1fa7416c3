"""What the web role may do in the database: it owns nothing, so it can neither drop a guard nor empty a table."""

from django.conf import settings
from django.db import connections

READ = "SELECT"
ADD = "SELECT, INSERT"
KEEP = "SELECT, INSERT, UPDATE"
EDIT = "SELECT, INSERT, UPDATE, DELETE"

RIGHTS = {
    # the catalogue and the accounts, by the administrator
    "operations_country": KEEP,
    "operations_agency": KEEP,
    "operations_focusarea": KEEP,
    "operations_unit": KEEP,
    "operations_indicator": EDIT,
    "operations_factor": EDIT,
    "operations_operation": KEEP,
    "operations_operation_agencies": EDIT,
    "operations_operation_indicators": EDIT,
    "operations_publishedclaim": EDIT,
    "operations_person": KEEP,
    "operations_person_groups": EDIT,
    "operations_person_user_permissions": EDIT,
    "auth_group": EDIT,
    "auth_group_permissions": EDIT,
    "auth_permission": READ,
    "django_content_type": READ,
    "django_migrations": READ,
    "django_admin_log": ADD,
    "django_session": EDIT,
    # the records
    "operations_report": KEEP,  # only to be locked; report_guard keeps what it is
    "operations_revision": KEEP,
    "operations_figure": KEEP,
    "operations_step": ADD,
    "operations_change": READ,  # written by the figures' own trigger only
    "operations_extension": ADD,
    "operations_question": ADD,
    "operations_answer": ADD,
    "operations_release": KEEP,
    "operations_pin": ADD,
    # what was said to whom
    "operations_reply": "SELECT, INSERT, DELETE",  # forgotten after some days
    "operations_message": KEEP,  # a delivery is noted when it is known
}


# By those guards that run with the caller's rights.
CALLED_BY_GUARDS = ("refuse(text, text)", "indicator_in_use(bigint)")


def grant_to_web_role(using, verbosity=1, **kwargs):
    """Give settings.WEB_ROLE its rights after every migration; nothing to do where owner and web role are one."""
    role = settings.WEB_ROLE
    connection = connections[using]
    if not role or role == connection.settings_dict["USER"]:
        return
    name = connection.ops.quote_name(role)
    with connection.cursor() as cursor:
        cursor.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {name}")
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {name}")
        for table, rights in RIGHTS.items():
            cursor.execute(f"GRANT {rights} ON {connection.ops.quote_name(table)} TO {name}")
        cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {name}")
        # A table of the role's own could carry a guard function, or stand in for what a guard reads.
        database = connection.ops.quote_name(connection.settings_dict["NAME"])
        cursor.execute(f"REVOKE TEMPORARY, CREATE ON DATABASE {database} FROM PUBLIC, {name}")
        cursor.execute("REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC")
        for function in CALLED_BY_GUARDS:
            cursor.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {name}")
