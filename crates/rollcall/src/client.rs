//! The way of the administrator's commands to a core, with an admin key.

use std::error::Error as StdError;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use clap::Args;
use rollcall_api::channel::CoreChannel;
use rollcall_api::error::reason_from;
use rollcall_api::v1::ErrorReason;
use rollcall_core::{Clock as _, SystemClock, SystemRandom, new_id};
use secrecy::ExposeSecret as _;
use secrecy::zeroize::Zeroizing;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::{Request, Status};

use crate::server::tls;
use crate::settings::{Invalid, Mtls, secret};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const CALL_TIMEOUT: Duration = Duration::from_mins(1);

/// Which core to talk to, and how to print its answer.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Connection and output")]
pub(crate) struct Connection {
    /// URL of the core's gRPC address; with https:// the connection is encrypted
    #[arg(
        long,
        global = true,
        env = "ROLLCALL_SERVER",
        value_name = "URL",
        default_value = "http://127.0.0.1:50051"
    )]
    server: String,

    /// File with the admin key; or put the key itself into the environment variable `ROLLCALL_ADMIN_KEY`
    #[arg(long, global = true, env = "ROLLCALL_ADMIN_KEY_FILE", value_name = "FILE")]
    admin_key_file: Option<PathBuf>,

    /// PEM file with the certificates that the core's is checked against; without it, those of the system
    #[arg(long, global = true, env = "ROLLCALL_CA_CERT", value_name = "FILE")]
    ca_cert: Option<PathBuf>,

    /// PEM file with a certificate to present to the core (mTLS)
    #[arg(long, global = true, env = "ROLLCALL_CLIENT_CERT", value_name = "FILE")]
    client_cert: Option<PathBuf>,

    /// PEM file with the private key of that certificate
    #[arg(long, global = true, env = "ROLLCALL_CLIENT_KEY", value_name = "FILE")]
    client_key: Option<PathBuf>,

    /// Print JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,

    // What is flattened has a heading of its own, and what stands behind it would be below that.
    #[command(flatten)]
    mtls: Mtls,
}

/// A connection to a core, with a credential.
#[derive(Debug)]
pub(crate) struct Client {
    channel: CoreChannel,
    /// `None`: nobody is asked for one.
    authorization: Option<MetadataValue<Ascii>>,
    request_id: String,
    server: String,
}

impl Client {
    /// Connects. Errors: no admin key, or nobody answers there.
    pub(crate) async fn connect(connection: &Connection) -> Result<Self> {
        let key = secret("ROLLCALL_ADMIN_KEY", connection.admin_key_file.as_deref())?;
        let key = key.ok_or_else(|| {
            Invalid(
                "no admin key: set ROLLCALL_ADMIN_KEY, or name a file with --admin-key-file; `rollcall serve` shows one \
                 at its first start, and `rollcall admin-key create` makes another"
                    .to_owned(),
            )
        })?;
        let bearer = Zeroizing::new(format!("Bearer {}", key.expose_secret()));
        let mut authorization: MetadataValue<Ascii> = bearer.parse().map_err(|_| {
            Invalid("the admin key has characters that no key has; was it copied whole?".to_owned())
        })?;
        authorization.set_sensitive(true);

        let server = &connection.server;
        let client = tls::pair(
            "client-cert",
            connection.client_cert.as_deref(),
            "client-key",
            connection.client_key.as_deref(),
        )?;
        let endpoint = tls::endpoint("--server", server, connection.ca_cert.as_deref(), client)?;
        let endpoint = endpoint.connect_timeout(CONNECT_TIMEOUT).timeout(CALL_TIMEOUT);
        let channel = endpoint.connect().await.map_err(|error| {
            let cause = innermost(&error);
            if cause.contains("UnknownIssuer") {
                return anyhow!(
                    "the certificate of the core at {server} is of no authority that is trusted here ({cause}): name the file with \
                     its authority's certificate with --ca-cert"
                );
            }
            anyhow!(
                "cannot reach a core at {server} ({cause}): start one with `rollcall serve`, or name another with --server{}",
                if server.starts_with("https://") { "; http:// is for one without TLS" } else { "" }
            )
        })?;
        let channel = CoreChannel::tcp(channel);
        Ok(Self {
            channel,
            authorization: Some(authorization),
            request_id: request_id()?,
            server: server.clone(),
        })
    }

