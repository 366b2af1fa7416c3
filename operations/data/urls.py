"""Addresses of data: the pages in the reader's language, the files without a language, in one namespace.

Both have to stand in one list: a namespace is one place. i18n_patterns works here because operations/urls.py
puts the list at the very root.
"""

from django.conf.urls.i18n import i18n_patterns
from django.urls import path

from . import files, views
from .forms import FORMS

app_name = "data"
urlpatterns = [
    *(path(f"data/{name}", files.file, {"name": name}, name=name.replace(".", "_")) for name in FORMS),
    path("data/codebook.csv", files.codebook_csv, name="codebook_csv"),
    path("data/codebook.json", files.codebook_json, name="codebook_json"),
    *i18n_patterns(
        path("data/", views.index, name="index"),
        path("data/codebook/", views.codebook_page, name="codebook"),
        prefix_default_language=False,
    ),
]
