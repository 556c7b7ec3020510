//! Whether what is set can be used together, and is wise.

use std::net::SocketAddr;

use super::finding::Finding;
use super::{Doctor, Part};
use crate::apply;
use crate::settings::Invalid;

const NAME: &str = "settings";

/// Reads everything that is set as the server would at its start.
pub(super) fn check(doctor: &Doctor) -> Vec<Finding> {
    let mut refused: Vec<Invalid> = Vec::new();
    let mut read = |tried: Result<(), Invalid>| refused.extend(tried.err());
    if doctor.part.has_core() {
        read(doctor.limits.checked(&doctor.http.large_body).map(drop));
        read(doctor.start.bootstrap.secrets().map(drop));
        read(doctor.start.directories_file.as_deref().map_or(Ok(()), |file| apply::read(file).map(drop)));
    }
    if doctor.part.has_console() {
        read(doctor.open_id.provider().map(drop));
    }
    if doctor.part == Part::Gateway {
        read(doctor.key.authorization().map(drop));
    }
    let wrong = |Invalid(found): Invalid| {
        Finding::wrong(NAME, found, "Mend the setting: the server does not start with it.")
    };
    let mut findings: Vec<Finding> = refused.into_iter().map(wrong).collect();
    findings.extend(exposed(doctor));
    if findings.is_empty() {
        findings.push(Finding::ok(NAME, "what is set can be used"));
    }
    findings
}

/// Ports that are open to the network without TLS.
fn exposed(doctor: &Doctor) -> Vec<Finding> {
    let is_open = |address: SocketAddr| !address.ip().is_loopback();
    let http = &doctor.http;
    let public = http.public.public_url.as_ref();
    let is_behind_tls = http.tls.is_on() || public.is_some_and(|url| url.starts_with("https://"));
    let mut findings = Vec::new();
    if doctor.part.has_gateway() && is_open(http.http_addr) && !is_behind_tls {
        findings.push(Finding::warning(
            NAME,
            format!("the SCIM endpoint is open to the network without TLS (http-addr {})", http.http_addr),
            "Give http-tls-cert and http-tls-key, or put a proxy in front that has TLS, and say so with public-url.",
        ));
    }
    let console = doctor.console_address.console_addr;
    if doctor.part == Part::Console && is_open(console) && !is_behind_tls {
        findings.push(Finding::warning(
            NAME,
            format!("the console is open to the network without TLS (console-addr {console})"),
            "Give http-tls-cert and http-tls-key, or put a proxy in front that has TLS, and say so with public-url.",
        ));
    }
    let grpc = &doctor.grpc;
    if doctor.part.has_core() && is_open(grpc.grpc_addr) && grpc.grpc_tls_cert.is_none() {
        findings.push(Finding::warning(
            NAME,
            format!("the gRPC API is open to the network without TLS (grpc-addr {})", grpc.grpc_addr),
            "Give grpc-tls-cert and grpc-tls-key, or keep the network closed.",
        ));
    }
    findings
}
