"""Signing in with OpenID Connect: who comes in, and what is refused and how that is told."""

import re
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from console.open_id import Comer, session_of
from console.page import Admin
from harness.openid import CLIENT_ID, Provider, SigningKey

ADMIN = 7
NAME = "Example ID"


def settings(provider: Provider, service_key: str) -> dict[str, str]:
    return {
        "ROLLCALL_OIDC_ISSUER": provider.issuer,
        "ROLLCALL_OIDC_CLIENT_ID": CLIENT_ID,
        "ROLLCALL_OIDC_CLIENT_SECRET": provider.client_secret or "",
        "ROLLCALL_OIDC_NAME": NAME,
        "ROLLCALL_OIDC_ADMIN_EMAIL": "ana@example.com,ben@example.com",
        "ROLLCALL_OIDC_ADMIN_CLAIM": "access.roles=rollcall-admin;dn=cn=admins,dc=example",
        "ROLLCALL_OIDC_SERVICE_KEY": service_key,
    }


@pytest.fixture(scope="module")
def one_provider():
    provider = Provider().start()
    yield provider
    provider.stop()


@pytest.fixture
def provider(one_provider) -> Provider:
    one_provider.reset()
    return one_provider


def new_house(builder, mode: str, provider: Provider, **changes: str):
    house = builder.new(mode)
    house.settings = settings(provider, house.admin_key) | changes
    return house.start()


@pytest.fixture(scope="module", params=["serve-sqlite", "serve-postgres"])
def house(request, builder, one_provider):
    return new_house(builder, request.param, one_provider)


@pytest.fixture(scope="module")
def lone_house(builder, one_provider):
    """One installation, where the database makes no difference."""
    return new_house(builder, "serve-sqlite", one_provider)


@pytest.fixture
def comer(lone_house, provider) -> Comer:
    # What failed before counts for nobody else.
    httpx.post(lone_house.url + "/admin/sign-in", data={"key": lone_house.admin_key})
    return Comer(lone_house, provider)


def test_an_administrator_signs_in_and_goes_on_where_they_were(house, provider, visitor):
    directory = house.new_directory()
    page = visitor.page
    page.goto(f"/admin/d/{directory.name}/users?state=active")
    page.get_by_role("link", name=f"Continue with {NAME}").click()
    expect(page).to_have_url(f"{house.url}/admin/d/{directory.name}/users?state=active")
    expect(page.get_by_role("heading", name="Users")).to_be_visible()
    cookie = visitor.session_cookie()
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    assert [cookie["name"] for cookie in visitor.context.cookies()] == ["rollcall-session"], "the attempt is over"
    asked = provider.asked[-1]
    assert asked["code_challenge_method"] == "S256"
    assert asked["scope"] == "openid email profile"
    assert asked["redirect_uri"] == f"{house.url}/admin/oidc/callback"
    # What is done is done by that person.
    page.goto(f"/admin/d/{directory.name}/provisioning?dialog=scim")
    page.get_by_role("button", name="Turn SCIM off").click()
    visitor.expect_notice("SCIM is off")
    page.goto(f"/admin/audit?directory={directory.name}")
    row = page.get_by_role("row").filter(has_text="Directory updated")
    expect(row).to_contain_text("ana@example.com, by OpenID Connect")
    expect(row).to_contain_text(house.admin_key[:4])
    (record,) = [
        record
        for record in house.admin.call("AuditService/ListAuditRecords", directory=directory.name).records
        if record.kind == "directory.updated"
    ]
    person = record.actor.person
    assert (person.issuer, person.subject, person.email) == (provider.issuer, "00u-ana", "ana@example.com")
    events = house.admin.call("EventService/ListEvents", directory=directory.name).events
    assert [event.actor.person.subject for event in events][-1] == "00u-ana"
    page.goto("/admin/session")
    expect(page.get_by_role("row").filter(has_text="This one")).to_contain_text("Ana Sousa, by OpenID Connect")


