//! What a create can cost: axum, the hop in memory, and one thread that owns SQLite's connection and runs whole transactions,
//! many to a commit, each answered after it. No scopes, no schemas, no rules.
//!
//! `create PORT FILE` on a database that Rollcall has made, which it must not use any more afterwards. Each create writes
//! what Rollcall's writes: the user with its indexes, its e-mail addresses, its event with what changed, and the total.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response as HttpResponse};
use axum::routing::post;
use rollcall_load_ceilings::proto::users_client::UsersClient;
use rollcall_load_ceilings::proto::users_server::{Users, UsersServer};
use rollcall_load_ceilings::proto::{GetRequest, GetResponse};
use rollcall_load_ceilings::serve;
use rusqlite::Connection;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use tokio::sync::oneshot;
use tonic::{Request, Response, Status};
use uuid::Uuid;

/// Transactions in one commit at most.
const LARGEST_BATCH: usize = 64;

const TABLES: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE prototype_events (
        number INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE, directory_id BLOB, kind TEXT NOT NULL,
        subject BLOB NOT NULL, version INTEGER, time INTEGER NOT NULL, actor BLOB, request_id TEXT NOT NULL,
        changes TEXT NOT NULL
    ) STRICT;
    CREATE INDEX prototype_events_directory ON prototype_events (directory_id, number);";
const DIRECTORY: &str =
    "SELECT c.directory_id FROM credentials c JOIN directories d ON d.id = c.directory_id WHERE c.hash = ?1";
const USER: &str = "INSERT INTO resources (directory_id, type, id, version, created, modified, unique_name, display_name, \
    external_id, active, label, document, search, administrator, origin, provenance, scim_managed) \
    VALUES (?1, 'User', ?2, 1, ?3, ?3, ?4, NULL, ?5, 1, ?6, ?7, ?8, 0, 'scim', ?9, 1)";
const EMAIL: &str = "INSERT INTO emails (directory_id, value, user_id) VALUES (?1, ?2, ?3)";
const EVENT: &str = "INSERT INTO prototype_events (id, directory_id, kind, subject, version, time, actor, request_id, changes) \
    VALUES (?1, ?2, 'user.created', ?3, 1, ?4, NULL, 'r', ?5)";
const TOTAL: &str = "INSERT INTO totals (directory_id, type, shard, total) VALUES (?1, 'User', 0, 1) \
    ON CONFLICT (directory_id, type, shard) DO UPDATE SET total = total + 1";

/// A create, and who waits for it.
struct Job {
    hash: [u8; 32],
    body: Value,
    done: oneshot::Sender<rusqlite::Result<Vec<u8>>>,
}

#[derive(Clone)]
struct Core(Sender<Job>);

/// What filters would be answered from.
fn folded(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.to_lowercase()),
        Value::Array(values) => Value::Array(values.iter().map(folded).collect()),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.clone(), folded(value))).collect())
        }
        other => other.clone(),
    }
}

fn create(database: &Connection, Job { hash, body, .. }: &Job) -> rusqlite::Result<Vec<u8>> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(now.as_micros()).unwrap_or_default();
    let directory: Vec<u8> =
        database.prepare_cached(DIRECTORY)?.query_row([hash.as_slice()], |row| row.get(0))?;
    let id = Uuid::now_v7();
    let text = |name: &str| body[name].as_str().unwrap_or_default();
    let document = body.to_string();
    let members = body.as_object().into_iter().flatten();
    let changes: Map<String, Value> = members
        .clone()
        .map(|(name, value)| (name.clone(), json!({"before": null, "after": value})))
        .collect();
    let provenance: Map<String, Value> = members.map(|(name, _)| (name.clone(), json!([1, now]))).collect();
    database.prepare_cached(USER)?.execute((
        &directory,
        id.as_bytes().as_slice(),
        now,
        text("userName").to_lowercase(),
        text("externalId"),
        text("displayName"),
        &document,
        folded(body).to_string(),
        Value::Object(provenance).to_string(),
    ))?;
    for email in body["emails"].as_array().into_iter().flatten() {
        let address = email["value"].as_str().unwrap_or_default().to_lowercase();
        database.prepare_cached(EMAIL)?.execute((&directory, address, id.as_bytes().as_slice()))?;
    }
    let event = Uuid::now_v7();
    let changes = Value::Object(changes).to_string();
    database.prepare_cached(EVENT)?.execute((
        event.as_bytes().as_slice(),
        &directory,
        id.as_bytes().as_slice(),
        now,
        changes,
    ))?;
    database.prepare_cached(TOTAL)?.execute([&directory])?;
    let meta = json!({
        "resourceType": "User",
        "created": now,
        "lastModified": now,
        "version": "W/\"1\"",
        "location": format!("http://127.0.0.1:8080/scim/v2/Users/{id}"),
    });
    let beginning = document.strip_suffix('}').unwrap_or(&document);
    Ok(format!("{beginning},\"id\":\"{id}\",\"meta\":{meta}}}").into_bytes())
}