    /// The way to services of this process that ask for no credential.
    pub(crate) fn inside(channel: CoreChannel) -> Result<Self> {
        Ok(Self {
            channel,
            authorization: None,
            request_id: request_id()?,
            server: "this process".to_owned(),
        })
    }

    /// The way to the core, for a generated client.
    pub(crate) fn channel(&self) -> CoreChannel {
        self.channel.clone()
    }

    /// A request with the credential.
    pub(crate) fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(authorization) = &self.authorization {
            request.metadata_mut().insert("authorization", authorization.clone());
        }
        if let Ok(id) = self.request_id.parse() {
            request.metadata_mut().insert("x-request-id", id);
        }
        request
    }

    /// What a failed call means to the person who made it, and what to do next.
    pub(crate) fn explain(&self, status: &Status) -> anyhow::Error {
        let (server, message) = (&self.server, status.message());
        if ["grpc-status header missing", "receiving response with status"]
            .iter()
            .any(|sign| message.contains(sign))
        {
            return anyhow!(
                "{server} speaks no gRPC: --server wants the core's gRPC address, not the SCIM endpoint"
            );
        }
        if let Some(cause) = status.source() {
            return anyhow!(
                "the connection to the core at {server} broke ({}): a core with TLS wants https://, and one with mTLS \
                 wants --client-cert too",
                innermost(cause)
            );
        }
        match reason_from(status) {
            ErrorReason::CredentialInvalid => anyhow!(
                "the core at {server} does not know this admin key; check ROLLCALL_ADMIN_KEY, or make a new key on its \
                 database with `rollcall admin-key create`"
            ),
            ErrorReason::ScopeMissing => anyhow!("{message}; use an admin key"),
            ErrorReason::Internal => anyhow!("{message}, {}", self.request_id),
            ErrorReason::Unavailable => anyhow!("the core at {server} cannot answer now: {message}"),
            _ => anyhow!("{message}"),
        }
    }
}

fn request_id() -> Result<String> {
    let random = SystemRandom::new().context("the system has no randomness to give")?;
    Ok(new_id(&random, SystemClock.now()).to_string())
}

/// A part of an answer that every core sends.
pub(crate) fn present<T>(part: Option<T>) -> Result<T> {
    part.context("the core's answer is not complete; is it of another version?")
}

/// The last of the causes of an error, which says most.
pub(crate) fn innermost(error: &(dyn StdError + 'static)) -> String {
    let mut cause: &dyn StdError = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use rollcall_api::error::status;

    use super::*;

    fn client() -> Client {
        let channel = tonic::transport::Endpoint::from_static("http://127.0.0.1:1").connect_lazy();
        Client {
            channel: CoreChannel::tcp(channel),
            authorization: Some(MetadataValue::from_static("Bearer x")),
            request_id: "17".to_owned(),
            server: "http://core:50051".to_owned(),
        }
    }

    #[tokio::test]
    async fn a_refused_key_is_explained_with_what_to_do() {
        let error = client().explain(&status(ErrorReason::CredentialInvalid, "no")).to_string();
        assert!(
            error.contains("http://core:50051") && error.contains("rollcall admin-key create"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn the_scim_endpoint_is_told_from_a_core() {
        for message in [
            "grpc-status header missing, mapped from HTTP status code 404",
            "protocol error: received message with invalid compression flag: 123 (valid flags are 0 and 1) while \
             receiving response with status: 404 Not Found",
        ] {
            let error = client().explain(&Status::unimplemented(message)).to_string();
            assert!(error.contains("--server wants the core's gRPC address"), "{error}");
        }
    }

    #[tokio::test]
    async fn other_errors_speak_for_themselves() {
        let error = client().explain(&status(ErrorReason::NotFound, "there is no directory named \"x\""));
        assert_eq!(error.to_string(), "there is no directory named \"x\"");
    }

    #[tokio::test]
    async fn a_fault_of_the_server_can_be_found_in_its_log() {
        let error = client()
            .explain(&status(ErrorReason::Internal, "the log has the cause under the id of this request"));
        assert!(error.to_string().ends_with("id of this request, 17"), "{error}");
    }

    #[tokio::test]
    async fn requests_carry_the_key_and_an_id() {
        let request = client().request(());
        assert_eq!(request.metadata().get("x-request-id").unwrap(), "17");
        assert_eq!(request.metadata().get("authorization").unwrap(), "Bearer x");
    }
}