def test_a_key_signs_in_too(house, provider, visitor):
    page = visitor.page
    page.goto("/admin/sign-in")
    expect(page.get_by_label("Admin key")).to_be_hidden()
    page.get_by_text("Use an admin key").click()
    visitor.submit_key("wrong")
    expect(page.get_by_role("alert")).to_contain_text("no valid admin key")
    visitor.submit_key(house.admin_key)
    expect(page.locator("#content")).to_be_visible()
    page.goto("/admin/session")
    expect(page.get_by_role("row").filter(has_text="This one")).to_contain_text("with the key")


def test_it_works_without_a_script(house, provider, browser):
    with Admin(house, browser, java_script_enabled=False) as visitor:
        visitor.page.goto("/admin/keys")
        visitor.page.get_by_role("link", name=f"Continue with {NAME}").click()
        expect(visitor.page).to_have_url(f"{house.url}/admin/keys")
        expect(visitor.page.get_by_role("heading", name="Service keys")).to_be_visible()


def test_a_portal_of_the_provider_begins_a_sign_in(lone_house, provider, browser):
    with Admin(lone_house, browser) as visitor:
        start = f"{lone_house.url}/admin/oidc/start?iss={provider.issuer}"
        visitor.page.goto(f"{provider.issuer}/portal?app={start}")
        visitor.page.get_by_role("link", name="Open the console").click()
        expect(visitor.page.locator("#content")).to_be_visible()
    other = httpx.get(lone_house.url + "/admin/oidc/start", params={"iss": "https://other.example"})
    assert other.status_code == 400


def test_signing_out_everywhere_ends_the_sessions_of_that_person_alone(house, provider):
    comer = Comer(house, provider)
    first, second = session_of(comer.sign_in()), session_of(comer.sign_in())
    provider.person = {"sub": "00u-ben", "email": "Ben@Example.com", "email_verified": True}
    ben = session_of(comer.sign_in())
    key = httpx.post(house.url + "/admin/sign-in", data={"key": house.admin_key}).headers["set-cookie"].split(";")[0]

    def is_in(cookie: str) -> bool:
        return httpx.get(house.url + "/admin/directories", headers={"cookie": cookie}).status_code == 200

    assert all(map(is_in, (first, second, ben, key)))
    page = httpx.get(house.url + "/admin/session", headers={"cookie": first}).text
    assert "Ben@Example.com" not in page
    csrf = re.search(r'name="csrf" value="([^"]+)"', page).group(1)
    done = httpx.post(house.url + "/admin/session/end-all", data={"csrf": csrf}, headers={"cookie": first})
    assert done.status_code == 303
    assert [is_in(cookie) for cookie in (first, second, ben, key)] == [False, False, True, True]
    # The holder of the key sees everybody, and can send everybody away.
    assert "Ben@Example.com" in httpx.get(house.url + "/admin/session", headers={"cookie": key}).text
    house.admin.call("SessionService/EndAllSessions")
    assert not is_in(ben)


@pytest.mark.parametrize(
    ("person", "status", "said"),
    [
        ({"email": "cid@example.com"}, 403, "cid@example.com"),
        ({"email_verified": False}, 403, "Your address is not verified"),
        ({"email_verified": None}, 403, "Your address is not verified"),
        ({"email": None}, 403, "00u-ana"),
        ({"email": "<b>x</b>@example.com"}, 403, "&#60;b&#62;x"),
        ({"email_verified": "true"}, 200, "You are signed in"),
        ({"email": "cid@example.com", "access": {"roles": ["reader", "rollcall-admin"]}}, 200, "You are signed in"),
        ({"email": "cid@example.com", "access": {"roles": ["reader"]}}, 403, "You are no administrator here"),
        ({"email": None, "dn": "cn=admins,dc=example"}, 200, "You are signed in"),
        ({"email": None, "dn": "cn=admins"}, 403, "You are no administrator here"),
    ],
)
def test_only_administrators_come_in(comer, provider, person, status, said):
    provider.person |= person
    answer = comer.sign_in()
    assert answer.status_code == status
    assert said in answer.text
    assert ("rc_sess_" in str(answer.headers)) == (status == 200)


