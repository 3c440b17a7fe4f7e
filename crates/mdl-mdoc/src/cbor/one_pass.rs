use super::check::{Checker, DeviationKind, Walk};
use super::head::{Head, MajorType};
use super::reader::RawItem;

/// Checks and reads, in one pass, a map that is written in the plainest way: length and heads definite and shortest,
/// its keys known beforehand.
///
/// For the structure that a document has most of. Every method gives `None` for whatever is written otherwise or
/// wrong; nothing is decided by that, and [`Checker::attempt`] takes back what was counted, so that the same bytes
/// then go the long way, which knows all forms and names faults.
pub(crate) struct OnePass<'c, 'a> {
    checker: &'c mut Checker<'a>,
    content: &'a [u8],
    /// The end of `content` that is not read yet.
    rest: &'a [u8],
    /// Nesting of the values.
    depth: u8,
    /// Items read, those inside of [`value`](Self::value) left out.
    items: usize,
    last_key: &'static [u8],
    keys_in_order: bool,
}

impl<'c, 'a> OnePass<'c, 'a> {
    /// Enters a map of `entries` entries that is the content of a byte string, `levels` deep.
    #[inline]
    pub(crate) fn map(
        checker: &'c mut Checker<'a>,
        content: &'a [u8],
        levels: u8,
        entries: u64,
    ) -> Option<Self> {
        if levels >= checker.limits().max_depth {
            return None;
        }
        let mut pass = Self {
            checker,
            content,
            rest: content,
            depth: levels + 1,
            items: 0,
            last_key: &[],
            keys_in_order: true,
        };
        (pass.head(MajorType::Map)? == entries).then_some(pass)
    }

    /// Enters a map that is the next value; returns the number of its entries. They are read until
    /// [`leave_map`](Self::leave_map); that its keys ascend is for the caller to see, who then knows that none is
    /// there twice.
    #[inline]
    pub(crate) fn enter_map(&mut self) -> Option<usize> {
        if self.depth >= self.checker.limits().max_depth {
            return None;
        }
        self.depth += 1;
        usize::try_from(self.head(MajorType::Map)?).ok()
    }

    /// Returns to the map around the one that was entered last.
    #[inline]
    pub(crate) fn leave_map(&mut self) {
        self.depth -= 1;
    }

    /// Steps over the next key if it is `encoded`: text of less than 24 bytes with its head.
    #[inline]
    pub(crate) fn key(&mut self, encoded: &'static [u8]) -> bool {
        let Some(rest) = self.rest.strip_prefix(encoded) else {
            return false;
        };
        // Their heads differ by their lengths, so the shorter key comes first (RFC 8949, 4.2.1).
        let last = (self.last_key.len(), self.last_key);
        self.keys_in_order &= last < (encoded.len(), encoded);
        self.last_key = encoded;
        self.items += 1;
        self.rest = rest;
        true
    }

    /// An unsigned integer.
    #[inline]
    pub(crate) fn unsigned(&mut self) -> Option<u64> {
        self.head(MajorType::Unsigned)
    }

    /// A byte string.
    #[inline]
    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let len = self.head(MajorType::Bytes)?;
        self.string(len)
    }

    /// A text string.
    #[inline]
    pub(crate) fn text(&mut self) -> Option<&'a str> {
        let len = self.head(MajorType::Text)?;
        std::str::from_utf8(self.string(len)?).ok()
    }

    /// Whatever follows, checked as [`Checker`] checks.
    #[inline]
    pub(crate) fn value(&mut self) -> Option<RawItem<'a>> {
        let start = self.content.len() - self.rest.len();
        let end = Walk::new(self.checker, self.content)
            .item(start, self.depth)
            .ok()?;
        self.rest = self.content.get(end..)?;
        Some(RawItem {
            bytes: self.content.get(start..end)?,
            offset: self.checker.offset_of(self.content) + start,
        })
    }

    /// Counts what was read, if nothing follows and it is within the limits.
    #[inline]
    pub(crate) fn finish(self) -> Option<()> {
        self.checker.count(self.items)?;
        if !self.keys_in_order {
            Walk::new(self.checker, self.content).record(DeviationKind::KeyOrder, 0);
        }
        self.rest.is_empty().then_some(())
    }

    /// The argument of the next head, if that is a shortest one of this type.
    #[inline]
    fn head(&mut self, major: MajorType) -> Option<u64> {
        let (argument, rest) = Head::split_shortest(major, self.rest)?;
        self.items += 1;
        self.rest = rest;
        Some(argument)
    }

    #[inline]
    fn string(&mut self, len: u64) -> Option<&'a [u8]> {
        let (content, rest) = self.rest.split_at_checked(usize::try_from(len).ok()?)?;
        self.rest = rest;
        Some(content)
    }
}
