"""Addresses of the reviewer's desk; its report is named by operation, agency and month."""

from django.urls import path

from . import views

app_name = "review"
urlpatterns = [
    path("", views.queue, name="queue"),
    path("<slug:operation>/<slug:agency>/<month:month>/", views.report, name="report"),
]
