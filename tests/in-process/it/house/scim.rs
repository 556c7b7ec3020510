//! A SCIM client that is as strict as an identity provider.

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// The URN of users.
pub(crate) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The URN of groups.
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// The URN of the enterprise extension.
pub(crate) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// A client with a token. No answer may be a fault of the server, whatever was sent.
#[derive(Debug, Clone)]
pub(crate) struct Scim {
    router: Router,
    token: Option<String>,
}

/// What was answered to a request, which is named for a failed assertion.
#[derive(Debug)]
pub(crate) struct Answer {
    asked: String,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Scim {
    pub(crate) fn new(router: Router, token: Option<&str>) -> Self {
        Self { router, token: token.map(str::to_owned) }
    }

    /// Sends a request: `METHOD /path`, more headers, and a body.
    pub(crate) async fn send(&self, line: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Answer {
        let (method, path) = line.split_once(' ').unwrap();
        let uri = format!("/scim/v2{}", path.replace(' ', "%20").replace('"', "%22"));
        let mut request = Request::builder().method(method).uri(uri).header("host", "id.example.com");
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if body.is_some() {
            request = request.header("content-type", "application/scim+json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let answer = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let answer = Answer { asked: line.to_owned(), status: parts.status, headers: parts.headers, text };
        let is_fault = answer.status.is_server_error() && answer.status != StatusCode::NOT_IMPLEMENTED;
        assert!(!is_fault, "{answer:?}");
        answer
    }

    /// Reads.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(&format!("GET {path}"), &[], None).await
    }

    /// Creates or asks.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(&format!("POST {path}"), &[], Some(&body)).await
    }

    /// Replaces.
    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(&format!("PUT {path}"), &[], Some(&body)).await
    }

    /// Changes by operations, an array.
    pub(crate) async fn patch(&self, path: &str, operations: Value) -> Answer {
        let body = json!({ "schemas": [PATCH_OP], "Operations": operations });
        self.send(&format!("PATCH {path}"), &[], Some(&body)).await
    }

    /// Deletes.
    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(&format!("DELETE {path}"), &[], None).await
    }

    /// Creates a user with these attributes.
    pub(crate) async fn create_user(&self, attributes: Value) -> Value {
        self.post("/Users", body_of(USER, attributes)).await.created()
    }

    /// Creates a user with this userName and nothing else.
    pub(crate) async fn user(&self, user_name: &str) -> Value {
        self.create_user(json!({ "userName": user_name })).await
    }

    /// Creates a group with these attributes.
    pub(crate) async fn create_group(&self, attributes: Value) -> Value {
        self.post("/Groups", body_of(GROUP, attributes)).await.created()
    }

    /// Creates a group with this name and these members.
    pub(crate) async fn group(&self, name: &str, members: &[&Value]) -> Value {
        let members: Vec<Value> = members.iter().map(|member| json!({ "value": id(member) })).collect();
        self.create_group(json!({ "displayName": name, "members": members })).await
    }

    /// A user as it is now.
    pub(crate) async fn read_user(&self, user: &Value) -> Value {
        self.get(&format!("/Users/{}", id(user))).await.ok()
    }

    /// A group as it is now.
    pub(crate) async fn read_group(&self, group: &Value) -> Value {
        self.get(&format!("/Groups/{}", id(group))).await.ok()
    }

    /// Patches a user, and gives it as a GET then has it.
    pub(crate) async fn change_user(&self, user: &Value, operations: Value) -> Value {
        let changed = self.patch(&format!("/Users/{}", id(user)), operations).await.ok();
        let read = self.read_user(user).await;
        assert_eq!(changed, read, "the answer to the PATCH is not what a GET says");
        read
    }

    /// Replaces a user, and gives it as a GET then has it.
    pub(crate) async fn replace_user(&self, user: &Value, attributes: Value) -> Value {
        let replaced = self.put(&format!("/Users/{}", id(user)), body_of(USER, attributes)).await.ok();
        let read = self.read_user(user).await;
        assert_eq!(replaced, read, "the answer to the PUT is not what a GET says");
        read
    }