def test_who_is_no_administrator_can_use_another_account(lone_house, provider, browser):
    provider.person |= {"email": "cid@example.com", "sub": "00u-cid"}
    with Admin(lone_house, browser) as visitor:
        visitor.page.goto("/admin/sign-in")
        visitor.page.get_by_role("link", name=f"Continue with {NAME}").click()
        expect(visitor.page.get_by_role("heading", name="You are no administrator here")).to_be_visible()
        expect(visitor.page.locator("main")).to_contain_text("cid@example.com")
        expect(visitor.page.locator("main")).to_contain_text("oidc-admin-email")
        provider.reset()
        visitor.page.get_by_role("link", name="Use another account").click()
        expect(visitor.page.locator("#content")).to_be_visible()
        assert provider.asked[-1]["prompt"] == "select_account"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"claims": {"nonce": "another"}}, "belongs to another sign-in"),
        ({"claims": {"nonce": None}}, "belongs to another sign-in"),
        ({"claims": {"aud": "another-client"}}, "meant for another application"),
        ({"claims": {"aud": [CLIENT_ID, "another-client"]}}, "meant for another application"),
        ({"claims": {"iss": "https://other.example"}}, "of another issuer"),
        ({"claims": {"exp": 1_700_000_000}}, "has expired"),
        ({"claims": {"nbf": 4_000_000_000}}, "not valid yet"),
        ({"claims": {"iat": 4_000_000_000}}, "not valid yet"),
        ({"claims": {"exp": None}}, "no ID token that could be read"),
        ({"claims": {"sub": None}}, "no ID token that could be read"),
        ({"claims": {"email": ["ana@example.com"]}}, "no ID token that could be read"),
        ({"names_issuer": False}, "of another issuer"),
        ({"claims": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}}, "belongs to another access token"),
        ({"signed_by": SigningKey()}, "not signed with one of its keys"),
        ({"header": {"alg": "none"}}, "not signed with one of its keys"),
        ({"header": {"alg": "HS256"}}, "not signed with one of its keys"),
        ({"without_id_token": True}, "no ID token"),
    ],
)
def test_an_id_token_is_for_this_sign_in_or_refused(comer, provider, changes, said):
    for name, value in changes.items():
        setattr(provider, name, value)
    answer = comer.sign_in()
    assert answer.status_code == 403
    assert "The answer was not accepted" in answer.text
    assert said in answer.text
    assert "rc_sess_" not in str(answer.headers)


def test_a_forged_signature_with_the_id_of_a_good_key_is_refused(comer, provider):
    provider.signed_by = SigningKey(provider.key.kid)
    answer = comer.sign_in()
    assert answer.status_code == 403
    assert "not signed with one of its keys" in answer.text


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        ("access_denied", 403, "The sign-in was cancelled"),
        ("login_required", 403, "The sign-in was cancelled"),
        ("server_error", 503, "The sign-in service refused"),
        ("unauthorized_client", 503, "oidc-client-id"),
        ("<script>", 503, "The sign-in service refused"),
    ],
)
def test_what_the_provider_refuses_is_told(comer, provider, error, status, said):
    provider.error = error
    answer = comer.sign_in()
    assert answer.status_code == status
    assert said in answer.text
    assert "<script>" not in answer.text
    assert "as the test wants it" not in answer.text, "nobody else puts words on the page"


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [("invalid_grant", 403, "has expired"), ("invalid_client", 503, "oidc-client-id"), ("x", 503, "service refused")],
)
def test_what_the_token_endpoint_refuses_is_told(comer, provider, error, status, said):
    provider.token_error = error
    answer = comer.sign_in()
    assert answer.status_code == status
    assert said in answer.text


