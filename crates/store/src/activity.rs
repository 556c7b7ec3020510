//! The activity log.

use async_trait::async_trait;
use uuid::Uuid;

use crate::Result;

/// What of a directory's SCIM requests is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActivitySettings {
    /// Which of them.
    pub recording: Recording,
    /// For how many days.
    pub days: u32,
    /// How many at most.
    pub entries: u32,
    /// Whether personal data in them is replaced, and not only secrets.
    pub redact_personal_data: bool,
}

impl Default for ActivitySettings {
    fn default() -> Self {
        Self { recording: Recording::All, days: 30, entries: 100_000, redact_personal_data: false }
    }
}

/// Which requests are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Recording {
    /// All of them.
    #[default]
    All,
    /// Those that failed or were to change something.
    FailuresAndWrites,
    /// None.
    Off,
}

impl Recording {
    /// The name as it is written in settings and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::FailuresAndWrites => "failures-and-writes",
            Self::Off => "off",
        }
    }

    /// The recording of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::All, Self::FailuresAndWrites, Self::Off]
            .into_iter()
            .find(|recording| recording.as_str() == name)
    }
}

/// A SCIM request that was answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Activity {
    /// The directory whose credential it came with; the nil id, it was none that is known.
    pub directory: Uuid,
    /// A UUIDv7 of when it was recorded.
    pub id: Uuid,
    /// When it came in, in µs.
    pub time: i64,
    /// How long it took, in µs.
    pub duration: i64,
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The query.
    pub query: Option<String>,
    /// `User` or `Group`.
    pub target_type: Option<String>,
    /// The id that the path names, or that a new resource was given.
    pub target_id: Option<String>,
    /// The HTTP status of the answer.
    pub status: i64,
    /// The `scimType` of the answer.
    pub scim_type: Option<String>,
    /// The detail of an error.
    pub detail: Option<String>,
    /// The credential.
    pub credential: Option<Uuid>,
    /// The first characters of the credential.
    pub token_prefix: Option<String>,
    /// The address that it came from.
    pub client: String,
    /// The User-Agent.
    pub user_agent: Option<String>,
    /// The id of the request.
    pub request_id: String,
    /// What was noted beside the answer.
    pub notes: Vec<String>,
    /// What it calls users and groups, folded: names, addresses and ids of the identity provider.
    pub names: Vec<String>,
    /// The body of the request; not read by lists.
    pub request_body: Option<Body>,
    /// The body of the answer; not read by lists.
    pub response_body: Option<Body>,
}

/// A body, as far as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// JSON.
    pub json: String,
    /// Whether there was more of it.
    pub cut: bool,
    /// The length of the whole body in bytes.
    pub bytes: i64,
}

/// How many requests came in within a span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActivityCount {
    /// The number of the span, from 0 on.
    pub span: i64,
    /// How many came in.
    pub requests: i64,
    /// How many of them got a status of 400 or more.
    pub failures: i64,
}

/// Which requests.
#[derive(Debug, Clone, Copy, Default)]
pub struct ActivityQuery<'a> {
    /// Those with a status from this one on.
    pub min_status: Option<i64>,
    /// Those with a status up to this one.
    pub max_status: Option<i64>,
    /// Those with this method.
    pub method: Option<&'a str>,
    /// Those whose path or query contains this text, whatever its case.
    pub path_contains: Option<&'a str>,
    /// Those about this user or group.
    pub target: Option<&'a str>,
    /// Those about somebody who is called so.
    pub about: Option<Named<'a>>,
    /// Those from this time on, in µs.
    pub from: Option<i64>,
    /// Those before this time, in µs.
    pub until: Option<i64>,
    /// That with this request id.
    pub request_id: Option<&'a str>,
    /// Those with the credential that begins so.
    pub token_prefix: Option<&'a str>,
    /// Those with one of these request ids; empty, all.
    pub request_ids: &'a [String],
}

/// Users and groups by a part of what they are called.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    /// A part of a name, folded, as requests may have it.
    pub part: &'a str,
    /// Who is known to be called so: requests need not name them.
    pub ids: &'a [Uuid],
}

/// Which part of a list of requests, and in which order.
#[derive(Debug, Clone, Copy)]
pub enum ActivityPart {
    /// From the newest back, those that were recorded before this one.
    Before(Option<Uuid>),
    /// From the oldest on, those between these two, both excluded.
    Between(Uuid, Uuid),
}

/// Reading the activity log.
#[async_trait]
pub trait ActivityReading {
    /// How many SCIM requests of a directory came in, and how many of them failed, in each span of so many µs from a time on
    /// until another; spans without a request are left out.
    async fn activity_counts(
        &self,
        directory: Uuid,
        from: i64,
        until: i64,
        span: i64,
    ) -> Result<Vec<ActivityCount>>;

    /// SCIM requests of a directory without their bodies, in the order of the part that is asked for.
    async fn activities(
        &self,
        directory: Uuid,
        query: &ActivityQuery<'_>,
        part: ActivityPart,
        limit: u32,
    ) -> Result<Vec<Activity>>;

    /// A SCIM request of a directory, with its bodies.
    async fn activity(&self, directory: Uuid, id: Uuid) -> Result<Option<Activity>>;
}

/// Writing the activity log.
#[async_trait]
pub trait ActivityWriting {
    /// Notes that a call with this id recorded requests, at a time in µs. `false`: it has done so before.
    async fn note_recorded_call(&mut self, id: &str, now: i64) -> Result<bool>;

    /// Forgets the calls that were noted before a time in µs.
    async fn forget_recorded_calls(&mut self, before: i64) -> Result<()>;

    /// Adds SCIM requests to the activity log.
    async fn insert_activities(&mut self, activities: &[Activity]) -> Result<()>;

    /// Deletes the oldest SCIM requests of a directory: those that were recorded before an id, and `surplus` of them in any
    /// case, but no more than `limit` at once. Returns how many.
    async fn trim_activities(
        &mut self,
        directory: Uuid,
        before: Uuid,
        surplus: i64,
        limit: u32,
    ) -> Result<u64>;
}
