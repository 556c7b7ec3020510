//! The certificates in files: whether they can be used, and until when.

use std::path::Path;

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;

use super::finding::Finding;
use super::{Doctor, Part};
use crate::cli::time::now;
use crate::server::certificates::{A_DAY, SOON, certificates, read, require_pair, validity};
use crate::server::tls::pair;

const RENEW: &str =
    "Renew it: what renews certificates has only to replace the files, and no restart is needed.";

/// Looks at every file with certificates that the server is given.
pub(super) fn check(doctor: &Doctor) -> Vec<Finding> {
    let (http, grpc, core) = (&doctor.http.tls, &doctor.grpc, &doctor.core);
    let mut findings = Vec::new();
    if doctor.part != Part::Core {
        let found = pair(
            "http-tls-cert",
            http.http_tls_cert.as_deref(),
            "http-tls-key",
            http.http_tls_key.as_deref(),
        );
        findings.push(of_pair("http-tls", found.map_err(|error| error.0)));
    }
    if doctor.part.has_core() {
        let (certificate, key) = (grpc.grpc_tls_cert.as_deref(), grpc.grpc_tls_key.as_deref());
        let found = pair("grpc-tls-cert", certificate, "grpc-tls-key", key);
        findings.push(of_pair("grpc-tls", found.map_err(|error| error.0)));
        findings
            .extend(grpc.grpc_tls_client_ca.as_deref().map(|file| of_authority("grpc-tls-client-ca", file)));
        findings.extend(doctor.smtp.smtp_ca_cert.as_deref().map(|file| of_authority("smtp-ca-cert", file)));
    } else {
        let (certificate, key) = (core.core_client_cert.as_deref(), core.core_client_key.as_deref());
        let found = pair("core-client-cert", certificate, "core-client-key", key);
        findings.push(of_pair("core-client", found.map_err(|error| error.0)));
        findings.extend(core.core_ca_cert.as_deref().map(|file| of_authority("core-ca-cert", file)));
    }
    findings
}

/// A certificate and its key.
fn of_pair(name: &'static str, found: Result<Option<(&Path, &Path)>, String>) -> Finding {
    let unusable = "Give a certificate in PEM with its chain, and the private key that it was made for.";
    let (certificate, key) = match found {
        Ok(Some(pair)) => pair,
        Ok(None) => return Finding::not_checked(name, "it is not set"),
        Err(half) => return Finding::wrong(name, half, "Give both, or neither."),
    };
    let judged = || -> anyhow::Result<Finding> {
        let (text, key_text) = (read(certificate)?, read(key)?);
        require_pair((certificate, &text), (key, &key_text))?;
        Ok(until(name, &certificate.display().to_string(), &certificates(&text, certificate)?, now()))
    };
    judged().unwrap_or_else(|error| Finding::wrong(name, format!("{error:#}"), unusable))
}

/// A file with the certificates of authorities.
fn of_authority(name: &'static str, file: &Path) -> Finding {
    let judged = || -> anyhow::Result<Finding> {
        let text = read(file)?;
        Ok(until(name, &file.display().to_string(), &certificates(&text, file)?, now()))
    };
    judged().unwrap_or_else(|error| {
        Finding::wrong(name, format!("{error:#}"), "Give the authority's certificate in PEM.")
    })
}

/// Judges certificates by when the first of them ends.
pub(super) fn until(
    name: &'static str,
    whose: &str,
    certificates: &[CertificateDer<'_>],
    now: Timestamp,
) -> Finding {
    let Some((begins, ends)) = validity(certificates) else {
        return Finding::wrong(name, format!("{whose}: it cannot be read until when it counts"), RENEW);
    };
    if now < begins {
        let advice = "Set the clock of this machine right, or wait: nobody accepts it before.";
        return Finding::wrong(name, format!("{whose} counts only from {begins} on"), advice);
    }
    if ends <= now {
        return Finding::wrong(name, format!("{whose} has expired: it counted until {ends}"), RENEW);
    }
    let left = (ends.as_second() - now.as_second()) / A_DAY;
    let what = format!("{whose} counts until {ends}, {left} days from now");
    if left < SOON { Finding::warning(name, what, RENEW) } else { Finding::ok(name, what) }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan as _;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::super::finding::Verdict;
    use super::*;

    #[test]
    fn a_certificate_is_judged_by_its_end() {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2026, 3, 1);
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let judged = |days: i64| {
            let now: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
            let now = now - (days * 24).hours();
            until("http-tls", "tls.crt", &[certificate.der().clone()], now)
        };
        for (days, verdict) in [
            (60, Verdict::Wrong),
            (59, Verdict::Ok),
            (14, Verdict::Ok),
            (13, Verdict::Warning),
            (0, Verdict::Wrong),
        ] {
            assert_eq!(judged(days).verdict, verdict, "{days}: {:?}", judged(days));
        }
        assert!(judged(13).found.contains("tls.crt counts until 2026-03-01T00:00:00Z, 13 days"));
        assert!(judged(-1).found.contains("has expired"));
        assert!(judged(60).found.contains("only from"));
    }
}
