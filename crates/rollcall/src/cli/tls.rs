//! `rollcall tls`: certificates for trying things out.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use jiff::{ToSpan as _, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use serde_json::json;

use super::time::now;
use crate::output;

/// The names of the files, as Kubernetes and cert-manager name those of a Secret.
const CA: &str = "ca.crt";
const CA_KEY: &str = "ca.key";
const CERTIFICATE: &str = "tls.crt";
const KEY: &str = "tls.key";

/// How long an authority lasts, and a certificate of it, in days: browsers take none for longer than 398.
const LASTS: (i64, i64) = (3650, 397);

/// `rollcall tls`.
#[derive(Debug, Args)]
pub(super) struct Tls {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make an authority of your own and a certificate that it has signed, to try TLS and mTLS on this machine
    #[command(after_help = "Examples:\n  rollcall tls dev\n  \
                            rollcall serve --http-tls-cert rollcall-tls/tls.crt --http-tls-key rollcall-tls/tls.key\n  \
                            rollcall core --mtls-dir rollcall-tls\n  \
                            rollcall gateway --mtls-dir rollcall-tls --core-url https://localhost:50051\n\n\
                            Whoever is to trust the servers is given ca.crt. Run it again for a new certificate of the \
                            same authority: servers that run take it up by themselves. Keep ca.key to yourself, and use a \
                            public authority, cert-manager or your own PKI for what is not a trial.")]
    Dev(Dev),
}

#[derive(Debug, Args)]
struct Dev {
    /// Directory of the files, made if it is not there
    #[arg(long, value_name = "DIRECTORY", default_value = "rollcall-tls")]
    out: PathBuf,

    /// Host name or address that the certificate is for, beside this machine's own loopback; may be given again
    #[arg(long = "name", value_name = "HOST")]
    names: Vec<String>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Tls {
    /// Runs the command. Errors: a name that no certificate can have, and files that cannot be read or written.
    pub(super) fn run(self) -> Result<()> {
        let Action::Dev(dev) = self.action;
        dev.run()
    }
}

impl Dev {
    fn run(self) -> Result<()> {
        let directory = &self.out;
        fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
        let own = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
        let names: Vec<String> = own.into_iter().chain(self.names).collect();
        let (authority, is_new) = authority(directory)?;
        let (certificate, key) = issue(&authority, &names)?;
        write(&directory.join(KEY), &key, true)?;
        write(&directory.join(CERTIFICATE), &certificate, false)?;
        if self.json {
            return output::json(&json!({
                "ca": directory.join(CA), "certificate": directory.join(CERTIFICATE), "key": directory.join(KEY),
                "names": names, "newAuthority": is_new,
            }));
        }
        let made = if is_new { "An authority and a certificate are" } else { "A new certificate is" };
        let shown = directory.display();
        output::line(&format!(
            "{made} in {shown}, for {}.\n\n  \
             HTTPS   rollcall serve --http-tls-cert {shown}/{CERTIFICATE} --http-tls-key {shown}/{KEY}\n  \
             mTLS    rollcall core --mtls-dir {shown}\n          \
             rollcall gateway --mtls-dir {shown} --core-url https://localhost:50051\n          \
             rollcall directory list --mtls-dir {shown} --server https://localhost:50051\n  \
             Trust   curl --cacert {shown}/{CA} https://localhost:8080/healthz\n\n\
             Keep {shown}/{CA_KEY} to yourself.",
            names.join(", ")
        ))
    }
}

/// The authority that is in the directory, or a new one; whether it is new. Errors: files that this command has not made.
fn authority(directory: &Path) -> Result<(Issuer<'static, KeyPair>, bool)> {
    let (file, key_file) = (directory.join(CA), directory.join(CA_KEY));
    if key_file.exists() {
        let key = KeyPair::from_pem(&read(&key_file)?)
            .with_context(|| format!("{} holds no key", key_file.display()))?;
        let issuer = Issuer::from_ca_cert_pem(&read(&file)?, key)
            .with_context(|| format!("{} holds no certificate of an authority", file.display()))?;
        return Ok((issuer, false));
    }
    // Somebody else's, such as a Secret of Kubernetes that is mounted there, and perhaps in use.
    if let Some(theirs) = [CA, CERTIFICATE, KEY].iter().find(|name| directory.join(name).exists()) {
        bail!(
            "{} is there, and no authority that this command has made ({CA_KEY}): name another directory with --out",
            directory.join(theirs).display()
        );
    }
    let key = KeyPair::generate()?;
    let mut params = params(Vec::new(), "Rollcall development authority", LASTS.0)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let certificate = params.self_signed(&key)?;
    write(&key_file, &key.serialize_pem(), true)?;
    write(&file, &certificate.pem(), false)?;
    Ok((Issuer::new(params, key), true))
}

/// A certificate of an authority for servers and clients of these names, and its key.
fn issue(authority: &Issuer<'_, KeyPair>, names: &[String]) -> Result<(String, String)> {
    let mut params = params(names.to_vec(), "Rollcall", LASTS.1)?;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, authority)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

/// A certificate for these names that lasts for so many days from yesterday on: clocks differ.
fn params(names: Vec<String>, called: &str, days: i64) -> Result<CertificateParams> {
    let shown = names.join(", ");
    let mut params =
        CertificateParams::new(names).with_context(|| format!("names {shown}: one is no host"))?;
    params.distinguished_name.push(DnType::CommonName, called);
    let day = |moved: i64| -> Result<_> {
        let date = now().to_zoned_datetime(TimeZone::UTC).checked_add(moved.days())?.date();
        Ok(date_time_ymd(date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs()))
    };
    (params.not_before, params.not_after) = (day(-1)?, day(days)?);
    Ok(params)
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

/// Writes a file in one step, so that whoever reads it meanwhile reads the one before.
fn write(file: &Path, text: &str, is_secret: bool) -> Result<()> {
    let new = file.with_extension("new");
    let mode = if is_secret { 0o600 } else { 0o644 };
    let written = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(&new)
        .and_then(|mut opened| opened.write_all(text.as_bytes()))
        .and_then(|()| fs::rename(&new, file));
    written.with_context(|| format!("cannot write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_made_once_and_signs_each_new_certificate() {
        let directory = tempfile::tempdir().unwrap();
        let (first, is_new) = authority(directory.path()).unwrap();
        assert!(is_new);
        let made = read(&directory.path().join(CA)).unwrap();
        issue(&first, &["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        let (again, is_new) = authority(directory.path()).unwrap();
        assert!(!is_new);
        issue(&again, &["localhost".to_owned()]).unwrap();
        assert_eq!(read(&directory.path().join(CA)).unwrap(), made);
        assert!(issue(&again, &["münchen".to_owned()]).is_err());
    }

    #[test]
    fn what_somebody_else_has_made_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        for name in [KEY, CERTIFICATE, CA] {
            let file = directory.path().join(name);
            fs::write(&file, "theirs").unwrap();
            let error = authority(directory.path()).err().unwrap().to_string();
            assert!(error.contains(name) && error.contains("--out"), "{error}");
            assert_eq!(read(&file).unwrap(), "theirs");
            fs::remove_file(file).unwrap();
        }
    }
}
