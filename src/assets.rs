//! The built web assets, embedded in the binary and served under names that carry their hash, so browsers keep them
//! for good.

use std::collections::HashMap;
use std::sync::OnceLock;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "web/dist/"]
struct Dist;

struct Catalogue {
    hrefs: HashMap<String, String>,
    names: HashMap<String, String>,
}

fn catalogue() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    CATALOGUE.get_or_init(|| {
        let mut all = Catalogue { hrefs: HashMap::new(), names: HashMap::new() };
        for name in Dist::iter() {
            let Some(file) = Dist::get(&name) else { continue };
            let hash: String = file.metadata.sha256_hash()[..6].iter().map(|b| format!("{b:02x}")).collect();
            let hashed = match name.rsplit_once('.') {
                Some((stem, ending)) => format!("{stem}.{hash}.{ending}"),
                None => format!("{name}.{hash}"),
            };
            all.hrefs.insert(name.to_string(), format!("/assets/{hashed}"));
            all.names.insert(hashed, name.to_string());
        }
        all
    })
}

/// The address of an asset, by its plain name.
pub fn href(name: &str) -> &'static str {
    match catalogue().hrefs.get(name) {
        Some(address) => address,
        None => "/assets/missing",
    }
}

/// Serves one asset under its hashed name.
pub fn serve(hashed: &str) -> Response {
    let Some(file) = catalogue().names.get(hashed).and_then(|name| Dist::get(name)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let kind = match hashed.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    };
    let mut response = file.data.into_owned().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    response
}
