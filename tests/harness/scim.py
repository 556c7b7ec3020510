"""A SCIM client that is as strict as an identity provider, and the assertions on what it gets."""

import json
import ssl
from collections.abc import Iterable
from urllib.parse import quote

import httpx

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
MESSAGES = "urn:ietf:params:scim:api:messages:2.0:"
ERROR = MESSAGES + "Error"
LIST = MESSAGES + "ListResponse"
PATCH_OP = MESSAGES + "PatchOp"
SCIM_JSON = "application/scim+json"
UNKNOWN_ID = "01890000-0000-7000-8000-000000000000"
# For http:// alone. To read the certificates that everybody trusts takes longer than most tests.
TRUSTS_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Scim:
    """Calls one SCIM endpoint with one token. No answer may be a fault of the server, whatever was sent."""

    def __init__(self, base_url: str, token: str | None):
        self.base_url = base_url
        self.token = token
        self.http = httpx.Client(timeout=60, verify=TRUSTS_NOBODY)

    def request(self, method: str, path: str, *, data=None, content=None, headers=None, **parameters) -> httpx.Response:
        """Sends `data` as JSON or `content` as it is. A path may be absolute; parameters are percent-encoded."""
        sent = {"Accept": SCIM_JSON}
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        if data is not None:
            content = json.dumps(data, ensure_ascii=False).encode()
        if content is not None:
            sent["Content-Type"] = SCIM_JSON
        sent |= headers or {}
        url = path if path.startswith("http") else self.base_url + path
        query = "&".join(f"{quote(name)}={quote(str(value), safe='')}" for name, value in parameters.items())
        if query:
            url += ("&" if "?" in url else "?") + query
        sent = {name: value for name, value in sent.items() if value is not None}
        answer = self.http.request(method, url, content=content, headers=sent)
        assert answer.status_code < 500 or answer.status_code == 501, told(answer)
        if answer.content and headers is None:
            assert answer.headers["content-type"].split(";")[0] == SCIM_JSON, told(answer)
        return answer

    def get(self, path: str, **kwargs) -> httpx.Response:
        return self.request("GET", path, **kwargs)

    def post(self, path: str, data=None, **kwargs) -> httpx.Response:
        return self.request("POST", path, data=data, **kwargs)

    def put(self, path: str, data=None, **kwargs) -> httpx.Response:
        return self.request("PUT", path, data=data, **kwargs)

    def delete(self, path: str, **kwargs) -> httpx.Response:
        return self.request("DELETE", path, **kwargs)

    def patch(self, path: str, *operations: dict, **kwargs) -> httpx.Response:
        return self.request("PATCH", path, data=patch_op(*operations), **kwargs)

    # What is expected to succeed.

    def create(self, user_name: str, **attributes) -> dict:
        """Creates a user, and returns it as the answer has it."""
        return created(self.post("/Users", a_user(user_name, **attributes)))

    def read(self, user: dict, **parameters) -> dict:
        return ok(self.get(f"/Users/{user['id']}", **parameters))

    def change(self, user: dict, *operations: dict, **kwargs) -> dict:
        """PATCHes a user, and returns it as a GET then has it."""
        answer = self.patch(f"/Users/{user['id']}", *operations, **kwargs)
        assert answer.status_code in (200, 204), told(answer)
        seen = self.read(user)
        if answer.status_code == 200:
            assert answer.json() == seen, "the answer to the PATCH is not what a GET says"
        return seen

    def replace(self, user: dict, data: dict, **kwargs) -> dict:
        """PUTs a user, and returns it as a GET then has it."""
        answer = ok(self.put(f"/Users/{user['id']}", data, **kwargs))
        seen = self.read(user)
        assert answer == seen, "the answer to the PUT is not what a GET says"
        return seen

    def page(self, **parameters) -> dict:
        return listing(self.get("/Users", **parameters))

    def find(self, expression: str, **parameters) -> list[dict]:
        """The users that a filter finds."""
        return self.page(filter=expression, **parameters)["Resources"]

    def names(self, expression: str, **parameters) -> list[str]:
        """The userNames that a filter finds, in alphabetical order."""
        return sorted(user["userName"] for user in self.find(expression, **parameters))

    def total(self) -> int:
        return self.page(count=0)["totalResults"]


def a_user(user_name: str, **attributes) -> dict:
    """The body of a request that creates a user. Its `schemas` name the extensions that it has."""
    extensions = [name for name in attributes if name.startswith("urn:")]
    return {"schemas": [USER, *extensions], "userName": user_name, **attributes}


def patch_op(*operations: dict) -> dict:
    return {"schemas": [PATCH_OP], "Operations": list(operations)}


def told(answer: httpx.Response) -> str:
    """A request and its answer, for a failed assertion."""
    request = answer.request
    return f"{request.method} {request.url} -> {answer.status_code} {answer.text[:600]}"


def ok(answer: httpx.Response) -> dict:
    assert answer.status_code == 200, told(answer)
    return answer.json()


def created(answer: httpx.Response) -> dict:
    """A 201, with the headers and the `meta` that RFC 7644 §3.3 asks for."""
    assert answer.status_code == 201, told(answer)
    resource = answer.json()
    assert resource["id"]
    assert answer.headers["location"] == resource["meta"]["location"], told(answer)
    assert resource["meta"]["location"].endswith("/" + resource["id"]), told(answer)
    assert answer.headers["etag"] == resource["meta"]["version"], told(answer)
    return resource


def no_content(answer: httpx.Response) -> None:
    assert answer.status_code == 204, told(answer)
    assert not answer.content


def listing(answer: httpx.Response) -> dict:
    """A 200 with a ListResponse whose numbers are integers and agree with the Resources (RFC 7644 §3.4.2)."""
    page = ok(answer)
    assert page["schemas"] == [LIST], told(answer)
    assert type(page["totalResults"]) is int, told(answer)
    assert isinstance(page["Resources"], list), told(answer)
    assert page["itemsPerPage"] == len(page["Resources"]), told(answer)
    assert page["totalResults"] >= len(page["Resources"]), told(answer)
    return page


def refused(
    answer: httpx.Response, status: int, scim_type: str | None = None, *, naming: Iterable[str] | str = ()
) -> dict:
    """An error as RFC 7644 §3.12 has it, whose detail names what it must."""
    assert answer.status_code == status, told(answer)
    assert answer.headers["content-type"].split(";")[0] == SCIM_JSON, told(answer)
    body = answer.json()
    assert body["schemas"] == [ERROR], told(answer)
    assert body["status"] == str(status), told(answer)
    assert body.get("scimType") == scim_type, told(answer)
    assert body["detail"], told(answer)
    for word in [naming] if isinstance(naming, str) else naming:
        assert word.lower() in body["detail"].lower(), f"the detail does not name {word!r}: {told(answer)}"
    if status == 401:
        assert answer.headers["www-authenticate"].lower().startswith("bearer"), told(answer)
    return body


def values(resource: dict, attribute: str, sub_attribute: str = "value") -> list:
    """A sub-attribute of every element of a multi-valued attribute."""
    return [element.get(sub_attribute) for element in resource.get(attribute, [])]
