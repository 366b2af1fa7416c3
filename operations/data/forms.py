"""All forms in which figures and totals can be had, by the name of their file."""

from . import package, parquet, workbook, writers
from .making import Form

CSV = "text/csv; charset=utf-8; header=present"
JSON = "application/json"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

FORMS = {
    form.name: form
    for form in (
        Form("figures.csv", CSV, writers.figures_csv, wide=True),
        Form("figures.parquet", "application/vnd.apache.parquet", parquet.figures_parquet, packs=False),
        Form("figures.json", JSON, writers.figures_json),
        Form("figures.sdmx.csv", "application/vnd.sdmx.data+csv; version=2.0.0", writers.figures_sdmx_csv),
        Form("figures.xlsx", XLSX, workbook.figures_xlsx, labelled=True, packs=False),
        Form("totals.csv", CSV, writers.totals_csv, splits=True, calculated=True, wide=True),
        Form("totals.json", JSON, writers.totals_json, splits=True, calculated=True),
        Form("package.zip", "application/zip", package.package_zip, labelled=True, packs=False),
        Form("manifest.json", JSON, package.manifest_json, labelled=True),
    )
}
