//! axum in front of one unary gRPC call that answers a constant: the ceiling of gateway and core together.
//!
//! `hop memory PORT` calls the service in memory; `hop gateway PORT CORE_PORT` and `hop core CORE_PORT` are two
//! processes with TCP between them. Each runs on one thread.

use anyhow::{Context as _, Result, bail};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response as HttpResponse};
use axum::routing::get;
use rollcall_load_ceilings::proto::users_client::UsersClient;
use rollcall_load_ceilings::proto::users_server::{Users, UsersServer};
use rollcall_load_ceilings::proto::{GetRequest, GetResponse};
use rollcall_load_ceilings::{USER, serve};
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status};

/// As long as a SCIM token, and sent along with every call as Rollcall does.
const CREDENTIAL: &str = "Bearer rc_scim_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabbbbbbb";

#[derive(Clone)]
struct Constant;

#[tonic::async_trait]
impl Users for Constant {
    async fn get(&self, _: Request<GetRequest>) -> Result<Response<GetResponse>, Status> {
        Ok(Response::new(GetResponse { json: USER.to_vec() }))
    }
}

fn request(id: String) -> Request<GetRequest> {
    let mut request = Request::new(GetRequest { id });
    request.metadata_mut().insert("authorization", tonic::metadata::MetadataValue::from_static(CREDENTIAL));
    request
}

fn answer(outcome: Result<Response<GetResponse>, Status>) -> HttpResponse {
    match outcome {
        Ok(user) => {
            ([(header::CONTENT_TYPE, "application/scim+json")], user.into_inner().json).into_response()
        }
        Err(status) => (StatusCode::BAD_GATEWAY, status.message().to_owned()).into_response(),
    }
}

async fn in_memory(
    State(mut core): State<UsersClient<UsersServer<Constant>>>,
    Path(id): Path<String>,
) -> HttpResponse {
    answer(core.get(request(id)).await)
}

async fn over_tcp(State(mut core): State<UsersClient<Channel>>, Path(id): Path<String>) -> HttpResponse {
    answer(core.get(request(id)).await)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    const USERS: &str = "/scim/v2/Users/{id}";
    match *arguments.as_slice() {
        ["memory", port] => {
            let core = UsersClient::new(UsersServer::new(Constant));
            serve(port, Router::new().route(USERS, get(in_memory)).with_state(core)).await
        }
        ["gateway", port, core_port] => {
            let core = Endpoint::from_shared(format!("http://127.0.0.1:{core_port}"))?.tcp_nodelay(true);
            let core = UsersClient::new(core.connect_lazy());
            serve(port, Router::new().route(USERS, get(over_tcp)).with_state(core)).await
        }
        ["core", port] => {
            let address = format!("127.0.0.1:{port}").parse().context("the port is no number")?;
            let server = Server::builder().tcp_nodelay(true).add_service(UsersServer::new(Constant));
            Ok(server.serve(address).await?)
        }
        _ => bail!("hop memory PORT | hop gateway PORT CORE_PORT | hop core PORT"),
    }
}
