//! Portraits of nobody: a face in a few strokes before a plain background, different for each person.
//!
//! 480 by 600 pixels, the proportions of an identity photograph, with a little grain so that files are as large as
//! those of photographs: 15 to 30 KB.

use rand_chacha::ChaCha20Rng;
use rand_core::Rng;

use super::jpeg::{Picture, encode};
use super::{number, pick};

const WIDTH: usize = 480;
const HEIGHT: usize = 600;

type Colour = [u8; 3];

const BACKGROUNDS: &[Colour] = &[
    [214, 224, 234],
    [232, 228, 218],
    [205, 222, 212],
    [226, 214, 224],
    [240, 240, 238],
];
const SKINS: &[Colour] = &[
    [248, 218, 196],
    [236, 196, 166],
    [214, 166, 128],
    [184, 130, 92],
    [140, 94, 64],
    [98, 64, 46],
];
const CLOTHES: &[Colour] = &[
    [52, 70, 104],
    [120, 48, 52],
    [66, 96, 72],
    [84, 84, 92],
    [208, 204, 196],
    [150, 110, 60],
];
const IRISES: &[Colour] = &[[70, 48, 34], [84, 110, 130], [86, 104, 66], [40, 30, 26]];

/// Hair by the vocabulary of `hair_colour`.
fn hair_colour(name: &str) -> Option<Colour> {
    Some(match name {
        "bald" => return None,
        "black" => [30, 26, 26],
        "blond" => [222, 190, 124],
        "grey" => [150, 148, 146],
        "red" => [170, 74, 40],
        "auburn" => [112, 50, 34],
        "sandy" => [188, 156, 110],
        "white" => [234, 232, 228],
        _ => [92, 62, 42],
    })
}

/// The JPEG file of a portrait; `hair` is a word of the element `hair_colour`.
pub(super) fn portrait(hair: &str, is_bearded: bool, rng: &mut ChaCha20Rng) -> Vec<u8> {
    let mut picture = Picture::new(WIDTH, HEIGHT, [0; 3]);
    let (background, skin) = (*pick(rng, BACKGROUNDS), *pick(rng, SKINS));
    for (y, row) in picture.pixels.chunks_exact_mut(WIDTH).enumerate() {
        row.fill(darker(background, y / 16));
    }

    let (width, height) = (108 + number(rng, 26), 142 + number(rng, 26));
    let (middle, centre) = (
        WIDTH as i32 / 2 + number(rng, 13) - 6,
        272 + number(rng, 20),
    );
    let hair = hair_colour(hair);
    let length = number(rng, 3);

    if let (Some(hair), 1..) = (hair, length) {
        let down = if length == 2 { 130 } else { 40 };
        ellipse(
            &mut picture,
            (middle, centre + down / 2),
            (width + 34, height + down),
            hair,
        );
    }
    let clothes = *pick(rng, CLOTHES);
    ellipse(
        &mut picture,
        (middle, 640),
        (212 + number(rng, 24), 196),
        clothes,
    );
    ellipse(&mut picture, (middle, 452), (58, 50), darker(skin, 26));
    ellipse(&mut picture, (middle, 400), (50, 90), darker(skin, 18));
    for side in [-1, 1] {
        ellipse(
            &mut picture,
            (middle + side * width, centre + 10),
            (18, 34),
            darker(skin, 12),
        );
    }
    if let Some(hair) = hair {
        ellipse(
            &mut picture,
            (middle, centre - 24),
            (width + 12, height + 10),
            hair,
        );
    }
    ellipse(
        &mut picture,
        (middle, centre + 14),
        (width, height - 6),
        skin,
    );
    if let Some(hair) = hair {
        // The fringe.
        let aside = number(rng, 61) - 30;
        let fringe = (middle + aside, centre - height + 26);
        ellipse(
            &mut picture,
            fringe,
            (width - 26, 34 + number(rng, 22)),
            hair,
        );
    }

    let eyes = centre - 8;
    let iris = *pick(rng, IRISES);
    let apart = width * 2 / 5;
    for side in [-1, 1] {
        let x = middle + side * apart;
        ellipse(
            &mut picture,
            (x, eyes),
            (24, 12 + number(rng, 4)),
            [246, 246, 242],
        );
        ellipse(&mut picture, (x, eyes), (10, 11), iris);
        ellipse(&mut picture, (x, eyes), (4, 5), [16, 14, 14]);
        ellipse(
            &mut picture,
            (x, eyes - 30),
            (30, 5 + number(rng, 3)),
            hair.unwrap_or([90, 80, 70]),
        );
    }
    if number(rng, 3) == 0 {
        for side in [-1, 1] {
            ring(
                &mut picture,
                (middle + side * apart, eyes),
                (40, 32),
                [40, 40, 44],
            );
        }
        ellipse(
            &mut picture,
            (middle, eyes - 4),
            (apart - 38, 3),
            [40, 40, 44],
        );
    }
    ellipse(
        &mut picture,
        (middle, centre + 36),
        (15 + number(rng, 6), 22),
        darker(skin, 22),
    );
    ellipse(&mut picture, (middle - 4, centre + 28), (9, 22), skin);
    if is_bearded && let Some(hair) = hair {
        ellipse(&mut picture, (middle, centre + 104), (width - 40, 58), hair);
    }
    let mouth = (middle, centre + 84);
    ellipse(
        &mut picture,
        mouth,
        (34 + number(rng, 12), 9 + number(rng, 4)),
        [168, 84, 80],
    );
    ellipse(&mut picture, (mouth.0, mouth.1 - 1), (30, 2), [110, 46, 46]);

    grain(&mut picture, rng);
    encode(&picture, 78)
}

