//! Those outside the gateway: the simulator's bank behind the virtual network, and the ways of a
//! gateway to it and to its shops.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::http::Method;
use bytes::Bytes;
use florin::notify::client::{Carrier, FailureClass, Heard, REPLY_BYTES_MAX};
use florin::threeds::{PostError, Posted, Wire};
use florin_sim::{Simulator, SimulatorConfig, Surroundings};
use jiff::Timestamp;
use url::Url;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::bugs::Bug;
use crate::chance::Chance;
use crate::elsewhere::SIMULATOR_TOKEN;
use crate::front::Front;
use crate::mood::Who;
use crate::network::calls::{self, Call, JSON, NoReply};
use crate::receiver::Receiver;
use crate::world::World;
use florin::vault::Random;

/// Where the bank's HTTP paths are.
pub const BANK: &str = "http://bank.example";

/// Starts host, directory servers and access control server.
pub fn start_bank(world: &Arc<World>, front: &Arc<Front>) -> Simulator {
    let config = SimulatorConfig {
        public_url: BANK.to_owned(),
        control_token: SIMULATOR_TOKEN.to_owned().into(),
        ..SimulatorConfig::default()
    };
    let chance = world.chance.fork();
    let around = Around { world: world.clone(), front: front.clone(), chance };
    Simulator::within(config, Arc::new(around)).expect("a bank without files and keys can start")
}

/// What the bank takes from around it.
struct Around {
    world: Arc<World>,
    front: Arc<Front>,
    chance: Chance,
}

#[async_trait]
impl Surroundings for Around {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.world.now()).unwrap_or_default()
    }

    fn new_id(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.chance.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    async fn post(
        &self,
        url: &str,
        body: Vec<u8>,
        wait: Duration,
        _bytes_max: usize,
    ) -> Result<Vec<u8>, String> {
        let reply = self.front.call(Call::post(url, JSON, body), wait).await;
        reply.map(|reply| reply.body.to_vec()).map_err(|why| format!("{why:?}"))
    }
}

/// A gateway's way to the directory servers.
pub struct ToBank {
    pub world: Arc<World>,
    pub routes: Router,
}

#[async_trait]
impl Wire for ToBank {
    async fn post(
        &self,
        url: &Url,
        message: Bytes,
        _bytes_max: usize,
    ) -> Result<Posted, PostError> {
        let call = Call::post(url.path(), JSON, message);
        let answer = || calls::serve(self.routes.clone(), call.clone());
        match calls::carry(&self.world, Some(Who::Bank), None, answer).await {
            Ok(reply) => {
                let body = Zeroizing::new(reply.body.to_vec());
                Ok(Posted { status: reply.status, body })
            }
            Err(NoReply::Unreached) => Err(PostError::Unreached("the storm".to_owned())),
            Err(why) => Err(PostError::Broken(format!("{why:?}"))),
        }
    }
}

/// A gateway's way to the shops' receivers.
pub struct ToReceiver {
    pub world: Arc<World>,
    pub receiver: Arc<Receiver>,
}

#[async_trait]
impl Carrier for ToReceiver {
    async fn call(
        &self,
        call: florin::notify::client::Call,
        heard: &mut Heard,
    ) -> Result<(), FailureClass> {
        if self.world.bug == Some(Bug::ToldUnsent) && self.world.chance.is(200) {
            heard.http_status = Some(200);
            heard.reply = b"OK".to_vec();
            return Ok(());
        }
        let method = if call.signed.is_some() { Method::POST } else { Method::GET };
        let answer = || {
            let (receiver, url, method) = (self.receiver.clone(), call.url.clone(), method.clone());
            let signed = call.signed.clone();
            async move { receiver.hear(&url, &method, signed) }
        };
        match calls::carry(&self.world, Some(Who::Receiver), None, answer).await {
            Ok(reply) => {
                heard.http_status = Some(reply.status);
                heard.reply = reply.body[..reply.body.len().min(REPLY_BYTES_MAX)].to_vec();
                Ok(())
            }
            Err(NoReply::Unreached) => Err(FailureClass::NotConnected),
            Err(_) => Err(FailureClass::BrokenOff),
        }
    }
}
