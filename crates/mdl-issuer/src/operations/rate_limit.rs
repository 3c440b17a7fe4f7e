//! Requests per client: a few at once, then so many a minute, then `429` with `Retry-After`.
//!
//! Requests in work are bounded for each client, too: one that sends its bodies a byte at a time needs few requests a
//! minute to take all the room there is.
//!
//! A client is an address, or the /64 network of an IPv6 address, whose holder has the whole of it. Clients are counted
//! in a fixed number of places chosen by a keyed hash, so that no number of addresses takes more memory, and nobody can
//! choose an address that falls into another's place.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// How much one client may ask.
#[derive(Clone, Debug)]
pub struct RateLimitSettings {
    /// Requests a minute in the long run.
    pub requests_per_minute: u32,
    /// Requests at once, as far as the minute goes.
    pub burst: u32,
    /// Requests of one client in work.
    pub concurrent_requests: u32,
    /// Open connections of one client.
    pub connections: u32,
    /// Places in which clients are counted.
    pub clients: u32,
    /// Who may say that a request is another's.
    pub proxies: Proxies,
}

/// Terminators and load balancers in front of the service.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    /// Their networks: address and length of the prefix.
    pub trusted: Vec<(IpAddr, u8)>,
    /// The header in which they add the address that they see.
    pub header: String,
}

impl Proxies {
    /// Reads an address or a network such as `10.0.0.0/8`.
    #[must_use]
    pub fn parse_network(text: &str) -> Option<(IpAddr, u8)> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => prefix.parse().ok().filter(|prefix| *prefix <= longest)?,
            None => longest,
        };
        Some((address, prefix))
    }

    pub(super) fn trusts(&self, address: IpAddr) -> bool {
        self.trusted
            .iter()
            .any(|(network, prefix)| match (network, address) {
                (IpAddr::V4(network), IpAddr::V4(address)) => {
                    let shift = 32 - u32::from(*prefix);
                    network.to_bits().checked_shr(shift) == address.to_bits().checked_shr(shift)
                }
                (IpAddr::V6(network), IpAddr::V6(address)) => {
                    let shift = 128 - u32::from(*prefix);
                    network.to_bits().checked_shr(shift) == address.to_bits().checked_shr(shift)
                }
                _ => false,
            })
    }

    /// Whose request it is: the nearest address that is not a trusted proxy's. What stands further left was written by
    /// the client itself, who may write anything.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.trusts(client) {
            return client;
        }
        let Ok(name) = HeaderName::try_from(self.header.as_str()) else {
            return client;
        };
        let lines: Vec<_> = headers
            .get_all(name)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .collect();
        for address in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
            let Some(address) = parse_address(address.trim()) else {
                return client;
            };
            client = address.to_canonical();
            if !self.trusts(client) {
                return client;
            }
        }
        client
    }
}

/// An address, to which some proxies add the port.
fn parse_address(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse().map(|address: SocketAddr| address.ip());
    text.parse().or_else(|_| with_port()).ok()
}

/// Counts requests of clients.
#[derive(Debug)]
pub struct RateLimit {
    limiter: DefaultKeyedRateLimiter<u32>,
    clock: DefaultClock,
    places: u32,
    hasher: RandomState,
    proxies: Proxies,
    most_in_work: u32,
    /// By place; those without any are not in here.
    in_work: Mutex<HashMap<u32, u32>>,
}

/// A request in work, until it is dropped.
#[derive(Debug)]
pub(super) struct InWork<'l> {
    limit: &'l RateLimit,
    place: u32,
}

impl Drop for InWork<'_> {
    fn drop(&mut self) {
        let mut in_work = self.limit.in_work();
        if let Some(requests) = in_work.get_mut(&self.place) {
            *requests = requests.saturating_sub(1);
            if *requests == 0 {
                in_work.remove(&self.place);
            }
        }
    }
}

