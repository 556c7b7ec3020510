//! Where traces go: variables of the environment by the names that OpenTelemetry gives them, since operators set them alike for
//! every service. They are neither flags nor in the configuration file.

use std::env;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Uri};
use percent_encoding::percent_decode_str;

use super::Invalid;

/// The path behind an endpoint that is one for all that OTLP carries.
const TRACES: &str = "/v1/traces";
/// Where a collector is that runs beside this process.
const BESIDE: [&str; 2] = ["http://localhost:4317", "http://localhost:4318"];

/// How the collector is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Grpc,
    HttpProtobuf,
}

/// A collector that takes traces by OTLP, and what it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Otlp {
    pub(crate) protocol: Protocol,
    /// Of HTTP, with the path that traces are sent to.
    pub(crate) endpoint: Uri,
    /// PEM file with the certificates that the collector's is checked against; `None`, those of the system.
    pub(crate) certificate: Option<PathBuf>,
    /// How long the collector may take for a batch.
    pub(crate) timeout: Duration,
    pub(crate) sampler: Sampler,
    /// What this process is called.
    pub(crate) service_name: Option<String>,
    pub(crate) queue: SpanQueue,
}

/// Which traces are recorded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sampler {
    /// Whether whoever sent a `traceparent` has decided already.
    pub(crate) asks_parent: bool,
    /// The share of the others, from 0 to 1.
    pub(crate) share: f64,
}

/// How spans wait for being sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SpanQueue {
    /// Spans that wait at most; further ones are dropped.
    pub(crate) longest: usize,
    /// Spans that are sent at once, at most.
    pub(crate) largest_batch: usize,
    /// How long a span waits for others.
    pub(crate) delay: Duration,
}

impl Otlp {
    /// What the environment says; `None`, there are to be no traces.
    ///
    /// Errors: a variable has a value that it cannot have. No value is shown that may be a secret.
    pub(crate) fn of_environment() -> Result<Option<Self>, Invalid> {
        Self::read(&|name| match env::var_os(name) {
            Some(value) => value.into_string().map(Some).map_err(|_| Invalid(format!("{name} is no UTF-8"))),
            None => Ok(None),
        })
    }

    fn read(environment: &Environment) -> Result<Option<Self>, Invalid> {
        let variables = Variables(environment);
        if variables.is_disabled()? || !variables.is_wanted()? {
            return Ok(None);
        }
        variables.check_headers()?;
        variables.check_compression()?;
        variables.check_resource_attributes()?;
        let protocol = variables.protocol()?;
        Ok(Some(Self {
            protocol,
            endpoint: variables.endpoint(protocol)?,
            certificate: variables.of_traces("CERTIFICATE")?.map(|(_, path)| path.into()),
            timeout: variables.timeout()?,
            sampler: variables.sampler()?,
            service_name: variables.get("OTEL_SERVICE_NAME")?,
            queue: variables.queue()?,
        }))
    }
}

/// Looks a variable up.
type Environment<'a> = dyn Fn(&str) -> Result<Option<String>, Invalid> + 'a;

struct Variables<'a>(&'a Environment<'a>);

