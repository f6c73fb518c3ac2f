//! All images of a page as one GIF, the sprite, in which each image has a cell.
//!
//! The images come from files that any server may have sent. They are decoded with bounded memory, scaled to the size
//! in which a page shows them, and written again with one palette, so the size of a page does not depend on theirs.

use gif::{ColorOutput, DecodeOptions, Encoder, Frame};

/// The width and the height of a cell, in pixels.
const CELL: (usize, usize) = (60, 40);

/// The number of cells beside each other.
const COLUMNS: usize = 16;

/// The bytes of one pixel: red, green, blue and alpha.
const PIXEL: usize = 4;

/// The speed of the quantizer, from 1 (the best colours) to 30.
const SPEED: i32 = 10;

/// An image in the size of a cell: rows of pixels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Thumbnail(Vec<u8>);

impl Thumbnail {
    /// Returns the first frame of a GIF, scaled to fit into a cell and centred in it; `None` if the GIF cannot be decoded.
    pub(super) fn of(gif: &[u8]) -> Option<Self> {
        // These options limit an image to 50 MB of memory.
        let mut options = DecodeOptions::new();
        options.set_color_output(ColorOutput::RGBA);
        let mut decoder = options.read_info(gif).ok()?;
        let frame = decoder.read_next_frame().ok()??;
        let size = (usize::from(frame.width), usize::from(frame.height));
        (size.0 > 0 && size.1 > 0).then(|| Self::scaled(&frame.buffer, size))
    }

    /// Scales an image. Each pixel of the result is the mean of those that it covers.
    fn scaled(pixels: &[u8], (width, height): (usize, usize)) -> Self {
        let scale = (CELL.0 as f64 / width as f64).min(CELL.1 as f64 / height as f64);
        let fitted = |length: usize| ((length as f64 * scale).round() as usize).max(1);
        let (to_width, to_height) = (fitted(width), fitted(height));
        let (left, top) = ((CELL.0 - to_width) / 2, (CELL.1 - to_height) / 2);
        let mut cell = vec![0; CELL.0 * CELL.1 * PIXEL];
        for y in 0..to_height {
            let rows = covered(y, to_height, height);
            for x in 0..to_width {
                let columns = covered(x, to_width, width);
                let covered = rows.clone().flat_map(|row| {
                    let pixel = move |column| (row * width + column) * PIXEL;
                    columns.clone().map(pixel)
                });
                let at = ((top + y) * CELL.0 + left + x) * PIXEL;
                cell[at..at + PIXEL].copy_from_slice(&mean(pixels, covered));
            }
        }
        Self(cell)
    }
}

/// Returns the pixels of a source of length `from` that pixel `i` of a result of length `to` covers; at least one.
fn covered(i: usize, to: usize, from: usize) -> std::ops::Range<usize> {
    let first = i * from / to;
    first..((i + 1) * from / to).max(first + 1)
}

/// Returns the mean colour of the opaque pixels at these offsets; transparent if most of them are.
fn mean(pixels: &[u8], offsets: impl Iterator<Item = usize>) -> [u8; PIXEL] {
    let (mut sums, mut opaque, mut all) = ([0_usize; 3], 0, 0);
    for pixel in offsets.filter_map(|at| pixels.get(at..at + PIXEL)) {
        all += 1;
        if pixel[3] > 0 {
            opaque += 1;
            for (sum, channel) in sums.iter_mut().zip(pixel) {
                *sum += usize::from(*channel);
            }
        }
    }
    if opaque * 2 < all || opaque == 0 {
        return [0; PIXEL];
    }
    let [red, green, blue] = sums.map(|sum| u8::try_from(sum / opaque).unwrap_or(u8::MAX));
    [red, green, blue, u8::MAX]
}

/// Returns the sprite of these images as a GIF; `None` if there are none, or too many for a GIF.
pub(super) fn sprite(thumbnails: &[Thumbnail]) -> Option<Vec<u8>> {
    let rows = rows(thumbnails.len());
    let (width, height) = (COLUMNS * CELL.0, rows * CELL.1);
    let mut pixels = vec![0; width * height * PIXEL];
    for (i, Thumbnail(cell)) in thumbnails.iter().enumerate() {
        let (left, top) = (i % COLUMNS * CELL.0, i / COLUMNS * CELL.1);
        for (y, row) in cell.chunks_exact(CELL.0 * PIXEL).enumerate() {
            let at = ((top + y) * width + left) * PIXEL;
            pixels[at..at + row.len()].copy_from_slice(row);
        }
    }
    let (width, height) = (u16::try_from(width).ok()?, u16::try_from(height).ok()?);
    let frame = (height > 0).then(|| Frame::from_rgba_speed(width, height, &mut pixels, SPEED))?;
    let mut encoder = Encoder::new(Vec::new(), width, height, &[]).ok()?;
    encoder.write_frame(&frame).ok()?;
    encoder.into_inner().ok()
}

