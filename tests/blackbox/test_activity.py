"""The activity log: every SCIM request as an administrator debugs it."""

import json
import uuid
from functools import partial

import httpx
import pytest
from activity import eventually, listed, of_request, recorded, request_id
from groups import a_group, refs

from harness.rpc import api, refuses
from harness.scim import Scim, a_user, created, ok, patch_op, told

pytestmark = pytest.mark.hops


def body(part) -> dict:
    return json.loads(part.json)


def test_a_request_is_recorded_with_what_was_sent_and_what_was_answered(directory, name):
    headers = {"User-Agent": "an-identity-provider/1.0", "X-Request-Id": f"r-{uuid.uuid4()}"}
    answer = directory.scim.post("/Users", a_user(name), headers=headers)
    user = created(answer)
    found = recorded(directory, answer)
    assert (found.method, found.path, found.query, found.status) == ("POST", "/scim/v2/Users", "", 201)
    assert (found.target_type, found.target_id) == ("User", user["id"])
    assert found.request_id == headers["X-Request-Id"]
    assert found.user_agent == "an-identity-provider/1.0"
    assert found.client_address == "127.0.0.1"
    assert directory.token.startswith(found.token_prefix)
    assert found.token_prefix.startswith("rc_scim_")
    assert found.HasField("time")
    assert found.latency_micros > 0
    assert body(found.request_body)["userName"] == name
    assert body(found.response_body)["id"] == user["id"]
    assert not found.request_body.cut
    assert found.request_body.bytes > 0
    assert (found.scim_type, found.detail, list(found.notes)) == ("", "", [])


def test_a_failure_says_what_the_identity_provider_got(directory, name):
    directory.scim.create(name)
    answer = directory.scim.post("/Users", a_user(name))
    assert answer.status_code == 409, told(answer)
    found = recorded(directory, answer)
    assert (found.status, found.scim_type) == (409, "uniqueness")
    assert found.detail == answer.json()["detail"]
    assert body(found.response_body) == answer.json()
    assert body(found.request_body)["userName"] == name


def test_reads_are_recorded_without_bodies_and_failed_ones_with_the_error(directory, name):
    user = directory.scim.create(name)
    read = directory.scim.get(f"/Users/{user['id']}")
    looked_up = directory.scim.get("/Users", filter=f'userName eq "{name}"')
    missing = directory.scim.get(f"/Users/{uuid.uuid4()}")
    found = recorded(directory, read)
    assert (found.method, found.status, found.target_id) == ("GET", 200, user["id"])
    assert not found.HasField("request_body")
    assert not found.HasField("response_body")
    assert "filter=userName" in recorded(directory, looked_up).query
    found = recorded(directory, missing)
    assert found.status == 404
    assert found.detail == missing.json()["detail"]
    assert body(found.response_body) == missing.json()


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("POST", "/Users", b'{"userName": ', 400),
        ("POST", "/Users", b"userName=ana&password=hunter2secret", 400),
        ("GET", "/Nothing", None, 404),
        ("PUT", "/ServiceProviderConfig", b"{}", 405),
        ("GET", "/Users?filter=((", None, 400),
        ("POST", "/Bulk", b"[]", 400),
    ],
)
def test_what_never_reached_the_core_is_recorded_too(generic, method, path, content, status):
    path, _, query = path.partition("?")
    parameters = dict([query.split("=")]) if query else {}
    answer = generic.scim.request(method, path, content=content, **parameters)
    assert answer.status_code == status, told(answer)
    found = recorded(generic, answer)
    assert (found.method, found.path, found.status) == (method, "/scim/v2" + path, status)
    assert found.detail == answer.json()["detail"]
    assert "hunter2secret" not in str(found)


def test_another_version_and_the_other_base_path_are_requests_of_scim(generic):
    headers = {"Authorization": f"Bearer {generic.token}"}
    answer = httpx.get(generic.house.url + "/scim/v1/Users", headers=headers)
    assert recorded(generic, answer).path == "/scim/v1/Users"
    answer = httpx.get(generic.house.url + "/api/ee/scim/v2/Users", headers=headers)
    assert recorded(generic, answer).path == "/api/ee/scim/v2/Users"


SECRET = "hunter2-Secret!"


