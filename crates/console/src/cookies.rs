//! The cookies of the console.

use http::header::COOKIE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue};

use crate::origin::is_local;

/// The cookie with the secret of the session, where it can be `Secure`: the prefix makes browsers insist on that, on the path
/// `/` and on this very host.
const SESSION: &str = "__Host-rollcall";
/// The same on this machine itself without TLS.
const LOCAL_SESSION: &str = "rollcall-session";
/// The cookie with what a sign-in with OpenID Connect began with. `__Host-` would ask for the path `/`.
const ATTEMPT: &str = "__Secure-rollcall-oidc";
/// The same on this machine itself without TLS.
const LOCAL_ATTEMPT: &str = "rollcall-oidc";
/// The cookie with the theme that was chosen.
const THEME: &str = "rollcall-theme";

/// The value of a cookie.
fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = pairs.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, value)| *key == name && !value.is_empty()).map(|(_, value)| value)
}

/// Marks the cookies of a request, so that nothing shows them that prints headers.
pub(crate) fn conceal(headers: &mut HeaderMap) {
    for (_, cookie) in headers.iter_mut().filter(|(name, _)| **name == COOKIE) {
        cookie.set_sensitive(true);
    }
}

/// The secret of the session.
pub(crate) fn session(parts: &Parts) -> Option<&str> {
    value(&parts.headers, session_name(parts))
}

/// The header that sets the secret of the session: no script sees it, no other site's request carries it, and it ends with the
/// browser.
pub(crate) fn set_session(parts: &Parts, secret: &str) -> Option<HeaderValue> {
    sensitive(format!("{}={secret}; {}", session_name(parts), attributes(parts)))
}

/// The header that takes it away.
pub(crate) fn clear_session(parts: &Parts) -> Option<HeaderValue> {
    HeaderValue::try_from(format!("{}=; {}; Max-Age=0", session_name(parts), attributes(parts))).ok()
}

/// What a sign-in with OpenID Connect began with.
pub(crate) fn attempt(parts: &Parts) -> Option<&str> {
    value(&parts.headers, if is_local(parts) { LOCAL_ATTEMPT } else { ATTEMPT })
}

/// The header that keeps it for ten minutes, for the callback alone. It is `Lax`: the provider leads there from another site.
pub(crate) fn set_attempt(parts: &Parts, callback: &str, value: &str) -> Option<HeaderValue> {
    attempt_header(parts, callback, value, 600)
}

/// The header that takes it away.
pub(crate) fn clear_attempt(parts: &Parts, callback: &str) -> Option<HeaderValue> {
    attempt_header(parts, callback, "", 0)
}

fn attempt_header(parts: &Parts, callback: &str, value: &str, seconds: u32) -> Option<HeaderValue> {
    let (name, secure) = if is_local(parts) { (LOCAL_ATTEMPT, "") } else { (ATTEMPT, " Secure;") };
    let header =
        format!("{name}={value}; Path={callback};{secure} HttpOnly; SameSite=Lax; Max-Age={seconds}");
    sensitive(header)
}

/// A header that nothing shows which prints headers.
fn sensitive(header: String) -> Option<HeaderValue> {
    let mut header = HeaderValue::try_from(header).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// The header that keeps the theme for a year; scripts may set it too.
pub(crate) fn set_theme(theme: Theme) -> HeaderValue {
    HeaderValue::from_static(match theme {
        Theme::System => "rollcall-theme=; Path=/admin; SameSite=Strict; Max-Age=0",
        Theme::Light => "rollcall-theme=light; Path=/admin; SameSite=Strict; Max-Age=31536000",
        Theme::Dark => "rollcall-theme=dark; Path=/admin; SameSite=Strict; Max-Age=31536000",
    })
}

/// How the pages look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Theme {
    /// As the system has it.
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    /// The theme that was chosen.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        value(headers, THEME).map(Self::named).unwrap_or_default()
    }

    pub(crate) fn named(name: &str) -> Self {
        match name {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

fn session_name(parts: &Parts) -> &'static str {
    if is_local(parts) { LOCAL_SESSION } else { SESSION }
}

fn attributes(parts: &Parts) -> &'static str {
    if is_local(parts) {
        "Path=/; HttpOnly; SameSite=Strict"
    } else {
        "Path=/; Secure; HttpOnly; SameSite=Strict"
    }
}

#[cfg(test)]
mod tests {
    use http::Request;
    use http::header::HOST;

    use super::*;

    fn parts(host: &str, cookie: &str) -> Parts {
        Request::builder().header(HOST, host).header(COOKIE, cookie).body(()).unwrap().into_parts().0
    }

    #[test]
    fn the_session_is_secure_everywhere_but_on_this_machine() {
        for host in ["127.0.0.1:8080", "localhost", "[::1]:8080"] {
            let set = set_session(&parts(host, ""), "s").unwrap();
            assert_eq!(set, "rollcall-session=s; Path=/; HttpOnly; SameSite=Strict", "{host}");
        }
        for host in ["id.example.com", "10.0.0.1:8080", "localhost.example.com", "127.0.0.1.example.com"] {
            let set = set_session(&parts(host, ""), "s").unwrap();
            assert_eq!(set, "__Host-rollcall=s; Path=/; Secure; HttpOnly; SameSite=Strict", "{host}");
        }
    }

    #[test]
    fn the_cookie_of_one_kind_is_not_taken_for_the_other() {
        let both = "a=b; rollcall-session=local; __Host-rollcall=public";
        assert_eq!(session(&parts("localhost", both)), Some("local"));
        assert_eq!(session(&parts("id.example.com", both)), Some("public"));
        assert_eq!(session(&parts("id.example.com", "rollcall-session=local")), None);
        assert_eq!(session(&parts("id.example.com", "__Host-rollcall=")), None);
    }

    #[test]
    fn an_attempt_is_kept_for_the_callback_alone_and_for_ten_minutes() {
        let public = parts("id.example.com", "rollcall-oidc=local; __Secure-rollcall-oidc=public");
        assert_eq!(attempt(&public), Some("public"));
        assert_eq!(
            set_attempt(&public, "/admin/oidc/callback", "a.b").unwrap(),
            "__Secure-rollcall-oidc=a.b; Path=/admin/oidc/callback; Secure; HttpOnly; SameSite=Lax; Max-Age=600"
        );
        let local = parts("localhost:8080", "rollcall-oidc=local; __Secure-rollcall-oidc=public");
        assert_eq!(attempt(&local), Some("local"));
        assert_eq!(
            clear_attempt(&local, "/admin/oidc/callback").unwrap(),
            "rollcall-oidc=; Path=/admin/oidc/callback; HttpOnly; SameSite=Lax; Max-Age=0"
        );
    }

    #[test]
    fn the_theme_is_one_of_three() {
        let theme = |cookie: &str| Theme::of(&parts("localhost", cookie).headers);
        assert_eq!(theme("rollcall-theme=dark"), Theme::Dark);
        assert_eq!(theme("rollcall-theme=<script>"), Theme::System);
        assert_eq!(theme(""), Theme::System);
    }
}
