//! The crate in `examples/outside`, which is no member of the workspace, builds and passes its tests.

#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn a_crate_outside_the_workspace_tests_its_client() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (crate_files, workspace) = (own.join("examples/outside"), own.join(".."));
    // Without the network, and without a change in the source: the copy has the versions of the workspace.
    let Ok(lock) = fs::read(workspace.join("Cargo.lock")) else {
        return; // In the published crate there is no workspace.
    };
    let folder = tempfile::tempdir().unwrap();
    for file in ["src/lib.rs", "tests/orders.rs"] {
        let copy = folder.path().join(file);
        fs::create_dir(copy.parent().unwrap()).unwrap();
        fs::copy(crate_files.join(file), copy).unwrap();
    }
    fs::write(folder.path().join("Cargo.lock"), lock).unwrap();
    let manifest = fs::read_to_string(crate_files.join("Cargo.toml")).unwrap();
    let manifest = manifest.replace("\"../..\"", &format!("{own:?}"));
    // With the same profiles, most of what it needs has been built already.
    let of_workspace = fs::read_to_string(workspace.join("Cargo.toml")).unwrap();
    let profiles = of_workspace.split("\n\n");
    let profiles = profiles.filter(|part| part.contains("[profile.dev"));
    let manifest = format!(
        "{manifest}\n{}\n",
        profiles.collect::<Vec<_>>().join("\n\n")
    );
    fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();

    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["test", "--offline", "--test", "orders"])
        .current_dir(folder.path())
        .env("CARGO_TARGET_DIR", target)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(
        output.status.success() && out.contains("2 passed"),
        "{out}{err}"
    );
}
