//! The names that requests and calls have where they are counted and traced: few, whatever is asked for.

use axum::http::Method;
use rollcall_api::access;
use tonic::Code;

/// The methods that SCIM and the console have; whoever makes words up makes no further name.
pub(super) fn http_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "_OTHER",
    }
}

/// Whether a path is one of the probes, which come so often that nobody wants to hear of them.
pub(super) fn is_probe(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz")
}

/// The rpc at a path, without the slash before it; whoever makes paths up makes no further name.
pub(super) fn rpc(path: &str) -> &'static str {
    let known = access::rpcs().map(|(rpc, _)| rpc).find(|rpc| *rpc == path);
    match known {
        Some(rpc) => rpc.trim_start_matches('/'),
        None if is_health(path) => "grpc.health.v1.Health",
        None if path.starts_with("/grpc.reflection.") => "grpc.reflection",
        None => "_OTHER",
    }
}

/// Whether a path is one of health checks.
pub(super) fn is_health(path: &str) -> bool {
    path.starts_with("/grpc.health.v1.Health/")
}

/// Whether a path is that of a health check which is told each change, for as long as whoever asks likes.
pub(super) fn watches_health(path: &str) -> bool {
    path == "/grpc.health.v1.Health/Watch"
}

/// The name of a code, as gRPC spells it.
pub(super) fn code(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rpcs_that_there_are_have_a_name_of_their_own() {
        assert_eq!(rpc("/rollcall.v1.UserService/GetUser"), "rollcall.v1.UserService/GetUser");
        assert_eq!(rpc("/grpc.health.v1.Health/Check"), "grpc.health.v1.Health");
        for made_up in ["", "/", "/rollcall.v1.UserService/GetUserX", "/a/b"] {
            assert_eq!(rpc(made_up), "_OTHER");
        }
    }
}