def test_a_callback_belongs_to_the_browser_that_began(comer, lone_house, provider):
    assert comer.start().status_code == 303
    url = urlsplit(comer.callback)
    forged = url._replace(query=url.query.replace("state=", "state=x")).geturl()
    stranger = Comer(lone_house, provider)
    stranger.start()
    for answer in (
        comer.finish(cookie=""),
        comer.finish(cookie="rollcall-oidc=a.b.c.d"),
        comer.finish(cookie=stranger.cookie),
        comer.finish(callback=forged),
        comer.finish(callback=stranger.callback),
        comer.finish(callback=f"{lone_house.url}/admin/oidc/callback"),
    ):
        assert answer.status_code == 400
        assert "This sign-in has expired" in answer.text
        assert "rc_sess_" not in str(answer.headers)
    other = parse_qs(urlsplit(stranger.callback).query)["code"][0]
    mine = parse_qs(url.query)["code"][0]
    # Another one's code, with one's own state: the verifier is not that of the code.
    swapped = comer.finish(callback=comer.callback.replace(mine, other))
    assert swapped.status_code == 403
    assert "has expired" in swapped.text
    # None of that has used up the attempt.
    assert comer.finish().status_code == 200


def test_a_callback_is_good_once(comer):
    answer = comer.sign_in()
    assert answer.status_code == 200
    assert "no-referrer" in answer.headers["referrer-policy"]
    gone = [cookie for cookie in answer.headers.get_list("set-cookie") if cookie.startswith("rollcall-oidc=;")]
    assert gone
    assert "Max-Age=0" in gone[0]
    assert "Path=/admin/oidc/callback" in gone[0]
    again = comer.finish()
    assert again.status_code == 403
    assert "has expired" in again.text
    assert comer.finish(cookie="").status_code == 400


def test_where_it_goes_on_is_a_page_of_the_console(comer):
    for elsewhere in ("https://evil.example/", "//evil.example", "/scim/v2/Users", "/admin\\evil"):
        assert 'content="0; url=/admin"' in comer.sign_in(elsewhere).text
    good = comer.sign_in("/admin/d/default/users?q=a%22b").text
    assert 'content="0; url=/admin/d/default/users?q=a%22b"' in good


