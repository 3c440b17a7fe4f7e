//! Both ends of a proximity session over a connection, a message at a time. What is in them is for the callers.

use std::io::{Read, Write};

use mdl_mdoc::encrypted_session::{EncryptedSession, Received, SessionError};
use mdl_mdoc::session_transcript::{Handover, SessionTranscript};
use mdl_reader::proximity::{Encounter, ReaderSession};
use mdl_wallet::inquiry::Inquiry;
use mdl_wallet::loopback::{Loopback, LoopbackError};
use mdl_wallet::proximity::Engaged;
use mdl_wallet::reader_authentication::ReaderTrust;

use crate::failure::{Failure, Result};

/// The MTU that phones commonly negotiate.
pub(crate) const MTU: u16 = 185;

/// What the reader got.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) session: ReaderSession,
    pub(crate) response: Vec<u8>,
    /// Values that Bluetooth would have carried from the reader.
    pub(crate) values_sent: usize,
}

/// The reader's end: one request, one response, and the end.
///
/// # Errors
/// Exit code 3 if the connection breaks off, 1 if the device does not answer as it should.
pub(crate) fn ask<S: Read + Write>(
    stream: S,
    encounter: Encounter,
    request: &[u8],
) -> Result<Exchange> {
    let mut connection = Loopback::reader(stream, MTU).map_err(|error| broken(&error))?;
    let (mut session, message) = encounter.establish(request);
    connection.send(&message).map_err(|error| broken(&error))?;
    let message = next(&mut connection)?;
    let received = session.receive(&message);
    let received = told(&mut connection, received)?;
    let Some(response) = received.data else {
        let status = received.ended.map_or(0, |status| status.code());
        let what = format!("the device ended the session with status {status}");
        return Err(Failure::no(what));
    };
    if received.ended.is_none() {
        // The response is here, whether or not the device hears of the end.
        let _ = connection.send(&session.terminate());
    }
    let values_sent = connection.values_sent();
    let _ = connection.end();
    Ok(Exchange {
        session,
        response,
        values_sent,
    })
}

/// The holder's end: answers requests until the reader has no more. `reply` gives the CBOR of a `DeviceResponse`.
///
/// # Errors
/// Exit code 3 if the connection breaks off, 1 if the reader does not speak as it should; what `reply` fails with.
pub(crate) fn answer<S: Read + Write>(
    stream: S,
    engaged: Engaged,
    trust: &ReaderTrust<'_>,
    mut reply: impl FnMut(&Inquiry, &SessionTranscript) -> Result<Vec<u8>>,
) -> Result<()> {
    let mut connection = Loopback::device(stream, MTU).map_err(|error| broken(&error))?;
    let message = next(&mut connection)?;
    let established = engaged.establish(&message, Handover::Qr);
    let (mut session, mut request) = told(&mut connection, established)?;
    loop {
        let inquiry = Inquiry::read(&request, session.transcript(), trust);
        let response = match &inquiry {
            Ok(inquiry) => reply(inquiry, session.transcript()),
            Err(error) => Ok(error.response()),
        };
        let response = response.inspect_err(|_| {
            // What went wrong here is not for the reader to know.
            let _ = connection.send(&session.terminate());
        })?;
        let message = session.send(&response);
        let message = told(&mut connection, message)?;
        connection.send(&message).map_err(|error| broken(&error))?;
        if let Err(error) = inquiry {
            return Err(Failure::no("the request was not answered").because(&error));
        }
        match following(&mut connection, &mut session)? {
            Some(next) => request = next,
            None => return Ok(()),
        }
    }
}

/// The reader's next request in the same session, if there is one.
fn following<S: Read + Write>(
    connection: &mut Loopback<S>,
    session: &mut EncryptedSession,
) -> Result<Option<Vec<u8>>> {
    let Some(message) = connection.receive().map_err(|error| broken(&error))? else {
        return Ok(None);
    };
    let received = session.receive(&message);
    let Received { data, ended } = told(connection, received)?;
    Ok(data.filter(|_| ended.is_none()))
}

fn next<S: Read + Write>(connection: &mut Loopback<S>) -> Result<Vec<u8>> {
    let message = connection.receive().map_err(|error| broken(&error))?;
    message.ok_or_else(|| Failure::outside("the other end left before it said anything"))
}

/// What went well; otherwise the other end is told before the failure is.
fn told<S: Read + Write, T>(
    connection: &mut Loopback<S>,
    result: std::result::Result<T, SessionError>,
) -> Result<T> {
    result.map_err(|error| {
        if let Some(message) = error.message() {
            let _ = connection.send(&message);
        }
        Failure::no("the session was broken off").because(&error)
    })
}

fn broken(error: &LoopbackError) -> Failure {
    match error {
        LoopbackError::Io(_) => Failure::outside("the connection failed").because(error),
        _ => Failure::no("the connection was closed").because(error),
    }
}
