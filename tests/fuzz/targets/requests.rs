//! Whole requests to the gateway in front of a core: what comes in some order from an identity provider that may send anything.
//! No request is the server's fault, each is refused in the form of SCIM, and what was made can be read.

#![no_main]

use std::fmt::Write as _;

use arbitrary::Arbitrary;
use axum::body::Body;
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, header};
use libfuzzer_sys::fuzz_target;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rollcall_api::v1::Profile;
use rollcall_fuzz::answer::{Answer, ask};
use rollcall_fuzz::house::{self, Directory, House, PUBLIC_URL};
use rollcall_fuzz::json::{Json, object};
use rollcall_fuzz::text::Text;
use serde_json::{Map, Value, json};

/// Requests of one input at most.
const STEPS: usize = 12;
/// The longest body, in bytes: what is longer only takes longer.
const LONGEST_BODY: usize = 64 * 1024;

/// What an identity provider sends.
#[derive(Debug, Arbitrary)]
struct Visit<'a> {
    profile: u8,
    steps: Vec<Step<'a>>,
}

#[derive(Debug, Arbitrary)]
struct Step<'a> {
    method: Verb<'a>,
    place: Place<'a>,
    query: Vec<(Text<'a>, Text<'a>)>,
    headers: Vec<(Header<'a>, Text<'a>)>,
    body: Content<'a>,
}

#[derive(Debug, Arbitrary)]
enum Verb<'a> {
    Get,
    Post,
    Put,
    Patch,
    Delete,
    Head,
    Options,
    Other(&'a str),
}

