"""URLs and credentials as administrators paste them by mistake, and resources that are asked for in odd ways."""

import httpx
import pytest

from harness.scim import GROUP, a_user, created, no_content, ok, patch_op, refused

NOBODY = "01890000-0000-7000-8000-000000000000"


def test_a_user_and_a_group_are_found_with_the_suffix_of_their_format(generic, name):
    scim = generic.scim
    user = scim.create(name)
    group = created(scim.post("/Groups", {"schemas": [GROUP], "displayName": name, "members": [{"value": user["id"]}]}))
    for path in (f"/Users/{user['id']}", f"/Groups/{group['id']}"):
        plain, suffixed = scim.get(path), scim.get(f"{path}.scim")
        assert ok(suffixed) == ok(plain)
        assert suffixed.headers["etag"] == plain.headers["etag"]
        assert suffixed.headers["location"] == plain.headers["location"]
        assert suffixed.headers["location"].endswith(path)
        projected = ok(scim.get(f"{path}.scim", attributes="id"))
        assert set(projected) == {"schemas", "id"}
        assert scim.request("HEAD", f"{path}.scim").status_code == 200
        refused(scim.get(f"{path}.xml"), 404)
    refused(scim.get(f"/Users/{NOBODY}.scim"), 404, naming=NOBODY)


@pytest.mark.parametrize("kind", ["Users", "Groups"])
def test_a_change_of_what_is_not_there_is_404_whatever_else_is_wrong_with_it(generic, name, kind):
    scim = generic.scim
    group = {"schemas": [GROUP], "displayName": name}
    there = scim.create(name) if kind == "Users" else created(scim.post("/Groups", group))
    whole = {"schemas": there["schemas"], "userName": name, "displayName": name}
    wrong = [
        {**whole, "displayName": 7},
        {**whole, "schemas": ["urn:example:other"]},
        {**whole, "schemas": "x"},
        {"schemas": there["schemas"]},
        {**whole, "members": 7} if kind == "Groups" else {**whole, "emails": 7},
    ]
    for body in wrong:
        refused(scim.put(f"/{kind}/{NOBODY}", body), 404, naming=NOBODY)
        assert scim.put(f"/{kind}/{there['id']}", body).status_code == 400, body
    for body in (b"", b"{", b"[]"):
        refused(scim.request("PUT", f"/{kind}/{NOBODY}", content=body), 404, naming=NOBODY)
        refused(scim.request("PATCH", f"/{kind}/{NOBODY}", content=body), 404, naming=NOBODY)
        refused(scim.request("PUT", f"/{kind}/{there['id']}", content=body), 400, "invalidSyntax")
    for operation in ({"op": "replace", "path": "nobody[", "value": 1}, {"op": "replace", "value": 1}, {"op": "x"}, 7):
        data = patch_op(operation)
        refused(scim.request("PATCH", f"/{kind}/{NOBODY}", data=data), 404, naming=NOBODY)
        assert scim.request("PATCH", f"/{kind}/{there['id']}", data=data).status_code == 400, operation
    assert ok(scim.get(f"/{kind}/{there['id']}")) == there


def test_a_value_that_only_the_core_can_judge_does_not_hide_that_nobody_is_there(generic, name):
    # The gateway lets a long userName pass: how much of one can be indexed is the core's to know.
    scim = generic.scim
    user = scim.create(name)
    gone = scim.create(f"gone.{name}")
    no_content(scim.delete(f"/Users/{gone['id']}"))
    body = a_user("x" * 5000)
    assert scim.put(f"/Users/{user['id']}", body).status_code == 400
    refused(scim.put(f"/Users/{gone['id']}", body), 404, naming=gone["id"])


@pytest.mark.parametrize("path", ["/Users", "/Groups/x", "/ServiceProviderConfig", "/nothing"])
def test_a_token_without_the_word_bearer_is_told_so(generic, path):
    answer = httpx.get(
        generic.house.base_url + path, headers={"Authorization": generic.token, "Accept": "application/scim+json"}
    )
    refused(answer, 401, naming=["without the word Bearer", "Authorization: Bearer <token>"])
    assert generic.token not in answer.text


@pytest.mark.parametrize("credential", ["Bearer wrong", "Bearer", "Basic YTpi", None])
def test_other_bad_credentials_are_not_told_of_the_word(generic, credential):
    headers = {"Accept": "application/scim+json"} | ({"Authorization": credential} if credential else {})
    answer = httpx.get(generic.house.base_url + "/Users", headers=headers)
    assert "without the word" not in refused(answer, 401)["detail"]


@pytest.mark.parametrize("twice", ["/scim/v2/scim/v2", "/api/ee/scim/v2/scim/v2", "/scim/v2//scim/v2/scim/v2"])
@pytest.mark.parametrize("rest", ["", "/Users", "/Users/7"])
def test_a_path_with_the_base_path_twice_is_told_what_the_url_should_be(generic, twice, rest):
    scim, house = generic.scim, generic.house
    base = "/api/ee/scim/v2" if twice.startswith("/api") else "/scim/v2"
    detail = refused(scim.get(house.url + twice + rest), 404)["detail"]
    assert "twice" in detail
    assert f"should be {house.url}{base}{rest}:" in detail
    refused(httpx.get(house.url + twice + rest, headers={"Accept": "application/scim+json"}), 401)
