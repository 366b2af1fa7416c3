"""Addresses of data: the page in the reader's language, the files without a language, in one namespace.

Both have to stand in one list: a namespace is one place. i18n_patterns works here because operations/urls.py
puts the list at the very root.
"""

from django.conf.urls.i18n import i18n_patterns
from django.urls import path

from . import files, views

app_name = "data"
urlpatterns = [
    path("data/figures.csv", files.figures_csv, name="figures_csv"),
    path("data/totals.csv", files.totals_csv, name="totals_csv"),
    path("data/totals.json", files.totals_json, name="totals_json"),
    *i18n_patterns(path("data/", views.index, name="index"), prefix_default_language=False),
]
