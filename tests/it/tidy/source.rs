//! Reads from a Rust file what the tests about modules need: the list in its head, the modules it declares, and its
//! imports.
//!
//! It does not parse Rust: it relies on the lines as rustfmt formats them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::rust_files;

/// A source file of a library.
pub(super) struct Source {
    /// Its path below the folder of the sources: `fault/mod.rs`.
    pub(super) file: String,
    /// The path of its module below the crate: `["fault"]`.
    pub(super) module: Vec<String>,
    text: String,
}

/// One name of a `use`.
struct Import {
    /// The path as written: `["super", "job", "Job"]`.
    path: Vec<String>,
    /// The name in the importing module.
    name: String,
    /// The path of the importing module, which may be an inline module of the file.
    module: Vec<String>,
}

impl Source {
    /// Reads the files of the library in this folder.
    pub(super) fn all(folder: &Path) -> Vec<Self> {
        let files = rust_files(folder).into_iter().map(|path| {
            let file = path.strip_prefix(folder).unwrap().to_str().unwrap();
            Self::new(file, fs::read_to_string(&path).unwrap())
        });
        // `main.rs` is a crate of its own and imports the library from outside.
        files.filter(|source| source.file != "main.rs").collect()
    }

    pub(super) fn new(file: &str, text: String) -> Self {
        let mut module: Vec<_> = file.trim_end_matches(".rs").split('/').collect();
        module.pop_if(|last| ["lib", "mod"].contains(last));
        Self {
            file: file.to_owned(),
            module: module.into_iter().map(str::to_owned).collect(),
            text,
        }
    }

    pub(super) fn is_lib(&self) -> bool {
        self.file == "lib.rs"
    }

    /// Whether the modules that it declares are in files of the same folder.
    pub(super) fn is_head(&self) -> bool {
        self.is_lib() || self.file.ends_with("/mod.rs")
    }

    /// Returns the modules listed in its head, in that order: ``//! * `name`: ...`` or ``//! * [`name`]: ...``.
    pub(super) fn listed(&self) -> Vec<&str> {
        let head = self.text.lines().take_while(|line| line.starts_with("//!"));
        head.filter_map(|line| {
            let item = line.strip_prefix("//! * ")?;
            match item.strip_prefix("[`") {
                Some(linked) => linked.split_once("`]: "),
                None => item.strip_prefix('`')?.split_once("`: "),
            }
        })
        .map(|(name, _)| name)
        .collect()
    }

    /// Returns the modules that it declares and that are in other files, each with whether it is only for tests.
    pub(super) fn declared(&self) -> BTreeMap<&str, bool> {
        let mut declared = BTreeMap::new();
        let mut before = "";
        for line in self.text.lines() {
            let module = without_visibility(line).strip_prefix("mod ");
            if let Some(name) = module.and_then(|rest| rest.strip_suffix(';')) {
                declared.insert(name, before == "#[cfg(test)]");
            }
            before = line;
        }
        declared
    }

    /// Returns the imports from its own crate, as paths below the crate.
    pub(super) fn imports(&self) -> Vec<Vec<String>> {
        let imports = self.all_imports();
        let paths = imports.iter().filter_map(|import| self.resolve(import));
        paths.collect()
    }

    /// Returns the names that it imports from its crate into its own module, with their paths below the crate.
    pub(super) fn names(&self) -> BTreeMap<String, Vec<String>> {
        let imports = self.all_imports().into_iter();
        let own = imports.filter(|import| import.module == self.module);
        own.filter_map(|import| Some((import.name.clone(), self.resolve(&import)?)))
            .collect()
    }

    fn all_imports(&self) -> Vec<Import> {
        let mut imports = Vec::new();
        // The inline modules that enclose the current line, each with its indentation.
        let mut open: Vec<(usize, String)> = Vec::new();
        let mut lines = self.text.lines();
        while let Some(line) = lines.next() {
            let code = line.trim_start();
            let indentation = line.len() - code.len();
            if code == "}" {
                open.pop_if(|(opened, _)| *opened == indentation);
            }
            let code = without_visibility(code);
            let inline = code.strip_prefix("mod ");
            if let Some(name) = inline.and_then(|rest| rest.strip_suffix(" {")) {
                open.push((indentation, name.to_owned()));
            }
            let Some(tree) = code.strip_prefix("use ") else {
                continue;
            };
            let mut tree = tree.to_owned();
            while !tree.ends_with(';') {
                tree += lines.next().expect("a use ends with a semicolon").trim();
            }
            let inline = open.iter().map(|(_, name)| name.clone());
            let module: Vec<_> = self.module.iter().cloned().chain(inline).collect();
            for (path, name) in flatten(tree.trim_end_matches(';'), &[]) {
                imports.push(Import {
                    path,
                    name,
                    module: module.clone(),
                });
            }
        }
        imports
    }

    /// Returns the path of an import below the crate, or `None` for an import from another crate.
    fn resolve(&self, import: &Import) -> Option<Vec<String>> {
        let mut at = import.module.clone();
        let mut path = import.path.as_slice();
        match path[0].as_str() {
            "crate" => {
                at.clear();
                path = &path[1..];
            }
            "self" => path = &path[1..],
            "super" => {
                while path[0] == "super" {
                    at.pop();
                    path = &path[1..];
                }
            }
            first if self.declared().contains_key(first) => {}
            _ => return None,
        }
        at.extend_from_slice(path);
        Some(at)
    }
}

/// Splits a tree of imports such as `super::{a, b as c}` into paths, each with the name that it introduces.
fn flatten(tree: &str, before: &[&str]) -> Vec<(Vec<String>, String)> {
    if let Some((start, rest)) = tree.split_once('{') {
        let inner = rest.trim_end().strip_suffix('}').expect("a closing brace");
        let start = start.split("::").filter(|part| !part.is_empty());
        let before: Vec<_> = before.iter().copied().chain(start).collect();
        let branches = split_at_commas(inner).into_iter();
        return branches
            .flat_map(|branch| flatten(branch, &before))
            .collect();
    }
    let (path, alias) = match tree.split_once(" as ") {
        Some((path, alias)) => (path, Some(alias)),
        None => (tree, None),
    };
    let path = before.iter().copied().chain(path.split("::"));
    let mut path: Vec<_> = path.map(str::to_owned).collect();
    if path.len() > 1 {
        path.pop_if(|last| last == "self");
    }
    let name = alias.map_or_else(|| path[path.len() - 1].clone(), str::to_owned);
    vec![(path, name)]
}

/// Splits the content of braces at its commas, except those within inner braces.
fn split_at_commas(inner: &str) -> Vec<&str> {
    let mut depth = 0;
    let parts = inner.split(|c| {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    });
    let branches = parts.map(str::trim);
    branches.filter(|branch| !branch.is_empty()).collect()
}

fn without_visibility(code: &str) -> &str {
    let Some(rest) = code.strip_prefix("pub") else {
        return code;
    };
    match rest.strip_prefix('(') {
        Some(limited) => limited
            .split_once(") ")
            .map_or(code, |(_, declared)| declared),
        None => rest.trim_start(),
    }
}