def test_the_cookies_are_secure_wherever_the_console_is_reached_from_elsewhere(lone_house, provider):
    comer = Comer(lone_house, provider, host="id.example.com")
    started = comer.start()
    cookie = started.headers["set-cookie"]
    assert cookie.startswith("__Secure-rollcall-oidc=")
    attributes = {"Path=/admin/oidc/callback", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=600"}
    assert attributes <= set(cookie.split("; "))
    assert provider.asked[-1]["redirect_uri"] == "https://id.example.com/admin/oidc/callback"
    finished = comer.finish()
    assert finished.status_code == 200
    (session,) = [cookie for cookie in finished.headers.get_list("set-cookie") if "rc_sess_" in cookie]
    assert session.startswith("__Host-rollcall=")
    assert {"Path=/", "Secure", "HttpOnly", "SameSite=Strict"} <= set(session.split("; "))


def test_a_provider_that_changes_its_key_is_believed(comer, provider):
    assert comer.sign_in().status_code == 200
    # Nobody asks more often than every few seconds.
    for _ in range(100):
        provider.rotate()
        answer = comer.sign_in()
        if answer.status_code == 200:
            break
        httpx.post(comer.house.url + "/admin/sign-in", data={"key": comer.house.admin_key})
    assert answer.status_code == 200


def test_what_the_id_token_leaves_out_the_userinfo_endpoint_tells(builder, provider):
    provider.userinfo = {}
    house = new_house(builder, "serve-sqlite", provider)
    comer = Comer(house, provider)
    provider.person = {"sub": "00u-ana"}
    provider.userinfo = {"sub": "00u-ana", "email": "ana@example.com", "email_verified": True, "updated_at": 5}
    assert comer.sign_in().status_code == 200
    sessions = house.admin.call("SessionService/ListSessions").sessions
    assert [session.person.email for session in sessions] == ["ana@example.com"]
    provider.userinfo = {"sub": "00u-cid", "access": {"roles": "rollcall-admin"}}
    assert comer.sign_in().status_code == 503, "it tells of somebody else"
    # What the ID token says stands.
    provider.person = {"sub": "00u-ana", "email": "ana@example.com", "email_verified": False}
    provider.userinfo = {"sub": "00u-ana", "email": "ana@example.com", "email_verified": True}
    assert comer.sign_in().status_code == 403
    provider.userinfo = {"sub": "00u-ana", "access": {"roles": "rollcall-admin"}}
    assert comer.sign_in().status_code == 200


def test_a_provider_that_is_down_hinders_nobody_with_a_key(builder, browser):
    provider = Provider()
    house = new_house(builder, "serve-sqlite", provider)
    answer = httpx.get(house.url + "/admin/oidc/start")
    assert answer.status_code == 503
    assert "The sign-in service does not answer" in answer.text
    assert "admin key" in answer.text
    with Admin(house, browser) as visitor:
        visitor.page.goto("/admin/sign-in")
        visitor.page.get_by_text("Use an admin key").click()
        visitor.submit_key(house.admin_key)
        expect(visitor.page.locator("#content")).to_be_visible()
    provider.start()
    try:
        house.processes[0].wait_for(lambda: httpx.get(house.url + "/admin/oidc/start").status_code == 303)
        assert Comer(house, provider).sign_in().status_code == 200
    finally:
        provider.stop()


def test_a_public_client_has_no_secret(builder):
    provider = Provider()
    provider.client_secret = None
    provider.start()
    try:
        house = new_house(builder, "serve-sqlite", provider)
        comer = Comer(house, provider)
        assert comer.sign_in().status_code == 200
        provider.header = {"alg": "HS256"}
        assert comer.sign_in().status_code == 403
    finally:
        provider.stop()


def test_a_key_that_the_core_refuses_lets_nobody_in(builder, provider):
    for wrong in ("rc_key_wrong", None):
        house = builder.new("serve-sqlite")
        key = wrong or house.scim_token
        house.settings = settings(provider, key)
        answer = Comer(house.start(), provider).sign_in()
        assert answer.status_code == 503
        assert "ROLLCALL_OIDC_SERVICE_KEY" in answer.text
        assert key not in answer.text + house.output
        assert "rc_sess_" not in str(answer.headers)


def test_a_revoked_key_ends_what_it_vouched_for(builder, provider):
    first = builder.start("serve-sqlite")
    made = first.admin.call("ServiceKeyService/CreateServiceKey", name="console", scopes=[ADMIN])
    first.settings = settings(provider, made.secret)
    first.restart()
    session = session_of(Comer(first, provider).sign_in())
    page = httpx.get(first.url + "/admin/directories", headers={"cookie": session})
    assert page.status_code == 200
    first.admin.call("ServiceKeyService/RevokeServiceKey", service_key=made.service_key.id)
    page = httpx.get(first.url + "/admin/directories", headers={"cookie": session})
    assert page.status_code == 303
    assert Comer(first, provider).sign_in().status_code == 503


def test_failing_again_and_again_has_to_wait(builder, provider):
    house = new_house(builder, "serve-sqlite", provider)
    comer = Comer(house, provider)
    # What another site can make a browser do counts for nothing.
    for _ in range(20):
        assert comer.finish(callback=f"{house.url}/admin/oidc/callback?code=x&state=y").status_code == 400
    # Nor does what the provider is to blame for.
    provider.error = "server_error"
    for _ in range(20):
        assert comer.sign_in().status_code == 503
    provider.error = None
    provider.person |= {"email": "cid@example.com"}
    failures = 0
    while (refused := comer.start()).status_code == 303 and failures < 100:
        assert comer.finish().status_code == 403
        failures += 1
    assert refused.status_code == 429
    assert failures >= 10
    assert int(refused.headers["retry-after"]) >= 1
    # So does beginning again and again.
    house = new_house(builder, "serve-sqlite", provider)
    begun = 0
    while httpx.get(house.url + "/admin/oidc/start").status_code == 303 and begun < 1000:
        begun += 1
    assert 60 <= begun < 1000


def test_the_console_alone_signs_in_too(builder, provider):
    from harness.ports import free_port
    from harness.process import Process

    house = builder.start("apart-sqlite")
    house.http_port = free_port()
    environment = settings(provider, house.admin_key) | {
        "ROLLCALL_CONSOLE_ADDR": f"127.0.0.1:{house.http_port}",
        "ROLLCALL_CORE_URL": f"http://{house.grpc_address}",
    }
    process = Process(["console"], house.work, **environment)
    house.processes.append(process)
    process.wait_for(lambda: "Rollcall console is ready" in process.stdout)
    assert Comer(house, provider).sign_in().status_code == 200
    assert not any(secret in process.output for secret in provider.secrets)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ROLLCALL_OIDC_ADMIN_EMAIL": "", "ROLLCALL_OIDC_ADMIN_CLAIM": ""}, "oidc-admin-email"),
        ({"ROLLCALL_OIDC_ADMIN_CLAIM": "roles"}, "NAME=VALUE"),
        ({"ROLLCALL_OIDC_CLIENT_ID": ""}, "oidc-client-id"),
        ({"ROLLCALL_OIDC_SERVICE_KEY": ""}, "ROLLCALL_OIDC_SERVICE_KEY"),
        ({"ROLLCALL_OIDC_ISSUER": ""}, "need oidc-issuer"),
        ({"ROLLCALL_OIDC_ISSUER": "http://login.example.com"}, "has no TLS"),
        ({"ROLLCALL_OIDC_SCOPES": "email"}, "lacks openid"),
        ({"ROLLCALL_OIDC_CLIENT_SECRET_FILE": "/no/such/file"}, "are both given"),
    ],
)
def test_a_start_says_what_is_missing(builder, provider, changes, said):
    house = builder.new("serve-sqlite")
    done = house.command("serve", **(house.core_settings | settings(provider, house.admin_key) | changes))
    assert done.returncode != 0
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not any(secret in done.stderr for secret in provider.secrets | {house.admin_key})


