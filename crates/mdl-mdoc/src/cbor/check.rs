use std::cmp::Ordering;

use super::head::{Head, MajorType};
use super::{DecodeError, DecodeErrorKind, Limits};

/// A way of writing CBOR that 18013-5, 8.1 (RFC 8949, 4.1) does not ask for, though its meaning is clear.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum DeviationKind {
    /// A head longer than needed.
    NonShortest,
    /// An array or map of indefinite length.
    Indefinite,
    /// Map keys not in the order of RFC 8949, 4.2.1. 18013-5 does not require that order.
    KeyOrder,
}

impl DeviationKind {
    /// Stable id for reports.
    pub fn id(self) -> &'static str {
        match self {
            Self::NonShortest => "cbor-non-shortest",
            Self::Indefinite => "cbor-indefinite",
            Self::KeyOrder => "cbor-key-order",
        }
    }
}

/// Where a deviation was seen first, and how often: bounded, whatever the input.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Deviation {
    /// What deviates.
    pub kind: DeviationKind,
    /// Offset of the first occurrence in the outermost input, in bytes.
    pub offset: usize,
    /// Number of occurrences.
    pub count: usize,
}

/// Encoding deviations of one input.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Deviations {
    seen: [Option<Deviation>; 3],
}

impl Deviations {
    /// The deviations seen, at most one per kind.
    pub fn iter(&self) -> impl Iterator<Item = Deviation> + '_ {
        self.seen.iter().flatten().copied()
    }

    fn count(&self, kind: DeviationKind) -> usize {
        self.seen[kind as usize].map_or(0, |deviation| deviation.count)
    }

    fn record(&mut self, kind: DeviationKind, offset: usize) {
        let slot = &mut self.seen[kind as usize];
        match slot {
            Some(deviation) => deviation.count += 1,
            None => {
                *slot = Some(Deviation {
                    kind,
                    offset,
                    count: 1,
                })
            }
        }
    }
}

/// Checks that bytes are one well-formed data item within [`Limits`], and records deviations.
///
/// One checker serves one outermost input and all CBOR embedded in it, so that the limits on items and depth hold for
/// the whole. Offsets are measured from the start of that input. `Debug` does not print the input.
pub struct Checker<'a> {
    input: &'a [u8],
    limits: Limits,
    items: usize,
    deviations: Deviations,
}

impl<'a> Checker<'a> {
    /// Checks `input` as a whole: one data item and nothing after it.
    ///
    /// # Errors
    /// Not well-formed, duplicate map keys, trailing bytes, or beyond `limits`.
    pub fn new(input: &'a [u8], limits: &Limits) -> Result<Self, DecodeError> {
        let mut checker = Self {
            input,
            limits: *limits,
            items: 0,
            deviations: Deviations::default(),
        };
        if input.len() > limits.max_bytes {
            let kind = DecodeErrorKind::TooLarge {
                limit: limits.max_bytes,
            };
            return Err(DecodeError {
                offset: limits.max_bytes,
                kind,
            });
        }
        checker.check_embedded(input, 0)?;
        Ok(checker)
    }

    /// Checks CBOR that is the content of a byte string inside the input, `levels` deep.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn check_embedded(&mut self, content: &'a [u8], levels: u8) -> Result<(), DecodeError> {
        let base = self.offset_of(content);
        let mut walk = Walk::new(self, content);
        let end = walk.item(0, levels);
        let (at, kind) = match (end, walk.fault) {
            (Ok(end), None) if end == content.len() => return Ok(()),
            (Ok(end), None) => (end, DecodeErrorKind::TrailingBytes),
            (_, Some(fault)) => fault,
            // Not reached: a fault is noted whenever there is one. If it were, the input is not accepted.
            (Err(Stopped), None) => (0, DecodeErrorKind::Truncated),
        };
        Err(DecodeError {
            offset: base + at,
            kind,
        })
    }

    /// Offset of `slice` in the outermost input, in bytes. A slice from elsewhere counts as offset 0.
    pub fn offset_of(&self, slice: &[u8]) -> usize {
        let distance = (slice.as_ptr() as usize).wrapping_sub(self.input.as_ptr() as usize);
        if distance <= self.input.len() {
            distance
        } else {
            0
        }
    }

    /// Length of the whole input in bytes.
    pub fn input_len(&self) -> usize {
        self.input.len()
    }

    /// Takes back what `read` counted and recorded, if it gives nothing.
    pub(crate) fn attempt<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let before = (self.items, self.deviations);
        let result = read(self);
        if result.is_none() {
            (self.items, self.deviations) = before;
        }
        result
    }

    /// Counts items that were read already; `None` beyond the limit.
    pub(super) fn count(&mut self, items: usize) -> Option<()> {
        self.items += items;
        (self.items <= self.limits.max_items).then_some(())
    }

    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What was seen so far.
    pub fn deviations(&self) -> &Deviations {
        &self.deviations
    }
}

