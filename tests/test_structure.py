"""How the code hangs together: imports run one way, faces stand apart, what is vendored is what it says it is."""

import ast
import hashlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OPERATIONS = ROOT / "operations"
FACES = ("entry", "review", "results", "data")

# Each line may import from the lines above it, and within itself only what LEVEL_IMPORTS allows.
ORDER = """
months numbers wording
models
access checks
selections
queries
communique
actions
reminding
"""
LEVELS = [line.split() for line in ORDER.strip().splitlines()]
CORE = [name for level in LEVELS for name in level]

# Reading files stands beside the faces: each of these may import the core and those before it.
IMPORTING = ["layouts", "profiles", "merging", "importing"]


def imported(path: Path) -> set[str]:
    """The modules of the application that a file imports, as `queries` or `data.choices`; names are not followed."""
    package = path.relative_to(OPERATIONS).parent.parts
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            above = package[: len(package) - node.level + 1]
            base = (*above, *(node.module or "").split(".")) if node.module else above
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "operations":
            base = tuple(node.module.split(".")[1:])
        else:
            if isinstance(node, ast.Import):
                found |= {name.name.removeprefix("operations.") for name in node.names if "operations." in name.name}
            continue
        for name in node.names:
            inner = OPERATIONS.joinpath(*base, name.name)
            is_module = inner.is_dir() or inner.with_suffix(".py").exists()
            found.add(".".join((*base, name.name) if is_module else base))
    return found


def sources(*folders: Path):
    return sorted(path for folder in folders for path in folder.rglob("*.py") if "migrations" not in path.parts)


def identified(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("module", CORE)
def test_the_core_imports_one_way(module):
    level = next(index for index, names in enumerate(LEVELS) if module in names)
    below = {name for names in LEVELS[:level] for name in names}
    assert imported(OPERATIONS / f"{module}.py") <= below


@pytest.mark.parametrize("module", IMPORTING)
def test_reading_files_imports_one_way(module):
    allowed = {*CORE, *IMPORTING[: IMPORTING.index(module)]}
    assert imported(OPERATIONS / f"{module}.py") <= allowed


@pytest.mark.parametrize("face", FACES)
def test_faces_stand_apart(face):
    """A face imports the core, what shows values, and itself; the results offer the files of data."""
    allowed = {*CORE, "templatetags", "templatetags.show", face, "data" if face == "results" else face}
    for path in sources(OPERATIONS / face):
        for name in imported(path):
            assert name in allowed or name.split(".")[0] in (allowed & set(FACES)), f"{path.name}: {name}"


def test_nothing_below_imports_a_face():
    """Only the table of addresses knows the faces."""
    for path in OPERATIONS.glob("*.py"):
        if path.name != "urls.py":
            assert not {name.split(".")[0] for name in imported(path)} & set(FACES), path.name


@pytest.mark.parametrize("path", sources(OPERATIONS), ids=identified)
def test_a_request_goes_no_deeper_than_the_faces(path):
    inside = path.relative_to(OPERATIONS)
    if inside.parts[0] in FACES or inside.name in ("context.py", "admin.py"):
        return
    names = {node.id for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name)}
    names |= {node.arg for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.arg)}
    assert "request" not in names


# In the core SQL stands in models, queries and migrations; elsewhere a cursor only sets the transaction.
SQL = re.compile(r"\b(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM)\b", re.S)


@pytest.mark.parametrize("path", sources(OPERATIONS), ids=identified)
def test_sql_stands_in_models_queries_and_migrations(path):
    if path.name in ("models.py", "queries.py"):
        return
    strings = [
        node.value
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert not [text for text in strings if SQL.search(text)]


WRITES = {"create", "bulk_create", "bulk_update", "update_or_create", "get_or_create", "delete", "save", "update"}
RECORDS = {"Report", "Revision", "Figure", "Step", "Change", "Release", "Pin"}


@pytest.mark.parametrize("path", sources(OPERATIONS), ids=identified)
def test_only_the_verbs_write_records(path):
    if path.name == "actions.py":
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
            about = {one.id for one in ast.walk(node.func) if isinstance(one, ast.Name)}
            assert not about & RECORDS, f"{path.name}:{node.lineno}"


# ------------------------------------------------------------------------------------------- the browser


def test_plotly_is_the_file_that_its_readme_names():
    folder = ROOT / "static/vendor/plotly"
    told = (folder / "README.md").read_text()
    script = (folder / "plotly-basic.min.js").read_bytes()
    assert re.search(r"SHA-256\s+`([0-9a-f]{64})`", told)[1] == hashlib.sha256(script).hexdigest()
    version = re.search(r"plotly\.js-basic-dist-min (\d+\.\d+\.\d+)", told)[1]
    assert f"plotly.js (basic - minified) v{version}".encode() in script[:400]


TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
COMMENT = re.compile(r"{% comment %}.*?{% endcomment %}|{#.*?#}", re.S)


@pytest.mark.parametrize("path", TEMPLATES, ids=identified)
def test_nothing_stands_inline_in_a_template(path):
    """The content-security policy would refuse it, and the page would be without it."""
    text = COMMENT.sub("", path.read_text())
    assert not re.search(r"<style\b", text, re.I)
    assert not re.search(r"<script\b(?![^>]*\bsrc=)", text, re.I)
    assert not re.search(r"<[a-z][^>]*\s(style|on[a-z]+)\s*=", text, re.I)
    assert not re.search(r"\bjavascript:", text, re.I)


STATIC = [path for path in sorted((ROOT / "static").iterdir()) if path.suffix in (".css", ".js")]


@pytest.mark.parametrize("path", [*TEMPLATES, *STATIC], ids=identified)
def test_nothing_comes_from_outside(path):
    """Nothing is fetched from another host; a namespace of SVG is a name, not an address."""
    text = COMMENT.sub("", path.read_text()).replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"(?:src|href|url|import)\s*[=(]?\s*[\"'(]?\s*(?:https?:)?//", text)


@pytest.mark.parametrize("path", TEMPLATES, ids=identified)
def test_what_a_template_is_given_is_never_trusted(path):
    assert not re.search(r"\|\s*safe\b|{%\s*autoescape\s+off", path.read_text())
