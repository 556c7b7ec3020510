//! What `rollcall serve` says to the person who starts it.

use rollcall_core::bootstrap::{DEFAULT_DIRECTORY, FirstStart};

/// The path of the SCIM endpoint.
const SCIM_PATH: &str = "/scim/v2";
/// The path of the console.
const CONSOLE_PATH: &str = "/admin";
/// Where the administrator's commands look for a core by themselves.
const DEFAULT_CORE_URL: &str = "http://127.0.0.1:50051";

/// Where the server can be reached.
#[derive(Debug)]
pub(super) struct Reach<'a> {
    /// The URL before the path of the SCIM endpoint.
    pub(super) public_url: &'a str,
    /// Whether the console is served beside it.
    pub(super) console: bool,
    /// The URL of the gRPC API.
    pub(super) core_url: &'a str,
}

impl Reach<'_> {
    fn endpoint(&self) -> String {
        format!("{}{SCIM_PATH}", self.public_url)
    }

    fn admin(&self) -> String {
        format!("{}{CONSOLE_PATH}", self.public_url)
    }
}

/// The line of every start but the first.
pub(super) fn usual(reach: &Reach<'_>) -> String {
    let console = if reach.console { format!(", console {}", reach.admin()) } else { String::new() };
    format!("Rollcall is ready: SCIM endpoint {}{console}, gRPC {}", reach.endpoint(), reach.core_url)
}

/// The block of the first start: everything that it takes to begin, secrets included.
pub(super) fn first(reach: &Reach<'_>, made: &FirstStart) -> String {
    let endpoint = reach.endpoint();
    let given = |variable: &str| format!("the one that {variable} brought");
    let token = made.scim_token.as_ref().map(rollcall_core::Secret::expose);
    let key = made.admin_key.as_ref().map(rollcall_core::Secret::expose);
    let shown_token = token.map_or_else(|| given("ROLLCALL_BOOTSTRAP_SCIM_TOKEN"), str::to_owned);
    let shown_key = key.map_or_else(|| given("ROLLCALL_BOOTSTRAP_ADMIN_KEY"), str::to_owned);
    let once = if token.or(key).is_some() {
        " What is secret here is shown this once\nand stored only as a hash: copy it now."
    } else {
        ""
    };
    let token = token.unwrap_or("$ROLLCALL_BOOTSTRAP_SCIM_TOKEN");
    let key = key.unwrap_or("$ROLLCALL_BOOTSTRAP_ADMIN_KEY");
    let server = match reach.core_url {
        DEFAULT_CORE_URL => String::new(),
        url => format!(" --server {url}"),
    };
    let console = if reach.console { format!("  Console        {}\n", reach.admin()) } else { String::new() };
    let sign_in =
        if reach.console { "in the console, where the admin key signs you in, or here" } else { "here" };
    format!(
        "\
Rollcall is ready, and this is its first start.{once}

  SCIM endpoint  {endpoint}
  SCIM token     {shown_token}
  Admin key      {shown_key}
{console}  gRPC           {core_url}

The token is for the directory {DEFAULT_DIRECTORY:?}. Create a user as an identity provider would:

  curl -X POST {endpoint}/Users \\
    -H \"Authorization: Bearer {token}\" \\
    -H \"Content-Type: application/scim+json\" \\
    -d '{{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"userName\":\"ada@example.com\"}}'

And see it as an administrator, {sign_in}:

  export ROLLCALL_ADMIN_KEY={key}
  rollcall user list --directory {DEFAULT_DIRECTORY}{server}
",
        core_url = reach.core_url,
    )
}

#[cfg(test)]
mod tests {
    use rollcall_core::Secret;

    use super::*;

    const REACH: Reach<'_> =
        Reach { public_url: "https://id.example.com", console: true, core_url: DEFAULT_CORE_URL };

    fn secret(text: &str) -> Secret {
        Secret::from_outside(text).unwrap()
    }

    #[test]
    fn the_first_start_shows_url_token_and_key() {
        let made = FirstStart {
            created: true,
            scim_token: Some(secret("0123456789abcdef0123456789abcdef")),
            admin_key: Some(secret("fedcba9876543210fedcba9876543210")),
        };
        let text = first(&REACH, &made);
        assert!(text.contains("  SCIM endpoint  https://id.example.com/scim/v2\n"), "{text}");
        assert!(text.contains("  SCIM token     0123456789abcdef0123456789abcdef\n"), "{text}");
        assert!(text.contains("  Admin key      fedcba9876543210fedcba9876543210\n"), "{text}");
        assert!(text.contains("  Console        https://id.example.com/admin\n"), "{text}");
        assert!(text.contains("shown this once"), "{text}");
        assert!(!text.contains("--server"), "{text}");
    }

    #[test]
    fn secrets_that_were_brought_along_are_not_shown() {
        let made = FirstStart { created: true, scim_token: None, admin_key: None };
        let text = first(&Reach { core_url: "http://127.0.0.1:50052", ..REACH }, &made);
        assert!(text.contains("the one that ROLLCALL_BOOTSTRAP_SCIM_TOKEN brought"), "{text}");
        assert!(!text.contains("shown this once"), "{text}");
        assert!(text.contains("--server http://127.0.0.1:50052"), "{text}");
        let without = first(&Reach { console: false, ..REACH }, &made);
        assert!(!without.to_lowercase().contains("console"), "{without}");
    }

    #[test]
    fn a_later_start_is_one_line_with_the_url() {
        let line = usual(&REACH);
        assert!(line.contains("https://id.example.com/scim/v2") && line.lines().count() == 1, "{line}");
    }
}
