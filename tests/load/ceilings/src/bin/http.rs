//! `http PORT`: axum on one thread, a constant answer. The ceiling of the HTTP layer.

use anyhow::{Context as _, Result};
use axum::Router;
use axum::extract::Path;
use axum::http::header;
use axum::routing::get;
use rollcall_load_ceilings::{USER, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let port = std::env::args().nth(1).context("http PORT")?;
    let user = async |Path(_): Path<String>| ([(header::CONTENT_TYPE, "application/scim+json")], USER);
    serve(&port, Router::new().route("/scim/v2/Users/{id}", get(user))).await
}
