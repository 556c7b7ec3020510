//! Sign-ins to the console with OpenID Connect: a provider that answers anything. Nobody comes in but whom a token of its key, for
//! this sign-in, makes an administrator; and every answer is a page.

#![no_main]

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arbitrary::Arbitrary;
use axum::Router;
use axum::body::Body;
use data_encoding::BASE64URL_NOPAD;
use http::{Request, Response, StatusCode, Uri, header};
use libfuzzer_sys::fuzz_target;
use percent_encoding::percent_decode_str;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use rollcall_console::{OpenIdConnect, OpenIdConnectSettings, Peer};
use rollcall_fuzz::answer::{Answer, ask};
use rollcall_fuzz::house::{self, ADMIN_KEY, House, runtime};
use rollcall_fuzz::json::Json;
use rollcall_fuzz::text::Text;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

const CLIENT: &str = "rollcall";

/// What the provider answers.
#[derive(Debug, Arbitrary)]
struct Answers<'a> {
    discovery: Document<'a>,
    keys: Document<'a>,
    tokens: Document<'a>,
    told: Document<'a>,
    head: Vec<(Text<'a>, Json<'a>)>,
    claims: Vec<Change<'a>>,
    token: TokenText<'a>,
    issuer: Option<Text<'a>>,
    code: Text<'a>,
    error: Option<Text<'a>>,
}

/// A document as it should be, with changes, or another one.
#[derive(Debug, Clone, Arbitrary)]
enum Document<'a> {
    Good,
    Changed(Vec<Change<'a>>),
    Raw(u16, &'a [u8]),
    /// Good, and of this type.
    Typed(&'a str),
}

#[derive(Debug, Clone, Arbitrary)]
struct Change<'a> {
    name: Name<'a>,
    /// `None`: the member is left out.
    value: Option<Json<'a>>,
}

#[derive(Debug, Clone, Arbitrary)]
enum Name<'a> {
    Known(u8),
    Own(&'a str),
}

#[derive(Debug, Arbitrary)]
enum TokenText<'a> {
    Signed,
    /// Signed, and then changed at this place.
    Spoilt(u16, u8),
    OtherKey,
    Own(&'a str),
    OwnPayload(&'a [u8]),
}

/// Names of members in what providers answer.
const NAMES: [&str; 32] = [
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "userinfo_endpoint",
    "response_types_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
    "token_endpoint_auth_methods_supported",
    "authorization_response_iss_parameter_supported",
    "access_token",
    "token_type",
    "id_token",
    "expires_in",
    "keys",
    "iss",
    "sub",
    "aud",
    "azp",
    "exp",
    "iat",
    "nbf",
    "nonce",
    "at_hash",
    "email",
    "email_verified",
    "roles",
    "name",
    "alg",
    "kid",
    "error",
    "error_description",
];

/// What is answered to the next sign-in.
#[derive(Debug, Default)]
struct Script {
    discovery: (u16, Vec<u8>, String),
    keys: (u16, Vec<u8>, String),
    tokens: (u16, Vec<u8>, String),
    told: (u16, Vec<u8>, String),
}

static SCRIPT: OnceLock<Arc<Mutex<Script>>> = OnceLock::new();

fuzz_target!(|answers: Answers<'_>| {
    let provider = provider();
    house::run(async |house| answers.sign_in(house, provider).await);
});

/// The address of the provider, which listens on this machine.
fn provider() -> SocketAddr {
    static ADDRESS: OnceLock<SocketAddr> = OnceLock::new();
    *ADDRESS.get_or_init(|| {
        let script = Arc::clone(SCRIPT.get_or_init(Arc::default));
        let answer = move |uri: Uri| {
            let script = script.lock().expect("a script");
            let (status, body, kind) = match uri.path() {
                "/keys" => &script.keys,
                "/token" => &script.tokens,
                "/me" => &script.told,
                _ => &script.discovery,
            };
            let kind = header::HeaderValue::from_str(kind).unwrap_or(header::HeaderValue::from_static("a/b"));
            let mut response = Response::new(Body::from(body.clone()));
            *response.status_mut() = StatusCode::from_u16(*status).unwrap_or(StatusCode::OK);
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            std::future::ready(response)
        };
        runtime().block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = listener.local_addr().expect("an address");
            tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
            address
        })
    })
}

fn key(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("a key")
}

