//! The events of a CloudTrail log file: the members of the array `Records`, one by one, as the bytes they are.
//!
//! Going through the file by its brackets and quotes, and parsing each event for itself, has the effect that a damaged
//! event costs that event only, and that what precedes the place where a file was cut off is still read.

/// A larger event is not one of CloudTrail, which stops at 256 KB.
const MAX_EVENT_BYTES: usize = 1 << 20;
/// Brackets within brackets; events have a handful.
const MAX_DEPTH: usize = 64;

/// Why a file cannot be read on.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(in super::super) enum InvalidFile {
    #[error("not a CloudTrail log file: no object with an array \"Records\"")]
    NoRecords,
    #[error("ends in the middle, at byte {0}")]
    Truncated(usize),
    #[error("not JSON at byte {0}")]
    NotJson(usize),
    #[error("an event of more than {MAX_EVENT_BYTES} bytes at byte {0}")]
    EventTooLarge(usize),
    #[error("more than {MAX_DEPTH} brackets within each other at byte {0}")]
    TooDeep(usize),
}

/// Calls `take` with every event, in order.
///
/// # Errors
/// [`InvalidFile`]; the events before that place have been taken.
pub(super) fn each_event<'a>(
    content: &'a [u8],
    mut take: impl FnMut(&'a [u8]),
) -> Result<(), InvalidFile> {
    let mut scan = Scan { content, at: 0 };
    if !scan.skip(b'{') {
        return Err(InvalidFile::NoRecords);
    }
    let mut has_records = false;
    if !scan.skip(b'}') {
        loop {
            let name = scan.value()?;
            scan.expect(b':')?;
            if name == b"\"Records\"" && !has_records && scan.skip(b'[') {
                has_records = true;
                scan.members(&mut take)?;
            } else {
                scan.value()?;
            }
            if !scan.skip(b',') {
                scan.expect(b'}')?;
                break;
            }
        }
    }
    if scan.peek().is_some() {
        return Err(InvalidFile::NotJson(scan.at));
    }
    if has_records {
        Ok(())
    } else {
        Err(InvalidFile::NoRecords)
    }
}

struct Scan<'a> {
    content: &'a [u8],
    at: usize,
}

impl<'a> Scan<'a> {
    fn members(&mut self, take: &mut impl FnMut(&'a [u8])) -> Result<(), InvalidFile> {
        if self.skip(b']') {
            return Ok(());
        }
        loop {
            let start = self.at;
            let event = self.value()?;
            if event.len() > MAX_EVENT_BYTES {
                return Err(InvalidFile::EventTooLarge(start));
            }
            take(event);
            if !self.skip(b',') {
                return self.expect(b']');
            }
        }
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.content.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    fn skip(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, byte: u8) -> Result<(), InvalidFile> {
        match self.peek() {
            None => Err(InvalidFile::Truncated(self.at)),
            Some(found) if found == byte => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err(InvalidFile::NotJson(self.at)),
        }
    }

    /// One value: from its first byte to where its brackets and quotes are closed.
    fn value(&mut self) -> Result<&'a [u8], InvalidFile> {
        self.peek();
        let start = self.at;
        let mut depth = 0_usize;
        while let Some(byte) = self.content.get(self.at) {
            match byte {
                b'"' => {
                    self.string()?;
                    if depth == 0 {
                        return Ok(&self.content[start..self.at]);
                    }
                    continue;
                }
                b'{' | b'[' => {
                    depth += 1;
                    if depth > MAX_DEPTH {
                        return Err(InvalidFile::TooDeep(self.at));
                    }
                }
                b'}' | b']' if depth > 0 => {
                    depth -= 1;
                    if depth == 0 {
                        self.at += 1;
                        return Ok(&self.content[start..self.at]);
                    }
                }
                b',' | b':' | b'}' | b']' if depth == 0 => {
                    // A number or a word ends here, and is there at all.
                    return match self.at > start {
                        true => Ok(self.content[start..self.at].trim_ascii_end()),
                        false => Err(InvalidFile::NotJson(start)),
                    };
                }
                _ => {}
            }
            self.at += 1;
        }
        Err(InvalidFile::Truncated(self.at))
    }

    fn string(&mut self) -> Result<(), InvalidFile> {
        self.at += 1;
        while let Some(byte) = self.content.get(self.at) {
            self.at += match byte {
                b'"' => {
                    self.at += 1;
                    return Ok(());
                }
                b'\\' => 2,
                _ => 1,
            };
        }
        Err(InvalidFile::Truncated(self.content.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(content: &[u8]) -> (Vec<String>, Result<(), InvalidFile>) {
        let mut events = Vec::new();
        let result = each_event(content, |event| {
            events.push(String::from_utf8_lossy(event).into_owned());
        });
        (events, result)
    }

    #[test]
    fn events_are_the_members_of_records_and_nothing_else() {
        let content = br#" {"a": [1, {"Records": [2]}], "Records" : [ {"x":"]},\"{"} , {} ,3, "s" ] , "z":null } "#;
        let (found, result) = events(content);
        assert_eq!(result, Ok(()));
        assert_eq!(found, [r#"{"x":"]},\"{"}"#, "{}", "3", r#""s""#]);
        assert_eq!(events(br#"{"Records":[]}"#), (Vec::new(), Ok(())));
    }

    #[test]
    fn what_is_no_log_file_is_said_to_be_none() {
        for (content, error) in [
            (&b""[..], InvalidFile::NoRecords),
            (b"[]", InvalidFile::NoRecords),
            (b"{}", InvalidFile::NoRecords),
            (br#"{"Records":{}}"#, InvalidFile::NoRecords),
            (br#"{"Records":[]}x"#, InvalidFile::NotJson(14)),
            (br#"{"Records":[,]}"#, InvalidFile::NotJson(12)),
            (br#"{"Records" []}"#, InvalidFile::NotJson(11)),
        ] {
            assert_eq!(events(content), (Vec::new(), Err(error)), "{content:?}");
        }
    }

    #[test]
    fn what_precedes_the_place_where_a_file_was_cut_off_is_read() {
        let content = br#"{"Records":[{"a":1},{"b":2}]}"#;
        for length in 1..content.len() {
            let (found, result) = events(&content[..length]);
            assert!(result.is_err(), "{length}");
            let expected = usize::from(length >= 19) + usize::from(length >= 27);
            assert_eq!(found.len(), expected, "{length}");
        }
    }

    #[test]
    fn depth_and_size_are_limited() {
        let deep = format!("{{\"Records\":[{}", "[".repeat(100_000));
        assert_eq!(
            events(deep.as_bytes()).1,
            Err(InvalidFile::TooDeep(12 + MAX_DEPTH))
        );
        let large = format!("{{\"Records\":[\"{}\"]}}", "x".repeat(MAX_EVENT_BYTES));
        assert_eq!(
            events(large.as_bytes()).1,
            Err(InvalidFile::EventTooLarge(12))
        );
    }
}
