use super::head::{Head, MajorType};
use super::value::Value;
use super::{DecodeError, DecodeErrorKind};

/// Reads data items one after the other, borrowing from the input.
///
/// Meant for bytes that a [`Checker`](super::Checker) has passed (limits and duplicate keys are its task), and safe on
/// any others: it never reads past the end and never recurses deeper than the input was checked for.
#[derive(Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Offset of `bytes` in the outermost input.
    base: usize,
}

/// One data item as received. `Debug` prints its size only, because it may hold personal data.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct RawItem<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Their offset in the outermost input.
    pub offset: usize,
}

impl<'a> RawItem<'a> {
    /// Reads it.
    pub(crate) fn reader(&self) -> Reader<'a> {
        Reader::new(self.bytes, self.offset)
    }
}

impl std::fmt::Debug for RawItem<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RawItem({} bytes at {})", self.bytes.len(), self.offset)
    }
}

/// Position only: what is read may be personal data.
impl std::fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reader(at {})", self.offset())
    }
}

/// Entries left in a map (or array) being read.
#[derive(Clone, Copy, Debug)]
pub struct MapEntries {
    left: Option<u64>,
}

impl MapEntries {
    /// How many places to reserve for the entries: their number if it is announced and ordinary, since an announcement
    /// must not decide what is allocated.
    pub(crate) fn capacity(&self) -> usize {
        self.left.map_or(0, |left| left.min(64) as usize)
    }
}

/// Nesting that [`Reader::skip`] and [`Value`] decoding follow at most: the largest [`Limits::max_depth`](super::Limits).
const MAX_DEPTH: u16 = u8::MAX as u16;

impl<'a> Reader<'a> {
    /// Reads from `bytes`, which start `base` bytes into the outermost input.
    pub fn new(bytes: &'a [u8], base: usize) -> Self {
        Self { bytes, at: 0, base }
    }

    /// Offset of the next data item in the outermost input.
    pub fn offset(&self) -> usize {
        self.base + self.at
    }

    /// Major type of the next data item.
    ///
    /// # Errors
    /// The input ends here.
    #[inline]
    pub fn peek(&self) -> Result<MajorType, DecodeError> {
        Ok(self.head()?.major)
    }

    /// Whether the next data item is `null`.
    pub fn at_null(&self) -> bool {
        self.bytes.get(self.at) == Some(&0xf6)
    }

    /// The next data item as an unsigned integer.
    ///
    /// # Errors
    /// Another type.
    #[inline]
    pub fn unsigned(&mut self, member: &'static str) -> Result<u64, DecodeError> {
        let head = self.typed(MajorType::Unsigned, member)?;
        self.at += head.len;
        Ok(head.argument)
    }

    /// The next data item as an integer of either sign.
    ///
    /// # Errors
    /// Another type, or below −2⁶³ or above 2⁶³ − 1.
    pub fn integer(&mut self, member: &'static str) -> Result<i64, DecodeError> {
        let head = self.head()?;
        let value = match head.major {
            MajorType::Unsigned => i64::try_from(head.argument).ok(),
            MajorType::Negative => i64::try_from(head.argument).ok().map(|n| -1 - n),
            found => return Err(self.wrong_type(member, "integer", found.name())),
        };
        let rule = "integer beyond 64 bits";
        let value =
            value.ok_or_else(|| self.error(DecodeErrorKind::OutOfRange { member, rule }))?;
        self.at += head.len;
        Ok(value)
    }

