//! The certificates that servers show, which are read again when their files change.
//!
//! A connection keeps what it began with, so that a change of certificates breaks none.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use jiff::Timestamp;
use rollcall_core::{Clock as _, SystemClock};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig};
use secrecy::{ExposeSecret as _, SecretSlice};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::time::ASN1Time;

use super::tls::pair;
use crate::settings::{Grpc, HttpTls, Invalid};

/// How many days before its end a certificate should have been renewed.
pub(crate) const SOON: i64 = 14;
/// A day, in seconds.
pub(crate) const A_DAY: i64 = 24 * 60 * 60;
/// How often it is looked whether the files have changed.
const PERIOD: Duration = Duration::from_secs(5);
/// The largest file that is read, in bytes. Chains have some thousand.
const LARGEST_FILE: u64 = 1024 * 1024;
/// How long a client may take for the handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// What both sides of a connection may speak, by its name in ALPN (RFC 7301).
const HTTP: [&[u8]; 2] = [HTTP2, b"http/1.1"];
/// The name of HTTP/2.
pub(super) const HTTP2: &[u8] = b"h2";

/// What a port shows to its clients.
#[derive(Debug)]
pub(super) struct Certificates {
    files: Files,
    protocols: &'static [&'static [u8]],
    shown: Mutex<Shown>,
}

/// Where it is.
#[derive(Debug, Clone)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
    /// The certificates that clients must be signed by.
    client_ca: Option<PathBuf>,
}

#[derive(Debug)]
struct Shown {
    /// The digest of what the files held when they were last looked at.
    digest: [u8; 32],
    config: Arc<ServerConfig>,
    /// When the first certificate of the chain ends.
    ends: Option<Timestamp>,
}

/// What the files hold.
#[derive(Debug)]
struct Texts {
    certificate: Vec<u8>,
    key: SecretSlice<u8>,
    client_ca: Vec<u8>,
}

impl Texts {
    fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        for text in [&self.certificate, self.key.expose_secret(), &self.client_ca] {
            digest.update(text.len().to_be_bytes());
            digest.update(text);
        }
        digest.finalize().into()
    }
}

impl Certificates {
    /// Those of an HTTP port; `None`, it is not encrypted. Errors: half a pair, or files that cannot be used.
    pub(super) fn of_http(settings: &HttpTls) -> Result<Option<Arc<Self>>> {
        let (certificate, key) = (settings.http_tls_cert.as_deref(), settings.http_tls_key.as_deref());
        let pair = pair("http-tls-cert", certificate, "http-tls-key", key)?;
        pair.map(|pair| Self::open(pair, None, &HTTP)).transpose()
    }

    /// Those of the gRPC API; `None`, it is not encrypted. Errors: as those of [`of_http`](Self::of_http).
    pub(super) fn of_grpc(settings: &Grpc) -> Result<Option<Arc<Self>>> {
        let (certificate, key) = (settings.grpc_tls_cert.as_deref(), settings.grpc_tls_key.as_deref());
        let client_ca = settings.grpc_tls_client_ca.as_deref();
        let pair = pair("grpc-tls-cert", certificate, "grpc-tls-key", key)?;
        if pair.is_none() && client_ca.is_some() {
            let both = "grpc-tls-client-ca needs grpc-tls-cert and grpc-tls-key too";
            return Err(Invalid(both.to_owned()).into());
        }
        pair.map(|pair| Self::open(pair, client_ca, &HTTP[..1])).transpose()
    }

