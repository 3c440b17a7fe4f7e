//! One end of a Bluetooth connection, whatever the other end writes: each value is a byte for the characteristic, one for
//! its length, and its content.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mdl_mdoc::ble::{BleEvent, BleLink, Characteristic, GattRole};

const LIMIT: usize = 200;

fuzz_target!(|data: &[u8]| {
    for role in [GattRole::Client, GattRole::Server] {
        let mut link = BleLink::new(role, 23, LIMIT).expect("an MTU that may be");
        if role == GattRole::Client {
            link.start().expect("a client begins");
        }
        let mut rest = data;
        while let [characteristic, len, tail @ ..] = rest {
            let characteristic = match characteristic % 3 {
                0 => Characteristic::State,
                1 => Characteristic::ClientToServer,
                _ => Characteristic::ServerToClient,
            };
            let (value, tail) = tail.split_at(tail.len().min(usize::from(*len)));
            match link.receive(characteristic, value) {
                Ok(BleEvent::Message(message)) => {
                    assert!((1..=LIMIT).contains(&message.len()));
                    let again = link.send(&message).expect("the connection is open");
                    let contents = again.iter().map(|value| value.value.len() - 1);
                    assert_eq!(contents.sum::<usize>(), message.len());
                }
                Ok(BleEvent::Ended) | Err(_) => assert!(link.send(&[0]).is_err()),
                Ok(BleEvent::Started | BleEvent::Fragment) => {}
            }
            rest = tail;
        }
    }
});