/// Returns the number of rows of a sprite of `images` images.
fn rows(images: usize) -> usize {
    images.div_ceil(COLUMNS)
}

/// Returns the declarations that show a sprite of `images` images in elements of the size of one cell.
pub(super) fn size(images: usize) -> String {
    format!(
        "background-size: {}% {}%",
        100 * COLUMNS,
        100 * rows(images)
    )
}

/// Returns the declaration that moves cell `i` of `images` into the element.
pub(super) fn position(i: usize, images: usize) -> String {
    // A percentage of 100 shows the last cell.
    let percent =
        |place: usize, cells: usize| 100.0 * place as f64 / cells.saturating_sub(1).max(1) as f64;
    format!(
        "background-position: {:.4}% {:.4}%",
        percent(i % COLUMNS, COLUMNS),
        percent(i / COLUMNS, rows(images))
    )
}

/// Returns a GIF of this size in one colour, for tests.
#[cfg(test)]
pub(super) fn one_colour(size: (u16, u16), colour: [u8; 3]) -> Vec<u8> {
    let pixels = colour.repeat(usize::from(size.0) * usize::from(size.1));
    let frame = Frame::from_rgb(size.0, size.1, &pixels);
    let mut encoder = Encoder::new(Vec::new(), size.0, size.1, &[]).unwrap();
    encoder.write_frame(&frame).unwrap();
    encoder.into_inner().unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixel(Thumbnail(pixels): &Thumbnail, x: usize, y: usize) -> &[u8] {
        &pixels[(y * CELL.0 + x) * PIXEL..][..PIXEL]
    }

    #[test]
    fn an_image_keeps_its_shape_and_its_colour() {
        let tall = Thumbnail::of(&one_colour((100, 200), [200, 0, 0])).unwrap();
        assert_eq!(pixel(&tall, 30, 20), [200, 0, 0, 255]);
        assert_eq!(pixel(&tall, 2, 20), [0; 4], "20 of 60 pixels wide");
        let tiny = Thumbnail::of(&one_colour((1, 1), [1, 2, 3])).unwrap();
        assert_eq!(pixel(&tiny, 30, 39), [1, 2, 3, 255]);
    }

    #[test]
    fn what_is_not_a_gif_has_no_image() {
        let whole = one_colour((10, 10), [1, 2, 3]);
        for bytes in [&b"GIF89a"[..], &[], &whole[..whole.len() / 2]] {
            assert_eq!(Thumbnail::of(bytes), None);
        }
        let mut huge = whole;
        // The width and the height of the screen and of the frame.
        for (at, byte) in huge.clone().iter().enumerate() {
            if *byte == 10 {
                huge[at + 1] = 0xFF;
            }
        }
        assert_eq!(Thumbnail::of(&huge), None);
    }

    #[test]
    fn a_sprite_shows_each_image_at_its_position() {
        let colours = [[255, 0, 0], [0, 255, 0], [0, 0, 255]];
        let all: Vec<_> = (0..18)
            .filter_map(|i| Thumbnail::of(&one_colour((60, 40), colours[i % 3])))
            .collect();
        let bytes = sprite(&all).unwrap();
        let mut options = DecodeOptions::new();
        options.set_color_output(ColorOutput::RGBA);
        let mut decoder = options.read_info(&bytes[..]).unwrap();
        let frame = decoder.read_next_frame().unwrap().unwrap();
        assert_eq!((frame.width, frame.height), (960, 80));
        let centre = |i: usize| {
            let (x, y) = (i % COLUMNS * CELL.0 + 30, i / COLUMNS * CELL.1 + 20);
            &frame.buffer[(y * 960 + x) * PIXEL..][..3]
        };
        assert_eq!([centre(1), centre(17)], [colours[1], colours[2]]);
        assert_eq!(size(18), "background-size: 1600% 200%");
        assert_eq!(position(17, 18), "background-position: 6.6667% 100.0000%");
        assert_eq!(position(0, 1), "background-position: 0.0000% 0.0000%");
        assert_eq!(sprite(&[]), None);
    }
}