@pytest.mark.parametrize(
    "send",
    [
        lambda scim, user: scim.put(f"/Users/{user['id']}", a_user(user["userName"], password=SECRET)),
        lambda scim, user: scim.patch(f"/Users/{user['id']}", {"op": "replace", "path": "password", "value": SECRET}),
        lambda scim, user: scim.patch(f"/Users/{user['id']}", {"op": "add", "value": {"password": SECRET}}),
        lambda scim, user: scim.patch(
            f"/Users/{user['id']}",
            {"value": SECRET, "op": "add", "path": "urn:ietf:params:scim:schemas:core:2.0:User:password"},
        ),
        lambda scim, user: scim.post(
            "/Bulk",
            {
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
                "Operations": [
                    {
                        "method": "PATCH",
                        "path": f"/Users/{user['id']}",
                        "data": patch_op({"op": "replace", "path": "password", "value": SECRET}),
                    }
                ],
            },
        ),
        lambda scim, user: scim.get("/Users", filter=f'password eq "{SECRET}"'),
        lambda scim, user: scim.get("/Users", access_token=SECRET),
        lambda scim, user: scim.post(
            "/Users/.search",
            {
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
                "filter": f'userName eq "x" or password eq "{SECRET}"',
            },
        ),
    ],
)
def test_a_secret_is_in_no_part_of_the_log(generic, name, send):
    answer = send(generic.scim, generic.scim.create(name))
    found = recorded(generic, answer)
    assert SECRET not in str(found)
    assert "[redacted]" in str(found), found
    stored = generic.house.database.text()
    assert SECRET.encode() not in stored


def test_the_token_is_in_no_part_of_the_log_wherever_it_was_sent(generic):
    token = generic.token
    headers = {"User-Agent": token, "X-Request-Id": f"r-{uuid.uuid4().hex}"}
    answer = generic.scim.post(f"/Users/{token}", {token: token, "userName": token}, headers=headers, q=token)
    found = recorded(generic, answer)
    assert token not in str(found)
    assert token.encode() not in generic.house.database.text()


def test_personal_data_is_replaced_where_the_directory_wants_it(generic, name):
    house = generic.house
    house.admin.call("DirectoryService/UpdateDirectory", name=generic.name, activity={"redact_personal_data": True})
    answer = generic.scim.post("/Users", a_user(name, displayName="Ana Ruiz", active=True))
    user = created(answer)
    found = recorded(generic, answer)
    sent = body(found.request_body)
    assert sent["schemas"] == ["urn:ietf:params:scim:schemas:core:2.0:User"]
    assert (sent["userName"], sent["displayName"], sent["active"]) == ("[redacted]", "[redacted]", True)
    assert body(found.response_body)["id"] == user["id"] == found.target_id
    again = generic.scim.post("/Users", a_user(name))
    assert name not in str(recorded(generic, again))
    looked_up = generic.scim.get("/Users", filter=f'userName eq "{name}"')
    assert recorded(generic, looked_up).query == "filter=userName%20eq%20[redacted]"


def test_a_directory_records_what_its_settings_say(generic, name):
    house = generic.house
    recording = api()["directory"].ActivityRecording.Value

    def record(what: str):
        settings = {"recording": recording(f"ACTIVITY_RECORDING_{what}")}
        house.admin.call("DirectoryService/UpdateDirectory", name=generic.name, activity=settings)

    record("FAILURES_AND_WRITES")
    generic.scim.get("/Users")
    created(generic.scim.post("/Users", a_user(name)))
    generic.scim.get(f"/Users/{uuid.uuid4()}")
    eventually(lambda: listed(generic), lambda found: len(found) == 2)
    assert sorted(entry.status for entry in listed(generic)) == [201, 404]
    record("OFF")
    generic.scim.get(f"/Users/{uuid.uuid4()}")
    refused = generic.scim.post("/Users", {"schemas": []})
    # It is known that the request was reported, though it is not kept.
    eventually(
        lambda: house.admin.call("ActivityService/GetConnectionHealth", directory=generic.name).health.last_error,
        lambda error: error.detail == refused.json()["detail"] and not error.activity_id,
    )
    record("ALL")
    last = generic.scim.get("/Users")
    of_request(generic, request_id(last))
    assert sorted(entry.status for entry in listed(generic)) == [200, 201, 404]


