//! Baseline JPEG of pictures that the samples draw: ISO/IEC 10918-1 with the example tables of its Annex K, JFIF 1.01.
//!
//! Colour is sampled at half the resolution (4:2:0). Small and plain, because all it has to be is right: files of
//! cameras never pass through here.

/// A picture in RGB, three bytes a pixel, rows from the top.
pub(super) struct Picture {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) pixels: Vec<[u8; 3]>,
}

impl Picture {
    /// All of one colour.
    pub(super) fn new(width: usize, height: usize, colour: [u8; 3]) -> Self {
        Self {
            width,
            height,
            pixels: vec![colour; width * height],
        }
    }
}

/// The file, at a quality of 1 to 100 as libjpeg counts it.
pub(super) fn encode(picture: &Picture, quality: u8) -> Vec<u8> {
    let tables = [LUMINANCE, CHROMINANCE].map(|table| scaled(&table, quality));
    let mut file = vec![0xff, 0xd8];
    segment(
        &mut file,
        0xe0,
        b"JFIF\0\x01\x01\x00\x00\x01\x00\x01\x00\x00",
    );
    for (id, table) in (0..).zip(&tables) {
        let mut content = vec![id];
        content.extend(ZIGZAG.iter().map(|&at| table[at] as u8));
        segment(&mut file, 0xdb, &content);
    }
    let [height, width] = [picture.height, picture.width].map(|size| (size as u16).to_be_bytes());
    let mut frame = vec![8, height[0], height[1], width[0], width[1], 3];
    frame.extend([1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]);
    segment(&mut file, 0xc0, &frame);
    for (class_and_id, table) in [
        (0x00, &DC_LUMINANCE),
        (0x10, &AC_LUMINANCE),
        (0x01, &DC_CHROMINANCE),
        (0x11, &AC_CHROMINANCE),
    ] {
        let mut content = vec![class_and_id];
        content.extend(table.lengths);
        content.extend(table.symbols);
        segment(&mut file, 0xc4, &content);
    }
    segment(&mut file, 0xda, &[3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0]);
    scan(picture, &tables, &mut file);
    file.extend([0xff, 0xd9]);
    file
}

fn segment(file: &mut Vec<u8>, marker: u8, content: &[u8]) {
    file.extend([0xff, marker]);
    file.extend(((content.len() + 2) as u16).to_be_bytes());
    file.extend(content);
}

/// The quantisation table for a quality, in rows (not in zigzag order).
fn scaled(table: &[u8; 64], quality: u8) -> [i32; 64] {
    let quality = i32::from(quality.clamp(1, 100));
    let percent = if quality < 50 {
        5000 / quality
    } else {
        200 - 2 * quality
    };
    table.map(|value| ((i32::from(value) * percent + 50) / 100).clamp(1, 255))
}

/// The entropy-coded data: for each square of 16 by 16 pixels four blocks of Y, one of Cb and one of Cr.
fn scan(picture: &Picture, tables: &[[i32; 64]; 2], file: &mut Vec<u8>) {
    let codes = [
        &DC_LUMINANCE,
        &AC_LUMINANCE,
        &DC_CHROMINANCE,
        &AC_CHROMINANCE,
    ]
    .map(HuffmanTable::codes);
    let mut bits = Bits {
        file,
        pending: 0,
        count: 0,
    };
    let mut last_dc = [0; 3];
    for top in (0..picture.height).step_by(16) {
        for left in (0..picture.width).step_by(16) {
            let (luminance, chrominance) = square(picture, left, top);
            for block in &luminance {
                let (dc, ac) = (&codes[0], &codes[1]);
                write_block(&mut bits, block, &tables[0], dc, ac, &mut last_dc[0]);
            }
            for (block, last) in chrominance.iter().zip(&mut last_dc[1..]) {
                write_block(&mut bits, block, &tables[1], &codes[2], &codes[3], last);
            }
        }
    }
    bits.finish();
}

type Block = [i32; 64];

/// Y in four blocks, Cb and Cr averaged over two by two pixels, all around zero; the last row and column repeat.
fn square(picture: &Picture, left: usize, top: usize) -> ([Block; 4], [Block; 2]) {
    let mut luminance = [[0; 64]; 4];
    let mut chrominance = [[0; 64]; 2];
    for y in 0..16 {
        let row = (top + y).min(picture.height - 1) * picture.width;
        for x in 0..16 {
            let [r, g, b] = picture.pixels[row + (left + x).min(picture.width - 1)].map(i32::from);
            // BT.601 in 1/65536.
            let luma = (19_595 * r + 38_470 * g + 7_471 * b + 32_768) >> 16;
            luminance[y / 8 * 2 + x / 8][y % 8 * 8 + x % 8] = luma - 128;
            let at = y / 2 * 8 + x / 2;
            chrominance[0][at] += -11_059 * r - 21_709 * g + 32_768 * b;
            chrominance[1][at] += 32_768 * r - 27_439 * g - 5_329 * b;
        }
    }
    for value in chrominance.iter_mut().flatten() {
        *value = (*value + (1 << 17)) >> 18;
    }
    (luminance, chrominance)
}