    /// The next data item as a byte string.
    ///
    /// # Errors
    /// Another type.
    #[inline]
    pub fn bytes(&mut self, member: &'static str) -> Result<&'a [u8], DecodeError> {
        let head = self.typed(MajorType::Bytes, member)?;
        self.string(head)
    }

    /// The next data item as a text string.
    ///
    /// # Errors
    /// Another type, or not UTF-8.
    #[inline]
    pub fn text(&mut self, member: &'static str) -> Result<&'a str, DecodeError> {
        let head = self.typed(MajorType::Text, member)?;
        let at = self.offset();
        std::str::from_utf8(self.string(head)?).map_err(|_| DecodeError {
            offset: at,
            kind: DecodeErrorKind::InvalidUtf8,
        })
    }

    /// The content of the next data item if it is a text string, without a second look at whether it is UTF-8: for
    /// names that are only compared.
    ///
    /// # Errors
    /// The input ends here.
    #[inline]
    pub(crate) fn text_bytes(&mut self) -> Result<Option<&'a [u8]>, DecodeError> {
        let head = self.head()?;
        if head.major != MajorType::Text {
            return Ok(None);
        }
        if head.is_indefinite() {
            return Err(self.error(DecodeErrorKind::ChunkedString));
        }
        self.string(head).map(Some)
    }

    /// The next data item as a Boolean.
    ///
    /// # Errors
    /// Another type.
    pub fn boolean(&mut self, member: &'static str) -> Result<bool, DecodeError> {
        let value = match self.bytes.get(self.at) {
            Some(0xf4) => false,
            Some(0xf5) => true,
            _ => return Err(self.wrong_type(member, "Boolean", self.head()?.major.name())),
        };
        self.at += 1;
        Ok(value)
    }

    /// Steps over `null`.
    ///
    /// # Errors
    /// Another type.
    pub fn null(&mut self, member: &'static str) -> Result<(), DecodeError> {
        if !self.at_null() {
            return Err(self.wrong_type(member, "null", self.head()?.major.name()));
        }
        self.at += 1;
        Ok(())
    }

    /// Enters a map. Its entries are read with [`has_entry`](Self::has_entry), key before value.
    ///
    /// # Errors
    /// Another type.
    #[inline]
    pub fn map(&mut self, member: &'static str) -> Result<MapEntries, DecodeError> {
        let head = self.typed(MajorType::Map, member)?;
        Ok(self.enter(head))
    }

    /// Enters an array. Its elements are read with [`has_entry`](Self::has_entry).
    ///
    /// # Errors
    /// Another type.
    #[inline]
    pub fn array(&mut self, member: &'static str) -> Result<MapEntries, DecodeError> {
        let head = self.typed(MajorType::Array, member)?;
        Ok(self.enter(head))
    }

    /// Enters an array that has exactly `len` elements; they are then read without further questions, and
    /// [`leave`](Self::leave) closes it.
    ///
    /// # Errors
    /// Another type, or another length where the length is definite.
    pub fn array_of(&mut self, len: u64, member: &'static str) -> Result<MapEntries, DecodeError> {
        let head = self.typed(MajorType::Array, member)?;
        if !head.is_indefinite() && head.argument != len {
            let rule = "array of another length than the structure has";
            return Err(self.error(DecodeErrorKind::OutOfRange { member, rule }));
        }
        Ok(self.enter(head))
    }

    /// Ends an array entered by [`array_of`](Self::array_of).
    ///
    /// # Errors
    /// An array of indefinite length that goes on.
    pub fn leave(&mut self, entries: MapEntries, member: &'static str) -> Result<(), DecodeError> {
        if entries.left.is_none() {
            if self.bytes.get(self.at) != Some(&0xff) {
                let rule = "array of another length than the structure has";
                return Err(self.error(DecodeErrorKind::OutOfRange { member, rule }));
            }
            self.at += 1;
        }
        Ok(())
    }

    /// Whether an entry follows; counts it, or steps over the break.
    #[inline]
    pub fn has_entry(&mut self, entries: &mut MapEntries) -> bool {
        match &mut entries.left {
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
            None if self.bytes.get(self.at) == Some(&0xff) => {
                self.at += 1;
                false
            }
            None => self.at < self.bytes.len(),
        }
    }

    /// Steps over a tag head if the next data item has that tag.
    #[inline]
    pub fn skip_tag(&mut self, number: u64) -> bool {
        match self.head() {
            Ok(head) if head.major == MajorType::Tag && head.argument == number => {
                self.at += head.len;
                true
            }
            _ => false,
        }
    }

    /// The content of `#6.24(bstr)`, and the bytes of the whole item, tag included: digests and signatures cover those.
    ///
    /// # Errors
    /// Another type.
    pub fn encoded_cbor(
        &mut self,
        member: &'static str,
    ) -> Result<(&'a [u8], RawItem<'a>), DecodeError> {
        let (start, offset) = (self.at, self.offset());
        if let Some((content, bytes)) = self.short_encoded_cbor() {
            self.at += bytes.len();
            return Ok((content, RawItem { bytes, offset }));
        }
        if !self.skip_tag(24) {
            let found = self.head()?.major.name();
            return Err(self.wrong_type(member, "tag 24 with a byte string", found));
        }
        let content = self.bytes(member)?;
        Ok((
            content,
            RawItem {
                bytes: &self.bytes[start..self.at],
                offset,
            },
        ))
    }

    /// The quick way to the content of `#6.24(bstr)` and to the whole, where both heads are as short as can be.
    #[inline]
    fn short_encoded_cbor(&self) -> Option<(&'a [u8], &'a [u8])> {
        let item = self.bytes.get(self.at..)?;
        let bytes = item.strip_prefix(b"\xd8\x18")?;
        let (len, rest) = Head::split_shortest(MajorType::Bytes, bytes)?;
        let (content, rest) = rest.split_at_checked(usize::try_from(len).ok()?)?;
        Some((content, item.get(..item.len() - rest.len())?))
    }

    /// The next data item, whatever it is, as received.
    ///
    /// # Errors
    /// Not well-formed.
    pub fn raw(&mut self) -> Result<RawItem<'a>, DecodeError> {
        let (start, offset) = (self.at, self.offset());
        self.skip()?;
        Ok(RawItem {
            bytes: &self.bytes[start..self.at],
            offset,
        })
    }

