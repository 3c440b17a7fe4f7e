//! Compression of a list: DEFLATE in ZLIB framing (RFC 1950), with checksum. Raw DEFLATE and gzip are refused.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// Bytes that are inflated at a time.
const CHUNK: usize = 32 << 10;

/// Why bytes are not a list in ZLIB framing.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidZlib {
    /// No ZLIB header, not DEFLATE, or another checksum than the content's.
    #[error("list is not DEFLATE in ZLIB framing with a matching checksum")]
    Malformed,
    /// The stream ends before its end mark.
    #[error("compressed list is cut off")]
    Truncated,
    /// Bytes after the checksum.
    #[error("bytes after the compressed list")]
    TrailingBytes,
    /// Inflates to more than the caller allows.
    #[error("list inflates to more than {limit} bytes")]
    TooLarge {
        /// Bytes allowed.
        limit: usize,
    },
}

pub(super) fn compress(content: &[u8]) -> Vec<u8> {
    let mut compress = Compress::new(Compression::best(), true);
    let mut compressed = Vec::with_capacity(content.len() / 8 + 64);
    loop {
        let consumed = compress.total_in() as usize;
        let rest = content.get(consumed..).unwrap_or_default();
        match compress.compress_vec(rest, &mut compressed, FlushCompress::Finish) {
            Ok(Status::StreamEnd) | Err(_) => return compressed,
            Ok(Status::Ok | Status::BufError) => compressed.reserve(CHUNK),
        }
    }
}

/// Inflates the whole of `compressed`, handing on each piece with its position. Memory does not depend on the size.
pub(super) fn inflate(
    compressed: &[u8],
    limit: usize,
    mut piece: impl FnMut(usize, &[u8]),
) -> Result<(), InvalidZlib> {
    let mut decompress = Decompress::new(true);
    let mut buffer = vec![0; CHUNK];
    let (mut consumed, mut produced) = (0, 0);
    loop {
        let rest = compressed.get(consumed..).unwrap_or_default();
        let status = decompress
            .decompress(rest, &mut buffer, FlushDecompress::None)
            .map_err(|_| InvalidZlib::Malformed)?;
        let read = decompress.total_in() as usize - consumed;
        let written = decompress.total_out() as usize - produced;
        if written > limit - produced {
            return Err(InvalidZlib::TooLarge { limit });
        }
        piece(produced, buffer.get(..written).unwrap_or_default());
        consumed += read;
        produced += written;
        match status {
            Status::StreamEnd if consumed == compressed.len() => return Ok(()),
            Status::StreamEnd => return Err(InvalidZlib::TrailingBytes),
            Status::Ok | Status::BufError if read == 0 && written == 0 => {
                return Err(InvalidZlib::Truncated);
            }
            Status::Ok | Status::BufError => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inflated(compressed: &[u8], limit: usize) -> Result<Vec<u8>, InvalidZlib> {
        let mut content = Vec::new();
        inflate(compressed, limit, |at, bytes| {
            assert_eq!(at, content.len());
            content.extend_from_slice(bytes);
        })
        .map(|()| content)
    }

    fn noise(len: u32) -> Vec<u8> {
        (0..len)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
            .collect()
    }

    #[test]
    fn any_size_makes_the_round_trip() {
        for len in [
            0,
            1,
            CHUNK as u32 - 1,
            CHUNK as u32,
            CHUNK as u32 + 1,
            200_000,
        ] {
            let content = noise(len);
            let compressed = compress(&content);
            assert_eq!(compressed[..2], [0x78, 0xda]);
            assert_eq!(inflated(&compressed, content.len()), Ok(content));
        }
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let compressed = compress(&vec![0; 64 << 20]);
        assert!(compressed.len() < 100_000);
        let limit = 1 << 20;
        assert_eq!(
            inflated(&compressed, limit),
            Err(InvalidZlib::TooLarge { limit })
        );
    }

    #[test]
    fn cut_off_and_prolonged_streams_are_refused() {
        let compressed = compress(&noise(100));
        for len in 0..compressed.len() {
            assert_eq!(
                inflated(&compressed[..len], 1000),
                Err(InvalidZlib::Truncated),
                "{len}"
            );
        }
        let mut longer = compressed.clone();
        longer.push(0);
        assert_eq!(inflated(&longer, 1000), Err(InvalidZlib::TrailingBytes));
        let mut wrong_sum = compressed;
        *wrong_sum.last_mut().unwrap() ^= 1;
        assert_eq!(inflated(&wrong_sum, 1000), Err(InvalidZlib::Malformed));
    }
}
