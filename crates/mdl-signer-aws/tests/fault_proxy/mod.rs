//! Stands between a client and a server of AWS JSON 1.1, and spoils what the test says, one request after the other.

use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::sleep,
};

/// What becomes of one request.
#[derive(Clone)]
pub(crate) enum Fault {
    /// It goes through.
    None,
    /// It goes through, later.
    Late(Duration),
    /// It is answered with an error of this HTTP status and code.
    Error(u16, &'static str),
    /// It is answered with this status and something that is no JSON.
    Garbage(u16),
    /// It is never answered.
    Silence,
    /// The connection is cut.
    Cut,
    /// It goes through, and members of the answer are replaced.
    Replace(Vec<(&'static str, Value)>),
}

/// A proxy on a free port, for as long as the runtime of the test lives.
#[derive(Clone)]
pub(crate) struct FaultProxy {
    pub(crate) url: String,
    faults: Arc<Mutex<VecDeque<Fault>>>,
    requests: Arc<AtomicUsize>,
}

impl FaultProxy {
    /// A proxy in front of the server at `upstream`.
    pub(crate) async fn start(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let proxy = Self {
            url: format!("http://{address}"),
            faults: Arc::default(),
            requests: Arc::default(),
        };
        let upstream = upstream.trim_start_matches("http://").to_owned();
        let serving = proxy.clone();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let (proxy, upstream) = (serving.clone(), upstream.clone());
                tokio::spawn(async move { proxy.serve(connection, &upstream).await });
            }
        });
        proxy
    }

    /// Spoils the next requests, one fault each; those after them go through.
    pub(crate) fn next(&self, faults: impl IntoIterator<Item = Fault>) {
        let mut waiting = self.faults.lock().expect("not poisoned");
        waiting.clear();
        waiting.extend(faults);
        self.requests.store(0, Ordering::SeqCst);
    }

    /// Requests since the last [`next`](Self::next).
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    async fn serve(&self, mut connection: TcpStream, upstream: &str) {
        while let Some(request) = read_message(&mut connection).await {
            self.requests.fetch_add(1, Ordering::SeqCst);
            let fault = self.faults.lock().expect("not poisoned").pop_front();
            let answer = match fault.unwrap_or(Fault::None) {
                Fault::None => forward(&request, upstream).await,
                Fault::Late(time) => {
                    sleep(time).await;
                    forward(&request, upstream).await
                }
                Fault::Error(status, code) => {
                    let body = json!({ "__type": code, "message": "injected" });
                    answer(status, body.to_string().as_bytes())
                }
                Fault::Garbage(status) => answer(status, b"<html>"),
                Fault::Silence => {
                    sleep(Duration::from_secs(3600)).await;
                    return;
                }
                Fault::Cut => return,
                Fault::Replace(members) => {
                    let answered = forward(&request, upstream).await;
                    let body = answered
                        .split(|byte| *byte == b'{')
                        .next()
                        .map_or(0, <[u8]>::len);
                    let mut value: Value =
                        serde_json::from_slice(&answered[body..]).expect("JSON from upstream");
                    for (name, member) in members {
                        value[name] = member;
                    }
                    answer(200, value.to_string().as_bytes())
                }
            };
            if connection.write_all(&answer).await.is_err() {
                return;
            }
        }
    }
}

fn answer(status: u16, body: &[u8]) -> Vec<u8> {
    let mut answer = format!(
        "HTTP/1.1 {status} Answer\r\ncontent-type: application/x-amz-json-1.1\r\n\
         x-amzn-requestid: injected-by-the-proxy\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(body);
    answer
}

/// The answer of the server, on a connection of its own, as a message that lets the client's connection live on.
async fn forward(request: &[u8], upstream: &str) -> Vec<u8> {
    let mut server = TcpStream::connect(upstream)
        .await
        .expect("the server is up");
    server.write_all(request).await.expect("the server reads");
    read_message(&mut server).await.expect("the server answers")
}

/// A request or answer with its body, whose length must be in its head.
async fn read_message(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    loop {
        let head = message.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(head) = head {
            let text = String::from_utf8_lossy(&message[..head]).to_lowercase();
            let length = text
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .map_or(0, |length| length.trim().parse().expect("a length"));
            if message.len() >= head + 4 + length {
                return Some(message);
            }
        }
        let mut part = [0; 8192];
        match stream.read(&mut part).await {
            Ok(count) if count > 0 => message.extend_from_slice(&part[..count]),
            _ => return None,
        }
    }
}
