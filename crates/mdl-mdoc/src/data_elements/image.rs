//! Is a byte string really a JPEG or JPEG 2000 image? Its structure tells; nothing is decoded.
//!
//! A JPEG is walked marker by marker, scans included, from its start to its end marker, which must be the last
//! two bytes; there must be a frame with a width and a height before the first scan. Exif files (E1 first) are
//! as good as JFIF (E0). A JPEG 2000 image is a JP2 file (signature box, file type box, codestream box) or a
//! bare codestream, with an image size. Time is linear in the input and nothing is allocated.
//!
//! ISO/IEC 18013-5, 7.2.1 (portrait, signature_usual_mark); ITU-T T.81 Annex B; ITU-T T.800 Annexes A and I.

use std::fmt;

use super::rule::Rule;

/// What is wrong with an image.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ImageProblem {
    Format,
    Jpeg { what: &'static str, offset: usize },
    Jpeg2000 { what: &'static str, offset: usize },
}

impl ImageProblem {
    pub(super) fn rule(self) -> Rule {
        match self {
            Self::Format => Rule::ImageFormat,
            Self::Jpeg { .. } => Rule::JpegStructure,
            Self::Jpeg2000 { .. } => Rule::Jpeg2000Structure,
        }
    }
}

impl fmt::Display for ImageProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format => f.write_str("bytes that start like neither"),
            Self::Jpeg { what, offset } => write!(f, "a JPEG with {what} at byte {offset}"),
            Self::Jpeg2000 { what, offset } => {
                write!(f, "a JPEG 2000 image with {what} at byte {offset}")
            }
        }
    }
}

const JP2_SIGNATURE_BOX: [u8; 12] = [0, 0, 0, 12, b'j', b'P', b' ', b' ', 0x0d, 0x0a, 0x87, 0x0a];
const JPEG_START: [u8; 3] = [0xff, 0xd8, 0xff];
const CODESTREAM_START: [u8; 4] = [0xff, 0x4f, 0xff, 0x51];

pub(super) fn check_image(bytes: &[u8]) -> Result<(), ImageProblem> {
    if bytes.starts_with(&JPEG_START) {
        check_jpeg(bytes)
    } else if bytes.starts_with(&JP2_SIGNATURE_BOX) {
        check_jp2(bytes)
    } else if bytes.starts_with(&CODESTREAM_START) {
        check_codestream(bytes, 0)
    } else {
        Err(ImageProblem::Format)
    }
}

/// T.81, B.1 and B.2: markers are FF and a code; all but a few are followed by a length and a segment.
fn check_jpeg(bytes: &[u8]) -> Result<(), ImageProblem> {
    const SOI: u8 = 0xd8;
    const EOI: u8 = 0xd9;
    const SOS: u8 = 0xda;
    let problem = |what, offset| Err(ImageProblem::Jpeg { what, offset });
    let (mut at, mut has_frame, mut has_scan) = (2, false, false);
    loop {
        let marker_at = at;
        if bytes.get(at) != Some(&0xff) {
            let what = if at < bytes.len() {
                "no marker"
            } else {
                "no end marker"
            };
            return problem(what, at);
        }
        // Fill bytes: any number of FF may precede a marker (B.1.1.2).
        while bytes.get(at) == Some(&0xff) {
            at += 1;
        }
        let Some(&code) = bytes.get(at) else {
            return problem("no end marker", at);
        };
        at += 1;
        match code {
            EOI if !has_scan => return problem("no image data", marker_at),
            EOI if at < bytes.len() => return problem("bytes after its end marker", at),
            EOI => return Ok(()),
            // A second start, or codes that do not stand alone between segments.
            SOI | 0x00..=0xbf | 0xd0..=0xd7 | 0xf0..=0xfd => {
                return problem("a marker out of place", marker_at);
            }
            _ => {}
        }
        let Some(length) = big_endian_16(bytes, at) else {
            return problem("a cut segment", at);
        };
        let Some(segment) = bytes.get(at + 2..at + length).filter(|_| length >= 2) else {
            return problem("a segment that runs past the end", at);
        };
        at += length;
        match code {
            // Frames: SOF0 to SOF15 without the three codes in between that mean something else.
            0xc0..=0xcf if !matches!(code, 0xc4 | 0xc8 | 0xcc) => {
                let (height, width) = (big_endian_16(segment, 1), big_endian_16(segment, 3));
                if !matches!((height, width), (Some(1..), Some(1..))) {
                    return problem("a frame without width or height", marker_at);
                }
                has_frame = true;
            }
            SOS if !has_frame => return problem("a scan before its frame", marker_at),
            SOS => {
                has_scan = true;
                at = end_of_scan(bytes, at);
            }
            _ => {}
        }
    }
}