def test_requests_are_found_by_what_is_asked_of_them(generic, name):
    scim = generic.scim
    user = scim.create(name)
    scim.patch(f"/Users/{user['id']}", {"op": "replace", "path": "title", "value": "Boss"})
    scim.patch(f"/Users/{user['id']}", {"op": "replace", "path": "nonsense[", "value": 1})
    scim.get("/Groups", count=7)
    whole = eventually(lambda: listed(generic), lambda found: len(found) == 4)

    def found(**asked):
        return [(entry.method, entry.status) for entry in listed(generic, filter=asked)]

    assert found(failures_only=True) == [("PATCH", 400)]
    assert found(min_status=200, max_status=200) == [("GET", 200), ("PATCH", 200)]
    assert found(method="PATCH") == [("PATCH", 400), ("PATCH", 200)]
    assert found(path_contains="groups?COUNT=7") == [("GET", 200)]
    assert found(target_id=user["id"]) == [("PATCH", 400), ("PATCH", 200), ("POST", 201)]
    assert found(token_prefix=whole[0].token_prefix) == [(entry.method, entry.status) for entry in whole]
    assert found(token_prefix="rc_scim_nobody") == []
    in_time = {"from": whole[2].time, "until": whole[0].time}
    assert found(**in_time) == [("PATCH", 400), ("PATCH", 200)]
    with refuses("INVALID_VALUE", naming="min_status"):
        found(min_status=42)


def test_the_log_is_walked_page_by_page(generic):
    for _ in range(5):
        generic.scim.get("/Users")
    whole = eventually(lambda: listed(generic), lambda found: len(found) == 5)
    walked, token = [], ""
    while True:
        page = generic.house.admin.call(
            "ActivityService/ListActivity", directory=generic.name, page_size=2, page_token=token
        )
        walked += [entry.id for entry in page.activities]
        token = page.next_page_token
        if not token:
            break
        last = token
    assert walked == [entry.id for entry in whole]
    with refuses("INVALID_CURSOR"):
        listed(generic.house.new_directory(), page_size=2, page_token=last)
    with refuses("INVALID_CURSOR"):
        listed(generic, page_size=2, page_token=last, filter={"method": "GET"})


def test_no_directory_sees_the_requests_of_another_one(house, name):
    mine, other = house.new_directory(), house.new_directory()
    answer = other.scim.post("/Users", a_user(name))
    theirs = recorded(other, answer)
    key = house.rpc(house.new_service_key("ADMIN", directory=mine.name))
    assert not key.call("ActivityService/ListActivity").activities
    for call, fields in [
        ("ListActivity", {"directory": other.name}),
        ("GetActivity", {"directory": other.name, "id": theirs.id}),
        ("GetActivity", {"id": theirs.id}),
        ("WatchActivity", {"directory": other.name}),
        ("GetConnectionHealth", {"directory": other.name}),
    ]:
        with refuses("NOT_FOUND"):
            key.call(f"ActivityService/{call}", **fields)
    for call in ("ListActivity", "WatchActivity"):
        with refuses("FORBIDDEN"):
            key.call(f"ActivityService/{call}", without_directory=True)
    for call in ("ListActivity", "GetConnectionHealth", "WatchActivity"):
        with refuses("SCOPE_MISSING"):
            house.rpc(mine.token).call(f"ActivityService/{call}", directory=mine.name)


def test_a_request_with_no_good_credential_is_kept_apart(house):
    directory = house.new_directory()
    wrong = Scim(house.base_url, "rc_scim_" + "a" * 60)
    answers = [wrong.get("/Users"), Scim(house.base_url, None).get("/Users"), Scim(house.base_url, "x").get("/Users")]

    def look(wanted: str):
        call = {"without_directory": True, "filter": {"request_id": wanted}}
        return house.admin.call("ActivityService/ListActivity", **call).activities

    for answer in answers:
        assert answer.status_code == 401
        [found] = eventually(partial(look, request_id(answer)))
        assert (found.status, found.token_id, found.detail) == (401, "", answer.json()["detail"])
    assert not listed(directory)
    assert ("a" * 60).encode() not in house.database.text()


def test_whoever_presents_an_ended_token_is_seen_by_the_directory_whose_it_was(generic):
    house = generic.house
    prefix = house.admin.call("TokenService/ListTokens", directory=generic.name).tokens[0].prefix
    house.admin.call("TokenService/RevokeToken", directory=generic.name, token=prefix)
    answer = generic.scim.get("/Users")
    assert answer.status_code == 401
    found = recorded(generic, answer)
    assert (found.status, found.token_prefix) == (401, prefix)