fn write_block(
    bits: &mut Bits<'_>,
    block: &Block,
    table: &[i32; 64],
    dc: &[(u16, u8); 256],
    ac: &[(u16, u8); 256],
    last_dc: &mut i32,
) {
    let coefficients = transformed(block, table);
    let difference = coefficients[0] - *last_dc;
    *last_dc = coefficients[0];
    let size = size_of(difference);
    bits.code(dc[usize::from(size)]);
    bits.magnitude(difference, size);
    let mut zeros = 0;
    for &at in &ZIGZAG[1..] {
        let value = coefficients[at];
        if value == 0 {
            zeros += 1;
            continue;
        }
        while zeros > 15 {
            bits.code(ac[0xf0]);
            zeros -= 16;
        }
        let size = size_of(value);
        bits.code(ac[zeros << 4 | usize::from(size)]);
        bits.magnitude(value, size);
        zeros = 0;
    }
    if zeros > 0 {
        bits.code(ac[0x00]);
    }
}

/// Bits of a magnitude (F.1.2.1.1).
fn size_of(value: i32) -> u8 {
    (32 - value.unsigned_abs().leading_zeros()) as u8
}

/// The quantised cosine transform.
fn transformed(block: &Block, table: &[i32; 64]) -> Block {
    // Backgrounds: one value has no frequencies.
    if block.iter().all(|&value| value == block[0]) {
        let mut flat = [0; 64];
        flat[0] = rounded(block[0] * 8, table[0]);
        return flat;
    }
    let mut rows = [0; 64];
    for (to, from) in rows.chunks_exact_mut(8).zip(block.chunks_exact(8)) {
        one_dimension(from, to);
    }
    let mut out = [0; 64];
    let (mut column, mut turned) = ([0; 8], [0; 8]);
    for x in 0..8 {
        for y in 0..8 {
            column[y] = rows[y * 8 + x];
        }
        one_dimension(&column, &mut turned);
        for y in 0..8 {
            // Each dimension has left 11 fractional bits, less those dropped between.
            out[y * 8 + x] = rounded(turned[y], table[y * 8 + x] << 8);
        }
    }
    out
}

fn rounded(value: i32, by: i32) -> i32 {
    (value + value.signum() * by / 2) / by
}

/// `C(u)/2 · Σ value · cos((2x+1)uπ/16)` with four more fractional bits than came in: twice four are the eight that
/// quantisation takes off.
fn one_dimension(from: &[i32], to: &mut [i32]) {
    let (mut sums, mut differences) = ([0; 4], [0; 4]);
    for at in 0..4 {
        sums[at] = from[at] + from[7 - at];
        differences[at] = from[at] - from[7 - at];
    }
    for (frequency, to) in to.iter_mut().enumerate() {
        let half = if frequency % 2 == 0 {
            &sums
        } else {
            &differences
        };
        let factors = &COSINES[frequency];
        let sum = factors[0] * half[0]
            + factors[1] * half[1]
            + factors[2] * half[2]
            + factors[3] * half[3];
        *to = (sum + (1 << 6)) >> 7;
    }
}

/// `C(u)/2 · cos((2x+1)uπ/16)` in 1/2048, for x from 0 to 3; the other half follows by symmetry.
const COSINES: [[i32; 4]; 8] = [
    [724, 724, 724, 724],
    [1004, 851, 569, 200],
    [946, 392, -392, -946],
    [851, -200, -1004, -569],
    [724, -724, -724, 724],
    [569, -1004, 200, 851],
    [392, -946, 946, -392],
    [200, -569, 851, -1004],
];

/// Writes bits, the highest first, with a zero byte after each FF (F.1.2.3).
struct Bits<'f> {
    file: &'f mut Vec<u8>,
    pending: u32,
    count: u8,
}

impl Bits<'_> {
    fn write(&mut self, value: u32, length: u8) {
        self.pending = self.pending << length | value;
        self.count += length;
        while self.count >= 8 {
            self.count -= 8;
            let byte = (self.pending >> self.count) as u8;
            self.file.push(byte);
            if byte == 0xff {
                self.file.push(0);
            }
        }
        self.pending &= (1 << self.count) - 1;
    }

    fn code(&mut self, (code, length): (u16, u8)) {
        self.write(code.into(), length);
    }

    fn magnitude(&mut self, value: i32, size: u8) {
        let low = if value < 0 { value - 1 } else { value };
        self.write(low as u32 & ((1 << size) - 1), size);
    }

    /// Fills the last byte with ones.
    fn finish(mut self) {
        if self.count > 0 {
            let length = 8 - self.count;
            self.write((1 << length) - 1, length);
        }
    }
}

