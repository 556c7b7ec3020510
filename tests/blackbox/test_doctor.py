"""`rollcall doctor` finds what is wrong with an installation, beside the server that runs, and changes nothing."""

import datetime
import json
import os
import socket
import ssl
import threading

import pytest
import trustme
from posting import smtp_settings

from harness.house import House
from harness.ports import free_port
from harness.scim import Scim
from harness.smtp import Postbox

HOST = "localhost"


class Doctor:
    """The command, with the settings of a house."""

    def __init__(self, house: House, part: str = "serve", **settings: str):
        self.house, self.part = house, part
        self.settings = house.core_settings | house.settings | settings

    def run(self, *arguments: str):
        return self.house.command("doctor", self.part, *arguments, **self.settings)

    def checks(self, status: int = 0) -> dict[str, dict]:
        """What each check found, by name, where the command ends with this status."""
        done = self.run("--json")
        assert done.returncode == status, done
        told = json.loads(done.stdout)
        assert told["ok"] == (status == 0)
        checks = {check["name"]: check for check in told["checks"]}
        assert {check["verdict"] for check in told["checks"]} <= {"ok", "warning", "wrong", "not-checked"}
        assert ("wrong" in {check["verdict"] for check in checks.values()}) == (status == 1)
        for check in checks.values():
            assert check["found"]
            assert bool(check["advice"]) == (check["verdict"] in ("warning", "wrong")), check
        return checks


def finds(checks: dict[str, dict], name: str, verdict: str, *words: str) -> None:
    check = checks[name]
    assert check["verdict"] == verdict, checks
    for word in words:
        assert word in check["found"] + " " + (check["advice"] or ""), check


def not_started(builder, mode: str, **settings: str) -> House:
    """A house whose database is up to date, and which nobody serves."""
    house = builder.new(mode, settings=settings)
    assert house.command("migrate", **house.core_settings).returncode == 0
    return house


@pytest.mark.parametrize(("mode", "engine"), [("serve-sqlite", "SQLite 3."), ("serve-postgres", "PostgreSQL 1")])
def test_a_healthy_installation_is_told_so_while_it_serves(builder, mode, engine):
    house = builder.start(mode)
    beside = sorted(path.name for path in house.work.iterdir())
    checks = Doctor(house, ROLLCALL_PUBLIC_URL=house.url).checks()
    finds(checks, "settings", "ok")
    finds(checks, "database", "ok", engine)
    finds(checks, "migrations", "ok")
    finds(checks, "latency", "ok" if checks["latency"]["verdict"] == "ok" else "warning", " ms")
    finds(checks, "clock", "not-checked" if "sqlite" in mode else "ok")
    finds(checks, "smtp", "not-checked", "smtp-url")
    finds(checks, "http-tls", "not-checked")
    finds(checks, "public-url", "warning", "https://")
    assert sorted(path.name for path in house.work.iterdir()) == beside
    assert Scim(house.base_url, house.scim_token).create("ana")["userName"] == "ana"


def test_a_file_that_nobody_serves_is_left_as_it_is(builder):
    house = not_started(builder, "serve-sqlite")
    before = {path: path.read_bytes() for path in house.work.iterdir()}
    finds(Doctor(house).checks(), "database", "ok")
    assert {path: path.read_bytes() for path in house.work.iterdir()} == before


def test_people_read_what_is_wrong_and_what_to_do(builder):
    house = not_started(builder, "serve-sqlite")
    done = Doctor(house).run()
    assert done.returncode == 0
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert any(line.startswith("ok ") and "database" in line and "SQLite" in line for line in lines)
    assert any(line.startswith("not checked  public-url") for line in lines)
    done = Doctor(house, ROLLCALL_PUBLIC_URL=f"http://127.0.0.1:{free_port()}").run()
    assert done.returncode == 1
    assert "wrong " in done.stdout
    assert "→ " in done.stdout
    assert done.stderr.startswith("rollcall: 1 of ")


