"""Requests that no page of the console sends."""

import http.client
import re
import socket

import httpx
import pytest


@pytest.fixture
def directory(house):
    return house.new_directory()


@pytest.fixture
def client(house):
    """Somebody who is signed in, without a browser's scruples."""
    with httpx.Client(base_url=house.url) as client:
        assert client.post("/admin/sign-in", data={"key": house.admin_key}).status_code == 303
        yield client


def csrf(client: httpx.Client, directory) -> str:
    page = client.get(f"/admin/d/{directory.name}/provisioning").text
    return re.search(r'name="csrf" value="([^"]+)"', page).group(1)


def is_on(house, directory) -> bool:
    return house.admin.call("DirectoryService/GetDirectory", name=directory.name).directory.scim_enabled


def switch_off(client, directory, **sent) -> httpx.Response:
    fields = {"to": "off"} | {name: value for name, value in sent.items() if name != "headers"}
    return client.post(f"/admin/d/{directory.name}/provisioning/scim", data=fields, headers=sent.get("headers", {}))


def test_a_form_needs_the_token_of_its_session(house, client, directory):
    other = httpx.Client(base_url=house.url)
    other.post("/admin/sign-in", data={"key": house.admin_key})
    for token in ("", "x", csrf(other, directory)):
        answer = switch_off(client, directory, csrf=token)
        assert answer.status_code == 403, token
        assert "was not accepted" in answer.text
    assert is_on(house, directory)
    assert switch_off(client, directory, csrf=csrf(client, directory)).status_code == 303
    assert not is_on(house, directory)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_form_from_another_site_is_refused_even_with_the_token(house, client, directory, headers):
    answer = switch_off(client, directory, csrf=csrf(client, directory), headers=headers)
    assert answer.status_code == 403
    assert is_on(house, directory)


@pytest.mark.parametrize("path", ["/admin/keys", "/admin/theme", "/admin/nothing", "/admin/sign-in"])
@pytest.mark.parametrize("origin", ["", "https://evil.example"])
def test_a_form_is_answered_once_it_has_come_whoever_sends_it(house, path, origin):
    fields = b"name=" + b"a" * 200_000
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    head += f"Content-Length: {len(fields)}\r\n" + (f"Origin: {origin}\r\n" if origin else "")
    with socket.create_connection(("127.0.0.1", house.http_port), timeout=20) as connection:
        for _ in range(2):
            connection.sendall(head.encode() + b"\r\n" + fields)
            answer = http.client.HTTPResponse(connection, method="POST")
            answer.begin()
            assert 300 <= answer.status < 500
            answer.read()


def test_a_form_that_is_too_large_says_so(house):
    answer = httpx.post(house.url + "/admin/sign-in", data={"key": "a" * 300_000})
    assert answer.status_code == 413
    assert "larger than the 256 KiB" in answer.text


def test_whoever_ends_a_session_says_which(house, client):
    page = client.get("/admin/session").text
    token = re.search(r'name="csrf" value="([^"]+)"', page).group(1)
    answer = client.post("/admin/session/end", data={"csrf": token})
    assert answer.status_code == 400
    assert client.get("/admin/directories").status_code == 200


def test_signing_in_again_ends_the_session_before(house):
    with httpx.Client(base_url=house.url) as client:
        assert client.post("/admin/sign-in", data={"key": house.admin_key}).status_code == 303
        before = dict(client.cookies)
        # Whoever mistypes the key stays.
        assert client.post("/admin/sign-in", data={"key": "wrong"}).status_code == 401
        assert client.get("/admin/directories").status_code == 200
        assert client.post("/admin/sign-in", data={"key": house.admin_key}).status_code == 303
        assert client.get("/admin/directories").status_code == 200
    assert httpx.get(house.url + "/admin/directories", cookies=before).status_code == 303


def test_another_site_cannot_sign_anybody_in(house):
    answer = httpx.post(
        house.url + "/admin/sign-in", data={"key": house.admin_key}, headers={"origin": "https://evil.example"}
    )
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_a_forged_form_on_another_site_does_nothing_in_a_browser(admin, directory):
    action = f"{admin.house.url}/admin/d/{directory.name}/provisioning/scim"
    form = f'<form method="post" action="{action}"><input name="to" value="off"></form>'
    form += "<script>document.forms[0].submit()</script>"
    admin.context.route("http://evil.example/", lambda route: route.fulfill(content_type="text/html", body=form))
    admin.page.goto("http://evil.example/")
    admin.page.wait_for_url(re.compile("127.0.0.1"))
    assert "was not accepted" in admin.page.content()
    assert is_on(admin.house, directory)


def test_the_headers_of_every_answer(house, client):
    for path in ("/admin/sign-in", "/admin/directories", "/admin/nothing", "/admin/d/nothing/users"):
        answer = client.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "same-origin"


def test_assets_are_kept_by_browsers_for_good_and_come_from_here(client):
    page = client.get("/admin/directories").text
    links = re.findall(r'(?:href|src)="([^"]+\.(?:css|js|svg))"', page)
    assert len(set(links)) == 3
    for link in set(links):
        assert link.startswith("/admin/assets/")
        answer = client.get(link)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert client.get("/admin/assets/console-0.css").status_code == 404


def test_what_people_are_called_is_text_and_never_markup(house, client, directory):
    name = "<script>alert(1)</script>\"'&"
    user = directory.scim.create("x", displayName=name, title=name)
    group = directory.scim.post(
        "/Groups", {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": name}
    ).json()
    for path in ("users", f"users/{user['id']}", "groups", f"groups/{group['id']}", "users?q=" + "<script>alert(1)"):
        page = client.get(f"/admin/d/{directory.name}/{path}").text
        assert "<script>alert" not in page, path
        assert "&#60;script&#62;alert" in page, path
