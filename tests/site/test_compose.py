"""The Compose file and the image, as far as they can be judged without an engine."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
OURS = {"web", "worker-probes", "worker-control", "worker-deliveries", "beat", "migrate"}
# They do their work and end.
JOBS = {"migrate", "hold-audit"}
SECRET = re.compile(r"SECRET|PASSWORD|KEYS?$|AUTH")


def command(name: str) -> str:
    return " ".join(SERVICES[name]["command"])


def test_it_runs_every_part() -> None:
    assert set(SERVICES) == OURS | JOBS | {"postgres", "redis", "proxy"}


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_runs_as_root_or_can_become_it(name: str) -> None:
    service = SERVICES[name]
    assert service["user"] not in {"", "root", "0", "0:0"}
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_a_read_only_root(name: str) -> None:
    assert SERVICES[name]["read_only"] is True
    assert "/tmp" in SERVICES[name]["tmpfs"]


@pytest.mark.parametrize("name", sorted(set(SERVICES) - JOBS))
def test_every_lasting_service_has_a_health_check_and_starts_again(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert check["test"][0] in {"CMD", "CMD-SHELL"}
    assert {"interval", "timeout", "start_period"} <= set(check)
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_migrations_run_once() -> None:
    assert SERVICES["migrate"]["restart"] == "no"
    assert command("migrate") == "python manage.py migrate --noinput"


@pytest.mark.parametrize("pool", ["probes", "control", "deliveries"])
def test_each_pool_has_a_worker_of_its_own(pool: str) -> None:
    words = command(f"worker-{pool}").split()
    assert words[:3] == ["celery", "--app=statusportal", "worker"]
    assert [word for word in words if word.startswith("--queues=")] == [f"--queues={pool}"]
    assert f"--hostname={pool}@%h" in words
    assert SERVICES[f"worker-{pool}"]["healthcheck"]["test"][1].endswith(f"{pool}@$$HOSTNAME")


def test_no_secret_has_a_default() -> None:
    for name, service in SERVICES.items():
        for key, value in service.get("environment", {}).items():
            # Nothing at all hands on what is set outside, and sets nothing otherwise.
            if SECRET.search(key) and value is not None:
                assert re.fullmatch(r"\$\{\w+:\?set \w+\}", value), f"{name}: {key}"
    defaults = re.findall(r"\$\{(\w+):?-", TEXT)
    assert [name for name in defaults if SECRET.search(name)] == []
    # In an address a password is a variable too, never a word.
    assert re.findall(r"://[^\s/]*:[^\s/$]+@", TEXT) == []


def test_a_missing_setting_is_asked_for_by_its_own_name() -> None:
    asked = re.findall(r"\$\{(\w+):\?set (\w+)\}", TEXT)
    assert len(asked) > 5
    assert [pair for pair in asked if pair[0] != pair[1]] == []


def test_it_sets_documented_settings_only() -> None:
    documented = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    names = {name for service in OURS for name in SERVICES[service]["environment"]}
    names |= set(re.findall(r"\$\{(\w+)", TEXT)) - {"VERSION"}
    assert sorted(name for name in names if f"`{name}`" not in documented) == []


def test_data_outlives_its_containers() -> None:
    assert SERVICES["postgres"]["image"] == "postgres:18"
    assert "database:/var/lib/postgresql" in SERVICES["postgres"]["volumes"]
    assert SERVICES["redis"]["volumes"] == ["queue:/data"]
    assert "noeviction" in command("redis")
    assert set(COMPOSE["volumes"]) == {"database", "queue", "published", "cache"}


def test_the_portal_is_no_superuser_and_its_record_is_anothers() -> None:
    server, holder = SERVICES["postgres"], SERVICES["hold-audit"]
    # The image's own user is the superuser; its passwords are two.
    assert server["environment"]["POSTGRES_USER"] == "postgres"
    assert SERVICES["web"]["environment"]["DATABASE_URL"].startswith("postgresql://statusportal@")
    admin, portal = "POSTGRES_ADMIN_PASSWORD", "POSTGRES_PASSWORD"
    assert server["environment"]["POSTGRES_PASSWORD"] == f"${{{admin}:?set {admin}}}"
    assert server["environment"]["PORTAL_PASSWORD"] == f"${{{portal}:?set {portal}}}"
    assert holder["environment"] == {"PGPASSWORD": f"${{{admin}:?set {admin}}}"}
    reading = {name for name in OURS if admin in str(SERVICES[name]["environment"])}
    assert reading == set()

    role = (ROOT / "docker" / "postgres" / "portal-role.sh").read_text(encoding="utf-8")
    assert re.findall(r"CREATE ROLE (.+);", role) == ["statusportal LOGIN PASSWORD :'password'"]
    assert re.findall(r"GRANT (.+) TO", role) == [
        "CONNECT, TEMPORARY ON DATABASE statusportal",
        "USAGE, CREATE ON SCHEMA public",
    ]
    assert (
        "./docker/postgres/portal-role.sh:/docker-entrypoint-initdb.d/portal-role.sh:ro"
        in server["volumes"]
    )


def test_no_worker_writes_before_the_record_is_held() -> None:
    done = {"condition": "service_completed_successfully"}
    assert SERVICES["hold-audit"]["depends_on"] == {"migrate": done}
    assert SERVICES["hold-audit"]["restart"] == "no"
    assert {"--file=/hold-audit.sql", "--set=ON_ERROR_STOP=1"} <= set(
        SERVICES["hold-audit"]["command"]
    )
    for name in OURS - {"web", "migrate"}:
        assert SERVICES[name]["depends_on"]["hold-audit"] == done, name


def test_the_proxy_alone_can_be_reached_and_on_loopback_unless_told_otherwise() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"proxy": ["${PROXY_ADDRESS:-127.0.0.1:8080}:8080"]}


def test_the_database_and_the_queue_have_no_way_out() -> None:
    assert COMPOSE["networks"]["data"] == {"internal": True}
    assert SERVICES["postgres"]["networks"] == SERVICES["redis"]["networks"] == ["data"]
    assert SERVICES["proxy"]["networks"] == ["front"]
    outside = {name for name, service in SERVICES.items() if "world" in service["networks"]}
    # The control worker holds the dead man's switch.
    assert outside == {"worker-probes", "worker-control", "worker-deliveries"}


def test_the_web_starts_without_waiting_for_anything() -> None:
    assert "depends_on" not in SERVICES["web"]
    assert "depends_on" not in SERVICES["proxy"]
    # Where it finds the last good snapshot that the control worker wrote.
    assert SERVICES["web"]["volumes"] == SERVICES["worker-control"]["volumes"]


def test_the_proxy_serves_old_pages_rather_than_errors() -> None:
    text = (ROOT / "docker" / "nginx.conf").read_text(encoding="utf-8")
    statements = re.sub(r"\s+", " ", re.sub(r"#.*", "", text))
    assert (
        "proxy_cache_use_stale error timeout invalid_header http_500 http_502 http_503 http_504;"
        in statements
    )
    assert "proxy_cache_bypass $personal; proxy_no_cache $personal " in statements
    # The session's cookie is called so behind https, and otherwise Django's own name.
    assert '"~(?:^|;\\s*)(?:__Host-session|sessionid)=" 1;' in statements
    assert "location ~ ^/(admin|ops|accounts)(/|$) { proxy_cache off;" in statements
    zones = re.findall(r"keys_zone=(\w+)|zone (\w+) ", statements)
    names = [cache or upstream for cache, upstream in zones]
    # nginx refuses a name that is used for two kinds of zone.
    assert len(names) == len(set(names)) == 2
    assert f"proxy_cache {names[0]};" in statements


def test_the_image_installs_by_hash_and_runs_as_nobody_special() -> None:
    final = DOCKERFILE.rsplit("FROM ", 1)[1]
    assert "pip install --require-hashes -r" in DOCKERFILE
    assert re.findall(r"^USER (.+)$", final, re.MULTILINE) == ["10001:10001"]
    assert SERVICES["web"]["user"] == "10001:10001"
    assert 'CMD ["granian", "--interface", "wsgi"' in final
    assert '"statusportal.wsgi:application"' in final


def test_the_image_keeps_no_secret() -> None:
    kept = re.findall(r"^(?:ENV|ARG) (?:.*\\\n)*.*$", DOCKERFILE, re.MULTILINE)
    assert len(kept) > 1
    assert [line for line in kept if SECRET.search(line)] == []
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {".git", ".env", "secrets", "var", ".venv"} <= set(ignored)


def test_the_image_is_built_from_files_that_exist() -> None:
    copied = re.findall(r"^COPY (?!--from)(\S+)", DOCKERFILE, re.MULTILINE)
    assert [path for path in copied if not (ROOT / path).exists()] == []
    for script in re.findall(r"docker/\w+\.\w+", DOCKERFILE + TEXT):
        assert (ROOT / script).is_file()
