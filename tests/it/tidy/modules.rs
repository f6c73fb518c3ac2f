//! The lists of modules in the heads of files, lowest layer first. Each list must name exactly the modules of its file,
//! and a module may import only from those listed before it.

use super::source::Source;
use super::{crates, root};

/// Up to this many modules, the head of a folder needs no list.
const UNLISTED: usize = 3;

/// Returns a message for each list that does not name exactly the modules of its file. Modules for tests may be
/// missing.
fn wrong_lists(sources: &[Source]) -> Vec<String> {
    let mut wrong = Vec::new();
    for head in sources.iter().filter(|source| source.is_head()) {
        let mut listed = head.listed();
        if listed.is_empty() {
            if head.is_lib() || head.declared().len() > UNLISTED {
                wrong.push(format!("{} has no list of its modules", head.file));
            }
            continue;
        }
        listed.sort_unstable();
        let mut declared = head.declared();
        declared.retain(|name, for_tests| !*for_tests || listed.contains(name));
        let declared: Vec<_> = declared.into_keys().collect();
        if listed != declared {
            let file = &head.file;
            wrong.push(format!("{file} lists {listed:?} and declares {declared:?}"));
        }
    }
    wrong
}

/// Returns a message for each import from a module that is listed later.
///
/// A name that the head of a folder imports counts as the module it comes from. All modules may import what the head
/// defines itself.
fn upward_imports(sources: &[Source]) -> Vec<String> {
    let mut upward = Vec::new();
    for head in sources.iter().filter(|source| source.is_head()) {
        let listed = head.listed();
        let place = |module: &str| listed.iter().position(|name| *name == module);
        let names = head.names();
        // The place in the list of the imported module, for paths into this folder.
        let from = |path: &[String]| {
            let within = path.strip_prefix(head.module.as_slice())?;
            let first = within.first()?;
            place(first).or_else(|| {
                let path = names.get(first)?;
                place(path.strip_prefix(head.module.as_slice())?.first()?)
            })
        };
        for source in sources {
            let within = source.module.strip_prefix(head.module.as_slice());
            let Some(own) = within.and_then(|within| place(within.first()?)) else {
                continue;
            };
            for path in source.imports() {
                let everything = path.strip_prefix(head.module.as_slice()) == Some(&["*".into()]);
                if everything || from(&path).is_some_and(|from| from > own) {
                    let (file, path) = (&source.file, path.join("::"));
                    upward.push(format!("{file} imports {path}, listed later"));
                }
            }
        }
    }
    upward
}

/// Applies `check` to every crate of the workspace. Returns all messages, each with the path of its file.
fn in_all_crates(check: impl Fn(&[Source]) -> Vec<String>) -> Vec<String> {
    let mut all = Vec::new();
    for folder in crates() {
        let src = folder.join("src");
        let name = src.strip_prefix(root()).unwrap().display();
        let sources = Source::all(&src);
        let imports: usize = sources.iter().map(|source| source.imports().len()).sum();
        assert!(
            imports > 0 || sources.len() < 3,
            "no imports found in {name}"
        );
        all.extend(
            check(&sources)
                .iter()
                .map(|message| format!("{name}/{message}")),
        );
    }
    all
}

#[test]
fn lists_of_modules_name_exactly_the_declared_modules() {
    let wrong = in_all_crates(wrong_lists);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn modules_import_only_from_those_listed_before_them() {
    let upward = in_all_crates(upward_imports);
    assert!(upward.is_empty(), "{}", upward.join("\n"));
}

/// Returns the files of a small crate without a wrong list or import.
fn sample() -> Vec<(&'static str, &'static str)> {
    vec![
        (
            "lib.rs",
            "//! * [`low`]: a\n//! * `mid`: b\n//! * `top`: c\n\n#[cfg(unix)]\nmod low;\nmod mid;\npub mod top;\n#[cfg(test)]\nmod extra;\n\npub use top::{One, two::{self, Three as Four}};\n",
        ),
        ("low.rs", "use std::fs;\n"),
        (
            "mid/mod.rs",
            "//! * `a`: a\n//! * `b`: b\nmod a;\nmod b;\nuse crate::low::{\n    Deep,\n    Low,\n};\n",
        ),
        (
            "mid/a.rs",
            "use crate::low;\n\nmod tests {\n    use super::*;\n}\nuse super::Head;\n",
        ),
        (
            "mid/b.rs",
            "use super::a::A;\npub(crate) use crate::{low, mid};\n",
        ),
        ("top.rs", "use crate::mid;\n"),
    ]
}

/// Returns the sample with `line` in front of one file.
fn sample_with(file: &str, line: &str) -> Vec<Source> {
    let sources = sample().into_iter().map(|(name, text)| {
        let more = if name == file { line } else { "" };
        Source::new(name, format!("{more}{text}"))
    });
    sources.collect()
}

#[test]
fn a_wrong_list_is_detected() {
    assert_eq!(wrong_lists(&sample_with("", "")), [""; 0]);
    for (file, line) in [
        ("lib.rs", "//! * `gone`: d\n"),
        ("lib.rs", "//! * `low`: twice\n"),
        ("mid/mod.rs", "//! * `gone`: d\n"),
    ] {
        assert_eq!(wrong_lists(&sample_with(file, line)).len(), 1, "{line}");
    }
    let unlisted = [Source::new(
        "lib.rs",
        "//! * `a`: a\nmod a;\nmod b;\n".to_owned(),
    )];
    assert_eq!(
        wrong_lists(&unlisted),
        ["lib.rs lists [\"a\"] and declares [\"a\", \"b\"]"]
    );
    let none = [Source::new("lib.rs", "mod a;\n".to_owned())];
    assert_eq!(wrong_lists(&none), ["lib.rs has no list of its modules"]);
}

#[test]
fn an_import_from_a_module_listed_later_is_detected() {
    assert_eq!(upward_imports(&sample_with("", "")), [""; 0]);
    for (file, line) in [
        ("low.rs", "use crate::mid::a::A;\n"),
        ("low.rs", "use crate::{low, top};\n"),
        ("low.rs", "use super::mid;\n"),
        ("low.rs", "use crate::*;\n"),
        ("low.rs", "mod tests {\n    use super::super::mid;\n}\n"),
        ("mid/a.rs", "use super::b::B;\n"),
        ("mid/a.rs", "pub(super) use super::{\n    b,\n};\n"),
        ("mid/a.rs", "use super::super::top;\n"),
        // By the names under which the head re-exports them.
        ("mid/b.rs", "use crate::One;\n"),
        ("mid/b.rs", "use crate::Four;\n"),
        ("mid/b.rs", "use crate::two::Five;\n"),
        ("mid/mod.rs", "use crate::top::Top;\n"),
    ] {
        let found = upward_imports(&sample_with(file, line));
        assert_eq!(found.len(), 1, "{file} {line}: {found:?}");
        assert!(found[0].starts_with(file), "{found:?}");
    }
}