impl std::fmt::Debug for Checker<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checker")
            .field("limits", &self.limits)
            .field("items", &self.items)
            .field("deviations", &self.deviations)
            .finish_non_exhaustive()
    }
}

/// What is wrong and where. Kept aside while the walk returns, because a small result stays in registers, and every
/// item of every document passes through here.
type Fault = (usize, DecodeErrorKind);

/// There is a [`Fault`].
pub(super) struct Stopped;

pub(super) struct Walk<'c, 'a> {
    checker: &'c mut Checker<'a>,
    bytes: &'a [u8],
    fault: Option<Fault>,
}

impl<'c, 'a> Walk<'c, 'a> {
    pub(super) fn new(checker: &'c mut Checker<'a>, bytes: &'a [u8]) -> Self {
        Self {
            checker,
            bytes,
            fault: None,
        }
    }

    /// Walks over one data item at `at`; returns where it ends.
    #[inline]
    pub(super) fn item(&mut self, at: usize, depth: u8) -> Result<usize, Stopped> {
        match self.short_leaf(at) {
            Some(end) => Ok(end),
            None => self.any_item(at, depth),
        }
    }

    /// The quick way over what most items are: integers of a byte and strings of less than 256, the text ASCII, without
    /// any fault or deviation. Anything else is left to [`any_item`](Self::any_item).
    #[inline]
    fn short_leaf(&mut self, at: usize) -> Option<usize> {
        if self.checker.items >= self.checker.limits.max_items {
            return None;
        }
        let (&initial, rest) = self.bytes.get(at..)?.split_first()?;
        let (argument, head_len, rest) = match (initial & 0x1f, rest) {
            (argument @ ..24, rest) => (argument, 1, rest),
            (24, [argument @ 24..=255, rest @ ..]) => (*argument, 2, rest),
            _ => return None,
        };
        let end = match initial >> 5 {
            0 | 1 => at + head_len,
            major @ (2 | 3) => {
                let content = rest.get(..usize::from(argument))?;
                if major == 3 && !content.is_ascii() {
                    return None;
                }
                at + head_len + content.len()
            }
            _ => return None,
        };
        self.checker.items += 1;
        Some(end)
    }

    fn any_item(&mut self, at: usize, depth: u8) -> Result<usize, Stopped> {
        let head = self.head(at)?;
        let start = at + head.len;
        match head.major {
            MajorType::Unsigned | MajorType::Negative => Ok(start),
            MajorType::Bytes | MajorType::Text => self.string(at, head),
            MajorType::Array => {
                let depth = self.deeper(at, depth)?;
                self.array(at, head, depth)
            }
            MajorType::Map => {
                let depth = self.deeper(at, depth)?;
                self.map(at, head, depth)
            }
            MajorType::Tag => {
                let depth = self.deeper(at, depth)?;
                self.item(start, depth)
            }
            MajorType::Simple => match head.info {
                24 if head.argument < 32 => Err(self.stop(at, DecodeErrorKind::InvalidSimple)),
                31 => Err(self.stop(at, DecodeErrorKind::UnexpectedBreak)),
                _ => Ok(start),
            },
        }
    }

    /// Reads a head and counts its item.
    #[inline]
    fn head(&mut self, at: usize) -> Result<Head, Stopped> {
        let limit = self.checker.limits.max_items;
        if self.checker.items >= limit {
            return Err(self.stop(at, DecodeErrorKind::TooManyItems { limit }));
        }
        self.checker.items += 1;
        let rest = self.bytes.get(at..).unwrap_or_default();
        let head = Head::read(rest).map_err(|kind| self.stop(at, kind))?;
        if head.is_longer_than_needed() {
            self.record(DeviationKind::NonShortest, at);
        }
        Ok(head)
    }

