//! Credentials of accounts, as the tool `nsc` makes them.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nats_executor::{ConnectError, NatsExecutor};
use nkeys::KeyPair;
use serde_json::{Value, json};

use crate::support::{Server, Settings, Worker, options, wait_until};
use crate::tasks::Noop;

/// Returns the token that says `claims` about `subject`, signed by `issuer`.
fn token(issuer: &KeyPair, subject: &KeyPair, claims: Value) -> String {
    let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = json!({"typ": "JWT", "alg": "ed25519-nkey"});
    let claims = json!({
        "jti": subject.public_key(), "iat": 1_700_000_000, "name": "test",
        "iss": issuer.public_key(), "sub": subject.public_key(), "nats": claims,
    });
    let text = format!("{}.{}", encoded(&header), encoded(&claims));
    let signature = issuer.sign(text.as_bytes()).unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Returns the token of an account that may store this many bytes; -1 for any number.
fn account(operator: &KeyPair, account: &KeyPair, store: i64) -> String {
    let limits = json!({
        "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true,
        "conn": -1, "leaf": -1, "mem_storage": store, "disk_storage": store, "streams": store, "consumer": store,
    });
    let claims = json!({"type": "account", "version": 2, "limits": limits});
    token(operator, account, claims)
}

/// Writes the credentials of a new user of the account. Returns their file.
fn credentials(folder: &Path, name: &str, account: &KeyPair) -> String {
    let user = KeyPair::new_user();
    let claims = json!({"type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1});
    let file = folder.join(name);
    let text = format!(
        "-----BEGIN NATS USER JWT-----\n{}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
        token(account, &user, claims),
        user.seed().unwrap(),
    );
    fs::write(&file, text).unwrap();
    file.display().to_string()
}

#[test]
fn accounts_keep_their_pools_apart_and_strangers_out() {
    let operator = KeyPair::new_operator();
    let [ours, theirs, unknown, system] = [(); 4].map(|()| KeyPair::new_account());
    let claims = json!({"type": "operator", "version": 2});
    let server = Server::with(&format!(
        "operator: \"{}\"\nresolver: MEMORY\nresolver_preload {{ {}: \"{}\", {}: \"{}\", {}: \"{}\" }}\nsystem_account: {}",
        token(&operator, &operator, claims),
        ours.public_key(),
        account(&operator, &ours, -1),
        theirs.public_key(),
        account(&operator, &theirs, -1),
        system.public_key(),
        account(&operator, &system, 0),
        system.public_key(),
    ));
    let file = |name, account| credentials(server.folder(), name, account);
    let with = |file: &str| NatsExecutor::connect(&server.url(), options().credentials(file));

    for refused in [
        NatsExecutor::connect(&server.url(), options()),
        with(&file("unknown.creds", &unknown)),
    ] {
        let error = refused.unwrap_err();
        assert!(
            matches!(error, ConnectError::Unauthorized { .. }),
            "{error}"
        );
    }
    let garbage = server.folder().join("garbage.creds");
    fs::write(&garbage, "no credentials").unwrap();
    let error = with(&garbage.display().to_string()).unwrap_err();
    assert!(error.to_string().contains("garbage.creds"), "{error}");

    let _worker = Worker::with(&Settings {
        credentials: Some(file("worker.creds", &ours)),
        ..Settings::new(&server.url())
    });
    let executor = with(&file("executor.creds", &ours)).unwrap();
    assert_eq!(executor.submit(Noop(42)).unwrap().result(), Ok(&42));
    // The other account has a pool with the same name, and no worker.
    let other = with(&file("other.creds", &theirs)).unwrap();
    let waiting = other.submit(Noop(1)).unwrap();
    assert_eq!(executor.submit(Noop(43)).unwrap().result(), Ok(&43));
    assert!(!waiting.done());
    assert!(waiting.cancel());
    wait_until("nothing is left", || other.unfinished() == 0);
}