impl Variables<'_> {
    /// The value of a variable; one that is set to nothing is as good as not set.
    fn get(&self, name: &str) -> Result<Option<String>, Invalid> {
        Ok((self.0)(name)?.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()))
    }

    /// The variable for traces, or else the one for all that OTLP carries, with its name.
    fn of_traces(&self, setting: &str) -> Result<Option<(String, String)>, Invalid> {
        for name in [format!("OTEL_EXPORTER_OTLP_TRACES_{setting}"), format!("OTEL_EXPORTER_OTLP_{setting}")]
        {
            if let Some(value) = self.get(&name)? {
                return Ok(Some((name, value)));
            }
        }
        Ok(None)
    }

    fn is_disabled(&self) -> Result<bool, Invalid> {
        let name = "OTEL_SDK_DISABLED";
        match self.get(name)?.map(|value| value.to_ascii_lowercase()).as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(odd) => Err(wrong(name, odd, "true or false")),
        }
    }

    fn is_wanted(&self) -> Result<bool, Invalid> {
        let name = "OTEL_TRACES_EXPORTER";
        match self.get(name)?.as_deref() {
            None => Ok(self.of_traces("ENDPOINT")?.is_some()),
            Some("otlp") => Ok(true),
            Some("none") => Ok(false),
            Some(odd) => Err(wrong(name, odd, "otlp or none")),
        }
    }

    fn protocol(&self) -> Result<Protocol, Invalid> {
        match self.of_traces("PROTOCOL")? {
            None => Ok(Protocol::HttpProtobuf),
            Some((name, value)) => match value.as_str() {
                "grpc" => Ok(Protocol::Grpc),
                "http/protobuf" => Ok(Protocol::HttpProtobuf),
                odd => Err(wrong(&name, odd, "grpc or http/protobuf")),
            },
        }
    }

    fn endpoint(&self, protocol: Protocol) -> Result<Uri, Invalid> {
        let [grpc, http] = BESIDE;
        let beside = if protocol == Protocol::Grpc { grpc } else { http };
        let (name, text) = self
            .of_traces("ENDPOINT")?
            .unwrap_or_else(|| ("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), beside.to_owned()));
        if text.contains('@') {
            return Err(Invalid(format!(
                "{name} has a credential: put it into OTEL_EXPORTER_OTLP_HEADERS, such as Authorization=Basic%20…"
            )));
        }
        // A query is none of a collector's, and may be a key of one.
        let shown = text.split('?').next().unwrap_or_default();
        let invalid =
            || wrong(&name, shown, &format!("the URL of a collector, such as {beside}, without a query"));
        let is_of_all = !name.contains("TRACES");
        let whole = match protocol {
            Protocol::HttpProtobuf if is_of_all => format!("{}{TRACES}", text.trim_end_matches('/')),
            Protocol::HttpProtobuf | Protocol::Grpc => text.clone(),
        };
        let uri: Uri = whole.parse().map_err(|_| invalid())?;
        let is_url = matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.host().is_some_and(|host| !host.is_empty())
            && uri.query().is_none();
        let has_path = uri.path() != "/";
        if is_url && !(protocol == Protocol::Grpc && has_path) { Ok(uri) } else { Err(invalid()) }
    }

    /// The exporter reads the headers by itself, and leaves out what is none.
    fn check_headers(&self) -> Result<(), Invalid> {
        let Some((name, headers)) = self.of_traces("HEADERS")? else { return Ok(()) };
        let is_header = |header: &str| {
            header.split_once('=').is_some_and(|(name, value)| {
                let value: Vec<u8> = percent_decode_str(value.trim()).collect();
                HeaderName::from_str(name.trim()).is_ok() && HeaderValue::from_bytes(&value).is_ok()
            })
        };
        if headers.split_terminator(',').all(is_header) {
            return Ok(());
        }
        Err(Invalid(format!(
            "{name}: give headers as name=value, several by comma, with percent signs for what is special"
        )))
    }

    fn check_compression(&self) -> Result<(), Invalid> {
        match self.of_traces("COMPRESSION")? {
            Some((name, value)) if value != "none" => {
                Err(wrong(&name, &value, "none: what is sent is not compressed"))
            }
            _ => Ok(()),
        }
    }

    /// What the resource is made of, which leaves out what is no attribute.
    fn check_resource_attributes(&self) -> Result<(), Invalid> {
        let name = "OTEL_RESOURCE_ATTRIBUTES";
        let Some(attributes) = self.get(name)? else { return Ok(()) };
        let is_attribute = |text: &str| text.split_once('=').is_some_and(|(key, _)| !key.trim().is_empty());
        if attributes.split_terminator(',').all(is_attribute) {
            return Ok(());
        }
        Err(wrong(name, &attributes, "attributes as key=value, several by comma"))
    }

    fn timeout(&self) -> Result<Duration, Invalid> {
        match self.of_traces("TIMEOUT")? {
            None => Ok(Duration::from_secs(10)),
            Some((name, value)) => number(&name, &value, 1..=600_000).map(Duration::from_millis),
        }
    }

    fn sampler(&self) -> Result<Sampler, Invalid> {
        let name = "OTEL_TRACES_SAMPLER";
        let value = self.get(name)?.unwrap_or_else(|| "parentbased_always_on".to_owned());
        let of_root = value.strip_prefix("parentbased_");
        let share = match of_root.unwrap_or(&value) {
            "always_on" => 1.0,
            "always_off" => 0.0,
            "traceidratio" => self.ratio()?,
            _ => {
                let right = "always_on, always_off, traceidratio, or one of them behind parentbased_";
                return Err(wrong(name, &value, right));
            }
        };
        Ok(Sampler { asks_parent: of_root.is_some(), share })
    }

    fn ratio(&self) -> Result<f64, Invalid> {
        let name = "OTEL_TRACES_SAMPLER_ARG";
        let Some(text) = self.get(name)? else { return Ok(1.0) };
        let ratio = text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
        ratio.ok_or_else(|| wrong(name, &text, "a share from 0 to 1, such as 0.1"))
    }

    fn queue(&self) -> Result<SpanQueue, Invalid> {
        let read = |name: &str, default| match self.get(name)? {
            None => Ok(default),
            Some(value) => number(name, &value, 1..=1_000_000),
        };
        let longest = read("OTEL_BSP_MAX_QUEUE_SIZE", 2048)?;
        let largest_batch = read("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", longest.min(512))?;
        if largest_batch > longest {
            return Err(wrong(
                "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
                &largest_batch.to_string(),
                &format!("OTEL_BSP_MAX_QUEUE_SIZE ({longest}) at most"),
            ));
        }
        let delay = read("OTEL_BSP_SCHEDULE_DELAY", 5000)?;
        let size = |number| usize::try_from(number).unwrap_or(usize::MAX);
        Ok(SpanQueue {
            longest: size(longest),
            largest_batch: size(largest_batch),
            delay: Duration::from_millis(delay),
        })
    }
}

fn number(name: &str, text: &str, range: std::ops::RangeInclusive<u64>) -> Result<u64, Invalid> {
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| {
        wrong(name, text, &format!("a whole number from {} to {}", range.start(), range.end()))
    })
}