    /// Steps over the next data item.
    ///
    /// # Errors
    /// Not well-formed.
    pub fn skip(&mut self) -> Result<(), DecodeError> {
        self.skip_within(MAX_DEPTH)
    }

    /// The next data item as a tree that borrows strings from the input.
    ///
    /// # Errors
    /// Not well-formed.
    pub fn value(&mut self) -> Result<Value<'a>, DecodeError> {
        self.value_within(MAX_DEPTH)
    }

    /// Asserts that everything was read.
    ///
    /// # Errors
    /// Bytes are left.
    pub fn finish(&self) -> Result<(), DecodeError> {
        if self.at == self.bytes.len() {
            Ok(())
        } else {
            Err(self.error(DecodeErrorKind::TrailingBytes))
        }
    }

    /// An error at the next data item.
    pub fn error(&self, kind: DecodeErrorKind) -> DecodeError {
        DecodeError {
            offset: self.offset(),
            kind,
        }
    }

    #[cold]
    fn wrong_type(
        &self,
        member: &'static str,
        expected: &'static str,
        found: &'static str,
    ) -> DecodeError {
        self.error(DecodeErrorKind::WrongType {
            member,
            expected,
            found,
        })
    }

    #[inline]
    fn head(&self) -> Result<Head, DecodeError> {
        Head::read(self.bytes.get(self.at..).unwrap_or_default()).map_err(|kind| self.error(kind))
    }

    #[inline]
    fn typed(&self, major: MajorType, member: &'static str) -> Result<Head, DecodeError> {
        match Head::read(self.bytes.get(self.at..).unwrap_or_default()) {
            Ok(head)
                if head.major == major && (!head.is_indefinite() || may_be_indefinite(major)) =>
            {
                Ok(head)
            }
            _ => Err(self.untyped(major, member)),
        }
    }

    /// Why there is no head of this type here.
    #[cold]
    fn untyped(&self, major: MajorType, member: &'static str) -> DecodeError {
        match self.head() {
            Err(error) => error,
            Ok(head) if head.major != major => {
                self.wrong_type(member, major.name(), head.major.name())
            }
            Ok(_) => self.error(DecodeErrorKind::ChunkedString),
        }
    }

    #[inline]
    fn string(&mut self, head: Head) -> Result<&'a [u8], DecodeError> {
        let start = self.at + head.len;
        let content = usize::try_from(head.argument)
            .ok()
            .and_then(|len| self.bytes.get(start..)?.get(..len))
            .ok_or_else(|| self.error(DecodeErrorKind::Truncated))?;
        self.at = start + content.len();
        Ok(content)
    }

    fn enter(&mut self, head: Head) -> MapEntries {
        self.at += head.len;
        MapEntries {
            left: (!head.is_indefinite()).then_some(head.argument),
        }
    }

    fn skip_within(&mut self, depth: u16) -> Result<(), DecodeError> {
        let head = self.head()?;
        let deeper = depth
            .checked_sub(1)
            .ok_or_else(|| self.error(DecodeErrorKind::TooDeep { limit: u8::MAX }))?;
        match head.major {
            MajorType::Unsigned | MajorType::Negative => self.at += head.len,
            MajorType::Bytes | MajorType::Text => {
                self.typed(head.major, "")?;
                self.string(head)?;
            }
            MajorType::Array => {
                let mut entries = self.enter(head);
                while self.has_entry(&mut entries) {
                    self.skip_within(deeper)?;
                }
            }
            MajorType::Map => {
                let mut entries = self.enter(head);
                while self.has_entry(&mut entries) {
                    self.skip_within(deeper)?;
                    self.skip_within(deeper)?;
                }
            }
            MajorType::Tag => {
                self.at += head.len;
                self.skip_within(deeper)?;
            }
            MajorType::Simple if head.is_break() => {
                return Err(self.error(DecodeErrorKind::UnexpectedBreak));
            }
            MajorType::Simple => self.at += head.len,
        }
        Ok(())
    }

    fn value_within(&mut self, depth: u16) -> Result<Value<'a>, DecodeError> {
        let head = self.head()?;
        let deeper = depth
            .checked_sub(1)
            .ok_or_else(|| self.error(DecodeErrorKind::TooDeep { limit: u8::MAX }))?;
        Ok(match head.major {
            MajorType::Unsigned => {
                self.at += head.len;
                Value::Unsigned(head.argument)
            }
            MajorType::Negative => {
                self.at += head.len;
                Value::Negative(head.argument)
            }
            MajorType::Bytes => Value::Bytes(self.bytes("")?),
            MajorType::Text => Value::Text(self.text("")?),
            MajorType::Array => {
                let mut entries = self.enter(head);
                let mut elements = Vec::new();
                while self.has_entry(&mut entries) {
                    elements.push(self.value_within(deeper)?);
                }
                Value::Array(elements)
            }
            MajorType::Map => {
                let mut entries = self.enter(head);
                let mut members = Vec::new();
                while self.has_entry(&mut entries) {
                    members.push((self.value_within(deeper)?, self.value_within(deeper)?));
                }
                Value::Map(members)
            }
            MajorType::Tag => {
                self.at += head.len;
                Value::Tag(head.argument, Box::new(self.value_within(deeper)?))
            }
            MajorType::Simple => {
                let value =
                    Value::simple(head).ok_or(self.error(DecodeErrorKind::UnexpectedBreak))?;
                self.at += head.len;
                value
            }
        })
    }
}

/// Only arrays and maps have an indefinite length that is read; strings in chunks are refused.
fn may_be_indefinite(major: MajorType) -> bool {
    matches!(major, MajorType::Array | MajorType::Map)
}
