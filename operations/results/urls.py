"""Addresses of the results, the receipts behind them and the releases."""

from django.urls import path

from . import published, views

app_name = "results"
urlpatterns = [
    path("", views.newest, name="newest"),
    path("results/<slug:operation>/", views.results, name="operation"),
    path("results/<slug:operation>/briefing.pdf", views.briefing_pdf, name="briefing"),
    path("results/<slug:operation>/communique.docx", published.communique_docx, name="communique"),
    path("results/<slug:operation>/explain/", views.explain, name="explain"),
    path("reconciliation/", published.reconciliation, name="reconciliation"),
    path("releases/", views.releases, name="releases"),
    path("releases/<slug:operation>/new/", views.publish, name="publish"),
    path("releases/<slug:operation>/<int:number>/", views.release, name="release"),
]
