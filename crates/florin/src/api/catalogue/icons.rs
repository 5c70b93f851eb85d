//! `GET /static/icons/NAME.svg`: a neutral drawing for each method and brand.
//!
//! Own drawings with the name on them, no trademarks. A vector is sharp at every size, so that all
//! three addresses of an entry lead to it.

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use florin_core::method::{Kind, Method};
use serde_json::{Value, json};

/// How long browsers keep a drawing; it changes with a release at most.
const CACHED: &str = "public, max-age=86400";
/// Width of the drawing, in its own units.
const WIDTH: usize = 120;
/// About how wide a letter is, in hundredths of the size of its font.
const LETTER_WIDTH: usize = 60;

/// The addresses under which shops find the drawing.
pub(super) fn urls(public_url: &str, id: &str) -> Value {
    let url = format!("{public_url}/static/icons/{}.svg", id.to_ascii_lowercase());
    json!({ "large": url, "medium": url, "vector": url })
}

/// Answers with the drawing of this file name.
pub(crate) fn serve(file: &str) -> Response<Body> {
    let drawing = file.strip_suffix(".svg").and_then(draw);
    let (status, kind, body) = match drawing {
        Some(svg) => (StatusCode::OK, "image/svg+xml", svg),
        None => (StatusCode::NOT_FOUND, "text/plain; charset=utf-8", "Not found".to_owned()),
    };
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, kind)
        .header(header::CACHE_CONTROL, if status == StatusCode::OK { CACHED } else { "no-store" })
        .header(header::CONTENT_SECURITY_POLICY, "default-src 'none'")
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        // Shops show it on pages of their own.
        .header("cross-origin-resource-policy", "cross-origin")
        .body(Body::from(body))
        .expect("the parts of the answer are valid")
}

/// The drawing of a method or brand, by its id in lower case.
fn draw(id: &str) -> Option<String> {
    if id.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let brands = || Method::all().iter().flat_map(Method::brands);
    let method = Method::all().iter().find(|it| it.id.eq_ignore_ascii_case(id));
    let (name, kind) = match method {
        Some(method) => (method.name, method.kind),
        None => (brands().find(|it| it.id.eq_ignore_ascii_case(id))?.name, Kind::Card),
    };
    // A stripe of magnetic tape, a clasp, columns, a calendar, a ribbon: enough to tell kinds apart.
    let sign = match kind {
        Kind::Cards | Kind::Card | Kind::LocalCard => "M0 14h120v12H0z",
        Kind::Wallet => "M96 30h24v16H96z",
        Kind::Bank => "M10 26l16-12 16 12zM14 28h4v12h-4zM24 28h4v12h-4zM34 28h4v12h-4z",
        Kind::PayLater => "M10 14h30v6H10zM10 24h6v6h-6zM22 24h6v6h-6zM34 24h6v6h-6z",
        Kind::Prepaid => "M10 14h8v8h-8zM22 14h8v8h-8zM10 26h8v8h-8zM26 26h4v8h-4z",
        Kind::GiftCard => "M24 0h8v80h-8z",
    };
    let letters = name.chars().count().max(1);
    let size = (WIDTH.saturating_sub(16) * 100 / (letters * LETTER_WIDTH)).clamp(6, 20);
    let name = name.replace('&', "&amp;").replace('<', "&lt;");
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"80\" \
         viewBox=\"0 0 120 80\" role=\"img\"><title>{name}</title>\
         <rect x=\".5\" y=\".5\" width=\"119\" height=\"79\" rx=\"8\" fill=\"#fff\" \
         stroke=\"#8a94a6\"/><path d=\"{sign}\" fill=\"#c3cad6\"/>\
         <text x=\"60\" y=\"62\" text-anchor=\"middle\" font-family=\"sans-serif\" \
         font-weight=\"600\" font-size=\"{size}\" fill=\"#1f2a44\">{name}</text></svg>\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_and_brand_has_a_drawing_that_names_it() {
        for method in Method::all() {
            let svg = draw(&method.id.to_lowercase()).expect(method.id);
            assert!(svg.contains(&method.name.replace('&', "&amp;")), "{svg}");
            assert!(!svg.contains("<script") && svg.len() < 1_000, "{svg}");
            for brand in method.brands() {
                assert!(draw(&brand.id.to_lowercase()).is_some(), "{}", brand.id);
            }
        }
        assert_eq!(draw("nothing"), None);
        assert_eq!(draw("VISA"), None, "one address for one drawing");
    }

    #[test]
    fn what_is_no_drawing_is_not_found() {
        for file in ["visa", "visa.png", "../visa.svg", "visa.svg/", "", ".svg"] {
            assert_eq!(serve(file).status(), StatusCode::NOT_FOUND, "{file}");
        }
        assert_eq!(serve("visa.svg").status(), StatusCode::OK);
    }
}
