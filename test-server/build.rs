//! Draws the flags the servers serve, one GIF for each code of `country_codes.txt`, and packs the gzip bomb.
//!
//! No image is kept in git. Each flag is the Twemoji graphic of its country (see NOTICE), drawn by resvg and written as
//! a GIF into `OUT_DIR`, beside a table `flags.rs` that embeds them, sorted by code.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;
use std::{env, fs};

use flate2::Compression;
use flate2::write::GzEncoder;
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg;
use twemoji_assets::svg::SvgTwemojiAsset;

/// The list of codes, which the library exports as well.
const CODES: &str = "country_codes.txt";

/// A flag emoji is drawn in a box of 36 x 36 units and fills its middle 36 x 26.
const WIDTH: u16 = 36;
const HEIGHT: u16 = 26;
const TOP: u16 = 5;

/// Pixels per unit of that box: 180 x 130 pixels are large enough to look at and take about 2 KB per flag.
const SCALE: u16 = 5;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={CODES}");

    let out_dir = env::var("OUT_DIR")?;
    let mut codes: Vec<String> = fs::read_to_string(CODES)?
        .split_whitespace()
        .map(str::to_ascii_lowercase)
        .collect();
    codes.sort_unstable();

    let mut table = format!(
        "pub(crate) static FLAGS: [(&str, &[u8]); {}] = [\n",
        codes.len()
    );
    for code in &codes {
        let gif = draw_flag(code).map_err(|error| format!("flag of {code}: {error}"))?;
        fs::write(Path::new(&out_dir).join(format!("{code}.gif")), gif)?;
        writeln!(
            table,
            "    ({code:?}, include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{code}.gif\"))),"
        )?;
    }
    table.push_str("];\n");
    fs::write(Path::new(&out_dir).join("flags.rs"), table)?;
    fs::write(Path::new(&out_dir).join("bomb.gz"), gzip_bomb()?)?;
    Ok(())
}

/// Returns 64 KB of gzip that unpack to 64 MiB of zeros.
fn gzip_bomb() -> io::Result<Vec<u8>> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..64 {
        packed.write_all(&[0; 1 << 20])?;
    }
    packed.finish()
}

/// Returns the GIF of one country, with transparent corners.
fn draw_flag(code: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let emoji = flag_emoji(code);
    let asset = SvgTwemojiAsset::from_emoji(&emoji).ok_or("no Twemoji graphic for this emoji")?;
    let tree = usvg::Tree::from_str(asset, &usvg::Options::default())?;

    let (width, height) = (WIDTH * SCALE, HEIGHT * SCALE);
    let mut pixmap = Pixmap::new(width.into(), height.into()).ok_or("the picture is empty")?;
    let scale = f32::from(SCALE);
    let onto_flag = Transform::from_scale(scale, scale).pre_translate(0.0, -f32::from(TOP));
    resvg::render(&tree, onto_flag, &mut pixmap.as_mut());

    let mut rgba = Vec::with_capacity(pixmap.data().len());
    for pixel in pixmap.pixels() {
        let colour = pixel.demultiply();
        // GIF has no half-transparent pixels, so a pixel on an edge is either opaque or transparent.
        let alpha = if colour.alpha() < 128 { 0 } else { 255 };
        rgba.extend([colour.red(), colour.green(), colour.blue(), alpha]);
    }

    let mut gif = Vec::new();
    let mut encoder = gif::Encoder::new(&mut gif, width, height, &[])?;
    encoder.write_frame(&gif::Frame::from_rgba_speed(width, height, &mut rgba, 10))?;
    drop(encoder); // writes the trailer
    Ok(gif)
}

/// Returns the flag emoji of a code: `br` becomes two regional indicator symbols.
fn flag_emoji(code: &str) -> String {
    let indicator = |letter| char::from_u32(u32::from('🇦') + u32::from(letter - b'a'));
    code.bytes().filter_map(indicator).collect()
}
