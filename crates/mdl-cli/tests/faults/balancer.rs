//! What stands in front of replicas: passes each connection to one that answers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A TCP load balancer. Stops with its value.
pub(crate) struct Balancer(JoinHandle<()>);

impl Balancer {
    pub(crate) async fn start(address: SocketAddr, replicas: Vec<SocketAddr>) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let replicas = Arc::new(replicas);
        let turn = Arc::new(AtomicUsize::new(0));
        Self(tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let (replicas, turn) = (Arc::clone(&replicas), Arc::clone(&turn));
                tokio::spawn(async move {
                    if let Some(mut replica) = connect(&replicas, &turn).await {
                        // A replica that dies takes its connections along: the client sees them end.
                        let _ = tokio::io::copy_bidirectional(&mut client, &mut replica).await;
                    }
                });
            }
        }))
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The next replica that accepts; for a few seconds there may be none.
async fn connect(replicas: &[SocketAddr], turn: &AtomicUsize) -> Option<TcpStream> {
    for _ in 0..50 {
        for _ in 0..replicas.len() {
            let number = turn.fetch_add(1, Ordering::Relaxed) % replicas.len();
            if let Ok(stream) = TcpStream::connect(replicas[number]).await {
                return Some(stream);
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    None
}
