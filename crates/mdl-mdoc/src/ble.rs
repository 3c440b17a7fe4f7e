//! Bluetooth Low Energy as the carrier of a session, without the radio. ISO/IEC 18013-5, 8.3.3.1.1.
//!
//! A message goes over in fragments, one per write to a characteristic: a byte that says whether more follow, and as much as
//! the negotiated MTU leaves room for. [`BleLink`] is one end: what it gives is to be written to the other end, what the
//! other end writes is for it. It knows nothing of what the messages say.

use crate::session::Role;

/// What GATT takes of every MTU.
const ATT_HEADER: usize = 3;
/// The longest value of a characteristic.
const MAX_VALUE: usize = 512;
/// The MTU of a link on which none was negotiated; a smaller one cannot be.
const MIN_MTU: u16 = 23;

const MORE: u8 = 0x01;
const LAST: u8 = 0x00;
const START: u8 = 0x01;
const END: u8 = 0x02;

/// A characteristic of the mdoc service (Tables 11 and 12).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Characteristic {
    /// `State`: the client says that it begins, either end that it is done.
    State,
    /// `Client2Server`: fragments of the client's messages.
    ClientToServer,
    /// `Server2Client`: fragments of the server's messages.
    ServerToClient,
}

impl Characteristic {
    /// Its UUID, in the service of this GATT server: the device's in peripheral server mode, the reader's in central client
    /// mode.
    #[must_use]
    pub const fn uuid(self, server: Role) -> [u8; 16] {
        let number = match (server, self) {
            (Role::Device, Self::State) => 1,
            (Role::Device, Self::ClientToServer) => 2,
            (Role::Device, Self::ServerToClient) => 3,
            (Role::Reader, Self::State) => 5,
            (Role::Reader, Self::ClientToServer) => 6,
            (Role::Reader, Self::ServerToClient) => 7,
        };
        [
            0, 0, 0, number, 0xa1, 0x23, 0x48, 0xce, 0x89, 0x6b, 0x4c, 0x76, 0x97, 0x33, 0x73, 0xe6,
        ]
    }
}

/// Which end of a GATT connection this is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum GattRole {
    /// Connects, and writes to the server's characteristics.
    Client,
    /// Has the characteristics, and notifies the client.
    Server,
}

/// A value for a characteristic, to be written or notified.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GattValue {
    /// The characteristic.
    pub characteristic: Characteristic,
    /// At most what the MTU leaves room for.
    pub value: Vec<u8>,
}

/// What a value from the other end comes to.
#[derive(Clone, Eq, PartialEq)]
pub enum BleEvent {
    /// The client begins: messages may be sent.
    Started,
    /// A fragment that others will follow.
    Fragment,
    /// A whole message.
    Message(Vec<u8>),
    /// The other end is done.
    Ended,
}

impl std::fmt::Debug for BleEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Started => f.write_str("Started"),
            Self::Fragment => f.write_str("Fragment"),
            Self::Message(message) => write!(f, "Message({} bytes)", message.len()),
            Self::Ended => f.write_str("Ended"),
        }
    }
}

/// Why a value is not accepted; the connection is to be closed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BleError {
    /// An MTU below 23.
    #[error("MTU {0} is below 23")]
    Mtu(u16),
    /// A value before the client began, or after either end was done.
    #[error("the connection is not open")]
    NotOpen,
    /// A characteristic to which the other end does not write.
    #[error("the other end does not write to this characteristic")]
    Direction,
    /// A state other than begin (from a client, once) and end.
    #[error("not a state that the other end can be in")]
    State,
    /// A fragment longer than the MTU allows, with another first byte than 0 and 1, or without content.
    #[error("not a fragment")]
    Fragment,
    /// A message beyond the limit.
    #[error("message is larger than {limit} bytes")]
    TooLarge {
        /// The limit in force, in bytes.
        limit: usize,
    },
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Link {
    Connected,
    Open,
    Over,
}

/// One end of a connection.
#[derive(Debug)]
pub struct BleLink {
    role: GattRole,
    link: Link,
    /// Bytes of a value, the first byte included.
    value_size: usize,
    max_message: usize,
    received: Vec<u8>,
}