def test_a_collector_that_is_away_is_no_reason_not_to_start(builder):
    house = not_started(builder, "serve-sqlite")
    finds(Doctor(house).checks(), "traces", "not-checked", "OTEL_EXPORTER_OTLP_ENDPOINT")
    with socket.create_server(("127.0.0.1", 0)) as collector:
        there = f"http://127.0.0.1:{collector.getsockname()[1]}"
        finds(Doctor(house, OTEL_EXPORTER_OTLP_ENDPOINT=there).checks(), "traces", "ok")
    away = Doctor(house, OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{free_port()}")
    finds(away.checks(), "traces", "warning", "cannot be reached")
    with_key = Doctor(house, OTEL_EXPORTER_OTLP_ENDPOINT="http://collector:4318?key=hunter2")
    finds(with_key.checks(1), "traces", "wrong", "without a query")
    assert "hunter2" not in with_key.run().stdout
    finds(Doctor(house, OTEL_TRACES_SAMPLER="sometimes", **away.settings).checks(1), "traces", "wrong", "SAMPLER")


def test_a_pipe_that_nobody_writes_into_is_not_waited_for_without_an_end(builder):
    house = not_started(builder, "serve-sqlite")
    pipe = house.work / "password"
    os.mkfifo(pipe)
    doctor = Doctor(
        house,
        ROLLCALL_SMTP_URL=f"smtp://ana@127.0.0.1:{free_port()}",
        ROLLCALL_SMTP_FROM="rollcall@example.com",
        ROLLCALL_SMTP_PASSWORD_FILE=str(pipe),
    )
    writer = threading.Thread(target=pipe.write_text, args=("hunter2",))
    writer.start()
    finds(doctor.checks(1), "smtp", "wrong", "cannot be reached")
    writer.join()
    finds(doctor.checks(1), "smtp", "wrong", str(pipe), "nobody has written")


def test_a_database_that_is_not_there_is_wrong_and_none_is_made(builder):
    house = builder.new("serve-sqlite")
    checks = Doctor(house).checks(1)
    finds(checks, "database", "wrong", str(house.database.path), "--data-dir")
    finds(checks, "migrations", "not-checked")
    finds(checks, "disk", "not-checked")
    assert list(house.work.iterdir()) == []


def test_a_database_that_cannot_be_reached_is_wrong_and_its_password_not_told(builder):
    house = builder.new("serve-sqlite")
    url = f"postgres://rollcall:hunter2@127.0.0.1:{free_port()}/rollcall"
    doctor = Doctor(house, ROLLCALL_DATABASE_URL=url)
    finds(doctor.checks(1), "database", "wrong", "postgres://…@127.0.0.1")
    assert "hunter2" not in doctor.run().stdout


@pytest.mark.parametrize("mode", ["serve-sqlite", "serve-postgres"])
def test_migrations_are_compared_with_what_the_binary_knows(builder, mode):
    house = not_started(builder, mode)
    last = house.database.rows("SELECT MAX(version) AS version FROM _sqlx_migrations")[0]["version"]
    house.database.execute("UPDATE _sqlx_migrations SET version = 9999 WHERE version = ?", last)
    finds(Doctor(house).checks(), "migrations", "warning", f"{last:04}")
    finds(Doctor(house, ROLLCALL_NO_MIGRATE="true").checks(1), "migrations", "wrong", "rollcall migrate")
    house.database.execute("UPDATE _sqlx_migrations SET version = ? WHERE version = 9999", last)
    house.database.execute(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) "
        "SELECT 9999, 'later', success, checksum, 0 FROM _sqlx_migrations WHERE version = ?",
        last,
    )
    finds(Doctor(house).checks(), "migrations", "warning", "9999")
    house.database.execute("UPDATE _sqlx_migrations SET checksum = ? WHERE version = ?", b"other", last)
    finds(Doctor(house).checks(1), "migrations", "wrong", str(last))


def test_a_clock_that_is_off_is_told(builder):
    house = not_started(builder, "serve-postgres")
    name = house.database.url.rsplit("/", 1)[1]
    house.database.execute(
        "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS "
        "$$ SELECT pg_catalog.clock_timestamp() + interval '90 seconds' $$"
    )
    house.database.execute(f'ALTER DATABASE "{name}" SET search_path = public, pg_catalog')
    finds(Doctor(house).checks(1), "clock", "wrong", "s behind the database's", "NTP")