impl Answers<'_> {
    async fn sign_in(&self, house: &House, provider: SocketAddr) {
        let issuer = format!("http://{provider}");
        let settings = OpenIdConnectSettings {
            issuer: issuer.clone(),
            client_id: CLIENT.to_owned(),
            client_secret: Some("a-secret".into()),
            scopes: "openid email".to_owned(),
            name: "Example".to_owned(),
            admin_emails: vec!["ana@example.com".to_owned()],
            admin_claims: vec!["roles=work".to_owned()],
            service_key: ADMIN_KEY.into(),
            ca: None,
        };
        let oidc = Arc::new(OpenIdConnect::new(settings).expect("settings"));
        let console = rollcall_console::router(
            house.channel.clone(),
            rollcall_console::Settings {
                public_url: None,
                is_encrypted: false,
                oidc: Some(oidc),
                core_timeout: Duration::from_secs(30),
                now: real_now,
            },
        );
        let discovery = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/keys"),
            "userinfo_endpoint": format!("{issuer}/me"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["EdDSA"],
        });
        let keys = json!({ "keys": [{
            "kty": "OKP",
            "crv": "Ed25519",
            "use": "sig",
            "alg": "EdDSA",
            "kid": "k1",
            "x": BASE64URL_NOPAD.encode(key(1).public_key().as_ref()),
        }] });
        script(|script| {
            script.discovery = self.discovery.answer(discovery);
            script.keys = self.keys.answer(keys);
        });
        let started = asked(&console, "/admin/oidc/start?to=/admin/keys", None).await;
        let Some((state, nonce, cookie)) = begun(&started) else { return };
        let (token, claims) = self.token(&issuer, &nonce);
        script(|script| {
            let tokens =
                json!({ "access_token": "at", "token_type": "Bearer", "id_token": token, "expires_in": 60 });
            script.tokens = self.tokens.answer(tokens);
            script.told = self.told.answer(json!({ "sub": claims.get("sub") }));
        });
        let mut address = format!("/admin/oidc/callback?state={state}&code={}", encoded(&self.code));
        if let Some(issuer) = &self.issuer {
            address += &format!("&iss={}", encoded(issuer));
        }
        if let Some(error) = &self.error {
            address += &format!("&error={}", encoded(error));
        }
        let answer = asked(&console, &address, Some(&cookie)).await;
        let sets_session = answer
            .headers
            .get_all(header::SET_COOKIE)
            .iter()
            .any(|cookie| cookie.to_str().is_ok_and(|cookie| cookie.starts_with("rollcall-session=")));
        assert_eq!(sets_session, answer.status == StatusCode::OK, "{answer:?}");
        assert!(sets_session || !self.is_good(), "{answer:?}");
        if sets_session {
            self.was_right(&issuer, &nonce, &claims);
        }
    }

    /// The token, and the claims that were signed.
    fn token(&self, issuer: &str, nonce: &str) -> (String, Map<String, Value>) {
        let now = real_now() / 1_000_000;
        let claims = json!({
            "iss": issuer,
            "sub": "17",
            "aud": CLIENT,
            "exp": now + 600,
            "iat": now,
            "nonce": nonce,
            "email": "ana@example.com",
            "email_verified": true,
        });
        let claims = changed(claims, &self.claims);
        let mut head = json!({ "alg": "EdDSA", "kid": "k1" });
        for (name, value) in &self.head {
            head[name.text(&[]).as_ref()] = value.value(&[]);
        }
        let payload = match self.token {
            TokenText::OwnPayload(bytes) => bytes.to_vec(),
            _ => Value::from(claims.clone()).to_string().into_bytes(),
        };
        let signed = format!(
            "{}.{}",
            BASE64URL_NOPAD.encode(head.to_string().as_bytes()),
            BASE64URL_NOPAD.encode(&payload)
        );
        let by = if matches!(self.token, TokenText::OtherKey) { key(2) } else { key(1) };
        let mut token = format!("{signed}.{}", BASE64URL_NOPAD.encode(by.sign(signed.as_bytes()).as_ref()));
        match self.token {
            TokenText::Own(own) => token = own.to_owned(),
            TokenText::Spoilt(at, with) => {
                let mut bytes = token.into_bytes();
                let at = usize::from(at) % bytes.len();
                bytes[at] = b' ' + with % 90;
                token = String::from_utf8(bytes).expect("ASCII");
            }
            _ => {}
        }
        (token, claims)
    }

    /// Whether all is as it should be.
    fn is_good(&self) -> bool {
        let documents = [&self.discovery, &self.keys, &self.tokens];
        documents.iter().all(|document| matches!(document, Document::Good))
            && self.head.is_empty()
            && self.claims.is_empty()
            && matches!(self.token, TokenText::Signed)
            && self.issuer.is_none()
            && self.error.is_none()
            && !self.code.text(&[]).is_empty()
    }

    /// Whoever came in is an administrator by a token of the provider's key, or by what it says of them beside.
    fn was_right(&self, issuer: &str, nonce: &str, claims: &Map<String, Value>) {
        // Keys and tokens that the fuzzer made up could be right, and are not looked into.
        if !matches!(self.token, TokenText::Signed)
            || !matches!(
                (&self.keys, &self.tokens, &self.discovery),
                (Document::Good, Document::Good, Document::Good)
            )
        {
            assert!(!matches!(self.token, TokenText::OtherKey) || !matches!(self.keys, Document::Good));
            return;
        }
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        assert_eq!(text("iss"), Some(issuer), "{claims:?}");
        assert_eq!(text("nonce"), Some(nonce), "{claims:?}");
        let is_for_us = match claims.get("aud") {
            Some(Value::Array(all)) => all.iter().any(|one| one == CLIENT),
            Some(one) => one == CLIENT,
            None => false,
        };
        assert!(is_for_us, "{claims:?}");
        let seconds = |name: &str| claims.get(name).and_then(Value::as_f64).unwrap_or_default();
        let now = (real_now() / 1_000_000) as f64;
        assert!(seconds("exp") >= now - 5.0, "{claims:?}");
        assert!(seconds("nbf") <= now + 125.0 && seconds("iat") <= now + 125.0, "{claims:?}");
        let is_named = matches!(self.told, Document::Changed(_) | Document::Raw(..))
            || text("email").is_some_and(|email| email.eq_ignore_ascii_case("ana@example.com"))
                && matches!(claims.get("email_verified"), Some(Value::Bool(true) | Value::String(_)));
        let has_role = match claims.get("roles") {
            Some(Value::Array(roles)) => roles.iter().any(|role| role == "work"),
            Some(role) => role == "work",
            None => false,
        };
        assert!(is_named || has_role, "{claims:?}");
    }
}

