"""All addresses of the product, face by face; the month in them is 2025-03."""

from django.urls import include, path, register_converter

from .data import urls as data
from .months import MonthConverter

register_converter(MonthConverter, "month")

# Pages, in the reader's language.
pages = [
    path("", include("operations.results.urls")),
    path("reports/", include("operations.entry.urls")),
    path("review/", include("operations.review.urls")),
]
# For machines: no language in the address. The page of the files stands with them and adds the language itself;
# what `include` would refuse, i18n_patterns in a list that is included, is right at the root, where this one goes.
machines = [
    path("", (data.urlpatterns, data.app_name, data.app_name)),
]