@pytest.mark.parametrize(("theme", "width"), [("light", 1360), ("dark", 1360), ("light", 320)])
def test_its_pages_are_for_everybody(lone_house, provider, browser, shots, theme, width):
    with Admin(lone_house, browser, color_scheme=theme, viewport={"width": width, "height": 900}) as visitor:
        page = visitor.page

        def look(name: str) -> None:
            assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth"), name
            visitor.picture(shots / f"{name}-{theme}-{width}.png")
            assert not Axe().run(page).response["violations"], name

        page.goto("/admin/sign-in")
        look("sign-in-oidc")
        page.get_by_text("Use an admin key").click()
        look("sign-in-oidc-key")
        provider.person |= {"email": "someone.with.a.long.address@subsidiary.example.com"}
        page.goto("/admin/oidc/start")
        look("sign-in-oidc-refused")
        provider.reset()
        page.goto("/admin/oidc/callback")
        look("sign-in-oidc-expired")
        page.goto("/admin/oidc/start?to=/admin/session")
        page.wait_for_url("**/admin/session")
        look("sessions-oidc")


def test_nothing_secret_is_logged_or_kept(house, provider):
    comer = Comer(house, provider)
    assert comer.sign_in().status_code == 200
    session = session_of(comer.sign_in()).split("=")[1]
    provider.token_error = "invalid_grant"
    comer.sign_in()
    assert "signing in with OpenID Connect failed" in house.output
    kept = house.database.text()
    for secret in provider.secrets | {session}:
        assert secret not in house.output
        assert secret.encode() not in kept
