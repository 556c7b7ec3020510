"""Who comes in, for how long, and back to where."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import expect

MICROS = 1_000_000


def test_the_admin_key_signs_in_and_out_again(visitor):
    page = visitor.page
    page.goto("/admin")
    expect(page).to_have_url(re.compile("/admin/sign-in$"))
    visitor.submit_key(visitor.house.admin_key)
    expect(page).not_to_have_url(re.compile("sign-in"))
    cookie = visitor.session_cookie()
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    assert cookie["value"].startswith("rc_sess_")
    page.get_by_role("button", name="Sign out").first.click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    # The session has ended, and not only its cookie.
    old = httpx.get(visitor.house.url + "/admin/directories", headers={"cookie": f"{cookie['name']}={cookie['value']}"})
    assert old.status_code == 303
    assert old.headers["location"].startswith("/admin/sign-in")


def test_a_wrong_key_is_told_and_a_scim_token_is_none(visitor):
    visitor.page.goto("/admin/sign-in")
    visitor.submit_key("rc_admin_wrong")
    expect(visitor.page.get_by_role("alert")).to_contain_text("no valid admin key")
    visitor.submit_key(visitor.house.scim_token)
    expect(visitor.page.get_by_role("alert")).to_contain_text("no admin key")
    assert not [cookie for cookie in visitor.context.cookies() if cookie["name"] != "rollcall-theme"]


def test_the_key_goes_into_no_cookie_no_page_and_no_log(admin):
    page = admin.page
    page.goto("/admin/session")
    key = admin.house.admin_key
    assert key not in page.content()
    assert key not in str(admin.context.cookies())
    assert key not in page.evaluate("JSON.stringify([localStorage, sessionStorage])")
    assert key not in admin.house.output
    secret = admin.session_cookie()["value"]
    assert secret not in admin.house.output
    assert secret.encode() not in admin.house.database.text()


def test_an_expired_session_leads_to_the_sign_in_and_back(admin):
    page, house = admin.page, admin.house
    directory = house.new_directory()
    page.goto(f"/admin/d/{directory.name}/users?state=active")
    house.database.execute("UPDATE sessions SET used = used - ?", 2 * 3600 * MICROS)
    page.goto(f"/admin/d/{directory.name}/settings?dialog=x")
    expect(page.get_by_text("Your session has ended")).to_be_visible()
    admin.submit_key(house.admin_key)
    expect(page).to_have_url(f"{house.url}/admin/d/{directory.name}/settings?dialog=x")
    expect(page.get_by_role("heading", name="Settings")).to_be_visible()


def test_a_form_of_an_expired_session_changes_nothing_and_leads_back_to_its_page(admin):
    page, house = admin.page, admin.house
    directory = house.new_directory()
    path = f"/admin/d/{directory.name}/provisioning"
    page.goto(path + "?dialog=scim")
    house.database.execute("UPDATE sessions SET expires = ?", int((time.time() - 1) * MICROS))
    page.get_by_role("button", name="Turn SCIM off").click()
    expect(page.get_by_text("Your session has ended")).to_be_visible()
    assert house.admin.call("DirectoryService/GetDirectory", name=directory.name).directory.scim_enabled
    admin.submit_key(house.admin_key)
    expect(page).to_have_url(re.compile(re.escape(path)))


def test_a_session_ends_with_the_key_that_it_was_made_with(house, visitor):
    made = house.admin.call("ServiceKeyService/CreateServiceKey", name="operator", scopes=[7])
    visitor.sign_in(made.secret)
    house.admin.call("ServiceKeyService/RevokeServiceKey", service_key=made.service_key.id)
    visitor.page.goto("/admin/directories")
    expect(visitor.page.get_by_text("Your session has ended")).to_be_visible()


def test_a_key_of_one_directory_sees_that_one_alone(house, visitor):
    mine, theirs = house.new_directory(), house.new_directory()
    user = theirs.scim.create("ana")
    made = house.admin.call("ServiceKeyService/CreateServiceKey", name="x", scopes=[7], directory=mine.name)
    page = visitor.sign_in(made.secret).page
    page.goto("/admin/directories")
    expect(page.get_by_role("link", name=mine.name).first).to_be_visible()
    assert theirs.name not in page.content()
    for path in ("provisioning", "users", f"users/{user['id']}", "settings"):
        answer = page.goto(f"/admin/d/{theirs.name}/{path}")
        assert answer.status == 404, path
        expect(page.get_by_role("heading", name="It is not there")).to_be_visible()
    # Nor by an id that belongs elsewhere, under a name that is mine.
    assert page.goto(f"/admin/d/{mine.name}/users/{user['id']}").status == 404


def test_signing_out_everywhere_ends_every_session_of_the_key(admin, house, browser):
    other = httpx.post(house.url + "/admin/sign-in", data={"key": house.admin_key, "to": "/admin"})
    assert other.status_code == 303
    cookie = other.headers["set-cookie"].split(";")[0]
    assert httpx.get(house.url + "/admin/directories", headers={"cookie": cookie}).status_code == 200
    page = admin.page
    page.goto("/admin/session")
    expect(page.get_by_text("This one", exact=True)).to_be_visible()
    page.get_by_role("link", name="Sign out everywhere").click()
    page.get_by_role("button", name="Sign out everywhere").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    assert httpx.get(house.url + "/admin/directories", headers={"cookie": cookie}).status_code == 303


def test_where_one_goes_after_signing_in_is_a_page_of_the_console(visitor):
    for elsewhere in ("https://evil.example/", "//evil.example", "/admin/../../scim", "/admin\\evil"):
        visitor.page.goto("/admin/sign-in?to=" + elsewhere)
        assert visitor.page.locator("input[name=to]").get_attribute("value") in ("/admin", "/admin/../../scim")
    answer = httpx.post(
        visitor.house.url + "/admin/sign-in", data={"key": visitor.house.admin_key, "to": "https://evil.example/"}
    )
    assert answer.headers["location"] == "/admin"


def test_failing_again_and_again_has_to_wait_and_keeps_nobody_out_who_has_a_key(builder):
    house = builder.start("serve-sqlite", settings={"ROLLCALL_TRUSTED_PROXIES": "127.0.0.1"})

    def sign_in(key: str, client: str) -> httpx.Response:
        return httpx.post(house.url + "/admin/sign-in", data={"key": key}, headers={"x-forwarded-for": client})

    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda _: sign_in("wrong", "203.0.113.7"), range(30)))
    # One more is free with every 6 s that pass.
    assert 10 <= [answer.status_code for answer in answers].count(401) < 20
    refused = sign_in("wrong", "203.0.113.7")
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    assert "Too many attempts" in refused.text
    assert sign_in("wrong", "198.51.100.9").status_code == 401
    assert sign_in(house.admin_key, "203.0.113.7").status_code == 303


def test_the_cookie_is_secure_wherever_the_console_is_reached_from_elsewhere(house):
    answer = httpx.post(house.url + "/admin/sign-in", data={"key": house.admin_key}, headers={"host": "id.example.com"})
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-rollcall=rc_sess_")
    assert {"Path=/", "Secure", "HttpOnly", "SameSite=Strict"} <= set(cookie.split("; "))


def test_the_console_is_a_process_of_its_own_too(builder):
    from harness.ports import free_port
    from harness.process import Process

    house = builder.start("apart-sqlite")
    assert httpx.get(house.url + "/admin").status_code == 404, "a gateway alone has no console"
    port = free_port()
    process = Process(
        ["console"],
        house.work,
        ROLLCALL_CONSOLE_ADDR=f"127.0.0.1:{port}",
        ROLLCALL_CORE_URL=f"http://{house.grpc_address}",
    )
    house.processes.append(process)
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return httpx.get(url + "/admin/sign-in").status_code == 200
        except httpx.TransportError:
            return False

    process.wait_for(answers)
    with httpx.Client(base_url=url) as client:
        answer = client.post("/admin/sign-in", data={"key": house.admin_key})
        assert answer.status_code == 303
        assert "default" in client.get("/admin/directories").text
    assert urlsplit(url).port == port


def test_the_console_can_be_left_out(builder):
    house = builder.start("serve-sqlite", settings={"ROLLCALL_NO_CONSOLE": "true"})
    assert httpx.get(house.url + "/admin").status_code == 404
