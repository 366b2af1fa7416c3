"""Addresses of the officer's desk; its report is named by operation, agency and month."""

from django.urls import path

from . import answering, downloads, offered, saving, views

app_name = "entry"
urlpatterns = [
    path("", views.reports, name="reports"),
    path("<slug:operation>/<slug:agency>/<month:month>/", views.report, name="report"),
    path("<slug:operation>/<slug:agency>/<month:month>/correct/", views.correct, name="correct"),
    path("<slug:operation>/<slug:agency>/<month:month>/paste/", offered.paste, name="paste"),
    path("<slug:operation>/<slug:agency>/<month:month>/upload/", offered.upload, name="upload"),
    path("<slug:operation>/<slug:agency>/<month:month>/workbook.xlsx", offered.workbook, name="workbook"),
    path("<slug:operation>/<slug:agency>/<month:month>/nothing/", offered.nothing, name="nothing"),
    path("<slug:operation>/<slug:agency>/<month:month>/undo/", offered.undo, name="undo"),
    path("<slug:operation>/<slug:agency>/<month:month>/receipt.txt", downloads.receipt, name="receipt"),
    path("<slug:operation>/<slug:agency>/<month:month>/questions/<int:pk>/", answering.answer, name="answer"),
    path(
        "<slug:operation>/<slug:agency>/<month:month>/figures/<slug:indicator>/", saving.figure, name="figure"
    ),
]
