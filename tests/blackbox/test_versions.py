"""Entity tags and preconditions (RFC 7644 §3.14)."""

import pytest

from harness.scim import a_user, no_content, ok, refused

pytestmark = pytest.mark.databases


def path_of(user: dict) -> str:
    return f"/Users/{user['id']}"


def test_the_entity_tag_is_the_version_and_weak(generic, name):
    user = generic.scim.create(name)
    answer = generic.scim.get(path_of(user))
    assert answer.headers["etag"] == answer.json()["meta"]["version"]
    assert answer.headers["etag"].startswith('W/"')


def test_a_reader_who_has_the_version_is_told_so(generic, name):
    user = generic.scim.create(name)
    tag = user["meta"]["version"]
    for sent in (tag, tag.removeprefix("W/"), f'W/"other", {tag}', "*"):
        answer = generic.scim.get(path_of(user), headers={"If-None-Match": sent})
        assert (answer.status_code, answer.content) == (304, b""), sent
        assert answer.headers["etag"] == tag
    assert ok(generic.scim.get(path_of(user), headers={"If-None-Match": 'W/"other"'})) == user


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_change_of_another_version_is_refused_and_nothing_happens(generic, name, method):
    scim = generic.scim
    user = scim.create(name)
    sent = {
        "PUT": a_user(name, title="lost"),
        "PATCH": {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "add", "path": "title", "value": "lost"}],
        },
        "DELETE": None,
    }[method]
    for tag in ('W/"99"', '"99"', 'W/"wrong"', "wrong", 'W/"98", W/"99"'):
        answer = scim.request(method, path_of(user), data=sent, headers={"If-Match": tag})
        refused(answer, 412, naming=user["meta"]["version"])
    assert scim.read(user) == user


@pytest.mark.parametrize("form", ["{tag}", "{strong}", "*", 'W/"99", {tag}'])
def test_a_change_of_the_version_that_was_read_is_made(generic, name, form):
    scim = generic.scim
    user = scim.create(name)

    def matching(seen: dict) -> dict:
        tag = seen["meta"]["version"]
        return {"If-Match": form.format(tag=tag, strong=tag.removeprefix("W/"))}

    changed = ok(scim.put(path_of(user), a_user(name, title="Boss"), headers=matching(user)))
    assert changed["meta"]["version"] != user["meta"]["version"]
    operation = {"op": "replace", "path": "title", "value": "Chief"}
    patched = ok(scim.patch(path_of(user), operation, headers=matching(changed)))
    assert patched["title"] == "Chief"
    no_content(scim.delete(path_of(user), headers=matching(patched)))


def test_an_if_match_without_a_tag_is_refused_rather_than_taken_for_none(generic, name):
    user = generic.scim.create(name)
    refused(generic.scim.delete(path_of(user), headers={"If-Match": ""}), 400, "invalidValue", naming="If-Match")
    assert generic.scim.read(user) == user


def test_a_change_that_changes_nothing_moves_neither_version_nor_time_and_writes_no_event(generic, name):
    scim = generic.scim
    user = scim.create(name, title="Boss", emails=[{"value": name, "type": "work"}])
    events = len(generic.events())
    for seen in (
        scim.change(user, {"op": "replace", "path": "title", "value": "Boss"}),
        scim.change(user, {"op": "add", "path": "emails", "value": [{"value": name, "type": "work"}]}),
        scim.change(user, {"op": "remove", "path": "nickName"}),
        scim.change(user, {"op": "remove", "path": 'emails[type eq "home"]'}),
        scim.change(user, {"op": "replace", "value": {"id": user["id"], "meta": {"version": "x"}}}),
        scim.replace(user, {**user}),
        scim.replace(user, {key: user[key] for key in user if key not in ("active", "meta", "id")}),
    ):
        assert seen == user
    assert len(generic.events()) == events


def test_each_change_moves_the_version_and_the_time_never_goes_back(generic, name):
    scim = generic.scim
    seen = [scim.create(name)]
    for number in range(3):
        seen.append(scim.change(seen[0], {"op": "replace", "path": "title", "value": str(number)}))
    assert len({user["meta"]["version"] for user in seen}) == 4
    times = [user["meta"]["lastModified"] for user in seen]
    assert times == sorted(times)
    assert {user["meta"]["created"] for user in seen} == {seen[0]["meta"]["created"]}
    assert seen[0]["meta"]["lastModified"] == seen[0]["meta"]["created"]
