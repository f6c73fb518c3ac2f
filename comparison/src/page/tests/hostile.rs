//! Hostile text stays text in all outputs.

use roxmltree::Document;

use super::{parse, text_of, with_class};
use crate::model::Comparison;
use crate::page::sprite::one_colour;
use crate::page::{Images, page};
use crate::picture::picture;
use crate::samples;
use crate::text::{markdown, table};

/// Text that must stay text, and not end the script or the style, open a comment or become an element.
const HOSTILE: &str = "</script></style></title><b>&\"'<!-- ]]> \u{0}\u{1b}|`";

/// [`HOSTILE`] as an XML parser returns it.
const HARMLESS: &str = "</script></style></title><b>&\"'<!-- ]]> \u{FFFD}\u{FFFD}|`";

/// Returns a comparison in which every text from the program is hostile.
fn hostile() -> Comparison {
    let mut comparison = samples::comparison(2);
    comparison.title = HOSTILE.to_owned();
    comparison.facts = vec![("Server", HOSTILE.to_owned())];
    let description = (HOSTILE.to_owned(), HOSTILE.to_owned());
    comparison.descriptions.extend([description]);
    let runs = &mut comparison.runs;
    runs.push(runs[0].clone());
    runs[2].label = "other".to_owned();
    runs[2].ended_by = Some(HOSTILE.to_owned());
    runs[0].label = HOSTILE.to_owned();
    for run in runs {
        run.tasks[0].name = HOSTILE.to_owned();
    }
    samples::fail(&mut comparison.runs[0].tasks[0], HOSTILE);
    comparison
}

#[test]
fn hostile_text_stays_text_on_the_page() {
    let mut images = Images::default();
    images.insert(HOSTILE, one_colour((3, 2), [1, 2, 3]));
    let page = page(&hostile(), &images);
    assert_eq!(page.matches("</script>").count(), 1);
    assert_eq!(page.matches("</style>").count(), 1);
    assert!(!page.contains("<!--") && !page.contains("<b>"));
    let parsed = parse(&page);
    for class in [
        "facts",
        "series-table",
        "differences",
        "waterfall",
        "chart",
        "records",
    ] {
        let all = with_class(&parsed, class).into_iter().map(text_of);
        let text: String = all.collect();
        assert!(text.contains(HARMLESS), "{class}: {text}");
    }
    let by_tag = |name| parsed.descendants().find(|node| node.has_tag_name(name));
    for name in ["title", "h1"] {
        assert_eq!(text_of(by_tag(name).unwrap()), HARMLESS);
    }
    let image = with_class(&parsed, "image")[0];
    let label = format!("image of {HARMLESS}");
    assert_eq!(image.attribute("aria-label"), Some(label.as_str()));
    let id = format!("task-{HARMLESS}");
    assert_eq!(image.parent().unwrap().attribute("id"), Some(id.as_str()));
    let titles = with_class(&parsed, "waterfall").into_iter();
    let mut titles = titles.filter_map(|svg| svg.attribute("aria-label"));
    assert!(titles.any(|title| title.ends_with(&format!("ended early by {HARMLESS}"))));
}

#[test]
fn hostile_text_stays_text_in_all_other_outputs() {
    let picture = picture(&hostile());
    let parsed = Document::parse(&picture).unwrap();
    let bar = text_of(with_class(&parsed, "bar")[0]);
    let details = format!("{HARMLESS}: error: {HARMLESS}\n");
    assert!(bar.starts_with(&details), "{bar}");
    let markdown = markdown(&hostile());
    assert!(
        markdown.contains("\\</script\\>") && !markdown.contains("</script>"),
        "{markdown}"
    );
    let table = table(&hostile());
    let control = |c: char| c.is_control() && c != '\n';
    assert!(!table.contains(control), "{table}");
}
