//! A loopback in place of a radio: the values that Bluetooth Low Energy would carry, over any stream of bytes.
//!
//! For tests and the demonstration. Framing, direction and size of the values are those of ISO/IEC 18013-5, 8.3.3.1.1, with
//! the holder's device as GATT server; only the radio is missing. Before each value stand a byte for the characteristic (1
//! State, 2 Client2Server, 3 Server2Client) and its length in two.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, Sender, channel};

use mdl_mdoc::ble::{BleError, BleEvent, BleLink, Characteristic, GattRole, GattValue};
use mdl_mdoc::cbor::Limits;

/// One end of a connection between a reader and a holder's device.
#[derive(Debug)]
pub struct Loopback<S> {
    stream: S,
    link: BleLink,
    values_sent: usize,
}

/// Why there is no connection any more.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoopbackError {
    /// The stream broke off.
    #[error("connection was broken off")]
    Io(#[from] io::Error),
    /// The other end does not keep to the framing.
    #[error("other end does not speak as Bluetooth Low Energy would")]
    Framing(#[from] BleError),
    /// No such characteristic.
    #[error("no characteristic {0}")]
    Characteristic(u8),
}

impl<S: Read + Write> Loopback<S> {
    /// The reader's end: it begins.
    ///
    /// # Errors
    /// [`LoopbackError`].
    pub fn reader(stream: S, mtu: u16) -> Result<Self, LoopbackError> {
        let mut end = Self::new(stream, GattRole::Client, mtu)?;
        let start = end.link.start()?;
        end.write(&[start])?;
        Ok(end)
    }

    /// The device's end: it waits for a reader to begin.
    ///
    /// # Errors
    /// [`LoopbackError`].
    pub fn device(stream: S, mtu: u16) -> Result<Self, LoopbackError> {
        Self::new(stream, GattRole::Server, mtu)
    }

    fn new(stream: S, role: GattRole, mtu: u16) -> Result<Self, LoopbackError> {
        Ok(Self {
            stream,
            link: BleLink::new(role, mtu, Limits::DEFAULT.max_bytes)?,
            values_sent: 0,
        })
    }

    /// Sends a message.
    ///
    /// # Errors
    /// [`LoopbackError`].
    pub fn send(&mut self, message: &[u8]) -> Result<(), LoopbackError> {
        let values = self.link.send(message)?;
        self.write(&values)
    }

    /// The next message; `None` when the other end is done.
    ///
    /// # Errors
    /// [`LoopbackError`].
    pub fn receive(&mut self) -> Result<Option<Vec<u8>>, LoopbackError> {
        loop {
            let mut head = [0; 3];
            self.stream.read_exact(&mut head)?;
            let [characteristic, len @ ..] = head;
            let characteristic = match characteristic {
                1 => Characteristic::State,
                2 => Characteristic::ClientToServer,
                3 => Characteristic::ServerToClient,
                other => return Err(LoopbackError::Characteristic(other)),
            };
            let mut value = vec![0; usize::from(u16::from_be_bytes(len))];
            self.stream.read_exact(&mut value)?;
            match self.link.receive(characteristic, &value)? {
                BleEvent::Started | BleEvent::Fragment => {}
                BleEvent::Message(message) => return Ok(Some(message)),
                BleEvent::Ended => return Ok(None),
            }
        }
    }

    /// Says that this end is done.
    ///
    /// # Errors
    /// [`LoopbackError`].
    pub fn end(mut self) -> Result<(), LoopbackError> {
        let end = self.link.end()?;
        self.write(&[end])
    }

    /// How many values were sent.
    #[must_use]
    pub const fn values_sent(&self) -> usize {
        self.values_sent
    }

    fn write(&mut self, values: &[GattValue]) -> Result<(), LoopbackError> {
        for GattValue {
            characteristic,
            value,
        } in values
        {
            let characteristic = match characteristic {
                Characteristic::State => 1,
                Characteristic::ClientToServer => 2,
                Characteristic::ServerToClient => 3,
            };
            let len = u16::try_from(value.len()).map_err(|_| BleError::Fragment)?;
            let packet = [&[characteristic][..], &len.to_be_bytes(), value].concat();
            self.stream.write_all(&packet)?;
            self.values_sent += 1;
        }
        Ok(self.stream.flush()?)
    }
}

/// One end of a stream in memory.
#[derive(Debug)]
pub struct MemoryStream {
    sent: Sender<Vec<u8>>,
    received: Receiver<Vec<u8>>,
    unread: VecDeque<u8>,
}

/// Both ends of a stream in memory, for two threads.
#[must_use]
pub fn memory_streams() -> (MemoryStream, MemoryStream) {
    let ((to_there, from_here), (to_here, from_there)) = (channel(), channel());
    let end = |sent, received| MemoryStream {
        sent,
        received,
        unread: VecDeque::new(),
    };
    (end(to_there, from_there), end(to_here, from_here))
}

impl Read for MemoryStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.unread.is_empty() {
            // Nothing more comes when the other end is gone.
            self.unread = self.received.recv().unwrap_or_default().into();
        }
        self.unread.read(buffer)
    }
}

impl Write for MemoryStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.sent.send(bytes.to_vec());
        sent.map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
