//! The way of a result: from the access control server through the directory server to the 3DS
//! Server, and its acknowledgement back (EMV 3DS, RReq and RRes).
//!
//! The two first are one process here, so only the last step is on the wire.

use emv3ds::{Incoming, Rreq};

use crate::limits::{RESULT_ANSWER_BYTES_MAX, RESULT_ATTEMPTS_MAX, RESULT_WAIT};
use crate::shared::Shared;

use super::challenge::Challenge;

/// Sends a result until the 3DS Server acknowledges it, at most [`RESULT_ATTEMPTS_MAX`] times.
/// True when it did.
pub(crate) async fn tell(shared: &Shared, challenge: &Challenge, rreq: &Rreq) -> bool {
    let body = rreq.to_json();
    for _ in 0..RESULT_ATTEMPTS_MAX {
        let direction = "directory server to 3DS Server";
        shared.transcript.json(&challenge.merchant, shared.now(), direction, &body);
        let url = &challenge.results_url;
        let posted =
            shared.around.post(url, body.clone(), RESULT_WAIT, RESULT_ANSWER_BYTES_MAX).await;
        match posted {
            Ok(answer) => {
                let direction = "3DS Server to directory server";
                shared.transcript.json(&challenge.merchant, shared.now(), direction, &answer);
                if acknowledges(&answer, rreq) {
                    return true;
                }
                tracing::warn!("the 3DS Server answered a result with something else");
            }
            Err(error) => tracing::warn!(error, "a 3DS Server cannot be told a result"),
        }
    }
    false
}

fn acknowledges(answer: &[u8], rreq: &Rreq) -> bool {
    match Incoming::parse(answer) {
        Ok(Incoming::Rres(rres)) => {
            rres.three_ds_server_trans_id == rreq.three_ds_server_trans_id
                && rres.acs_trans_id == rreq.acs_trans_id
        }
        _ => false,
    }
}
