//! mTLS between all parts by one setting.

use std::path::{Path, PathBuf};

use clap::{Arg, Args};

/// The setting that names the directory, as clap knows it.
pub(super) const MTLS_DIR: &str = "mtls_dir";

/// The settings that it stands for, with the file of each: named as Kubernetes and cert-manager name those of a Secret.
const FILES: [(&str, &str); 9] = [
    ("grpc_tls_cert", "tls.crt"),
    ("grpc_tls_key", "tls.key"),
    ("grpc_tls_client_ca", "ca.crt"),
    ("core_ca_cert", "ca.crt"),
    ("core_client_cert", "tls.crt"),
    ("core_client_key", "tls.key"),
    ("ca_cert", "ca.crt"),
    ("client_cert", "tls.crt"),
    ("client_key", "tls.key"),
];

/// Where the certificates are.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "mTLS")]
pub(crate) struct Mtls {
    /// Directory with tls.crt, tls.key and ca.crt, by which core, gateway, console and commands know one another: it stands for
    /// each of their settings for that which is not given
    #[arg(long, env = "ROLLCALL_MTLS_DIR", value_name = "DIRECTORY", global = true)]
    pub(crate) mtls_dir: Option<PathBuf>,
}

/// A setting, which is a file of that directory if it is not given otherwise.
pub(super) fn with_file_of(directory: &Path, setting: Arg) -> Arg {
    let file = FILES.iter().find(|(name, _)| setting.get_id() == name);
    match file {
        Some((_, file)) if setting.get_default_values().is_empty() => {
            setting.default_value(directory.join(file).into_os_string())
        }
        _ => setting,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_given_is_a_file_of_the_directory() {
        let default = |arg: Arg| {
            let arg = with_file_of(Path::new("/certificates"), arg);
            arg.get_default_values().first().map(|value| value.to_string_lossy().into_owned())
        };
        assert_eq!(default(Arg::new("core_ca_cert")).as_deref(), Some("/certificates/ca.crt"));
        assert_eq!(default(Arg::new("client_key")).as_deref(), Some("/certificates/tls.key"));
        assert_eq!(default(Arg::new("core_ca_cert").default_value("other")).as_deref(), Some("other"));
        assert_eq!(default(Arg::new("http_tls_cert")), None);
    }
}
