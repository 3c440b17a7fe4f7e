//! Sorting more than fits into memory: sorted runs in temporary files, merged when they are read.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Seek, Write};

/// Records that are held in memory before they go to a file.
const RUN: usize = 1 << 19;

/// Something of a fixed size that can be written down.
pub(super) trait Record: Copy + Ord {
    /// An array of its size.
    type Bytes: AsRef<[u8]> + AsMut<[u8]>;

    const ZEROS: Self::Bytes;

    fn to_bytes(self) -> Self::Bytes;

    fn from_bytes(bytes: &Self::Bytes) -> Self;
}

/// Takes records in any order and gives them in theirs.
#[derive(Debug)]
pub(super) struct Sorter<R> {
    run: usize,
    buffer: Vec<R>,
    files: Vec<File>,
}

impl<R: Record> Sorter<R> {
    pub(super) fn new() -> Self {
        Self::with_run(RUN)
    }

    fn with_run(run: usize) -> Self {
        Self {
            run,
            buffer: Vec::new(),
            files: Vec::new(),
        }
    }

    /// # Errors
    /// The temporary file cannot be written.
    pub(super) fn push(&mut self, record: R) -> io::Result<()> {
        self.buffer.push(record);
        if self.buffer.len() < self.run {
            return Ok(());
        }
        self.buffer.sort_unstable();
        // It has no name, so nobody else sees it and nothing is left over.
        let mut file = BufWriter::new(tempfile::tempfile()?);
        for record in self.buffer.drain(..) {
            file.write_all(record.to_bytes().as_ref())?;
        }
        self.files
            .push(file.into_inner().map_err(io::IntoInnerError::into_error)?);
        Ok(())
    }

    /// The records in order.
    ///
    /// # Errors
    /// A temporary file cannot be read.
    pub(super) fn finish(mut self) -> io::Result<Sorted<R>> {
        self.buffer.sort_unstable();
        let mut sorted = Sorted {
            memory: self.buffer.into_iter(),
            files: Vec::new(),
            next: BinaryHeap::new(),
        };
        for mut file in self.files {
            file.rewind()?;
            sorted.files.push(BufReader::new(file));
        }
        for source in 0..=sorted.files.len() {
            sorted.refill(source)?;
        }
        Ok(sorted)
    }
}

/// Records in order.
#[derive(Debug)]
pub(super) struct Sorted<R> {
    memory: std::vec::IntoIter<R>,
    files: Vec<BufReader<File>>,
    /// The next record of each source; the source after the files is the memory.
    next: BinaryHeap<Reverse<(R, usize)>>,
}

impl<R: Record> Sorted<R> {
    /// The next record.
    ///
    /// # Errors
    /// A temporary file cannot be read.
    pub(super) fn next(&mut self) -> io::Result<Option<R>> {
        let Some(Reverse((record, source))) = self.next.pop() else {
            return Ok(None);
        };
        self.refill(source)?;
        Ok(Some(record))
    }

    fn refill(&mut self, source: usize) -> io::Result<()> {
        let record = match self.files.get_mut(source) {
            None => self.memory.next(),
            Some(file) => {
                let mut bytes = R::ZEROS;
                match file.read_exact(bytes.as_mut()) {
                    Ok(()) => Some(R::from_bytes(&bytes)),
                    Err(error) if error.kind() == ErrorKind::UnexpectedEof => None,
                    Err(error) => return Err(error),
                }
            }
        };
        self.next
            .extend(record.map(|record| Reverse((record, source))));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    impl Record for u64 {
        type Bytes = [u8; 8];
        const ZEROS: [u8; 8] = [0; 8];

        fn to_bytes(self) -> [u8; 8] {
            self.to_le_bytes()
        }

        fn from_bytes(bytes: &[u8; 8]) -> Self {
            Self::from_le_bytes(*bytes)
        }
    }

    proptest! {
        #[test]
        fn what_spills_into_files_comes_back_in_order(mut records: Vec<u64>, run in 1_usize..20) {
            let mut sorter = Sorter::with_run(run);
            for record in &records {
                sorter.push(*record).unwrap();
            }
            let mut sorted = sorter.finish().unwrap();
            let mut read = Vec::new();
            while let Some(record) = sorted.next().unwrap() {
                read.push(record);
            }
            records.sort_unstable();
            prop_assert_eq!(read, records);
        }
    }
}