/// Who has an address: of IPv6, whoever has the network has all of its addresses.
pub(super) fn holder(client: IpAddr) -> IpAddr {
    match client {
        IpAddr::V4(_) => client,
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

impl RateLimit {
    /// With nobody counted yet. Zeros in the settings are taken for ones.
    #[must_use]
    pub fn new(settings: &RateLimitSettings) -> Self {
        let at_least_one = |number: u32| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_minute(at_least_one(settings.requests_per_minute))
            .allow_burst(at_least_one(settings.burst));
        Self {
            limiter: RateLimiter::keyed(quota),
            clock: DefaultClock::default(),
            places: settings.clients.max(1),
            hasher: RandomState::new(),
            proxies: settings.proxies.clone(),
            most_in_work: settings.concurrent_requests.max(1),
            in_work: Mutex::default(),
        }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// How long to wait, if it is one too many.
    pub fn check(&self, peer: IpAddr, headers: &HeaderMap) -> Result<(), Duration> {
        let place = self.place(self.proxies.client(peer, headers));
        self.limiter
            .check_key(&place)
            .map_err(|until| until.wait_time_from(self.clock.now()))
    }

    /// Notes a request in work; `None` if it is one too many.
    pub(super) fn begin(&self, peer: IpAddr, headers: &HeaderMap) -> Option<InWork<'_>> {
        let place = self.place(self.proxies.client(peer, headers));
        let mut in_work = self.in_work();
        let requests = in_work.entry(place).or_default();
        if *requests >= self.most_in_work {
            return None;
        }
        *requests += 1;
        Some(InWork { limit: self, place })
    }

    fn in_work(&self) -> MutexGuard<'_, HashMap<u32, u32>> {
        // Numbers are whole at any moment.
        self.in_work
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn place(&self, client: IpAddr) -> u32 {
        let place = self.hasher.hash_one(holder(client)) % u64::from(self.places);
        u32::try_from(place).unwrap_or_default()
    }

    /// Forgets clients whose allowance is full again.
    pub fn forget_idle(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(burst: u32, clients: u32) -> RateLimitSettings {
        RateLimitSettings {
            requests_per_minute: 60,
            burst,
            concurrent_requests: 2,
            connections: 100,
            clients,
            proxies: Proxies {
                trusted: vec![Proxies::parse_network("10.0.0.0/8").unwrap()],
                header: "x-forwarded-for".to_owned(),
            },
        }
    }

    fn forwarded(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", value.parse().unwrap());
        headers
    }

    #[test]
    fn one_request_too_many_waits_and_another_client_does_not() {
        let limit = RateLimit::new(&settings(2, 1 << 20));
        let (one, other) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
        let none = HeaderMap::new();
        assert_eq!(limit.check(one, &none), Ok(()));
        assert_eq!(limit.check(one, &none), Ok(()));
        let wait = limit.check(one, &none).unwrap_err();
        assert!(
            wait > Duration::ZERO && wait <= Duration::from_secs(1),
            "{wait:?}"
        );
        assert_eq!(limit.check(other, &none), Ok(()));
    }

    #[test]
    fn a_client_with_all_its_requests_in_work_waits_and_another_does_not() {
        let limit = RateLimit::new(&settings(100, 1 << 20));
        let (one, other) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
        let none = HeaderMap::new();
        let first = limit.begin(one, &none);
        let second = limit.begin(one, &none);
        assert!(first.is_some() && second.is_some());
        assert!(limit.begin(one, &none).is_none());
        assert!(limit.begin(other, &none).is_some());
        drop(first);
        assert!(limit.begin(one, &none).is_some(), "one is done");
        drop(second);
        assert!(
            limit.in_work().is_empty(),
            "nobody without requests is kept"
        );
    }

    #[test]
    fn any_number_of_addresses_takes_a_bounded_number_of_places() {
        let limit = RateLimit::new(&settings(2, 100));
        for number in 0..10_000_u32 {
            let _ = limit.check(IpAddr::from(number.to_be_bytes()), &HeaderMap::new());
        }
        assert!(limit.limiter.len() <= 100);
    }

    #[test]
    fn a_network_of_ipv6_is_one_client() {
        let limit = RateLimit::new(&settings(2, 1 << 20));
        let place = |address: &str| limit.place(address.parse().unwrap());
        assert_eq!(place("2001:db8::1"), place("2001:db8::ffff:1"));
        assert_ne!(place("2001:db8::1"), place("2001:db8:0:1::1"));
    }

    #[test]
    fn only_a_trusted_proxy_says_whose_request_it_is() {
        let proxies = settings(1, 100).proxies;
        let client = |peer: &str, header: &str| {
            proxies
                .client(peer.parse().unwrap(), &forwarded(header))
                .to_string()
        };
        assert_eq!(client("192.0.2.9", "203.0.113.1"), "192.0.2.9");
        assert_eq!(client("10.0.0.1", "203.0.113.1"), "203.0.113.1");
        // The client wrote the first address itself.
        assert_eq!(client("10.0.0.1", "1.2.3.4, 203.0.113.1"), "203.0.113.1");
        assert_eq!(client("10.0.0.1", "203.0.113.1, 10.0.0.2"), "203.0.113.1");
        assert_eq!(client("10.0.0.1", "nonsense"), "10.0.0.1");
        assert_eq!(client("10.0.0.1", "203.0.113.1:50123"), "203.0.113.1");
        assert_eq!(client("10.0.0.1", "[2001:db8::1]:50123"), "2001:db8::1");
        assert_eq!(client("::ffff:10.0.0.1", "203.0.113.1"), "203.0.113.1");
    }

    #[test]
    fn networks_are_addresses_with_a_prefix_that_fits() {
        assert!(Proxies::parse_network("10.0.0.0/33").is_none());
        assert!(Proxies::parse_network("fd00::/8").is_some());
        assert!(Proxies::parse_network("10.0.0.0/").is_none());
        let everyone = Proxies {
            trusted: vec![Proxies::parse_network("0.0.0.0/0").unwrap()],
            header: "forwarded".to_owned(),
        };
        assert!(everyone.trusts([192, 0, 2, 1].into()));
    }
}