def test_a_directory_that_is_switched_off_sees_who_still_calls(generic):
    generic.house.admin.call("DirectoryService/UpdateDirectory", name=generic.name, scim_enabled=False)
    answer = generic.scim.get("/Users")
    assert answer.status_code == 403
    assert recorded(generic, answer).detail == answer.json()["detail"]


def report(house, credential: str, **request):
    """Reports a request as a gateway does."""
    request = {"method": "GET", "path": "/scim/v2/Users", "status": 200, "began_micros": 10, **request}
    reports = [{"authorization": credential.encode(), "requests": [request]}]
    house.admin.call("ActivityService/RecordActivity", reports=reports, now_micros=20)


def test_a_gateway_can_report_nothing_about_a_directory_whose_credential_it_never_saw(house):
    directory = house.new_directory()
    forged = f"r-{uuid.uuid4()}"
    report(house, f"Bearer {directory.token[:-1]}x", request_id=forged)
    report(house, "", request_id=forged)
    report(house, f"Bearer {directory.name}", request_id=forged)
    assert not listed(directory)
    unknown = house.admin.call("ActivityService/ListActivity", without_directory=True, filter={"request_id": forged})
    assert len(unknown.activities) == 3
    report(house, f"Bearer {directory.token}", request_id=forged)
    assert [entry.request_id for entry in listed(directory)] == [forged]


def test_a_report_of_what_cannot_be_is_refused(generic):
    credential = f"Bearer {generic.token}"
    for odd in ({"status": 42}, {"latency_micros": -1}, {"began_micros": 21}, {"request_body_bytes": -1}):
        with refuses("INVALID_VALUE"):
            report(generic.house, credential, **odd)
    with refuses("TOO_MANY"):
        reports = [{"requests": [{"status": 200}] * 4001}]
        generic.house.admin.call("ActivityService/RecordActivity", reports=reports)
    assert not listed(generic)


def test_a_key_of_one_directory_reports_nothing(generic):
    key = generic.house.new_service_key("ACTIVITY_WRITE", directory=generic.name)
    with refuses("FORBIDDEN"):
        generic.house.rpc(key).call("ActivityService/RecordActivity", reports=[{"requests": [{"status": 200}]}])


def test_a_gateway_without_a_key_answers_and_says_what_it_lacks(builder):
    house = builder.new("apart-sqlite", settings={"ROLLCALL_GATEWAY_KEY": ""})
    house.start()
    house.default.scim.create("ada@example.com")
    assert "service-key create gateways --scope activity.write" in house.processes[1].output
    assert not listed(house.default)


def test_a_large_body_is_kept_up_to_its_limit(generic, name):
    answer = generic.scim.post("/Users", a_user(name, displayName="x" * 100, title="é" * 20_000))
    found = recorded(generic, answer)
    assert found.request_body.cut
    assert found.request_body.bytes > 40_000
    kept = body(found.request_body)
    assert kept["userName"] == name
    assert len(found.request_body.json) <= 17_000


@pytest.mark.parametrize("profile", ["okta", "entra"])
def test_b27_an_unknown_member_that_was_skipped_is_noted(house, profile, name):
    directory = house.new_directory(profile)
    house.admin.call("DirectoryService/UpdateDirectory", name=directory.name, groups_enabled=True)
    user = directory.scim.create(name)
    group = created(directory.scim.post("/Groups", a_group(name)))
    unknown = str(uuid.uuid4())
    members = refs(user, unknown, "nobody")
    answer = directory.scim.patch(f"/Groups/{group['id']}", {"op": "add", "path": "members", "value": members})
    assert answer.status_code in (200, 204), told(answer)
    notes = list(recorded(directory, answer).notes)
    [first, second] = notes
    assert unknown in first
    assert "nobody" in second
    assert all("skipped" in note for note in notes)
    answer = directory.scim.put(f"/Groups/{group['id']}", a_group(name, user, unknown, "nobody"))
    assert unknown in recorded(directory, answer).notes[0]
    answer = directory.scim.post("/Groups", a_group(name + "2", user, unknown, "nobody"))
    assert unknown in recorded(directory, answer).notes[0]