/// Where the entropy-coded data that starts at `at` ends: at the first FF that is followed neither by 00
/// (a stuffed byte) nor by a restart marker.
fn end_of_scan(bytes: &[u8], mut at: usize) -> usize {
    loop {
        at += position_of_ff(bytes.get(at..).unwrap_or_default());
        match bytes.get(at + 1) {
            Some(0x00 | 0xd0..=0xd7) => at += 2,
            _ => return at.min(bytes.len()),
        }
    }
}

/// The position of the first FF, or the length. Most of a portrait passes through here on every verification,
/// so it looks at 32 bytes at a time, and then at 8.
fn position_of_ff(bytes: &[u8]) -> usize {
    const STRIDE: usize = 32;
    const WORD: usize = 8;
    let (blocks, _) = bytes.as_chunks::<STRIDE>();
    // Without a branch inside a block, the compiler compares all of its bytes at once.
    let is_free =
        |block: &&[u8; STRIDE]| !block.iter().fold(false, |any, &byte| any | (byte == 0xff));
    let free = blocks.iter().take_while(is_free).count() * STRIDE;
    let (words, rest) = bytes[free..].as_chunks::<WORD>();
    for (index, word) in words.iter().enumerate() {
        // The classic search for a zero byte, in the complement: the lowest marked byte is exact.
        let complement = !u64::from_le_bytes(*word);
        let marks =
            complement.wrapping_sub(0x0101_0101_0101_0101) & !complement & 0x8080_8080_8080_8080;
        if marks != 0 {
            return free + index * WORD + marks.trailing_zeros() as usize / 8;
        }
    }
    let before_rest = bytes.len() - rest.len();
    before_rest
        + rest
            .iter()
            .position(|&byte| byte == 0xff)
            .unwrap_or(rest.len())
}

/// T.800, Annex I: boxes of length, type and content.
fn check_jp2(bytes: &[u8]) -> Result<(), ImageProblem> {
    let problem = |what, offset| Err(ImageProblem::Jpeg2000 { what, offset });
    let mut at = JP2_SIGNATURE_BOX.len();
    let mut is_first = true;
    while at < bytes.len() {
        let (Some(length), Some(kind)) = (big_endian_32(bytes, at), bytes.get(at + 4..at + 8))
        else {
            return problem("a cut box", at);
        };
        let (header, end) = match length {
            // 0: to the end of the file. 1: the length follows in eight bytes.
            0 => (8, Some(bytes.len())),
            1 => {
                let long = bytes.get(at + 8..at + 16).and_then(|b| b.try_into().ok());
                let long = long
                    .map(u64::from_be_bytes)
                    .and_then(|l| usize::try_from(l).ok());
                (16, long.and_then(|length| at.checked_add(length)))
            }
            length => (8, at.checked_add(length)),
        };
        let Some(end) = end.filter(|&end| end <= bytes.len() && end >= at + header) else {
            return problem("a box that runs past the end", at);
        };
        if is_first != (kind == b"ftyp") {
            return problem("no file type box after its signature", at);
        }
        is_first = false;
        if kind == b"jp2c" {
            return check_codestream(&bytes[at + header..end], at + header);
        }
        at = end;
    }
    problem("no codestream", at)
}

/// T.800, Annex A: SOC, then SIZ with the size of the reference grid and the offset of the image in it; EOC last.
fn check_codestream(bytes: &[u8], base: usize) -> Result<(), ImageProblem> {
    let problem = |what, offset| {
        Err(ImageProblem::Jpeg2000 {
            what,
            offset: base + offset,
        })
    };
    if !bytes.starts_with(&CODESTREAM_START) {
        return problem("no codestream start", 0);
    }
    // After the markers: Lsiz (2), Rsiz (2), Xsiz, Ysiz, XOsiz, YOsiz (4 each).
    let field = |index: usize| big_endian_32(bytes, 8 + 4 * index);
    let (Some(x), Some(y), Some(x_offset), Some(y_offset)) =
        (field(0), field(1), field(2), field(3))
    else {
        return problem("a cut size segment", 4);
    };
    if x <= x_offset || y <= y_offset {
        return problem("a width or height of nothing", 4);
    }
    if !bytes.ends_with(&[0xff, 0xd9]) {
        return problem("no end of codestream", bytes.len());
    }
    Ok(())
}

fn big_endian_16(bytes: &[u8], at: usize) -> Option<usize> {
    let pair = bytes.get(at..at.checked_add(2)?)?;
    Some(usize::from(pair[0]) << 8 | usize::from(pair[1]))
}

fn big_endian_32(bytes: &[u8], at: usize) -> Option<usize> {
    let four = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
    usize::try_from(u32::from_be_bytes(four)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_ff_is_found_wherever_it_is() {
        for length in 0..100 {
            let mut bytes: Vec<u8> = (0..length).map(|index| (index * 83 % 255) as u8).collect();
            assert_eq!(position_of_ff(&bytes), length);
            for position in (0..length).rev() {
                bytes[position] = 0xff;
                assert_eq!(position_of_ff(&bytes), position);
            }
        }
    }
}