    fn string(&mut self, at: usize, head: Head) -> Result<usize, Stopped> {
        if head.is_indefinite() {
            return Err(self.stop(at, DecodeErrorKind::ChunkedString));
        }
        let start = at + head.len;
        let content = usize::try_from(head.argument)
            .ok()
            .and_then(|len| self.bytes.get(start..)?.get(..len))
            .ok_or_else(|| self.stop(at, DecodeErrorKind::Truncated))?;
        // Most text is ASCII, which is quicker to see.
        if head.major == MajorType::Text
            && !content.is_ascii()
            && std::str::from_utf8(content).is_err()
        {
            return Err(self.stop(at, DecodeErrorKind::InvalidUtf8));
        }
        Ok(start + content.len())
    }

    fn array(&mut self, at: usize, head: Head, depth: u8) -> Result<usize, Stopped> {
        let mut next = at + head.len;
        if head.is_indefinite() {
            self.record(DeviationKind::Indefinite, at);
            while !self.is_break(next) {
                next = self.item(next, depth)?;
            }
            return Ok(next + 1);
        }
        for _ in 0..self.announced(at, head, 1)? {
            next = self.item(next, depth)?;
        }
        Ok(next)
    }

    fn map(&mut self, at: usize, head: Head, depth: u8) -> Result<usize, Stopped> {
        let mut keys = Keys::new(self.bytes);
        let longer_heads = self.checker.deviations.count(DeviationKind::NonShortest);
        let mut next = at + head.len;
        if head.is_indefinite() {
            self.record(DeviationKind::Indefinite, at);
            while !self.is_break(next) {
                next = self.entry(next, depth, &mut keys)?;
            }
            next += 1;
        } else {
            for _ in 0..self.announced(at, head, 2)? {
                next = self.entry(next, depth, &mut keys)?;
            }
        }
        if !keys.in_order {
            self.record(DeviationKind::KeyOrder, at);
        }
        let all_shortest =
            longer_heads == self.checker.deviations.count(DeviationKind::NonShortest);
        if let Some(duplicate) = keys.into_duplicate(all_shortest) {
            return Err(self.stop(duplicate, DecodeErrorKind::DuplicateKey));
        }
        Ok(next)
    }

    fn entry(&mut self, at: usize, depth: u8, keys: &mut Keys<'a>) -> Result<usize, Stopped> {
        let value = self.item(at, depth)?;
        keys.push(at, value);
        self.item(value, depth)
    }

    /// The announced number of entries, once it is certain that the rest of the input could hold them.
    fn announced(&mut self, at: usize, head: Head, items_per_entry: u64) -> Result<u64, Stopped> {
        let left = (self.bytes.len() - (at + head.len)) as u64;
        match head.argument.checked_mul(items_per_entry) {
            Some(items) if items <= left => Ok(head.argument),
            _ => Err(self.stop(at, DecodeErrorKind::Truncated)),
        }
    }

    fn is_break(&self, at: usize) -> bool {
        self.bytes.get(at) == Some(&0xff)
    }

    fn deeper(&mut self, at: usize, depth: u8) -> Result<u8, Stopped> {
        let limit = self.checker.limits.max_depth;
        if depth >= limit {
            Err(self.stop(at, DecodeErrorKind::TooDeep { limit }))
        } else {
            Ok(depth + 1)
        }
    }

    #[cold]
    fn stop(&mut self, at: usize, kind: DecodeErrorKind) -> Stopped {
        self.fault = Some((at, kind));
        Stopped
    }

    #[cold]
    pub(super) fn record(&mut self, kind: DeviationKind, at: usize) {
        let offset = self.checker.offset_of(self.bytes) + at;
        self.checker.deviations.record(kind, offset);
    }
}

/// Keys of one map, to find two that are equal whatever the width of their heads.
struct Keys<'a> {
    bytes: &'a [u8],
    /// Start and end of each encoded key.
    spans: SmallSpans,
    in_order: bool,
}

