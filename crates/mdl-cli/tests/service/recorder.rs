//! A wire between clients and the service that keeps a copy of everything.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// One direction of one connection.
type Copy = Arc<Mutex<Vec<u8>>>;

/// Passes connections on to wherever the service is.
#[derive(Clone)]
pub(crate) struct Recorder {
    pub(crate) address: SocketAddr,
    service: Arc<Mutex<Option<SocketAddr>>>,
    sent: Arc<Mutex<Vec<Copy>>>,
    received: Arc<Mutex<Vec<Copy>>>,
}

impl Recorder {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let recorder = Self {
            address: listener.local_addr().unwrap(),
            service: Arc::default(),
            sent: Arc::default(),
            received: Arc::default(),
        };
        let here = recorder.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(here.clone().pass(client));
            }
        });
        recorder
    }

    /// Says where the service is.
    pub(crate) fn lead_to(&self, service: SocketAddr) {
        *self.service.lock().unwrap() = Some(service);
    }

    async fn pass(self, client: TcpStream) {
        let service = self.service.lock().unwrap().expect("the service is known");
        let Ok(service) = TcpStream::connect(service).await else {
            return; // it has stopped
        };
        let (from_client, to_client) = client.into_split();
        let (from_service, to_service) = service.into_split();
        let (sent, received) = (Copy::default(), Copy::default());
        self.sent.lock().unwrap().push(Arc::clone(&sent));
        self.received.lock().unwrap().push(Arc::clone(&received));
        tokio::join!(
            copy(from_client, to_service, sent),
            copy(from_service, to_client, received)
        );
    }

    /// All that clients sent.
    pub(crate) fn sent(&self) -> Vec<u8> {
        joined(&self.sent)
    }

    /// All that the service answered.
    pub(crate) fn received(&self) -> Vec<u8> {
        joined(&self.received)
    }

    /// The address of every request, as it stood on the wire.
    pub(crate) fn urls(&self) -> Vec<String> {
        let sent = self.sent();
        let lines = sent.split(|byte| *byte == b'\n');
        let urls = lines.filter_map(|line| {
            let line = line.strip_suffix(b" HTTP/1.1\r")?;
            let (_, url) = std::str::from_utf8(line).ok()?.rsplit_once(' ')?;
            Some(url.to_owned())
        });
        urls.collect()
    }
}

fn joined(copies: &Mutex<Vec<Copy>>) -> Vec<u8> {
    let copies = copies.lock().unwrap();
    let copies = copies.iter().map(|copy| copy.lock().unwrap().clone());
    copies.collect::<Vec<_>>().join(&b'\n')
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, copy: Copy) {
    let mut piece = vec![0; 1 << 16];
    while let Ok(size @ 1..) = from.read(&mut piece).await {
        copy.lock().unwrap().extend_from_slice(&piece[..size]);
        if to.write_all(&piece[..size]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}