impl BleLink {
    /// One end of a connection with this negotiated MTU, that takes messages of at most `max_message` bytes.
    ///
    /// # Errors
    /// [`BleError::Mtu`].
    pub fn new(role: GattRole, mtu: u16, max_message: usize) -> Result<Self, BleError> {
        if mtu < MIN_MTU {
            return Err(BleError::Mtu(mtu));
        }
        Ok(Self {
            role,
            link: Link::Connected,
            value_size: (usize::from(mtu) - ATT_HEADER).min(MAX_VALUE),
            max_message,
            received: Vec::new(),
        })
    }

    /// The client begins.
    ///
    /// # Errors
    /// [`BleError::State`] at the server, or a second time.
    pub fn start(&mut self) -> Result<GattValue, BleError> {
        if (self.role, self.link) != (GattRole::Client, Link::Connected) {
            return Err(BleError::State);
        }
        self.link = Link::Open;
        Ok(state(START))
    }

    /// The values that carry a message, in order.
    ///
    /// # Errors
    /// [`BleError::NotOpen`].
    pub fn send(&self, message: &[u8]) -> Result<Vec<GattValue>, BleError> {
        if self.link != Link::Open {
            return Err(BleError::NotOpen);
        }
        let characteristic = match self.role {
            GattRole::Client => Characteristic::ClientToServer,
            GattRole::Server => Characteristic::ServerToClient,
        };
        let mut contents = message.chunks(self.value_size - 1).peekable();
        let mut values = Vec::with_capacity(contents.len());
        while let Some(content) = contents.next() {
            let first = if contents.peek().is_some() {
                MORE
            } else {
                LAST
            };
            values.push(GattValue {
                characteristic,
                value: [&[first], content].concat(),
            });
        }
        Ok(values)
    }

    /// Takes what the other end wrote.
    ///
    /// # Errors
    /// [`BleError`]: nothing more is accepted.
    pub fn receive(
        &mut self,
        characteristic: Characteristic,
        value: &[u8],
    ) -> Result<BleEvent, BleError> {
        let event = self.take(characteristic, value);
        if matches!(event, Err(_) | Ok(BleEvent::Ended)) {
            self.link = Link::Over;
            self.received = Vec::new();
        }
        event
    }

    fn take(&mut self, characteristic: Characteristic, value: &[u8]) -> Result<BleEvent, BleError> {
        match (characteristic, self.role, self.link) {
            (_, _, Link::Over) => Err(BleError::NotOpen),
            (Characteristic::State, GattRole::Server, Link::Connected) if value == [START] => {
                self.link = Link::Open;
                Ok(BleEvent::Started)
            }
            (Characteristic::State, _, Link::Open) if value == [END] => Ok(BleEvent::Ended),
            (Characteristic::State, _, _) => Err(BleError::State),
            (_, _, Link::Connected) => Err(BleError::NotOpen),
            (Characteristic::ClientToServer, GattRole::Server, _)
            | (Characteristic::ServerToClient, GattRole::Client, _) => self.fragment(value),
            (Characteristic::ClientToServer | Characteristic::ServerToClient, _, _) => {
                Err(BleError::Direction)
            }
        }
    }

    fn fragment(&mut self, value: &[u8]) -> Result<BleEvent, BleError> {
        let (first, content) = value.split_first().ok_or(BleError::Fragment)?;
        if value.len() > self.value_size || *first > MORE || content.is_empty() {
            return Err(BleError::Fragment);
        }
        if self.received.len() + content.len() > self.max_message {
            let limit = self.max_message;
            return Err(BleError::TooLarge { limit });
        }
        self.received.extend_from_slice(content);
        Ok(match *first {
            LAST => BleEvent::Message(std::mem::take(&mut self.received)),
            _ => BleEvent::Fragment,
        })
    }

    /// Either end is done: nothing is accepted any more.
    ///
    /// # Errors
    /// [`BleError::NotOpen`].
    pub fn end(&mut self) -> Result<GattValue, BleError> {
        if self.link != Link::Open {
            return Err(BleError::NotOpen);
        }
        self.link = Link::Over;
        Ok(state(END))
    }
}