impl<'a> Keys<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            spans: SmallSpans::default(),
            in_order: true,
        }
    }

    fn push(&mut self, start: usize, end: usize) {
        if let Some(&(last_start, last_end)) = self.spans.as_slice().last() {
            // Keys hardly ever start with the same byte, so it mostly decides.
            self.in_order &= match self.bytes[last_start].cmp(&self.bytes[start]) {
                Ordering::Equal => self.bytes[last_start..last_end] < self.bytes[start..end],
                order => order.is_lt(),
            };
        }
        self.spans.push((start, end));
    }

    /// Offset of a key that stands in the map twice. `all_shortest`: no head inside the map is longer than needed.
    fn into_duplicate(mut self, all_shortest: bool) -> Option<usize> {
        let bytes = self.bytes;
        if all_shortest {
            // One value, one encoding: keys are the same exactly when their bytes are.
            if self.in_order {
                return None;
            }
            return self
                .spans
                .find_duplicate(|&(start, end)| &bytes[start..end]);
        }
        self.spans
            .find_duplicate(|&(start, end)| key_value(&bytes[start..end]))
    }
}

/// What makes two keys the same: type and value for integers and strings, the encoded bytes for anything else
/// (no structure of this standard has such keys).
fn key_value(encoded: &[u8]) -> (u8, u64, &[u8]) {
    match Head::read(encoded) {
        Ok(head) => {
            let content = encoded.get(head.len..).unwrap_or_default();
            match head.major {
                MajorType::Unsigned | MajorType::Negative => (encoded[0] >> 5, head.argument, &[]),
                MajorType::Bytes | MajorType::Text => (encoded[0] >> 5, 0, content),
                _ => (encoded[0] >> 5, 0, encoded),
            }
        }
        Err(_) => (8, 0, encoded),
    }
}

/// Spans of keys without a heap allocation for the maps of ordinary documents.
#[derive(Default)]
struct SmallSpans {
    inline: [(usize, usize); 8],
    len: usize,
    spilled: Vec<(usize, usize)>,
}

impl SmallSpans {
    fn push(&mut self, span: (usize, usize)) {
        if self.len < self.inline.len() {
            self.inline[self.len] = span;
        } else {
            if self.spilled.is_empty() {
                self.spilled.reserve(8 * self.inline.len());
                self.spilled.extend_from_slice(&self.inline);
            }
            self.spilled.push(span);
        }
        self.len += 1;
    }

    fn as_slice(&self) -> &[(usize, usize)] {
        if self.spilled.is_empty() {
            &self.inline[..self.len]
        } else {
            &self.spilled
        }
    }

    /// Start of a span whose key equals that of another. Few are compared pairwise, many sorted.
    fn find_duplicate<K: Ord>(&mut self, key: impl Fn(&(usize, usize)) -> K) -> Option<usize> {
        let spans = self.as_mut_slice();
        if spans.len() <= 8 {
            let is_earlier = |index: usize| {
                let own = key(&spans[index]);
                spans[..index].iter().any(|earlier| key(earlier) == own)
            };
            return (1..spans.len())
                .find(|&index| is_earlier(index))
                .map(|index| spans[index].0);
        }
        spans.sort_unstable_by_key(&key);
        spans
            .windows(2)
            .find(|pair| key(&pair[0]) == key(&pair[1]))
            .map(|pair| pair[0].0.max(pair[1].0))
    }