#[derive(Debug, Arbitrary)]
enum Place<'a> {
    Users,
    Groups,
    User(Text<'a>),
    Group(Text<'a>),
    UserSearch,
    GroupSearch,
    Search,
    Bulk,
    Me,
    Root,
    Schemas,
    Schema(Text<'a>),
    ResourceTypes,
    ResourceType(Text<'a>),
    Config,
    OpenApi,
    Other(Vec<Text<'a>>),
    /// As it is.
    Raw(&'a str),
}

#[derive(Debug, Arbitrary)]
enum Header<'a> {
    IfMatch,
    IfNoneMatch,
    Accept,
    ContentType,
    ContentEncoding,
    Authorization,
    Host,
    ForwardedFor,
    RequestId,
    UserAgent,
    Other(&'a str),
}

#[derive(Debug, Arbitrary)]
enum Content<'a> {
    Nothing,
    Raw(&'a [u8]),
    Json(Json<'a>),
    /// A user or a group with these members.
    Resource {
        is_group: bool,
        name: Text<'a>,
        others: Vec<(Text<'a>, Json<'a>)>,
    },
    Patch(Vec<Operation<'a>>),
    Bulk {
        fail_on_errors: Option<i8>,
        operations: Vec<Change<'a>>,
    },
    Search(Vec<(Text<'a>, Json<'a>)>),
}

#[derive(Debug, Arbitrary)]
struct Operation<'a> {
    op: u8,
    path: Option<Text<'a>>,
    value: Option<Json<'a>>,
}

#[derive(Debug, Arbitrary)]
struct Change<'a> {
    method: u8,
    is_group: bool,
    id: Option<Text<'a>>,
    bulk_id: Option<Text<'a>>,
    version: Option<Text<'a>>,
    name: Text<'a>,
    data: Vec<(Text<'a>, Json<'a>)>,
}

fuzz_target!(|visit: Visit<'_>| {
    house::run(async |house| {
        let profile = [Profile::Generic, Profile::Okta, Profile::Entra][usize::from(visit.profile) % 3];
        let directory = house.directory(profile).await;
        let mut ids = Vec::new();
        for step in visit.steps.iter().take(STEPS) {
            step.take(house, &directory, &mut ids).await;
        }
    });
});

impl Step<'_> {
    /// Sends the request, and judges its answer.
    async fn take(&self, house: &House, directory: &Directory, ids: &mut Vec<String>) {
        let Some(request) = self.request(directory, ids) else { return };
        let method = request.method().clone();
        let is_token =
            request.uri().path().split('/').filter(|part| !part.is_empty()).eq(["oauth2", "token"]);
        let is_probe = matches!(request.uri().path().trim_matches('/'), "healthz" | "readyz");
        let is_projected = request.uri().query().is_some();
        let answer = ask(&house.router, request).await;
        if is_probe {
            return;
        }
        if is_token {
            assert!(!answer.status.is_server_error(), "{answer:?}");
            return;
        }
        answer.judge(&method);
        if answer.status == StatusCode::CREATED {
            read_back(house, directory, &answer, is_projected, ids).await;
        }
    }

    fn request(&self, directory: &Directory, ids: &[String]) -> Option<Request<Body>> {
        let mut uri = self.place.path(ids);
        for (at, (name, value)) in self.query.iter().enumerate() {
            uri.push(if at == 0 && !uri.contains('?') { '?' } else { '&' });
            write!(uri, "{}={}", encoded(&name.text(ids)), encoded(&value.text(ids))).ok()?;
        }
        let body = self.body.bytes(ids);
        if body.len() > LONGEST_BODY {
            return None;
        }
        let mut request =
            Request::builder().method(self.method.method()?).uri(uri).body(Body::from(body)).ok()?;
        let headers = request.headers_mut();
        headers.insert(header::HOST, HeaderValue::from_static("id.example.com"));
        headers.insert(header::AUTHORIZATION, format!("Bearer {}", directory.token).parse().ok()?);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/scim+json"));
        for (name, value) in &self.headers {
            let value = HeaderValue::from_bytes(value.text(ids).as_bytes()).ok()?;
            match name {
                Header::Host | Header::ContentType => drop(headers.insert(name.name()?, value)),
                _ => drop(headers.append(name.name()?, value)),
            }
        }
        Some(request)
    }
}

/// What was made is there, under the URL that was given for it, as it was shown.
async fn read_back(
    house: &House,
    directory: &Directory,
    made: &Answer,
    is_projected: bool,
    ids: &mut Vec<String>,
) {
    let location = made.headers.get(header::LOCATION).and_then(|url| url.to_str().ok()).expect("a Location");
    let path = location.strip_prefix(PUBLIC_URL).expect("a URL of this server");
    let request = Request::get(path)
        .header(header::HOST, "id.example.com")
        .header(header::AUTHORIZATION, format!("Bearer {}", directory.token))
        .body(Body::empty())
        .expect("a Location is a URL");
    let read = ask(&house.router, request).await;
    read.judge(&Method::GET);
    assert_eq!(read.status, StatusCode::OK, "{made:?} {read:?}");
    if !is_projected {
        assert_eq!(without_members(made.object()), without_members(read.object()));
    }
    ids.extend(read.object().get("id").and_then(Value::as_str).map(str::to_owned));
}

/// Members are in no order.
fn without_members(mut resource: Map<String, Value>) -> Map<String, Value> {
    resource.shift_remove("members");
    resource
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

impl Verb<'_> {
    fn method(&self) -> Option<Method> {
        Some(match self {
            Self::Get => Method::GET,
            Self::Post => Method::POST,
            Self::Put => Method::PUT,
            Self::Patch => Method::PATCH,
            Self::Delete => Method::DELETE,
            Self::Head => Method::HEAD,
            Self::Options => Method::OPTIONS,
            Self::Other(name) => Method::from_bytes(name.as_bytes()).ok()?,
        })
    }
}

impl Place<'_> {
    fn path(&self, ids: &[String]) -> String {
        let under = |folder: &str, text: &Text<'_>| format!("/scim/v2/{folder}/{}", encoded(&text.text(ids)));
        match self {
            Self::Users => "/scim/v2/Users".to_owned(),
            Self::Groups => "/scim/v2/Groups".to_owned(),
            Self::User(id) => under("Users", id),
            Self::Group(id) => under("Groups", id),
            Self::UserSearch => "/scim/v2/Users/.search".to_owned(),
            Self::GroupSearch => "/scim/v2/Groups/.search".to_owned(),
            Self::Search => "/scim/v2/.search".to_owned(),
            Self::Bulk => "/scim/v2/Bulk".to_owned(),
            Self::Me => "/scim/v2/Me".to_owned(),
            Self::Root => "/scim/v2".to_owned(),
            Self::Schemas => "/scim/v2/Schemas".to_owned(),
            Self::Schema(urn) => under("Schemas", urn),
            Self::ResourceTypes => "/scim/v2/ResourceTypes".to_owned(),
            Self::ResourceType(name) => under("ResourceTypes", name),
            Self::Config => "/scim/v2/ServiceProviderConfig".to_owned(),
            Self::OpenApi => "/openapi.json".to_owned(),
            Self::Other(parts) => parts.iter().map(|part| format!("/{}", encoded(&part.text(ids)))).collect(),
            Self::Raw(path) => (*path).to_owned(),
        }
    }
}

impl Header<'_> {
    fn name(&self) -> Option<HeaderName> {
        Some(match self {
            Self::IfMatch => header::IF_MATCH,
            Self::IfNoneMatch => header::IF_NONE_MATCH,
            Self::Accept => header::ACCEPT,
            Self::ContentType => header::CONTENT_TYPE,
            Self::ContentEncoding => header::CONTENT_ENCODING,
            Self::Authorization => header::AUTHORIZATION,
            Self::Host => header::HOST,
            Self::ForwardedFor => HeaderName::from_static("x-forwarded-for"),
            Self::RequestId => HeaderName::from_static("x-request-id"),
            Self::UserAgent => header::USER_AGENT,
            Self::Other(name) => name.parse().ok()?,
        })
    }
}

impl Content<'_> {
    fn bytes(&self, ids: &[String]) -> Vec<u8> {
        let value = match self {
            Self::Nothing => return Vec::new(),
            Self::Raw(bytes) => return bytes.to_vec(),
            Self::Json(json) => json.value(ids),
            Self::Resource { is_group, name, others } => resource(*is_group, name, others, ids),
            Self::Patch(operations) => patch(operations, ids),
            Self::Bulk { fail_on_errors, operations } => {
                let operations: Vec<Value> = operations.iter().map(|change| change.value(ids)).collect();
                let mut body = json!({
                    "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
                    "Operations": operations,
                });
                if let Some(errors) = fail_on_errors {
                    body["failOnErrors"] = (*errors).into();
                }
                body
            }
            Self::Search(members) => {
                let mut body = object(members, ids);
                body.insert(
                    "schemas".to_owned(),
                    json!(["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]),
                );
                body.into()
            }
        };
        value.to_string().into_bytes()
    }
}

fn resource(is_group: bool, name: &Text<'_>, others: &[(Text<'_>, Json<'_>)], ids: &[String]) -> Value {
    let (urn, naming) = match is_group {
        true => ("urn:ietf:params:scim:schemas:core:2.0:Group", "displayName"),
        false => ("urn:ietf:params:scim:schemas:core:2.0:User", "userName"),
    };
    let mut body = json!({ "schemas": [urn] });
    body[naming] = name.text(ids).into();
    if let Value::Object(body) = &mut body {
        body.extend(object(others, ids));
    }
    body
}

fn patch(operations: &[Operation<'_>], ids: &[String]) -> Value {
    let operations: Vec<Value> = operations.iter().map(|operation| operation.value(ids)).collect();
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations })
}

impl Operation<'_> {
    fn value(&self, ids: &[String]) -> Value {
        let op = ["add", "remove", "replace", "Replace", "move"][usize::from(self.op) % 5];
        let mut value = json!({ "op": op });
        if let Some(path) = &self.path {
            value["path"] = path.text(ids).into();
        }
        if let Some(sent) = &self.value {
            value["value"] = sent.value(ids);
        }
        value
    }
}

impl Change<'_> {
    fn value(&self, ids: &[String]) -> Value {
        let method = ["POST", "PUT", "PATCH", "DELETE", "post", "GET"][usize::from(self.method) % 6];
        let folder = if self.is_group { "/Groups" } else { "/Users" };
        let path = match &self.id {
            Some(id) => format!("{folder}/{}", id.text(ids)),
            None => folder.to_owned(),
        };
        let mut value = json!({ "method": method, "path": path });
        if let Some(bulk_id) = &self.bulk_id {
            value["bulkId"] = bulk_id.text(ids).into();
        }
        if let Some(version) = &self.version {
            value["version"] = version.text(ids).into();
        }
        match method {
            "PATCH" => {
                let operation = json!({ "op": "add", "value": object(&self.data, ids) });
                value["data"] = json!({
                    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                    "Operations": [operation],
                });
            }
            "DELETE" => {}
            _ => value["data"] = resource(self.is_group, &self.name, &self.data, ids),
        }
        value
    }
}