/// Runs one job in a part of the transaction of its own.
fn part(database: &Connection, job: &Job) -> rusqlite::Result<Vec<u8>> {
    database.prepare_cached("SAVEPOINT part")?.execute([])?;
    let created = create(database, job);
    if created.is_err() {
        database.prepare_cached("ROLLBACK TO part")?.execute([])?;
    }
    database.prepare_cached("RELEASE part")?.execute([])?;
    created
}

fn write(database: &Connection, jobs: &Receiver<Job>) -> rusqlite::Result<()> {
    while let Ok(first) = jobs.recv() {
        database.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let mut answers = Vec::new();
        let mut next = Some(first);
        while let Some(job) = next {
            let answer = part(database, &job);
            answers.push((job.done, answer));
            next = if answers.len() < LARGEST_BATCH { jobs.try_recv().ok() } else { None };
        }
        database.prepare_cached("COMMIT")?.execute([])?;
        for (done, answer) in answers {
            // Whoever does not wait any more need not be told.
            let _ = done.send(answer);
        }
    }
    Ok(())
}

#[tonic::async_trait]
impl Users for Core {
    async fn get(&self, request: Request<GetRequest>) -> Result<Response<GetResponse>, Status> {
        let token = request.metadata().get("authorization").and_then(|value| value.to_str().ok());
        let token = token.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        let hash = Sha256::digest(token.as_bytes()).into();
        let body = serde_json::from_str(&request.get_ref().id)
            .map_err(|error| Status::invalid_argument(error.to_string()))?;
        let (done, answer) = oneshot::channel();
        let gone = || Status::unavailable("the writer is gone");
        self.0.send(Job { hash, body, done }).map_err(|_| gone())?;
        let json = answer.await.map_err(|_| gone())?.map_err(|error| Status::aborted(error.to_string()))?;
        Ok(Response::new(GetResponse { json }))
    }
}

async fn in_memory(
    State(mut core): State<UsersClient<UsersServer<Core>>>,
    headers: HeaderMap,
    body: String,
) -> HttpResponse {
    let mut request = Request::new(GetRequest { id: body });
    if let Some(Ok(credential)) = headers.get(header::AUTHORIZATION).map(|value| value.as_bytes().try_into())
    {
        request.metadata_mut().insert("authorization", credential);
    }
    match core.get(request).await {
        Ok(user) => {
            let head = [(header::CONTENT_TYPE, "application/scim+json"), (header::ETAG, "W/\"1\"")];
            (StatusCode::CREATED, head, user.into_inner().json).into_response()
        }
        Err(status) => (StatusCode::CONFLICT, status.message().to_owned()).into_response(),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [port, file] = arguments.as_slice() else { bail!("create PORT FILE") };
    let database = Connection::open(file)?;
    database.set_prepared_statement_cache_capacity(64);
    database.execute_batch(TABLES)?;
    let (sender, jobs) = channel();
    std::thread::spawn(move || write(&database, &jobs));
    let core = UsersClient::new(UsersServer::new(Core(sender)));
    serve(port, Router::new().route("/scim/v2/Users", post(in_memory)).with_state(core)).await
}