    fn as_mut_slice(&mut self) -> &mut [(usize, usize)] {
        if self.spilled.is_empty() {
            &mut self.inline[..self.len]
        } else {
            &mut self.spilled
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(hex: &str) -> Result<Vec<DeviationKind>, DecodeError> {
        let bytes = hex::decode(hex).unwrap();
        let checker = Checker::new(&bytes, &Limits::DEFAULT)?;
        Ok(checker
            .deviations()
            .iter()
            .map(|deviation| deviation.kind)
            .collect())
    }

    fn fault(hex: &str) -> (usize, DecodeErrorKind) {
        let error = check(hex).unwrap_err();
        (error.offset, error.kind)
    }

    #[test]
    fn well_formed_items_pass_without_deviation() {
        for hex in [
            "00",
            "3b7fffffffffffffff",
            "a0",
            "80",
            "f6",
            "f97e00",
            "c074323032302d31302d30315431333a33303a30325a",
        ] {
            assert_eq!(check(hex), Ok(vec![]), "{hex}");
        }
    }

    #[test]
    fn longer_heads_indefinite_lengths_and_key_order_are_deviations() {
        assert_eq!(check("1817"), Ok(vec![DeviationKind::NonShortest]));
        assert_eq!(check("b90001616100"), Ok(vec![DeviationKind::NonShortest]));
        assert_eq!(check("9f01ff"), Ok(vec![DeviationKind::Indefinite]));
        assert_eq!(check("bf616101ff"), Ok(vec![DeviationKind::Indefinite]));
        assert_eq!(check("a2616200616100"), Ok(vec![DeviationKind::KeyOrder]));
    }

    #[test]
    fn malformed_items_are_refused_where_they_stand() {
        assert_eq!(fault(""), (0, DecodeErrorKind::Truncated));
        assert_eq!(fault("820118"), (2, DecodeErrorKind::Truncated));
        assert_eq!(fault("0000"), (1, DecodeErrorKind::TrailingBytes));
        assert_eq!(fault("81ff"), (1, DecodeErrorKind::UnexpectedBreak));
        assert_eq!(fault("bf61ff"), (1, DecodeErrorKind::InvalidUtf8));
        assert_eq!(fault("bf6161ff"), (3, DecodeErrorKind::UnexpectedBreak));
        assert_eq!(fault("5f4100ff"), (0, DecodeErrorKind::ChunkedString));
        assert_eq!(fault("1c"), (0, DecodeErrorKind::ReservedHead));
        for hex in ["1f", "3f", "dfa0"] {
            assert_eq!(fault(hex), (0, DecodeErrorKind::ReservedHead), "{hex}");
        }
        assert_eq!(fault("a11f00"), (1, DecodeErrorKind::ReservedHead));
        assert_eq!(fault("f818"), (0, DecodeErrorKind::InvalidSimple));
        assert_eq!(fault("62c328"), (0, DecodeErrorKind::InvalidUtf8));
        assert_eq!(fault("5b0000000100000000"), (0, DecodeErrorKind::Truncated));
        assert_eq!(fault("9b0000000100000000"), (0, DecodeErrorKind::Truncated));
        assert_eq!(fault("bbffffffffffffffff"), (0, DecodeErrorKind::Truncated));
    }

    #[test]
    fn duplicate_keys_are_found_in_small_and_large_maps_and_across_head_widths() {
        assert_eq!(fault("a2616100616101"), (4, DecodeErrorKind::DuplicateKey));
        assert_eq!(fault("a20100180101"), (3, DecodeErrorKind::DuplicateKey));
        assert_eq!(
            fault("a2616100780161 01".replace(' ', "").as_str()),
            (4, DecodeErrorKind::DuplicateKey)
        );
        let mut large = vec![0xb8, 33];
        for key in 0..32u8 {
            large.extend([0x18, key + 24, 0]);
        }
        large.extend([0x18, 30, 0]);
        let error = Checker::new(&large, &Limits::DEFAULT).unwrap_err();
        assert_eq!(
            (error.offset, error.kind),
            (2 + 32 * 3, DecodeErrorKind::DuplicateKey)
        );
    }

    #[test]
    fn limits_hold_for_depth_items_and_size() {
        let nested = vec![0x81; 10_000];
        let error = Checker::new(&nested, &Limits::DEFAULT).unwrap_err();
        assert_eq!(
            (error.offset, error.kind),
            (24, DecodeErrorKind::TooDeep { limit: 24 })
        );
        let limits = Limits {
            max_items: 3,
            ..Limits::DEFAULT
        };
        let error = Checker::new(&[0x83, 1, 2, 3], &limits).unwrap_err();
        assert_eq!(
            (error.offset, error.kind),
            (3, DecodeErrorKind::TooManyItems { limit: 3 })
        );
        let limits = Limits {
            max_bytes: 3,
            ..Limits::DEFAULT
        };
        let error = Checker::new(&[0x83, 1, 2, 3], &limits).unwrap_err();
        assert_eq!(error.kind, DecodeErrorKind::TooLarge { limit: 3 });
    }

    #[test]
    fn embedded_content_shares_the_limits_and_the_offsets() {
        // h'81 f4' inside an array
        let input = [0x82, 0x42, 0x81, 0xff, 0x00];
        let mut checker = Checker::new(&input, &Limits::DEFAULT).unwrap();
        let error = checker.check_embedded(&input[2..4], 1).unwrap_err();
        assert_eq!(
            (error.offset, error.kind),
            (3, DecodeErrorKind::UnexpectedBreak)
        );
    }
}
