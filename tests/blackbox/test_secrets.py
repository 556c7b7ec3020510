"""Secrets are told once to whom they are for, and are nowhere else: not in a log, not in a database."""

import json
import secrets

import pytest

from harness.scim import Scim, a_user, refused

pytestmark = pytest.mark.every_mode


def test_no_secret_is_in_the_logs_or_in_the_database(new_house, name):
    new_house.settings = {"ROLLCALL_LOG": "trace"}
    house = new_house.start()
    directory = house.new_directory("okta")
    key = house.new_service_key("DIRECTORY_READ")
    rotated = house.admin.call("TokenService/RotateToken", directory=directory.name).secret
    by_command = house.command_json("token", "create", "--directory", directory.name)["token"]
    on_the_database = house.command("admin-key", "create", "--database-url", house.database.url)
    wrong = secrets.token_urlsafe(32)
    password = "S3cret-4711-of-a-user"
    user = directory.scim.create(name, password=password)
    directory.scim.change(user, {"op": "replace", "value": {"password": password + "-2"}})
    refused(Scim(house.base_url, wrong).get("/Users"), 401)
    refused(directory.scim.get("/Users", filter=f'password eq "{password}"'), 400, "invalidFilter")
    refused(directory.scim.post("/Users", a_user(name, password=password)), 409, "uniqueness")
    house.rpc(key).call("UserService/ListUsers", directory=directory.name)
    house.stop()
    assert on_the_database.returncode == 0
    hidden = [house.admin_key, house.scim_token, directory.token, key, rotated, by_command, wrong]
    hidden += [on_the_database.stdout.strip(), password]
    stored, printed = house.database.text(), house.output
    assert name.encode() in stored
    assert "/Users" in printed
    for secret in hidden:
        assert secret
        assert secret.encode() not in stored
        assert secret not in printed


def test_logs_are_json_lines_with_the_request_id_on_either_side_of_the_hop(new_house, name):
    new_house.settings = {"ROLLCALL_LOG": "debug"}
    house = new_house.start()
    directory = house.new_directory()
    id = f"trace-{secrets.token_hex(8)}"
    answer = directory.scim.request("POST", "/Users", data=a_user(name), headers={"X-Request-Id": id})
    assert answer.status_code == 201
    for process in house.processes:
        assert [json.loads(line) for line in process.stderr.splitlines() if id in line], process.name
    [event] = directory.events(answer.json()["id"])
    assert event["request_id"] == id
    house.stop()
