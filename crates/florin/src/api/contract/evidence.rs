//! Reading the files that merchants hand in for a dispute.
//!
//! What a file says it is does not count: older libraries send `chargeback`, and names lie. The
//! first bytes decide.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;

use super::errors::ApiError;
use super::read::json_object;
use super::scalars::Fields;
use crate::limits::FILE_BYTES_MAX;

/// Most characters of a file's name.
pub const FILE_NAME_CHARS_MAX: usize = 255;

/// Most characters of what is said about a file.
pub const FILE_DESCRIPTION_CHARS_MAX: usize = 1000;

/// What `POST /orders/{id}/files` hands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceRequest {
    pub name: String,
    /// What the file really is: `PDF`, `JPEG` or `PNG`.
    pub kind: &'static str,
    pub description: String,
    pub bytes: Vec<u8>,
}

/// What `type` may say.
const TYPES: [&str; 5] = ["PDF", "JPEG", "JPG", "PNG", "CHARGEBACK"];

/// How files of each kind begin.
const BEGINNINGS: [(&str, &[u8]); 3] =
    [("PDF", b"%PDF-"), ("JPEG", b"\xff\xd8\xff"), ("PNG", b"\x89PNG\r\n\x1a\n")];

/// Libraries leave the padding out, or not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a file may be refused with, besides for a member that is missing.
pub fn refusals() -> [ApiError; 5] {
    [
        ApiError::refused("Invalid file type"),
        ApiError::refused("Invalid file name"),
        ApiError::refused("Invalid file"),
        ApiError::invalid_description(),
        too_large(),
    ]
}

/// Reads the body of `POST /orders/{id}/files`.
///
/// # Errors
/// 1016 when a member is missing, 1008 for a description that is too long, 1000 for everything
/// else.
pub fn read_evidence(body: &[u8]) -> Result<EvidenceRequest, ApiError> {
    let body = json_object(body)?;
    let fields = Fields::of(&body);
    if ["type", "base64", "description", "name"].iter().any(|name| fields.lacks(name)) {
        return Err(ApiError::missing_data());
    }
    let text = |name| fields.text(name).ok_or_else(ApiError::missing_data);
    let said = text("type")?.trim().to_ascii_uppercase();
    if !TYPES.contains(&said.as_str()) {
        return Err(ApiError::refused("Invalid file type"));
    }
    let name = text("name")?.trim().to_owned();
    if name.chars().count() > FILE_NAME_CHARS_MAX || name.chars().any(char::is_control) {
        return Err(ApiError::refused("Invalid file name"));
    }
    let description = text("description")?.trim().to_owned();
    if description.chars().count() > FILE_DESCRIPTION_CHARS_MAX {
        return Err(ApiError::invalid_description());
    }
    let Some(Value::String(base64)) = fields.get("base64") else {
        return Err(ApiError::refused("Invalid file"));
    };
    let bytes = decode(base64)?;
    let kind = BEGINNINGS.iter().find(|(_, beginning)| bytes.starts_with(beginning));
    let (kind, _) = kind.ok_or_else(|| ApiError::refused("Invalid file type"))?;
    Ok(EvidenceRequest { name, kind, description, bytes })
}

/// Line breaks are left out, and so is what browsers put before the content of a file.
fn decode(text: &str) -> Result<Vec<u8>, ApiError> {
    let content = match text.trim_start().strip_prefix("data:") {
        Some(rest) => rest.split_once(";base64,").map_or(rest, |(_, content)| content),
        None => text,
    };
    let digits: Vec<u8> = content.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    // Three bytes for four digits; what is larger need not be decoded to be refused.
    if digits.len() / 4 * 3 > FILE_BYTES_MAX + 3 {
        return Err(too_large());
    }
    let bytes = BASE64.decode(digits).map_err(|_| ApiError::refused("Invalid file"))?;
    if bytes.len() > FILE_BYTES_MAX { Err(too_large()) } else { Ok(bytes) }
}

fn too_large() -> ApiError {
    ApiError::new(413, 1000, "File too large")
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
    use serde_json::json;

    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and more";

    fn file(kind: &str, bytes: &[u8]) -> Value {
        json!({"type": kind, "base64": STANDARD.encode(bytes), "description": "d", "name": "n"})
    }

    fn read(body: &Value) -> Result<EvidenceRequest, (u16, u32)> {
        let read = read_evidence(body.to_string().as_bytes());
        read.map_err(|error| (error.http_status, error.code))
    }

    #[test]
    fn the_first_bytes_say_what_a_file_is() {
        for said in ["PDF", "pdf", "JPEG", "JPG", "PNG", "chargeback"] {
            for (kind, bytes) in
                [("PDF", &b"%PDF-1.7"[..]), ("JPEG", b"\xff\xd8\xff\xe0"), ("PNG", PNG)]
            {
                assert_eq!(read(&file(said, bytes)).unwrap().kind, kind);
            }
        }
        for bytes in [&b"<html>"[..], b"PK\x03\x04", b"\x89PNG", b" %PDF-1.7"] {
            assert_eq!(read(&file("PDF", bytes)), Err((404, 1000)), "{bytes:?}");
        }
        assert_eq!(read(&file("GIF", PNG)), Err((404, 1000)));
    }

    #[test]
    fn all_members_are_required() {
        for member in ["type", "base64", "description", "name"] {
            for nothing in [json!(null), json!(""), json!(" "), json!([])] {
                let mut body = file("PNG", PNG);
                body[member] = nothing;
                assert_eq!(read(&body), Err((404, 1016)), "{member}");
            }
        }
        assert_eq!(read(&json!([])), Err((400, 1000)));
    }

    #[test]
    fn base64_is_read_however_it_is_wrapped() {
        let wrapped = |text: String| {
            let mut body = file("PNG", PNG);
            body["base64"] = json!(text);
            read(&body).map(|read| read.bytes)
        };
        let (plain, bare) = (STANDARD.encode(PNG), STANDARD_NO_PAD.encode(PNG));
        assert_ne!(plain, bare);
        let lines = plain.as_bytes().chunks(7).map(|it| std::str::from_utf8(it).unwrap());
        let lines = lines.collect::<Vec<_>>().join("\r\n");
        for text in [plain.clone(), bare, lines, format!("data:image/png;base64,{plain}")] {
            assert_eq!(wrapped(text).as_deref(), Ok(PNG));
        }
        for bad in ["%%%%", "iVBOR", "a b", "data:image/png,x"] {
            assert_eq!(wrapped(bad.to_owned()), Err((404, 1000)), "{bad}");
        }
    }

    #[test]
    fn sizes_have_bounds() {
        let of = |size: usize| {
            let mut bytes = PNG.to_vec();
            bytes.resize(size, 0);
            read(&file("PNG", &bytes)).map(|read| read.bytes.len())
        };
        assert_eq!(of(FILE_BYTES_MAX), Ok(FILE_BYTES_MAX));
        assert_eq!(of(FILE_BYTES_MAX + 1), Err((413, 1000)));
        assert_eq!(of(FILE_BYTES_MAX + 1000), Err((413, 1000)));
        let mut body = file("PNG", PNG);
        body["description"] = json!("x".repeat(FILE_DESCRIPTION_CHARS_MAX + 1));
        assert_eq!(read(&body), Err((404, 1008)));
        let mut body = file("PNG", PNG);
        body["name"] = json!("x".repeat(FILE_NAME_CHARS_MAX + 1));
        assert_eq!(read(&body), Err((404, 1000)));
        body["name"] = json!("a\nb");
        assert_eq!(read(&body), Err((404, 1000)));
    }
}