def test_settings_that_no_server_would_start_with_are_named(builder):
    house = not_started(builder, "serve-sqlite")
    checks = Doctor(house, ROLLCALL_DEFAULT_PAGE_SIZE="2000", ROLLCALL_MAX_PAGE_SIZE="100").checks(1)
    finds(checks, "settings", "wrong", "default-page-size")
    checks = Doctor(house, ROLLCALL_DATABASE_LOCK_TIMEOUT="20s").checks(1)
    finds(checks, "time-outs", "wrong", "database-lock-timeout")
    finds(Doctor(house, ROLLCALL_GRPC_ADDR="0.0.0.0:50051").checks(), "settings", "warning", "grpc-addr")


class Files:
    """A certificate and its key in files."""

    def __init__(self, folder, days: float = 90, authority: trustme.CA | None = None):
        self.authority = authority or trustme.CA()
        now = datetime.datetime.now(datetime.UTC)
        issued = self.authority.issue_cert(
            HOST, not_before=now - datetime.timedelta(days=100), not_after=now + datetime.timedelta(days=days)
        )
        folder.mkdir(exist_ok=True)
        self.certificate, self.key = folder / "tls.crt", folder / "tls.key"
        issued.cert_chain_pems[0].write_to_path(self.certificate)
        issued.private_key_pem.write_to_path(self.key)

    def settings(self, port: str = "HTTP") -> dict[str, str]:
        return {f"ROLLCALL_{port}_TLS_CERT": str(self.certificate), f"ROLLCALL_{port}_TLS_KEY": str(self.key)}


@pytest.mark.parametrize(("days", "status", "verdict"), [(90, 0, "ok"), (10, 0, "warning"), (-1, 1, "wrong")])
@pytest.mark.parametrize("port", ["HTTP", "GRPC"])
def test_certificates_are_judged_by_their_end(builder, tmp_path, port, days, status, verdict):
    files = Files(tmp_path / "tls", days)
    checks = Doctor(not_started(builder, "serve-sqlite"), **files.settings(port)).checks(status)
    finds(checks, f"{port.lower()}-tls", verdict, str(files.certificate))


def test_a_key_of_another_certificate_is_wrong(builder, tmp_path):
    files, other = Files(tmp_path / "tls"), Files(tmp_path / "other")
    settings = files.settings() | {"ROLLCALL_HTTP_TLS_KEY": str(other.key)}
    house = not_started(builder, "serve-sqlite")
    finds(Doctor(house, **settings).checks(1), "http-tls", "wrong", "cannot be used together")
    finds(Doctor(house, ROLLCALL_HTTP_TLS_CERT=str(files.certificate)).checks(1), "http-tls", "wrong", "http-tls-key")
    files.certificate.write_text("no certificate")
    finds(Doctor(house, **files.settings()).checks(1), "http-tls", "wrong", "no certificate in PEM")


def test_the_public_url_is_asked_by_https_as_an_identity_provider_would(builder, tmp_path):
    authority = trustme.CA()
    files = Files(tmp_path / "tls", 10, authority)
    trusted = tmp_path / "trusted.pem"
    authority.cert_pem.write_to_path(trusted)
    house = builder.new("serve-sqlite", settings=files.settings())
    house.http_port, house.grpc_port = free_port(), free_port()
    house.processes.append(house.new_process("serve"))
    house.processes[0].wait_for(lambda: "is ready" in house.processes[0].stdout)
    url = {"ROLLCALL_PUBLIC_URL": f"https://{HOST}:{house.http_port}"}
    checks = Doctor(house, **url, SSL_CERT_FILE=str(trusted)).checks()
    finds(checks, "public-url", "ok", "by HTTPS")
    finds(checks, "public-url-tls", "warning", "days from now")
    finds(Doctor(house, **url).checks(1), "public-url", "wrong", "cannot be reached")
    finds(Doctor(house, ROLLCALL_PUBLIC_URL=f"{url['ROLLCALL_PUBLIC_URL']}/elsewhere").checks(1), "public-url", "wrong")


