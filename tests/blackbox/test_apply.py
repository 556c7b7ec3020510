"""`rollcall apply`: directories are what a file says, and whoever made them so is in the audit log."""

import hashlib
import json
import secrets

import pytest
from test_commands import fails, succeeds

from harness.house import House
from harness.rpc import refuses
from harness.scim import ok

pytestmark = pytest.mark.databases

WHOLE = """
directories:
  - name: {name}
    profile: okta
    scim: on
    groups: off
    dry-run: on
    password: store
    retention-days: 90
    guard-rail: 5,10%,2h
    administrator-role: boss
    rules: {{unique-group-names: off, implied-schemas: on}}
    provisioning: {{saml: off, oidc: on, jwt: off, ldap: off}}
    notices: {{on-first-sign-in: on, admin-emails: [It@example.com, other@example.com]}}
    activity: {{recording: failures-and-writes, days: 7, entries: 1000, redact-personal-data: on}}
    schemas:
      - required: false
        schema:
          id: urn:example:{name}:2.0:Badge
          attributes: [{{name: number, uniqueness: server, caseExact: true}}, {{name: level, type: integer}}]
    provisioning-rules:
      - {{effect: allow, protocols: [saml], email-domains: [Partner.example], description: Partners}}
      - {{effect: refuse, groups: [Contractors], attributes: [{{name: dept, value: Sales}}]}}
"""


class Applied:
    """A house, and files that are applied to it."""

    def __init__(self, house: House, name: str):
        self.house = house
        self.name = name.split("@")[0].replace(".", "-")

    def run(self, text: str, *arguments: str):
        file = self.house.work / f"{self.name}.yaml"
        file.write_text(text)
        return self.house.command("apply", "-f", str(file), *arguments)

    def json(self, text: str, *arguments: str) -> list[dict]:
        """What was applied to each directory; all of it was."""
        told = json.loads(succeeds(self.run(text, "--json", *arguments)))
        assert told["refused"] == []
        return told["directories"]

    def directory(self, rest: str = "") -> str:
        return f"directories:\n  - name: {self.name}\n    profile: generic\n{rest}"

    def shown(self) -> dict:
        return self.house.command_json("directory", "show", self.name)

    def audited(self) -> list:
        return list(self.house.admin.call("AuditService/ListAuditRecords", directory=self.name).records)


@pytest.fixture
def applied(house, name) -> Applied:
    return Applied(house, name)


@pytest.fixture
def alone(builder, house, name) -> Applied:
    """The same, on an installation that nobody else uses: what is pruned may be anybody's."""
    return Applied(builder.start(house.mode), name)


def key(name: str = "billing", scopes: str = "directory.read") -> tuple[str, str]:
    """A secret, and the line of a file with its hash."""
    secret = secrets.token_hex(32)
    digest = hashlib.sha256(secret.encode()).hexdigest()
    return secret, f"{{name: {name}, scopes: [{scopes}], sha256: {digest}}}"


def test_a_directory_is_made_whole_and_a_second_run_has_nothing_to_do(applied):
    text = WHOLE.format(name=applied.name)
    told = succeeds(applied.run(text, "--dry-run"))
    assert f"+ directory {applied.name}" in told
    assert "\x1b" not in told
    assert refused_as_missing(applied)
    told = succeeds(applied.run(text))
    assert "guard-rail" in told
    assert told.endswith("Done.\n")
    shown = applied.shown()
    assert (shown["profile"], shown["scim"], shown["groups"], shown["dry_run"]) == ("okta", True, False, True)
    assert (shown["password"], shown["retention_days"], shown["guard_rail"]) == ("store", 90, "5,10%,2h")
    assert shown["administrator_role"] == "boss"
    assert shown["rules"]["unique-group-names"]["setting"] == "off"
    assert [shown["provisioning"][name]["stored"] for name in ("saml", "oidc", "jwt", "ldap")] == [0, 1, 0, 0]
    assert sorted(address.lower() for address in shown["admin_emails"]) == ["it@example.com", "other@example.com"]
    assert shown["activity"]["recording"] == "failures-and-writes"
    rules = applied.house.command_json("sso", "rule", "list", "--directory", applied.name)["rules"]
    assert [rule["effect"] for rule in rules] == ["allow", "refuse"]
    [schema] = applied.house.command_json("schema", "list", "--directory", applied.name)["schemas"]
    assert schema["schema"]["id"] == f"urn:example:{applied.name}:2.0:Badge"
    records = len(applied.audited())
    assert records >= 4
    assert succeeds(applied.run(text)).startswith("Nothing to do")
    # Others have directories in this house, some of them with users: those are refused.
    told = json.loads(applied.run(text, "--prune", "--dry-run", "--json").stdout)["directories"]
    assert {part["action"] for part in told} == {"delete"}
    assert all(part["directory"] != applied.name for part in told)
    assert len(applied.audited()) == records


