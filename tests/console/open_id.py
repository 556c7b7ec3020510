"""Somebody who signs in with OpenID Connect, without a browser."""

from urllib.parse import urlsplit

import httpx

from harness.house import House
from harness.openid import Provider


class Comer:
    """One sign-in, step by step."""

    def __init__(self, house: House, provider: Provider, **headers: str):
        self.house = house
        self.provider = provider
        self.headers = headers
        self.cookie = ""
        self.callback = ""

    def start(self, to: str = "") -> httpx.Response:
        """Goes to the provider and comes back with a callback, which is not followed yet."""
        query = {"to": to} if to else {}
        answer = httpx.get(self.house.url + "/admin/oidc/start", params=query, headers=self.headers)
        if answer.status_code == 303:
            self.cookie = answer.headers["set-cookie"].split(";")[0]
            came = httpx.get(answer.headers["location"])
            self.callback = came.headers["location"]
        return answer

    def finish(self, callback: str | None = None, cookie: str | None = None) -> httpx.Response:
        """Follows the callback, or another one, with the cookie of the start, or another one."""
        url = urlsplit(callback or self.callback)
        cookie = self.cookie if cookie is None else cookie
        headers = {"cookie": cookie, **self.headers}
        return httpx.get(f"{self.house.url}{url.path}?{url.query}", headers=headers)

    def sign_in(self, to: str = "") -> httpx.Response:
        assert self.start(to).status_code == 303
        return self.finish()


def session_of(answer: httpx.Response) -> str:
    """The cookie of the session that an answer sets, as a header of a request."""
    cookies = [cookie.split(";")[0] for cookie in answer.headers.get_list("set-cookie")]
    return next(cookie for cookie in cookies if "rc_sess_" in cookie)