    /// Patches a group, and gives it as a GET then has it.
    pub(crate) async fn change_group(&self, group: &Value, operations: Value) -> Value {
        let answer = self.patch(&format!("/Groups/{}", id(group)), operations).await;
        assert!(answer.status.is_success(), "{answer:?}");
        self.read_group(group).await
    }

    /// Replaces a group, and gives it as a GET then has it.
    pub(crate) async fn replace_group(&self, group: &Value, attributes: Value) -> Value {
        self.put(&format!("/Groups/{}", id(group)), body_of(GROUP, attributes)).await.ok();
        self.read_group(group).await
    }

    /// Deletes a user.
    pub(crate) async fn delete_user(&self, user: &Value) {
        self.delete(&format!("/Users/{}", id(user))).await.no_content();
    }

    /// Deletes a group.
    pub(crate) async fn delete_group(&self, group: &Value) {
        self.delete(&format!("/Groups/{}", id(group))).await.no_content();
    }

    /// The userNames that a filter finds, in order of creation.
    pub(crate) async fn find(&self, filter: &str) -> Vec<String> {
        let page = self.get(&format!("/Users?filter={filter}")).await.listing();
        texts(&page["Resources"], "userName")
    }
}

impl Answer {
    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The body.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The body of a 200.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{self:?}");
        self.json()
    }

    /// The resource of a 201, with the headers and the `meta` that RFC 7644 §3.3 asks for.
    #[track_caller]
    pub(crate) fn created(self) -> Value {
        assert_eq!(self.status, StatusCode::CREATED, "{self:?}");
        let resource = self.json();
        assert_eq!(self.header("location"), resource["meta"]["location"], "{self:?}");
        assert_eq!(self.header("etag"), resource["meta"]["version"], "{self:?}");
        assert!(self.header("location").ends_with(id(&resource)), "{self:?}");
        resource
    }

    /// An empty 204.
    #[track_caller]
    pub(crate) fn no_content(self) {
        assert_eq!((self.status, self.text.as_str()), (StatusCode::NO_CONTENT, ""), "{self:?}");
    }

    /// A ListResponse whose numbers agree with its resources.
    #[track_caller]
    pub(crate) fn listing(self) -> Value {
        let asked = self.asked.clone();
        let page = self.ok();
        assert_eq!(page["schemas"], json!([LIST]), "{asked}");
        assert_eq!(page["itemsPerPage"], page["Resources"].as_array().unwrap().len(), "{asked}: {page}");
        page
    }

    /// The detail of an error with this status and `scimType`, which is empty where there is none.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, scim_type: &str) -> String {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        let body = self.json();
        assert_eq!(body["schemas"], json!([ERROR]), "{self:?}");
        assert_eq!(body["status"], status.to_string(), "{self:?}");
        assert_eq!(body["scimType"].as_str().unwrap_or_default(), scim_type, "{self:?}");
        body["detail"].as_str().unwrap().to_owned()
    }
}

/// A body with the schemas that its attributes need.
pub(crate) fn body_of(schema: &str, mut attributes: Value) -> Value {
    let object = attributes.as_object_mut().unwrap();
    let extensions = object.keys().filter(|name| name.starts_with("urn:")).cloned();
    let schemas: Vec<String> = std::iter::once(schema.to_owned()).chain(extensions).collect();
    object.entry("schemas").or_insert_with(|| json!(schemas));
    attributes
}

/// The id of a resource.
#[track_caller]
pub(crate) fn id(resource: &Value) -> &str {
    resource["id"].as_str().unwrap_or_else(|| panic!("there is no id in {resource}"))
}

/// A text of each element of an array.
#[track_caller]
pub(crate) fn texts(elements: &Value, name: &str) -> Vec<String> {
    let elements = elements.as_array().map(Vec::as_slice).unwrap_or_default();
    elements.iter().map(|element| element[name].as_str().unwrap_or_default().to_owned()).collect()
}
