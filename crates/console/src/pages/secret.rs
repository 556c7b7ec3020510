//! A secret that is shown once: in the answer to the form that made it, and in no address that can be gone to again.

use askama::Template;
use axum::response::Response;

use crate::assets::Assets;
use crate::cookies::Theme;
use crate::dress::render;
use crate::shell::Shell;

/// What is no secret, but goes along with one.
#[derive(Debug)]
pub(crate) struct Beside<'a> {
    /// Its id on the page.
    pub(crate) id: &'a str,
    pub(crate) label: &'a str,
    pub(crate) value: &'a str,
}

/// The page. It has no `Debug`, which would show the secret.
#[derive(Template)]
#[template(path = "secret.html")]
struct SecretPage<'a> {
    assets: &'a Assets,
    theme: Theme,
    shell: &'a Shell,
    title: &'a str,
    text: &'a str,
    secret: &'a str,
    beside: &'a [Beside<'a>],
    /// Where to go on.
    page: &'a str,
}

/// Shows a secret; from there it goes on to a page.
pub(crate) fn show(shell: &Shell, title: &str, text: &str, secret: &str, page: &str) -> Response {
    show_with(shell, title, text, secret, &[], page)
}

/// The same, with what goes along with it.
pub(crate) fn show_with(
    shell: &Shell,
    title: &str,
    text: &str,
    secret: &str,
    beside: &[Beside<'_>],
    page: &str,
) -> Response {
    render(&SecretPage { assets: shell.assets, theme: shell.theme, shell, title, text, secret, beside, page })
}