struct HuffmanTable {
    /// How many codes there are of 1 to 16 bits.
    lengths: [u8; 16],
    symbols: &'static [u8],
}

impl HuffmanTable {
    /// Code and length by symbol (C.2).
    fn codes(&self) -> [(u16, u8); 256] {
        let mut codes = [(0, 0); 256];
        let mut symbols = self.symbols.iter();
        let mut code = 0;
        for (length, &count) in (1..).zip(&self.lengths) {
            for symbol in symbols.by_ref().take(count.into()) {
                codes[usize::from(*symbol)] = (code, length);
                code += 1;
            }
            code <<= 1;
        }
        codes
    }
}

/// Where the coefficients come in the file (A.3.6).
const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// Table K.1.
const LUMINANCE: [u8; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113,
    92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];

/// Table K.2.
const CHROMINANCE: [u8; 64] = [
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99,
    47, 66, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
];

/// Table K.3.
const DC_LUMINANCE: HuffmanTable = HuffmanTable {
    lengths: [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0],
    symbols: &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
};

/// Table K.4.
const DC_CHROMINANCE: HuffmanTable = HuffmanTable {
    lengths: [0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0],
    symbols: &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
};

/// Table K.5.
const AC_LUMINANCE: HuffmanTable = HuffmanTable {
    lengths: [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125],
    symbols: b"\x01\x02\x03\x00\x04\x11\x05\x12\x21\x31\x41\x06\x13\x51\x61\x07\x22\x71\x14\x32\x81\x91\xa1\x08\
        \x23\x42\xb1\xc1\x15\x52\xd1\xf0\x24\x33\x62\x72\x82\x09\x0a\x16\x17\x18\x19\x1a\x25\x26\x27\x28\x29\x2a\
        \x34\x35\x36\x37\x38\x39\x3a\x43\x44\x45\x46\x47\x48\x49\x4a\x53\x54\x55\x56\x57\x58\x59\x5a\x63\x64\x65\
        \x66\x67\x68\x69\x6a\x73\x74\x75\x76\x77\x78\x79\x7a\x83\x84\x85\x86\x87\x88\x89\x8a\x92\x93\x94\x95\x96\
        \x97\x98\x99\x9a\xa2\xa3\xa4\xa5\xa6\xa7\xa8\xa9\xaa\xb2\xb3\xb4\xb5\xb6\xb7\xb8\xb9\xba\xc2\xc3\xc4\xc5\
        \xc6\xc7\xc8\xc9\xca\xd2\xd3\xd4\xd5\xd6\xd7\xd8\xd9\xda\xe1\xe2\xe3\xe4\xe5\xe6\xe7\xe8\xe9\xea\xf1\xf2\
        \xf3\xf4\xf5\xf6\xf7\xf8\xf9\xfa",
};

/// Table K.6.
const AC_CHROMINANCE: HuffmanTable = HuffmanTable {
    lengths: [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119],
    symbols: b"\x00\x01\x02\x03\x11\x04\x05\x21\x31\x06\x12\x41\x51\x07\x61\x71\x13\x22\x32\x81\x08\x14\x42\x91\
        \xa1\xb1\xc1\x09\x23\x33\x52\xf0\x15\x62\x72\xd1\x0a\x16\x24\x34\xe1\x25\xf1\x17\x18\x19\x1a\x26\x27\x28\
        \x29\x2a\x35\x36\x37\x38\x39\x3a\x43\x44\x45\x46\x47\x48\x49\x4a\x53\x54\x55\x56\x57\x58\x59\x5a\x63\x64\
        \x65\x66\x67\x68\x69\x6a\x73\x74\x75\x76\x77\x78\x79\x7a\x82\x83\x84\x85\x86\x87\x88\x89\x8a\x92\x93\x94\
        \x95\x96\x97\x98\x99\x9a\xa2\xa3\xa4\xa5\xa6\xa7\xa8\xa9\xaa\xb2\xb3\xb4\xb5\xb6\xb7\xb8\xb9\xba\xc2\xc3\
        \xc4\xc5\xc6\xc7\xc8\xc9\xca\xd2\xd3\xd4\xd5\xd6\xd7\xd8\xd9\xda\xe2\xe3\xe4\xe5\xe6\xe7\xe8\xe9\xea\xf2\
        \xf3\xf4\xf5\xf6\xf7\xf8\xf9\xfa",
};