    fn open(
        (certificate, key): (&Path, &Path),
        client_ca: Option<&Path>,
        protocols: &'static [&'static [u8]],
    ) -> Result<Arc<Self>> {
        let files = Files {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            client_ca: client_ca.map(Path::to_owned),
        };
        let texts = files.read()?;
        let shown = Mutex::new(files.shown(&texts, protocols)?);
        Ok(Arc::new(Self { files, protocols, shown }))
    }

    /// Those of ports, with each what it is called, without those that are not encrypted.
    pub(super) fn of_ports<const PORTS: usize>(
        ports: [(&'static str, Option<&Arc<Self>>); PORTS],
    ) -> Vec<(&'static str, Arc<Self>)> {
        ports.into_iter().filter_map(|(port, shown)| Some((port, Arc::clone(shown?)))).collect()
    }

    /// When what is shown ends, as far as that can be read.
    pub(super) fn ends(&self) -> Option<Timestamp> {
        self.lock().ends
    }

    /// Greets a client. `None`: it speaks no TLS, does not come to its end in time, or shows no certificate that it has to.
    pub(super) async fn greet<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S) -> Option<TlsStream<S>> {
        let config = Arc::clone(&self.lock().config);
        match timeout(HANDSHAKE, TlsAcceptor::from(config).accept(stream)).await {
            Ok(Ok(stream)) => Some(stream),
            Ok(Err(error)) => {
                tracing::debug!(%error, "a client did not come to terms about TLS");
                None
            }
            Err(_) => None,
        }
    }

    /// Reads the files again whenever they have changed, until told to stop.
    pub(super) async fn follow(self: Arc<Self>, stop: CancellationToken) {
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut said = String::new();
        let mut days_told = None;
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            let certificates = Arc::clone(&self);
            let looked =
                spawn_blocking(move || certificates.look()).await.unwrap_or_else(|error| Err(error.into()));
            let file = self.files.certificate.display();
            match looked {
                Ok(true) => {
                    said.clear();
                    tracing::info!(%file, "new connections are shown a new certificate");
                }
                Ok(false) => {}
                Err(error) => {
                    let cause = format!("{error:#}");
                    if cause != said {
                        tracing::error!(
                            cause,
                            %file,
                            "the new certificate cannot be used, and the one before is shown on"
                        );
                    }
                    said = cause;
                }
            }
            self.tell_of_end(&mut days_told);
        }
    }

    /// Tells each day that what is shown ends soon, or has ended.
    fn tell_of_end(&self, told: &mut Option<i64>) {
        let Some(ends) = self.ends() else { return };
        let left = ends.as_microsecond() - SystemClock.now();
        let days = left.div_euclid(A_DAY * 1_000_000);
        if days >= SOON || *told == Some(days) {
            return;
        }
        *told = Some(days);
        let file = self.files.certificate.display();
        if left <= 0 {
            tracing::error!(%file, %ends, "the certificate has expired, and clients refuse it: replace the file");
        } else {
            tracing::warn!(%file, %ends, days, "the certificate ends soon: replace the file");
        }
    }

    /// Takes up what the files hold; whether that is new. Errors: it cannot be used, which is said once.
    fn look(&self) -> Result<bool> {
        let texts = match self.files.read() {
            Ok(texts) => texts,
            // Whoever changes them may take them away first.
            Err(Unread { kind: ErrorKind::NotFound, .. }) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let digest = texts.digest();
        if digest == self.lock().digest {
            return Ok(false);
        }
        let new = self.files.shown(&texts, self.protocols);
        let mut shown = self.lock();
        shown.digest = digest;
        *shown = new?;
        Ok(true)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {kind}", path.display())]
pub(crate) struct Unread {
    path: PathBuf,
    kind: ErrorKind,
}

/// What a file holds. One that is none, such as a pipe, would be waited for without an end.
pub(crate) fn read(file: &Path) -> Result<Vec<u8>, Unread> {
    let read = || {
        let about = fs::metadata(file)?;
        if !about.is_file() || about.len() > LARGEST_FILE {
            return Err(ErrorKind::InvalidInput.into());
        }
        fs::read(file)
    };
    read().map_err(|error: std::io::Error| Unread { path: file.to_owned(), kind: error.kind() })
}

impl Files {
    fn read(&self) -> Result<Texts, Unread> {
        Ok(Texts {
            certificate: read(&self.certificate)?,
            key: read(&self.key)?.into(),
            client_ca: self.client_ca.as_deref().map(read).transpose()?.unwrap_or_default(),
        })
    }

    /// What clients are shown. Errors: what is wrong with which file.
    fn shown(&self, texts: &Texts, protocols: &[&[u8]]) -> Result<Shown> {
        let chain = certificates(&texts.certificate, &self.certificate)?;
        let ends = validity(&chain).map(|(_, ends)| ends);
        let key = private_key(texts.key.expose_secret(), &self.key)?;
        let provider = Arc::new(default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?;
        let builder = match &self.client_ca {
            Some(file) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates(&texts.client_ca, file)? {
                    roots.add(certificate).with_context(|| format!("{} cannot be used", file.display()))?;
                }
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?;
                builder.with_client_cert_verifier(verifier)
            }
            None => builder.with_no_client_auth(),
        };
        let mut config =
            builder.with_single_cert(chain, key).with_context(|| unfit(&self.certificate, &self.key))?;
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        Ok(Shown { digest: texts.digest(), config: Arc::new(config), ends })
    }
}

/// From when until when all of these certificates count. `None`: it cannot be read of one, or there is none.
pub(crate) fn validity(certificates: &[CertificateDer<'_>]) -> Option<(Timestamp, Timestamp)> {
    let each = |certificate: &CertificateDer<'_>| {
        let (_, read) = X509Certificate::from_der(certificate.as_ref()).ok()?;
        let time = |time: ASN1Time| Timestamp::from_second(time.timestamp()).ok();
        Some((time(read.validity.not_before)?, time(read.validity.not_after)?))
    };
    let all = certificates.iter().map(each).collect::<Option<Vec<_>>>()?;
    let begins = all.iter().map(|(begins, _)| *begins).max()?;
    let ends = all.iter().map(|(_, ends)| *ends).min()?;
    Some((begins, ends))
}

/// Checks that files can be shown to a server: a certificate and its key. Errors: what is wrong with which file.
pub(crate) fn require_pair(
    (certificate, text): (&Path, &[u8]),
    (key, key_text): (&Path, &[u8]),
) -> Result<()> {
    let chain = certificates(text, certificate)?;
    let private_key = private_key(key_text, key)?;
    CertifiedKey::from_der(chain, private_key, &default_provider())
        .with_context(|| unfit(certificate, key))?;
    Ok(())
}

fn unfit(certificate: &Path, key: &Path) -> String {
    format!("{} and {} cannot be used together", certificate.display(), key.display())
}

fn private_key(text: &[u8], file: &Path) -> Result<PrivateKeyDer<'static>> {
    PrivateKeyDer::from_pem_slice(text).map_err(|_| {
        let is_encrypted = str::from_utf8(text).is_ok_and(|text| text.contains("ENCRYPTED"));
        let cause = if is_encrypted {
            "is encrypted: take the passphrase off"
        } else {
            "holds no private key in PEM"
        };
        anyhow!("{} {cause}", file.display())
    })
}

/// The certificates of a file. Errors: it holds none.
pub(crate) fn certificates(text: &[u8], file: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    match read {
        Ok(certificates) if !certificates.is_empty() => {
            let damaged = |certificate| ParsedCertificate::try_from(certificate).is_err();
            match certificates.iter().position(damaged) {
                Some(place) => Err(anyhow!("certificate {} of {} is damaged", place + 1, file.display())),
                None => Ok(certificates),
            }
        }
        _ => Err(anyhow!("{} holds no certificate in PEM", file.display())),
    }
}