/// The JPEG file of a usual mark: a stroke that goes up and down.
pub(super) fn signature(rng: &mut ChaCha20Rng) -> Vec<u8> {
    let mut picture = Picture::new(360, 120, [252, 252, 250]);
    let (mut x, mut y) = (24, 60);
    while x < 330 {
        let (to_x, to_y) = (x + 8 + number(rng, 22), 24 + number(rng, 72));
        for step in 0..=24 {
            let at = (x + (to_x - x) * step / 24, y + (to_y - y) * step / 24);
            ellipse(&mut picture, at, (2, 2), [24, 28, 80]);
        }
        (x, y) = (to_x, to_y);
    }
    encode(&picture, 75)
}

fn darker(colour: Colour, by: usize) -> Colour {
    colour.map(|part| part.saturating_sub(by.min(255) as u8))
}

fn ellipse(picture: &mut Picture, centre: (i32, i32), radii: (i32, i32), colour: Colour) {
    for y in centre.1 - radii.1..=centre.1 + radii.1 {
        let half = half_width(y - centre.1, radii);
        fill(picture, y, centre.0 - half, centre.0 + half, colour);
    }
}

/// The outline of an ellipse, five pixels wide.
fn ring(picture: &mut Picture, centre: (i32, i32), radii: (i32, i32), colour: Colour) {
    const WIDTH: i32 = 5;
    for y in centre.1 - radii.1..=centre.1 + radii.1 {
        let outer = half_width(y - centre.1, radii);
        let inner = half_width(y - centre.1, (radii.0 - WIDTH, radii.1 - WIDTH));
        fill(picture, y, centre.0 - outer, centre.0 - inner, colour);
        fill(picture, y, centre.0 + inner, centre.0 + outer, colour);
    }
}

/// Half of the width of an ellipse at a height above or below its centre; 0 beyond it.
fn half_width(y: i32, radii: (i32, i32)) -> i32 {
    let (across, along) = (f64::from(radii.0), f64::from(radii.1.max(1)));
    let share = 1.0 - (f64::from(y) / along).powi(2);
    if share <= 0.0 {
        0
    } else {
        (across * share.sqrt()) as i32
    }
}

/// One row from `from` to `to`, as far as the picture goes.
fn fill(picture: &mut Picture, y: i32, from: i32, to: i32, colour: Colour) {
    let inside = |at: i32, size: usize| at.clamp(0, size as i32) as usize;
    if y < 0 || y >= picture.height as i32 || to < from {
        return;
    }
    let row = y as usize * picture.width;
    let (from, to) = (inside(from, picture.width), inside(to + 1, picture.width));
    picture.pixels[row + from..row + to].fill(colour);
}

/// Lightens and darkens squares of two by two pixels by a few steps.
fn grain(picture: &mut Picture, rng: &mut ChaCha20Rng) {
    let mut noise = vec![0; picture.width / 2 + 1];
    for y in 0..picture.height {
        if y % 2 == 0 {
            rng.fill_bytes(&mut noise);
        }
        let row = &mut picture.pixels[y * picture.width..(y + 1) * picture.width];
        for (x, pixel) in row.iter_mut().enumerate() {
            let step = noise[x / 2] % 5;
            *pixel = pixel.map(|part| part.saturating_add(step).saturating_sub(2));
        }
    }
}