fn script(write: impl FnOnce(&mut Script)) {
    write(&mut SCRIPT.get_or_init(Arc::default).lock().expect("a script"));
}

fn encoded(text: &Text<'_>) -> String {
    percent_encoding::utf8_percent_encode(&text.text(&[]), percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// The time of this machine, which the library of the console asks too. What is known of a provider is another's each time.
fn real_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time");
    i64::try_from(since.as_micros()).expect("a time")
}

/// Asks the console; each time somebody else does.
async fn asked(console: &Router, address: &str, cookie: Option<&str>) -> Answer {
    static PEERS: AtomicU64 = AtomicU64::new(1);
    let mut request = Request::get(address).header(header::HOST, "localhost");
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    let mut request = request.body(Body::empty()).expect("a request");
    let peer = Ipv6Addr::from_bits(PEERS.fetch_add(1, Ordering::Relaxed).into());
    request.extensions_mut().insert(Peer(IpAddr::V6(peer)));
    let answer = ask(console, request).await;
    assert_ne!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{answer:?}");
    let kind =
        answer.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    assert!(answer.status.is_redirection() || kind.starts_with("text/html"), "{answer:?}");
    answer
}

/// The state and the nonce of a sign-in that has begun, and the cookie.
fn begun(answer: &Answer) -> Option<(String, String, String)> {
    let location = answer.headers.get(header::LOCATION)?.to_str().ok()?;
    let (_, query) = location.split_once('?')?;
    let given = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.find(|(known, _)| *known == name)?;
        Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
    };
    let cookie = answer.headers.get(header::SET_COOKIE)?.to_str().ok()?.split(';').next()?.to_owned();
    Some((given("state")?, given("nonce")?, cookie))
}

impl Name<'_> {
    fn text(&self) -> &str {
        match self {
            Self::Known(at) => NAMES[usize::from(*at) % NAMES.len()],
            Self::Own(own) => own,
        }
    }
}

fn changed(document: Value, changes: &[Change<'_>]) -> Map<String, Value> {
    let Value::Object(mut members) = document else { return Map::new() };
    for Change { name, value } in changes {
        match value {
            Some(value) => drop(members.insert(name.text().to_owned(), value.value(&[]))),
            None => drop(members.shift_remove(name.text())),
        }
    }
    members
}

impl Document<'_> {
    /// The status, the body and its type.
    fn answer(&self, good: Value) -> (u16, Vec<u8>, String) {
        let json = "application/json".to_owned();
        match self {
            Self::Good => (200, good.to_string().into_bytes(), json),
            Self::Changed(changes) => {
                (200, Value::from(changed(good, changes)).to_string().into_bytes(), json)
            }
            // 100 to 199 are no answers yet.
            Self::Raw(status, bytes) => (200 + status % 400, bytes.to_vec(), json),
            Self::Typed(kind) => (200, good.to_string().into_bytes(), (*kind).to_owned()),
        }
    }
}