def refused_as_missing(applied: Applied) -> bool:
    return applied.house.command("directory", "show", applied.name).returncode == 1


def test_only_what_is_mentioned_is_changed_and_shown_before_and_after(applied):
    applied.json(applied.directory("    retention-days: 10\n    scim: off\n"))
    [part] = applied.json(applied.directory("    retention-days: 20\n"))
    assert part["action"] == "update"
    assert part["applied"] is True
    assert part["changes"] == [{"what": "retention-days", "before": "10", "after": "20"}]
    assert (applied.shown()["retention_days"], applied.shown()["scim"]) == (20, False)
    told = succeeds(applied.run(applied.directory("    scim: true\n")))
    assert "~ scim  off → on" in told
    assert "1 to change." in told
    updated = applied.audited()[0]
    assert updated.kind == "directory.updated"
    assert updated.actor.prefix
    assert applied.house.admin_key.startswith(updated.actor.prefix)


def test_rules_come_into_the_order_of_the_file_and_go_only_when_that_is_said(alone):
    applied = alone

    def of(*domains: str) -> str:
        rules = "".join(f"      - {{effect: allow, email-domains: [{domain}.example]}}\n" for domain in domains)
        return applied.directory(f"    provisioning-rules:\n{rules}")

    def standing() -> list[str]:
        rules = applied.house.command_json("sso", "rule", "list", "--directory", applied.name)["rules"]
        return [rule["email_domains"][0][0] for rule in rules]

    applied.json(of("a", "b", "c"))
    assert standing() == ["a", "b", "c"]
    applied.json(of("c", "d", "a"))
    assert standing() == ["c", "d", "a", "b"]
    assert succeeds(applied.run(of("c", "d", "a"))).startswith("Nothing to do")
    before = applied.house.command_json("sso", "rule", "list", "--directory", applied.name)["rules"]
    assert prune_of(applied, of("d", "a")) == {applied.name}
    assert standing() == ["d", "a"]
    after = applied.house.command_json("sso", "rule", "list", "--directory", applied.name)["rules"]
    assert {rule["id"] for rule in after} <= {rule["id"] for rule in before}


def prune_of(applied: Applied, text: str) -> set[str]:
    """Applies a file with --prune, and names the directories in which something was done."""
    text = text.replace("directories:\n", "directories:\n  - {name: default, profile: generic}\n", 1)
    return {part["directory"] for part in applied.json(text, "--prune") if part["applied"]}


def test_pruning_removes_schemas_and_empty_directories_and_never_one_with_users(alone):
    applied, house = alone, alone.house
    applied.json(WHOLE.format(name=applied.name) + "  - {name: default, profile: generic}\n")
    both = applied.directory() + "  - {name: default, profile: generic}\n"
    assert succeeds(applied.run(both)).count("profile") == 1
    assert len(house.command_json("schema", "list", "--directory", applied.name)["schemas"]) == 1
    applied.json(both, "--prune")
    assert house.command_json("schema", "list", "--directory", applied.name)["schemas"] == []
    applied.json("directories: [{name: default, profile: generic}]", "--prune")
    assert refused_as_missing(applied)
    house.default.scim.create("ana")
    rehearsed = applied.run("directories: []", "--prune", "--dry-run")
    fails_in_part(rehearsed, "users (1)", "rollcall directory delete default --confirm default")
    assert "1 of that will be refused" in rehearsed.stdout
    fails_in_part(applied.run("directories: []", "--prune"), "rollcall directory delete default --confirm default")
    assert ok(house.default.scim.get("/Users"))["totalResults"] == 1


def fails_in_part(done, *naming: str) -> None:
    """It has shown what was to be done, and says what of it was refused."""
    assert done.returncode == 1, done
    for word in naming:
        assert word in done.stderr, done.stderr
    assert done.stderr.count("\n") == 1


def test_a_key_is_made_by_the_hash_of_its_secret_and_ended_with_it(alone):
    applied = alone
    secret, line = key()
    of_all, line_of_all = key("of all", "events.read")
    text = applied.directory(f"    service-keys:\n      - {line}\n") + f"service-keys:\n  - {line_of_all}\n"
    told = succeeds(applied.run(text))
    assert "service key billing" in told
    assert secret not in told
    who = applied.house.rpc(secret).call("IdentityService/WhoAmI")
    assert who.directory == applied.name
    assert who.prefix.startswith("sha256:")
    assert applied.house.rpc(of_all).call("IdentityService/WhoAmI").directory == ""
    assert succeeds(applied.run(text)).startswith("Nothing to do")
    stored = applied.house.database.text()
    assert secret.encode() not in stored

    other = text.replace("[directory.read]", "[directory.write]")
    fails(applied.run(other), 1, "billing", "scopes", "another secret")
    assert prune_of(applied, applied.directory() + f"service-keys:\n  - {line_of_all}\n") == {applied.name}
    with refuses("CREDENTIAL_INVALID"):
        applied.house.rpc(secret).call("IdentityService/WhoAmI")
    assert applied.house.rpc(of_all).call("IdentityService/WhoAmI")
    again = applied.run(text)
    assert again.returncode == 0, again
    assert "was revoked and stays so" in again.stderr


def test_a_hash_that_any_credential_has_is_refused(applied):
    digest = hashlib.sha256(applied.house.admin_key.encode()).hexdigest()
    line = f"{{name: x, scopes: [admin], sha256: {digest}}}"
    fails_in_part(applied.run(applied.directory(f"    service-keys:\n      - {line}\n")), "it was not made", "in use")
    assert refused_as_missing(applied)
    call = {"name": "x", "scopes": [1]}
    for bad in ("x", digest.upper(), digest[1:], hashlib.sha256(b"").hexdigest()):
        with refuses("INVALID_VALUE"):
            applied.house.admin.call("ServiceKeyService/CreateServiceKey", secret_sha256=bad, **call)


def test_what_is_refused_in_one_directory_keeps_no_other_from_its_own(applied):
    shadowed = "      - {effect: refuse, groups: [x]}\n      - {effect: allow, groups: [x]}\n"
    text = (
        applied.directory(f"    provisioning-rules:\n{shadowed}") + f"  - {{name: {applied.name}-b, profile: okta}}\n"
    )
    fails_in_part(applied.run(text), f"directory {applied.name}: it was not made")
    assert refused_as_missing(applied)
    assert applied.house.command("directory", "show", f"{applied.name}-b").returncode == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("directories:\n  - nam: x\n    profile: okta\n", [":2:5:", '"nam"', 'did you mean "name"?']),
        ("directories:\n  - name: x\n    profile: okto\n", [":3:14:", 'did you mean "okta"?']),
        (
            "directories:\n  - name: x\n    profile: okta\n    rules: {unique-groups: on}\n",
            [":4:", "unique-group-names"],
        ),
        ("directories:\n  - {name: x, profile: okta}\n  - {name: x, profile: okta}\n", [":3:", "line 2"]),
        ("service-keys:\n  - {name: x, scopes: [admin], sha256: hunter2}\n", [":2:", "sha256sum"]),
        ("directories: [", ["yaml:"]),
        ("secret: hunter2\n", [":1:1:", "directories"]),
    ],
)
def test_a_file_with_a_mistake_is_refused_with_its_place_before_anybody_is_called(applied, text, words):
    done = applied.run(text)
    fails(done, 2, *words)
    assert done.stderr.count("\n") == 1
    assert "hunter2" not in done.stderr


def test_a_core_makes_a_file_true_at_its_start_and_is_not_there_with_one_that_it_cannot(new_house):
    secret, line = key()
    file = new_house.work / "directories.yaml"
    keys = f"    service-keys:\n      - {line}\n"
    file.write_text(f"directories:\n  - name: acme\n    profile: entra\n    retention-days: 7\n{keys}")
    new_house.settings = {"ROLLCALL_DIRECTORIES_FILE": str(file)}
    new_house.start()
    shown = new_house.command_json("directory", "show", "acme")
    assert (shown["profile"], shown["retention_days"]) == ("entra", 7)
    assert new_house.rpc(secret).call("IdentityService/WhoAmI").directory == "acme"
    records = list(new_house.admin.call("AuditService/ListAuditRecords", directory="acme").records)
    assert {record.kind for record in records} == {"directory.created", "credential.created"}
    assert not any(record.HasField("actor") for record in records)

    # What somebody changes by hand is changed back, and what the file does not have stays.
    new_house.command_json("directory", "update", "acme", "--retention", "9", "--scim", "off")
    new_house.restart()
    shown = new_house.command_json("directory", "show", "acme")
    assert (shown["retention_days"], shown["scim"]) == (7, False)

    new_house.stop()
    for text, words in (("directories: [{name: acme}]", "profile"), (f"service-keys:\n  - {line}\n", "directory acme")):
        file.write_text(text)
        core = new_house.new_process("serve" if new_house.mode.startswith("serve") else "core")
        assert core.process.wait(timeout=60) in (1, 2)
        assert words in core.output
        assert str(file) in core.output
