//! The colours and classes of what is drawn, on pages and in pictures alike.
//!
//! A picture is shown in pages that are not ours, and by programs that know little of CSS: its colours are written out.

use super::markup::Markup;

/// The colours, for light and for dark, and the fonts: as variables.
pub(crate) const COLOURS: &str = include_str!("colours.css");

/// The classes of what is drawn, on those variables.
pub(crate) const STYLE: &str = include_str!("chart.css");

/// Draws the pattern that errors are filled with.
pub(crate) fn draw_hatching(markup: &mut Markup) {
    markup.open("defs", &[]);
    let size = [
        ("width", &4 as _),
        ("height", &4 as _),
        ("patternUnits", &"userSpaceOnUse" as _),
    ];
    let turn = ("patternTransform", &"rotate(45)" as _);
    markup.open(
        "pattern",
        &[("id", &"hatch"), size[0], size[1], size[2], turn],
    );
    markup.leaf("path", &[("class", &"stripes"), ("d", &"M1 0v4")]);
    markup.close();
    markup.close();
    markup.line_break();
}

/// Returns the style of a picture with the values of the variables, for light and for dark.
pub(crate) fn style_without_variables() -> String {
    let template = format!("{STYLE}.ground {{ fill: var(--ground); }}\n");
    let (light, dark) = COLOURS
        .split_once("prefers-color-scheme: dark")
        .unwrap_or((COLOURS, ""));
    // Variables without a value for dark keep that for light.
    let dark = written_out(&template, &format!("{dark}{light}"));
    let light = written_out(&template, light);
    format!("\n{light}@media (prefers-color-scheme: dark) {{\n{dark}}}\n")
}

/// Returns the template with the values that `variables` gives to its variables; the first counts.
fn written_out(template: &str, variables: &str) -> String {
    let mut style = template.to_owned();
    for line in variables.lines() {
        let declared = line
            .trim()
            .strip_prefix("--")
            .and_then(|line| line.split_once(": "));
        if let Some((name, value)) = declared {
            style = style.replace(&format!("var(--{name})"), value.trim_end_matches(';'));
        }
    }
    style
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_written_out_for_light_and_for_dark() {
        let style = style_without_variables();
        assert!(!style.contains("var("), "{style}");
        let (light, dark) = style.split_once("@media").unwrap();
        assert!(light.contains(".ground { fill: #ffffff; }"), "{light}");
        assert!(dark.contains(".ground { fill: #14171b; }"), "{dark}");
        assert!(dark.contains("system-ui"), "{dark}");
    }
}