def test_a_dry_run_shows_what_would_have_happened(generic, name):
    generic.house.admin.call("DirectoryService/UpdateDirectory", name=generic.name, dry_run=True)
    answer = generic.scim.post("/Users", a_user(name))
    assert answer.status_code == 403, told(answer)
    found = recorded(generic, answer)
    assert found.detail == answer.json()["detail"]
    assert found.detail.startswith("dry run: ")
    assert list(found.notes) == ["dry run: nothing of it was done"]
    assert body(found.request_body)["userName"] == name


def test_the_log_is_followed_as_it_is_written(database_house, name):
    directory = database_house.new_directory()
    first = directory.scim.get("/Users")
    before = of_request(directory, request_id(first))
    second = directory.scim.post("/Users", a_user(name))
    done = database_house.command(
        "activity", "follow", "--directory", directory.name, "--after", before.id, "--count", "1", "--json"
    )
    assert done.returncode == 0, done.stderr
    followed = json.loads(done.stdout)
    assert (followed["requestId"], followed["status"]) == (request_id(second), 201)


def test_the_command_lists_and_shows_requests(database_house, name):
    directory = database_house.new_directory()
    created(directory.scim.post("/Users", a_user(name)))
    answer = directory.scim.post("/Users", a_user(name))
    of_request(directory, request_id(answer))
    command = database_house.command_json
    [failed] = command("activity", "list", "--directory", directory.name, "--failures")["activities"]
    assert (failed["status"], failed["scimType"]) == (409, "uniqueness")
    found = command("activity", "show", failed["id"], "--directory", directory.name)
    assert found["requestBody"]["json"]["userName"] == name
    assert found["responseBody"]["json"] == answer.json()
    table = database_house.command("activity", "list", "--directory", directory.name, "--status", "400-499")
    assert "409" in table.stdout
    assert "uniqueness" in table.stdout
    assert "201" not in table.stdout
    missing = database_house.command("activity", "show", str(uuid.uuid4()), "--directory", directory.name)
    assert missing.returncode == 1
    assert "activity" in missing.stderr
    assert database_house.command("activity", "list").returncode == 2


def test_old_requests_are_forgotten_by_age_and_by_count(builder):
    """The job runs once a minute; a core that starts runs it at once."""
    for mode in ("apart-sqlite", "apart-postgres"):
        house = builder.start(mode)
        directory = house.new_directory()
        few = house.new_directory()
        house.command("directory", "update", directory.name, "--activity-days", "7")
        house.command("directory", "update", few.name, "--activity-entries", "2")
        kept = directory.scim.get("/Users")
        of_request(directory, request_id(kept))
        old = uuid.UUID(int=uuid.UUID("01900000-0000-7000-8000-000000000000").int)
        house.database.execute(
            "UPDATE activity SET id = ? WHERE directory_id = ?",
            house.database_id(str(old)),
            house.database_id(directory.id),
        )
        for _ in range(5):
            few.scim.get("/Users")
        newest = eventually(lambda few=few: listed(few), lambda found: len(found) == 5)[:2]
        house.processes[0].stop()
        house.restart_core()
        eventually(lambda directory=directory: listed(directory), lambda found: not found)
        left = eventually(lambda few=few: listed(few), lambda found: len(found) == 2)
        assert [entry.id for entry in left] == [entry.id for entry in newest]
        house.stop()


def test_the_log_survives_a_core_that_is_away(builder, name):
    for mode in ("apart-sqlite", "apart-postgres"):
        house = builder.start(mode)
        directory = house.new_directory()
        ok(directory.scim.get("/Users"))
        house.processes[0].stop()
        away = httpx.get(f"{house.base_url}/Users", headers={"Authorization": f"Bearer {directory.token}"})
        assert away.status_code == 503
        house.restart_core()
        found = recorded(directory, away)
        assert found.status == 503
        assert found.detail == away.json()["detail"]
        assert house.stop() == [0, 0]


def test_what_was_answered_before_the_end_is_recorded(builder):
    house = builder.start("serve-sqlite")
    directory = house.new_directory()
    for _ in range(20):
        ok(directory.scim.get("/Users"))
    house.stop()
    rows = house.database.rows(
        "SELECT status FROM activity WHERE directory_id = ?", house.database_id(directory_id(house, directory))
    )
    assert len(rows) == 20


def directory_id(house, directory) -> str:
    [row] = house.database.rows("SELECT id FROM directories WHERE name = ?", directory.name)
    return str(uuid.UUID(bytes=row["id"]) if isinstance(row["id"], bytes) else row["id"])
