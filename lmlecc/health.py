"""Whether the process lives and whether it can serve; asked by supervisors, without a session."""

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpResponse
from django.views.decorators.cache import never_cache


@login_not_required
@never_cache
def alive(request):
    """200 whenever this process can answer at all."""
    return HttpResponse("alive\n", content_type="text/plain")


@login_not_required
@never_cache
def ready(request):
    """200 with a database that answers, flushes what it commits and has every migration; else 503 and why."""
    try:
        with connection.cursor() as cursor:
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                cursor.execute("SELECT current_setting(%s)", [setting])
                if cursor.fetchone()[0] == "off":
                    return _not_ready(f"{setting} is off")
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return _not_ready("migrations are missing")
    except DatabaseError:
        return _not_ready("the database does not answer")
    return HttpResponse("ready\n", content_type="text/plain")


def _not_ready(why: str) -> HttpResponse:
    return HttpResponse(
        f"not ready: {why}\n", status=503, content_type="text/plain", headers={"Retry-After": "5"}
    )