fn state(state: u8) -> GattValue {
    GattValue {
        characteristic: Characteristic::State,
        value: vec![state],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both ends of an open connection.
    fn ends(mtu: u16, max_message: usize) -> (BleLink, BleLink) {
        let mut client = BleLink::new(GattRole::Client, mtu, max_message).unwrap();
        let mut server = BleLink::new(GattRole::Server, mtu, max_message).unwrap();
        let start = client.start().unwrap();
        let event = server.receive(start.characteristic, &start.value);
        assert_eq!(event, Ok(BleEvent::Started));
        (client, server)
    }

    fn carry(
        from: &BleLink,
        to: &mut BleLink,
        message: &[u8],
    ) -> (usize, Result<BleEvent, BleError>) {
        let values = from.send(message).unwrap();
        let mut last = Err(BleError::NotOpen);
        for GattValue {
            characteristic,
            value,
        } in &values
        {
            last = to.receive(*characteristic, value);
            if last != Ok(BleEvent::Fragment) {
                break;
            }
        }
        (values.len(), last)
    }

    #[test]
    fn messages_of_any_size_go_both_ways_in_fragments_of_the_mtu() {
        for (mtu, room) in [
            (23, 19),
            (185, 181),
            (515, 511),
            (517, 511),
            (u16::MAX, 511),
        ] {
            let (client, mut server) = ends(mtu, 10_000);
            for len in [1, room - 1, room, room + 1, 3 * room, 3 * room + 1] {
                let message = vec![7; len];
                let whole = Ok(BleEvent::Message(message.clone()));
                assert_eq!(
                    carry(&client, &mut server, &message),
                    (len.div_ceil(room), whole)
                );
            }
        }
        let (mut client, server) = ends(23, 100);
        let message = Ok(BleEvent::Message(b"from the server".to_vec()));
        assert_eq!(
            carry(&server, &mut client, b"from the server"),
            (1, message)
        );
        assert_eq!(
            BleLink::new(GattRole::Client, 22, 100).unwrap_err(),
            BleError::Mtu(22)
        );
    }

    #[test]
    fn a_message_beyond_the_limit_ends_the_connection() {
        let (client, mut server) = ends(23, 40);
        let whole = Ok(BleEvent::Message(vec![1; 40]));
        assert_eq!(carry(&client, &mut server, &[1; 40]).1, whole);
        let refused = Err(BleError::TooLarge { limit: 40 });
        assert_eq!(carry(&client, &mut server, &[1; 41]).1, refused);
        assert_eq!(
            carry(&client, &mut server, &[1; 1]).1,
            Err(BleError::NotOpen)
        );
    }

    #[test]
    fn what_is_no_fragment_or_comes_the_wrong_way_is_refused() {
        let fragment = Characteristic::ClientToServer;
        let long = [0; 21];
        for value in [&[][..], &[0], &[1], &[2, 7], &long] {
            let (_, mut server) = ends(23, 100);
            assert_eq!(server.receive(fragment, value), Err(BleError::Fragment));
            assert_eq!(server.receive(fragment, &[0, 1]), Err(BleError::NotOpen));
        }
        let (mut client, mut server) = ends(23, 100);
        assert_eq!(client.receive(fragment, &[0, 1]), Err(BleError::Direction));
        let other = Characteristic::ServerToClient;
        assert_eq!(server.receive(other, &[0, 1]), Err(BleError::Direction));
    }

    #[test]
    fn a_connection_begins_and_ends_once() {
        let mut server = BleLink::new(GattRole::Server, 23, 100).unwrap();
        assert_eq!(server.start(), Err(BleError::State));
        assert_eq!(server.send(b"early"), Err(BleError::NotOpen));
        let early = server.receive(Characteristic::ClientToServer, &[0, 1]);
        assert_eq!(early, Err(BleError::NotOpen));

        let (mut client, mut server) = ends(23, 100);
        assert_eq!(client.start(), Err(BleError::State));
        assert_eq!(
            server.receive(Characteristic::State, &[START]),
            Err(BleError::State)
        );
        let (mut client, _) = ends(23, 100);
        assert_eq!(
            client.receive(Characteristic::State, &[START]),
            Err(BleError::State)
        );

        let (mut client, mut server) = ends(23, 100);
        let end = server.end().unwrap();
        assert_eq!(
            client.receive(end.characteristic, &end.value),
            Ok(BleEvent::Ended)
        );
        for link in [&mut client, &mut server] {
            assert_eq!(link.send(b"late"), Err(BleError::NotOpen));
            assert_eq!(link.end(), Err(BleError::NotOpen));
        }
    }

    #[test]
    fn characteristics_have_the_uuids_of_the_standard() {
        let uuid = Characteristic::ServerToClient.uuid(Role::Device);
        assert_eq!(hex::encode(uuid), "00000003a12348ce896b4c76973373e6");
        let uuid = Characteristic::State.uuid(Role::Reader);
        assert_eq!(hex::encode(uuid), "00000005a12348ce896b4c76973373e6");
    }
}
