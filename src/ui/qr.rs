//! The QR code of an address: black on white in every scheme, because cameras look for dark on light.

use fast_qr::{ECL, QRBuilder};

use crate::error::{Error, Result};

/// Light modules around the code, without which cameras do not find it.
const QUIET: usize = 4;

/// A drawing of our own making, for a page.
pub struct Svg(String);

impl std::fmt::Display for Svg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
impl askama::filters::HtmlSafe for Svg {}

/// The code as part of a page.
pub fn drawing(text: &str, title: &str) -> Result<Svg> {
    svg(text, title).map(Svg)
}

/// The code as an SVG of its own, for a page or a file. `title`: what a screen reader says.
pub fn svg(text: &str, title: &str) -> Result<String> {
    let code = QRBuilder::new(text).ecl(ECL::M).build().map_err(|e| Error::internal(format!("qr: {e}")))?;
    let side = code.size + 2 * QUIET;
    let mut path = String::new();
    for y in 0..code.size {
        let mut x = 0;
        while x < code.size {
            let start = x;
            while x < code.size && code[y][x].value() {
                x += 1;
            }
            if x > start {
                let width = x - start;
                path.push_str(&format!("M{} {}h{width}v1h-{width}z", start + QUIET, y + QUIET));
            }
            x += 1;
        }
    }
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" role=\"img\" aria-label=\"{title}\" \
         shape-rendering=\"crispEdges\"><rect width=\"{side}\" height=\"{side}\" fill=\"#ffffff\"/>\
         <path fill=\"#000000\" d=\"{path}\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Paints the SVG's modules and lets a decoder read them.
    fn read(svg: &str) -> String {
        let side: usize = svg
            .split("viewBox=\"0 0 ")
            .nth(1)
            .and_then(|s| s.split(' ').next())
            .map_or(0, |s| s.parse().unwrap_or_else(|e| panic!("{e}")));
        let scale = 4;
        let mut dark = vec![vec![false; side]; side];
        let path = svg.split(" d=\"").nth(1).and_then(|s| s.split('"').next()).unwrap_or_default();
        for run in path.split('M').filter(|run| !run.is_empty()) {
            let numbers: Vec<usize> = run
                .split(|c: char| !c.is_ascii_digit())
                .filter(|n| !n.is_empty())
                .map(|n| n.parse().unwrap_or_else(|e| panic!("{e}")))
                .collect();
            let (x, y, width) = (numbers[0], numbers[1], numbers[2]);
            dark[y][x..x + width].fill(true);
        }
        let paint = |x: usize, y: usize| if dark[y / scale][x / scale] { 0 } else { 255 };
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(side * scale, side * scale, paint);
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1, "one code is found");
        grids[0].decode().unwrap_or_else(|e| panic!("{e}")).1
    }

    #[test]
    fn c5_the_code_reads_back_as_the_address() {
        for text in [
            "http://localhost:8080/join/AZ",
            "https://care.example.org/join/AZq1r8xwcYCz8uVbSg3l0WcBmquoM2x4-_9jYkQbX0m8hAZq1r8xwcYCz8uVbSg3l0WcBmquoM2x4-_9jYkQbX0m8h",
        ] {
            assert_eq!(read(&svg(text, "QR code").unwrap_or_else(|e| panic!("{e}"))), text);
        }
    }
}
