//! The way to the mail server, from the settings.

use super::{StartError, failed};
use crate::config::MailServerSettings;
use crate::mail::post::{Post, Server};

pub(super) fn of(settings: &MailServerSettings) -> Result<Post, StartError> {
    let Some(host) = &settings.host else {
        return Ok(Post::default());
    };
    let root = match &settings.root_file {
        Some(path) => Some(std::fs::read(path).map_err(failed("read mail.root_file"))?),
        None => None,
    };
    let password = settings.password.as_ref().map_or("", |it| it.expose());
    let server = Server {
        host,
        port: settings.port,
        encryption: settings.tls,
        credentials: settings.user.as_deref().map(|user| (user, password)),
        root: root.as_deref(),
    };
    Post::to(&server, &settings.from, settings.test_sites)
        .map_err(failed("set up the way to the mail server"))
}