fn wrong(name: &str, value: &str, right: &str) -> Invalid {
    Invalid(format!("{name} {value:?}: give {right}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Option<Otlp>, String> {
        let found = |name: &str| variables.iter().find(|(known, _)| *known == name);
        Otlp::read(&|name| Ok(found(name).map(|(_, value)| (*value).to_owned())))
            .map_err(|Invalid(message)| message)
    }

    fn endpoint(variables: &[(&str, &str)]) -> String {
        read(variables).unwrap().unwrap().endpoint.to_string()
    }

    const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");
    const GRPC: (&str, &str) = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");

    #[test]
    fn there_are_none_unless_they_are_wanted() {
        assert!(read(&[]).unwrap().is_none());
        assert!(read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "")]).unwrap().is_none());
        assert!(read(&[ENDPOINT, ("OTEL_TRACES_EXPORTER", "none")]).unwrap().is_none());
        assert!(read(&[ENDPOINT, ("OTEL_SDK_DISABLED", "TRUE")]).unwrap().is_none());
        assert!(read(&[ENDPOINT]).unwrap().is_some());
        assert!(read(&[("OTEL_TRACES_EXPORTER", "otlp")]).unwrap().is_some());
    }

    #[test]
    fn an_endpoint_for_all_gets_the_path_of_traces_and_one_of_traces_is_as_it_is() {
        assert_eq!(endpoint(&[ENDPOINT]), "http://collector:4318/v1/traces");
        assert_eq!(
            endpoint(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "https://c/otlp/")]),
            "https://c/otlp/v1/traces"
        );
        let of_traces = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://c/traces");
        assert_eq!(endpoint(&[of_traces, ENDPOINT]), "https://c/traces");
        assert_eq!(endpoint(&[("OTEL_TRACES_EXPORTER", "otlp")]), "http://localhost:4318/v1/traces");
        assert_eq!(endpoint(&[("OTEL_TRACES_EXPORTER", "otlp"), GRPC]), "http://localhost:4317/");
    }

    #[test]
    fn what_is_for_traces_comes_before_what_is_for_all() {
        let read = read(&[
            ENDPOINT,
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "1"),
            ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "2500"),
        ]);
        let read = read.unwrap().unwrap();
        assert_eq!((read.protocol, read.timeout), (Protocol::Grpc, Duration::from_millis(2500)));
    }

    #[test]
    fn a_wrong_value_is_refused_with_what_is_right() {
        for (name, value, right) in [
            ("OTEL_SDK_DISABLED", "yes", "true or false"),
            ("OTEL_TRACES_EXPORTER", "zipkin", "otlp or none"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "grpc or http/protobuf"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317", "http://localhost:4318"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "ftp://collector", "http://localhost:4318"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "a whole number"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip", "none"),
            ("OTEL_TRACES_SAMPLER", "sometimes", "always_on"),
            ("OTEL_RESOURCE_ATTRIBUTES", "production", "key=value"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "0", "a whole number"),
            ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4096", "OTEL_BSP_MAX_QUEUE_SIZE"),
        ] {
            let error = read(&[(name, value), ENDPOINT]).unwrap_err();
            assert!(error.contains(name) && error.contains(value) && error.contains(right), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
        let path = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317/v1/traces");
        assert!(read(&[path, GRPC]).unwrap_err().contains("http://localhost:4317"));
    }

    #[test]
    fn nothing_is_shown_that_may_be_a_secret() {
        for (name, value) in [
            ("OTEL_EXPORTER_OTLP_HEADERS", "Authorization hunter2"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a b=hunter2"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=hunter2%0a"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://ana:hunter2@collector"),
        ] {
            let error = read(&[(name, value), ENDPOINT]).unwrap_err();
            assert!(error.contains(name) && !error.contains("hunter2"), "{error}");
        }
        assert!(read(&[ENDPOINT, ("OTEL_EXPORTER_OTLP_HEADERS", "a=b, Authorization=Basic%20x,")]).is_ok());
    }

    #[test]
    fn a_sampler_takes_its_share() {
        let sampler = |name, arg| {
            let variables = [ENDPOINT, ("OTEL_TRACES_SAMPLER", name), ("OTEL_TRACES_SAMPLER_ARG", arg)];
            read(&variables).map(|read| read.unwrap().sampler)
        };
        assert_eq!(sampler("", "").unwrap(), Sampler { asks_parent: true, share: 1.0 });
        assert_eq!(sampler("parentbased_always_off", "").unwrap(), Sampler { asks_parent: true, share: 0.0 });
        assert_eq!(sampler("traceidratio", "0.25").unwrap(), Sampler { asks_parent: false, share: 0.25 });
        for odd in ["2", "-1", "NaN", "half"] {
            assert!(sampler("parentbased_traceidratio", odd).unwrap_err().contains("from 0 to 1"), "{odd}");
        }
    }
}
