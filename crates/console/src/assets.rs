//! The style sheet, the script and the mark: in the binary, under names that change with what is in them.

use std::sync::{Arc, LazyLock};

use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use data_encoding::HEXLOWER;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use sha2::{Digest as _, Sha256};

use crate::problem::Problem;

/// A file.
#[derive(Debug)]
struct Asset {
    name: String,
    content_type: &'static str,
    body: &'static str,
}

impl Asset {
    fn new(stem: &str, extension: &str, content_type: &'static str, body: &'static str) -> Self {
        let hash = HEXLOWER.encode(&Sha256::digest(body.as_bytes()));
        let hash = hash.get(..12).unwrap_or_default();
        Self { name: format!("{stem}-{hash}.{extension}"), content_type, body }
    }
}

/// The files, and the paths that pages name them by.
#[derive(Debug)]
pub(crate) struct Assets {
    files: [Asset; 3],
    /// The path of the style sheet.
    pub(crate) style: String,
    /// The path of the script.
    pub(crate) script: String,
    /// The path of the mark.
    pub(crate) mark: String,
}

/// The files of this build.
pub(crate) static ASSETS: LazyLock<Arc<Assets>> = LazyLock::new(|| {
    let files = [
        Asset::new("console", "css", "text/css; charset=utf-8", include_str!("../assets/console.css")),
        Asset::new("console", "js", "text/javascript; charset=utf-8", include_str!("../assets/console.js")),
        Asset::new("mark", "svg", "image/svg+xml", include_str!("../assets/mark.svg")),
    ];
    let [style, script, mark] = &files;
    let path = |asset: &Asset| format!("{}/assets/{}", crate::PATH, asset.name);
    Arc::new(Assets { style: path(style), script: path(script), mark: path(mark), files })
});

/// `/admin/assets/{name}`: it never changes under its name.
pub(crate) async fn serve(Path(name): Path<String>) -> Result<Response, Problem> {
    let asset = ASSETS.files.iter().find(|asset| asset.name == name).ok_or(Problem::NoPage)?;
    let headers =
        [(CONTENT_TYPE, asset.content_type), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((headers, asset.body).into_response())
}