@pytest.fixture
def context(tmp_path) -> tuple[ssl.SSLContext, str]:
    """The TLS of a mail server, and the file with its authority."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", HOST).configure_cert(context)
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(file)
    return context, str(file)


def test_the_mail_server_is_signed_in_to_and_gets_no_e_mail(builder, context):
    tls, authority = context
    postbox = Postbox(login=("ana", "right"), start_tls=tls).start()
    house = not_started(builder, "serve-sqlite")
    settings = smtp_settings(postbox) | {
        "ROLLCALL_SMTP_URL": f"smtp://ana@{HOST}:{postbox.port}?tls=required",
        "ROLLCALL_SMTP_CA_CERT": authority,
        "ROLLCALL_SMTP_PASSWORD": "right",
    }
    finds(Doctor(house, **settings).checks(), "smtp", "ok", "STARTTLS")
    wrong = Doctor(house, **settings | {"ROLLCALL_SMTP_PASSWORD": "hunter2"})
    finds(wrong.checks(1), "smtp", "wrong", "does not let us in", "535", "ROLLCALL_SMTP_PASSWORD")
    assert "hunter2" not in wrong.run().stdout
    settings.pop("ROLLCALL_SMTP_CA_CERT")
    finds(Doctor(house, **settings).checks(1), "smtp", "wrong", "STARTTLS", "smtp-ca-cert")
    postbox.stop()
    finds(Doctor(house, **settings).checks(1), "smtp", "wrong", "cannot be reached")
    assert postbox.messages == []


def test_a_gateway_is_asked_about_its_core_and_its_key(builder):
    house = builder.start("apart-sqlite")
    way = {"ROLLCALL_CORE_URL": f"http://{house.grpc_address}", "ROLLCALL_PUBLIC_URL": house.url}
    key = {"ROLLCALL_GATEWAY_KEY": house.gateway_key}
    checks = Doctor(house, "gateway", **way, **key).checks()
    finds(checks, "core", "ok", house.grpc_address)
    finds(checks, "gateway-key", "ok")
    assert "database" not in checks
    assert "smtp" not in checks
    finds(Doctor(house, "gateway", **way).checks(), "gateway-key", "warning", "activity.write")
    wrong = {"ROLLCALL_GATEWAY_KEY": house.new_service_key("DIRECTORY_READ")}
    finds(Doctor(house, "gateway", **way, **wrong).checks(1), "gateway-key", "wrong", "activity.write")
    finds(Doctor(house, "gateway", **way, ROLLCALL_GATEWAY_KEY="x" * 40).checks(1), "gateway-key", "wrong", "refuses")
    finds(Doctor(house, "core").checks(), "database", "ok")

    house.stop()
    checks = Doctor(house, "gateway", **way, **key).checks(1)
    finds(checks, "core", "wrong", house.grpc_address)
    finds(checks, "public-url", "wrong")


def test_a_console_is_asked_about_its_core_and_its_sign_ins(builder):
    house = builder.start("apart-sqlite")
    way = {"ROLLCALL_CORE_URL": f"http://{house.grpc_address}"}
    checks = Doctor(house, "console", **way).checks()
    finds(checks, "core", "ok", "serves")
    finds(checks, "settings", "ok")
    assert not checks.keys() & {"gateway-key", "database", "smtp"}
    open_to_all = Doctor(house, "console", **way, ROLLCALL_CONSOLE_ADDR="0.0.0.0:8090")
    finds(open_to_all.checks(), "settings", "warning", "console-addr")
    finds(Doctor(house, "console", **way, ROLLCALL_OIDC_ISSUER="login").checks(1), "settings", "wrong", "oidc-issuer")


def test_a_setting_that_cannot_be_read_ends_it_at_once(builder):
    done = Doctor(builder.new("serve-sqlite"), ROLLCALL_HTTP_ADDR="somewhere").run()
    assert done.returncode == 2
    assert "ROLLCALL_HTTP_ADDR" in done.stderr
