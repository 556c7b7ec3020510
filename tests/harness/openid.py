"""An OpenID provider, which does as the standard says until it is told to misbehave."""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from harness.ports import free_port

CLIENT_ID = "rollcall-console"


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def encoded_json(value) -> str:
    return encoded(json.dumps(value).encode())


def encoded_number(number: int) -> str:
    return encoded(number.to_bytes((number.bit_length() + 7) // 8, "big"))


class SigningKey:
    """An RSA key with an id."""

    def __init__(self, kid: str | None = None):
        self.kid = kid or secrets.token_hex(4)
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @property
    def public(self) -> dict:
        numbers = self.private.public_key().public_numbers()
        n, e = encoded_number(numbers.n), encoded_number(numbers.e)
        return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid, "n": n, "e": e}

    def sign(self, text: str) -> str:
        return encoded(self.private.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))


class Provider:
    """The provider. Its host is another site than that of an installation on 127.0.0.1, as browsers see it."""

    def __init__(self):
        self.port = free_port()
        self.key = SigningKey()
        self.client_secret: str | None = secrets.token_urlsafe(24)
        # All that must be in no log.
        self.secrets: set[str] = {self.client_secret}
        self.server: ThreadingHTTPServer | None = None
        self.reset()

    def reset(self) -> None:
        """Ana signs in, and everything is as it should be."""
        # What is said of whoever signs in.
        self.person = {"sub": "00u-ana", "email": "ana@example.com", "email_verified": True, "name": "Ana Sousa"}
        # What the ID token says in place of the truth; None leaves a claim out.
        self.claims: dict = {}
        self.header: dict = {}
        self.signed_by: SigningKey | None = None
        self.without_id_token = False
        # What the UserInfo endpoint says; None: there is none.
        self.userinfo: dict | None = None
        # The error that the authorization endpoint, or the token endpoint, answers with.
        self.error: str | None = None
        self.token_error: str | None = None
        # Whether the configuration announces that each answer names the issuer, and whether one does (RFC 9207).
        self.announces_issuer = True
        self.names_issuer = True
        # The requests of the authorization endpoint.
        self.asked: list[dict[str, str]] = []
        self.grants: dict[str, dict[str, str]] = {}
        self.access_tokens: dict[str, dict] = {}

    @property
    def issuer(self) -> str:
        return f"http://localhost:{self.port}"

    def start(self) -> "Provider":
        handler = type("Handler", (Handler,), {"provider": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def stop(self) -> None:
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def rotate(self) -> None:
        self.key = SigningKey()

    def secret(self) -> str:
        value = secrets.token_urlsafe(24)
        self.secrets.add(value)
        return value

    @property
    def configuration(self) -> dict:
        configuration = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        if self.announces_issuer:
            configuration["authorization_response_iss_parameter_supported"] = True
        if self.userinfo is not None:
            configuration["userinfo_endpoint"] = f"{self.issuer}/userinfo"
        return configuration

    def authorize(self, asked: dict[str, str]) -> str:
        """Where the browser is sent."""
        self.asked.append(asked)
        back = {"state": asked["state"]} | ({"iss": self.issuer} if self.names_issuer else {})
        if self.error:
            back |= {"error": self.error, "error_description": "as the test wants it"}
        else:
            back["code"] = self.secret()
            self.grants[back["code"]] = asked
        return f"{asked['redirect_uri']}?{urlencode(back)}"

    def tokens(self, form: dict[str, str], authorization: str) -> tuple[int, dict]:
        """What the token endpoint answers."""
        if self.token_error:
            return 400, {"error": self.token_error, "error_description": f"no {form['code']}"}
        if self.client_secret:
            client = base64.b64decode(authorization.removeprefix("Basic ")).decode().split(":")
            if [unquote(part) for part in client] != [CLIENT_ID, self.client_secret]:
                return 401, {"error": "invalid_client", "error_description": "the secret is another one"}
        elif form.get("client_id") != CLIENT_ID:
            return 401, {"error": "invalid_client"}
        grant = self.grants.pop(form["code"], None)
        self.secrets.add(form["code_verifier"])
        challenge = encoded(hashlib.sha256(form["code_verifier"].encode()).digest())
        if not grant or grant["redirect_uri"] != form["redirect_uri"] or grant["code_challenge"] != challenge:
            return 400, {"error": "invalid_grant"}
        access_token = self.secret()
        self.access_tokens[access_token] = self.person
        answer = {"access_token": access_token, "token_type": "Bearer", "expires_in": 300}
        if not self.without_id_token:
            answer["id_token"] = self.id_token(grant, access_token)
            self.secrets.add(answer["id_token"])
        return 200, answer

    def id_token(self, grant: dict[str, str], access_token: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "exp": now + 300,
            "iat": now,
            "auth_time": now,
            "nonce": grant["nonce"],
            "at_hash": encoded(hashlib.sha256(access_token.encode()).digest()[:16]),
            "updated_at": now - 5,
            "score": 0.25,
            **self.person,
            **self.claims,
        }
        key = self.signed_by or self.key
        header = {"alg": "RS256", "typ": "JWT", "kid": key.kid, **self.header}
        claims = {name: value for name, value in claims.items() if value is not None}
        text = f"{encoded_json(header)}.{encoded_json(claims)}"
        match header["alg"]:
            case "none":
                return f"{text}."
            case "HS256":
                by = (self.client_secret or CLIENT_ID).encode()
                return f"{text}.{encoded(hmac.digest(by, text.encode(), 'sha256'))}"
            case _:
                return f"{text}.{key.sign(text)}"


class Handler(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self):  # noqa: N802 - http.server's name
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        match url.path:
            case "/.well-known/openid-configuration":
                self.answer(200, self.provider.configuration)
            case "/keys":
                self.answer(200, {"keys": [self.provider.key.public]})
            case "/authorize":
                self.send_response(302)
                self.send_header("location", self.provider.authorize(query))
                self.end_headers()
            case "/userinfo":
                token = self.headers.get("authorization", "").removeprefix("Bearer ")
                known = self.provider.access_tokens.get(token)
                self.answer(200, self.provider.userinfo) if known else self.answer(401, {})
            case "/portal":
                self.page(f'<a href="{query["app"]}">Open the console</a>')
            case _:
                self.answer(404, {})

    def do_POST(self):  # noqa: N802 - http.server's name
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        self.answer(*self.provider.tokens(form, self.headers.get("authorization", "")))

    def answer(self, status: int, body: dict) -> None:
        self.send(status, "application/json", json.dumps(body).encode())

    def page(self, body: str) -> None:
        self.send(200, "text/html", body.encode())

    def send(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass
