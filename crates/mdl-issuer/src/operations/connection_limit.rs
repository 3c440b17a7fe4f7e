//! How many connections there may be at once: in all, and from one client.
//!
//! A connection costs a file descriptor and memory before it has said anything, and a client that holds thousands of
//! them open keeps everybody else out without a single request that could be counted. One too many is closed at once,
//! before TLS: who waits in a queue is kept out as well.

use std::collections::HashMap;
use std::future::{Ready, ready};
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::metrics;
use super::observe::Listener;
use super::rate_limit::{Proxies, holder};

/// The connections of one listener.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionLimit(Arc<Connections>);

#[derive(Debug)]
struct Connections {
    listener: Listener,
    most: u32,
    of_client: Option<OfClient>,
    open: Mutex<Open>,
}

/// Bounds of one client; the connections of a proxy are those of many.
#[derive(Clone, Debug)]
pub(crate) struct OfClient {
    pub(crate) most: u32,
    pub(crate) proxies: Proxies,
}

/// Those that are open; clients without any are not in here, so `most` bounds the memory as well.
#[derive(Debug, Default)]
struct Open {
    all: u32,
    of_clients: HashMap<IpAddr, u32>,
}

impl ConnectionLimit {
    pub(crate) fn new(listener: Listener, most: u32, of_client: Option<OfClient>) -> Self {
        Self(Arc::new(Connections {
            listener,
            most,
            of_client,
            open: Mutex::default(),
        }))
    }

    /// A place for a connection from `peer`; `None` if it is one too many.
    fn take(&self, peer: IpAddr) -> Option<Place> {
        let connections = &*self.0;
        let peer = peer.to_canonical();
        let bound = connections
            .of_client
            .as_ref()
            .filter(|of_client| !of_client.proxies.trusts(peer));
        let client = bound.map(|of_client| (holder(peer), of_client.most));
        let mut open = connections.open();
        let held = |client: IpAddr| open.of_clients.get(&client).copied().unwrap_or_default();
        let refused = if open.all >= connections.most {
            Some("all")
        } else {
            client
                .filter(|(client, most)| held(*client) >= *most)
                .map(|_| "client")
        };
        if let Some(bound) = refused {
            metrics::connection_refused(connections.listener, bound);
            return None;
        }
        open.all += 1;
        let client = client.map(|(client, _)| client);
        if let Some(client) = client {
            *open.of_clients.entry(client).or_default() += 1;
        }
        Some(Place {
            connections: Arc::clone(&self.0),
            client,
        })
    }
}

impl Connections {
    fn open(&self) -> MutexGuard<'_, Open> {
        // Numbers are whole at any moment.
        self.open
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// The place of one connection, until it is dropped.
#[derive(Debug)]
struct Place {
    connections: Arc<Connections>,
    client: Option<IpAddr>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.connections.open();
        open.all = open.all.saturating_sub(1);
        if let Some(client) = self.client
            && let Some(held) = open.of_clients.get_mut(&client)
        {
            *held = held.saturating_sub(1);
            if *held == 0 {
                open.of_clients.remove(&client);
            }
        }
    }
}

impl<S> Accept<TcpStream, S> for ConnectionLimit {
    type Stream = Counted;
    type Service = S;
    type Future = Ready<io::Result<(Counted, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let place = stream.peer_addr().and_then(|peer| {
            let place = self.take(peer.ip());
            place.ok_or_else(|| io::ErrorKind::ConnectionRefused.into())
        });
        ready(place.map(|place| {
            let counted = Counted {
                stream,
                _place: place,
            };
            (counted, service)
        }))
    }
}

/// A connection with its place.
#[derive(Debug)]
pub(crate) struct Counted {
    stream: TcpStream,
    _place: Place,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(most: u32, most_of_client: u32) -> ConnectionLimit {
        let of_client = OfClient {
            most: most_of_client,
            proxies: Proxies {
                trusted: vec![Proxies::parse_network("10.0.0.0/8").unwrap()],
                header: "x-forwarded-for".to_owned(),
            },
        };
        ConnectionLimit::new(Listener::Public, most, Some(of_client))
    }

    fn held(limit: &ConnectionLimit, peers: &[&str]) -> Vec<Option<Place>> {
        let take = |peer: &&str| limit.take(peer.parse().unwrap());
        peers.iter().map(take).collect()
    }

    fn is_in(places: &[Option<Place>]) -> Vec<bool> {
        places.iter().map(Option::is_some).collect()
    }

    #[test]
    fn a_client_has_so_many_connections_and_another_as_many() {
        let limit = limit(100, 2);
        let mut places = held(
            &limit,
            &["192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2"],
        );
        assert_eq!(is_in(&places), [true, true, false, true]);
        places.remove(0);
        assert_eq!(
            is_in(&held(&limit, &["192.0.2.1"])),
            [true],
            "one was closed"
        );
    }

    #[test]
    fn a_network_of_ipv6_is_one_client_and_so_is_an_address_in_two_spellings() {
        let networks = held(
            &limit(100, 1),
            &["2001:db8::1", "2001:db8::2:1", "2001:db8:0:1::1"],
        );
        assert_eq!(is_in(&networks), [true, false, true]);
        let spellings = held(&limit(100, 1), &["192.0.2.1", "::ffff:192.0.2.1"]);
        assert_eq!(is_in(&spellings), [true, false]);
    }

    #[test]
    fn a_trusted_proxy_has_the_connections_of_all_its_clients() {
        let places = held(
            &limit(3, 1),
            &["10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.1"],
        );
        assert_eq!(
            is_in(&places),
            [true, true, true, false],
            "up to the bound of all"
        );
    }

    #[test]
    fn clients_without_connections_are_forgotten() {
        let limit = limit(100, 2);
        for number in 0..1000_u32 {
            drop(limit.take(IpAddr::from(number.to_be_bytes())));
        }
        let open = limit.0.open();
        assert_eq!((open.all, open.of_clients.len()), (0, 0));
    }
}
