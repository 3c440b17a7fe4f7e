//! Where OpenTelemetry traces go: an OTLP/HTTP receiver that keeps what it gets.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Takes every export and keeps its head and body.
#[derive(Clone)]
pub(crate) struct TraceReceiver {
    pub(crate) address: SocketAddr,
    exports: Arc<Mutex<Vec<Export>>>,
}

#[derive(Clone)]
pub(crate) struct Export {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl TraceReceiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            address: listener.local_addr().unwrap(),
            exports: Arc::default(),
        };
        let exports = Arc::clone(&receiver.exports);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(receive(stream, Arc::clone(&exports)));
            }
        });
        receiver
    }

    /// The table of the configuration that sends traces here.
    pub(crate) fn table(&self) -> String {
        format!(
            "[traces]\nendpoint = \"http://{}/v1/traces\"\n",
            self.address
        )
    }

    pub(crate) fn exports(&self) -> Vec<Export> {
        self.exports.lock().unwrap().clone()
    }
}

/// Requests of one connection, each with a body of a stated length.
async fn receive(mut stream: TcpStream, exports: Arc<Mutex<Vec<Export>>>) {
    let mut pending = Vec::new();
    loop {
        let end = pending.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8(pending[..end].to_vec()).unwrap();
            let length = head.to_ascii_lowercase();
            let (_, length) = length.split_once("content-length: ").expect("a length");
            let length: usize = length.lines().next().unwrap().trim().parse().unwrap();
            let body = end + 4;
            if pending.len() >= body + length {
                let body: Vec<_> = pending.drain(..body + length).skip(body).collect();
                exports.lock().unwrap().push(Export { head, body });
                let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
                stream.write_all(answer.as_bytes()).await.unwrap();
                continue;
            }
        }
        if stream.read_buf(&mut pending).await.unwrap_or(0) == 0 {
            return;
        }
    }
}
