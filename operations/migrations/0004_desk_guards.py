"""Guards of what the desks say to each other: extensions, questions and answers stay as they were given."""

from django.db import migrations

SECTIONS = [
    f"""
CREATE TRIGGER {table}_is_append_only BEFORE UPDATE OR DELETE ON operations_{table}
    FOR EACH ROW EXECUTE FUNCTION refuse_always('{table}_is_append_only', 'History is never changed.');
CREATE TRIGGER {table}_is_never_emptied BEFORE TRUNCATE ON operations_{table}
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_always('{table}_is_never_emptied', 'Records are never emptied out.');
"""
    for table in ("extension", "question", "answer")
]


class Migration(migrations.Migration):
    dependencies = [("operations", "0003_desks")]
    # One way: a database without its guards is never a state to go back to.
    operations = [migrations.RunSQL(section) for section in SECTIONS]
