//! The colours and CSS classes that pages and pictures share.
//!
//! A picture is embedded in foreign pages and displayed by programs that support little of CSS, so its style has
//! literal colours in place of variables.

use super::markup::Markup;

/// The variables for the fonts and for the light and dark colours.
pub(crate) const COLOURS: &str = include_str!("colours.css");

/// The classes of drawn elements. They refer to the variables.
pub(crate) const STYLE: &str = include_str!("chart.css");

/// Writes the fill pattern for errors.
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
    markup.empty_element("path", &[("class", &"stripes"), ("d", &"M1 0v4")]);
    markup.close();
    markup.close();
    markup.line_break();
}

/// Returns the style of a picture, light and dark, with literal values in place of variables.
pub(crate) fn style_without_variables() -> String {
    let template = format!("{STYLE}.ground {{ fill: var(--ground); }}\n");
    let (light, dark) = COLOURS
        .split_once("prefers-color-scheme: dark")
        .unwrap_or((COLOURS, ""));
    // A variable without a dark value keeps the light one.
    let dark = substitute(&template, &format!("{dark}{light}"));
    let light = substitute(&template, light);
    format!("\n{light}@media (prefers-color-scheme: dark) {{\n{dark}}}\n")
}

/// Replaces the variables in `template` by their first values in `variables`.
fn substitute(template: &str, variables: &str) -> String {
    let mut style = template.to_owned();
    for line in variables.lines() {
        let declaration = line
            .trim()
            .strip_prefix("--")
            .and_then(|line| line.split_once(": "));
        if let Some((name, value)) = declaration {
            style = style.replace(&format!("var(--{name})"), value.trim_end_matches(';'));
        }
    }
    style
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced_in_the_light_and_the_dark_style() {
        let style = style_without_variables();
        assert!(!style.contains("var("), "{style}");
        let (light, dark) = style.split_once("@media").unwrap();
        assert!(light.contains(".ground { fill: #ffffff; }"), "{light}");
        assert!(dark.contains(".ground { fill: #14171b; }"), "{dark}");
        assert!(dark.contains("system-ui"), "{dark}");
    }
}
