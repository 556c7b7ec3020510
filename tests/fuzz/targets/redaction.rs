//! What is kept of a request for the activity log: a secret that it came with, or that stands under the name of one in its body,
//! is in nothing that is kept, wherever else it is repeated.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use rollcall_api::v1::AnsweredRequest;
use rollcall_fuzz::json::{Json, object};
use rollcall_fuzz::text::Text;
use serde_json::{Value, json};

/// Secrets, of which no part but the whole is looked for. None is found in what no secret has been put into.
const SECRETS: [&str; 8] = [
    "zQ7kWx-hunter2",
    "zQ7kWx+hunter/2==",
    "zQ7kWx\"hunter\\2",
    "zQ7kWx hunter 2",
    "zQ7kWx%68unter2",
    "zQ7kWx&hunter=2",
    "zQ7kWx\u{e9}hunt\u{20ac}r2",
    "rc_scim_zq7kwxhunter2abcdefghijklmnop",
];

/// What stands in a query as it is.
const QUERY: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'%').add(b'&').add(b'+').add(b'=');

#[derive(Debug, Arbitrary)]
struct Sent<'a> {
    secret: u8,
    /// Whether the request came with it; else it stands under the name of a secret in the body.
    presented: bool,
    name: u8,
    personal: bool,
    path: Vec<Part<'a>>,
    query: Vec<(Part<'a>, Part<'a>)>,
    target: Part<'a>,
    detail: Vec<Part<'a>>,
    user_agent: Part<'a>,
    notes: Vec<Part<'a>>,
    body: Vec<(Text<'a>, Json<'a>)>,
    places: Vec<(Part<'a>, Part<'a>)>,
    answer: Json<'a>,
    answered: Part<'a>,
    cut: Option<u16>,
}

/// A part of a text.
#[derive(Debug, Clone, Arbitrary)]
enum Part<'a> {
    Text(Text<'a>),
    Secret,
    /// The secret between two texts.
    Within(&'a str, &'a str),
}

impl Part<'_> {
    fn text(&self, secret: &str) -> String {
        match self {
            Self::Text(text) => text.text(&[]).into_owned(),
            Self::Secret => secret.to_owned(),
            Self::Within(before, behind) => format!("{before}{secret}{behind}"),
        }
    }
}

fuzz_target!(|sent: Sent<'_>| {
    let secret = SECRETS[usize::from(sent.secret) % SECRETS.len()];
    let (authorization, request) = sent.request(secret);
    let kept = rollcall_core::fuzzing::kept(&authorization, &request, sent.personal);
    for (what, text) in kept {
        assert!(!text.contains(secret), "{what} has the secret {secret:?}: {text:?}\n{request:?}");
        let decoded = percent_decode_str(&text).decode_utf8_lossy();
        let is_url = matches!(what, "path" | "query");
        assert!(!is_url || !decoded.contains(secret), "{what} has the secret {secret:?}: {text:?}");
        if matches!(what, "request body" | "response body") && !text.is_empty() {
            let body: Value = serde_json::from_str(&text).expect("a body is kept as JSON");
            assert!(!has_secret(&body, secret), "{what} has the secret {secret:?}: {text:?}");
        }
    }
});

fn has_secret(value: &Value, secret: &str) -> bool {
    match value {
        Value::String(text) => text.contains(secret),
        Value::Array(values) => values.iter().any(|value| has_secret(value, secret)),
        Value::Object(members) => {
            members.iter().any(|(name, value)| name.contains(secret) || has_secret(value, secret))
        }
        _ => false,
    }
}

impl Sent<'_> {
    /// The header `Authorization` of the request, and what is told of it.
    fn request(&self, secret: &str) -> (String, AnsweredRequest) {
        let texts = |parts: &[Part<'_>]| parts.iter().map(|part| part.text(secret)).collect::<Vec<_>>();
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let path = texts(&self.path).iter().map(|part| format!("/{}", encoded(part))).collect();
        let query: Vec<String> = self
            .query
            .iter()
            .map(|(name, value)| {
                let (name, value) = (name.text(secret), value.text(secret));
                format!("{}={}", encoded(&name), utf8_percent_encode(&value, QUERY))
            })
            .collect();
        let request_body = self.body(secret).to_string().into_bytes();
        let bytes = i64::try_from(request_body.len()).unwrap_or(i64::MAX);
        let cut = self.cut.map_or(usize::MAX, usize::from).min(request_body.len());
        let mut answer = json!({ "detail": self.answered.text(secret) });
        answer["more"] = self.answer.value(&[]);
        let response_body = answer.to_string().into_bytes();
        let authorization = match self.presented {
            true => format!("Bearer {secret}"),
            false => "Bearer another-credential".to_owned(),
        };
        let request = AnsweredRequest {
            method: "POST".to_owned(),
            status: 400,
            path,
            query: query.join("&"),
            target_id: self.target.text(secret),
            detail: texts(&self.detail).join(" "),
            user_agent: self.user_agent.text(secret),
            notes: texts(&self.notes),
            // Where the secret is in no credential, it is known from the body: all of it has to be there.
            request_body: if self.presented { request_body[..cut].to_vec() } else { request_body },
            request_body_bytes: bytes,
            response_body_bytes: i64::try_from(response_body.len()).unwrap_or(i64::MAX),
            response_body,
            ..Default::default()
        };
        (authorization, request)
    }

    fn body(&self, secret: &str) -> Value {
        let names = ["password", "client_secret", "PassWord", "token", "urn:x:password", "apiKey"];
        let name = names[usize::from(self.name) % names.len()];
        let mut body = serde_json::Map::new();
        if !self.presented {
            body.insert(name.to_owned(), secret.into());
        }
        body.extend(object(&self.body, &[]).into_iter().filter(|(other, _)| other != name));
        let places = self.places.iter().map(|(name, part)| (name.text(secret), part.text(secret).into()));
        body.extend(places.filter(|(other, _): &(String, Value)| other != name));
        body.into()
    }
}
