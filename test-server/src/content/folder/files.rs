//! Serves the files of a folder: with types, ranges, ETags and conditions, for GET and HEAD.
//!
//! Only regular files are served, and no link leads out of the folder. This is checked at each request, because the
//! folder may change. A link that is changed between the check and the opening of the file would get through.

use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use percent_encoding::percent_decode_str;
use tower_http::services::ServeDir;

/// A folder whose files are served.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    /// As the user gave it.
    shown: PathBuf,
    /// Without links.
    root: PathBuf,
    files: ServeDir,
}

/// The reason why a path is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    LeadsOut,
    NotRegular,
}

impl Folder {
    /// Opens a folder.
    ///
    /// # Errors
    /// If it cannot be read, or is not a folder.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let with_path =
            |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let root = fs::canonicalize(path).map_err(with_path)?;
        // Reading it shows that it is a folder, and that it may be read.
        fs::read_dir(&root).map_err(with_path)?;
        Ok(Self {
            shown: path.to_owned(),
            files: ServeDir::new(&root).ignore_multi_range_requests(true),
            root,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.shown
    }

    /// Returns the response to a request for a file.
    pub(crate) async fn respond(&self, request: Request) -> Response {
        let (root, path) = (self.root.clone(), request.uri().path().to_owned());
        let checked = tokio::task::spawn_blocking(move || check(&root, &path)).await;
        let why = match checked {
            Ok(None) => return self.serve(request).await,
            Ok(Some(Refusal::LeadsOut)) => "a link leads out of the folder that is served",
            Ok(Some(Refusal::NotRegular)) => "not a regular file",
            Err(_) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        };
        (StatusCode::FORBIDDEN, format!("{why}\n")).into_response()
    }

    async fn serve(&self, mut request: Request) -> Response {
        let condition = request.headers_mut().remove(header::IF_RANGE);
        let head = request_head(&request);
        let response = self.open_file(request).await;
        // ServeDir ignores If-Range: after a change of the file, a client would join the parts of two files.
        let is_current = |headers: &HeaderMap| {
            let known =
                [header::ETAG, header::LAST_MODIFIED].map(|name| headers.get(name).cloned());
            known.into_iter().any(|value| value == condition)
        };
        let is_partial = response.status() == StatusCode::PARTIAL_CONTENT;
        if is_partial && condition.is_some() && !is_current(response.headers()) {
            let mut whole = head;
            whole.headers_mut().remove(header::RANGE);
            return self.open_file(whole).await;
        }
        response
    }

    async fn open_file(&self, request: Request) -> Response {
        let path = request.uri().path().to_owned();
        match self.files.clone().try_call(request).await {
            Ok(response) if response.status() == StatusCode::NOT_FOUND => nothing_at(&path),
            Ok(response) => response.map(Body::new),
            Err(error) => cannot_read(&path, &error),
        }
    }
}

fn cannot_read(path: &str, error: &io::Error) -> Response {
    use io::ErrorKind::{InvalidFilename, InvalidInput, NotADirectory, NotFound, PermissionDenied};

    let status = match error.kind() {
        // Names that no file can have are names of no file.
        NotFound | NotADirectory | InvalidFilename | InvalidInput => return nothing_at(path),
        PermissionDenied => StatusCode::FORBIDDEN,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, format!("the file cannot be read: {error}\n")).into_response()
}

fn nothing_at(path: &str) -> Response {
    (StatusCode::NOT_FOUND, format!("nothing at {path}\n")).into_response()
}

/// Returns a request with the same head and without a body.
fn request_head(request: &Request) -> Request {
    let mut head = Request::new(Body::empty());
    *head.method_mut() = request.method().clone();
    *head.uri_mut() = request.uri().clone();
    *head.headers_mut() = request.headers().clone();
    head
}

/// Returns why the file at a path of a request is not served, if it is there.
fn check(root: &Path, path: &str) -> Option<Refusal> {
    let decoded = percent_decode_str(path).decode_utf8_lossy().into_owned();
    let mut file = root.to_owned();
    for component in Path::new(decoded.trim_start_matches('/')).components() {
        match component {
            Component::Normal(name) => file.push(name),
            Component::CurDir => {}
            // ServeDir answers these with 404.
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    let metadata = match inside(root, &file)? {
        Ok(metadata) => metadata,
        Err(refusal) => return Some(refusal),
    };
    if metadata.is_dir() {
        let index = inside(root, &file.join("index.html"))?;
        return match index {
            Ok(metadata) if metadata.is_file() || metadata.is_dir() => None,
            Ok(_) => Some(Refusal::NotRegular),
            Err(refusal) => Some(refusal),
        };
    }
    (!metadata.is_file()).then_some(Refusal::NotRegular)
}

/// Returns what a path leads to, if that is there and inside the folder.
fn inside(root: &Path, file: &Path) -> Option<Result<fs::Metadata, Refusal>> {
    let real = fs::canonicalize(file).ok()?;
    if !real.starts_with(root) {
        return Some(Err(Refusal::LeadsOut));
    }
    fs::metadata(&real).ok().map(Ok)
}
