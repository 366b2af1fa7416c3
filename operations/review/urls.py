"""Addresses of the reviewer's desk; its report is named by operation, agency and month."""

from django.urls import path

from . import views

app_name = "review"
REPORT = "<slug:operation>/<slug:agency>/<month:month>/"
urlpatterns = [
    path("", views.queue, name="queue"),
    path("verify/", views.verify_several, name="verify_several"),
    path(REPORT, views.report, name="report"),
    path(f"{REPORT}ask/", views.ask, name="ask"),
    path(f"{REPORT}withdraw/", views.withdraw, name="withdraw"),
    path(f"{REPORT}extension/", views.extension, name="extension"),
]
